"""Boards made of tables: a plain one, rows in pairs, and tables within tables."""

# ruff: noqa: E501 - markup and descriptions stand as a site's keeper or an operator would write them.

import html
from typing import Any, ClassVar

from collector.base import Fetched
from collector.dedupe import author_key, identity
from config.vault import Vault
from tests.boards.base import GONE, Board, cut, day, lines, loose, minute, paragraphs, site, written
from tests.boards.truth import ZONE, Letter
from tests.webserver import Asked, Reply


class PlainTable(Board):
    """A table with headers, pages by query, a table of labels for each letter; titles are cut short in the list."""

    seed = 1
    gone = (5, 20)
    descriptions: ClassVar = {
        "columns": r"""
[sources.list]
url = "{base}/hdjl/list.jsp?page={page}"
rows = "table.list tr"
[sources.list.fields]
title = { column = "信件标题" }
link = "a@href"
posted_at = { column = "来信日期" }
status = { column = "办理状态" }
external_id = { select = "a", attr = "href", pattern = "id=(\\d+)" }
[sources.list.paging]
first = 1
pages = { pattern = "共(\\d+)页" }

[[sources.details]]
[sources.details.fields]
title = { label = "信件标题" }
body = { label = "信件内容" }
posted_at = { label = ["提交时间", "来信时间"] }
author_name = { label = "来信人" }
likes = { label = "浏览次数" }
answer_text = { label = "回复内容" }
answered_at = true
answered_by = true
""",
        "selectors": r"""
[sources.list]
url = "{base}/hdjl/list.jsp?page={page}"
rows = "//table[@class='list']//tr[td]"
fields.title = "./td[2]/a/@title"
fields.posted_at = "./td[3]"
fields.status = "./td[4]"
fields.external_id = { select = "./td[2]/a/@href", pattern = 'id=(\d+)' }
paging.next = "//a[text()='下一页']"

[[sources.details]]
url = "{base}/hdjl/view.jsp?id={external_id}"
within = "table.detail"
[sources.details.fields]
title = "//tr[1]/td"
body = { select = ".nr" }
author_name = true
posted_at = true
likes = { label = "浏览次数", pattern = "(\\d+)次" }
answer_text = true
answered_at = true
answered_by = true
""",
    }

    def answer(self, asked: Asked) -> Reply | str:
        if asked.path.startswith("/hdjl/view.jsp?"):
            letter = self.open(asked.query["id"])
            return GONE if letter is None else self.detail(letter)
        return self.listing(int(asked.query["page"]))

    def listing(self, number: int) -> str:
        rows = "".join(
            f"<tr><td>{place}</td><td><a href='view.jsp?id={one.number}' title='{html.escape(one.title)}' target='_blank'>"
            f"{html.escape(cut(one.title))}</a></td><td>{written(one.posted_at, '%Y-%m-%d')}</td>"
            f"<td><font color=red>{'已回复' if one.answered else '办理中'}</font></td></tr>\n"
            for place, one in enumerate(self.page(number), start=1)
        )
        onward = f"<a href='list.jsp?page={number + 1}'>下一页</a>" if number < self.pages else "下一页"
        return site(
            "局长信箱",
            f"""<table class="list" width="100%"><tr><th>序号</th><th>信件标题</th><th>来信日期</th><th>办理状态</th></tr>
{rows}</table>
<div class="pager">共{len(self.letters)}条 共{self.pages}页 <a href="list.jsp?page=1">首页</a> {onward}
<a href="list.jsp?page={self.pages}">尾页</a></div>""",
        )

    def detail(self, letter: Letter) -> str:
        reply = ""
        if letter.answered:
            one = letter.answer
            reply = f"""<tr><th>回复单位</th><td>{one.by}</td></tr>
<tr><th>回复时间</th><td>{written(one.at, "%Y-%m-%d %H:%M")}</td></tr>
<tr><th>回复内容</th><td>{paragraphs(one.paragraphs)}</td></tr>"""
        return site(
            letter.title,
            f"""<table class="detail"><tr><th>信件标题</th><td>{html.escape(letter.title)}</td></tr>
<tr><th>来信人</th><td>{letter.author}</td></tr>
<tr><th>来信时间</th><td>{written(letter.posted_at, "%Y-%m-%d %H:%M")}</td></tr>
<tr><th>浏览次数</th><td>{letter.likes}次</td></tr>
<tr><th>信件内容</th><td class="nr">{paragraphs(letter.paragraphs)}</td></tr>{reply}</table>""",
        )

    def shown(self, letter: Letter) -> dict[str, Any]:
        found: dict[str, Any] = {
            "external_id": str(letter.number),
            "author_name": letter.author,
            "posted_at": minute(letter.posted_at),
            "likes": letter.likes,
        }
        if letter.answered:
            found["answered_at"] = minute(letter.answer.at)
        return found

    def listed(self, letter: Letter) -> dict[str, Any]:
        title = letter.title if self.name == "selectors" else cut(letter.title)
        known = {"body": title, "posted_at": day(letter.posted_at), "author_name": None, "likes": 0}
        return super().listed(letter) | known


