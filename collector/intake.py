"""Intake: the one way by which a raw item becomes messages.

The bytes are stored first. Then the item is read in batches, and each batch is one transaction with its messages,
attachments, set-aside rows, counts and cursor. Unique keys make repeating harmless, so a process that is killed at
any line is followed by a run that stores what is missing and nothing twice.
Every item ends in exactly one of four counted ways: fetched = stored + duplicates + dropped + set_aside.
"""

import hashlib
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from collector.base import Blank, Fetched, Item, Unreadable
from collector.dedupe import author_key, identity, text_digest
from collector.tables import NORMAL, RESTRICTED, Attachment, CollectionRun, Message, RawItem, SetAside, SourceCursor
from config.context import Context, Progress
from config.database import Sealed
from config.errors import WenzhengError
from config.logs import get_logger

log = get_logger(__name__)

BATCH = 500
"""Items a transaction: long enough to be quick, short enough that nobody waits for the write lock."""

STRIKES = 3
"""Failed attempts to read a whole raw item before it is set aside."""

EARLIEST_YEAR = 1990
FUTURE = timedelta(days=2)
REPORTED_KIND = "举报"


@dataclass
class Counts:
    """What became of the items of one run; `fetched` is the sum of the other four.

    Args:
        reasons: of dropped and set-aside items alike.
        drop_reasons: of the dropped ones alone; not part of the JSON.
    """

    fetched: int = 0
    stored: int = 0
    duplicates: int = 0
    dropped: int = 0
    set_aside: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    drop_reasons: dict[str, int] = field(default_factory=dict)

    def note(self, reason: str) -> None:
        """Count a reason for dropping or setting aside."""
        self.reasons[reason] = self.reasons.get(reason, 0) + 1

    def drop(self, reason: str) -> None:
        """Count a dropped item with its reason."""
        self.dropped += 1
        self.note(reason)
        self.drop_reasons[reason] = self.drop_reasons.get(reason, 0) + 1

    def add(self, other: "Counts") -> None:
        """Add the counts of another run."""
        for key in ("fetched", "stored", "duplicates", "dropped", "set_aside"):
            setattr(self, key, getattr(self, key) + getattr(other, key))
        self.reasons = dict(Counter(self.reasons) + Counter(other.reasons))
        self.drop_reasons = dict(Counter(self.drop_reasons) + Counter(other.drop_reasons))

    def as_dict(self) -> dict[str, Any]:
        """Return the counts for JSON."""
        return {key: value for key, value in asdict(self).items() if key != "drop_reasons"}


@dataclass(frozen=True)
class Ready:
    """An item that passed every step and may become a message."""

    item: Fetched
    external_id: str
    author: str | None
    restricted: bool


def keep_raw(ctx: Context, *, source: str, channel: str, name: str, content: bytes, options: Mapping[str, Any]) -> int:
    """Store bytes as they came and return the raw item's id; the same bytes again are the same raw item.

    Raises:
        StorageFull: nothing was stored.
    """
    digest = hashlib.sha256(content).hexdigest()
    with ctx.database.writing() as session:
        known = session.scalar(sa.select(RawItem.id).where(RawItem.source == source, RawItem.sha256 == digest))
        if known is not None:
            return known
        raw = RawItem(
            source=source,
            channel=channel,
            name=name,
            sha256=digest,
            size=len(content),
            content=content,
            options=dict(options),
            collected_at=ctx.clock(),
        )
        session.add(raw)
        session.flush()
        return raw.id


def take_in(
    ctx: Context,
    raw_id: int,
    items: Iterable[Item],
    *,
    progress: Progress | None = None,
    cursor: str | None = None,
    open_case: bool = False,
    whole: bool = True,
) -> Counts:
    """Turn the items of a raw item into messages, batch by batch, and mark the raw item as parsed.

    Args:
        items: read lazily; an error while reading leaves what was stored and counts a strike.
        cursor: the source's new cursor, committed with the last batch.
        open_case: cases are opened whatever the age of the messages.
        whole: the items are all of the raw item; otherwise it stays as it is, read to the end or not.
    Raises:
        StorageFull: the running batch was not stored; repeat later.
        Exception: whatever reading raised, after the strike was counted.
    """
    with ctx.database.writing() as session:
        raw = session.get_one(RawItem, raw_id, options=[sa.orm.defer(RawItem.content)])
        run = CollectionRun(source=raw.source, name=raw.name, started_at=ctx.clock())
        session.add(run)
        session.flush()
        source, channel, run_id = raw.source, raw.channel, run.id
    counts = Counts()
    batches = _batched(_guarded(items, ctx, raw_id, run_id), BATCH)
    for batch in batches:
        outcome = _Batch(ctx, source, channel, raw_id, open_case=open_case)
        try:
            with ctx.database.writing() as session:
                done = outcome.store(session, batch, counts)
                _save_counts(session, run_id, done)
        except WenzhengError:
            raise  # The database or the disk: the raw item is not to blame, a later run repeats the batch.
        except Exception as error:
            _strike(ctx, raw_id, run_id, error)
            raise
        counts = done
        if progress:
            progress(counts.fetched, None)
    with ctx.database.writing() as session:
        if whole:
            session.execute(sa.update(RawItem).where(RawItem.id == raw_id).values(state="parsed", error=None))
        _save_counts(session, run_id, counts)
        session.execute(sa.update(CollectionRun).where(CollectionRun.id == run_id).values(finished_at=ctx.clock()))
        if cursor is not None:
            session.merge(SourceCursor(source=source, cursor=cursor, updated_at=ctx.clock()))
    log.info("collected", source=source, run=run_id, **{k: v for k, v in counts.as_dict().items() if k != "reasons"})
    return counts


