"""What we do about it: cases, deadlines, the queue, reports and the desk."""
