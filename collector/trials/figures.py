"""What a trial found: how many rows each field was caught in, with an example that shows nobody's data."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from collector.base import Blank, Fetched, Item, Unreadable
from collector.readers.values import as_text
from config.redact import mask
from config.sources import MESSAGE_FIELDS

LONGEST_EXAMPLE = 60
SHORT_BODY = 5
_PERSONAL = {"author_name": "[姓名]", "contact": "[电话]"}


@dataclass(frozen=True)
class FieldTrial:
    """How one field did.

    Args:
        part: where it was looked for: list, details, or message for what came out of both.
        caught, of: rows in which it was found, and rows that were looked at.
        example: the first value, masked and cut.
        missed: numbers of the rows without it, from 1.
    """

    part: str
    name: str
    caught: int
    of: int
    example: str
    missed: tuple[int, ...] = ()


@dataclass(frozen=True)
class Trial:
    """What a source gave when it was tried; no message was stored and no cursor moved.

    Args:
        fields: one for each field of the description, or of a message.
        notes: facts: rows, format, encoding, the next page.
        warnings: what is probably wrong with the description.
        fixture: the folder in which the fetched pages are kept; None where there are none.
    """

    source: str
    kind: str
    fields: tuple[FieldTrial, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    fixture: Path | None = None


def counted(
    part: str,
    names: Iterable[str],
    rows: Sequence[Mapping[str, Any]],
    zone: tzinfo,
    numbers: Sequence[int] | None = None,
) -> list[FieldTrial]:
    """Return how each of the named fields did in rows.

    Args:
        zone: in which moments are shown.
        numbers: of the rows; by default they are counted from 1.
    """
    numbers = numbers or range(1, len(rows) + 1)
    trials = []
    for name in names:
        held = [(number, row[name]) for number, row in zip(numbers, rows, strict=True) if _is_held(row.get(name))]
        caught = {number for number, _ in held}
        missed = tuple(number for number in numbers if number not in caught)
        trials.append(
            FieldTrial(part, name, len(held), len(rows), shown(name, held[0][1], zone) if held else "", missed)
        )
    return trials


def _is_held(value: object) -> bool:
    return value is not None and value is not False and value != ""


def shown(name: str, value: object, zone: tzinfo) -> str:
    """Return a value as an example: personal data masked, one line, at most 60 characters."""
    if name in _PERSONAL:
        return _PERSONAL[name]
    if isinstance(value, datetime):
        return value.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    # Cut before masking as well: masking a long text for the sake of its beginning takes its time.
    text = " ".join(mask(as_text(value)[: LONGEST_EXAMPLE * 4]).split())
    return text if len(text) <= LONGEST_EXAMPLE else text[: LONGEST_EXAMPLE - 1] + "…"


def of_items(items: Sequence[Item], zone: tzinfo) -> tuple[list[FieldTrial], list[str]]:
    """Return how the fields of messages did, and warnings about items that are none or look wrong."""
    messages = [item for item in items if isinstance(item, Fetched)]
    rows = [{name: getattr(message, name, None) for name in MESSAGE_FIELDS} for message in messages]
    names = [name for name in MESSAGE_FIELDS if any(_is_held(row[name]) and row[name] != 0 for row in rows)]
    warnings = [f"row cannot be read: {item.reason} ({item.detail})" for item in items if isinstance(item, Unreadable)]
    dropped = [item.reason for item in items if isinstance(item, Blank)]
    warnings += [f"{dropped.count(reason)} rows would be dropped: {reason}" for reason in dict.fromkeys(dropped)]
    return counted("message", names, rows, zone), warnings + suspicious(rows)


def suspicious(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what is odd about rows that should be different messages."""
    warnings = []
    ids = [str(row["external_id"]) for row in rows if row.get("external_id")]
    if len(set(ids)) < len(ids):
        warnings.append(f"external_id is not unique: {len(ids) - len(set(ids))} of {len(ids)} repeat another")
    dates = [str(row["posted_at"]) for row in rows if row.get("posted_at")]
    if len(dates) > 2 and len(set(dates)) == 1:
        warnings.append("posted_at is the same in all rows; it may be a date of the page instead")
    bodies = [str(row["body"]) for row in rows if row.get("body")]
    if short := sum(len(body) < SHORT_BODY for body in bodies):
        warnings.append(f"body is shorter than {SHORT_BODY} characters in {short} of {len(bodies)}")
    if len(bodies) > 2 and len(set(bodies)) == 1:
        warnings.append("body is the same in all rows")
    return warnings