def _guarded(items: Iterable[Item], ctx: Context, raw_id: int, run_id: int) -> Iterator[Item]:
    """Yield the items; an error of the reader is a strike against the raw item, an error of the database is not."""
    iterator = iter(items)
    while True:
        try:
            item = next(iterator)
        except StopIteration:
            return
        except Exception as error:
            _strike(ctx, raw_id, run_id, error)
            raise
        yield item


def _strike(ctx: Context, raw_id: int, run_id: int, error: Exception) -> None:
    # An error's text may quote what it choked on; only our own errors are written to be read.
    words = _line(getattr(error, "what", None), 1000) or type(error).__name__
    final = getattr(error, "final", False)
    with ctx.database.writing() as session:
        raw = session.get_one(RawItem, raw_id, options=[sa.orm.defer(RawItem.content)])
        raw.strikes += 1
        raw.error = words
        run = session.get_one(CollectionRun, run_id)
        run.finished_at, run.error = ctx.clock(), words
        if raw.strikes >= STRIKES or final:
            raw.state = "set_aside"
            _insert_absent(session, SetAside, [_aside(raw_id, raw.source, "", "unreadable", words, ctx.clock())])
    log.warning("raw_item_failed", raw_item=raw_id, error=type(error).__name__)


def _save_counts(session: Session, run_id: int, counts: Counts) -> None:
    values = {key: value for key, value in counts.as_dict().items() if key != "reasons"}
    session.execute(sa.update(CollectionRun).where(CollectionRun.id == run_id).values(**values))


def _batched(items: Iterator[Item], size: int) -> Iterator[list[Item]]:
    while batch := list(itertools.islice(items, size)):
        yield batch


