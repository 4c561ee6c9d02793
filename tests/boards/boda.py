"""博达 VSB: the letter component, and news pages whose numbers count down."""

# ruff: noqa: E501 - markup and descriptions stand as a site's keeper or an operator would write them.

import html
from typing import Any, ClassVar

from tests.boards.base import GONE, Board, day, lines, loose, minute, paragraphs, site, written
from tests.boards.truth import Letter
from tests.webserver import Asked, Reply


class BodaVsb(Board):
    """博达 VSB: class names with a number of the site's own, 32 digits as id, several offices, days in Chinese."""

    seed = 2
    tells = False
    most_answers = 3
    number = 1871
    descriptions: ClassVar = {
        "own": r"""
base = "{base}"
[sources.list]
url = "/zmhd/ldxxlb.jsp?urltype=tree.TreeTempUrl&wbtreeid=1112"
rows = "table[class^=winstyle] tr"
[sources.list.fields]
title = "a[class^=linkfont]"
link = "a[class^=linkfont]@href"
posted_at = "td[class^=timestyle]"
external_id = { select = "a[class^=linkfont]", attr = "href", pattern = "leadermailid=(\\w+)" }
[sources.list.paging]
next = "a.Next"
[[sources.details]]
[sources.details.fields]
receipt_no = { label = "信件编号" }
title = { label = "来信主题" }
body = { label = "信件内容" }
posted_at = { label = "来信时间" }
answer_text = { label = "回复内容" }
answered_at = { label = "回复时间" }
answered_by = { label = "回复人" }
""",
        "id-in-page": r"""
base = "{base}"
[sources.list]
url = "/zmhd/ldxxlb.jsp?urltype=tree.TreeTempUrl&wbtreeid=1112"
rows = "table[class^=winstyle] tr"
[sources.list.fields]
title = "a[class^=linkfont]"
link = "a[class^=linkfont]@href"
posted_at = "td[class^=timestyle]"
[sources.list.paging]
next = "a.Next"
[[sources.details]]
[sources.details.fields]
receipt_no = { label = "信件编号" }
external_id = { label = "信件编号" }
title = { label = "来信主题" }
body = { label = "信件内容" }
posted_at = { label = "来信时间" }
answer_text = { label = "回复内容" }
answered_at = { label = "回复时间" }
answered_by = { label = "回复人" }
""",
        "preset": r"""
preset = "boda-vsb"
[sources.list]
url = "{base}/zmhd/ldxxlb.jsp?urltype=tree.TreeTempUrl&wbtreeid=1112"
""",
    }

    def answer(self, asked: Asked) -> Reply | str:
        if asked.query.get("urltype") == "leadermail.LeaderMailContentUrl":
            letter = self.open(asked.query["leadermailid"])
            return GONE if letter is None else self.detail(letter)
        return self.listing(int(asked.query.get(f"formname{self.number}ap", 1)))

    def listing(self, number: int) -> str:
        n, total = self.number, len(self.letters)
        rows = "".join(
            f'<tr height="25"><td class="leaderfont{n}" width="2%"><span>·</span></td><td><a class="linkfont{n}" '
            f'href="/zmhd/nr.jsp?urltype=leadermail.LeaderMailContentUrl&amp;wbtreeid=1112&amp;leadermailid={one.key}" '
            f'title="{html.escape(one.title)}">{html.escape(one.title)}</a></td>'
            f'<td class="timestyle{n}" nowrap>{loose(one.posted_at, "{y}年{m}月{d}日")}</td></tr>'
            for one in self.page(number)
        )

        def to(page: int) -> str:
            return (
                f"?formname{n}at={total}&formname{n}ap={page}&formname{n}ac=15&urltype=tree.TreeTempUrl&wbtreeid=1112"
            )

        pager = f'<span class="PrevDisabled">首页</span> 第{number}/{self.pages}页 '
        if number < self.pages:
            pager += (
                f'<a href="{to(number + 1)}" class="Next">下页</a> <a href="{to(self.pages)}" class="Next">尾页</a>'
            )
        else:
            pager += '<span class="NextDisabled">下页</span><span class="NextDisabled">尾页</span>'
        return site(
            "局长信箱",
            f"""<form name="formname{n}"><table class="winstyle{n}" cellspacing="0">
<tr><td class="headfont{n}"></td><td class="headfont{n}">信件主题</td><td class="headfont{n}">来信时间</td></tr>
{rows}<tr><td colspan="3"><div class="p_pages">{pager} 共{total}条</div></td></tr></table></form>""",
        )

    def detail(self, letter: Letter) -> str:
        n = self.number
        cells = [
            ("信件编号", letter.key),
            ("来信主题", html.escape(letter.title)),
            ("来信时间", loose(letter.posted_at, "{y}年{m}月{d}日")),
            ("信件内容", f'<span class="titlefont{n}">{lines(letter.paragraphs)}</span>'),
        ]
        if letter.answered:
            cells += [
                ("回复人", "、".join(one.by for one in letter.answers)),
                ("回复时间", loose(letter.answers[-1].at, "{y}年{m}月{d}日")),
                (
                    "回复内容",
                    "".join(f"<p>{html.escape(text)}</p>" for one in letter.answers for text in one.paragraphs),
                ),
            ]
        rows = "".join(
            f'<tr><td class="titlestyle{n}" align="right">{label}：</td><td class="contentstyle{n}">{value}</td></tr>'
            for label, value in cells
        )
        return site(letter.title, f'<table class="winstyle{n}" width="95%">{rows}</table>')

    def shown(self, letter: Letter) -> dict[str, Any]:
        found: dict[str, Any] = {
            "external_id": letter.key,
            "receipt_no": letter.key,
            "posted_at": day(letter.posted_at),
        }
        if letter.answered:
            found |= {
                "answer_text": "\n".join(one.text for one in letter.answers),
                "answered_at": day(letter.answers[-1].at),
                "answered_by": "、".join(one.by for one in letter.answers),
            }
        return found


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
fields = { title = "a@title", link = "a@href", posted_at = "span", external_id = { select = "a", attr = "href", pattern = "info/(\\d+/\\d+)\\.htm" } }
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
fields = { title = "a@title", link = "a@href", posted_at = "span", external_id = { select = "a", attr = "href", pattern = "info/(\\d+/\\d+)\\.htm" } }
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
