"""The kinds of live sources: how each is collected, and how what it kept is read again."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from collector.base import Item
from collector.runs import Run
from collector.sources import feed, folder, mailbox, website
from collector.tables import RawItem
from config.context import Context


@dataclass(frozen=True)
class Kind:
    """One kind of source.

    Args:
        collect: asks the source for what is new, keeps and takes it.
        reread: reads a raw item of this kind once more from its stored bytes.
    """

    collect: Callable[[Run], None]
    reread: Callable[[Context, RawItem], Iterator[Item]]


KINDS: Mapping[str, Kind] = {
    "website": Kind(website.collect, website.reread),
    "feed": Kind(feed.collect, feed.reread),
    "imap": Kind(mailbox.collect, mailbox.reread),
    "folder": Kind(folder.collect, folder.reread),
}
"""Each kind by its name in the profile."""