class _Batch:
    """The steps for one batch: sort out, judge, identify, drop duplicates, store."""

    def __init__(self, ctx: Context, source: str, channel: str, raw_id: int, *, open_case: bool) -> None:
        self.ctx, self.source, self.channel, self.raw_id = ctx, source, channel, raw_id
        self.open_case = open_case
        self.answered: set[int] = set()
        self.now = ctx.clock()
        spec = ctx.profile.channel(channel)
        self.channel_restricted = spec is not None and spec.access == RESTRICTED

    def store(self, session: Session, items: Sequence[Item], before: Counts) -> Counts:
        """Store one batch and return the counts so far; *before* is not touched, so a rolled back batch counts
        nothing."""
        counts = deepcopy(before)
        counts.fetched += len(items)
        aside: list[Unreadable] = []
        ready: list[Ready] = []
        for item in items:
            match item:
                case Blank():
                    counts.drop(item.reason)
                case Unreadable():
                    aside.append(item)
                case Fetched():
                    fault = self.judge(item)
                    if fault is not None:
                        aside.append(fault)
                    elif not (item.body.strip() or item.title.strip()) and not item.attachments:
                        counts.drop("empty")
                    else:
                        ready.append(self.identify(item))
        fresh = self.drop_known(session, ready, counts, aside)
        counts.stored += self.insert(session, fresh, counts)
        self.put_aside(session, aside, counts)
        return counts

    def judge(self, item: Fetched) -> Unreadable | None:
        """Find what forbids storing an item: a date no message can have."""
        for moment in (item.posted_at, item.received_at):
            if moment is None:
                continue
            if moment > self.now + FUTURE:
                return Unreadable(item.position, "future-date", f"{item.position}: its date lies in the future")
            if moment.year < EARLIEST_YEAR:
                return Unreadable(item.position, "early-date", f"{item.position}: its date is before {EARLIEST_YEAR}")
        return None

    def identify(self, item: Fetched) -> Ready:
        """Give an item its identity and decide who may see it."""
        author = author_key(item, self.ctx.vault)
        restricted = self.channel_restricted or item.confidential or REPORTED_KIND in (item.kind or "")
        return Ready(item, identity(item, author, self.ctx.profile.zone), author, restricted)

    def drop_known(
        self, session: Session, ready: Sequence[Ready], counts: Counts, aside: list[Unreadable]
    ) -> list[Ready]:
        """Return the new ones. A known one is a duplicate; one whose id came with other words is set aside."""
        ids = {one.external_id for one in ready}
        columns = (Message.id, Message.external_id, Message.title, Message.body, Message.answer_text)
        known = {
            row.external_id: row
            for row in session.execute(
                sa.select(*columns).where(Message.source == self.source, Message.external_id.in_(ids))
            )
        }
        seen: dict[str, str] = {external_id: text_digest(row.title, row.body) for external_id, row in known.items()}
        fresh: list[Ready] = []
        for one in ready:
            digest = text_digest(one.item.title, one.item.body)
            if one.external_id not in seen:
                seen[one.external_id] = digest
                fresh.append(one)
            elif seen[one.external_id] == digest:
                counts.duplicates += 1
                self.complete(session, one, known.get(one.external_id), fresh)
            else:
                detail = f"{one.item.position}: its id is stored already with other words; compare the two"
                aside.append(Unreadable(one.item.position, "same-id-other-text", detail))
        return fresh

    def complete(self, session: Session, one: Ready, known: Any, fresh: list[Ready]) -> None:
        """Keep what a repeated item adds: an official answer where there is none yet, and the wish for a case."""
        if known is None:
            place = next(at for at, other in enumerate(fresh) if other.external_id == one.external_id)
            if one.item.answer_text and not fresh[place].item.answer_text:
                fresh[place] = replace(fresh[place], item=one.item)
            return
        if self.open_case:
            session.execute(sa.update(Message).where(Message.id == known.id).values(open_case=True))
        if one.item.answer_text and known.answer_text is None and known.id not in self.answered:
            self.answered.add(known.id)
            self.add_answer(session, known, one.item)

    def add_answer(self, session: Session, known: Any, item: Fetched) -> None:
        """Keep an official answer that came after its message."""
        text = item.answer_text or ""
        session.execute(
            sa.update(Message)
            .where(Message.id == known.id)
            .values(
                answer_text=Sealed(text) if isinstance(known.body, Sealed) else text,
                answered_at=item.answered_at,
                answered_by=_line(item.answered_by, 128),
            )
        )

    def insert(self, session: Session, fresh: Sequence[Ready], counts: Counts) -> int:
        """Insert messages and their attachments; one that another process stored meanwhile is a duplicate."""
        if not fresh:
            return 0
        rows = [self.row(one) for one in fresh]
        stored: dict[str, int] = {
            row.external_id: row.id
            for row in _insert_absent(session, Message, rows, returning=(Message.id, Message.external_id))
        }
        counts.duplicates += len(rows) - len(stored)
        attachments = [
            {
                "message_id": stored[one.external_id],
                "name": attachment.name,
                "media_type": _line(attachment.media_type, 128),
                "size": len(attachment.content),
                "sha256": hashlib.sha256(attachment.content).hexdigest(),
                "content": attachment.content,
            }
            for one in fresh
            if one.external_id in stored
            for attachment in one.item.attachments
        ]
        if attachments:
            _insert_absent(session, Attachment, attachments)
        return len(stored)

    def row(self, one: Ready) -> dict[str, Any]:
        """Return a message's columns."""
        item = one.item
        seal: Callable[[str], str] = Sealed if one.restricted else str
        return {
            "source": self.source,
            "channel": self.channel,
            "external_id": one.external_id,
            "receipt_no": _line(item.receipt_no, 64),
            "title": seal(item.title),
            "body": seal(item.body),
            "author_key": one.author,
            "author_name": item.author_name,
            "contact": item.contact,
            "posted_at": item.posted_at,
            "received_at": item.received_at or item.posted_at,
            "collected_at": self.now,
            "likes": item.likes,
            "dislikes": item.dislikes,
            "thread_key": _line(item.thread_key, 255),
            "given_due_at": item.given_due_at,
            "answer_text": None if item.answer_text is None else seal(item.answer_text),
            "answered_at": item.answered_at,
            "answered_by": _line(item.answered_by, 128),
            "publish_consent": item.publish_consent,
            "access": RESTRICTED if one.restricted else NORMAL,
            "open_case": self.open_case,
            "raw_item_id": self.raw_id,
        }

    def put_aside(self, session: Session, aside: Sequence[Unreadable], counts: Counts) -> None:
        """Keep the place and the reason of what could not be stored."""
        if not aside:
            return
        counts.set_aside += len(aside)
        for fault in aside:
            counts.note(fault.reason)
        rows = [_aside(self.raw_id, self.source, one.position, one.reason, one.detail, self.now) for one in aside]
        _insert_absent(session, SetAside, rows)


def _line(text: str | None, longest: int) -> str | None:
    """Return text that fits a short column of any database: control characters out, the end cut."""
    return None if text is None else "".join(char for char in text if char.isprintable())[:longest]


def _aside(raw_id: int, source: str, position: str, reason: str, detail: str, now: datetime) -> dict[str, Any]:
    return {
        "raw_item_id": raw_id,
        "source": source,
        "position": position,
        "reason": reason,
        # A column's name, which a stranger wrote, may stand in it.
        "detail": _line(detail, 1000),
        "strikes": 1,
        "state": "waiting",
        "created_at": now,
    }


def _insert_absent(
    session: Session, table: type[Any], rows: Sequence[dict[str, Any]], returning: Sequence[Any] = ()
) -> Sequence[Any]:
    """Insert the rows whose unique keys are not there yet."""
    dialect = session.get_bind().dialect.name
    insert = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table).on_conflict_do_nothing()
    if returning:
        return session.execute(insert.returning(*returning), rows).all()
    session.execute(insert, rows)
    return ()
