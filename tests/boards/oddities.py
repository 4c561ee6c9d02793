"""Boards of rarer make: lists of lists, a list written in JavaScript, labels that stand above their values."""

# ruff: noqa: E501 - markup and descriptions stand as a site's keeper or an operator would write them.

import html
import json
from typing import Any, ClassVar

from tests.boards.base import GONE, Board, as_json, day, minute, paragraphs, site, written
from tests.boards.truth import Letter
from tests.webserver import Asked, Reply


class DataTables(Board):
    """JSON of the DataTables component: rows without names, markup in their cells; the letter in a mobile fragment."""

    seed = 19
    size = 10
    gone = (1,)
    descriptions: ClassVar = {
        "places": r"""
base = "{base}"
[sources.list]
url = "/letter/data?sEcho=1&iDisplayStart={offset}&iDisplayLength={size}"
at = "aaData"
[sources.list.fields]
external_id = { select = "[0]", pattern = "value='(\\d+)'" }
title = "[1]"
link = { select = "[1]", pattern = "href=\"(.+?)\"" }
posted_at = "[2]"
status = "[3]"
[sources.list.paging]
size = 10
total = "iTotalDisplayRecords"

[[sources.details]]
within = "div.wap"
[sources.details.fields]
posted_at = "li:nth-of-type(1) span"
author_name = { select = "li:nth-of-type(1)", pattern = "^(\\S+?)(?:于|\\s)" }
body = { select = "li:nth-of-type(1)", remove = ["h5", "em"] }
answered_by = "li:nth-of-type(2) h5 b"
answered_at = "li:nth-of-type(2) h5 span"
answer_text = { select = "li:nth-of-type(2)", remove = "h5" }
""",
    }

    def answer(self, asked: Asked) -> Reply | str:
        if asked.path.startswith("/m/"):
            letter = self.open(asked.path.removeprefix("/m/"))
            return GONE if letter is None else self.detail(letter)
        first = int(asked.query["iDisplayStart"])
        rows = [
            [
                f"<input type='checkbox' value='{one.number}'>",
                f'<a href="/m/{one.number}" class="t">{html.escape(one.title)}</a>',
                written(one.posted_at, "%Y%m%d"),
                f"<i class='{'ok' if one.answered else 'no'}'></i>{'办结' if one.answered else '转办中'}",
            ]
            for one in self.letters[first : first + int(asked.query["iDisplayLength"])]
        ]
        total = len(self.letters)
        return as_json({"sEcho": 1, "iTotalRecords": total, "iTotalDisplayRecords": total, "aaData": rows})

    def detail(self, letter: Letter) -> str:
        reply = ""
        if letter.answered:
            one = letter.answer
            reply = f"<li><h5><b>{one.by}</b> 回复 <span>{written(one.at, '%Y%m%d%H%M%S')}</span></h5>{paragraphs(one.paragraphs)}</li>"
        return (
            f"<div class='top'><li>返回<li>首页</div><div class=wap><ul><li><h5>{letter.author}于<span>"
            f"{written(letter.posted_at, '%Y%m%d%H%M%S')}</span>提问</h5><em>{html.escape(letter.title)}</em>"
            f"{paragraphs(letter.paragraphs)}</li>{reply}</ul></div>"
        )

    def shown(self, letter: Letter) -> dict[str, Any]:
        return {"external_id": str(letter.number), "author_name": letter.author}

    def listed(self, letter: Letter) -> dict[str, Any]:
        return super().listed(letter) | {"author_name": None, "posted_at": day(letter.posted_at)}


