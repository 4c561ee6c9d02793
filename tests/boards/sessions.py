"""Boards that remember who asks: ASP.NET view states, and a token beside a cookie."""

# ruff: noqa: E501 - markup and descriptions stand as a site's keeper or an operator would write them.

import html
from typing import Any, ClassVar

from tests.boards.base import GONE, Board, as_json, cut, day, digest, lines, loose, paragraphs, site, written
from tests.boards.truth import Letter
from tests.webserver import Asked, Reply


class AspNet(Board):
    """ASP.NET: the pager posts the form with the view state that the page before gave, and no other is accepted."""

    seed = 7
    size = 12
    gone = (14,)
    descriptions: ClassVar = {
        "hidden": r"""
[sources.list]
url = "{base}/lyb/list.aspx"
rows = "#GridView1 tr"
[sources.list.fields]
title = "a[id$=link]"
link = "a[id$=link]@href"
posted_at = "span[id$=lblDate]"
status = "span[id$=lblState]"
external_id = { select = "a", attr = "href", pattern = "id=(\\d+)" }
[sources.list.paging]
form = { __EVENTTARGET = "GridView1", __EVENTARGUMENT = "Page${page}", txtTitle = "" }
hidden = "form#form1"
first = 2
pages = { pattern = "第\\d+页/共(\\d+)页" }

[[sources.details]]
[sources.details.fields]
title = "#lblTitle"
author_name = "#lblName"
posted_at = "#lblTime"
body = "#lblContent"
answer_text = "#lblReply"
answered_at = "#lblReplyTime"
answered_by = { value = "市统计局" }
""",
        "natural": r"""
[sources.list]
url = "{base}/lyb/list.aspx"
rows = "#GridView1 tr"
[sources.list.fields]
title = "a"
link = "a@href"
posted_at = "span[id$=lblDate]"
status = "span[id$=lblState]"
external_id = { select = "a", attr = "href", pattern = "id=(\\d+)" }
[sources.list.paging]
form = { __EVENTTARGET = "GridView1", __EVENTARGUMENT = "Page${page}", txtTitle = "" }
hidden = "form#form1"
first = 2
pages = { pattern = "第\\d+页/共(\\d+)页" }

[[sources.details]]
[sources.details.fields]
title = "#lblTitle"
author_name = "#lblName"
posted_at = "#lblTime"
body = "#lblContent"
answer_text = "#lblReply"
answered_at = "#lblReplyTime"
answered_by = { value = "市统计局" }
""",
    }

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.issued: dict[str, int] = {}

    def answer(self, asked: Asked) -> Reply | str:
        if asked.path.startswith("/lyb/show.aspx?"):
            letter = self.open(asked.query["id"])
            return GONE if letter is None else self.detail(letter)
        if asked.method == "GET":
            return self.listing(1)
        form = asked.form
        target, number = form["__EVENTTARGET"], int(form["__EVENTARGUMENT"].removeprefix("Page$"))
        shown = self.issued.get(form["__VIEWSTATE"], 0)
        if target != "GridView1" or form["__EVENTVALIDATION"] != digest(form["__VIEWSTATE"]) or number != shown + 1:
            return Reply("验证视图状态 MAC 失败。", status=500)
        return self.listing(number)

    def listing(self, number: int) -> str:
        state = "/wEP" + digest(f"state {len(self.issued)}") + "+a/b=="
        self.issued[state] = number
        rows = "".join(
            f'<tr><td><a id="GridView1_ctl{place:02d}_link" href="show.aspx?id={one.number}">{html.escape(cut(one.title, 16))}</a>'
            f'</td><td><span id="GridView1_ctl{place:02d}_lblDate">{loose(one.posted_at, "{y}/{m}/{d}")}</span></td>'
            f'<td><span id="GridView1_ctl{place:02d}_lblState">{"已回复" if one.answered else "未回复"}</span></td></tr>'
            for place, one in enumerate(self.page(number), start=2)
        )
        pager = "".join(
            f"<td><a href=\"javascript:__doPostBack('GridView1','Page${page}')\">{page}</a></td>"
            for page in range(1, self.pages + 1)
        )
        return site(
            "留言板",
            f"""<form method="post" action="./list.aspx" id="form1">
<div class="aspNetHidden"><input type="hidden" name="__EVENTTARGET" id="__EVENTTARGET" value="" />
<input type="hidden" name="__EVENTARGUMENT" id="__EVENTARGUMENT" value="" />
<input type="hidden" name="__VIEWSTATE" id="__VIEWSTATE" value="{html.escape(state)}" /></div>
<input type="hidden" name="__EVENTVALIDATION" value="{digest(state)}" />
<input name="txtTitle" type="text"/><input type="submit" name="btnSearch" value="搜索"/>
<div><table id="GridView1"><tr><th>主题</th><th>日期</th><th>状态</th></tr>{rows}
<tr class="pager"><td colspan="3"><table><tr>{pager}</tr></table></td></tr></table></div>
<span>第{number}页/共{self.pages}页</span></form>""",
        )

    def detail(self, letter: Letter) -> str:
        reply = "<span id='lblReply'></span><span id='lblReplyTime'></span>"
        if letter.answered:
            one = letter.answer
            at = loose(one.at, "{y}/{m}/{d} {h}:{min}:{s}")
            reply = f"<span id='lblReply'>{lines(one.paragraphs)}</span><span id='lblReplyTime'>{at}</span>"
        return site(
            "留言",
            f"""<span id="lblTitle">{html.escape(letter.title)}</span><span id="lblName">{letter.author}</span>
<span id="lblTime">{loose(letter.posted_at, "{y}/{m}/{d} {h}:{min}:{s}")}</span>
<span id="lblContent">{lines(letter.paragraphs)}</span>{reply}""",
        )

    def shown(self, letter: Letter) -> dict[str, Any]:
        found: dict[str, Any] = {"external_id": str(letter.number), "author_name": letter.author}
        if letter.answered:
            found["answered_by"] = "市统计局"
        return found

    def listed(self, letter: Letter) -> dict[str, Any]:
        known = {"body": cut(letter.title, 16), "author_name": None, "posted_at": day(letter.posted_at)}
        return super().listed(letter) | known


