"""Entries by hand: a letter, visit or call (来信来访来电) that a clerk writes down."""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from collector.access import PIPELINE, visible_to
from collector.base import Fetched, FetchedAttachment, Item
from collector.batch import EARLIEST_YEAR
from collector.clean import tidy, tidy_line
from collector.dedupe import text_digest
from collector.errors import EntryRefused, FileDamaged
from collector.intake import keep_raw, take_in
from collector.tables import Message, RawItem
from config.context import Context
from config.settings import MIB

KIND = "manual"
POSITION = "entry"

LONGEST_LINE = 200
"""Characters of a name, a contact, a kind or a file's name."""

LONGEST_RECEIPT = 64


def enter(
    ctx: Context,
    *,
    entry_id: UUID,
    channel: str,
    title: str,
    body: str,
    entered_by: str,
    author_name: str | None = None,
    contact: str | None = None,
    received_at: datetime | None = None,
    receipt_no: str | None = None,
    kind: str | None = None,
    confidential: bool = False,
    publish_consent: bool | None = None,
    attachments: Sequence[FetchedAttachment] = (),
) -> int:
    """Store an entry and return the id of its message; the same entry again gives the same message.

    It is restricted, as every message, by its channel, if its kind is 举报, or if it is confidential.

    Args:
        entry_id: random, made with the form, so that a form sent twice is one entry.
        channel: id of the channel it belongs to.
        body: may be empty, then the title is the text.
        entered_by: the clerk's name; kept with the original.
        received_at: aware; None: now.
        kind: as the clerk sees it; it only decides access.
    Raises:
        EntryRefused: no text, a text or file beyond the limits, an unknown channel, a date that cannot be, or this
            entry id was used for other words; nothing was stored.
        StorageFull: nothing was stored, or the original alone, which the service then finishes.
    """
    now = ctx.clock()
    received_at = received_at or now
    _check_channel(ctx, channel)
    _check_date(received_at, now)
    entry: dict[str, Any] = {
        "id": str(entry_id),
        "title": tidy_line(title),
        "body": tidy(body),
        "entered_by": _line(entered_by, "entered_by", LONGEST_LINE),
        "author_name": _line(author_name, "author_name", LONGEST_LINE),
        "contact": _line(contact, "contact", LONGEST_LINE),
        "received_at": received_at.isoformat(),
        "receipt_no": _line(receipt_no, "receipt_no", LONGEST_RECEIPT),
        "kind": _line(kind, "kind", LONGEST_LINE),
        "confidential": confidential,
        "publish_consent": publish_consent,
        "attachments": [
            {
                "name": _line(one.name, "attachments", LONGEST_LINE) or f"附件{number}",
                "media_type": _line(one.media_type, "attachments", LONGEST_LINE) or "application/octet-stream",
                "content": base64.b64encode(one.content).decode("ascii"),
            }
            for number, one in enumerate(attachments, start=1)
        ],
    }
    _check_text(ctx, entry)
    _check_size(ctx, attachments)
    source = f"{KIND}:{channel}"
    known = _find(ctx, source, entry)
    if known is not None:
        return known
    content = json.dumps(entry, ensure_ascii=False, sort_keys=True).encode()
    raw_id = keep_raw(
        ctx, source=source, channel=channel, name=f"entry {entry_id}", content=content, options={"kind": KIND}
    )
    take_in(ctx, raw_id, [_item(entry)])
    with ctx.database.reading() as session:
        return int(session.scalars(_stored(source, entry, Message.id)).one())


def reread(ctx: Context, raw: RawItem) -> Iterator[Item]:
    """Read a kept entry once more.

    Raises:
        FileDamaged: the original was purged.
    """
    try:
        yield _item(json.loads(raw.content or b""))
    except (ValueError, KeyError, TypeError) as error:
        raise FileDamaged(
            "the original of the entry is gone or no entry", item=raw.name, todo="Drop it, and enter it anew."
        ) from error


def _item(entry: Mapping[str, Any]) -> Fetched:
    received_at = datetime.fromisoformat(entry["received_at"])
    body, title = entry["body"], entry["title"]
    return Fetched(
        position=POSITION,
        body=body or title,
        title=title if body else "",
        posted_at=received_at,
        received_at=received_at,
        external_id=entry["id"],
        receipt_no=entry["receipt_no"],
        author_name=entry["author_name"],
        contact=entry["contact"],
        publish_consent=entry["publish_consent"],
        kind=entry["kind"],
        confidential=entry["confidential"],
        attachments=tuple(
            FetchedAttachment(one["name"], one["media_type"], base64.b64decode(one["content"]))
            for one in entry["attachments"]
        ),
    )


def _stored(source: str, entry: Mapping[str, Any], *columns: Any) -> sa.Select[Any]:
    return sa.select(*columns).where(Message.source == source, Message.external_id == entry["id"], visible_to(PIPELINE))


def _find(ctx: Context, source: str, entry: Mapping[str, Any]) -> int | None:
    """Return the message of an entry that was stored before.

    Raises:
        EntryRefused: it says something else.
    """
    item = _item(entry)
    with ctx.database.reading() as session:
        row = session.execute(_stored(source, entry, Message.id, Message.title, Message.body)).one_or_none()
    if row is None:
        return None
    if text_digest(row.title, row.body) != text_digest(item.title, item.body):
        raise EntryRefused(
            "this form was stored already, with other words",
            item="entry_id",
            todo="Open a new form for a new entry; correct the stored one in its case.",
        )
    return int(row.id)


def _check_channel(ctx: Context, channel: str) -> None:
    if ctx.profile.channel(channel) is None:
        known = ", ".join(one.id for one in ctx.profile.channels)
        raise EntryRefused(f"there is no channel {channel}", item="channel", todo=f"Use one of: {known}.")


def _check_date(received_at: datetime, now: datetime) -> None:
    if received_at.tzinfo is None:
        raise EntryRefused("the time of receipt names no zone", item="received_at", todo="Give it with its zone.")
    if received_at > now:
        raise EntryRefused(
            "the time of receipt lies in the future", item="received_at", todo="Give the time it was received."
        )
    if received_at.year < EARLIEST_YEAR:
        raise EntryRefused(
            f"the time of receipt is before {EARLIEST_YEAR}", item="received_at", todo="Correct the year."
        )


def _check_text(ctx: Context, entry: Mapping[str, Any]) -> None:
    if not entry["entered_by"]:
        raise EntryRefused("nobody is named who enters it", item="entered_by", todo="Name the clerk.")
    if not entry["title"] and not entry["body"]:
        raise EntryRefused("there is no text", item="body", todo="Write down what was said.")
    longest = ctx.settings.max_cell_chars
    if len(entry["title"]) + len(entry["body"]) > longest:
        raise EntryRefused(
            f"the text is longer than {longest:,} characters", item="body", todo="Attach it as a file, and sum it up."
        )


def _check_size(ctx: Context, attachments: Sequence[FetchedAttachment]) -> None:
    limit = ctx.settings.max_file_mib
    if sum(len(one.content) for one in attachments) > limit * MIB:
        raise EntryRefused(
            f"the attachments are larger than {limit} MiB", item="attachments", todo="Leave out or shrink some."
        )


def _line(text: str | None, field: str, longest: int) -> str | None:
    """Return a short text as one line, None for an empty one."""
    line = tidy_line(text or "")
    if len(line) > longest:
        raise EntryRefused(f"is longer than {longest} characters", item=field, todo="Shorten it.")
    return line or None
