"""Who may read which message: the only way any list, search, report, export or training set reads messages."""

from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collector.tables import NORMAL, RESTRICTED, Message
from config.database import Sealed


class Viewer(Protocol):
    """Somebody, or some part of the service, that reads messages."""

    @property
    def sees_restricted(self) -> bool:
        """Whether restricted messages may be read."""


class _Everyone:
    sees_restricted = False


class _Pipeline:
    sees_restricted = True


EVERYONE: Viewer = _Everyone()
"""Command line, reports, exports and training: never a restricted message."""

PIPELINE: Viewer = _Pipeline()
"""The service at its own work (classifying, opening cases); what it reads it shows to nobody."""


def visible_to(viewer: Viewer) -> sa.ColumnElement[bool]:
    """Return the condition that every query over messages carries: the rows this viewer may read."""
    return sa.true() if viewer.sees_restricted else Message.access == NORMAL


def restrict(session: Session, message: Message) -> None:
    """Make a message restricted and seal its text; the caller commits.

    Harmless when repeated. The reverse is a person's decision and not made here.
    """
    message.access = RESTRICTED
    message.title = Sealed(message.title)
    message.body = Sealed(message.body)
    if message.answer_text is not None:
        message.answer_text = Sealed(message.answer_text)
    # SQLAlchemy compares old and new as equal text and would skip the write.
    for column in ("title", "body", "answer_text"):
        sa.orm.attributes.flag_modified(message, column)
    session.flush()
