"""Trying a source: what each field caught, what looks wrong, the kept pages; nothing is stored."""

# ruff: noqa: E501 - markup stands as a site's keeper would write it.

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from collector.errors import FixtureUnreadable, HttpRefused, SourceUnknown
from collector.tables import Message, RawItem, SourceCursor, SourceState
from collector.trying import Trial, lines, try_source
from config.context import Context
from config.home import init_home
from config.profile import SHIPPED, load_profile
from config.settings import Settings
from tests.conftest import FixedClock
from tests.dovecot import running_dovecot
from tests.mailboxes import mail, with_mailbox
from tests.webserver import Asked, Handler, Reply, WebServer, serving

DAYS = ["2026-11-20", "2026-11-18", "2026-11-15", "2026-11-09"]
BOARD = """
[[sources]]
id = "board"
kind = "website"
channel = "site-board"
private = true
pace = 0
[sources.list]
url = "{base}/list?page={page}"
rows = "li"
fields.title = "a"
fields.link = "a@href"
fields.posted_at = "i"
fields.place = "u"
fields.external_id = { select = "a", attr = "href", pattern = 'id=(\\d+)' }
paging.pages = { pattern = '共(\\d+)页' }
[[sources.details]]
fields.body = { label = "信件内容" }
fields.author_name = { label = "来信人" }
fields.contact = { label = "电话" }
fields.answer_text = { label = "答复内容" }
"""


def board(asked: Asked) -> Reply | str:
    """A board of four letters; the third has no date, the fourth no page."""
    if asked.path.startswith("/list"):
        rows = "".join(
            f"<li><a href='/view?id={place + 1}'>建议{place + 1}：公开联系人13912345678的数据</a><i>{day if place != 2 else ''}</i></li>"
            for place, day in enumerate(DAYS)
        )
        return f"<html><head><meta charset='utf-8'></head><body><ul>{rows}</ul>共9页</body></html>"
    if asked.path.startswith("/view"):
        number = int(asked.query["id"])
        answer = "<p>答复内容：已经办理。</p>" if number == 1 else ""
        return f"<p>来信人：王小明</p><p>电话：13912345678</p><p>信件内容：请公开第{number}季度的数据。</p>{answer}"
    return Reply(status=404)


@contextmanager
def trying(settings: Settings, clock: FixedClock, block: str, handler: Handler) -> Iterator[tuple[Context, WebServer]]:
    """A fresh home whose profile has one source more, while its site is served."""
    with serving(handler) as server:
        profile = settings.home.parent / "profile.toml"
        profile.write_text(SHIPPED.read_text("utf-8") + block.replace("{base}", server.url), "utf-8")
        ctx = init_home(settings.model_copy(update={"profile": profile}), clock=clock)
        try:
            yield ctx, server
        finally:
            ctx.close()


def again(ctx: Context, settings: Settings, clock: FixedClock, old: str, new: str) -> Context:
    """Open the home anew after a change of the profile."""
    path = settings.home.parent / "profile.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    return Context(ctx.settings, load_profile(path), ctx.database, ctx.vault, clock)


def figures(trial: Trial) -> dict[str, tuple[int, int]]:
    """Caught and looked at, by part and field."""
    return {f"{one.part}.{one.name}": (one.caught, one.of) for one in trial.fields}


def try_board(ctx: Context, from_fixture: Path | None = None) -> Trial:
    """Try the board without waiting."""
    return try_source(ctx, "board", from_fixture=from_fixture, sleep=lambda seconds: None)


def is_empty(ctx: Context) -> bool:
    """Whether nothing was stored."""
    with ctx.database.reading() as session:
        return all(
            session.scalar(sa.select(sa.func.count()).select_from(table)) == 0
            for table in (Message.__table__, RawItem.__table__, SourceCursor.__table__, SourceState.__table__)
        )


def test_each_field_says_what_it_caught_and_missed(settings: Settings, clock: FixedClock) -> None:
    """One list page and three letters are asked; fields, next page and encoding are told, and nothing is stored."""
    with trying(settings, clock, BOARD, board) as (ctx, server):
        trial = try_board(ctx)
        found = figures(trial)
        text = "\n".join(lines(trial))

        assert found["list.title"] == (4, 4)
        assert found["list.posted_at"] == (3, 4)
        assert found["list.place"] == (0, 4)
        assert found["details.body"] == (3, 3)
        assert found["details.answer_text"] == (1, 3)
        assert found["message.body"] == (2, 2)
        assert next(one.missed for one in trial.fields if one.name == "posted_at") == (3,)
        assert server.paths == ["/robots.txt", "/list?page=1", "/view?id=1", "/view?id=2", "/view?id=3"]
        assert is_empty(ctx)
        assert f"next page: GET {server.url}/list?page=2" in text
        assert "the page says: 9 pages" in text
        assert "encoding: utf-8" in text
        assert "rows: 4" in text


