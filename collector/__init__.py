"""What came in: sources and files are read, cleaned, deduplicated and stored; nothing is judged here."""
