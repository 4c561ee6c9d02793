"""A board whose letters move from page to page while it is read."""

# ruff: noqa: E501 - markup and descriptions stand as a site's keeper or an operator would write them.

import html
from dataclasses import replace
from typing import Any, ClassVar

from tests.boards.base import GONE, Board, paragraphs, site, written
from tests.boards.truth import Letter
from tests.webserver import Asked, Reply


class ShiftingWindow(Board):
    """A list that moves while it is read: a letter on top of every page, one that appears, one that is taken away."""

    seed = 16
    count = 64
    descriptions: ClassVar = {
        "query": r"""
[sources.list]
url = "{base}/board?pageNo={page}"
rows = "ul.letters > li"
fields = { title = "a", link = "a@href", posted_at = "span.date", status = "em" }
[[sources.details]]
fields = { body = "#content", posted_at = "#time", answer_text = "#reply .text", answered_at = "#reply .time", answered_by = "#reply b" }
""",
    }

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.pinned = self.letters[40]
        self.pending: dict[int, str] = {2: "add", 3: "remove"}
        self.removed: list[Letter] = []

    def page(self, number: int) -> list[Letter]:
        return [self.pinned, *super().page(number)] if super().page(number) else []

    def move(self, number: int) -> None:
        """Change the list before this page is answered, once."""
        match self.pending.pop(number, None):
            case "add":
                self.add(replace(self.letters[0], number=77_000, title="翻页的时候新来的一封信", answers=()))
            case "remove":
                self.removed.append(self.letters.pop(9))

    def answer(self, asked: Asked) -> Reply | str:
        if asked.path.startswith("/board/"):
            number = asked.path.rpartition("/")[2]
            gone = next((one for one in self.removed if str(one.number) == number), None)
            if gone is not None:
                return self.detail(gone)
            letter = self.open(number)
            return GONE if letter is None else self.detail(letter)
        number = int(asked.query["pageNo"])
        self.move(number)
        rows = "".join(
            f"<li>{'<i>置顶</i>' if one is self.pinned else ''}<a href='/board/{one.number}'>{html.escape(one.title)}</a>"
            f"<span class='date'>{written(one.posted_at, '%Y-%m-%d')}</span>"
            f"<em>[{'已答复' if one.answered else '受理中'}]</em></li>"
            for one in self.page(number)
        )
        return site(
            "来信", f'<ul class="letters">{rows or "<li>没有更多了</li>"}</ul><a href="?pageNo={number + 1}">下页</a>'
        )

    def detail(self, letter: Letter) -> str:
        reply = ""
        if letter.answered:
            one = letter.answer
            reply = f"""<div id="reply"><b>{one.by}</b><span class="time">{written(one.at, "%Y-%m-%dT%H:%M:%S+08:00")}</span>
<div class="text">{paragraphs(one.paragraphs)}</div></div>"""
        return site(
            letter.title,
            f"""<h2>{html.escape(letter.title)}</h2><span id="time">{written(letter.posted_at, "%Y-%m-%dT%H:%M:%S+08:00")}</span>
<div id="content">{paragraphs(letter.paragraphs)}</div>{reply}""",
        )

    def truth(self) -> list[dict[str, Any]]:
        return super().truth() + [self.columns(letter) for letter in self.removed]

    def shown(self, letter: Letter) -> dict[str, Any]:
        return {"external_id": f"/board/{letter.number}"}
