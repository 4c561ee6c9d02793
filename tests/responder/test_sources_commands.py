"""The commands over live sources, as an operator types them, against a local board."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commandline import Said, wenzheng
from tests.profiles import profile_file
from tests.webserver import Asked, Reply, WebServer, serving

ROWS = 12
PAGE = "<html><body><table class='list'><tr><th>标题</th><th>来信日期</th></tr>{rows}</table></body></html>"
LETTER = (
    "<html><body><table><tr><th>信件标题</th><td>路灯{n}不亮</td></tr>"
    "<tr><th>来信时间</th><td>2026-11-{d:02} 09:00</td></tr>"
    "<tr><th>信件内容</th><td>第{n}条路的路灯不亮了，电话13900000000。</td></tr></table></body></html>"
)


def answer(asked: Asked) -> Reply | str:
    """Serve a list of twelve letters and a page for each."""
    if asked.path == "/list":
        return PAGE.format(
            rows="".join(
                f"<tr><td><a href='/letter?id={n}'>路灯{n}不亮</a></td><td>2026-11-{n + 1:02}</td></tr>"
                for n in range(ROWS)
            )
        )
    if asked.path.startswith("/letter"):
        number = int(asked.query["id"])
        return LETTER.format(n=number, d=number + 1)
    return Reply(status=404)


@pytest.fixture
def board() -> Iterator[WebServer]:
    """The running board."""
    with serving(answer) as server:
        yield server


@pytest.fixture
def profile(tmp_path: Path, board: WebServer) -> Path:
    """A profile with the board as a source, and one more that nobody answers for."""
    return profile_file(
        tmp_path,
        f"""
[[sources]]
id = "board"
kind = "website"
channel = "site-board"
pace = 0
private = true
[sources.list]
url = "{board.url}/list"
rows = "table.list tr"
fields = {{ title = "a", link = "a@href", posted_at = {{ column = "来信日期" }} }}
[[sources.details]]
fields = {{ body = {{ label = "信件内容" }}, posted_at = true, answer_text = true }}

[[sources]]
id = "gone"
kind = "feed"
channel = "posts"
pace = 0
private = true
robots = false
robots_reason = "a stand-in"
url = "{board.url}/nothing"
""",
    )


def run(tmp_path: Path, profile: Path, *arguments: str) -> Said:
    """Run a command in the home of the test."""
    return wenzheng(tmp_path / "home", *arguments, profile=str(profile))


def test_collect_counts_and_says_what_failed(tmp_path: Path, profile: Path) -> None:
    """The counts add up and are given by source; a failing source is named, and the exit code says so."""
    assert run(tmp_path, profile, "init").code == 0

    said = run(tmp_path, profile, "collect", "board", "--json")
    counts = json.loads(said.out)
    assert said.code == 0, said.err
    assert counts["fetched"] == counts["stored"] == ROWS
    assert counts["sources"]["board"]["stored"] == ROWS

    said = run(tmp_path, profile, "collect", "--json")
    assert said.code == 1
    assert "gone" in said.err
    assert json.loads(said.out)["stored"] == 0

    rows = json.loads(run(tmp_path, profile, "source", "list", "--json").out)
    assert [(row["id"], row["messages"], row["failures"]) for row in rows] == [("board", ROWS, 0), ("gone", 0, 1)]
    assert "404" in rows[1]["error"]
    shown = run(tmp_path, profile, "source", "list").out
    assert "board" in shown
    assert "good run  never" in shown
    assert "source gone" in run(tmp_path, profile, "check").out


def test_list_tells_how_many_rows_wait(tmp_path: Path, profile: Path, board: WebServer) -> None:
    """A row whose page could not be read is told as waiting, in words and in JSON; without any the line is left out."""
    run(tmp_path, profile, "init")
    own = profile.read_text("utf-8")

    def refuse_two(asked: Asked) -> Reply | str:
        return Reply(status=403) if asked.path in ("/letter?id=3", "/letter?id=8") else answer(asked)

    assert json.loads(run(tmp_path, profile, "source", "list", "--json").out)[0]["waiting"] == 0
    assert "waiting" not in run(tmp_path, profile, "source", "list").out
    with serving(refuse_two) as server:
        profile.write_text(own.replace(board.url, server.url), "utf-8")
        said = run(tmp_path, profile, "collect", "board", "--json")

    assert json.loads(said.out)["stored"] == ROWS - 2, said.err
    rows = json.loads(run(tmp_path, profile, "source", "list", "--json").out)
    assert [(row["id"], row["waiting"]) for row in rows] == [("board", 2), ("gone", 0)]
    shown = run(tmp_path, profile, "source", "list").out
    assert shown.count("waiting   2 rows whose page could not be read") == shown.count("waiting") == 1


def test_an_unknown_source_is_refused(tmp_path: Path, profile: Path) -> None:
    """The message names the sources there are; nothing is asked."""
    run(tmp_path, profile, "init")

    said = run(tmp_path, profile, "collect", "bord")

    assert said.code == 1
    assert "board, gone" in said.err


def test_try_shows_what_each_field_caught_and_stores_nothing(tmp_path: Path, profile: Path, board: WebServer) -> None:
    """Caught and missed by field, personal data masked, the pages kept; the kept pages do for a second look."""
    run(tmp_path, profile, "init")

    said = run(tmp_path, profile, "source", "try", "board")
    assert said.code == 0, said.err
    assert "12 of 12" in said.out
    assert "answer_text" in said.out
    assert "13900000000" not in said.out
    (fixture,) = (tmp_path / "home" / "fixtures" / "board").iterdir()
    asked = len(board.requests)

    again = json.loads(run(tmp_path, profile, "source", "try", "board", "--from", str(fixture), "--json").out)
    assert {one["name"] for one in again["fields"]} >= {"title", "link", "posted_at", "body"}
    assert len(board.requests) == asked
    assert json.loads(run(tmp_path, profile, "source", "list", "--json").out)[0]["messages"] == 0


def test_propose_prints_a_block_that_can_be_used(tmp_path: Path, profile: Path, board: WebServer) -> None:
    """The printed block, put into the profile as it is, collects the board."""
    run(tmp_path, profile, "init")

    said = run(tmp_path, profile, "source", "propose", f"{board.url}/list")
    assert said.code == 0, said.err
    other = tmp_path / "other"
    other.mkdir()
    own = profile_file(other, said.out.replace("[sources.list]", "pace = 0\n[sources.list]", 1))
    source = said.out.split('id = "')[1].split('"')[0]
    run(other, own, "init")
    collected = run(other, own, "collect", source, "--json")

    assert json.loads(collected.out)["stored"] == ROWS, collected.err
