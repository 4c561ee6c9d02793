"""A small board whose letters, faults and movements a test writes, and how it is described and collected."""

import hashlib
import html
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from collector.access import PIPELINE, visible_to
from collector.collecting import collect
from collector.counts import Counts
from collector.tables import CollectionRun, Message, RawItem, SetAside, SourceCursor, SourceState
from config.context import Context
from tests.profiles import with_sources
from tests.webserver import Asked, Reply, WebServer, serving

ID = "board"
HEAD = """
[[sources]]
id = "board"
kind = "website"
channel = "site-board"
private = true
robots = false
robots_reason = "测试用的本机网站"
pace = 0
"""
LIST = """
[sources.list]
url = "{base}/list?page={page}"
rows = "tr.row"
fields = { title = "a", link = "a@href", posted_at = "td.date" }
"""
DETAILS = """
[[sources.details]]
fields = { body = "div.text", author_name = "b.author", answer_text = "div.answer", answered_at = "i.at" }
"""
WHOLE_LIST = """
[sources.list]
url = "{base}/list?page={page}"
rows = "tr.row"
fields = { title = "a", external_id = "@data-id", posted_at = "td.date", body = "td.text", answer_text = "td.answer" }
"""
FIRST_DAY = date(2026, 11, 20)


@dataclass
class Letter:
    """One letter as the site shows it."""

    number: int
    day: date
    body: str
    answer: str = ""
    status: str = ""

    @property
    def title(self) -> str:
        return f"第{self.number}封来信"


def letter(number: int, **more: Any) -> Letter:
    """A letter; the higher its number, the later its day."""
    return Letter(number, FIRST_DAY - timedelta(days=1000 - number), f"第{number}封来信的正文。", **more)


