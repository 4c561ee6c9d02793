"""A watched folder: complete files are taken and moved with a report, whatever they are and whenever it is killed."""

import gzip
import itertools
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from collector.base import Item
from collector.collecting import collect
from collector.counts import Counts
from collector.errors import FileDamaged, FolderUnusable, SourceUnknown
from collector.jobs import resume_raw
from collector.rereading import reread
from collector.setaside import list_set_aside, retry
from collector.sources import folder as module
from collector.sources.folder import REPORT, _numbered, folder_of
from collector.standing import standings
from collector.tables import CollectionRun, Message, RawItem
from config.context import Context
from config.errors import StorageFull
from config.sources import Folder
from tests.conftest import FixedClock
from tests.dying import dying

HEADER = "留言编号,留言用户,留言主题,留言时间,留言详情\n"
MAIL = (
    b"From: =?utf-8?b?55Sy?= <jia@mail.example>\r\nTo: box@bureau.example\r\nSubject: lamp\r\nMessage-ID: <m1@x>\r\n"
    b"Date: Fri, 20 Nov 2026 09:00:00 +0800\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
)


def row(number: int, text: str = "路灯不亮", when: str = "2026/11/20 09:00:00") -> str:
    """Return one row of a board's export."""
    return f"{number},U{number},标题{number},{when},{text}{number}\n"


def with_folder(ctx: Context, **keys: object) -> Context:
    """Return the home with one watched folder in its profile."""
    source = Folder(**{"id": "drop", "kind": "folder", "channel": "site-board", "path": "drop", **keys})
    return replace(ctx, profile=ctx.profile.model_copy(update={"sources": (source,)}))


@pytest.fixture
def home(ctx: Context) -> Context:
    """The home with a watched folder, which is there and empty."""
    (ctx.settings.home / "drop").mkdir()
    return with_folder(ctx)


@pytest.fixture
def drop(home: Context) -> Path:
    """The watched folder."""
    return home.settings.home / "drop"


def put(drop: Path, content: str | bytes, name: str = "报表.csv", *, ctx: Context) -> Path:
    """Put a file into the folder, changed just now by the clock of the test."""
    path = drop / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    moment = ctx.clock().timestamp()
    os.utime(path, (moment, moment))
    return path


def look(ctx: Context, after: int = 60) -> Counts:
    """Let some seconds pass, and collect the folder."""
    assert isinstance(ctx.clock, FixedClock)
    ctx.clock.forward(timedelta(seconds=after))
    return collect(ctx, "drop")


def take(ctx: Context) -> Counts:
    """Look twice, as it takes to see that a file is complete."""
    look(ctx)
    return look(ctx)


def report(drop: Path, name: str, folder: str = "done") -> str:
    """Return the report beside a moved file."""
    return (drop / folder / (name + REPORT)).read_text("utf-8-sig")


def names(folder: Path) -> list[str]:
    """Return the names in a folder, reports aside."""
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(REPORT))


def stored(ctx: Context) -> list[str]:
    """Return the ids of all messages."""
    with ctx.database.reading() as session:
        return sorted(session.scalars(sa.select(Message.external_id)))


def workbook(path: Path) -> bytes:
    """Return a workbook with one letter."""
    book = Workbook()
    book.active.append(["留言编号", "留言时间", "留言内容"])
    book.active.append(["x1", "2026-11-20 09:00", "路灯不亮"])
    book.save(path)
    return path.read_bytes()


