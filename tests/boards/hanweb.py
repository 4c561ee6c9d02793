"""大汉: JACT letters as table rows in a script, and lists as XML with CDATA records."""

# ruff: noqa: E501 - markup and descriptions stand as a site's keeper or an operator would write them.

import html
import json
from typing import Any, ClassVar

from tests.boards.base import GONE, Board, cut, day, minute, paragraphs, site, written
from tests.boards.truth import Letter
from tests.webserver import Asked, Reply


class Jact(Board):
    """Rows of HTML in `dataStore`, asked for by POST with record numbers; the answer has the letter's own labels."""

    seed = 3
    size = 20
    gone = (11,)
    descriptions: ClassVar = {
        "own": r"""
base = "{base}"
params.sysid = "84"
[sources.list]
url = "/jact/front/dataproxy_mailpublist.do?startrecord={start}&endrecord={end}&perpage={size}&groupSize=1"
form = { sysid = "{sysid}", datadetailid = "", dicvalue = "", orderfield = "1" }
format = "script"
variable = "dataStore"
[sources.list.fields]
receipt_no = "td:nth-of-type(1)"
external_id = { select = "a", attr = "href", pattern = "transactId=(\\w+)" }
title = "a@title"
link = "a@href"
status = "./td[3]"
posted_at = "./td[4]"
likes = "./td[5]"
[sources.list.paging]
size = 20
total = { pattern = 'totalRecord\s*=\s*(\d+)' }

[[sources.details]]
[sources.details.fields]
title = "div.jact_main > h2"
author_name = { label = "姓名" }
posted_at = { label = "时间", within = "div.letter" }
body = { label = "内容", within = "div.letter" }
answered_by = { label = "部门" }
answered_at = { label = "时间", within = "div.reply" }
answer_text = { label = "内容", within = "div.reply" }
""",
    }

    def answer(self, asked: Asked) -> Reply | str:
        if asked.path.startswith("/jact/front/mailpubdetail.do?"):
            letter = self.open(asked.query["transactId"])
            return GONE if letter is None else self.detail(letter)
        if asked.path.startswith("/jact/front/mailpublist.do"):
            return site("信件列表", "<div id='list'>正在加载…</div><script src='/jact/js/page.js'></script>")
        if asked.method != "POST" or asked.form.get("sysid") != "84":
            return Reply("Method Not Allowed", status=405)
        first, last = int(asked.query["startrecord"]), int(asked.query["endrecord"])
        rows = [self.row(letter) for letter in self.letters[first - 1 : last]]
        script = (
            f"var startRecord = {first};\nvar endRecord = {last};\nvar totalRecord = {len(self.letters)};\n"
            f"var perPage = {asked.query['perpage']};\nvar dataStore = {json.dumps(rows, ensure_ascii=False)};\n"
        )
        return Reply(script, headers={"Content-Type": "text/javascript;charset=UTF-8"})

    def row(self, letter: Letter) -> str:
        title = html.escape(letter.title)
        return (
            f"<tr class='line'>\r\n<td>LY{letter.number}</td>"
            f"<td><a href=\"mailpubdetail.do?transactId={letter.key}&sysid=84\" title='{title}'>{html.escape(cut(letter.title))}"
            f"</a></td><td>{'已回复' if letter.answered else '未回复'}</td>"
            f"<td>{written(letter.posted_at, '%Y-%m-%d')}</td><td>{letter.likes}</td></tr>"
        )

    def detail(self, letter: Letter) -> str:
        reply = ""
        if letter.answered:
            one = letter.answer
            reply = f"""<div class="jact_box reply"><div class="jact_box_font"><div style="padding-bottom:15px;"><table>
<tr><td colspan="4">回复信息</td></tr>
<tr><td>部门：</td><td><span><a href="#">{one.by}</a></span></td><td>时间：</td>
<td><span>{written(one.at, "%Y-%m-%d %H:%M:%S")}</span></td></tr>
<tr><td>内容：</td><td colspan="3"><span>{paragraphs(one.paragraphs)}</span></td></tr></table></div></div></div>"""
        return site(
            letter.title,
            f"""<div class="jact_main"><h2>{html.escape(letter.title)}</h2><div class="jact_box letter"><div class="jact_box_font"><table>
<tr><td>姓名：</td><td><span>{letter.author}</span></td><td>时间：</td>
<td><span>{written(letter.posted_at, "%Y-%m-%d %H:%M:%S")}</span></td></tr>
<tr><td>内容：</td><td colspan="3"><span>{paragraphs(letter.paragraphs)}</span></td></tr></table></div></div>{reply}</div>""",
        )

    def shown(self, letter: Letter) -> dict[str, Any]:
        return {
            "external_id": letter.key,
            "receipt_no": f"LY{letter.number}",
            "author_name": letter.author,
            "likes": letter.likes,
        }

    def listed(self, letter: Letter) -> dict[str, Any]:
        return super().listed(letter) | {"author_name": None, "posted_at": day(letter.posted_at)}


