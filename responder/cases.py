"""Cases: which messages become one, which join one that is there, and under which number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from classifier.tables import Prediction
from collector.access import PIPELINE, visible_to
from collector.tables import Message
from config.calendars import load_calendar
from config.context import Context, Progress
from config.errors import CalendarError
from config.logs import get_logger
from config.profile import URGENCIES, Channel
from config.tables import Installation
from config.workdays import WorkCalendar
from responder import lifecycle
from responder.audit import SYSTEM, AuditAction, Entry, record_all
from responder.deadlines import Due, deadline_row, due, store_deadline
from responder.errors import NoRule
from responder.lifecycle import CLOSED, Move, State
from responder.locks import Turn, take_turn
from responder.routing import suggest
from responder.tables import Case, CaseMessage, Deadline

log = get_logger(__name__)

OPENING, FOLLOW_UP = "opening", "follow-up"
"""The role of a message in its case."""

PREDICTION_WAIT = timedelta(hours=1)
"""How long a message waits for its prediction; a classifier that is down delays letters, it never hides them."""

NEVER_JOINED = frozenset({"foi"})
"""Channels of which every message is a case of its own: each application has its own legal clock."""

REPORT = "举报"

_UNKNOWN_URGENCY = "中"
_BATCH = 300


@dataclass
class _Run:
    """What one run of `open_cases` works with."""

    ctx: Context
    now: datetime
    calendar: WorkCalendar
    counts: dict[str, int]


@dataclass(frozen=True)
class _Letter:
    """What opening looks at of a message and its newest prediction; columns in the order of `_load`."""

    id: int
    source: str
    channel: str
    thread_key: str | None
    receipt_no: str | None
    author_key: str | None
    access: str
    received_at: datetime
    given_due_at: datetime | None
    predicted: Prediction | None


def open_cases(ctx: Context, progress: Progress | None = None) -> dict[str, int]:
    """Open a case for every message that needs one, or attach it to the case of its thread.

    A message needs one if its channel expects a reply, it was received on or after the channel's
    `cases_since` (default: the day of `init`) and no official answer came with it; or if a person asked for
    it at import. It is taken once it is classified, or an hour after it was collected.
    May be killed at any line and run again, and may run twice at once: no message is lost or taken twice.

    Returns:
        opened: cases opened; followed_up: messages attached to a case; reopened: cases those found closed;
        without_deadline: cases for whose clock no rule was in force.
    """
    with ctx.database.reading() as session:
        waiting = session.scalars(_awaiting(ctx, session)).all()
        run = _Run(ctx, ctx.clock(), load_calendar(session), {})
    run.counts.update(opened=0, followed_up=0, reopened=0, without_deadline=0)
    for first in range(0, len(waiting), _BATCH):
        batch = waiting[first : first + _BATCH]
        with ctx.database.writing() as session:
            take_turn(session, Turn.CASES)
            _take_in(session, run, batch)
        if progress is not None:
            progress(first + len(batch), len(waiting))
    return run.counts


def too_old(ctx: Context, channel_id: str, collected_since: datetime) -> tuple[int, date]:
    """Return how many messages collected since a moment get no case because of their age, and the first day that does.

    None of a channel that expects no reply.
    """
    channel, zone = ctx.profile.channel(channel_id), ctx.profile.zone
    with ctx.database.reading() as session:
        begun = session.scalars(sa.select(Installation.initialised_at)).one()
        if channel is None or not channel.expects_reply:
            return 0, begun.astimezone(zone).date()
        since = _opens_from(channel, begun, zone)
        query = sa.select(sa.func.count(Message.id)).where(
            Message.channel == channel_id,
            Message.collected_at >= collected_since,
            Message.received_at < since,
            Message.answer_text.is_(None),
            visible_to(PIPELINE),
        )
        return session.scalar(query) or 0, since.date()


def _opens_from(channel: Channel, begun: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment from which a channel's messages get cases: its `cases_since`, else the day of `init`."""
    return datetime.combine(channel.cases_since or begun.astimezone(zone).date(), time.min, tzinfo=zone)


