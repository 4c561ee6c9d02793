"""Working days and due dates."""

import timeit
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar
import pytest
from chinese_calendar import constants
from hypothesis import given
from hypothesis import strategies as st

from config.errors import CalendarError
from config.workdays import (
    DayUnit,
    Pause,
    WorkCalendar,
    count_working_days,
    reckon,
    reckon_hours,
    working_days_between,
)

CALENDAR = WorkCalendar.standard()
LINYI = ZoneInfo("Asia/Shanghai")
LAST_YEAR = max(constants.holidays).year
"""The last year the package covers; the tests below do not fix it, because the package is renewed yearly."""
OPEN_YEAR = LAST_YEAR + 1

DAYS = st.dates(date(2004, 1, 1), date(LAST_YEAR + 3, 12, 31))
AMOUNTS = st.integers(1, 90)
UNITS: st.SearchStrategy[DayUnit] = st.sampled_from(["working_days", "days"])


@pytest.mark.parametrize(
    ("start", "n", "due"),
    [
        ("2026-09-18", 5, "2026-09-24"),
        ("2026-02-11", 5, "2026-02-25"),
        ("2026-02-11", 20, "2026-03-17"),
        ("2026-09-29", 3, "2026-10-09"),
        ("2026-04-30", 7, "2026-05-13"),
        ("2026-12-01", 20, "2026-12-29"),
    ],
)
def test_published_year_counts_make_up_days_and_skips_holidays(start: str, n: int, due: str) -> None:
    """In a published year the count follows the arrangement, the day of receipt left out."""
    reckoning = count_working_days(date.fromisoformat(start), n, CALENDAR)

    assert date.fromisoformat(due) == reckoning.due
    assert not reckoning.provisional


def test_steps_name_every_make_up_day_and_holiday() -> None:
    """The explanation names the day left out, each make-up day, each holiday, the weekends and the due day."""
    steps = count_working_days(date(2026, 9, 18), 11, CALENDAR).steps

    assert steps == (
        "2026年9月18日（周五）为起始日，当日不计，自次日起计算",
        "9月20日（周日）调休上班，计入",
        "9月25日—27日 中秋节放假，不计",
        "10月1日—7日 国庆节放假，不计",
        "10月10日（周六）调休上班，计入",
        "周末1天不计：9月19日",
        "第11个工作日为2026年10月10日（周六），即截止日",
    )


def test_unpublished_year_is_provisional_and_keeps_statutory_days() -> None:
    """A count that reaches into an unpublished year skips weekends and statutory days and says it is provisional."""
    reckoning = count_working_days(date(LAST_YEAR, 12, 10), 20, CALENDAR)

    assert reckoning.provisional
    assert any(step.startswith(f"{OPEN_YEAR}年1月1日 元旦放假，不计") for step in reckoning.steps)
    assert reckoning.steps[-1] == (f"{OPEN_YEAR}年放假调休安排未公布或未导入，按周末和法定节假日推算，截止日为暂定")


def test_statutory_days_of_an_unpublished_year_carry_chinese_names() -> None:
    """New Year's Eve of the lunar calendar belongs to 春节, and no bridge day is invented."""
    year = OPEN_YEAR

    assert CALENDAR.name_of(date(year, 1, 1)) == "元旦"
    assert CALENDAR.name_of(date(year, 10, 2)) == "国庆节"
    off = [day for day in _days(year) if not CALENDAR.is_workday(day) and day.weekday() < 5]
    assert len(off) <= 13
    assert {name for day in off for name in CALENDAR.name_of(day).split("、")} <= {
        *("元旦", "春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节")
    }


def test_published_years_agree_with_the_package() -> None:
    """For every day of the published years the calendar says what the package says."""
    for year in range(LAST_YEAR - 3, LAST_YEAR + 1):
        for day in _days(year):
            assert CALENDAR.is_workday(day) == chinese_calendar.is_workday(day)
            assert not CALENDAR.is_provisional(day)


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2026, 9, 20), "调休上班"),
        (date(2026, 9, 19), "周末"),
        (date(2026, 9, 21), "工作日"),
        (date(2026, 9, 25), "中秋节"),
        (date(2026, 6, 20), "端午节"),
        (date(2026, 4, 6), "清明节"),
    ],
)
def test_name_says_why_a_day_is_off_or_worked(day: date, name: str) -> None:
    """Each day has a reason in Chinese."""
    assert CALENDAR.name_of(day) == name


