"""Weeks of the summary."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responder.errors import WeekUnknown
from responder.weeks import parse_week, week_of

LINYI = ZoneInfo("Asia/Shanghai")


def test_a_week_goes_from_monday_to_monday_in_the_bureaus_zone() -> None:
    """2026-W47 begins on Monday 16 November at midnight in Linyi, which is still Sunday in UTC."""
    week = parse_week("2026-W47", LINYI)

    assert week.start.astimezone(UTC) == datetime(2026, 11, 15, 16, tzinfo=UTC)
    assert week.end.astimezone(UTC) == datetime(2026, 11, 22, 16, tzinfo=UTC)
    assert (week.days[0], week.days[-1]) == (date(2026, 11, 16), date(2026, 11, 22))


def test_a_long_year_has_a_week_53_that_ends_in_the_next_year() -> None:
    """2026 has 53 weeks; the last runs into January and 2027-W01 follows it."""
    week = parse_week("2026-W53", LINYI)

    assert (week.days[0], week.days[-1]) == (date(2026, 12, 28), date(2027, 1, 3))
    assert parse_week("2027-W01", LINYI).previous == week


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-47",
        "2026-W7",
        "2026W47",
        " 2026-W47",
        "2026-W47\n",
        "２０２６-W47",
        "2026-W00",
        "2026-W54",
        "0000-W01",
    ],
)
def test_other_texts_are_refused_and_named(text: str) -> None:
    """What is not a week is refused with the text and the right form."""
    with pytest.raises(WeekUnknown) as refused:
        parse_week(text, LINYI)

    assert refused.value.item == text
    assert refused.value.todo


def test_a_year_without_week_53_says_which_weeks_it_has() -> None:
    """2025 ends with week 52, and the message says so."""
    with pytest.raises(WeekUnknown, match="2025-W01 to 2025-W52"):
        parse_week("2025-W53", LINYI)


@given(st.integers(min_value=0, max_value=29_000_000_000))
def test_every_moment_lies_in_the_week_named_after_it(seconds: int) -> None:
    """A moment lies within its week, the label reads back as the same week, and the weeks join without a gap."""
    moment = datetime(1980, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    week = week_of(moment, LINYI)

    assert week.start <= moment < week.end
    assert parse_week(week.label, LINYI) == week
    assert week.previous.end == week.start


def test_a_week_in_which_the_clocks_change_still_ends_at_midnight() -> None:
    """In a zone with summer time the week of the change is an hour longer, not shifted."""
    week = parse_week("2026-W43", ZoneInfo("Europe/Berlin"))

    assert week.end.astimezone(UTC) - week.start.astimezone(UTC) == timedelta(days=7, hours=1)
    assert week.end.hour == 0