def test_examples_are_masked_and_short(settings: Settings, clock: FixedClock) -> None:
    """No telephone number and no name of an author is printed."""
    with trying(settings, clock, BOARD, board) as (ctx, _):
        text = "\n".join(lines(try_board(ctx)))

    assert "13912345678" not in text
    assert "王小明" not in text
    assert "[电话]" in text


def test_kept_pages_are_tried_again_without_a_request(settings: Settings, clock: FixedClock) -> None:
    """A corrected description is tried on the fixture, with another result and no request."""
    with trying(settings, clock, BOARD, board) as (ctx, server):
        first = try_board(ctx)
        assert first.fixture is not None
        server.requests.clear()
        changed = again(ctx, settings, clock, 'fields.place = "u"', 'fields.place = "a"')
        second = try_board(changed, first.fixture)

        assert figures(first)["list.place"] == (0, 4)
        assert figures(second)["list.place"] == (4, 4)
        assert {**figures(second), "list.place": (0, 4)}.keys() >= figures(first).keys()
        assert server.requests == []


def test_fixture_is_private_and_complete(settings: Settings, clock: FixedClock) -> None:
    """The folder is the account's own, and its manifest names each page with address and type."""
    with trying(settings, clock, BOARD, board) as (ctx, server):
        folder = try_board(ctx).fixture
        assert folder is not None
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}

        assert folder == ctx.settings.home / "fixtures" / "board" / "20261123-100000"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert modes == {0o600}
        assert [one["file"] for one in manifest["pages"]] == [
            "list.bin",
            "detail-1.bin",
            "detail-2.bin",
            "detail-3.bin",
        ]
        assert manifest["pages"][0]["url"] == f"{server.url}/list?page=1"
        assert "建议1" in (folder / "list.bin").read_text("utf-8")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('rows = "li"', 'rows = "li"\n[sources.visit]\nurl = "{base}/list?page=0"\n[sources.list]'),
        ('channel = "site-board"', 'channel = "restricted-board"'),
    ],
)
def test_pages_of_the_bureau_alone_are_sealed(settings: Settings, clock: FixedClock, old: str, new: str) -> None:
    """Behind a visit, or on a restricted channel, pages are kept encrypted and still open for another trial."""
    if "visit" in new:
        block = BOARD.replace("[sources.list]", '[sources.visit]\nurl = "{base}/list?page=0"\n[sources.list]')
    else:
        block = BOARD.replace(old, new) + (
            '[[channels]]\nid = "restricted-board"\nname = "内部"\nexpects_reply = false\naccess = "restricted"\n'
        )
    with trying(settings, clock, block, board) as (ctx, _):
        trial = try_board(ctx)
        assert trial.fixture is not None

        assert "建议".encode() not in (trial.fixture / "list.bin").read_bytes()
        assert figures(try_board(ctx, trial.fixture)) == figures(trial)


def test_a_folder_without_pages_is_refused(settings: Settings, clock: FixedClock) -> None:
    """What is no fixture is named, with what to do."""
    with trying(settings, clock, BOARD, board) as (ctx, _), pytest.raises(FixtureUnreadable):
        try_board(ctx, settings.home)


def test_a_second_trial_in_the_same_second_keeps_both(settings: Settings, clock: FixedClock) -> None:
    """Folders are never overwritten."""
    with trying(settings, clock, BOARD, board) as (ctx, _):
        first, second = try_board(ctx).fixture, try_board(ctx).fixture

    assert first != second


def test_what_looks_wrong_is_said(settings: Settings, clock: FixedClock) -> None:
    """Ids that repeat, one date for all, short bodies and missing required fields are warnings."""
    rows = "".join(f"<li><a href='/view?id=7&n={n}'>第{n}封</a><i>2026-11-20</i></li>" for n in range(4))

    def site(asked: Asked) -> Reply | str:
        return f"<ul>{rows}</ul>" if asked.path.startswith("/list") else "<p>信件内容：好</p>"

    with trying(settings, clock, BOARD.replace("paging.pages", "#"), site) as (ctx, _):
        text = "\n".join(try_board(ctx).warnings)

    assert "most rows of the list have the same id" in text or "external_id is not unique" in text


def test_no_row_is_a_warning_and_no_error(settings: Settings, clock: FixedClock) -> None:
    """A selector that finds nothing leaves the page as a fixture to look at."""
    with trying(settings, clock, BOARD.replace('rows = "li"', 'rows = "tr"'), board) as (ctx, _):
        trial = try_board(ctx)

    assert any("no row was found" in text for text in trial.warnings)
    assert trial.fixture is not None


