"""Stand-in boards of different structure, each read by its description alone: what is stored is what is true.

`tests/boards` holds the boards, their descriptions and the truth.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from collector.access import PIPELINE, visible_to
from collector.collecting import collect
from collector.counts import Counts
from collector.tables import Message, SetAside
from config.context import Context
from config.home import init_home
from config.profile import SHIPPED
from config.settings import Settings
from tests.boards import BOARDS
from tests.boards.base import Board
from tests.boards.tables import PairedRows
from tests.boards.truth import late_answer, newcomer
from tests.conftest import FixedClock
from tests.webserver import WebServer, serving

SOURCE = "the-board"
CASES = [
    pytest.param(board, name, id=f"{board.__name__}-{name}") for board in BOARDS for name in sorted(board.descriptions)
]


@contextmanager
def reading(board: Board, settings: Settings, clock: FixedClock) -> Iterator[tuple[Context, WebServer]]:
    """A fresh home with a profile that describes this board, while the board is served."""
    with serving(board.answer) as server:
        board.base = server.url
        profile = settings.home.parent / "profile.toml"
        profile.write_text(SHIPPED.read_text("utf-8") + board.description(SOURCE), "utf-8")
        ctx = init_home(settings.model_copy(update={"profile": profile}), clock=clock)
        if isinstance(board, PairedRows):
            board.vault = ctx.vault
        try:
            yield ctx, server
        finally:
            ctx.close()


def run(ctx: Context) -> Counts:
    """Collect once, without waiting."""
    return collect(ctx, SOURCE, sleep=lambda seconds: None)


def stored(ctx: Context, columns: set[str]) -> dict[str, dict[str, Any]]:
    """The messages of the home by their ids."""
    with ctx.database.reading() as session:
        rows = session.scalars(sa.select(Message).where(visible_to(PIPELINE))).all()
        return {row.external_id: {column: getattr(row, column) for column in columns} for row in rows}


def faults(ctx: Context) -> list[str]:
    """What was set aside."""
    with ctx.database.reading() as session:
        return [f"{row.reason}: {row.detail}" for row in session.scalars(sa.select(SetAside))]


def compare(ctx: Context, board: Board) -> None:
    """Check every column of every message against the truth."""
    truth = {row["external_id"]: row for row in board.truth()}
    found = stored(ctx, set(next(iter(truth.values()))))

    assert faults(ctx) == []
    assert sorted(found) == sorted(truth)
    wrong = {
        (external_id, column): (found[external_id][column], value)
        for external_id, row in truth.items()
        for column, value in row.items()
        if found[external_id][column] != value
    }
    assert wrong == {}


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_a_board_is_read_by_its_description_alone(
    kind: type[Board],
    name: str,
    settings: Settings,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All letters are stored as they are; nothing new costs one request; then only what is new is brought."""
    for secret, value in kind.secrets.items():
        monkeypatch.setenv("WENZHENG_SECRET_" + secret.replace("-", "_").upper(), value)
    board = kind(name)
    with reading(board, settings, clock) as (ctx, server):
        counts = run(ctx)

        compare(ctx, board)
        assert counts.stored == len(board.truth())

        # The second run finds nothing new and asks for the list's first page alone.
        server.requests.clear()
        counts = run(ctx)

        assert counts.stored == 0
        assert counts.fetched == counts.duplicates
        assert server.paths[board.before :] == server.paths[-1:]

        # The third finds one letter more and, where the site shows it, one answer to a letter that waited.
        clock.forward(timedelta(days=1))
        board.add(newcomer(board.seed, datetime(2026, 11, 24, 1, 17, 45, tzinfo=UTC)))
        changed = {board.letters[0].number}
        if board.late:
            changed.add(board.reply(late_answer(board.seed, datetime(2026, 11, 23, 23, 0, tzinfo=UTC))).number)
        board.opened.clear()
        counts = run(ctx)

        compare(ctx, board)
        assert counts.stored == 1
        if board.tells:
            # A page that was gone is looked for once a day, as long as the list says that there is an answer.
            assert set(board.opened) <= changed | board.missing
            assert len(board.opened) == len(set(board.opened)) * board.pages_each
