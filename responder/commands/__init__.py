"""The command line by subject; worker.py joins it.

A command imports what it needs when it runs, so that the others start quickly.
"""
