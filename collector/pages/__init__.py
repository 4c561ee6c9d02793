"""Reading pages by their description: HTML, XML, JSON and JavaScript to rows and fields; pure, no request is made."""
