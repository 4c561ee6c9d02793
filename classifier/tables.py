"""Tables of the classifier: model bundles, what they predicted by message and by day, and what people said is true."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from config.database import Base, SealableJson, UtcDateTime

ORIGINS = ("corrected", "accepted", "blind", "imported")


class ModelVersion(Base):
    """One model bundle: a file that answers every question. At most one is active."""

    __tablename__ = "model_versions"
    __table_args__ = (
        sa.Index(
            "uq_model_versions_one_active",
            "active",
            unique=True,
            sqlite_where=sa.text("active"),
            postgresql_where=sa.text("active"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(sa.String(64), unique=True)
    file: Mapped[str] = mapped_column(sa.String(255), comment="name in the models folder; empty: shipped")
    checksum: Mapped[str] = mapped_column(sa.String(64), comment="SHA-256 of the file")
    report: Mapped[dict[str, Any]] = mapped_column(sa.JSON, comment="evaluation at training time")
    active: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    activated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    activated_by: Mapped[str | None] = mapped_column(sa.String(64))


class Prediction(Base):
    """What one bundle said of one message; written once, never updated."""

    __tablename__ = "predictions"
    __table_args__ = (sa.UniqueConstraint("message_id", "model_version_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(sa.ForeignKey("messages.id"))
    model_version_id: Mapped[int] = mapped_column(sa.ForeignKey("model_versions.id"), index=True)
    category: Mapped[str] = mapped_column(sa.String(32))
    category_confidence: Mapped[float]
    owner: Mapped[str] = mapped_column(sa.String(64))
    owner_confidence: Mapped[float]
    kind: Mapped[str] = mapped_column(sa.String(16))
    kind_confidence: Mapped[float]
    sentiment: Mapped[str] = mapped_column(sa.String(8))
    sentiment_confidence: Mapped[float]
    emotion: Mapped[str | None] = mapped_column(sa.String(16), comment="posts only")
    emotion_confidence: Mapped[float | None]
    urgency: Mapped[str] = mapped_column(sa.String(8))
    urgency_confidence: Mapped[float]
    abstained: Mapped[str] = mapped_column(sa.String(128), comment="questions under threshold, ;-joined")
    why: Mapped[dict[str, Any]] = mapped_column(SealableJson, comment="question -> deciding words")
    predicted_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PredictionDay(Base):
    """How often one version gave one answer on one day and channel; numbers only, of messages everyone may read."""

    __tablename__ = "prediction_days"

    day: Mapped[date] = mapped_column(primary_key=True, comment="of receipt, in the bureau's zone")
    model_version_id: Mapped[int] = mapped_column(sa.ForeignKey("model_versions.id"), primary_key=True)
    channel: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    question: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    value: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    messages: Mapped[int]
    abstained: Mapped[int] = mapped_column(comment="of these, under the threshold and left to a person")
    confidence_sum: Mapped[float]
    confidence_squares: Mapped[float] = mapped_column(comment="sum of the squares, for the spread")


class Label(Base):
    """What a person said is true of a message; the newest of a question counts, older ones stay."""

    __tablename__ = "labels"
    __table_args__ = (
        sa.Index("ix_labels_message_id_question", "message_id", "question"),
        sa.CheckConstraint("origin in ('corrected', 'accepted', 'blind', 'imported')", name="origin"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(sa.ForeignKey("messages.id"))
    question: Mapped[str] = mapped_column(sa.String(16))
    value: Mapped[str] = mapped_column(sa.String(64))
    origin: Mapped[str] = mapped_column(sa.String(16))
    by: Mapped[str] = mapped_column(sa.String(64))
    labelled_at: Mapped[datetime] = mapped_column(UtcDateTime)
