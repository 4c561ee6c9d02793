"""Boards made of blocks: cards with everything in them, rows that only a script opens, articles with several answers."""

# ruff: noqa: E501 - markup and descriptions stand as a site's keeper or an operator would write them.

import html
from typing import Any, ClassVar

from tests.boards.base import GONE, Board, cut, day, lines, loose, minute, paragraphs, site, written
from tests.boards.truth import Letter
from tests.webserver import Asked, Reply


class Cards(Board):
    """Cards that hold letter and answers; pages count from 0, and how many there are stands in a script."""

    seed = 12
    size = 9
    most_answers = 3
    descriptions: ClassVar = {
        "replies": r"""
[sources.list]
url = "{base}/ask/?p={page}"
rows = "dl.card"
[sources.list.fields]
external_id = "@data-id"
title = "dt > strong"
author_name = { select = "dt .who", pattern = "(.+?) 提问" }
posted_at = "dt time@datetime"
body = "dd.q"
likes = "span.up"
dislikes = "span.down"
[sources.list.replies]
rows = "dd.reply"
fields = { answer_text = { select = "p", every = true }, answered_at = "span.date", answered_by = "b" }
[sources.list.paging]
first = 0
pages = { pattern = 'totalPage\s*=\s*(\d+)' }
""",
    }

    def answer(self, asked: Asked) -> str:
        number = int(asked.query["p"]) + 1
        cards = "".join(self.card(letter) for letter in self.page(number))
        return site(
            "在线咨询",
            f"<div class='cards'>{cards}</div><div id='page'></div>"
            f"<script>var curPage={number - 1};var totalPage = {self.pages};renderPage(curPage, totalPage);</script>",
        )

    def card(self, letter: Letter) -> str:
        replies = "".join(
            f"""<dd class="reply"><b>{one.by}</b><span class="date">{loose(one.at, "{y}-{m}-{d} {h}:{min}")}</span>
{paragraphs(one.paragraphs, "<p>{}</p>")}</dd>"""
            for one in letter.answers
        )
        return f"""<dl class="card" data-id="q-{letter.number}"><dt><strong>{html.escape(letter.title)}</strong>
<span class="who">{letter.author} 提问</span><time datetime="{letter.posted_at.isoformat().replace("+00:00", "Z")}">前几天</time></dt>
<dd class="q">{lines(letter.paragraphs)}</dd>{replies}
<dd class="foot"><span class="up">{letter.likes}</span><span class="down">{letter.dislikes}</span></dd></dl>"""

    def shown(self, letter: Letter) -> dict[str, Any]:
        found: dict[str, Any] = {
            "external_id": f"q-{letter.number}",
            "author_name": letter.author,
            "likes": letter.likes,
            "dislikes": letter.dislikes,
        }
        if letter.answered:
            found |= {
                "answer_text": "\n\n".join("\n\n".join(one.paragraphs) for one in letter.answers),
                "answered_at": max(minute(one.at) for one in letter.answers),
                "answered_by": "、".join(dict.fromkeys(one.by for one in letter.answers)),
            }
        return found


