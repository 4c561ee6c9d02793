"""Boards whose pages are files: wrongly declared encodings, pages that count down, articles."""

# ruff: noqa: E501 - markup and descriptions stand as a site's keeper or an operator would write them.

import html
from typing import Any, ClassVar

from tests.boards.base import GONE, Board, day, minute, paragraphs, site, written
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
            "external_id": f"{self.base}/lyhf/{written(letter.posted_at, '%Y%m')}/t{letter.number}.html",
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


class CountingDown(Board):
    """博达 news pages: the first is rdjj.htm, the second has the highest number; each letter is an article."""

    seed = 11
    size = 14
    tells = False
    descriptions: ClassVar = {
        "numbers": r"""
[sources.list]
url = "{base}/index/rdjj.htm"
rows = "ul.list li"
[sources.list.fields]
title = "a@title"
link = "a@href"
posted_at = "span"
external_id = { select = "a", attr = "href", pattern = "info/(\\d+/\\d+)\\.htm" }
[sources.list.paging]
url = "{base}/index/rdjj/{page}.htm"
step = -1
first = 3

[[sources.details]]
within = "form[name=_newscontent_fromname]"
[sources.details.fields]
title = "h1"
posted_at = ".sj"
body = "#wen .v_news_content"
answer_text = "#da .v_news_content"
answered_at = { select = "#da p.date", pattern = "答复时间[:：](.+)" }
answered_by = { value = "临沂市统计局" }
""",
        "count": r"""
[sources.list]
url = "{base}/index/rdjj.htm"
rows = "ul.list li"
fields = { title = "a@title", link = "a@href", posted_at = "span", external_id = { select = "a@href", pattern = "info/(\\d+/\\d+)\\.htm" } }
[sources.list.paging]
url = "{base}/index/rdjj/{page}.htm"
step = -1
pages = { pattern = 'class="p_t">\d+/(\d+)' }

[[sources.details]]
[sources.details.fields]
posted_at = ".sj"
body = "//*[@id='wen']//*[@class='v_news_content']"
answer_text = "//*[@id='da']//*[@class='v_news_content']"
answered_at = { pattern = "<p class=\"date\">答复时间：(.+?)</p>" }
answered_by = { value = "临沂市统计局" }
""",
        "next": r"""
[sources.list]
url = "{base}/index/rdjj.htm"
rows = "ul.list li"
fields = { title = "a@title", link = "a@href", posted_at = "span", external_id = { select = "a@href", pattern = "info/(\\d+/\\d+)\\.htm" } }
paging = { next = "a.Next" }

[[sources.details]]
[sources.details.fields]
posted_at = ".sj"
body = { select = ".v_news_content", within = "#wen" }
answer_text = { select = ".v_news_content", within = "#da" }
answered_at = { label = "答复时间" }
answered_by = { value = "临沂市统计局" }
""",
    }

    def answer(self, asked: Asked) -> Reply | str:
        name = asked.path.rpartition("/")[2].removesuffix(".htm")
        if asked.path.startswith("/info/"):
            letter = self.open(name)
            return GONE if letter is None else self.detail(letter)
        if name != "rdjj" and not 1 <= int(name) < self.pages:
            return GONE
        number = 1 if name == "rdjj" else self.pages - int(name) + 1
        up = "" if name == "rdjj" else "../"
        items = "".join(
            f"<li id='line_{place}'><a href='../{up}info/1536/{one.number}.htm' title='{html.escape(one.title)}'>"
            f"{html.escape(one.title[:10])}...</a><span>{written(one.posted_at, '%Y-%m-%d')}</span></li>"
            for place, one in enumerate(self.page(number))
        )
        if number < self.pages:
            place = f"{self.pages - number}.htm"
            onward = f'<a href="{place if up else "rdjj/" + place}" class="Next">下页</a>'
        else:
            onward = '<span class="NextDisabled">下页</span>'
        return site(
            "热点解答",
            f"""<ul class="list">{items}</ul><table><tr><td class="p_t">共{len(self.letters)}条</td>
<td class="p_t">{number}/{self.pages}</td><td>{onward}</td></tr></table>""",
        )

    def detail(self, letter: Letter) -> str:
        reply = ""
        if letter.answered:
            one = letter.answer
            reply = f"""<div id="da"><div class="v_news_content">{paragraphs(one.paragraphs)}</div>
<p class="date">答复时间：{written(one.at, "%Y年%m月%d日 %H:%M")}</p></div>"""
        return site(
            letter.title,
            f"""<form name="_newscontent_fromname"><h1>{html.escape(letter.title)}</h1>
<div class="sj">发布时间：{written(letter.posted_at, "%Y年%m月%d日 %H:%M")} 来源：局办公室 点击数：[<span id="hits"></span>]</div>
<div id="wen"><div id="vsb_content"><div class="v_news_content">{paragraphs(letter.paragraphs, "<p style='text-indent: 2em'>{}</p>")}
</div></div></div>{reply}<p>上一条：<a href="1.htm">关于节假日安排的通知</a></p></form>""",
        )

    def shown(self, letter: Letter) -> dict[str, Any]:
        found: dict[str, Any] = {"external_id": f"1536/{letter.number}", "posted_at": minute(letter.posted_at)}
        if letter.answered:
            found |= {"answered_at": minute(letter.answer.at), "answered_by": "临沂市统计局"}
        return found