class TokenAndCookie(Board):
    """A first page gives a cookie and a token in a script; the list and the letters are asked by POST with both."""

    seed = 8
    size = 15
    before = 1
    descriptions: ClassVar = {
        "own": r"""
base = "{base}"
[sources.visit]
url = "/hdjlpt/published?via=pc"
vars = { csrf = { pattern = "_CSRF = '([^']+)'" } }
[sources.list]
url = "/hdjlpt/letter/pubList"
form = { offset = "{offset}", limit = "{size}", site_id = "759010", time_from = "{since}", time_to = "{today}" }
headers = { X-CSRF-TOKEN = "{csrf}" }
at = "data.list"
[sources.list.fields]
external_id = "id"
title = "title"
posted_at = "created_at"
status = "status_text"
[sources.list.paging]
size = 15
total = "data.total"
[[sources.details]]
url = "/hdjlpt/letter/pubDetail"
form = { id = "{external_id}", _token = "{csrf}" }
at = "data"
fields = { body = "content", posted_at = "created_at", author_name = "writer", answer_text = "reply.content", answered_at = "reply.created_at", answered_by = "reply.organ" }
""",
    }

    def answer(self, asked: Asked) -> Reply | str:
        if asked.path == "/hdjlpt/published?via=pc":
            session = digest(f"session {len(self.opened)}")
            page = site(
                "互动交流",
                f"<div id='app'></div><script>\nvar _SITE = '759010', _CSRF = '{digest(session)}';\n</script>",
            )
            return Reply(page, headers={"Set-Cookie": f"szxx_session={session}; Path=/hdjlpt; HttpOnly"})
        cookies = dict(part.strip().partition("=")[::2] for part in asked.headers.get("Cookie", "").split(";"))
        form = asked.form
        token = asked.headers.get("X-CSRF-TOKEN") if asked.path.endswith("pubList") else form.get("_token")
        if asked.method != "POST" or token != digest(cookies.get("szxx_session", "")):
            return Reply("Page Expired", status=419)
        if asked.path == "/hdjlpt/letter/pubDetail":
            letter = self.open(form["id"])
            if letter is None:
                raise LookupError("all pages of this site are there")
            return as_json({"errcode": 0, "data": self.detail(letter)})
        if form["time_from"] != "2000-01-01" or form["time_to"] < "2026-11-23":
            return as_json({"errcode": 1, "data": {"total": 0, "list": []}})
        first = int(form["offset"])
        rows = [
            {
                "id": letter.number,
                "title": letter.title,
                "created_at": written(letter.posted_at, "%Y-%m-%d"),
                "status_text": "已答复" if letter.answered else "已受理",
            }
            for letter in self.letters[first : first + int(form["limit"])]
        ]
        return as_json({"errcode": 0, "data": {"total": len(self.letters), "list": rows}})

    @staticmethod
    def detail(letter: Letter) -> dict[str, Any]:
        found: dict[str, Any] = {
            "title": letter.title,
            "content": "\n".join(letter.paragraphs),
            "created_at": written(letter.posted_at, "%Y-%m-%d %H:%M:%S"),
            "writer": letter.author,
            "reply": None,
        }
        if letter.answered:
            one = letter.answer
            at = written(one.at, "%Y-%m-%d %H:%M:%S")
            found["reply"] = {"content": paragraphs(one.paragraphs), "created_at": at, "organ": one.by}
        return found

    def shown(self, letter: Letter) -> dict[str, Any]:
        return {"external_id": str(letter.number), "author_name": letter.author}


