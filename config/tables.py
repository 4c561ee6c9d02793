"""Tables of the ground floor: what this installation is, and the calendars imported into it."""

from datetime import date, datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from config.database import Base, SealedText, UtcDateTime

DayKind = Literal["off", "work"]


class Installation(Base):
    """One row: when this home was initialised, and a sealed word that tells whether the key fits."""

    __tablename__ = "installation"
    __table_args__ = (sa.CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    initialised_at: Mapped[datetime] = mapped_column(UtcDateTime)
    key_check: Mapped[str] = mapped_column(SealedText, comment="opens only with this home's key")
    demo: Mapped[bool] = mapped_column(default=False, comment="an invented bureau; may be made anew")


class CalendarDay(Base):
    """One day that an imported calendar names: a day off, or a make-up working day.

    The notice of one year may name days of the December before it, so that the year of the notice is a column
    of its own: it tells which years are published, and which rows a new import replaces.
    """

    __tablename__ = "calendar_days"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, comment="of the notice")
    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(8), comment="off or work")
    name: Mapped[str] = mapped_column(sa.String(64), default="")
    source: Mapped[str] = mapped_column(sa.String(255), comment="file it came from")
    imported_at: Mapped[datetime] = mapped_column(UtcDateTime)