def _awaiting(ctx: Context, session: Session) -> sa.Select[int]:
    """Return the query for the messages that wait for a case, oldest first."""
    zone, now = ctx.profile.zone, ctx.clock()
    begun = session.scalars(sa.select(Installation.initialised_at)).one()
    expected = [
        sa.and_(Message.channel == channel.id, Message.received_at >= _opens_from(channel, begun, zone))
        for channel in ctx.profile.channels
        if channel.expects_reply
    ]
    classified = sa.exists().where(Prediction.message_id == Message.id)
    either = (Message.open_case, sa.and_(sa.or_(sa.false(), *expected), Message.answer_text.is_(None)))
    # Two queries in one: with OR between them the index over channel and time would go unused.
    found = sa.union(
        *(
            sa.select(Message.id, Message.received_at).where(
                condition,
                visible_to(PIPELINE),
                ~sa.exists().where(CaseMessage.message_id == Message.id),
                sa.or_(Message.collected_at <= now - PREDICTION_WAIT, classified),
            )
            for condition in either
        )
    ).subquery()
    return sa.select(found.c.id).order_by(found.c.received_at, found.c.id)


def _take_in(session: Session, run: _Run, batch: Sequence[int]) -> None:
    """Open or join the cases of one batch, with deadlines and audit, in the caller's transaction."""
    rows = _load(session, batch)
    threads = _threads_of(session, rows)
    named = _named_of(session, rows)
    numbers = _Numbers(session, run.now.astimezone(run.ctx.profile.zone).year)
    new: list[tuple[_Letter, Case]] = []
    joined: list[tuple[_Letter, Case]] = []
    for row in rows:
        key = _thread_key(row)
        thread = _thread_to_join(threads, key, row.author_key) or _named_to_join(named, row)
        if thread is not None:
            thread.authors.add(row.author_key)
            joined.append((row, thread.case))
        else:
            thread = _Thread(_new_case(run, row, numbers.next()), {row.author_key})
            new.append((row, thread.case))
        if key is not None and thread not in threads.setdefault(key, []):
            threads[key].append(thread)
    session.add_all(case for _, case in new)
    session.flush()
    links = [_link(case, row, OPENING) for row, case in new] + [_link(case, row, FOLLOW_UP) for row, case in joined]
    if links:
        session.execute(sa.insert(CaseMessage), links)
    deadlines = [
        deadline_row(case.id, found, run.now) for row, case in new if (found := _due_of(run, row, case)) is not None
    ]
    if deadlines:
        session.execute(sa.insert(Deadline), deadlines)
    entries = [_entry(AuditAction.CASE_OPEN, row, case) for row, case in new]
    entries += [_entry(AuditAction.CASE_FOLLOW_UP, row, case) for row, case in joined]
    record_all(session, run.ctx.vault, entries, run.now)
    for row, case in joined:
        _follow_up(session, run, row, case)
    run.counts["opened"] += len(new)
    run.counts["followed_up"] += len(joined)


def _load(session: Session, batch: Sequence[int]) -> list[_Letter]:
    """Read what opening needs of the messages that are still without a case, oldest first."""
    latest = (
        sa.select(sa.func.max(Prediction.id)).where(Prediction.message_id.in_(batch)).group_by(Prediction.message_id)
    )
    found = session.execute(
        sa.select(
            Message.id,
            Message.source,
            Message.channel,
            Message.thread_key,
            Message.receipt_no,
            Message.author_key,
            Message.access,
            Message.received_at,
            Message.given_due_at,
            Prediction,
        )
        .outerjoin(Prediction, sa.and_(Prediction.message_id == Message.id, Prediction.id.in_(latest)))
        .where(
            Message.id.in_(batch),
            visible_to(PIPELINE),
            ~sa.exists().where(CaseMessage.message_id == Message.id),
        )
        .order_by(Message.received_at, Message.id)
    )
    return [_Letter(*list(row)) for row in found]


