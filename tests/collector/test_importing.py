"""Import by hand, what is set aside, and finishing what a killed process left."""

import itertools
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from collector.base import Item
from collector.errors import FileRefused, NothingSetAside
from collector.importing import describe_file, import_file
from collector.intake import keep_raw, take_in
from collector.jobs import resume_raw
from collector.rereading import reread
from collector.setaside import drop, list_set_aside, retry
from collector.tables import Message, RawItem, SetAside
from config.context import Context
from tests.conftest import FixedClock

GOOD = "留言编号,留言用户,留言主题,留言时间,留言详情\n1,U1,路灯,2026/11/20 09:00:00,路灯不亮\n"
BAD_DATE = "2,U2,井盖,二十号上午吧,井盖丢了\n"


def write(folder: Path, text: str, name: str = "board.csv") -> Path:
    """Write a file and return its path."""
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def count(ctx: Context, table: type) -> int:
    """Count the rows of a table."""
    with ctx.database.reading() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_a_dry_run_stores_nothing(ctx: Context, tmp_path: Path) -> None:
    """It tells how the columns are read and leaves no row behind."""
    description = describe_file(ctx, write(tmp_path, GOOD), "site-board")

    assert dict(description.columns)["留言详情"] == "body"
    assert (count(ctx, RawItem), count(ctx, Message)) == (0, 0)


def test_a_refused_file_leaves_nothing(ctx: Context, tmp_path: Path) -> None:
    """A table without a text column is refused before anything is kept."""
    with pytest.raises(FileRefused):
        import_file(ctx, write(tmp_path, "甲,乙\n1,2\n"), "site-board")

    assert count(ctx, RawItem) == 0


def test_the_source_is_the_channels_own(ctx: Context, tmp_path: Path) -> None:
    """The same number on two channels is two messages."""
    path = write(tmp_path, GOOD)
    import_file(ctx, path, "site-board")
    import_file(ctx, path, "mailbox")

    assert count(ctx, Message) == 2


def test_a_date_given_by_hand_stands_in_for_a_missing_one(ctx: Context, tmp_path: Path) -> None:
    """Rows without a readable date get the given one, and history's day of receipt with it."""
    given = datetime(2026, 11, 1, tzinfo=ctx.profile.zone)

    counts = import_file(ctx, write(tmp_path, GOOD + BAD_DATE), "site-board", posted_at=given)

    assert (counts.stored, counts.set_aside) == (2, 0)
    with ctx.database.reading() as session:
        assert session.scalars(sa.select(Message.received_at).where(Message.external_id == "2")).one() == given


def test_a_set_aside_row_comes_back_once_it_can_be_read(ctx: Context, tmp_path: Path) -> None:
    """Retrying what still cannot be read leaves it waiting with a strike more; dropping settles it for good."""
    import_file(ctx, write(tmp_path, GOOD + BAD_DATE), "site-board")
    with ctx.database.reading() as session:
        ((row, _),) = list_set_aside(session)
    assert row.reason == "bad-date"
    assert "井盖" not in row.detail

    assert retry(ctx, row.id).set_aside == 1
    with ctx.database.reading() as session:
        assert session.get_one(SetAside, row.id).strikes == 2
    drop(ctx, row.id)
    with ctx.database.reading() as session:
        assert list(list_set_aside(session)) == []
    for act in (retry, drop):
        with pytest.raises(NothingSetAside, match="settled"):
            act(ctx, row.id)
    with pytest.raises(NothingSetAside):
        retry(ctx, 999)


def test_what_a_killed_process_left_is_finished_later(ctx: Context, clock: FixedClock) -> None:
    """Bytes that were stored but not read are read by the job, with the options of their import, once they are old."""
    keep_raw(
        ctx,
        source="file:posts",
        channel="posts",
        name="posts.csv",
        content="userid,text\n7,今天公交又晚点了\n".encode(),
        options={"posted_at": "2026-11-02T00:00:00+08:00", "open_cases": True},
    )
    assert resume_raw(ctx)["resumed"] == 0

    clock.forward(timedelta(minutes=20))

    assert resume_raw(ctx) == {"resumed": 1, "stored": 1, "failed": 0}
    with ctx.database.reading() as session:
        message = session.scalars(sa.select(Message)).one()
        assert (message.posted_at, message.open_case) == (datetime(2026, 11, 1, 16, tzinfo=UTC), True)
    assert resume_raw(ctx)["resumed"] == 0


def test_stored_bytes_that_cannot_be_read_do_not_stop_the_job(ctx: Context, clock: FixedClock) -> None:
    """A damaged file is set aside whole, the next one is read."""
    for name, content in (("a.csv", b"\x00\x01\x02\xff" * 50), ("b.csv", GOOD.encode())):
        keep_raw(ctx, source="file:site-board", channel="site-board", name=name, content=content, options={})
    clock.forward(timedelta(minutes=20))

    assert resume_raw(ctx) == {"resumed": 1, "stored": 1, "failed": 1}
    with ctx.database.reading() as session:
        ((row, _),) = list_set_aside(session)
    assert (row.position, row.reason) == ("", "unreadable")


def test_retrying_one_row_does_not_end_a_killed_import(ctx: Context, tmp_path: Path, clock: FixedClock) -> None:
    """A file whose import was killed stays unread after one of its rows was retried, and is finished later."""
    rows = "".join(f"{number},U,题,2026/11/20 09:00:00,{number}号路灯\n" for number in range(10, 20))
    content = (GOOD + BAD_DATE + rows).encode()
    options = {"posted_at": None, "open_cases": False}
    raw_id = keep_raw(
        ctx, source="file:site-board", channel="site-board", name="b.csv", content=content, options=options
    )

    def killed() -> Iterator[Item]:
        yield from itertools.islice(reread(ctx, raw_id), 2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take_in(ctx, raw_id, killed())
    take_in(ctx, raw_id, itertools.islice(reread(ctx, raw_id), 2), whole=False)
    with ctx.database.reading() as session:
        ((row, _),) = list_set_aside(session)

    retry(ctx, row.id)

    with ctx.database.reading() as session:
        assert session.get_one(RawItem, raw_id).state == "new"
    clock.forward(timedelta(minutes=20))
    assert resume_raw(ctx)["resumed"] == 1
    assert count(ctx, Message) == 11


def test_a_file_name_of_an_old_archive_is_no_obstacle(ctx: Context, tmp_path: Path) -> None:
    """Bytes in a name that are no UTF-8 are replaced, and the file is read."""
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xd0\xc5\xbc\xfe.csv"))
    path.write_text(GOOD, "utf-8")

    assert import_file(ctx, path, "site-board").stored == 1