def test_a_letter_that_cannot_be_had_is_a_warning(settings: Settings, clock: FixedClock) -> None:
    """The other letters are still tried."""

    def site(asked: Asked) -> Reply | str:
        return Reply(status=410) if asked.path == "/view?id=2" else board(asked)

    with trying(settings, clock, BOARD, site) as (ctx, _):
        trial = try_board(ctx)

    assert figures(trial)["details.body"] == (2, 2)
    assert any("the page of row 2" in text for text in trial.warnings)


def test_a_row_without_a_page_is_a_warning(settings: Settings, clock: FixedClock) -> None:
    """What the page is asked by is named, nothing is asked for the row, and the other rows' pages are tried."""

    def site(asked: Asked) -> Reply | str:
        answered = board(asked)
        return answered.replace("<a href='/view?id=2'>", "<a>") if isinstance(answered, str) else answered

    with trying(settings, clock, BOARD, site) as (ctx, server):
        trial = try_board(ctx)

        assert "row 2 has no page: no link" in trial.warnings
        assert server.paths == ["/robots.txt", "/list?page=1", "/view?id=1", "/view?id=3"]
    assert figures(trial)["details.body"] == (2, 2)


def test_a_list_that_cannot_be_had_is_an_error(settings: Settings, clock: FixedClock) -> None:
    """The command says what the server answered."""
    with trying(settings, clock, BOARD, lambda asked: Reply(status=404)) as (ctx, _), pytest.raises(HttpRefused):
        try_board(ctx)


def test_an_unknown_source_is_an_error(ctx: Context) -> None:
    """The profile has none of this name."""
    with pytest.raises(SourceUnknown):
        try_source(ctx, "nothing")


FEED = """
[[sources]]
id = "board"
kind = "feed"
channel = "posts"
private = true
pace = 0
url = "{base}/feed"
keywords = ["统计"]
"""
RSS = """<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>
<item><title>统计局怎么走</title><description>请问统计局在哪里</description><guid>a1</guid><pubDate>Fri, 20 Nov 2026 02:00:00 GMT</pubDate></item>
<item><title>天气真好</title><description>出去走走</description><guid>a2</guid><pubDate>Fri, 20 Nov 2026 03:00:00 GMT</pubDate></item>
</channel></rss>"""


def test_a_feed_tells_its_entries_and_what_would_be_dropped(settings: Settings, clock: FixedClock) -> None:
    """One request; entries of no concern are counted, and the feed is kept for another trial."""
    with trying(settings, clock, FEED, {"/feed": Reply(RSS, headers={"Content-Type": "application/rss+xml"})}) as (
        ctx,
        server,
    ):
        trial = try_board(ctx)
        asked = len(server.requests)

        assert figures(trial)["message.title"] == (1, 1)
        assert "entries: 2" in trial.notes
        assert any("no-keyword" in text for text in trial.warnings)
        assert figures(try_board(ctx, trial.fixture)) == figures(trial)
        assert len(server.requests) == asked
        assert is_empty(ctx)


def test_a_mailbox_is_counted_and_its_newest_mails_are_read(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders and numbers are told, three mails are read, none is marked, nothing is stored."""
    with running_dovecot() as server:
        account = server.account()
        server.deliver(account, *(mail(number) for number in range(1, 6)))
        monkeypatch.setenv("WENZHENG_SECRET_LEADER_MAIL", account.password)
        home = with_mailbox(
            ctx,
            username=account.name,
            port=server.tls_port,
            ca_file=str(server.ca_file),
            after="seen",
            folders=["INBOX", "没有的"],
        )
        trial = try_source(home, "mail")

        assert figures(trial)["message.title"] == (3, 3)
        assert next(one.example for one in trial.fields if one.name == "title") == "Mail 5"
        assert "INBOX: 5 mails" in trial.notes
        assert "there is no folder 没有的" in trial.warnings
        assert trial.fixture is None
        assert not any(server.seen(account))
        assert is_empty(ctx)


def test_a_folder_tells_which_files_are_complete(settings: Settings, clock: FixedClock, tmp_path: Path) -> None:
    """Files are named with size and state, and stay where they are."""
    watched = tmp_path / "in"
    watched.mkdir()
    for name, age in (("old.csv", timedelta(minutes=5)), ("new.csv", timedelta())):
        path = watched / name
        path.write_text("标题,内容\n", "utf-8")
        moment = (clock() - age).timestamp()
        os.utime(path, (moment, moment))
    block = f'\n[[sources]]\nid = "board"\nkind = "folder"\nchannel = "hotline-12345"\npath = "{watched}"\n'
    with trying(settings, clock, block, {}) as (ctx, _):
        trial = try_board(ctx)
        with pytest.raises(FixtureUnreadable):
            try_board(ctx, tmp_path)

    assert any(note.startswith("old.csv") and note.endswith("complete") for note in trial.notes)
    assert any(note.startswith("new.csv") and "too new" in note for note in trial.notes)
    assert sorted(path.name for path in watched.iterdir()) == ["new.csv", "old.csv"]