def test_imported_days_win_and_settle_their_year() -> None:
    """Imported days overlay the statutory ones, and an imported year is no longer provisional."""
    year = OPEN_YEAR
    worked = next(day for day in _days(year) if day.month == 3 and day.weekday() == 5)
    closed = next(day for day in _days(year) if day.month == 3 and day.weekday() == 2)
    calendar = WorkCalendar.standard({worked: "work", closed: "off"}, {year}, {closed: "国庆节"})

    assert calendar.is_workday(worked)
    assert calendar.name_of(worked) == "调休上班"
    assert not calendar.is_workday(closed)
    assert calendar.name_of(closed) == "国庆节"
    assert not calendar.is_workday(date(year, 10, 1))
    assert not calendar.is_provisional(closed)
    assert calendar.is_provisional(date(year + 1, 1, 4))


def test_days_imported_without_their_year_leave_it_provisional() -> None:
    """The next notice may name days of a December whose own year is not imported."""
    day = date(OPEN_YEAR, 12, 31)

    assert WorkCalendar.standard({day: "off"}).is_provisional(day)


def test_imported_day_without_a_name() -> None:
    """A day off without a name is a rearranged day, or simply a weekend."""
    calendar = WorkCalendar.standard({date(2026, 3, 4): "off", date(2026, 3, 7): "off"})

    assert calendar.name_of(date(2026, 3, 4)) == "调休"
    assert calendar.name_of(date(2026, 3, 7)) == "周末"


def test_pause_is_not_counted_and_says_why() -> None:
    """Days of a pause do not count though they are worked."""
    pause = Pause(date(2026, 9, 14), date(2026, 9, 28), "征求第三方意见")
    reckoning = count_working_days(date(2026, 9, 10), 20, CALENDAR, [pause])

    assert date(2026, 10, 29) == reckoning.due
    assert "9月14日—28日 暂停计时（征求第三方意见），不计" in reckoning.steps
    assert reckon(date(2026, 9, 10), 10, "days", CALENDAR, [pause]).due == date(2026, 10, 8)


def test_calendar_days_roll_over_a_holiday() -> None:
    """A limit in days that ends in a holiday ends on the next working day, and the step says 依据待核."""
    reckoning = reckon(date(2026, 8, 2), 60, "days", CALENDAR)

    assert date(2026, 10, 8) == reckoning.due
    assert reckoning.steps[1:] == (
        "第60日为2026年10月1日（周四）",
        "最后一日休息（10月1日—7日 国庆节放假），顺延至其后第一个工作日（《民法典》第二百零三条，依据待核）",
        "截止日为2026年10月8日（周四）",
    )


@pytest.mark.parametrize(
    ("start", "months", "due"),
    [
        (date(2026, 3, 16), 3, date(2026, 6, 16)),
        (date(2026, 7, 31), 2, date(2026, 9, 30)),
        (date(2025, 11, 28), 3, date(2026, 2, 28)),  # a make-up Saturday
        (date(2025, 12, 31), 2, date(2026, 2, 28)),
        (date(2026, 2, 2), 3, date(2026, 5, 6)),
        (date(2025, 12, 15), 12, date(2026, 12, 15)),
    ],
)
def test_months_end_on_the_same_day_or_the_last_of_the_month(start: date, months: int, due: date) -> None:
    """Calendar months keep the day, are clamped to a short month and roll over closed days."""
    assert due == reckon(start, months, "months", CALENDAR).due


def test_hours_run_through_the_night() -> None:
    """A limit in hours counts nights and closed days and is explained in the bureau's own time."""
    reckoning = reckon_hours(datetime(2026, 10, 1, 14, 30, tzinfo=UTC), 5, LINYI)

    assert reckoning.due == datetime(2026, 10, 1, 19, 30, tzinfo=UTC)
    assert reckoning.steps[1] == "满5小时为2026年10月2日（周五）03:30，即截止时间"


def test_hours_are_elapsed_hours_where_clocks_change() -> None:
    """A change of the clocks makes no limit shorter."""
    start = datetime(2026, 3, 28, 20, 0, tzinfo=ZoneInfo("Europe/Berlin"))

    assert reckon_hours(start, 24, ZoneInfo("Europe/Berlin")).due - start.astimezone(UTC) == timedelta(hours=24)


