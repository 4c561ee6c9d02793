"""Trials of sources: what a source gives and how its description reads it, without storing a message."""
