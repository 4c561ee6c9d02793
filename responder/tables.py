"""Tables of the responder: cases, their deadlines, weekly editions, the audit chain and job runs."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from config.database import Base, UtcDateTime


class Case(Base):
    """One matter the bureau has to deal with."""

    __tablename__ = "cases"
    __table_args__ = (sa.Index("ix_cases_state_received_at", "state", "received_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(32), unique=True, comment="year and running number")
    state: Mapped[str] = mapped_column(sa.String(16))
    channel: Mapped[str] = mapped_column(sa.String(32))
    owner: Mapped[str | None] = mapped_column(sa.String(64), index=True, comment="empty: a clerk decides")
    urgency: Mapped[str] = mapped_column(sa.String(8))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    merged_into: Mapped[int | None] = mapped_column(sa.ForeignKey("cases.id"))
    revision: Mapped[int] = mapped_column(default=1, comment="optimistic lock")

    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012 - SQLAlchemy's own form


class CaseMessage(Base):
    """A message of a case; a message is in one case only."""

    __tablename__ = "case_messages"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(sa.ForeignKey("cases.id"), index=True)
    message_id: Mapped[int] = mapped_column(sa.ForeignKey("messages.id"), unique=True)
    role: Mapped[str] = mapped_column(sa.String(16), comment="opening or follow-up")


class Deadline(Base):
    """A due date of a case with the rule it was born under and every step of its reckoning."""

    __tablename__ = "deadlines"
    __table_args__ = (sa.UniqueConstraint("case_id", "clock"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(sa.ForeignKey("cases.id"))
    clock: Mapped[str] = mapped_column(sa.String(32))
    due_on: Mapped[date] = mapped_column(comment="last day in time, in the bureau's zone")
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True, comment="the moment it is overdue")
    provisional: Mapped[bool] = mapped_column(comment="a year without a published calendar was counted")
    rule: Mapped[dict[str, Any]] = mapped_column(sa.JSON, comment="the rule it was born under, whole")
    steps: Mapped[list[str]] = mapped_column(sa.JSON, comment="explanation, zh-CN, a line a step")
    computed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class WeeklyReport(Base):
    """An edition of the weekly summary; its figures are frozen, a correction is a new version."""

    __tablename__ = "weekly_reports"
    __table_args__ = (sa.UniqueConstraint("week", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    week: Mapped[str] = mapped_column(sa.String(8), comment="ISO week such as 2026-W47")
    version: Mapped[int]
    figures: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    drafted_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AuditEvent(Base):
    """One act, chained by keyed hashes: ids, field names and hashes, no personal values. Append-only."""

    __tablename__ = "audit_events"

    id: Mapped[int] = mapped_column(primary_key=True, comment="gapless")
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(sa.String(64))
    action: Mapped[str] = mapped_column(sa.String(64), index=True)
    subject: Mapped[str] = mapped_column(sa.String(64), comment="kind:id")
    detail: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    previous: Mapped[str] = mapped_column(sa.String(64))
    digest: Mapped[str] = mapped_column(sa.String(64), unique=True)


class JobRun(Base):
    """One run of one job."""

    __tablename__ = "job_runs"
    __table_args__ = (sa.Index("ix_job_runs_job_started_at", "job", "started_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    job: Mapped[str] = mapped_column(sa.String(32))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="empty: running, or killed")
    ok: Mapped[bool | None]
    counts: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    error: Mapped[str | None] = mapped_column(sa.Text)
