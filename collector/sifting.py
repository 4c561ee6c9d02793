"""Which items of a live source are taken: none from before its first day, none that does not concern the bureau."""

from datetime import datetime, time

from collector.base import Blank, Fetched, Item
from collector.keywords import concerns, names_of
from config.profile import Profile
from config.sources import AnySource, Feed


def sift(item: Item, source: AnySource, profile: Profile, since: datetime | None) -> Item:
    """Return the item, or a blank in the place of a message that is too old or none of the bureau's concern.

    Args:
        since: aware; see `first_moment` for the source's own.
    """
    if not isinstance(item, Fetched):
        return item
    if since is not None and (item.received_at or item.posted_at) < since:
        return Blank(item.position, "before-since")
    if not concerns(f"{item.title}\n{item.body}", keywords_of(source, profile), source.exclude):
        return Blank(item.position, "no-keyword")
    return item


def keywords_of(source: AnySource, profile: Profile) -> tuple[str, ...]:
    """Return the keywords in force: the source's own, or the bureau's names for a feed that is only watched."""
    if source.keywords or not isinstance(source, Feed):
        return source.keywords
    channel = profile.channel(source.channel)
    return () if channel is not None and channel.expects_reply else names_of(profile.bureau)


def first_moment(source: AnySource, profile: Profile) -> datetime | None:
    """Return the moment with which the source's first day begins, in the bureau's zone; None if it names no day."""
    return None if source.since is None else datetime.combine(source.since, time(), profile.zone)