class WrittenInScript(Board):
    """A page whose list is written in JavaScript, with everything of the letters; pages by a link in the page."""

    seed = 20
    size = 15
    descriptions: ClassVar = {
        "variable": r"""
[sources.list]
url = "{base}/wz/index.shtml"
format = "script"
variable = "letters"
at = "items"
[sources.list.fields]
external_id = "id"
title = "t"
body = "c"
author_name = "u"
posted_at = "d"
answer_text = "r.c"
answered_at = "r.d"
answered_by = "r.o"
[sources.list.paging]
next = "a#next"
""",
        "whole": r"""
[sources.list]
url = "{base}/wz/index.shtml"
variable = "letters"
at = "items"
fields = { external_id = "id", title = "t", body = "c", author_name = "u", posted_at = "d", answer_text = "r.c", answered_at = "r.d", answered_by = "r.o" }
[sources.list.paging]
url = "{base}/wz/index_{page}.shtml"
pages = "pageCount"
""",
    }

    def answer(self, asked: Asked) -> str:
        name = asked.path.rpartition("/")[2].removesuffix(".shtml")
        number = 1 if name == "index" else int(name.removeprefix("index_"))
        items = ",\n".join(self.item(letter) for letter in self.page(number))
        onward = f'<a id="next" href="index_{number + 1}.shtml">下一页</a>' if number < self.pages else "<a>下一页</a>"
        return site(
            "问政",
            f"""<div id="list"></div>{onward}<script type="text/javascript">
var letter = null, page = {number}; // 第几页
var letters = {{ 'pageCount' : {self.pages}, /* 每页15条 */ items : [
{items},
]}};
render(letters);
</script>""",
        )

    @staticmethod
    def item(letter: Letter) -> str:
        def quoted(text: str) -> str:
            return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"

        reply = "undefined"
        if letter.answered:
            one = letter.answer
            reply = f"{{c:{quoted(one.text)},d:{quoted(written(one.at, '%Y-%m-%d %H:%M'))},o:{quoted(one.by)}}}"
        return (
            f"{{id:{letter.number}, t:{json.dumps(letter.title)}, c:{quoted(letter.text)}, u:{quoted(letter.author)},"
            f" d:{quoted(written(letter.posted_at, '%Y-%m-%d %H:%M'))}, r:{reply}}}"
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


class LabelsAbove(Board):
    """Labels in brackets, labels above their values, labels with blanks in them; letters under two kinds of address."""

    seed = 21
    size = 15
    tells = False
    descriptions: ClassVar = {
        "known": r"""
base = "{base}"
[sources.list]
url = "/jlhd/?cat=7&paged={page}"
rows = "div.row"
fields = { title = true, link = true, external_id = { pattern = "(?:letter/|lid=)([0-9a-f]{32})" }, posted_at = { label = "发表时间" } }
paging.pages = { pattern = "末页\\((\\d+)\\)" }

[[sources.details]]
[sources.details.fields]
title = { label = "标题" }
body = { label = ["来信内容", "留言内容"] }
author_name = { label = "姓名" }
posted_at = { label = "时间" }
answer_text = { label = "答复情况" }
answered_by = { label = "答复部门" }
answered_at = { label = "答复日期" }
""",
    }

    def answer(self, asked: Asked) -> Reply | str:
        if asked.path.startswith("/jlhd/letter/"):
            letter = self.open(asked.path.removeprefix("/jlhd/letter/"))
            return GONE if letter is None else self.above(letter)
        if "lid" in asked.query:
            letter = self.open(asked.query["lid"])
            return GONE if letter is None else self.bracketed(letter)
        rows = "".join(
            f"<div class='row'><p>标题：<a href='{self.address(one)}'>{html.escape(one.title)}</a></p>"
            f"<p><span>发表时间：{written(one.posted_at, '%Y-%m-%d')}</span> <span>阅读：{one.likes}</span></p></div>"
            for one in self.page(int(asked.query["paged"]))
        )
        return site("交流互动", f"{rows}<p><a href='?cat=7&paged={self.pages}'>末页({self.pages})</a></p>")

    @staticmethod
    def address(letter: Letter) -> str:
        return f"/jlhd/letter/{letter.key}" if letter.number % 2 else f"/jlhd/?cat=7&lid={letter.key}"

    def above(self, letter: Letter) -> str:
        reply = ""
        if letter.answered:
            one = letter.answer
            reply = f"""<table><tr><th>答复部门</th><th>答复日期</th></tr><tr><td>{one.by}</td><td>{written(one.at, "%Y-%m-%d %H:%M:%S")}</td></tr>
<tr><th colspan="2">答复情况</th></tr><tr><td colspan="2">{paragraphs(one.paragraphs)}</td></tr></table>"""
        return site(
            letter.title,
            f"""<table><tr><th>标　题</th><th>姓　名</th><th>时　间</th></tr>
<tr><td>{html.escape(letter.title)}</td><td>{letter.author}</td><td>{written(letter.posted_at, "%Y-%m-%d %H:%M:%S")}</td></tr>
<tr><th colspan="3">来信内容</th></tr><tr><td colspan="3">{paragraphs(letter.paragraphs)}</td></tr></table>{reply}""",
        )

    def bracketed(self, letter: Letter) -> str:
        reply = ""
        if letter.answered:
            one = letter.answer
            reply = f"""<p>【答复部门】{one.by}</p><p>【答复日期】{written(one.at, "%Y-%m-%d %H:%M:%S")}</p>
<p>【答复情况】</p><div>{paragraphs(one.paragraphs)}</div>"""
        return site(
            letter.title,
            f"""<p>【标题】{html.escape(letter.title)}</p><p>【姓名】{letter.author}</p>
<p>【时间】{written(letter.posted_at, "%Y-%m-%d %H:%M:%S")}</p><p>【留言内容】</p><div>{paragraphs(letter.paragraphs)}</div>{reply}""",
        )

    def shown(self, letter: Letter) -> dict[str, Any]:
        return {"external_id": letter.key, "author_name": letter.author}
