"""The triage queue: what a clerk has to give to somebody, the most pressing first, each row with its reasons."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal, TypeVarTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from classifier.tables import Prediction
from collector.access import PIPELINE, Viewer, visible_to
from collector.tables import Message
from config.calendars import load_calendar
from config.profile import URGENCIES, Profile
from config.workdays import WorkCalendar, working_days_between
from responder.cases import OPENING
from responder.lifecycle import OPEN, State
from responder.routing import Basis, questions, suggest, words
from responder.tables import Case, CaseMessage, Deadline

_Columns = TypeVarTuple("_Columns")

Colour = Literal["overdue", "today", "soon", "later"]

SOON_DAYS = 2
"""A due date at most this many days away (working days where the rule counts those) is `soon`."""

_TITLE_CHARS = 40
_PAGE = 500


@dataclass(frozen=True)
class QueueRow:
    """One case as the queue shows it; the author is never part of it.

    Args:
        title: of the opening message, or its first words.
        owner: proposed; None: a clerk decides.
        owner_confidence: 0 to 1; None where no model decided.
        owner_why, urgency_why: the deciding words in Chinese.
        kind, sentiment: None while nothing was predicted.
        due_on: None for a case without a clock; then `left` says so.
        left: how much time is left, in Chinese.
        abstained: the questions the classifier did not dare to answer.
    """

    case_id: int
    number: str
    state: str
    channel: str
    channel_name: str
    received_at: datetime
    title: str
    owner: str | None
    owner_confidence: float | None
    owner_basis: Basis
    owner_why: str
    kind: str | None
    sentiment: str | None
    urgency: str
    urgency_why: str
    due_on: date | None
    left: str
    colour: Colour
    provisional: bool
    abstained: tuple[str, ...]


def triage(
    session: Session,
    viewer: Viewer,
    profile: Profile,
    now: datetime,
    limit: int | None = None,
    offset: int = 0,
) -> list[QueueRow]:
    """Return the cases that wait for 分办: overdue ones first, then by urgency, then by due date.

    Args:
        viewer: cases whose opening message this viewer may not read are left out; see `hidden_restricted`.
    """
    rank = sa.case({word: rank for rank, word in enumerate(URGENCIES)}, value=Case.urgency, else_=len(URGENCIES))
    # The nearest of a case's due dates counts; one grouped join is twice as fast as a subquery a row.
    due_at = sa.func.min(Deadline.due_at)
    ids = session.scalars(
        _visible_cases(sa.select(Case.id), viewer)
        .outerjoin(Deadline, Deadline.case_id == Case.id)
        .where(Case.state == State.TRIAGE)
        .group_by(Case.id)
        .order_by(sa.case((due_at <= now, 0), else_=1), rank, due_at.is_(None), due_at, Case.id)
        .limit(limit)
        .offset(offset)
    ).all()
    calendar = load_calendar(session)
    rows: list[QueueRow] = []
    for first in range(0, len(ids), _PAGE):
        rows += _rows(session, viewer, profile, calendar, now, ids[first : first + _PAGE])
    return rows


def counts(session: Session, viewer: Viewer) -> dict[str, int]:
    """Return how many cases the viewer may see in each open state, 待分办 first."""
    query = _visible_cases(sa.select(Case.state, sa.func.count()), viewer).group_by(Case.state)
    found: dict[str, int] = dict(session.execute(query).all())
    return {state: found.get(state, 0) for state in OPEN}


def hidden_restricted(session: Session, viewer: Viewer) -> int:
    """Return how many open cases the viewer may not see: a number and nothing else of them."""
    return sum(counts(session, PIPELINE).values()) - sum(counts(session, viewer).values())


def time_left(
    due_on: date, due_at: datetime, now: datetime, calendar: WorkCalendar, *, working: bool
) -> tuple[str, Colour]:
    """Return in Chinese how much time is left, and the colour that goes with it.

    Args:
        due_on: the last local day in time.
        due_at: the moment it is overdue.
        now: in the bureau's zone.
        working: count working days, as the rule does; otherwise calendar days.
    """
    today = now.date()
    if now >= due_at:
        days = _days(due_on, today, calendar, working=working)
        unit = "个工作日" if working else "天"
        if days:
            return f"已逾期{days}{unit}", "overdue"
        return ("已逾期" if today == due_on else f"已逾期不足1{unit}"), "overdue"
    if today == due_on:
        hour = due_at.astimezone(now.tzinfo)
        return (f"今天{hour:%H:%M}到期" if hour.time() != time.min else "今天到期"), "today"
    days = _days(today, due_on, calendar, working=working)
    if working and days:
        return f"还剩{days}个工作日", "soon" if days <= SOON_DAYS else "later"
    days = (due_on - today).days
    return f"还剩{days}天", "soon" if days <= SOON_DAYS else "later"


def _visible_cases(query: sa.Select[*_Columns], viewer: Viewer) -> sa.Select[*_Columns]:
    """Narrow a query over cases to open ones, not merged into another, whose opening message the viewer may read."""
    return (
        query.select_from(Case)
        .join(CaseMessage, sa.and_(CaseMessage.case_id == Case.id, CaseMessage.role == OPENING))
        .join(Message, Message.id == CaseMessage.message_id)
        .where(visible_to(viewer), Case.state.in_(OPEN), Case.merged_into.is_(None))
    )


def _days(start: date, end: date, calendar: WorkCalendar, *, working: bool) -> int:
    return working_days_between(start, end, calendar) if working else (end - start).days


def _rows(
    session: Session,
    viewer: Viewer,
    profile: Profile,
    calendar: WorkCalendar,
    now: datetime,
    ids: Sequence[int],
) -> Iterator[QueueRow]:
    """Yield the rows of these cases in this order; one restricted a moment ago is left out."""
    query = (
        sa.select(Case, Message.id, Message.title, Message.body)
        .join(CaseMessage, CaseMessage.case_id == Case.id)
        .join(Message, Message.id == CaseMessage.message_id)
        .where(Case.id.in_(ids), CaseMessage.role == OPENING, visible_to(viewer))
    )
    found = {
        case.id: (case, message, title or _first_words(body)) for case, message, title, body in session.execute(query)
    }
    latest = (
        sa.select(sa.func.max(Prediction.id))
        .where(Prediction.message_id.in_([message for _, message, _ in found.values()]))
        .group_by(Prediction.message_id)
    )
    predictions = {
        each.message_id: each for each in session.scalars(sa.select(Prediction).where(Prediction.id.in_(latest)))
    }
    deadlines: dict[int, Deadline] = {}
    for each in session.scalars(sa.select(Deadline).where(Deadline.case_id.in_(ids)).order_by(Deadline.due_at.desc())):
        deadlines[each.case_id] = each
    local = now.astimezone(profile.zone)
    for case_id in ids:
        if case_id in found:
            case, message, title = found[case_id]
            predicted, deadline = predictions.get(message), deadlines.get(case_id)
            yield _row(case, title, predicted, deadline, profile, calendar, local)


def _row(
    case: Case,
    title: str,
    predicted: Prediction | None,
    deadline: Deadline | None,
    profile: Profile,
    calendar: WorkCalendar,
    now: datetime,
) -> QueueRow:
    channel = profile.channel(case.channel)
    suggestion = suggest(case.channel, predicted, profile)
    # A person or an older model may have proposed somebody else; the reasons are then not this owner's.
    same = suggestion.owner == case.owner
    left, colour = _left(deadline, now, calendar)
    return QueueRow(
        case_id=case.id,
        number=case.number,
        state=case.state,
        channel=case.channel,
        channel_name=case.channel if channel is None else channel.name,
        received_at=case.received_at,
        title=title,
        owner=case.owner,
        owner_confidence=suggestion.confidence if same else None,
        owner_basis=suggestion.basis if same else Basis.NONE,
        owner_why=suggestion.why if same else "",
        kind=None if predicted is None else predicted.kind,
        sentiment=None if predicted is None else predicted.sentiment,
        urgency=case.urgency,
        urgency_why=words(predicted.why, "urgency") if predicted and predicted.urgency == case.urgency else "",
        due_on=None if deadline is None else deadline.due_on,
        left=left,
        colour=colour,
        provisional=deadline is not None and deadline.provisional,
        abstained=() if predicted is None else questions(predicted.abstained),
    )


def _left(deadline: Deadline | None, now: datetime, calendar: WorkCalendar) -> tuple[str, Colour]:
    if deadline is None:
        return "未设办理时限", "later"
    working = deadline.rule["unit"] == "working_days"
    return time_left(deadline.due_on, deadline.due_at, now, calendar, working=working)


def _first_words(body: str) -> str:
    text = " ".join(body.split())
    return text if len(text) <= _TITLE_CHARS else text[:_TITLE_CHARS] + "…"
