"""Weeks of the summary: Monday 00:00 to Monday 00:00 in the bureau's zone, named as ISO 8601 names them."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from responder.errors import WeekUnknown

_LABEL = re.compile(r"([0-9]{4})-W([0-9]{2})")
_FIRST_YEAR, _LAST_YEAR = 1970, 2999


@dataclass(frozen=True)
class Week:
    """One ISO week; both ends are aware and in the bureau's zone.

    Args:
        start: Monday 00:00, inside the week.
        end: the next Monday 00:00, outside it.
        label: such as 2026-W47; the year is the ISO year, which differs from the calendar's at its ends.
    """

    start: datetime
    end: datetime
    label: str

    @property
    def days(self) -> tuple[date, ...]:
        """The seven local days, Monday first."""
        return tuple(self.start.date() + timedelta(days=count) for count in range(7))

    @property
    def previous(self) -> "Week":
        """The week before."""
        return _week_from(self.start.date() - timedelta(days=7), self.start.tzinfo)


def parse_week(text: str, zone: ZoneInfo) -> Week:
    """Return the week that a text such as 2026-W47 names.

    Args:
        zone: the bureau's zone, in which Monday begins.

    Raises:
        WeekUnknown: the text has another form, or its year has no such week.

    Source: ISO 8601 (GB/T 7408): week 1 holds the year's first Thursday, so some years have a week 53.
    """
    match = _LABEL.fullmatch(text)
    if match is None:
        raise WeekUnknown("this is not a week", item=text, todo="Write year and week number like this: 2026-W47.")
    year, number = int(match[1]), int(match[2])
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise WeekUnknown(
            "the year is out of range", item=text, todo=f"Take a year from {_FIRST_YEAR} to {_LAST_YEAR}."
        )
    try:
        monday = date.fromisocalendar(year, number, 1)
    except ValueError as error:
        last = date(year, 12, 28).isocalendar().week
        raise WeekUnknown(
            f"{year} has no such week", item=text, todo=f"Its weeks are {year}-W01 to {year}-W{last}."
        ) from error
    return _week_from(monday, zone)


def week_of(moment: datetime, zone: ZoneInfo) -> Week:
    """Return the week in which an aware moment lies, seen from the bureau."""
    today = moment.astimezone(zone).date()
    return _week_from(today - timedelta(days=today.weekday()), zone)


def _week_from(monday: date, zone: tzinfo | None) -> Week:
    # Each end is made from its own local midnight: seven times 24 hours would miss a change of the clocks.
    start = datetime.combine(monday, time(), zone)
    end = datetime.combine(monday + timedelta(days=7), time(), zone)
    year, number, _ = monday.isocalendar()
    return Week(start=start, end=end, label=f"{year}-W{number:02d}")