_Key = tuple[str, str, str]


@dataclass(frozen=True)
class _Thread:
    """A case of a thread and the author keys of its messages; None stands for a message without one."""

    case: Case
    authors: set[str | None]


def _thread_to_join(threads: dict[_Key, list[_Thread]], key: _Key | None, author: str | None) -> _Thread | None:
    """Return the newest case of the thread that an author's message belongs to: their own before a nameless one.

    What names a thread comes from the sender and can be forged, so that it alone opens nobody else's case.
    """
    found = threads.get(key, []) if key is not None else []
    own = [each for each in found if author is not None and author in each.authors]
    nameless = [each for each in found if each.authors <= {None}]
    return next(reversed(own or nameless), None)


def _thread_key(row: _Letter) -> _Key | None:
    """Return what a follow-up shares with its case; None for a message that never joins another.

    Access belongs to it: a restricted letter in an open case would show that it exists, an open one in a
    restricted case would be hidden from the clerk.
    """
    if row.thread_key is None or not _may_join(row):
        return None
    return row.source, row.thread_key, row.access


def _may_join(row: _Letter) -> bool:
    return row.channel not in NEVER_JOINED and (row.predicted is None or row.predicted.kind != REPORT)


def _threads_of(session: Session, rows: list[_Letter]) -> dict[_Key, list[_Thread]]:
    """Return the cases, oldest first, of each thread that a message of this batch may join."""
    wanted = {key for row in rows if (key := _thread_key(row)) is not None}
    if not wanted:
        return {}
    query = _joinable(Message.thread_key).where(Message.thread_key.in_({thread for _, thread, _ in wanted}))
    authors = _authors_of(session, query)
    threads: dict[_Key, list[_Thread]] = {}
    for row in session.execute(query.order_by(Case.id)).unique():
        thread = _Thread(_survivor(session, row.Case), authors[row.Case.id])
        threads.setdefault((row.source, row.thread_key, row.access), []).append(thread)
    return threads


def _named_of(session: Session, rows: list[_Letter]) -> dict[_Key, list[_Thread]]:
    """Return the cases, oldest first, that letters of this batch name: by the case's number, or by the receipt number
    or id of a message of the same source.
    """
    naming = [row for row in rows if row.receipt_no is not None and row.author_key is not None and _may_join(row)]
    if not naming:
        return {}
    names, sources = {row.receipt_no for row in naming}, {row.source for row in naming}
    holding = (
        sa.select(CaseMessage.case_id)
        .join(Message, Message.id == CaseMessage.message_id)
        .where(Message.source.in_(sources), visible_to(PIPELINE))
    )
    query = _joinable(Message.receipt_no, Message.external_id).where(
        sa.or_(
            CaseMessage.case_id.in_(sa.select(Case.id).where(Case.number.in_(names))),
            *(
                CaseMessage.case_id.in_(holding.where(column.in_(names)))
                for column in (Message.receipt_no, Message.external_id)
            ),
        )
    )
    authors = _authors_of(session, query)
    named: dict[_Key, list[_Thread]] = {}
    for row in session.execute(query.order_by(Case.id)).unique():
        thread = _Thread(_survivor(session, row.Case), authors[row.Case.id])
        keys = {(row.source, name) for name in (row.receipt_no, row.external_id)}
        keys |= {(source, row.Case.number) for source in sources}
        for source, name in keys:
            named.setdefault((source, name, row.access), []).append(thread)
    return named


def _named_to_join(named: dict[_Key, list[_Thread]], row: _Letter) -> _Thread | None:
    """Return the newest case that a letter names, if its author has written to it before: numbers can be guessed."""
    if row.receipt_no is None or row.author_key is None or not _may_join(row):
        return None
    found = named.get((row.source, row.receipt_no, row.access), [])
    return next((each for each in reversed(found) if row.author_key in each.authors), None)


