"""The steps by which a batch of items becomes messages, duplicates, dropped and set-aside rows, in one transaction."""

import hashlib
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from collector.base import Blank, Fetched, Item, Unreadable
from collector.counts import Counts
from collector.dedupe import author_key, identity, text_digest
from collector.tables import NORMAL, RESTRICTED, Attachment, Message, SetAside
from config.context import Context
from config.database import Sealed

EARLIEST_YEAR = 1990
FUTURE = timedelta(days=2)
REPORTED_KIND = "举报"

Pair = tuple[int, Item]
"""The id of a raw item, and what was read from it."""


@dataclass(frozen=True)
class Ready:
    """An item that passed every step and may become a message."""

    raw_id: int
    item: Fetched
    external_id: str
    author: str | None
    restricted: bool


class Batch:
    """The steps for one batch: sort out, judge, identify, drop duplicates, store; in the caller's transaction."""

    def __init__(self, ctx: Context, source: str, channel: str, *, open_case: bool = False) -> None:
        self.ctx, self.source, self.channel = ctx, source, channel
        self.open_case = open_case
        self.answered: set[int] = set()
        self.now = ctx.clock()
        spec = ctx.profile.channel(channel)
        # Of a channel that the profile no longer has, nobody knows that everyone may see it.
        self.channel_restricted = spec is None or spec.access == RESTRICTED

    def store(self, session: Session, pairs: Sequence[Pair], before: Counts) -> Counts:
        """Store one batch and return the counts so far; *before* is not touched, so a rolled back batch counts
        nothing."""
        counts = deepcopy(before)
        counts.fetched += len(pairs)
        aside: list[tuple[int, Unreadable]] = []
        ready: list[Ready] = []
        for raw_id, item in pairs:
            match item:
                case Blank():
                    counts.drop(item.reason)
                case Unreadable():
                    aside.append((raw_id, item))
                case Fetched():
                    fault = self.judge(item)
                    if fault is not None:
                        aside.append((raw_id, fault))
                    elif not (item.body.strip() or item.title.strip()) and not item.attachments:
                        counts.drop("empty")
                    else:
                        ready.append(self.identify(raw_id, item))
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

    def identify(self, raw_id: int, item: Fetched) -> Ready:
        """Give an item its identity and decide who may see it."""
        author = author_key(item, self.ctx.vault)
        restricted = self.channel_restricted or item.confidential or REPORTED_KIND in (item.kind or "")
        return Ready(raw_id, item, identity(item, author, self.ctx.profile.zone), author, restricted)

    def drop_known(
        self, session: Session, ready: Sequence[Ready], counts: Counts, aside: list[tuple[int, Unreadable]]
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
                aside.append((one.raw_id, Unreadable(one.item.position, "same-id-other-text", detail)))
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
                answered_by=line_of(item.answered_by, 128),
            )
        )

    def insert(self, session: Session, fresh: Sequence[Ready], counts: Counts) -> int:
        """Insert messages and their attachments; one that another process stored meanwhile is a duplicate."""
        if not fresh:
            return 0
        rows = [self.row(one) for one in fresh]
        stored: dict[str, int] = {
            row.external_id: row.id
            for row in insert_absent(session, Message, rows, returning=(Message.id, Message.external_id))
        }
        counts.duplicates += len(rows) - len(stored)
        attachments = [
            {
                "message_id": stored[one.external_id],
                "name": attachment.name,
                "media_type": line_of(attachment.media_type, 128),
                "size": len(attachment.content),
                "sha256": hashlib.sha256(attachment.content).hexdigest(),
                "content": attachment.content,
            }
            for one in fresh
            if one.external_id in stored
            for attachment in one.item.attachments
        ]
        if attachments:
            insert_absent(session, Attachment, attachments)
        return len(stored)

    def row(self, one: Ready) -> dict[str, Any]:
        """Return a message's columns."""
        item = one.item
        seal: Callable[[str], str] = Sealed if one.restricted else str
        return {
            "source": self.source,
            "channel": self.channel,
            "external_id": one.external_id,
            "quoted_text": item.quoted_text,
            "receipt_no": line_of(item.receipt_no, 64),
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
            "thread_key": line_of(item.thread_key, 255),
            "given_due_at": item.given_due_at,
            "answer_text": None if item.answer_text is None else seal(item.answer_text),
            "answered_at": item.answered_at,
            "answered_by": line_of(item.answered_by, 128),
            "publish_consent": item.publish_consent,
            "access": RESTRICTED if one.restricted else NORMAL,
            "open_case": self.open_case,
            "raw_item_id": one.raw_id,
        }

    def put_aside(self, session: Session, aside: Sequence[tuple[int, Unreadable]], counts: Counts) -> None:
        """Keep the place and the reason of what could not be stored."""
        if not aside:
            return
        counts.set_aside += len(aside)
        for _, fault in aside:
            counts.note(fault.reason)
        rows = [aside_row(raw_id, self.source, one.position, one.reason, one.detail, self.now) for raw_id, one in aside]
        insert_absent(session, SetAside, rows)


def line_of(text: str | None, longest: int) -> str | None:
    """Return text that fits a short column of any database: control characters out, the end cut."""
    return None if text is None else "".join(char for char in text if char.isprintable())[:longest]


def aside_row(raw_id: int, source: str, position: str, reason: str, detail: str, now: datetime) -> dict[str, Any]:
    """Return the columns of a set-aside row."""
    return {
        "raw_item_id": raw_id,
        "source": source,
        "position": position,
        "reason": reason,
        # A column's name, which a stranger wrote, may stand in it.
        "detail": line_of(detail, 1000),
        "strikes": 1,
        "state": "waiting",
        "created_at": now,
    }


def insert_absent(
    session: Session, table: type[Any], rows: Sequence[dict[str, Any]], returning: Sequence[Any] = ()
) -> Sequence[Any]:
    """Insert the rows whose unique keys are not there yet."""
    dialect = session.get_bind().dialect.name
    insert = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table).on_conflict_do_nothing()
    if returning:
        return session.execute(insert.returning(*returning), rows).all()
    session.execute(insert, rows)
    return ()
