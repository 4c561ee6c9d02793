"""Working days with 调休, and due dates that explain themselves; pure, no clock and no database.

Sources of the days, the later one winning: the ordinary week; the statutory days (package `holidays`) for years
without a published calendar; the published calendars inside the package `chinesecalendar`; imported calendars.
"""

from calendar import monthrange
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from types import MappingProxyType
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from chinese_calendar import constants

from config.errors import CalendarError
from config.tables import DayKind

DayUnit = Literal["working_days", "days", "months"]
"""The units of a limit that ends on a day; limits in hours end at a moment, see `reckon_hours`."""

WEEKEND, MAKE_UP, ORDINARY, UNNAMED = "周末", "调休上班", "工作日", "调休"

_ONE_DAY = timedelta(days=1)
_WEEKDAYS = "一二三四五六日"
_PACKAGE_NAMES = {"清明": "清明节", "端午": "端午节", "中秋": "中秋节"}
_NOTHING: Mapping[date, str] = MappingProxyType({})
_NO_OVERRIDES: Mapping[date, DayKind] = MappingProxyType({})


class _Mark(NamedTuple):
    """What a calendar says about one day, and the name it gives."""

    kind: DayKind
    name: str


class Pause(NamedTuple):
    """Days on which a clock stands still, both ends included, and why in a few words of Chinese."""

    first: date
    last: date
    reason: str


@dataclass(frozen=True)
class Reckoning:
    """A due date and its explanation.

    Attributes:
        due: the last day in time.
        provisional: a day up to `due` lies in a year without a published calendar.
        steps: the explanation in Chinese, a line a step.
    """

    due: date
    provisional: bool
    steps: tuple[str, ...]


@dataclass(frozen=True)
class HourReckoning:
    """A due moment (aware, UTC) and its explanation in Chinese, a line a step."""

    due: datetime
    steps: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class WorkCalendar:
    """Which days are worked, and why; made by `standard`."""

    marks: Mapping[date, _Mark]
    covered: frozenset[int]

    @classmethod
    def standard(
        cls,
        overrides: Mapping[date, DayKind] = _NO_OVERRIDES,
        years: Collection[int] = (),
        names: Mapping[date, str] = _NOTHING,
    ) -> "WorkCalendar":
        """Return the published calendars of the package, overlaid with imported days.

        Args:
            overrides: imported days; what they say of a day wins, other days stay as they are.
            years: years whose calendar was imported whole and which are therefore not provisional.
            names: the names of imported days off, such as 国庆节.
        """
        published, covered = _published()
        imported = {
            day: _Mark(kind, MAKE_UP if kind == "work" else names.get(day) or _plain_name(day))
            for day, kind in overrides.items()
        }
        return cls(MappingProxyType({**published, **imported}), covered | frozenset(years))

    def is_workday(self, day: date) -> bool:
        """Tell whether the bureau works on a day."""
        mark = self._mark(day)
        return day.weekday() < 5 if mark is None else mark.kind == "work"

    def is_provisional(self, day: date) -> bool:
        """Tell whether a day lies in a year whose calendar nobody has published or imported."""
        return day.year not in self.covered

    def name_of(self, day: date) -> str:
        """Return why a day is off or worked, in Chinese: 周末, 国庆节, 调休上班, 工作日 …"""
        mark = self._mark(day)
        if mark is not None:
            return mark.name
        return ORDINARY if day.weekday() < 5 else WEEKEND

    def _mark(self, day: date) -> _Mark | None:
        mark = self.marks.get(day)
        if mark is None and day.year not in _published()[1]:
            # What no notice names, most of all in years without one, is off by law.
            mark = _statutory(day.year).get(day)
        return mark


def _plain_name(day: date) -> str:
    return UNNAMED if day.weekday() < 5 else WEEKEND


@cache
def _published() -> tuple[Mapping[date, _Mark], frozenset[int]]:
    """Return the marked days of the package and the years it covers."""
    marks = {day: _Mark("off", _package_name(holiday)) for day, holiday in constants.holidays.items()}
    marks |= {day: _Mark("work", MAKE_UP) for day in constants.workdays}
    # The package itself defines its range by its first and last holiday; a make-up day may lie before it.
    years = range(min(constants.holidays).year, max(constants.holidays).year + 1)
    return MappingProxyType(marks), frozenset(years)


def _package_name(holiday: str) -> str:
    chinese: str = constants.Holiday(holiday).chinese
    return _PACKAGE_NAMES.get(chinese, chinese)


@cache
def _statutory(year: int) -> Mapping[date, _Mark]:
    """Return the days off by 《全国年节及纪念日放假办法》; none before 1950 or where the lunar tables end."""
    # The package takes a quarter of a second to import and only unpublished years need it.
    import holidays

    found = holidays.country_holidays("CN", years=year, observed=False, language="zh_CN")
    return MappingProxyType(
        {
            day: _Mark("off", name.replace("农历除夕", "春节").replace("; ", "、"))
            for day, name in found.items()
            # Rearranged days off without their make-up days would be half a calendar.
            if not name.startswith("休息日")
        }
    )


