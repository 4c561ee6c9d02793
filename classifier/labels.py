"""What people say is true of a message. Labels are added, never changed; the newest of a question counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from classifier.errors import LabelError
from classifier.pipelines import ALL_QUESTIONS, FIXED_ANSWERS
from classifier.tables import ORIGINS, Label
from collector.access import Viewer, visible_to
from collector.tables import Message

ACCEPTED = "accepted"
"""The one origin that is no statement of its own: a person let a suggestion stand."""


@dataclass(frozen=True)
class Said:
    """One label as it was given.

    Args:
        value: the answer.
        origin, by, labelled_at: where it comes from, who said so and when.
    """

    value: str
    origin: str
    by: str
    labelled_at: datetime


def decisive(labels: Sequence[Said]) -> Said:
    """Return the label that counts among those of one message and question.

    The newest value counts. Where another origin than a mere accept said the same, the newest such label is
    returned, because it is the one that makes the value usable for training.

    Args:
        labels: in the order in which they were given; at least one.
    """
    last = labels[-1]
    return next((one for one in reversed(labels) if one.value == last.value and one.origin != ACCEPTED), last)


def check_question(question: str) -> None:
    """Refuse a question that does not exist.

    Raises:
        LabelError: names the questions there are.
    """
    if question not in ALL_QUESTIONS:
        raise LabelError("there is no such question", item=question, todo=_one_of(ALL_QUESTIONS))


def add_label(
    session: Session, message_id: int, question: str, value: str, origin: str, by: str, now: datetime
) -> Label:
    """Store one label; the caller commits.

    Args:
        origin: corrected, accepted, blind or imported; what it means is told in docs/classifier.md.
        by: who said so, as text.

    Raises:
        LabelError: no such question, origin or message, or an empty value.
    """
    check_question(question)
    if origin not in ORIGINS:
        raise LabelError("there is no such origin", item=origin, todo=_one_of(ORIGINS))
    fixed = FIXED_ANSWERS.get(question)
    if not value.strip() or (fixed is not None and value not in fixed):
        raise LabelError(f"{value[:20]!r} is not an answer", item=question, todo=_one_of(fixed or ()))
    if session.get(Message, message_id) is None:
        raise LabelError("there is no such message", item=str(message_id), todo="Check the number.")
    label = Label(message_id=message_id, question=question, value=value, origin=origin, by=by, labelled_at=now)
    session.add(label)
    session.flush()
    return label


def newest_labels(session: Session, message_id: int, viewer: Viewer) -> dict[str, Label]:
    """Return the label that counts for each question of a message."""
    rows = session.scalars(
        sa.select(Label)
        .join(Message, Message.id == Label.message_id)
        .where(Label.message_id == message_id)
        .where(visible_to(viewer))
        .order_by(Label.id)
    )
    return {label.question: label for label in rows}


def _one_of(values: Sequence[str]) -> str:
    return f"Use one of {', '.join(values)}." if values else "Give a value."
