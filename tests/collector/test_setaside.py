"""Set-aside items: listed with their file, and settled as what became of them."""

import pytest
import sqlalchemy as sa

from collector import setaside
from collector.base import Blank, Fetched, Item, Unreadable
from collector.importing import import_file
from collector.tables import SetAside
from config.context import Context


@pytest.fixture
def aside(ctx: Context, tmp_path) -> int:
    """The number of one row with a date that cannot be read."""
    path = tmp_path / "board.csv"
    path.write_text("留言编号,留言时间,留言详情\n1,昨天,路灯不亮\n2,2026/11/20,路灯又亮了\n", "utf-8")
    import_file(ctx, path, "site-board")
    with ctx.database.reading() as session:
        ((row, name),) = setaside.list_set_aside(session)
    assert (name, row.position) == ("board.csv", "row 2")
    return row.id


@pytest.mark.parametrize(
    ("items", "state"),
    [
        ([Blank("row 2", "blank")], "dropped"),
        ([Unreadable("row 2", "bad-date", "row 2: no date")], "waiting"),
        ([], "waiting"),
    ],
)
def test_an_item_is_settled_as_what_became_of_it(
    ctx: Context, aside: int, monkeypatch: pytest.MonkeyPatch, items: list[Item], state: str
) -> None:
    """A retry that stores nothing never says that it was stored."""
    monkeypatch.setattr(setaside, "reread", lambda ctx, raw_id: iter(items))

    counts = setaside.retry(ctx, aside)

    assert (counts.fetched, counts.stored) == (len(items), 0)
    with ctx.database.reading() as session:
        assert session.scalar(sa.select(SetAside.state).where(SetAside.id == aside)) == state


def test_an_item_that_can_be_read_now_is_stored(ctx: Context, aside: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It leaves the list."""
    item = Fetched(position="row 2", body="路灯不亮", posted_at=ctx.clock())
    monkeypatch.setattr(setaside, "reread", lambda ctx, raw_id: iter([item]))

    assert setaside.retry(ctx, aside).stored == 1

    with ctx.database.reading() as session:
        assert setaside.list_set_aside(session) == []