def test_refuses_what_cannot_be_reckoned() -> None:
    """Naive moments, moments for days, empty limits, unknown units and paused months are refused."""
    day = date(2026, 1, 5)
    moment = datetime(2026, 1, 5, tzinfo=UTC)
    with pytest.raises(ValueError, match="naive"):
        reckon_hours(datetime(2026, 1, 5), 1, LINYI)  # noqa: DTZ001
    with pytest.raises(ValueError, match="0 hours"):
        reckon_hours(moment, 0, LINYI)
    with pytest.raises(TypeError, match="local day"):
        reckon(moment, 1, "days", CALENDAR)
    with pytest.raises(ValueError, match="limit of 0"):
        count_working_days(day, 0, CALENDAR)
    with pytest.raises(ValueError, match="hours"):
        reckon(day, 1, "hours", CALENDAR)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="paused"):
        reckon(day, 1, "months", CALENDAR, [Pause(day, day, "补正")])


def test_end_of_time_is_a_clear_error() -> None:
    """A due date after the year 9999 is refused in words."""
    with pytest.raises(CalendarError, match="9999"):
        count_working_days(date(9999, 12, 30), 5, CALENDAR)
    with pytest.raises(CalendarError, match="9999"):
        reckon(date(9999, 12, 30), 5, "months", CALENDAR)
    with pytest.raises(CalendarError, match="9999"):
        reckon_hours(datetime(9999, 12, 31, 23, tzinfo=UTC), 5, LINYI)


@given(DAYS, AMOUNTS, UNITS)
def test_due_day_is_never_closed(start: date, amount: int, unit: DayUnit) -> None:
    """Whatever the limit, it ends on a working day after the start."""
    due = reckon(start, amount, unit, CALENDAR).due

    assert CALENDAR.is_workday(due)
    assert due > start


@given(DAYS, AMOUNTS, UNITS)
def test_longer_is_never_earlier(start: date, amount: int, unit: DayUnit) -> None:
    """A longer limit does not end earlier; in working days it ends later."""
    shorter = reckon(start, amount, unit, CALENDAR).due
    longer = reckon(start, amount + 1, unit, CALENDAR).due

    assert longer > shorter if unit == "working_days" else longer >= shorter


@given(DAYS, AMOUNTS, UNITS)
def test_later_start_is_never_due_earlier(start: date, amount: int, unit: DayUnit) -> None:
    """Who starts a day later is not due earlier."""
    later = reckon(start + timedelta(days=1), amount, unit, CALENDAR).due

    assert later >= reckon(start, amount, unit, CALENDAR).due


@given(DAYS, st.integers(1, 12))
def test_months_keep_order(start: date, months: int) -> None:
    """Months too end on working days, longer not earlier, later not earlier."""
    due = reckon(start, months, "months", CALENDAR).due

    assert CALENDAR.is_workday(due)
    assert reckon(start, months + 1, "months", CALENDAR).due >= due
    assert reckon(start + timedelta(days=1), months, "months", CALENDAR).due >= due


@given(DAYS, AMOUNTS)
def test_counts_exactly_the_working_days(start: date, amount: int) -> None:
    """Between start and due day lie as many working days as the limit has."""
    due = count_working_days(start, amount, CALENDAR).due

    assert working_days_between(start, due, CALENDAR) == amount
    assert working_days_between(due, start, CALENDAR) == 0


@given(DAYS, AMOUNTS, UNITS)
def test_provisional_if_and_only_if_an_uncovered_day_was_passed(start: date, amount: int, unit: DayUnit) -> None:
    """A date is provisional exactly when a day after the start, up to the due day, lies in an unpublished year."""
    reckoning = reckon(start, amount, unit, CALENDAR)
    passed = [start + timedelta(days=n) for n in range(1, (reckoning.due - start).days + 1)]

    assert reckoning.provisional == any(CALENDAR.is_provisional(day) for day in passed)


@given(DAYS, AMOUNTS)
def test_every_rearranged_day_passed_is_named(start: date, amount: int) -> None:
    """Each make-up day stands in the steps, and each holiday by its name."""
    reckoning = count_working_days(start, amount, CALENDAR)
    text = "\n".join(reckoning.steps)
    for n in range(1, (reckoning.due - start).days + 1):
        day = start + timedelta(days=n)
        name = CALENDAR.name_of(day)
        if name == "调休上班":
            assert f"{day.month}月{day.day}日（周{'一二三四五六日'[day.weekday()]}）调休上班，计入" in text
        elif name not in ("周末", "工作日"):
            assert f"{name}放假，不计" in text


def test_a_reckoning_takes_less_than_a_millisecond() -> None:
    """Lists of thousands of cases are reckoned while a page loads."""
    count_working_days(date(2026, 2, 11), 20, CALENDAR)
    seconds = min(timeit.repeat(lambda: count_working_days(date(2026, 2, 11), 20, CALENDAR), number=50)) / 50

    assert seconds < 0.001


def _days(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]
