"""Calendars of a year (放假调休安排): reading a file, keeping it in the database, making the `WorkCalendar`.

Two shapes are read: the JSON that the public project holiday-cn publishes
(`{"year", "papers", "days": [{"name", "date", "isOffDay"}]}`) and a CSV with the header 日期,类型,名称, where
类型 is 休 or 班. A notice may name days of the December before its year (the 2019 notice did).
"""

import csv
import io
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.orm import Session

from config.errors import CalendarError
from config.tables import CalendarDay, DayKind
from config.workdays import WorkCalendar, statutory_holidays

MAX_BYTES = 1024 * 1024
NAME_CHARS = 64

_HEADER = ["日期", "类型", "名称"]
_KINDS: dict[str, DayKind] = {"休": "off", "班": "work"}
# Spreadsheets rewrite dates to their own liking.
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_SHAPE = "Use a CSV with the header 日期,类型,名称 or the JSON of holiday-cn."


@dataclass(frozen=True)
class CalendarFile:
    """One year's arrangement: which days are off or worked, and the names of the holidays.

    Attributes:
        year: the year of the notice; days of the December before it may be among `days`.
    """

    year: int
    days: dict[date, DayKind]
    names: dict[date, str]


class _JsonDay(BaseModel):
    model_config = ConfigDict(strict=True)

    name: str
    day: date = Field(alias="date", strict=False)
    off: bool = Field(alias="isOffDay")


class _JsonCalendar(BaseModel):
    model_config = ConfigDict(strict=True)

    year: int
    papers: list[str] | None = None
    days: list[_JsonDay]


@dataclass(frozen=True)
class _Row:
    where: str
    day: date
    kind: DayKind
    name: str


def read_calendar(path: Path) -> CalendarFile:
    """Read one year's calendar from a JSON or CSV file (UTF-8 or GB18030).

    Raises:
        CalendarError: the file cannot be read, is empty or not yet published, a row of it is wrong (it is
            named), or holidays of the year are missing (they are named).
    """
    text = _text_of(path)
    if not text.strip():
        raise CalendarError("the file is empty", item=path.name, todo=_SHAPE)
    if path.suffix.lower() == ".json" or text.lstrip().startswith("{"):
        year, rows = _json_rows(text, path.name)
    else:
        year, rows = _csv_rows(text, path.name)
    return _checked(year, rows, path.name)


def store_calendar(session: Session, file: CalendarFile, source: str, now: datetime) -> int:
    """Put a year's calendar in the place of what was imported for that year before; the caller commits.

    Args:
        source: the file's name, for people.
        now: aware moment of the import.

    Returns:
        how many days of an earlier import were replaced.
    """
    of_year = CalendarDay.year == file.year
    replaced = session.scalar(sa.select(sa.func.count()).select_from(CalendarDay).where(of_year)) or 0
    session.execute(sa.delete(CalendarDay).where(of_year))
    session.add_all(
        CalendarDay(
            year=file.year,
            day=day,
            kind=kind,
            name=file.names.get(day, ""),
            source=os.fsencode(source).decode("utf-8", "replace")[:255],
            imported_at=now,
        )
        for day, kind in file.days.items()
    )
    session.flush()
    return replaced


def load_calendar(session: Session | None) -> WorkCalendar:
    """Return the published calendars with the imported ones over them; without a session the published only.

    It is made in a few milliseconds: a caller with many dates to reckon makes it once.
    """
    if session is None:
        return WorkCalendar.standard()
    overrides: dict[date, DayKind] = {}
    names: dict[date, str] = {}
    years: set[int] = set()
    # A later notice speaks last about the December before it.
    for row in session.scalars(sa.select(CalendarDay).order_by(CalendarDay.year, CalendarDay.day)):
        overrides[row.day] = "off" if row.kind == "off" else "work"
        names[row.day] = row.name
        years.add(row.year)
    return WorkCalendar.standard(overrides, years, names)


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CalendarError(
            f"the file cannot be read ({error.strerror})", item=str(path), todo="Check its name and owner."
        ) from error
    if len(raw) > MAX_BYTES:
        raise CalendarError("the file is larger than 1 MiB and no calendar", item=path.name, todo=_SHAPE)
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise CalendarError("the file is neither UTF-8 nor GB18030 text", item=path.name, todo=_SHAPE)