class JactWithPreset(Jact):
    """The same with labels that say whose they are; read by the shipped preset, which leaves clicks out."""

    size = 60
    before = 1
    descriptions: ClassVar = {
        "preset": r"""
preset = "hanweb-jact"
base = "{base}"
params.sysid = "84"
""",
    }

    def detail(self, letter: Letter) -> str:
        reply = ""
        if letter.answered:
            one = letter.answer
            reply = f"""<div class="jact_box"><div class="jact_box_font"><div style="padding-bottom:15px;"><table>
<tr><td colspan="4">回复信息</td></tr>
<tr><td>回复部门：</td><td><span><a href="#">{one.by}</a></span></td><td>回复时间：</td>
<td><span>{written(one.at, "%Y-%m-%d %H:%M:%S")}</span></td></tr>
<tr><td>回复内容：</td><td colspan="3"><span>{paragraphs(one.paragraphs)}</span></td></tr></table></div></div></div>"""
        return site(
            letter.title,
            f"""<div class="jact_main"><div class="jact_box"><div class="jact_box_font"><table>
<tr><td>信件标题：</td><td colspan="3">{html.escape(letter.title)}</td></tr>
<tr><td>信件编号：</td><td>LY{letter.number}</td><td>信件类型：</td><td>咨询</td></tr>
<tr><td>来信人：</td><td><span>{letter.author}</span></td><td>来信时间：</td>
<td><span>{written(letter.posted_at, "%Y-%m-%d %H:%M:%S")}</span></td></tr>
<tr><td>信件内容：</td><td colspan="3"><span>{paragraphs(letter.paragraphs)}</span></td></tr></table></div></div>{reply}</div>""",
        )

    def shown(self, letter: Letter) -> dict[str, Any]:
        return super().shown(letter) | {"likes": 0}

    def listed(self, letter: Letter) -> dict[str, Any]:
        return super().listed(letter) | {"receipt_no": None, "body": cut(letter.title)}


class CdataRecords(Board):
    """XML whose records are pieces of HTML; the letter's page is an article with a line of date and source."""

    seed = 5
    size = 18
    tells = False
    gone = (2,)
    descriptions: ClassVar = {
        "css": r"""
base = "{base}"
[sources.list]
url = "/module/web/jpage/dataproxy.jsp?startrecord={start}&endrecord={end}&perpage={size}"
form = { col = "1", appid = "1", webid = "33", unitid = "5012" }
at = "//record"
[sources.list.fields]
title = "a@title"
link = "a@href"
posted_at = "span"
external_id = { select = "a", attr = "href", pattern = "art_\\d+_(\\d+)" }
[sources.list.paging]
size = 18
pages = "//totalpage"

[[sources.details]]
[sources.details.fields]
posted_at = "div.info"
author_name = { select = "div.info", pattern = "来源：(\\S+)" }
body = { select = "#zoom", remove = [".share", "p.editor"] }
answer_text = { select = "div.hf", remove = ["p.by", "h4"] }
answered_by = { pattern = "答复单位：<b>(.+?)</b>" }
answered_at = { select = "p.by", pattern = "答复时间：(.+)" }
""",
    }

    def answer(self, asked: Asked) -> Reply | str:
        if asked.path.startswith("/art/"):
            letter = self.open(asked.path.rpartition("_")[2].removesuffix(".html"))
            return GONE if letter is None else self.detail(letter)
        first, last = int(asked.query["startrecord"]), int(asked.query["endrecord"])
        if asked.method != "POST" or asked.form["unitid"] != "5012":
            return Reply(status=400)
        records = "\n".join(
            f"<record><![CDATA[{self.record(one)}]]></record>" for one in self.letters[first - 1 : last]
        )
        data = (
            f'<?xml version="1.0" encoding="utf-8"?>\n<datastore><nextgroup><![CDATA[<a href="javascript:void(0)">下一组</a>]]>'
            f"</nextgroup><totalrecord>{len(self.letters)}</totalrecord><totalpage>{self.pages}</totalpage>"
            f"<recordset>{records}</recordset></datastore>"
        )
        return Reply(data, headers={"Content-Type": "text/xml;charset=UTF-8"})

    def record(self, letter: Letter) -> str:
        return (
            f'<li><a title="{html.escape(letter.title)}" target="_blank" '
            f'href="/art/{written(letter.posted_at, "%Y/%m/%d")}/art_5012_{letter.number}.html">{html.escape(cut(letter.title, 18))}'
            f"</a><span>[{written(letter.posted_at, '%Y-%m-%d')}]</span></li>"
        )

    def detail(self, letter: Letter) -> str:
        reply = ""
        if letter.answered:
            one = letter.answer
            reply = f"""<div class="hf"><h4>答复</h4>{paragraphs(one.paragraphs)}
<p class="by">答复单位：<b>{one.by}</b><br/>答复时间：{written(one.at, "%Y-%m-%d %H:%M")}</p></div>"""
        return site(
            letter.title,
            f"""<h1>{html.escape(letter.title)}</h1>
<div class="info">发布时间：{written(letter.posted_at, "%Y-%m-%d %H:%M")}　　来源：{letter.author}　　浏览次数：<script>hits()</script>次</div>
<div id="zoom"><!--ZJEG_RSS.content.begin-->{paragraphs(letter.paragraphs)}<!--ZJEG_RSS.content.end-->
<div class="share">分享到：微信 微博</div><p class="editor">（责任编辑：管理员）</p></div>{reply}""",
        )

    def shown(self, letter: Letter) -> dict[str, Any]:
        found: dict[str, Any] = {
            "external_id": str(letter.number),
            "author_name": letter.author,
            "posted_at": minute(letter.posted_at),
        }
        if letter.answered:
            found["answered_at"] = minute(letter.answer.at)
        return found

    def listed(self, letter: Letter) -> dict[str, Any]:
        return super().listed(letter) | {"author_name": None, "posted_at": day(letter.posted_at)}