def test_a_file_is_taken_and_moved_with_its_report(home: Context, drop: Path) -> None:
    """The messages are the source's, the counts are on record once, the folder is empty again."""
    put(drop, HEADER + row(1) + row(2), ctx=home)

    counts = take(home)

    assert (counts.fetched, counts.stored) == (2, 2)
    assert (names(drop), names(drop / "done")) == (["done"], ["报表.csv"])
    with home.database.reading() as session:
        assert set(session.scalars(sa.select(Message.source))) == {"drop"}
        raw = session.scalars(sa.select(RawItem)).one()
        assert (raw.name, raw.state, raw.options) == ("报表.csv", "parsed", {"kind": "folder"})
        assert list(session.scalars(sa.select(CollectionRun.stored))) == [0, 2]
    assert standings(home)[0].counts["stored"] == 2
    text = report(drop, "报表.csv")
    assert "收到 2 条：入库 2 条，重复 0 条，未收 0 条，搁置 0 条。" in text
    assert "渠道：网站留言板" in text
    assert "时间：2026年11月23日 10:02" in text
    assert "不用处理" in text


def test_every_kind_of_file_is_read(home: Context, drop: Path, tmp_path: Path) -> None:
    """Workbook, CSV, packed CSV, JSON, one mail and many."""
    put(drop, workbook(tmp_path / "x.xlsx"), "一.xlsx", ctx=home)
    put(drop, gzip.compress((HEADER + row(2)).encode("gb18030")), "二.csv.gz", ctx=home)
    put(drop, json.dumps([{"id": "j3", "content": "水管漏水", "time": "2026-11-20"}]), "三.json", ctx=home)
    put(drop, MAIL + "路灯不亮".encode(), "四.eml", ctx=home)
    put(drop, b"From jia Fri Nov 20 09:00:00 2026\n" + MAIL.replace(b"m1", b"m2") + b"x", "五.mbox", ctx=home)

    counts = take(home)

    assert (counts.fetched, counts.stored) == (5, 5), [report(drop, name, "failed") for name in names(drop / "failed")]
    assert len(names(drop / "done")) == 5


def test_a_file_that_still_grows_waits(home: Context, drop: Path) -> None:
    """Size and time must be those of the last look."""
    for rows in (1, 2, 3):
        put(drop, HEADER + "".join(map(row, range(rows))), ctx=home)
        assert look(home).fetched == 0

    assert look(home).stored == 3


def test_a_file_changed_a_moment_ago_waits(home: Context, drop: Path) -> None:
    """Two looks within the time of quiet do not make it complete."""
    put(drop, HEADER + row(1), ctx=home)

    assert [look(home, 4).stored for _ in range(4)] == [0, 0, 0, 1]


@pytest.mark.parametrize("days", [-400, 400, 40_000])
def test_a_file_with_a_strange_time_does_not_wait_for_ever(home: Context, drop: Path, days: int) -> None:
    """Its writer's clock may be years away, and so may ours have been at the last look."""
    path = put(drop, HEADER + row(1), ctx=home)
    moment = (home.clock() + timedelta(days=days)).timestamp()
    os.utime(path, (moment, moment))

    assert [look(home, 4).stored for _ in range(4)] == [0, 0, 0, 1]


def test_an_old_file_is_taken_at_the_first_look(home: Context, drop: Path, clock: FixedClock) -> None:
    """What the file system has not seen touched for the time of quiet is complete, whatever its writer says of it."""
    path = put(drop, HEADER + row(1), ctx=home)
    os.utime(path, (0, 0))
    touched = datetime.fromtimestamp(path.stat().st_ctime, UTC)
    clock.set(touched + timedelta(seconds=5))
    assert collect(home, "drop").stored == 0
    clock.set(touched + timedelta(seconds=11))

    assert collect(home, "drop").stored == 1


def test_a_clock_that_jumps_back_makes_no_file_wait(home: Context, drop: Path) -> None:
    """What is seen unchanged long before it was seen first is complete all the same."""
    put(drop, HEADER + row(1), ctx=home)
    look(home)

    assert look(home, -3 * 86400).stored == 1


