"""The contract between sources and intake: sources yield `Fetched`, intake decides what becomes of each.

A source asks and yields; it never writes to the database.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class FetchedAttachment:
    """A file beside a message, as bytes."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Fetched:
    """One message as a source or file gave it, cleaned to text, before anything is decided.

    Args:
        position: where in the raw item it stood (row number, part); unique there.
        external_id: the source's id; None where it has none, then a fingerprint stands for it.
        posted_at: aware; when the author wrote.
        received_at: aware; when the bureau received it; None: as posted_at.
        kind: the kind the source itself stated (诉求类型), only used to decide access.
    """

    position: str
    body: str
    posted_at: datetime
    title: str = ""
    external_id: str | None = None
    receipt_no: str | None = None
    author_name: str | None = None
    contact: str | None = None
    received_at: datetime | None = None
    likes: int = 0
    dislikes: int = 0
    thread_key: str | None = None
    quoted_text: str | None = None
    given_due_at: datetime | None = None
    answer_text: str | None = None
    answered_at: datetime | None = None
    answered_by: str | None = None
    publish_consent: bool | None = None
    kind: str | None = None
    confidential: bool = False
    attachments: Sequence[FetchedAttachment] = field(default=())


@dataclass(frozen=True)
class Unreadable:
    """An item that a reader could not turn into a message; intake sets it aside.

    Args:
        position: as in `Fetched`.
        reason: a word for counting, such as bad-date.
        detail: a sentence for a person, naming row and column but no personal data.
    """

    position: str
    reason: str
    detail: str


@dataclass(frozen=True)
class Blank:
    """An item with nothing to keep (an empty row, a repeated header); counted as dropped."""

    position: str
    reason: str


Item = Fetched | Unreadable | Blank