class PairedRows(Board):
    """A guest book in one table: a row for the letter, one beneath for the answer; nothing has a number or a page."""

    seed = 13
    size = 10
    vault: Vault | None = None
    descriptions: ClassVar = {
        "xpath": r"""
[sources.list]
url = "{base}/gb/index.asp"
rows = "//table[@id='gb']//tr[td[@class='q']]"
[sources.list.fields]
title = "b"
body = { select = "div.say" }
author_name = { select = "./td[2]", pattern = "网友：(\\S+)" }
posted_at = "./td[3]"
answer_text = "./following-sibling::tr[1]/td[2]/div"
answered_at = "./following-sibling::tr[1]/td[3]"
answered_by = { select = "./following-sibling::tr[1]/td[2]/i", pattern = "【(.+)】" }
[sources.list.paging]
next = "//a[contains(., '下一页')]"
""",
    }

    def answer(self, asked: Asked) -> str:
        number = int(asked.query.get("p", 1))
        rows = "".join(self.pair(letter) for letter in self.page(number))
        onward = "".join(f'<a href="?p={page}">{page}</a> ' for page in range(1, self.pages + 1) if page != number)
        if number < self.pages:
            onward += f'<a href="?p={number + 1}"><font>下一页</font></a>'
        head = "<tr><td>&nbsp;</td><td>留言及答复</td><td>日期</td></tr>"
        return site("留言簿", f'<table id="gb" border="1">{head}{rows}<tr><td colspan="3">{onward}</td></tr></table>')

    def pair(self, letter: Letter) -> str:
        said = f"""<tr><td class="q">问</td><td><b>{html.escape(letter.title)}</b> 网友：{letter.author}&nbsp;
<div class="say">{lines(letter.paragraphs)}</div></td><td>{loose(letter.posted_at, "{y}年{m}月{d}日 {half}{h12}:{min}")}</td></tr>"""
        if not letter.answered:
            return said + '<tr><td class="a">答</td><td></td><td>&nbsp;</td></tr>'
        one = letter.answer
        return f"""{said}<tr><td class="a">答</td><td><i>【{one.by}】</i><div>{lines(one.paragraphs)}</div></td>
<td>{written(one.at, "%Y-%m-%d")}</td></tr>"""

    def shown(self, letter: Letter) -> dict[str, Any]:
        posted = minute(letter.posted_at)
        item = Fetched("", letter.text, posted, letter.title, author_name=letter.author)
        if self.vault is None:
            raise LookupError("ids of letters without a number need the vault of the home")
        found: dict[str, Any] = {
            "external_id": identity(item, author_key(item, self.vault), ZONE),
            "author_name": letter.author,
            "posted_at": posted,
        }
        if letter.answered:
            found["answered_at"] = day(letter.answer.at)
        return found


