"""One case with all that is known of it, for somebody who reads it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from classifier.tables import Prediction
from collector.access import Viewer, visible_to
from collector.tables import Attachment, Message
from config.calendars import load_calendar
from config.profile import Profile
from config.workdays import WorkCalendar
from responder.cases import OPENING
from responder.queue import Colour, time_left
from responder.routing import Suggestion, questions, suggest, words
from responder.tables import Case, CaseMessage, Deadline

EXCERPT_CHARS = 120

# What a stranger writes into the address is not handed to the database, which may choke on it (NUL on PostgreSQL).
_NUMBER = re.compile(r"[0-9]{4}-[0-9]{6,9}")

QUESTIONS = {
    "category": "主题分类",
    "owner": "承办单位",
    "kind": "诉求性质",
    "sentiment": "情感倾向",
    "urgency": "紧急程度",
}


@dataclass(frozen=True)
class Answer:
    """What the classifier said to one question.

    Args:
        question: in Chinese.
        sure: False if it was under its threshold; the value is then its best guess.
        why: the deciding words as running text; empty if there are none.
    """

    question: str
    value: str
    confidence: float
    sure: bool
    why: str


@dataclass(frozen=True)
class Letter:
    """One message of a case."""

    message: Message
    follow_up: bool
    attachments: Sequence[Attachment]
    answers: Sequence[Answer]
    suggestion: Suggestion


@dataclass(frozen=True)
class DueLine:
    """A due date of a case, with how much time is left in Chinese and the colour that goes with it."""

    deadline: Deadline
    left: str
    colour: Colour


@dataclass(frozen=True)
class CaseFile:
    """A case, its letters in order of receipt, its due dates, and the case it was merged into."""

    case: Case
    letters: Sequence[Letter]
    dues: Sequence[DueLine]
    merged_into: str | None


@dataclass(frozen=True)
class Glance:
    """The opening message's first words, and how the first due date was reckoned."""

    excerpt: str
    steps: Sequence[str]


def load_case_file(session: Session, viewer: Viewer, profile: Profile, number: str, now: datetime) -> CaseFile | None:
    """Return the case of this number; None also if the viewer may not read the message that opened it.

    Later messages that the viewer may not read are left out.
    """
    if not _NUMBER.fullmatch(number):
        return None
    case = session.scalar(sa.select(Case).where(Case.number == number, _opening_visible(viewer)))
    if case is None:
        return None
    found = session.execute(
        sa.select(Message, CaseMessage.role)
        .join(CaseMessage, CaseMessage.message_id == Message.id)
        .where(CaseMessage.case_id == case.id, visible_to(viewer))
        .order_by(Message.received_at, Message.id)
    ).all()
    letters = [_letter(session, profile, message, role) for message, role in found]
    deadlines = session.scalars(sa.select(Deadline).where(Deadline.case_id == case.id).order_by(Deadline.due_at))
    calendar, local = load_calendar(session), now.astimezone(profile.zone)
    dues = [_due_line(case, deadline, local, calendar) for deadline in deadlines]
    merged_into = session.scalar(sa.select(Case.number).where(Case.id == case.merged_into, _opening_visible(viewer)))
    return CaseFile(case, letters, dues, merged_into)


def load_glances(session: Session, viewer: Viewer, case_ids: Sequence[int]) -> dict[int, Glance]:
    """Return, by case id, what a list shows of cases beside their columns; hidden cases are left out."""
    opening = session.execute(
        sa.select(CaseMessage.case_id, Message.body)
        .join(Message, Message.id == CaseMessage.message_id)
        .where(CaseMessage.case_id.in_(case_ids), CaseMessage.role == OPENING, visible_to(viewer))
    )
    texts = {case_id: _excerpt(body) for case_id, body in opening}
    deadlines = sa.select(Deadline).where(Deadline.case_id.in_(texts)).order_by(Deadline.due_at.desc())
    first = {deadline.case_id: deadline for deadline in session.scalars(deadlines)}
    return {case_id: Glance(text, first[case_id].steps if case_id in first else ()) for case_id, text in texts.items()}


def _excerpt(body: str) -> str:
    text = " ".join(body.split())
    return text if len(text) <= EXCERPT_CHARS else text[:EXCERPT_CHARS] + "…"


def _opening_visible(viewer: Viewer) -> sa.ColumnElement[bool]:
    return (
        sa.select(CaseMessage.id)
        .join(Message, Message.id == CaseMessage.message_id)
        .where(CaseMessage.case_id == Case.id, CaseMessage.role == OPENING, visible_to(viewer))
        .exists()
    )


def _due_line(case: Case, deadline: Deadline, now: datetime, calendar: WorkCalendar) -> DueLine:
    if case.closed_at is not None:
        return DueLine(deadline, "按期办结" if case.closed_at < deadline.due_at else "逾期办结", "later")
    working = deadline.rule["unit"] == "working_days"
    left, colour = time_left(deadline.due_on, deadline.due_at, now, calendar, working=working)
    return DueLine(deadline, left, colour)


def _letter(session: Session, profile: Profile, message: Message, role: str) -> Letter:
    attachments = session.scalars(
        sa.select(Attachment)
        .where(Attachment.message_id == message.id)
        .options(sa.orm.defer(Attachment.content))
        .order_by(Attachment.id)
    ).all()
    prediction = session.scalar(
        sa.select(Prediction).where(Prediction.message_id == message.id).order_by(Prediction.id.desc()).limit(1)
    )
    answers = _answers(prediction) if prediction else ()
    return Letter(message, role != OPENING, attachments, answers, suggest(message.channel, prediction, profile))


def _answers(prediction: Prediction) -> list[Answer]:
    unsure = questions(prediction.abstained)
    return [
        Answer(
            name,
            getattr(prediction, question),
            getattr(prediction, f"{question}_confidence"),
            question not in unsure,
            words(prediction.why, question),
        )
        for question, name in QUESTIONS.items()
    ]
