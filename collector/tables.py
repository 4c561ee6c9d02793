"""Tables of the collector: originals, messages, and what could not be read.

`messages` and its columns are relied on from outside; see docs/architecture.md.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from config.database import Base, SealableText, SealedBytes, SealedText, UtcDateTime

NORMAL, RESTRICTED = "normal", "restricted"


class RawItem(Base):
    """The bytes as they came, stored before they are parsed; one row a file, mail or page."""

    __tablename__ = "raw_items"
    __table_args__ = (
        sa.UniqueConstraint("source", "sha256"),
        sa.CheckConstraint("state in ('new', 'parsed', 'set_aside')", name="state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(sa.String(64))
    channel: Mapped[str] = mapped_column(sa.String(32))
    name: Mapped[str] = mapped_column(SealedText, comment="file or address; a letter's file bears its subject")
    sha256: Mapped[str] = mapped_column(sa.String(64), comment="of the bytes before sealing")
    size: Mapped[int] = mapped_column(comment="bytes before sealing")
    content: Mapped[bytes | None] = mapped_column(SealedBytes, comment="empty once purged")
    options: Mapped[dict[str, Any]] = mapped_column(sa.JSON, comment="how it is to be read")
    state: Mapped[str] = mapped_column(sa.String(16), default="new", index=True)
    strikes: Mapped[int] = mapped_column(default=0, comment="failed attempts to parse the whole item")
    error: Mapped[str | None] = mapped_column(sa.Text, comment="last failure in words")
    collected_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Message(Base):
    """One thing somebody said to the bureau, as text."""

    __tablename__ = "messages"
    __table_args__ = (
        sa.UniqueConstraint("source", "external_id"),
        sa.Index("ix_messages_channel_received_at", "channel", "received_at"),
        # Few messages ask for a case by hand, and the question is asked every half minute.
        sa.Index(
            "ix_messages_open_case", "id", sqlite_where=sa.text("open_case = 1"), postgresql_where=sa.text("open_case")
        ),
        sa.CheckConstraint("access in ('normal', 'restricted')", name="access"),
        sa.CheckConstraint(
            "access <> 'restricted' or (title like 'enc:%' and body like 'enc:%'"
            " and (answer_text is null or answer_text like 'enc:%'))",
            name="restricted_is_sealed",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(sa.String(64))
    channel: Mapped[str] = mapped_column(sa.String(32))
    external_id: Mapped[str] = mapped_column(sa.String(255), comment="the source's id, or fp:<fingerprint>")
    receipt_no: Mapped[str | None] = mapped_column(sa.String(64), index=True)
    title: Mapped[str] = mapped_column(SealableText, default="")
    body: Mapped[str] = mapped_column(SealableText)
    author_key: Mapped[str | None] = mapped_column(sa.String(32), index=True, comment="keyed hash, equality only")
    author_name: Mapped[str | None] = mapped_column(SealedText)
    contact: Mapped[str | None] = mapped_column(SealedText)
    posted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    collected_at: Mapped[datetime] = mapped_column(UtcDateTime)
    likes: Mapped[int] = mapped_column(default=0)
    dislikes: Mapped[int] = mapped_column(default=0)
    thread_key: Mapped[str | None] = mapped_column(sa.String(255), index=True)
    given_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="the order's own limit")
    answer_text: Mapped[str | None] = mapped_column(SealableText, comment="official answer that came with it")
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answered_by: Mapped[str | None] = mapped_column(sa.String(128))
    quoted_text: Mapped[str | None] = mapped_column(SealedText, comment="earlier mails quoted beneath the new words")
    publish_consent: Mapped[bool | None] = mapped_column(comment="empty: not said")
    access: Mapped[str] = mapped_column(sa.String(16), default=NORMAL)
    open_case: Mapped[bool] = mapped_column(default=False, comment="a person asked for a case at import")
    raw_item_id: Mapped[int] = mapped_column(sa.ForeignKey("raw_items.id"), index=True)


class Attachment(Base):
    """A file that came with a message."""

    __tablename__ = "attachments"
    __table_args__ = (sa.UniqueConstraint("message_id", "sha256"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(sa.ForeignKey("messages.id"))
    name: Mapped[str] = mapped_column(SealedText)
    media_type: Mapped[str] = mapped_column(sa.String(128))
    size: Mapped[int] = mapped_column(comment="bytes")
    sha256: Mapped[str] = mapped_column(sa.String(64))
    content: Mapped[bytes] = mapped_column(SealedBytes)


class SourceCursor(Base):
    """How far a source has been read; committed together with the rows it stands for."""

    __tablename__ = "source_cursors"

    source: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    cursor: Mapped[str] = mapped_column(sa.Text)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SourceState(Base):
    """How a live source is doing: health for people, and what its client must remember between processes."""

    __tablename__ = "source_states"

    source: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    tried_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    good_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="end of the last run without a fault")
    failures: Mapped[int] = mapped_column(default=0, comment="failed runs since the last good one")
    resting_until: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="not asked before, after failures")
    error: Mapped[str | None] = mapped_column(sa.Text, comment="last failure in words; empty after a good run")
    client: Mapped[dict[str, Any]] = mapped_column(sa.JSON, comment="requests of the day, robots.txt")


class CollectionRun(Base):
    """One collection or import: when, and what became of each item."""

    __tablename__ = "collection_runs"

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(sa.String(64), index=True)
    name: Mapped[str] = mapped_column(SealedText, default="")
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="empty: running, or killed")
    fetched: Mapped[int] = mapped_column(default=0)
    stored: Mapped[int] = mapped_column(default=0)
    duplicates: Mapped[int] = mapped_column(default=0)
    dropped: Mapped[int] = mapped_column(default=0)
    set_aside: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(sa.Text)


class SetAside(Base):
    """An item that could not be stored as a message; its bytes stay in the raw item until a person decides."""

    __tablename__ = "set_aside"
    __table_args__ = (
        sa.UniqueConstraint("raw_item_id", "position"),
        sa.Index("ix_set_aside_source_position", "source", "position"),
        sa.CheckConstraint("state in ('waiting', 'stored', 'dropped')", name="state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    raw_item_id: Mapped[int] = mapped_column(sa.ForeignKey("raw_items.id"))
    source: Mapped[str] = mapped_column(sa.String(64))
    position: Mapped[str] = mapped_column(sa.String(64), comment="row or part of the raw item; empty: all of it")
    reason: Mapped[str] = mapped_column(sa.String(64), comment="a word for counting")
    detail: Mapped[str] = mapped_column(sa.Text, comment="a sentence for a person, without personal data")
    strikes: Mapped[int] = mapped_column(default=1)
    state: Mapped[str] = mapped_column(sa.String(16), default="waiting", index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ApiKey(Base):
    """A key with which another system may push messages into one channel; only its hash is kept."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(64), unique=True)
    key_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    channel: Mapped[str] = mapped_column(sa.String(32))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
