"""Hostile sites, files and senders: what each could bring about, and does not."""

import json
import os
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
import sqlalchemy as sa

from collector.base import Fetched, FetchedAttachment
from collector.counts import Counts
from collector.dedupe import identity
from collector.errors import FolderUnusable, PageUnreadable, SourceChanged, SourceFailed
from collector.jobs import resume_raw
from collector.pages.document import read_document
from collector.pages.markup import parse_xml
from collector.readers import Limits, ReadOptions
from collector.readers.feeds import read_feed
from collector.runs import Run
from collector.sources import folder as folder_module
from collector.tables import SetAside, SourceState
from config.context import Context
from config.sources import Asking
from tests.collector.sources import site
from tests.collector.sources.test_folder import HEADER, drop, home, look, put, row, take
from tests.collector.sources.test_folder import stored as ids_of_folder
from tests.profiles import with_sources
from tests.webserver import Asked, Reply, serving

__all__ = ["drop", "home"]

SECRET = "s3cr3t"
LISTING = """
[sources.list]
url = "{url}/list"
rows = "tr.row"
fields = { title = "a", link = "a@href", posted_at = "td.date" }
"""
DATA = """
[sources.list]
url = "{url}/list"
at = "rows"
fields = { title = "t", external_id = "id", posted_at = "d", body = "b" }
"""


def rows(*links: str) -> str:
    return (
        "<html><table>"
        + "".join(
            f'<tr class="row"><td><a href="{link}">标题{number}</a></td><td class="date">2026-11-20</td></tr>'
            for number, link in enumerate(links)
        )
        + "</table></html>"
    )


def described(ctx: Context, folder: Path, url: str, text: str) -> Context:
    return with_sources(ctx, folder, (site.HEAD + text).replace("{url}", url))


def data(*found: dict[str, object], **more: object) -> Reply:
    return Reply(json.dumps({"rows": found, **more}), headers={"Content-Type": "application/json"})


def one(number: int, **more: object) -> dict[str, object]:
    return {"t": f"标题{number}", "id": number, "d": "2026-11-20", "b": f"正文{number}", **more}


# --- reading: time ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["auto", "json", "jsonp"])
@pytest.mark.parametrize("text", ["<!-- x -->" * 28 + "<div>x</div>", "/**/" * 28 + "!", ";" * 28 + "//\n" * 28])
def test_comments_cost_no_more_than_their_length(text: str, form: str) -> None:
    """A page that begins with comments is told from data at once; it once took twice as long for each of them."""
    began = time.monotonic()
    with suppress(PageUnreadable):
        read_document(text.encode(), "text/html", "http://a.example/", Asking.model_validate({"format": form}))
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("text", ["<!-- x -->", "<?x ?>"])
def test_a_prolog_costs_no_more_than_its_length(text: str) -> None:
    """XML that begins with comments or instructions is read at once."""
    began = time.monotonic()
    assert parse_xml(text * 28 + "<r/>") is not None
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("text", ["<script type=text/xml>", "<script "])
def test_open_scripts_cost_no_more_than_their_length(text: str) -> None:
    """Records of XML are looked for once, not once for each script that is never closed."""
    began = time.monotonic()
    with suppress(PageUnreadable):
        read_document((text * 20_000).encode(), "", "http://a.example/", Asking(format="xml"))
    assert time.monotonic() - began < 5


def test_crowded_elements_of_a_feed_are_refused(ctx: Context) -> None:
    """Python's XML parser takes the square of an element's attributes."""
    crowded = " ".join(f'a{number}="1"' for number in range(100_000))
    text = f"<rss version='2.0'><channel><item><title>x</title><enclosure {crowded}/></item></channel></rss>"
    options = ReadOptions("posts", ctx.profile.zone, posted_at=ctx.clock(), limits=Limits.of(ctx.settings))
    began = time.monotonic()
    with pytest.raises(PageUnreadable, match="attributes"):
        read_feed(text.encode(), options, url="http://a.example/")
    assert time.monotonic() - began < 5


def test_a_number_too_long_to_write_out_is_a_text(ctx: Context, tmp_path: Path) -> None:
    """A hexadecimal id of any length in a script is no fault of the program."""
    with serving({"/list": f"var d = [{{t:'x', id:0x{'f' * 100_000}, d:'2026-11-20', b:'y'}}];"}) as server:
        text = DATA.replace('at = "rows"', 'variable = "d"')
        assert site.run(described(ctx, tmp_path, server.url, text)).stored == 1