def statutory_holidays(year: int) -> dict[str, tuple[date, ...]]:
    """Return the holidays of a year by name, each with its statutory days; empty outside 1950 to 2100.

    Source: 《全国年节及纪念日放假办法》, as the package `holidays` knows it.
    """
    found: dict[str, tuple[date, ...]] = {}
    for day, mark in sorted(_statutory(year).items()):
        for name in mark.name.split("、"):
            found[name] = (*found.get(name, ()), day)
    return found


def count_working_days(start: date, n: int, calendar: WorkCalendar, pauses: Sequence[Pause] = ()) -> Reckoning:
    """Return the n-th working day after a day.

    Args:
        start: local day of receipt; it is not counted.
        n: working days, 1 or more.
        pauses: days that are not counted though worked.

    Raises:
        CalendarError: the due day lies after the year 9999.
    Source: 《民法典》第二百零一条 (the first day is not counted); the amount is the clock's.
    """
    _check(start, n)
    day, left = start, n
    closed: list[date] = []
    made_up: list[date] = []
    stopped: list[date] = []
    while left:
        day = _next(day)
        if _paused(day, pauses):
            stopped.append(day)
        elif not calendar.is_workday(day):
            closed.append(day)
        else:
            left -= 1
            if day.weekday() >= 5 or calendar.name_of(day) == MAKE_UP:
                made_up.append(day)
    steps = [_first_step(start)]
    steps += _named_steps(start, closed, made_up, stopped, pauses, calendar)
    steps.append(f"第{n}个工作日为{_long(day)}，即截止日")
    return _reckoning(start, day, steps, calendar)


def working_days_between(start: date, end: date, calendar: WorkCalendar) -> int:
    """Return how many working days lie after *start* up to and including *end*; 0 if *end* is not later."""
    days = range(1, (end - start).days + 1)
    return sum(calendar.is_workday(start + timedelta(days=number)) for number in days)


def reckon(start: date, amount: int, unit: DayUnit, calendar: WorkCalendar, pauses: Sequence[Pause] = ()) -> Reckoning:
    """Return the last day of a limit that ends on a day.

    Calendar days and months that end on a closed day roll over to the next working day.

    Args:
        start: local day of receipt; it is not counted.
        amount: how many of *unit*, 1 or more; an extension is counted in it.
        unit: working days, calendar days or calendar months.
        pauses: days that are not counted; only for limits in days.

    Raises:
        CalendarError: the due day lies after the year 9999.
        ValueError: a limit in months with pauses, or a limit in hours.
    Source: 《民法典》第二百零一条至第二百零三条 (not checked against the official text: the steps say so).
    """
    if unit == "working_days":
        return count_working_days(start, amount, calendar, pauses)
    _check(start, amount)
    steps = [_first_step(start)]
    if unit == "days":
        last, stopped = _count_days(start, amount, pauses)
        steps += [text for _, text in _pause_steps(start, stopped, pauses)]
        steps.append(f"第{amount}日为{_long(last)}")
    elif unit == "months":
        if pauses:
            raise ValueError("a limit in months cannot be paused")
        last = _add_months(start, amount)
        steps.append(f"满{amount}个月为{_long(last)}")
        if last.day != start.day:
            steps.append("到期月没有对应日，以该月末日为最后一日（《民法典》第二百零二条，依据待核）")
    else:
        raise ValueError(f"a limit in {unit} does not end on a day")
    due = last
    closed: list[date] = []
    while not calendar.is_workday(due):
        closed.append(due)
        due = _next(due)
    if closed:
        names = "、".join(_closed_step(*run, start) for run in _named_runs(closed, calendar))
        steps.append(f"最后一日休息（{names}），顺延至其后第一个工作日（《民法典》第二百零三条，依据待核）")
    steps.append(f"截止日为{_long(due)}")
    return _reckoning(start, due, steps, calendar)


def reckon_hours(start: datetime, hours: int, zone: ZoneInfo) -> HourReckoning:
    """Return the moment some clock hours after another, nights and closed days included.

    Args:
        start: the aware moment the clock starts.
        hours: clock hours, 1 or more.
        zone: the bureau's zone, in which the steps are written.

    Raises:
        CalendarError: the moment lies after the year 9999.
        ValueError: *start* is naive.
    """
    if start.tzinfo is None:
        raise ValueError(f"naive datetime {start!r}: give it a time zone")
    if hours < 1:
        raise ValueError(f"a limit of {hours} hours")
    try:
        due = start.astimezone(UTC) + timedelta(hours=hours)
        local = due.astimezone(zone)
    except OverflowError as error:
        raise _too_late() from error
    # A limit that ends at midnight is met by the end of the day before, and is said by that day.
    end = f"{_long(local.date() - _ONE_DAY)}24时" if local.time() == time.min else _moment(local)
    steps = (
        f"{_moment(start.astimezone(zone))}起算，按自然小时计，夜间、周末和节假日均计入",
        f"满{hours}小时为{end}，即截止时间",
    )
    return HourReckoning(due, steps)


