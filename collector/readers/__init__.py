"""Readers of files: bytes in, a stream of `Item` out. docs/importing.md tells how each kind of file is read."""

from collector.readers.files import Description, describe, open_table, read_items
from collector.readers.options import Limits, ReadOptions
from collector.readers.sniff import sniff
from collector.readers.table import Table

__all__ = [
    "Description",
    "Limits",
    "ReadOptions",
    "Table",
    "describe",
    "open_table",
    "read_items",
    "sniff",
]