class PlatformWithPreset(TokenAndCookie):
    """The same platform with a page for each letter; read by the shipped preset."""

    size = 20
    tells = False
    gone = (9,)
    descriptions: ClassVar = {
        "preset": r"""
preset = "hdjlpt"
base = "{base}"
params.site = "759010"
""",
    }

    def answer(self, asked: Asked) -> Reply | str:
        if asked.path.startswith("/hdjlpt/detail?"):
            letter = self.open(asked.query["pid"])
            return GONE if letter is None else self.whole(letter)
        if asked.path != "/hdjlpt/letter/pubList":
            return super().answer(asked)
        session = asked.headers.get("Cookie", "").partition("szxx_session=")[2]
        if asked.headers.get("X-CSRF-TOKEN") != digest(session) or asked.form["site_id"] != "759010":
            return Reply("Page Expired", status=419)
        first = int(asked.form["offset"])
        rows = [
            {
                "pid": one.number,
                "title": one.title,
                "create_time": written(one.posted_at, "%Y-%m-%d %H:%M:%S"),
                "hits": 3,
            }
            for one in self.letters[first : first + int(asked.form["limit"])]
        ]
        return as_json({"errcode": 0, "errmsg": "", "data": {"total": len(self.letters), "list": rows}})

    def whole(self, letter: Letter) -> str:
        answered = ""
        if letter.answered:
            one = letter.answer
            answered = f"""<table class="detail"><tr><th>答复单位</th><td>{one.by}</td></tr>
<tr><th>答复时间</th><td>{written(one.at, "%Y-%m-%d %H:%M:%S")}</td></tr>
<tr><th>答复内容</th><td>{paragraphs(one.paragraphs)}</td></tr></table>"""
        return site(
            "互动交流",
            f"""<table class="detail"><tr><th>信件编号</th><td>YJ{letter.number}</td></tr>
<tr><th>留言主题</th><td>{html.escape(letter.title)}</td></tr>
<tr><th>留言时间</th><td>{written(letter.posted_at, "%Y-%m-%d %H:%M:%S")}</td></tr>
<tr><th>留言内容</th><td>{lines(letter.paragraphs)}</td></tr></table>{answered}""",
        )

    def shown(self, letter: Letter) -> dict[str, Any]:
        return {"external_id": str(letter.number), "receipt_no": f"YJ{letter.number}"}

    def listed(self, letter: Letter) -> dict[str, Any]:
        return super().listed(letter) | {"receipt_no": None}