def _check(start: date, amount: int) -> None:
    # A datetime is a date to Python and would be found in no calendar.
    if isinstance(start, datetime):
        raise TypeError("give the local day, not a moment")
    if amount < 1:
        raise ValueError(f"a limit of {amount}")


def _next(day: date) -> date:
    try:
        return day + _ONE_DAY
    except OverflowError as error:
        raise _too_late() from error


def _too_late() -> CalendarError:
    return CalendarError("the due date lies after the year 9999", todo="Check the start and the limit.")


def _paused(day: date, pauses: Sequence[Pause]) -> Pause | None:
    return next((pause for pause in pauses if pause.first <= day <= pause.last), None)


def _count_days(start: date, amount: int, pauses: Sequence[Pause]) -> tuple[date, list[date]]:
    day, left = start, amount
    stopped: list[date] = []
    while left:
        day = _next(day)
        if _paused(day, pauses):
            stopped.append(day)
        else:
            left -= 1
    return day, stopped


def _add_months(start: date, amount: int) -> date:
    year, month = divmod(start.year * 12 + start.month - 1 + amount, 12)
    if year > date.max.year:
        raise _too_late()
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))


def _reckoning(start: date, due: date, steps: list[str], calendar: WorkCalendar) -> Reckoning:
    open_years = [year for year in range(_next(start).year, due.year + 1) if year not in calendar.covered]
    if open_years:
        years = "、".join(f"{year}年" for year in open_years)
        steps.append(f"{years}放假调休安排未公布或未导入，按周末和法定节假日推算，截止日为暂定")
    return Reckoning(due, bool(open_years), tuple(steps))


def _named_steps(
    start: date,
    closed: list[date],
    made_up: list[date],
    stopped: list[date],
    pauses: Sequence[Pause],
    calendar: WorkCalendar,
) -> list[str]:
    """Name every holiday skipped, make-up day counted and pause by date, then the weekends in one line."""
    steps = _pause_steps(start, stopped, pauses)
    for first, last, name in _named_runs(closed, calendar):
        if name != WEEKEND:
            steps.append((first, f"{_closed_step(first, last, name, start)}，不计"))
    for day in made_up:
        steps.append((day, f"{_short(day, start)}（周{_WEEKDAYS[day.weekday()]}）调休上班，计入"))
    lines = [text for _, text in sorted(steps)]
    weekends = [day for day in closed if calendar.name_of(day) == WEEKEND]
    if weekends:
        spans, before = [], start
        for first, last, _ in _named_runs(weekends, calendar):
            spans.append(_span(first, last, before))
            before = last
        lines.append(f"周末{len(weekends)}天不计：{'、'.join(spans)}")
    return lines


def _pause_steps(start: date, stopped: list[date], pauses: Sequence[Pause]) -> list[tuple[date, str]]:
    reasons = ((day, pause.reason) for day in stopped if (pause := _paused(day, pauses)))
    return [
        (first, f"{_span(first, last, start)} 暂停计时（{reason}），不计") for first, last, reason in _runs(reasons)
    ]


def _named_runs(days: list[date], calendar: WorkCalendar) -> list[tuple[date, date, str]]:
    return _runs((day, calendar.name_of(day)) for day in days)


def _closed_step(first: date, last: date, name: str, start: date) -> str:
    return f"{_span(first, last, start)} {name}{'' if name == WEEKEND else '放假'}"


def _runs(days: Iterable[tuple[date, str]]) -> list[tuple[date, date, str]]:
    """Join neighbouring days of one name to (first, last, name)."""
    runs: list[tuple[date, date, str]] = []
    for day, name in days:
        if runs and runs[-1][2] == name and day - runs[-1][1] == _ONE_DAY:
            runs[-1] = (runs[-1][0], day, name)
        else:
            runs.append((day, day, name))
    return runs


def _first_step(start: date) -> str:
    return f"{_long(start)}为起始日，当日不计，自次日起计算"


def _long(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日（周{_WEEKDAYS[day.weekday()]}）"


def _short(day: date, before: date) -> str:
    """Write a day with its year only if it is not the year of the day named before it."""
    year = f"{day.year}年" if day.year != before.year else ""
    return f"{year}{day.month}月{day.day}日"


def _span(first: date, last: date, before: date) -> str:
    if first == last:
        return _short(first, before)
    if (first.year, first.month) == (last.year, last.month):
        return f"{_short(first, before)}—{last.day}日"
    return f"{_short(first, before)}—{_short(last, first)}"


def _moment(moment: datetime) -> str:
    return f"{_long(moment.date())}{moment:%H:%M}"