class NestedTables(Board):
    """Layout by tables within tables; the labels also stand in a search form above and in the address beneath."""

    seed = 17
    size = 20
    gone = (7,)
    descriptions: ClassVar = {
        "header": r"""
[sources.list]
url = "{base}/letters/list.php?page={page}"
header = ["信件标题", "来信时间", "办理情况"]
[sources.list.fields]
title = { column = "信件标题" }
link = "a@href"
receipt_no = { column = "信件编号" }
external_id = { column = "信件编号" }
posted_at = { column = "来信时间" }
status = { column = "办理情况" }
[sources.list.paging]
total = { pattern = "共有 <b>(\\d+)</b> 封" }
size = 20

[[sources.details]]
within = "//table[@class='xj']"
[sources.details.fields]
title = true
body = true
contact = { label = "联系电话" }
author_name = { label = "来信人" }
publish_consent = { label = "是否公开" }
posted_at = { label = "来信时间" }
answer_text = { label = "答复意见" }
answered_at = { label = "答复时间" }
answered_by = { label = "答复单位" }
""",
    }

    SEARCH = """<form action="list.php"><table><tr><td>信件标题：</td><td><input name="t"/></td><td>来信人：</td>
<td><input name="a"/></td></tr><tr><td>来信时间：</td><td><input name="from"/> 至 <input name="to"/></td>
<td>信件内容：</td><td><input name="c"/> <input type="submit" value="查询"/></td></tr></table></form>"""

    def answer(self, asked: Asked) -> Reply | str:
        if asked.path.startswith("/letters/show.php?"):
            letter = self.open(asked.query["no"].removeprefix("XJ"))
            return GONE if letter is None else self.whole("信件", self.detail(letter))
        number = int(asked.query["page"])
        rows = "".join(
            f'<tr class="{"odd" if place % 2 else "even"}"><td>XJ{one.number}</td><td width="20"><img src="/i/{place}.gif"/></td>'
            f'<td><a href="./show.php?no=XJ{one.number}">{html.escape(one.title)}</a></td>'
            f"<td>{written(one.posted_at, '%Y/%m/%d')}</td><td>{'已办结' if one.answered else '待处理'}</td></tr>"
            for place, one in enumerate(self.page(number))
        )
        return self.whole(
            "来信列表",
            f"""<table width="96%"><thead><tr><td>信件编号</td><td colspan="2">信件标题</td><td>来信时间</td><td>办理情况</td></tr></thead>
<tbody>{rows}</tbody></table><table><tr><td>共有 <b>{len(self.letters)}</b> 封</td>
<td><a href="list.php?page={min(number + 1, self.pages)}">下一页</a></td></tr></table>""",
        )

    def whole(self, title: str, inner: str) -> str:
        latest = "".join(
            f'<tr><td>·</td><td><a href="./show.php?no=XJ{one.number}">{html.escape(cut(one.title))}</a></td></tr>'
            for one in self.letters[:3]
        )
        return site(
            title,
            f"""<table width="1000" align="center"><tr><td colspan="2"><table><tr><td>{self.SEARCH}</td></tr></table></td></tr>
<tr><td valign="top" width="200"><table><tr><td colspan="2">最新来信</td></tr>{latest}</table></td>
<td valign="top"><table width="100%"><tr><td>您的位置：首页 &gt; 来信选登</td></tr><tr><td>{inner}</td></tr></table></td></tr>
<tr><td colspan="2"><table><tr><td>联系电话：</td><td>0539-8000000</td></tr><tr><td>来信人：</td><td>须实名</td></tr></table></td></tr>
</table>""",
        )

    def detail(self, letter: Letter) -> str:
        phone = letter.phone if letter.number % 2 else ""
        reply = '<tr><td colspan="4">该信件正在办理</td></tr>'
        if letter.answered:
            one = letter.answer
            reply = f"""<tr><td class="l">答复单位</td><td>{one.by}</td><td class="l">答复时间</td>
<td>{written(one.at, "%Y/%m/%d %H:%M:%S")}</td></tr><tr><td class="l">答复意见</td>
<td colspan="3"><table><tr><td>{paragraphs(one.paragraphs, "<div>{}</div>")}</td></tr></table></td></tr>"""
        return f"""<table class="xj" border="1"><tr><td class="l">信件标题</td><td colspan="3">{html.escape(letter.title)}</td></tr>
<tr><td class="l">来 信 人</td><td>{letter.author}</td><td class="l">联系电话</td><td>{phone}</td></tr>
<tr><td class="l">来信时间</td><td>{written(letter.posted_at, "%Y/%m/%d %H:%M:%S")}</td>
<td class="l">是否公开</td><td>{"公开" if letter.public else "不公开"}</td></tr>
<tr><td class="l" rowspan="1">信件内容</td><td colspan="3">{paragraphs(letter.paragraphs, "<div>{}</div>")}</td></tr>{reply}</table>"""

    def shown(self, letter: Letter) -> dict[str, Any]:
        return {
            "external_id": f"XJ{letter.number}",
            "receipt_no": f"XJ{letter.number}",
            "author_name": letter.author,
            "contact": letter.phone if letter.number % 2 else None,
            "publish_consent": letter.public,
        }

    def listed(self, letter: Letter) -> dict[str, Any]:
        known = {"author_name": None, "contact": None, "publish_consent": None, "posted_at": day(letter.posted_at)}
        return super().listed(letter) | known
