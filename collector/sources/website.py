"""Websites: boards whose pages list messages, read by their description in the profile."""

from collections.abc import Iterator
from typing import Any

from collector.base import Item
from collector.errors import SourceUnknown
from collector.readers import Limits
from collector.runs import Run
from collector.sifting import first_moment, sift
from collector.sources.details import DETAIL, lacking_item, lacking_of, read_page
from collector.sources.lists import read_list
from collector.sources.rows import Entry, bare_entry, item_of, read_entries, row_variables
from collector.sources.stored import load_raw
from collector.sources.walk import Walker
from collector.tables import RawItem
from config.context import Context
from config.sources import Website


def collect(run: Run) -> None:
    """Bring what is new on a board.

    Raises:
        SourceFailed: what was read before is stored, and the next run goes on from there.
        StorageFull, DatabaseError: the last batch of rows is not stored.
    """
    source = _website(run.source, run.source.id)
    client = run.client()
    try:
        Walker(run, source, client).collect()
    finally:
        client.close()


def reread(ctx: Context, raw: RawItem) -> Iterator[Item]:
    """Read a kept page again by the description as it is now: all rows of a list, or the one row of its own page.

    A row of a list whose source has pages of their own is given as the list says it.

    Raises:
        SourceUnknown: the profile no longer has this website.
        PageUnreadable: the page is not of the form that the description says.
    """
    source = _website(ctx.profile.source(raw.source), raw.source)
    since = first_moment(source, ctx.profile)
    for item in _items_of(ctx, source, raw):
        yield sift(item, source, ctx.profile, since)


def _items_of(ctx: Context, source: Website, raw: RawItem) -> Iterator[Item]:
    zone, limits = ctx.profile.zone, Limits.of(ctx.settings)
    if raw.options.get("role") != DETAIL:
        for entry in _rows_of(source, raw):
            yield item_of(entry, {}, source, zone, limits)
        return
    entry = _row_of(ctx, source, raw)
    given = {**source.params, **row_variables(entry)}
    values: dict[str, Any] = {}
    lacking: list[str] = []
    earlier = (load_raw(ctx, source.id, raw_id) for raw_id in raw.options["earlier"])
    for page in (*earlier, raw):
        level = -1 if page is None or page.content is None else page.options["level"]
        if page is None or not 0 <= level < len(source.details):
            continue
        options = page.options
        found, names = read_page(
            source, source.details[level], page.content or b"", options["type"], options["url"], given
        )
        lacking += lacking_of(source.details[level], found)
        values |= found
        given |= {**found, **names}
    yield lacking_item(entry, lacking) if lacking else item_of(entry, values, source, zone, limits)


def _row_of(ctx: Context, source: Website, raw: RawItem) -> Entry:
    """Return the row of the list to which a page belongs: by its place, else by its number, else the page alone."""
    options = raw.options
    listing = load_raw(ctx, source.id, options["list"])
    rows = [] if listing is None else _rows_of(source, listing)
    fitting = [entry for entry in rows if entry.position == options["at"]]
    fitting += [entry for entry in rows if entry.row.number == options["row"]]
    return fitting[0] if fitting else bare_entry(options["at"], options["row"], options["url"])


def _rows_of(source: Website, raw: RawItem) -> list[Entry]:
    if raw.content is None:
        return []
    document = read_list(source, raw.content, raw.options.get("type", ""), raw.options.get("url", raw.name))
    return read_entries(source, document, source.params)


def _website(source: object, source_id: str) -> Website:
    if not isinstance(source, Website):
        raise SourceUnknown(
            "the profile has no such website", item=source_id, todo="Put it back to read its pages again."
        )
    return source
