"""Descriptions of websites suggested from a page: repeated rows, labels, pagers and records are recognised; pure."""
