"""To be written."""

from collections.abc import Iterator

from collector.base import Item
from collector.runs import Run
from collector.tables import RawItem
from config.context import Context


def collect(run: Run) -> None:
    """Ask the source for what is new, keep and take it."""
    raise NotImplementedError


def reread(ctx: Context, raw: RawItem) -> Iterator[Item]:
    """Read a raw item of this kind once more."""
    raise NotImplementedError
