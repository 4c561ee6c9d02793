"""Import of files by hand: workbooks, CSV, mail and JSON into one channel."""

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from collector.base import Item
from collector.counts import Counts
from collector.errors import FileRefused
from collector.intake import keep_raw, take_in
from collector.opening import read_file
from collector.readers import Description, Limits, ReadOptions, describe, read_items
from config.context import Context, Progress
from config.logs import get_logger
from config.profile import Profile
from config.sources import Mailbox

log = get_logger(__name__)


def check_channel(profile: Profile, channel: str) -> None:
    """Check that the profile knows a channel.

    Raises:
        FileRefused: it does not; the message lists those it knows.
    """
    if profile.channel(channel) is None:
        known = ", ".join(one.id for one in profile.channels)
        raise FileRefused("the profile has no such channel", item=channel, todo=f"Use one of: {known}.")


def describe_file(ctx: Context, path: Path, channel: str, *, posted_at: datetime | None = None) -> Description:
    """Tell how a file would be read, storing nothing; raises FileRefused as `import_file` would."""
    check_channel(ctx.profile, channel)
    options = read_options(ctx, channel, posted_at)
    return describe(name_of(path), read_file(path, options.limits), options)


def import_file(
    ctx: Context,
    path: Path,
    channel: str,
    *,
    posted_at: datetime | None = None,
    open_cases: bool = False,
    progress: Progress | None = None,
) -> Counts:
    """Take a file into a channel; taking the same file again stores nothing new.

    Args:
        posted_at: stands in where a row has no date of its own.
        open_cases: open cases for the messages whatever their age.
    Raises:
        FileRefused: the file as a whole cannot be used; nothing of it was stored.
        StorageFull: what was stored before stays, run it again.
    """
    check_channel(ctx.profile, channel)
    content = read_file(path, Limits.of(ctx.settings))
    stored = {"posted_at": posted_at.isoformat() if posted_at else None, "open_cases": open_cases}
    return take_file(
        ctx,
        name_of(path),
        content,
        read_options(ctx, channel, posted_at),
        source=f"file:{channel}",
        stored=stored,
        progress=progress,
        open_case=open_cases,
    )


def take_file(
    ctx: Context,
    name: str,
    content: bytes,
    options: ReadOptions,
    *,
    source: str,
    stored: Mapping[str, Any],
    sift: Callable[[Item], Item] | None = None,
    progress: Progress | None = None,
    open_case: bool = False,
    part_of: tuple[int, Counts] | None = None,
) -> Counts:
    """Take the bytes of a file in.

    Args:
        stored: what reading the raw item again needs; JSON, without personal data.
        sift: each item passes through it before it is judged.
        progress, open_case, part_of: as `take_in`.
    Raises:
        FileRefused: the file as a whole cannot be used; nothing of it was stored, or what was read before it broke off.
        StorageFull: what was stored before stays.
    """
    items = read_items(name, content, options)
    first = next(items, None)  # A file that is refused as a whole is refused here, before anything is kept.
    raw_id = keep_raw(ctx, source=source, channel=options.channel, name=name, content=content, options=stored)
    items = _chain(first, items)
    if sift is not None:
        items = map(sift, items)
    return take_in(ctx, raw_id, items, progress=progress, open_case=open_case, part_of=part_of)


def name_of(path: Path) -> str:
    """Return a file's name as text; bytes that are no UTF-8, as old archives leave them, are replaced."""
    return os.fsencode(path.name).decode("utf-8", "replace")


def read_options(ctx: Context, channel: str, posted_at: datetime | None = None) -> ReadOptions:
    """Return how files of a channel are read on this machine."""
    own = frozenset(
        address for source in ctx.profile.sources if isinstance(source, Mailbox) for address in source.addresses
    )
    return ReadOptions(
        channel=channel,
        zone=ctx.profile.zone,
        posted_at=posted_at,
        limits=Limits.of(ctx.settings),
        own_addresses=own,
    )


def _chain(first: Item | None, rest: Iterator[Item]) -> Iterator[Item]:
    if first is not None:
        yield first
        yield from rest
