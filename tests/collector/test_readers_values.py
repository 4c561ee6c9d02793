"""Cells to values."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.readers.values import (
    LARGEST_COUNT,
    BadDate,
    as_count,
    as_identifier,
    as_moment,
    as_text,
    as_yes_no,
)

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("value", "local"),
    [
        ("2019/4/25 9:32:09", "2019-04-25 09:32:09"),
        ("2021年3月5日 14时05分", "2021-03-05 14:05:00"),
        ("2021年3月5日（星期五）14时05分06秒", "2021-03-05 14:05:06"),
        ("2021-03-05T14:05:00Z", "2021-03-05 22:05:00"),
        ("2021-03-05 14:05:00+08:00", "2021-03-05 14:05:00"),
        ("2021.3.5", "2021-03-05 00:00:00"),
        ("２０２１－０３－０５　１４：０５", "2021-03-05 14:05:00"),
        ("2021年3月5日下午2时", "2021-03-05 14:00:00"),
        ("2021-3-5 上午 12:05", "2021-03-05 00:05:00"),
        ("2021/3/5 2:05:06 PM", "2021-03-05 14:05:06"),
        ("2021-03-05 24:00:00", "2021-03-06 00:00:00"),
        ("20210305", "2021-03-05 00:00:00"),
        (20210305, "2021-03-05 00:00:00"),
        (20210305.0, "2021-03-05 00:00:00"),
        ("202103051405", "2021-03-05 14:05:00"),
        ("20210305140506", "2021-03-05 14:05:06"),
        (44260, "2021-03-05 00:00:00"),
        (44260.5, "2021-03-05 12:00:00"),
        ("44260.5", "2021-03-05 12:00:00"),
        (1614924300, "2021-03-05 14:05:00"),
        ("1614924300000", "2021-03-05 14:05:00"),
        (datetime(2021, 3, 5, 14, 5), "2021-03-05 14:05:00"),  # noqa: DTZ001
        (date(2021, 3, 5), "2021-03-05 00:00:00"),
        ("Mon Jul 16 18:09:20 +0800 2012", "2012-07-16 18:09:20"),
    ],
)
def test_dates_are_read_in_the_forms_offices_write(value: object, local: str):
    """Every usual form gives the moment it means on the bureau's clock."""
    moment = as_moment(value, ZONE)

    assert moment is not None
    assert moment.astimezone(ZONE).replace(tzinfo=None, microsecond=0).isoformat(sep=" ") == local


def test_serials_of_a_1904_workbook_are_counted_from_1904():
    """The same number is four years and a day later in a workbook of that kind."""
    assert as_moment(42798, ZONE, base_1904=True) == as_moment(44260, ZONE)


@pytest.mark.parametrize(
    "value", ["昨天", "4/25/2019", "2021-13-01", "0000-00-00", "5个工作日", "9" * 400, True, -1, 12.5, float("nan")]
)
def test_what_is_no_date_is_refused_without_being_quoted(value: object):
    """An unreadable or ambiguous date is an error, and the error does not repeat what stood there."""
    with pytest.raises(BadDate) as caught:
        as_moment(value, ZONE)

    assert str(caught.value) == "no date"


@pytest.mark.parametrize("value", [None, "", "  ", "NULL", "-", "无"])
def test_an_empty_date_is_none(value: object):
    """An empty cell, or a word for nothing, is no date and no error."""
    assert as_moment(value, ZONE) is None


@given(st.one_of(st.text(max_size=40), st.floats(), st.integers(), st.none(), st.booleans()))
def test_any_cell_gives_a_moment_nothing_or_a_bad_date(value: object):
    """No cell, however odd, raises anything else; a moment is aware."""
    try:
        moment = as_moment(value, ZONE)
    except BadDate:
        return
    assert moment is None or moment.tzinfo is UTC


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2099, 12, 31)))  # noqa: DTZ001
def test_iso_text_is_read_as_written(moment: datetime):
    """Any naive moment written in ISO form is read back, in the bureau's zone."""
    read = as_moment(moment.isoformat(sep=" "), UTC)

    assert read == moment.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (13900000012.0, "13900000012"),
        ("13900000012.0", "13900000012"),
        ("1.3900000012E10", "13900000012"),
        ("'0539-0000000", "0539-0000000"),
        ("\t20261123000001\t", "20261123000001"),
        (188006, "188006"),
        ("", None),
        ("null", None),
        (None, None),
    ],
)
def test_numbers_that_excel_bent_are_straightened(value: object, text: str | None):
    """Telephone and order numbers lose the marks of floating point and of text cells."""
    assert as_identifier(value) == text


def test_an_identifier_too_long_for_its_column_becomes_its_hash():
    """Two long ids stay two, and the same id stays the same."""
    first, again, other = as_identifier("x" * 300), as_identifier("x" * 300), as_identifier("x" * 301)

    assert first == again != other
    assert first is not None
    assert len(first) <= 255


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (3, 3),
        (3.0, 3),
        ("1,234", 1234),
        ("1.2万", 12000),
        ("12次", 12),
        ("", 0),
        ("x", 0),
        (-4, 0),
        (1e300, LARGEST_COUNT),
    ],
)
def test_counts(value: object, count: int):
    """Counts are read in the forms sites show them; what is none counts nothing."""
    assert as_count(value) == count


@pytest.mark.parametrize(
    ("value", "said"), [("是", True), ("不公开", False), ("否", False), (1, True), ("", None), ("待定", None)]
)
def test_yes_and_no(value: object, said: bool | None):
    """Yes, no and nothing are told apart."""
    assert as_yes_no(value) is said


def test_excel_errors_and_nan_are_no_text():
    """Error words of a broken formula and not-a-number are empty."""
    assert [as_text("#N/A"), as_text(float("nan")), as_text(12.0), as_text(["甲", "乙"])] == ["", "", "12", "甲\n乙"]