@pytest.mark.parametrize(
    "name", [".报表.csv", "~$报表.xlsx", ".~lock.报表.xlsx#", "报表.csv.part", "a.tmp", "b.CRDOWNLOAD", "c.filepart"]
)
def test_a_temporary_file_is_left_alone(home: Context, drop: Path, name: str) -> None:
    """By its name a program says that it has not finished."""
    put(drop, HEADER + row(1), name, ctx=home)

    assert take(home).fetched == 0
    assert names(drop) == [name]


def test_links_devices_and_folders_are_left_alone(home: Context, drop: Path, tmp_path: Path) -> None:
    """A link could lead to any file the service may read."""
    outside = put(tmp_path, HEADER + row(1), ctx=home)
    (drop / "link.csv").symlink_to(outside)
    os.mkfifo(drop / "pipe.csv")
    (drop / "deeper").mkdir()
    put(drop / "deeper", HEADER + row(2), ctx=home)

    assert take(home).fetched == 0
    assert names(drop) == ["deeper", "link.csv", "pipe.csv"]


def test_a_name_that_is_taken_gets_a_number(home: Context, drop: Path) -> None:
    """Neither the file nor its report of the last time is overwritten."""
    for number in (1, 2, 3):
        put(drop, HEADER + row(number), ctx=home)
        take(home)

    assert names(drop / "done") == ["报表-2.csv", "报表-3.csv", "报表.csv"]
    assert "入库 1 条" in report(drop, "报表-3.csv")
    assert "2" in (drop / "done" / "报表-2.csv").read_text().splitlines()[1]


@given(st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=90), st.integers(1, 10**6))
def test_a_numbered_name_always_fits(name: str, number: int) -> None:
    """With its report's ending it is no longer than a file system allows, and keeps the beginning it had."""
    found = _numbered(name[:85], number)

    assert len((found + REPORT).encode()) <= 255
    assert found[0] == name[0] or found.startswith("-")


def test_a_long_name_is_cut(home: Context, drop: Path) -> None:
    """Its report needs room beside it."""
    put(drop, HEADER + row(1), "长" * 83 + ".csv", ctx=home)

    assert take(home).stored == 1

    [name] = names(drop / "done")
    assert name.endswith("长.csv")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("空.csv", b"", "文件是空的"),
        ("图.csv", b"\x89PNG\r\n\x1a\n\0\0", "不是能收取的文件"),
        ("名单.csv", "甲,乙\n1,2\n".encode(), "找不到写着留言内容的一栏"),
        ("无日期.csv", "留言内容\n路灯不亮\n".encode(), "没有日期一栏"),
        ("坏.xlsx", b"PK\x03\x04broken", "已损坏"),
        ("大.csv", b"x" * (2 << 20), "文件过大"),
    ],
)
def test_a_refused_file_goes_to_failed_and_stops_no_other(
    home: Context, drop: Path, name: str, content: bytes, words: str
) -> None:
    """The report says why in Chinese and what to do; the source did not fail."""
    home = replace(home, settings=home.settings.model_copy(update={"max_file_mib": 1}))
    put(drop, content, name, ctx=home)
    put(drop, HEADER + row(1), "好.csv", ctx=home)

    counts = take(home)

    assert (counts.stored, names(drop / "failed"), names(drop / "done")) == (1, [name], ["好.csv"])
    text = report(drop, name, "failed")
    assert "结果：未能收取" in text
    assert words in text
    assert "再放进来" in text
    assert standings(home)[0].failures == 0


def test_the_report_tells_what_was_not_taken_and_where(home: Context, drop: Path) -> None:
    """Reasons in Chinese with their rows, and what to do about them."""
    put(
        drop,
        HEADER + row(1) + row(2, when="前天") + row(1) + "\n" + row(3, when="2030/1/1") + row(1, "换了内容"),
        ctx=home,
    )

    counts = take(home)

    assert (counts.fetched, counts.stored, counts.duplicates, counts.dropped, counts.set_aside) == (6, 1, 1, 1, 3)
    text = report(drop, "报表.csv")
    assert "收到 6 条：入库 1 条，重复 1 条，未收 1 条，搁置 3 条。" in text
    assert "  日期认不出来，1 条：第3行" in text
    assert "  日期在将来，应是填错了，1 条：第6行" in text
    assert "  编号已经用过，内容却不一样，1 条：第7行" in text
    assert "  空行，1 条：第5行" in text
    assert "日期写成“2026-11-20 09:30”的样式" in text


