"""Boards whose pages are files, in an encoding that is not the one they declare."""

# ruff: noqa: E501 - markup and descriptions stand as a site's keeper or an operator would write them.

import html
from typing import Any, ClassVar

from tests.boards.base import GONE, Board, day, minute, site, written
from tests.boards.truth import Letter
from tests.webserver import Asked, Reply


class WrongEncoding(Board):
    """Pages in GBK that say they are UTF-8; index_2.html; paragraphs that begin with their label and a colon."""

    seed = 10
    size = 16
    tells = False
    gone = (4,)
    encoding: ClassVar[str] = "gb18030"
    declared: ClassVar[str] = "utf-8"
    descriptions: ClassVar = {
        "labels": r"""
[sources.list]
url = "{base}/lyhf/index.html"
rows = "div.item"
[sources.list.fields]
title = "p.t a"
link = "p.t a@href"
posted_at = { label = "来信日期" }
[sources.list.paging]
url = "{base}/lyhf/index_{page}.html"
first = 2

[[sources.details]]
[sources.details.fields]
title = { label = "来信主题" }
author_name = { label = "来信人" }
posted_at = { label = "来信日期" }
body = { label = "来信内容" }
answered_by = { label = "答复单位" }
answered_at = { label = "答复日期" }
answer_text = { label = "答复内容" }
""",
    }

    def answer(self, asked: Asked) -> Reply:
        name = asked.path.rpartition("/")[2].removesuffix(".html")
        if asked.path.startswith("/lyhf/2"):
            letter = self.open(name.removeprefix("t"))
            return GONE if letter is None else self.sent(self.detail(letter))
        number = 1 if name == "index" else int(name.removeprefix("index_"))
        if number > self.pages:
            return GONE
        items = "".join(
            f"<div class='item'><p class='t'>【来信】<a href='../lyhf/{written(one.posted_at, '%Y%m')}/t{one.number}.html'>"
            f"{html.escape(one.title)}</a></p><p>来信日期：{written(one.posted_at, '%Y.%m.%d')}</p></div>"
            for one in self.page(number)
        )
        return self.sent(site("来信回复", f"<div class='box'>{items}</div>", self.declared))

    def sent(self, page: str) -> Reply:
        return Reply(page.encode(self.encoding), headers={"Content-Type": f"text/html; charset={self.declared}"})

    def detail(self, letter: Letter) -> str:
        first, *others = (html.escape(text) for text in letter.paragraphs)
        reply = "<p>答复内容：</p>"
        if letter.answered:
            one = letter.answer
            reply = (
                f"<p>答复单位：{one.by}</p><p>答复日期：{written(one.at, '%Y年%m月%d日 %H时%M分')}</p>"
                f"<p>答复内容：{'<br>'.join(one.paragraphs)}</p>"
            )
        return site(
            letter.title,
            f"""<div class="zw"><p>来信主题：{html.escape(letter.title)}</p><p><b>来信人：</b>{letter.author}</p>
<p>来信日期：{written(letter.posted_at, "%Y年%m月%d日 %H时%M分")}</p>
<p>来信内容：{"<br>".join([first, *others])}</p><hr>{reply}</div>""",
            self.declared,
        )

    def shown(self, letter: Letter) -> dict[str, Any]:
        found: dict[str, Any] = {
            "external_id": f"/lyhf/{written(letter.posted_at, '%Y%m')}/t{letter.number}.html",
            "author_name": letter.author,
            "posted_at": minute(letter.posted_at),
        }
        if letter.answered:
            found["answered_at"] = minute(letter.answer.at)
        return found

    def listed(self, letter: Letter) -> dict[str, Any]:
        return super().listed(letter) | {"author_name": None, "posted_at": day(letter.posted_at)}


class OtherWrongEncoding(WrongEncoding):
    """The reverse: pages in UTF-8 that say they are GB2312."""

    encoding = "utf-8"
    declared = "gb2312"
