"""Calendar files: reading, keeping, and the calendar made of them."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from config.calendars import CalendarFile, load_calendar, read_calendar, store_calendar
from config.context import Context
from config.errors import CalendarError
from config.workdays import count_working_days

NOTICE: dict[str, Any] = {
    "year": 2030,
    "papers": ["https://www.gov.cn/zhengce/content/invented.htm"],
    "days": [
        {"name": "元旦", "date": "2029-12-29", "isOffDay": False},
        {"name": "元旦", "date": "2029-12-31", "isOffDay": True},
        {"name": "元旦", "date": "2030-01-01", "isOffDay": True},
        {"name": "国庆节", "date": "2030-09-28", "isOffDay": False},
        {"name": "国庆节", "date": "2030-10-04", "isOffDay": True},
        {"name": "春节", "date": "2030-02-04", "isOffDay": True},
        {"name": "清明节", "date": "2030-04-05", "isOffDay": True},
        {"name": "劳动节", "date": "2030-05-01", "isOffDay": True},
        {"name": "端午节", "date": "2030-06-05", "isOffDay": True},
        {"name": "中秋节", "date": "2030-09-12", "isOffDay": True},
        {"name": "国庆节", "date": "2030-10-01", "isOffDay": True},
    ],
}
CSV = (
    "日期,类型,名称\n2030-01-01,休,元旦\n2030/9/28,班,国庆节\n2030年10月4日,休,国庆节\n"
    "2030-02-04,休,春节\n2030-04-05,休,清明节\n2030-05-01,休,劳动节\n"
    "2030-06-05,休,端午节\n2030-09-12,休,中秋节\n2030-10-01,休,国庆节\n,,\n"
)


def _write(tmp_path: Path, content: str | bytes, name: str) -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _notice(**changes: Any) -> str:
    return json.dumps(NOTICE | changes, ensure_ascii=False)


def test_reads_json(tmp_path: Path) -> None:
    """The public JSON gives days off, make-up days, and those of the December before."""
    file = read_calendar(_write(tmp_path, _notice(), "2030.json"))

    assert file.year == 2030
    assert file.days[date(2029, 12, 29)] == "work"
    assert file.days[date(2030, 10, 4)] == "off"
    assert file.names[date(2030, 10, 4)] == "国庆节"
    assert len(file.days) == 11


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_reads_csv_in_the_encodings_of_spreadsheets(tmp_path: Path, encoding: str) -> None:
    """A CSV is read in UTF-8 with or without a mark and in GB18030, with the dates a spreadsheet writes."""
    file = read_calendar(_write(tmp_path, CSV.encode(encoding), "2030.csv"))

    assert file.year == 2030
    assert (file.days[date(2030, 9, 28)], file.days[date(2030, 10, 4)]) == ("work", "off")
    assert len(file.days) == 9
    assert file.names[date(2030, 1, 1)] == "元旦"


def test_csv_may_leave_out_names(tmp_path: Path) -> None:
    """The name is a help and may be missing."""
    file = read_calendar(_write(tmp_path, CSV.replace(",元旦", ""), "2030.csv"))

    assert file.names[date(2030, 1, 1)] == ""


@pytest.mark.parametrize(
    ("days", "missing"),
    [
        (NOTICE["days"][2:3], "no day off for 春节、清明节、劳动节、端午节、中秋节、国庆节."),
        (NOTICE["days"][:-1], "no day off for 国庆节."),
        (
            [*NOTICE["days"][:-1], {"name": "国庆节", "date": "2030-10-01", "isOffDay": False}],
            "no day off for 国庆节.",
        ),
    ],
)
def test_a_part_of_a_year_is_refused_and_the_missing_holidays_named(tmp_path: Path, days: Any, missing: str) -> None:
    """A file without a day off for every holiday would make the year known and its due dates final."""
    with pytest.raises(CalendarError, match="not the whole arrangement of 2030") as caught:
        read_calendar(_write(tmp_path, _notice(days=days), "2030.json"))

    assert missing in str(caught.value)


def test_two_holidays_on_one_day_are_both_there(tmp_path: Path) -> None:
    """In 2031 Mid-Autumn is the first of October; one day off is enough for both."""
    days = ("01-01", "01-23", "04-05", "05-01", "06-24", "10-01")
    text = "日期,类型,名称\n" + "".join(f"2031-{day},休,\n" for day in days)

    assert len(read_calendar(_write(tmp_path, text, "2031.csv")).days) == 6


def test_a_year_outside_the_lunar_tables_is_refused(tmp_path: Path) -> None:
    """A slip of the century is no calendar."""
    with pytest.raises(CalendarError, match="2301 is no year"):
        read_calendar(_write(tmp_path, CSV.replace("2030", "2301"), "2301.csv"))


@pytest.mark.parametrize("changes", [{"papers": [], "days": []}, {"papers": []}, {"days": []}])
def test_unpublished_json_is_refused_as_such(tmp_path: Path, changes: dict[str, Any]) -> None:
    """A file without notice or days is what the public project keeps for a year to come."""
    with pytest.raises(CalendarError, match="2030 is not yet published"):
        read_calendar(_write(tmp_path, _notice(**changes), "2030.json"))


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        ("", "a.csv", "a.csv: the file is empty"),
        ("日期,类型,名称\n", "a.csv", "no days"),
        ("date,kind\n2030-01-01,休\n", "a.csv", "row 1"),
        (CSV + "2032-01-01,休,元旦\n", "a.csv", "row 12: 2032-01-01 is neither in 2030"),
        (CSV + "2029-11-30,休,元旦\n", "a.csv", "row 12: 2029-11-30 is neither in 2030"),
        (CSV + "2030-10-04,班,\n", "a.csv", "row 12: 2030-10-04 is named twice"),
        (CSV + "2030-02-30,休,\n", "a.csv", "row 12: '2030-02-30' is not a date"),
        (CSV + "明天,休,\n", "a.csv", "row 12: '明天' is not a date"),
        (CSV + "2030-03-01,放,\n", "a.csv", "row 12: 类型 is '放'"),
        (CSV + "2030-03-01\n", "a.csv", "row 12: a row needs"),
        (CSV + f"2030-03-01,休,{'长' * 65}\n", "a.csv", "row 12: the name is longer"),
        (CSV + '2030-03-01,休,"国\n', "a.csv", "not CSV"),
        (b"\xff\xfe\x00", "a.csv", "neither UTF-8 nor GB18030"),
        ("{", "2030.json", "not JSON"),
        ("[" * 100_000, "2030.json", "cannot be read"),
        ("[]", "2030.json", "2030.json: "),
        ("x" * 1_100_000, "a.csv", "larger than 1 MiB"),
        (_notice(year="2030"), "2030.json", "2030.json, year"),
        (_notice(year=2031), "2030.json", r"days[0] (2029-12-29): 2029-12-29 is neither"),
        (_notice(days=NOTICE["days"][2:] * 2), "2030.json", "days[9] (2030-01-01): 2030-01-01 is named twice"),
        (
            _notice(days=[{"name": "元旦", "date": "2030-13-01", "isOffDay": True}]),
            "a.json",
            "a.json, days[0].date",
        ),
        (_notice(days=[{"name": "元旦", "date": "2030-01-01"}]), "a.json", "a.json, days[0].isOffDay"),
    ],
)
def test_faulty_file_is_refused_and_the_place_named(tmp_path: Path, content: str | bytes, name: str, said: str) -> None:
    """Every fault of a file is a CalendarError that names file and row."""
    with pytest.raises(CalendarError) as caught:
        read_calendar(_write(tmp_path, content, name))

    assert said in str(caught.value)


def test_missing_file_is_a_clear_error(tmp_path: Path) -> None:
    """A file that is not there is named with its path."""
    with pytest.raises(CalendarError, match=r"none\.csv"):
        read_calendar(tmp_path / "none.csv")
    with pytest.raises(CalendarError, match="cannot be read"):
        read_calendar(tmp_path)


def test_stored_calendar_settles_its_year(ctx: Context, tmp_path: Path) -> None:
    """What was imported decides the due dates of its year, which are no longer provisional."""
    file = read_calendar(_write(tmp_path, _notice(), "2030.json"))
    with ctx.database.writing() as session:
        assert store_calendar(session, file, "2030.json", ctx.clock()) == 0
    with ctx.database.reading() as session:
        calendar = load_calendar(session)
    reckoning = count_working_days(date(2030, 9, 26), 4, calendar)

    assert reckoning.due == date(2030, 10, 7)
    assert not reckoning.provisional
    assert "9月28日（周六）调休上班，计入" in reckoning.steps
    assert "10月1日—4日 国庆节放假，不计" in reckoning.steps
    assert not calendar.is_workday(date(2029, 12, 31))
    assert calendar.is_provisional(date(2029, 12, 31))


def test_new_import_replaces_its_year_and_no_other(ctx: Context, tmp_path: Path) -> None:
    """A second import of a year leaves nothing of the first, and leaves what the next notice said of December."""
    before = CalendarFile(2029, {date(2029, 5, 4): "off"}, {date(2029, 5, 4): "劳动节"})
    after = CalendarFile(2029, {date(2029, 5, 3): "off", date(2029, 12, 31): "work"}, {})
    with ctx.database.writing() as session:
        store_calendar(session, before, "2029.csv", ctx.clock())
        store_calendar(session, read_calendar(_write(tmp_path, _notice(), "2030.json")), "2030.json", ctx.clock())
        load_calendar(session)
        assert store_calendar(session, after, "2029.csv", ctx.clock()) == 1
        assert store_calendar(session, after, "2029.csv", ctx.clock()) == 2
    with ctx.database.reading() as session:
        calendar = load_calendar(session)

    assert calendar.is_workday(date(2029, 5, 4))
    assert not calendar.is_workday(date(2029, 5, 3))
    assert calendar.name_of(date(2029, 12, 31)) == "元旦"
    assert not calendar.is_provisional(date(2029, 12, 31))


def test_without_a_database_the_published_years_stand() -> None:
    """A command that runs without a home still knows the published calendars."""
    assert load_calendar(None).name_of(date(2026, 9, 20)) == "调休上班"