class ScriptRows(Board):
    """Rows that a script opens: no address, the id in onclick; a fragment by offset, the letter by POST."""

    seed = 15
    size = 20
    gone = (6,)
    descriptions: ClassVar = {
        "onclick": r"""
base = "{base}"
[sources.list]
url = "/m/letters?offset={offset}&limit={size}"
rows = "li"
[sources.list.fields]
title = "h4"
posted_at = "small"
status = ".tag"
external_id = { pattern = "show\\('(\\w+)'" }
[sources.list.paging]
size = 20
total = "ul@data-total"

[[sources.details]]
url = "/m/letter"
form = { id = "{external_id}", from = "list" }
[sources.details.fields]
author_name = { label = "写信人" }
posted_at = { label = "写信时间" }
body = { label = "内容" }
answer_text = { label = "官方回复" }
answered_by = { label = "回复单位" }
answered_at = { label = "回复时间" }
""",
    }

    def answer(self, asked: Asked) -> Reply | str:
        if asked.path == "/m/letter":
            letter = self.open(asked.form["id"])
            return GONE if letter is None else self.detail(letter)
        first = int(asked.query["offset"])
        rows = "".join(
            f"""<li onclick="show('{one.key}', this)"><h4>{html.escape(one.title)}</h4>
<small>{written(one.posted_at, "%Y-%m-%d")}</small><span class="tag {"g" if one.answered else "r"}">{"已办结" if one.answered else "处理中"}</span></li>"""
            for one in self.letters[first : first + int(asked.query["limit"])]
        )
        return f'<ul data-total="{len(self.letters)}">{rows}</ul>'

    def detail(self, letter: Letter) -> str:
        reply = ""
        if letter.answered:
            one = letter.answer
            reply = f"""<div class="h">官方回复</div><div class="b">{paragraphs(one.paragraphs)}</div>
<div class="m"><span>回复单位：</span><span>{one.by}</span> <span>回复时间：</span><span>{written(one.at, "%Y-%m-%d %H:%M:%S")}</span></div>"""
        return f"""<div class="m"><span>写信人：</span><span>{letter.author}</span> <span>写信时间：</span>
<span>{written(letter.posted_at, "%Y-%m-%d %H:%M:%S")}</span></div>
<div class="h">内容</div><div class="b">{paragraphs(letter.paragraphs)}</div>{reply}"""

    def shown(self, letter: Letter) -> dict[str, Any]:
        return {"external_id": letter.key, "author_name": letter.author}

    def listed(self, letter: Letter) -> dict[str, Any]:
        return super().listed(letter) | {"author_name": None, "posted_at": day(letter.posted_at)}


class Articles(Board):
    """Headlines without a date; the letter's page tells date and author in one line and holds several answers."""

    seed = 18
    size = 15
    tells = False
    most_answers = 3
    descriptions: ClassVar = {
        "replies": r"""
base = "{base}/ask/"
[sources.list]
url = "p/{page}.html"
rows = "//div[@class='hd']/a[starts-with(@href, 'q/')]"
fields = { title = ".//h3", link = "@href" }

[[sources.details]]
within = "article"
[sources.details.fields]
title = "header h1"
posted_at = "p.meta"
author_name = { select = "p.meta", pattern = "网友：(\\S+)" }
likes = { select = "p.meta", pattern = "支持\\((\\d+)\\)" }
body = { select = "section.q", remove = ["h2"] }
[sources.details.replies]
rows = "section.a"
fields = { answer_text = "blockquote", answered_at = "footer", answered_by = { select = "footer", pattern = "——(\\S+)" } }
""",
    }

    def answer(self, asked: Asked) -> Reply | str:
        name = asked.path.rpartition("/")[2].removesuffix(".html")
        if asked.path.startswith("/ask/p/q/"):
            letter = self.open(name)
            return GONE if letter is None else self.detail(letter)
        heads = "".join(
            f"<div class='hd'><a href='q/{one.number}.html'><h3>{html.escape(one.title)}</h3><p>{html.escape(cut(one.text, 30))}</p></a>"
            f"<a href='#share'>分享</a></div>"
            for one in self.page(int(name))
        )
        return site("有问必答", heads or "<div class='none'>暂无信息</div>")

    def detail(self, letter: Letter) -> str:
        replies = "".join(
            f"""<section class="a"><blockquote>{paragraphs(one.paragraphs)}</blockquote>
<footer>——{one.by}　{written(one.at, "%Y年%m月%d日%H:%M")}</footer></section>"""
            for one in letter.answers
        )
        return f"""<html><head><meta charset="utf-8"></head><body><article><header><h1>{html.escape(letter.title)}</h1></header>
<p class="meta">网友：{letter.author} 时间：{written(letter.posted_at, "%Y-%m-%d %H:%M:%S")} 支持({letter.likes}) <a href="#">举报</a></p>
<section class="q"><h2>问题</h2>{lines(letter.paragraphs)}</section>{replies}</article>
<aside><section class="q"><h2>相关问题</h2>统计年鉴在哪里</section></aside></body></html>"""

    def shown(self, letter: Letter) -> dict[str, Any]:
        found: dict[str, Any] = {
            "external_id": f"/ask/p/q/{letter.number}.html",
            "author_name": letter.author,
            "likes": letter.likes,
        }
        if letter.answered:
            found |= {
                "answer_text": "\n\n".join(one.text for one in letter.answers),
                "answered_at": max(minute(one.at) for one in letter.answers),
                "answered_by": "、".join(dict.fromkeys(one.by for one in letter.answers)),
            }
        return found
