"""The audit: an append-only chain of who did what to which item, keyed so that only the holder of the key can write it.

Each event's digest covers its own fields and the digest before it. An edit, a gap or another order breaks the
chain; that the end was cut off shows against the heads that are exported outside the database.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from config.context import Context
from config.vault import Vault
from responder.errors import AuditRefused, ResponderError
from responder.locks import Turn, take_turn
from responder.tables import AuditEvent

SYSTEM = "system"
"""The actor of what the service does by itself."""

HEADS_FILE = "audit-heads.jsonl"

_GENESIS = "0" * 32
_PURPOSE = "audit"
_SUBJECT = re.compile(r"[a-z][a-z-]*:[0-9A-Za-z._:-]+")
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,39}")
_PLAIN = re.compile(r"[0-9A-Za-z_.:+/-]{0,64}")
# Names of sections, roles and states are short words; a name of a person has the same shape, so that keeping
# those out is the caller's duty.
_WORD = re.compile(r"(?=.{1,64}\Z)[（）()·、:-]*(?:\w{1,32}(?:[（）()·、:-]+|\Z))+")
_LONG_NUMBER = 10**10
_MOST_ITEMS = 100
_MOST_FAULTS = 50
_PAGE = 2_000
_LAST_ID = 2**31 - 1
# What the database drivers and JSON raise on a stored value that is none of its type.
_UNREADABLE = (ValueError, TypeError, OverflowError, RecursionError, sa.exc.DataError)


class AuditAction(StrEnum):
    """What can be done, `<resource>:<action>`; kept in alphabetical order."""

    CALENDAR_IMPORT = "calendar:import"
    CASE_FOLLOW_UP = "case:follow_up"
    CASE_MOVE = "case:move"
    CASE_OPEN = "case:open"
    DEADLINE_RECOMPUTE = "deadline:recompute"
    LABELS_IMPORT = "labels:import"
    MODEL_ACTIVATE = "model:activate"
    REPORT_DRAFT = "report:draft"
    SETASIDE_DROP = "setaside:drop"
    SETASIDE_RETRY = "setaside:retry"
    STAFF_ADD = "staff:add"
    STAFF_DISABLE = "staff:disable"
    STAFF_LOCKED = "staff:locked"
    STAFF_LOGIN = "staff:login"
    STAFF_LOGIN_FAILED = "staff:login_failed"
    STAFF_LOGOUT = "staff:logout"
    STAFF_PASSWORD = "staff:password"  # noqa: S105 - the name of an act
    STAFF_REVOKE = "staff:revoke"
    STAFF_ROLE = "staff:role"


@dataclass(frozen=True)
class Entry:
    """One act that is to be recorded.

    Args:
        subject: `kind:id`, such as case:17 or report:2026-W47.
        detail: ids, field names, counts and hashes; see `check_entry`.
    """

    actor: str
    action: AuditAction
    subject: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Head:
    """The end of the chain at some moment."""

    last_id: int
    digest: str


@dataclass(frozen=True)
class Verdict:
    """What a check of the whole chain found; at most the first 50 faults are told.

    Args:
        warnings: what limits the check without being a fault of the chain.
    """

    ok: bool
    events: int
    head: Head | None
    faults: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def record(
    session: Session,
    vault: Vault,
    actor: str,
    action: AuditAction,
    subject: str,
    detail: Mapping[str, Any],
    now: datetime,
) -> None:
    """Append one event; it is committed, or rolled back, together with the act it tells of.

    Args:
        session: a session of `Database.writing`.
        actor: user name, or `system`.

    Raises:
        AuditRefused: see `check_entry`.
    """
    record_all(session, vault, [Entry(actor, action, subject, detail)], now)


def record_all(session: Session, vault: Vault, entries: Iterable[Entry], now: datetime) -> None:
    """Append events in this order; otherwise as `record`."""
    entries = list(entries)
    for entry in entries:
        check_entry(entry)
    if not entries:
        return
    take_turn(session, Turn.AUDIT)
    last = session.execute(sa.select(AuditEvent.id, AuditEvent.digest).order_by(AuditEvent.id.desc()).limit(1)).first()
    first, previous = (last.id + 1, last.digest) if last else (1, _GENESIS)
    rows = []
    for number, entry in enumerate(entries, start=first):
        row = {
            "id": number,
            "at": now,
            "actor": entry.actor,
            "action": str(entry.action),
            "subject": entry.subject,
            "detail": dict(entry.detail),
            "previous": previous,
        }
        previous = row["digest"] = _digest(vault, row)
        rows.append(row)
    session.execute(sa.insert(AuditEvent), rows)


def check_entry(entry: Entry) -> None:
    """Refuse what does not belong into the audit: free text, because nobody may ever remove it again.

    Allowed in the detail are whole numbers, truth values, plain ASCII up to 64 characters (ids, field names,
    dates, versions, hashes), names up to 64 characters without spaces, commas and full stops (sections, roles,
    states) and lists of these. Long numbers are refused: they are more likely a telephone or identity number.

    Raises:
        AuditRefused: names the field, never the value.
    """
    if not entry.actor or len(entry.actor) > 64:
        raise _refused(entry, "the actor is empty or too long")
    if len(entry.subject) > 64 or not _SUBJECT.fullmatch(entry.subject):
        raise _refused(entry, "the subject is not of the form kind:id")
    for name, value in entry.detail.items():
        if not isinstance(name, str) or not _FIELD.fullmatch(name):
            raise _refused(entry, "a field name of the detail is not a plain lower-case word")
        items = value if isinstance(value, list | tuple) else [value]
        if len(items) > _MOST_ITEMS or not all(_is_plain(item) for item in items):
            raise _refused(entry, f"the field {name!r} holds more than ids, counts, names of fields or hashes")


def verify(ctx: Context) -> Verdict:
    """Read the whole chain and compare it with the heads exported earlier.

    Finds events that were edited, removed or moved, that cannot be read, and an end that was cut off. Events
    written with another key count as edited.
    """
    # The heads are read first: one exported while the chain is read would seem to be beyond its end.
    path = _heads_path(ctx)
    exported = path.exists()
    heads, faults = _read_heads(path)
    awaited: dict[int, set[str]] = {}
    for head in heads:
        awaited.setdefault(head.last_id, set()).add(head.digest)
    faults += [f"event {number} was exported with different digests" for number in awaited if len(awaited[number]) > 1]
    last, count, previous = 0, 0, _GENESIS
    with ctx.database.reading() as session:
        for event, row in _events(session):
            if event.id != last + 1:
                faults.append(f"events {last + 1} to {event.id - 1} are missing")
            if event.previous != previous:
                faults.append(f"event {event.id} does not follow the event before it")
            if row is None:
                faults.append(f"event {event.id} cannot be read")
            elif not _fits(ctx.vault, row):
                faults.append(f"event {event.id} was changed")
            if event.id in awaited and event.digest not in awaited[event.id]:
                faults.append(f"event {event.id} is not the one whose digest was exported")
            last, previous, count = event.id, event.digest, count + 1
    beyond = max(awaited, default=0)
    if beyond > last:
        faults.append(f"the end is missing: event {beyond} was exported, the last stored is {last}")
    end = Head(last, previous) if count else None
    warnings = (f"there is no {path.name}: a cut end would not show",) if count and not exported else ()
    return Verdict(ok=not faults, events=count, head=end, faults=tuple(faults[:_MOST_FAULTS]), warnings=warnings)


def export_head(ctx: Context) -> dict[str, int]:
    """Append the present end of the chain to `audit-heads.jsonl` in the home, unless it stands there already.

    Returns:
        exported: 1 if a line was written.

    Raises:
        ResponderError: the chain no longer holds the end exported last; nothing was written.
    """
    path = _heads_path(ctx)
    # The heads are read first: one exported after the chain was read would seem to be missing from it.
    heads, _ = _read_heads(path)
    with ctx.database.reading() as session:
        last = session.execute(
            sa.select(AuditEvent.id, AuditEvent.digest).order_by(AuditEvent.id.desc()).limit(1)
        ).first()
        kept = not heads or heads[-1].digest == session.scalar(
            sa.select(AuditEvent.digest).where(AuditEvent.id == heads[-1].last_id)
        )
    if not kept:
        raise ResponderError(
            "the audit chain no longer holds the end that was exported last",
            item=f"event {heads[-1].last_id}",
            todo=f"Run `wenzheng audit verify`. If a backup was restored, keep a copy of {path.name} and move it away.",
        )
    if last is None or (heads and heads[-1] == Head(last.id, last.digest)):
        return {"exported": 0}
    day = ctx.clock().astimezone(ctx.profile.zone).date()
    line = json.dumps({"date": day.isoformat(), "last_id": last.id, "digest": last.digest}) + "\n"
    _append(path, line.encode("ascii"))
    return {"exported": 1}


def _heads_path(ctx: Context) -> Path:
    return ctx.settings.home / HEADS_FILE


def _is_plain(value: object) -> bool:
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, int):
        return abs(value) < _LONG_NUMBER
    if not isinstance(value, str) or not (_PLAIN.fullmatch(value) or _WORD.fullmatch(value)):
        return False
    return not (value.isdecimal() and int(value) >= _LONG_NUMBER)


def _refused(entry: Entry, what: str) -> AuditRefused:
    return AuditRefused(what, item=str(entry.action), todo="Record ids, counts and field names only.")


def _digest(vault: Vault, row: Mapping[str, Any]) -> str:
    fields = {**row, "at": row["at"].astimezone(UTC).isoformat(timespec="microseconds")}
    fields.pop("digest", None)
    canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return vault.keyed_hash(canonical, _PURPOSE)


def _fits(vault: Vault, row: sa.Row[Any]) -> bool:
    try:
        return bool(row.digest == _digest(vault, dict(row._mapping)))
    except _UNREADABLE:
        # A value of a foreign type has no canonical form, so that no event of ours held it.
        return False


def _events(session: Session) -> Iterator[tuple[sa.Row[int, str, str], sa.Row[Any] | None]]:
    """Yield id, previous and digest of every event with its whole row, or None if that cannot be read."""
    after = -1
    while True:
        page = session.execute(
            sa.select(AuditEvent.id, AuditEvent.previous, AuditEvent.digest)
            .where(AuditEvent.id > after)
            .order_by(AuditEvent.id)
            .limit(_PAGE)
        ).all()
        rows = _rows(session, [event.id for event in page])
        for event in page:
            yield event, rows.get(event.id)
        if len(page) < _PAGE:
            return
        after = page[-1].id


def _rows(session: Session, ids: Sequence[int]) -> dict[int, sa.Row[Any]]:
    """Return the whole rows of neighbouring events; halves what cannot be read until the broken row stands alone."""
    if not ids:
        return {}
    query = sa.select(*AuditEvent.__table__.columns).where(AuditEvent.id.between(ids[0], ids[-1]))
    try:
        return {row.id: row for row in session.execute(query)}
    except _UNREADABLE:
        half = len(ids) // 2
        return _rows(session, ids[:half]) | _rows(session, ids[half:]) if half else {}


def _read_heads(path: Path) -> tuple[list[Head], list[str]]:
    try:
        lines = path.read_text("utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        return [], []
    heads, faults = [], []
    # What follows the last line end is a line that a power cut left unfinished; the next export removes it.
    for number, line in enumerate(lines[:-1], start=1):
        try:
            fields = json.loads(line)
            number_of, digest = fields["last_id"], fields["digest"]
            readable = type(number_of) is int and 0 < number_of <= _LAST_ID and isinstance(digest, str)
        except (ValueError, KeyError, TypeError, RecursionError):
            readable = False
        if readable:
            heads.append(Head(number_of, digest))
        else:
            faults.append(f"line {number} of {path.name} is not readable")
    return heads, faults


def _append(path: Path, line: bytes) -> None:
    new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        whole = file.read().rfind(b"\n") + 1
        file.seek(whole)
        file.truncate()
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
    if new:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