def _json_rows(text: str, name: str) -> tuple[int, list[_Row]]:
    try:
        calendar = _JsonCalendar.model_validate(json.loads(text))
    except json.JSONDecodeError as error:
        raise CalendarError(
            f"not JSON: {error.msg} at line {error.lineno}", item=name, todo="Download the file again."
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
        where = f"{name}, {key.lstrip('.')}" if key else name
        raise CalendarError(first["msg"].lower(), item=where, todo=_SHAPE) from error
    except (ValueError, RecursionError) as error:
        raise CalendarError("the JSON cannot be read", item=name, todo="Download the file again.") from error
    if calendar.papers == [] or not calendar.days:
        raise CalendarError(
            f"the arrangement of {calendar.year} is not yet published: the file names no notice or no days",
            item=name,
            todo="Fetch the file again when the State Council's notice is out, usually in November.",
        )
    rows = [
        _Row(f"days[{number}] ({day.day})", day.day, "off" if day.off else "work", day.name.strip())
        for number, day in enumerate(calendar.days)
    ]
    return calendar.year, rows


def _csv_rows(text: str, name: str) -> tuple[int, list[_Row]]:
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise CalendarError(f"not CSV: {error}", item=name, todo=_SHAPE) from error
    header, *body = [[cell.strip() for cell in line] for line in lines]
    if header[:3] != _HEADER:
        raise CalendarError("the first row is not 日期,类型,名称", item=f"{name}, row 1", todo=_SHAPE)
    rows = [_csv_row(cells, number, name) for number, cells in enumerate(body, 2) if any(cells)]
    if not rows:
        raise CalendarError("there are no days under the header", item=name, todo=_SHAPE)
    years = Counter(row.day.year for row in rows)
    # The file does not say its year; a wrong date here or there must not decide it.
    return max(years, key=lambda year: (years[year], year)), rows


def _csv_row(cells: list[str], number: int, name: str) -> _Row:
    where = f"{name}, row {number}"
    if len(cells) < 2:
        raise CalendarError("a row needs 日期 and 类型", item=where, todo=_SHAPE)
    found = _DATE.fullmatch(cells[0])
    try:
        day = date(*map(int, found.groups())) if found else None
    except ValueError:
        day = None
    if day is None:
        raise CalendarError(f"{cells[0][:20]!r} is not a date", item=where, todo="Write dates such as 2027-10-01.")
    kind = _KINDS.get(cells[1])
    if kind is None:
        raise CalendarError(
            f"类型 is {cells[1][:20]!r}", item=where, todo="Write 休 for a day off, 班 for a make-up day."
        )
    return _Row(f"row {number}", day, kind, cells[2] if len(cells) > 2 else "")


def _checked(year: int, rows: Iterable[_Row], name: str) -> CalendarFile:
    days: dict[date, DayKind] = {}
    names: dict[date, str] = {}
    for row in rows:
        where = f"{name}, {row.where}"
        if row.day.year != year and (row.day.year, row.day.month) != (year - 1, 12):
            raise CalendarError(
                f"{row.day} is neither in {year} nor in the December before", item=where, todo="Correct the date."
            )
        if row.day in days:
            raise CalendarError(f"{row.day} is named twice", item=where, todo="Keep one of the rows.")
        if len(row.name) > NAME_CHARS:
            raise CalendarError(f"the name is longer than {NAME_CHARS} characters", item=where, todo="Shorten it.")
        days[row.day] = row.kind
        names[row.day] = row.name
    _check_whole(year, days, name)
    return CalendarFile(year, days, names)


def _check_whole(year: int, days: Mapping[date, DayKind], name: str) -> None:
    """Refuse what is no whole year, because an imported year counts as known and its due dates as final.

    A day of every holiday is asked for, not every statutory day: the law has taken days away before, and the
    package that lists them may be older than the law.
    """
    holidays = statutory_holidays(year)
    if not holidays:
        raise CalendarError(f"{year} is no year whose holidays are known", item=name, todo="Correct the dates.")
    missing = [holiday for holiday, its_days in holidays.items() if not any(days.get(day) == "off" for day in its_days)]
    if missing:
        raise CalendarError(
            f"the file is not the whole arrangement of {year}: no day off for {'、'.join(missing)}",
            item=name,
            todo="List every day off and every make-up day of the State Council's notice.",
        )