def test_a_set_aside_row_can_be_read_again(home: Context, drop: Path, ctx: Context) -> None:
    """By the name the file had; once the source is gone, that is said."""
    put(drop, HEADER + row(1, when="前天"), ctx=home)
    take(home)
    with home.database.reading() as session:
        ((aside, name),) = list_set_aside(session)

    assert (name, retry(home, aside.id).set_aside) == ("报表.csv", 1)
    with pytest.raises(SourceUnknown):
        list(reread(ctx, aside.raw_item_id))


def test_the_filters_of_the_source_hold(ctx: Context) -> None:
    """First day and keywords, also when the file is read again."""
    (ctx.settings.home / "drop").mkdir()
    home = with_folder(ctx, since=date(2026, 11, 1), keywords=("路灯",))
    put(home.settings.home / "drop", HEADER + row(1) + row(2, "水管") + row(3, when="2026/10/1"), ctx=home)

    counts = take(home)

    assert (counts.stored, counts.reasons) == (1, {"no-keyword": 1, "before-since": 1})
    text = report(home.settings.home / "drop", "报表.csv")
    assert "与设定的关键词无关，1 条：第3行" in text
    with home.database.reading() as session:
        raw_id = session.scalars(sa.select(RawItem.id)).one()
    assert [type(item).__name__ for item in reread(home, raw_id)] == ["Fetched", "Blank", "Blank"]


def test_a_missing_folder_is_said(ctx: Context) -> None:
    """A wrong path must not look like an empty folder."""
    with pytest.raises(FolderUnusable, match="No such file"):
        collect(with_folder(ctx), "drop")


def test_a_path_of_its_own_is_taken_as_it_is(ctx: Context, tmp_path: Path) -> None:
    """Only a relative path begins at the home."""
    folder = tmp_path / "elsewhere"
    source = Folder(id="drop", kind="folder", channel="site-board", path=str(folder))

    assert folder_of(ctx.settings, source) == folder