def _joinable(*columns: Any) -> sa.Select[Any]:
    """Return the query for the messages in cases that a further letter may join."""
    reported = sa.exists().where(Prediction.message_id == Message.id, Prediction.kind == REPORT)
    return (
        sa.select(Message.source, Message.access, Case, *columns)
        .select_from(Message)
        .join(CaseMessage, CaseMessage.message_id == Message.id)
        .join(Case, Case.id == CaseMessage.case_id)
        .where(Message.channel.not_in(NEVER_JOINED), ~reported, visible_to(PIPELINE))
    )


def _authors_of(session: Session, query: sa.Select[Any]) -> dict[int, set[str | None]]:
    """Return the author keys of the messages of each case that a query finds."""
    authors: dict[int, set[str | None]] = {}
    written = (
        sa.select(CaseMessage.case_id, Message.author_key)
        .join(Message, Message.id == CaseMessage.message_id)
        .where(CaseMessage.case_id.in_(query.with_only_columns(Case.id)), visible_to(PIPELINE))
    )
    for case_id, author in session.execute(written):
        authors.setdefault(case_id, set()).add(author)
    return authors


def _survivor(session: Session, case: Case) -> Case:
    """Return the case into which this one was merged, or itself."""
    while case.merged_into is not None:
        case = session.get_one(Case, case.merged_into)
    return case


class _Numbers:
    """Running numbers of one year without gaps; the caller holds the turn, so nobody else counts."""

    def __init__(self, session: Session, year: int) -> None:
        self._prefix = f"{year}-"
        running = sa.cast(sa.func.substr(Case.number, len(self._prefix) + 1), sa.Integer)
        self._last = session.scalar(sa.select(sa.func.max(running)).where(Case.number.startswith(self._prefix))) or 0

    def next(self) -> str:
        """Return the next number, such as 2026-000123."""
        self._last += 1
        return f"{self._prefix}{self._last:06d}"


def _new_case(run: _Run, row: _Letter, number: str) -> Case:
    return Case(
        number=number,
        state=State.TRIAGE,
        channel=row.channel,
        owner=suggest(row.channel, row.predicted, run.ctx.profile).owner,
        urgency=_UNKNOWN_URGENCY if row.predicted is None else row.predicted.urgency,
        received_at=row.received_at,
        opened_at=run.now,
    )


def _link(case: Case, row: _Letter, role: str) -> dict[str, Any]:
    return {"case_id": case.id, "message_id": row.id, "role": role}


def _entry(action: AuditAction, row: _Letter, case: Case) -> Entry:
    return Entry(SYSTEM, action, f"case:{case.id}", {"number": case.number, "message": row.id})


def _due_of(run: _Run, row: _Letter, case: Case) -> Due | None:
    """Return the due date by the message's channel; None if the channel has no clock, or no rule is in force."""
    channel: Channel | None = run.ctx.profile.channel(row.channel)
    if channel is None or channel.clock is None:
        return None
    try:
        return due(channel.clock, row.received_at, run.ctx.profile, run.calendar, given=row.given_due_at)
    except (NoRule, CalendarError) as error:
        # The letter is real whatever its date says: it goes into the queue, and a person sets the date right.
        log.warning("case.without_deadline", case=case.number, clock=channel.clock, reason=error.what)
        run.counts["without_deadline"] += 1
        return None


def _follow_up(session: Session, run: _Run, row: _Letter, case: Case) -> None:
    """Raise the urgency if the new message is more urgent, and reopen the case if it was closed."""
    if row.predicted is not None and _rank(row.predicted.urgency) < _rank(case.urgency):
        case.urgency = row.predicted.urgency
    if State(case.state) not in CLOSED:
        return
    lifecycle.move(session, run.ctx.vault, case, Move.REOPEN, SYSTEM, run.now)
    run.counts["reopened"] += 1
    found = _due_of(run, row, case)
    if found is not None:
        stored = store_deadline(session, case, found, run.now)
        stored.steps = ["来信人再次来件，案件重新办理，期限自再次来件之日起重新计算", *stored.steps]


def _rank(urgency: str) -> int:
    return URGENCIES.index(urgency)