# --- what is sent to whom ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["headers", "form"])
def test_a_link_elsewhere_gets_no_secret(
    ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    """Headers and forms of a description go to the hosts that it names, wherever a row's link leads."""
    monkeypatch.setenv("WENZHENG_SECRET_TOK", SECRET)
    with serving(lambda asked: Reply("<div class=text>x</div>")) as other, serving(lambda asked: home_page) as server:
        home_page = rows(f"http://localhost:{other.port}/x")
        details = f'[[sources.details]]\n{key} = {{ Token = "secret:tok" }}\nfields = {{ body = "div.text" }}\n'
        site.run(described(ctx, tmp_path, server.url, LISTING + details))
        assert all(SECRET not in f"{asked.headers}{asked.body!r}" for asked in other.requests)


def test_a_next_link_elsewhere_gets_no_secret(ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where a list goes on elsewhere."""
    monkeypatch.setenv("WENZHENG_SECRET_TOK", SECRET)
    with serving(lambda asked: Reply("<table></table>")) as other, serving(lambda asked: first) as server:
        first = rows("/1") + f'<a class="next" href="http://localhost:{other.port}/2">下一页</a>'
        text = LISTING + 'headers = { Authorization = "secret:tok" }\n[sources.list.paging]\nnext = "a.next"\n'
        site.run(described(ctx, tmp_path, server.url, text))
        assert other.requests
        assert all(SECRET not in str(asked.headers) for asked in other.requests)


def test_a_feed_that_moved_gets_no_secret(ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor do further pages of a feed that was redirected to another site."""
    monkeypatch.setenv("WENZHENG_SECRET_TOK", SECRET)
    page = '{"version": "https://jsonfeed.org/version/1", "items": [{"id": "%s", "content_text": "x"}]%s}'
    answers = {"/1": page % (1, ', "next_url": "/2"'), "/2": page % (2, "")}
    with serving(answers) as other:
        with serving({"/feed": Reply(status=302, headers={"Location": f"http://localhost:{other.port}/1"})}) as server:
            head = site.HEAD.replace("website", "feed") + f'url = "{server.url}/feed"\n'
            site.run(with_sources(ctx, tmp_path, head + 'headers = { Authorization = "secret:tok" }\n'))
        assert other.paths == ["/1", "/2"]
        assert all(SECRET not in str(asked.headers) for asked in other.requests)


def test_a_sources_own_headers_may_name_secrets(ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A header of the source itself is sent as the secret it names, as docs/sources.md says."""
    monkeypatch.setenv("WENZHENG_SECRET_TOK", SECRET)
    with serving({"/list": data(one(1))}) as server:
        site.run(described(ctx, tmp_path, server.url, 'headers = { X-Key = "secret:tok" }\n' + DATA))
        assert server.requests[0].headers["X-Key"] == SECRET


def test_errors_show_no_ticket(ctx: Context, tmp_path: Path) -> None:
    """An address that a visit was redirected to may hold a ticket; errors name it without its query."""
    door = Reply(status=302, headers={"Location": "/door?ticket=TOPSECRET"})
    with serving({"/visit": door, "/door": "<p>x</p>", "/data": door}) as server:
        visit = '[sources.visit]\nurl = "{url}/visit"\nvars = { csrf = { pattern = "_CSRF = (.+)" } }\n'
        for text in (visit + DATA, DATA.replace("/list", "/data").replace('at = "rows', 'format = "json"\nat = "rows')):
            with pytest.raises(SourceFailed) as caught:
                site.run(described(ctx, tmp_path, server.url, text))
            assert "TOPSECRET" not in str(caught.value)


# --- nothing lost, nothing hidden -------------------------------------------------------------------------------


@pytest.mark.parametrize("title", ["网上暂无数据怎么办", "没有找到相关信息"])
def test_a_title_does_not_make_a_changed_board_an_empty_one(ctx: Context, tmp_path: Path, title: str) -> None:
    """A board that had letters and shows no row any more has changed, whatever words stand on it."""
    before = rows("/1", "/2", "/3")
    with serving({"/list": lambda asked: shown}) as server:
        shown = before
        home = described(ctx, tmp_path, server.url, LISTING)
        site.run(home)
        shown = before.replace('class="row"', 'class="item"').replace("标题1", title)
        with pytest.raises(SourceChanged):
            site.run(home)


def test_rows_of_one_id_with_pages_of_their_own_are_all_accounted_for(ctx: Context, tmp_path: Path) -> None:
    """An id that does not tell rows apart hides none of them."""
    listed = [one(number, id=100 if number < 4 else number, l=f"/x/{number}") for number in range(14)]

    def answer(asked: Asked) -> Reply:
        path = asked.path
        return data(*listed) if path == "/list" else Reply(f"<div class=text>正文{path}</div>")

    with serving(answer) as server:
        text = DATA.replace('body = "b"', 'link = "l"') + '[[sources.details]]\nfields = { body = "div.text" }\n'
        counts = site.run(described(ctx, tmp_path, server.url, text))
    assert (counts.fetched, counts.stored, counts.set_aside) == (14, 11, 3)
    with ctx.database.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(SetAside)) == 3


def test_each_row_of_one_id_waits_for_a_person(ctx: Context, tmp_path: Path) -> None:
    """As many rows wait as were counted."""
    with serving({"/list": data(*(one(number, id=100 if number < 4 else number) for number in range(14)))}) as server:
        counts = site.run(described(ctx, tmp_path, server.url, DATA))
    with ctx.database.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(SetAside)) == counts.set_aside == 3


@pytest.mark.parametrize("half", ["\ud800", "/x?\ud83d"])
def test_half_a_character_stops_no_board(ctx: Context, tmp_path: Path, half: str) -> None:
    """A row whose page fails is remembered, even if its address holds half a character."""
    listed = [one(1, l="/1"), one(2, l=half), one(3, l="/3")]

    def answer(asked: Asked) -> Reply:
        path = asked.path
        good = path in ("/1", "/3")
        return (
            data(*listed) if path == "/list" else Reply("<div class=text>x</div>" if good else "", 200 if good else 500)
        )

    with serving(answer) as server:
        text = DATA.replace('body = "b"', 'link = "l"') + '[[sources.details]]\nfields = { body = "div.text" }\n'
        home = described(ctx, tmp_path, server.url, text)
        assert [site.run(home).stored for _ in range(3)] == [2, 0, 1]


def test_half_a_character_in_a_cursor(ctx: Context, tmp_path: Path) -> None:
    """The value for the next page may be broken; it is sent on as well as it can be."""
    with serving({"/list": lambda asked: data(one(len(server.requests)), next="a\ud800")}) as server:
        text = DATA + 'data = { c = "{cursor}" }\n[sources.list.paging]\ncursor = "next"\n'
        assert site.run(described(ctx, tmp_path, server.url, text)).stored == 2


def test_a_page_of_more_rows_than_a_command_takes(ctx: Context, tmp_path: Path) -> None:
    """PostgreSQL takes 65,535 values a command; a board of one page may have more rows. (Run it with
    WENZHENG_TEST_POSTGRES=1.)"""
    with serving(
        {"/list": data(*({"t": "x", "id": n, "d": "2026-11-20", "b": f"{n}"} for n in range(66_000)))}
    ) as server:
        assert site.run(described(ctx, tmp_path, server.url, DATA)).stored == 66_000


def test_files_tell_mails_without_an_id_apart(ctx: Context) -> None:
    """见附件 with one file and 见附件 with another are two messages."""

    def of(content: bytes) -> str:
        files = (FetchedAttachment("a.pdf", "application/pdf", content),)
        item = Fetched("mail", "见附件", datetime(2026, 11, 20, tzinfo=UTC), attachments=files)
        return identity(item, None, ctx.profile.zone)

    assert of(b"1") != of(b"2")


def test_what_waits_of_a_channel_that_is_gone_is_sealed(ctx: Context, tmp_path: Path) -> None:
    """A restricted channel may be renamed while its pages wait; then nobody knows any more who may see them."""
    channel = '[[channels]]\nid = "whistle"\nname = "举报"\nexpects_reply = true\nclock = "site-board"\n'
    channel += 'access = "restricted"\n'
    with serving({"/list": data(one(1))}) as server:
        home = with_sources(
            ctx, tmp_path, channel + (site.HEAD + DATA).replace("site-board", "whistle").replace("{url}", server.url)
        )
        with patch.object(Run, "take", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
            site.run(home)
    renamed = [
        each.model_copy(update={"id": "hinweis"}) if each.id == "whistle" else each for each in home.profile.channels
    ]
    sources = tuple(each.model_copy(update={"channel": "hinweis"}) for each in home.profile.sources)
    home = replace(home, profile=home.profile.model_copy(update={"channels": tuple(renamed), "sources": sources}))
    ctx.clock.forward(timedelta(hours=1))  # type: ignore[attr-defined]
    resume_raw(home)
    assert [message.access for message in site.messages(home).values()] == ["restricted"]


def test_robots_of_many_hosts_do_not_pile_up(ctx: Context, tmp_path: Path) -> None:
    """What is kept with each batch stays small, wherever a page's links lead."""
    rules = "User-agent: *\n" + "".join(f"Disallow: /p/{number}/{'x' * 80}\n" for number in range(500))

    def answer(asked: Asked) -> Reply | str:
        path = asked.path
        if path == "/robots.txt":
            return Reply(rules, headers={"Content-Type": "text/plain"})
        if path == "/list":
            return rows(*(f"http://127.0.1.{number}:{server.port}/x/{number}" for number in range(1, 40)))
        return "<div class=text>正文</div>"

    with serving(answer, host="0.0.0.0") as server:  # noqa: S104 - all of 127.0.0.0/8 is meant.
        text = (site.HEAD + LISTING + '[[sources.details]]\nfields = { body = "div.text" }\n').replace(
            "robots = false\n", ""
        )
        home = with_sources(ctx, tmp_path, text.replace("{url}", f"http://127.0.0.1:{server.port}"))
        assert site.run(home).stored == 39
    with ctx.database.reading() as session:
        assert len(session.get_one(SourceState, site.ID).client["robots"]) <= 16


# --- folders ----------------------------------------------------------------------------------------------------


def test_a_link_in_the_place_of_a_report_is_not_written_through(home: Context, drop: Path) -> None:
    """Who may write the folder cannot have a report written over another file."""
    victim = home.settings.home / "victim"
    victim.write_text("KEY")
    (drop / "done").mkdir()
    (drop / "done" / ".drop.报告.txt.part").symlink_to(victim)
    put(drop, HEADER + row(1), ctx=home)
    take(home)
    assert victim.read_text() == "KEY"
    assert (drop / "done" / "报表.csv").exists()


def test_done_that_leads_elsewhere_is_refused(home: Context, drop: Path, tmp_path: Path) -> None:
    """Nor have files of his moved to where the service may write and he may not."""
    (tmp_path / "elsewhere").mkdir()
    (drop / "done").symlink_to(tmp_path / "elsewhere")
    put(drop, HEADER + row(1), ctx=home)
    with pytest.raises(FolderUnusable, match="is a link"):
        take(home)
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize("kind", ["link", "fifo"])
def test_what_takes_the_place_of_a_file_is_not_read(home: Context, drop: Path, tmp_path: Path, kind: str) -> None:
    """A file that turns into a link or a pipe after it was looked at is left alone."""
    (tmp_path / "secret.csv").write_text(HEADER + row(77))
    put(drop, HEADER + row(1), ctx=home)
    real = os.open

    def turned(path: object, flags: int, *more: int, **options: object) -> int:
        if os.fspath(path) == str(drop / "报表.csv"):  # type: ignore[call-overload]
            (drop / "报表.csv").unlink()
            os.mkfifo(drop / "报表.csv") if kind == "fifo" else (drop / "报表.csv").symlink_to(tmp_path / "secret.csv")
        return real(path, flags, *more, **options)  # type: ignore[arg-type]

    with patch("os.open", turned):
        look(home)
    assert ids_of_folder(home) == []


def test_a_file_written_anew_with_its_old_time_is_taken(
    home: Context, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Size and time of change may be the same; the file system knows better."""
    path = put(drop, HEADER + row(1), ctx=home)
    real = folder_module.take_file

    def meanwhile(*args: object, **options: object) -> Counts:
        counts = real(*args, **options)  # type: ignore[arg-type]
        times = path.stat()
        path.write_text(HEADER + row(2))
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        return counts

    look(home)
    monkeypatch.setattr(folder_module, "take_file", meanwhile)
    if not ids_of_folder(home):
        look(home)
    monkeypatch.undo()
    take(home)
    assert sorted(ids_of_folder(home)) == ["1", "2"]


def test_the_cursor_is_not_stored_for_each_of_many_files(home: Context, drop: Path) -> None:
    """It names all files that wait, so that storing it for each of them takes the square of their number."""
    for number in range(250):
        put(drop, HEADER + row(number), f"{number}.csv", ctx=home)
    look(home)
    with patch.object(Run, "take", autospec=True, side_effect=Run.take) as stored:
        look(home)
        look(home)
    assert len(ids_of_folder(home)) == 250
    assert stored.call_count < 10