def test_a_file_that_cannot_be_moved_is_named(home: Context, drop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it holds is stored once, the others go on, nothing half lies in done/, and the next run tries again."""
    put(drop, HEADER + row(1), "一.csv", ctx=home)
    put(drop, HEADER + row(2), "二.csv", ctx=home)
    rename = Path.replace

    def failing(self: Path, target: Path) -> Path:
        if self.name == "一.csv":
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    look(home)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", failing)
        for _ in range(2):
            with pytest.raises(FolderUnusable, match=r"1 file could not .* 一\.csv \(Permission denied\)"):
                look(home)
    assert list((drop / "done").glob("*一*")) == []

    counts = look(home)

    assert (counts.duplicates, stored(home)) == (1, ["1", "2"])
    assert names(drop / "done") == ["一.csv", "二.csv"]


def test_a_file_written_anew_while_it_is_taken_stays(
    home: Context, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came last would otherwise go to done/ unread."""
    put(drop, HEADER + row(1), ctx=home)
    look(home)
    real = module.take_file

    def writing(*arguments: object, **options: object) -> Counts:
        put(drop, HEADER + row(1) + row(2), ctx=home)
        return real(*arguments, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(module, "take_file", writing)
        look(home)
    assert names(drop) == ["报表.csv"]

    take(home)

    assert stored(home) == ["1", "2"]
    assert names(drop / "done") == ["报表.csv"]


def test_a_full_disk_leaves_the_file_where_it_is(home: Context, drop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run ends, and the next one takes the file."""
    put(drop, HEADER + row(1), ctx=home)
    look(home)

    def full(*arguments: object, **options: object) -> int:
        raise StorageFull("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("collector.importing.keep_raw", full)
        with pytest.raises(StorageFull):
            look(home)

    assert look(home).stored == 1


def broken_after(rows: int, error: Exception) -> object:
    """Return a reader of files that fails after some rows."""

    def read(*arguments: object) -> Iterator[Item]:
        yield from itertools.islice(real(*arguments), rows)  # type: ignore[arg-type]
        raise error

    from collector.readers import read_items as real

    return read


def test_a_file_that_breaks_off_is_taken_so_far(home: Context, drop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read before stands and is counted; the report says so."""
    monkeypatch.setattr("collector.intake.BATCH", 1)
    monkeypatch.setattr("collector.importing.read_items", broken_after(2, FileDamaged("breaks off")))
    put(drop, HEADER + row(1) + row(2) + row(3), ctx=home)

    counts = take(home)

    assert (counts.fetched, counts.stored) == (2, 2)
    text = report(drop, "报表.csv", "failed")
    assert "结果：只收取了一部分" in text
    assert "收到 2 条：入库 2 条" in text


def test_a_file_that_breaks_a_reader_is_tried_three_times(
    home: Context, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it goes to failed/ and no longer fails the source."""
    monkeypatch.setattr("collector.importing.read_items", broken_after(1, RuntimeError("甲")))
    put(drop, HEADER + row(1) + row(2), ctx=home)
    look(home)
    for _ in range(2):
        with pytest.raises(FolderUnusable, match="RuntimeError"):
            look(home)

    look(home)

    assert names(drop / "failed") == ["报表.csv"]
    assert "甲" not in report(drop, "报表.csv", "failed")


def test_a_service_that_stops_is_heard_between_batches(
    home: Context, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A big file is left in the middle, without blame, and taken whole by the next run."""
    monkeypatch.setattr("collector.intake.BATCH", 10)
    put(drop, HEADER + "".join(map(row, range(95))), ctx=home)
    look(home)
    told: list[int] = []

    def stop(done: int, total: int | None) -> None:
        told.append(done)
        if done >= 30:
            raise InterruptedError

    home.clock.forward(timedelta(minutes=1))  # type: ignore[attr-defined]
    with pytest.raises(InterruptedError):
        collect(home, "drop", progress=stop)

    assert told[-3:] == [10, 20, 30]
    assert standings(home)[0].failures == 0
    counts = look(home)
    assert (counts.stored, counts.duplicates, len(stored(home))) == (65, 30, 95)


def test_a_kill_at_any_line_loses_and_doubles_nothing(
    home: Context, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look dies a little later than the one before, while files keep coming."""
    monkeypatch.setattr("collector.intake.BATCH", 2)
    deaths = 0
    for moment in itertools.count(1):
        put(drop, HEADER + "".join(row(moment * 10 + number) for number in range(5)), f"{moment}.csv", ctx=home)
        look(home)
        with dying(moment) as death:
            look(home)
        if not death.came:
            break
        deaths += 1
    assert deaths >= 10

    take(home)
    assert isinstance(home.clock, FixedClock)
    home.clock.forward(timedelta(hours=1))
    resume_raw(home)

    assert stored(home) == sorted(str(one * 10 + number) for one in range(1, moment + 1) for number in range(5))
    assert names(drop) == ["done"]
    with home.database.reading() as session:
        assert set(session.scalars(sa.select(RawItem.state))) == {"parsed"}
        assert list_set_aside(session) == []


def test_a_kill_between_storing_and_moving_repeats_the_file(
    home: Context, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it is known then, which the report says, and no empty file is left in done/."""
    put(drop, HEADER + row(1), ctx=home)
    look(home)

    def die(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, "_move", die)
        with pytest.raises(KeyboardInterrupt):
            look(home)

    assert look(home).duplicates == 1
    assert "这次没有新增" in report(drop, "报表.csv")