@dataclass
class Site:
    """The board: letters as its list shows them, the newest first.

    Attributes:
        pinned: shown above the letters of every page.
        page_hook: called with the number of a page before it is answered.
        faults: by path without query, what is answered instead; taken in turn, the last one stays until it is None.
        beyond: what is shown behind the last page: nothing, the last page again, or the first.
        head: markup or script that stands on list pages.
    """

    letters: list[Letter] = field(default_factory=list)
    size: int = 10
    etag: bool = False
    pinned: list[Letter] = field(default_factory=list)
    page_hook: Callable[[int], None] = lambda number: None
    faults: dict[str, list[Reply | None]] = field(default_factory=dict)
    cut: dict[int, int] = field(default_factory=dict)
    beyond: str = "nothing"
    head: Callable[["Site"], str] = lambda site: ""
    empty_words: str = ""
    letter_class: str = "text"
    server: WebServer | None = None

    @classmethod
    def of(cls, count: int, **more: Any) -> "Site":
        """A board with so many letters, numbered from 1."""
        return cls([letter(number) for number in range(count, 0, -1)], **more)

    @property
    def pages(self) -> int:
        return -(-len(self.letters) // self.size)

    def page(self, number: int) -> list[Letter]:
        """The letters of a page; rows of a page in `cut` are missing once."""
        if self.letters and number > self.pages and self.beyond != "nothing":
            number = self.pages if self.beyond == "last" else 1
        rows = self.letters[(number - 1) * self.size : number * self.size]
        return rows[: self.cut.pop(number, len(rows))]

    def answer(self, asked: Asked) -> Reply | str:
        path = asked.path.partition("?")[0]
        waiting = self.faults.get(path)
        if waiting and (fault := waiting.pop(0) if len(waiting) > 1 else waiting[0]) is not None:
            return fault
        if path.startswith("/letter/"):
            found = [one for one in self.letters if str(one.number) == path.rpartition("/")[2]]
            return self.letter_page(found[0]) if found else Reply("没有这一页", status=404)
        if path == "/list":
            return self.list_page(int(asked.query.get("page", 1)), asked)
        return Reply(status=404)

    def list_page(self, number: int, asked: Asked) -> Reply:
        self.page_hook(number)
        rows = "".join(self.row(one) for one in [*self.pinned, *self.page(number)])
        body = f"<html><head><title>来信列表 第{number}页</title></head><body>{self.head(self)}<table>{rows}</table>"
        body += f"{'' if rows else self.empty_words}</body></html>"
        tag = f'"{hashlib.sha256(body.encode()).hexdigest()[:16]}"'
        if self.etag and asked.headers.get("If-None-Match") == tag:
            return Reply(status=304)
        return Reply(body, headers={"Content-Type": "text/html", **({"ETag": tag} if self.etag else {})})

    def row(self, one: Letter) -> str:
        return (
            f'<tr class="row" data-id="{one.number}"><td><a href="/letter/{one.number}">{one.title}</a></td>'
            f'<td class="date">{one.day}</td><td class="status">{one.status}</td>'
            f'<td class="text">{html.escape(one.body)}</td><td class="answer">{one.answer}</td></tr>'
        )

    def letter_page(self, one: Letter) -> str:
        answer = f'<div class="answer">{one.answer}</div><i class="at">2026-11-22 10:00</i>' if one.answer else ""
        return (
            f'<html><head><title>{one.title}</title></head><body><b class="author">市民{one.number}</b>'
            f'<div class="{self.letter_class}">{html.escape(one.body)}</div>{answer}</body></html>'
        )

    # What was asked.

    @property
    def asked(self) -> list[str]:
        """The paths asked for since `forget`."""
        return [] if self.server is None else self.server.paths

    def count(self, start: str) -> int:
        """How often a path was asked for that begins so."""
        return sum(path.startswith(start) for path in self.asked)

    def forget(self) -> None:
        if self.server is not None:
            self.server.requests.clear()


@contextmanager
def board(ctx: Context, folder: Path, site: Site, description: str = LIST + DETAILS) -> Iterator[Context]:
    """Serve a site, and give the context whose profile describes it."""
    with serving(site.answer) as server:
        site.server = server
        yield described(ctx, folder, site, description)


def described(ctx: Context, folder: Path, site: Site, description: str, head: str = "") -> Context:
    """The context with another description of the same site."""
    url = site.server.url if site.server else ""
    return with_sources(ctx, folder, (HEAD + head + description).replace("{base}", url))


def run(ctx: Context, **options: Any) -> Counts:
    """Collect the board once, without waiting."""
    return collect(ctx, ID, sleep=lambda seconds: None, uniform=lambda low, high: low, **options)


def stored(ctx: Context) -> dict[str, str]:
    """The bodies of all messages, by id."""
    with ctx.database.reading() as session:
        rows = session.execute(sa.select(Message.external_id, Message.body).where(visible_to(PIPELINE))).all()
        return {row[0].removeprefix("/letter/"): row[1] for row in rows}


def messages(ctx: Context) -> dict[str, Message]:
    """All messages, by id."""
    with ctx.database.reading() as session:
        rows = session.scalars(sa.select(Message).where(visible_to(PIPELINE))).all()
        session.expunge_all()
        return {row.external_id.removeprefix("/letter/"): row for row in rows}


def truth(site: Site) -> dict[str, str]:
    """What must be stored of a site."""
    return {str(one.number): one.body for one in site.letters}


def aside(ctx: Context) -> dict[str, str]:
    """What was set aside: reasons by place."""
    with ctx.database.reading() as session:
        return {row.position: row.reason for row in session.scalars(sa.select(SetAside))}


def cursor(ctx: Context) -> dict[str, Any]:
    """The cursor as it is stored."""
    with ctx.database.reading() as session:
        kept = session.get(SourceCursor, ID)
        return {} if kept is None else json.loads(kept.cursor)


def raws(ctx: Context) -> list[RawItem]:
    """All raw items."""
    with ctx.database.reading() as session:
        rows = list(session.scalars(sa.select(RawItem).order_by(RawItem.id)))
        session.expunge_all()
        return rows


def counted(ctx: Context) -> bool:
    """Whether each run accounts for every item it fetched."""
    with ctx.database.reading() as session:
        return all(
            one.fetched == one.stored + one.duplicates + one.dropped + one.set_aside
            for one in session.scalars(sa.select(CollectionRun))
        )


def wipe(ctx: Context) -> None:
    """Forget everything that was collected."""
    with ctx.database.writing() as session:
        for table in (SetAside, Message, RawItem, CollectionRun, SourceCursor, SourceState):
            session.execute(sa.delete(table))
