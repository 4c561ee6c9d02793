"""The desk's routes, one subject a file."""
