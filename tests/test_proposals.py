"""Suggested descriptions on the stand-in boards: untouched, they read more than half of the boards to their end."""

import re
import tomllib
from pathlib import Path
from urllib.parse import urljoin

import pytest
import sqlalchemy as sa

from collector.access import PIPELINE, visible_to
from collector.collecting import collect
from collector.errors import SourceFailed
from collector.propose import propose_site
from collector.tables import Message
from config.home import init_home
from config.profile import SHIPPED, load_profile
from config.settings import Settings
from config.sources import with_preset
from tests.boards import BOARDS
from tests.boards.base import Board
from tests.boards.tables import PairedRows
from tests.boards.truth import ZONE
from tests.conftest import FixedClock
from tests.webserver import Asked, Reply, serving

UNLIKELY = {
    "Jact",
    "CdataRecords",
    "TokenAndCookie",
    "BackEnd",
    "SinglePage",
    "ScriptRows",
    "WrongEncoding",
    "OtherWrongEncoding",
    "Articles",
    "DataTables",
}
"""Boards that a page alone does not explain: asked by POST or behind an account, or with no word of a second page."""


def address_of(board: Board) -> str:
    """Return the address of a board's list as an operator copies it from a browser."""
    block = with_preset(tomllib.loads(board.description("board"))["sources"][0])
    paging = block["list"].get("paging", {})
    size = paging.get("size", 20)
    values = {"page": paging.get("first", 1), "offset": 0, "start": 1, "end": size, "size": size, "now_ms": 1}
    values |= {"cursor": paging.get("cursor_first", ""), **block.get("params", {})}
    url = block["visit"]["url"] if "preset" in block and "visit" in block else block["list"]["url"]
    filled = re.sub(r"\{(\w+)\}", lambda match: str(values.get(match[1], match[0])), url)
    return urljoin(block.get("base", ""), filled)


@pytest.mark.parametrize("kind", [kind for kind in BOARDS if kind.__name__ not in UNLIKELY])
def test_a_board_is_read_by_what_was_suggested(
    kind: type[Board], tmp_path: Path, settings: Settings, clock: FixedClock
) -> None:
    """Title, day and text of every letter are those of the truth, although nobody touched the suggestion."""
    board = kind(min(kind.descriptions))

    def answer(asked: Asked) -> Reply | bytes | str:
        return Reply(status=404) if asked.path == "/robots.txt" else board.answer(asked)

    with serving(answer) as server:
        board.base = server.url
        ctx = init_home(Settings(home=tmp_path / "first"), clock=clock)
        proposal = propose_site(ctx, address_of(board), sleep=lambda seconds: None)
        ctx.close()
        profile = tmp_path / "profile.toml"
        profile.write_text(
            SHIPPED.read_text("utf-8") + "\n" + proposal.toml.replace("\nprivate", "\npace = 0\nprivate")
        )
        ctx = init_home(settings.model_copy(update={"profile": profile}), clock=clock)
        try:
            collect(ctx, ctx.profile.sources[-1].id, sleep=lambda seconds: None)
            with ctx.database.reading() as session:
                rows = session.scalars(sa.select(Message).where(visible_to(PIPELINE))).all()
                found = sorted((row.title, row.posted_at.astimezone(ZONE).date(), row.body) for row in rows)
            if isinstance(board, PairedRows):
                board.vault = ctx.vault
        finally:
            ctx.close()
    gone = {letter.title for letter in board.letters if letter.number in board.missing}
    truth = sorted((row["title"], row["posted_at"].astimezone(ZONE).date(), row["body"]) for row in board.truth())

    # Of a letter whose page is gone the list's own words are stored, which the truth knows by another description.
    assert [row for row in found if row not in truth and not any(row[2] in one for one in gone)] == []
    assert len(found) == len(truth)


def test_more_than_half_of_the_boards_are_read_so() -> None:
    """The boards above are most of those there are."""
    assert len(BOARDS) - len(UNLIKELY) > len(BOARDS) / 2


@pytest.mark.parametrize("kind", [kind for kind in BOARDS if kind.__name__ in UNLIKELY])
def test_the_other_boards_get_a_block_to_work_on_or_an_error(
    kind: type[Board], tmp_path: Path, clock: FixedClock
) -> None:
    """What cannot be recognised still gives a block that the profile accepts, or says why there is none."""
    board = kind(min(kind.descriptions))

    def answer(asked: Asked) -> Reply | bytes | str:
        return Reply(status=404) if asked.path == "/robots.txt" else board.answer(asked)

    with serving(answer) as server:
        board.base = server.url
        ctx = init_home(Settings(home=tmp_path / "home"), clock=clock)
        try:
            text = propose_site(ctx, address_of(board), sleep=lambda seconds: None).toml
        except SourceFailed:
            text = ""
        finally:
            ctx.close()
        server.errors.clear()
    if text:
        profile = tmp_path / "profile.toml"
        profile.write_text(SHIPPED.read_text("utf-8") + "\n" + text, "utf-8")
        load_profile(profile)
