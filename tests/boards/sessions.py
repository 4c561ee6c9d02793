"""Boards that remember who asks: ASP.NET view states, a token beside a cookie, and an account."""

# ruff: noqa: E501 - markup and descriptions stand as a site's keeper or an operator would write them.

import html
from datetime import datetime, time, timedelta
from typing import Any, ClassVar

from tests.boards.base import GONE, Board, as_json, cut, day, digest, lines, loose, paragraphs, site, written
from tests.boards.truth import ZONE, Letter
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

    def __init__(self) -> None:
        super().__init__()
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
        known = {"title": cut(letter.title, 16), "author_name": None, "posted_at": day(letter.posted_at)}
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


class BackEnd(Board):
    """The bureau's own back end: an account, letters that wait for their answer, and what only the bureau may see.

    The log-in ends once in the middle of the first run.
    """

    seed = 9
    size = 10
    before = 2
    late = False
    secrets: ClassVar = {"back-end": "p&ss=字"}
    descriptions: ClassVar = {
        "login": r"""
base = "{base}"
[sources.visit]
url = "/admin/login.do"
[sources.visit.login]
form = { username = "tjj", password = "secret:back-end" }
hidden = "form#login"
ok = "a.logout"
[sources.list]
url = "/admin/letters.do?state=0&page={page}"
rows = "table.data tbody tr"
[sources.list.fields]
receipt_no = { column = "信件编号" }
external_id = { column = "信件编号" }
title = { column = "标题" }
author_name = { column = "姓名" }
kind = { column = "类型" }
posted_at = { column = "写信时间" }
given_due_at = { column = "办理期限" }
link = { select = "a.deal", attr = "href" }
[sources.list.paging]
first = 1
next = "a.next"
[[sources.details]]
within = "form#deal"
[sources.details.fields]
body = "textarea[name=content]"
contact = "input[name=phone]@value"
publish_consent = { label = "是否公开" }
confidential = { label = "是否保密" }
""",
    }

    def __init__(self) -> None:
        super().__init__()
        self.letters = [letter.with_answers() for letter in self.letters]
        self.sessions: set[str] = set()
        self.asked_inside = 0
        self.logins = 0

    def reply(self, answer: Any) -> Letter:
        raise NotImplementedError("a letter that is answered leaves this list")

    def answer(self, asked: Asked) -> Reply | str:
        path = asked.path.partition("?")[0]
        if path == "/admin/login.do":
            return self.login(asked)
        cookies = dict(part.strip().partition("=")[::2] for part in asked.headers.get("Cookie", "").split(";"))
        if cookies.get("JSESSIONID") not in self.sessions:
            return Reply(status=302, headers={"Location": f"{self.base}/admin/login.do?from={path}"})
        self.asked_inside += 1
        if self.asked_inside == 30:
            self.sessions.clear()
        if path == "/admin/deal.do":
            letter = self.open(asked.query["id"])
            if letter is None:
                raise LookupError("all pages of this site are there")
            return self.whole(self.detail(letter))
        if path == "/admin/index.do":
            return self.whole("<h3>欢迎使用</h3>")
        return self.whole(self.listing(int(asked.query["page"])))

    def login(self, asked: Asked) -> Reply | str:
        token = digest(f"form {self.logins}")
        if asked.method == "POST":
            form = asked.form
            wanted = {"username": "tjj", "password": self.secrets["back-end"], "_token": token, "lt": "1"}
            if form != wanted:
                return site("登录", "<p class='error'>用户名或密码错误</p>")
            self.logins += 1
            session = digest(f"session {self.logins}")
            self.sessions.add(session)
            cookie = ("Set-Cookie", f"JSESSIONID={session}; Path=/admin; HttpOnly")
            return Reply(status=302, headers=[("Location", "/admin/index.do"), cookie])
        return site(
            "登录",
            f"""<form action="/search.do"><input type="hidden" name="q" value="1"/></form>
<form id="login" method="post" action="login.do"><input type="hidden" name="_token" value="{token}"/>
<input type="hidden" name="lt" value="1"/><input name="username"/><input type="password" name="password"/>
<input type="submit" value="登录"/></form>""",
        )

    def whole(self, inner: str) -> str:
        return site(
            "信件管理", f'<div class="top">您好，tjj <a class="logout" href="/admin/logout.do">退出</a></div>{inner}'
        )

    def listing(self, number: int) -> str:
        rows = "".join(
            f"<tr><td><input type='checkbox' value='{one.number}'/></td><td>20261123{one.number}</td>"
            f"<td>{html.escape(one.title)}</td><td>{one.author}</td><td>{self.kind(one)}</td>"
            f"<td>{written(one.posted_at, '%Y-%m-%d %H:%M:%S')}</td><td>{written(self.due(one), '%Y-%m-%d')}</td>"
            f"<td><a href='view.do?id={one.number}'>打印</a> <a class='deal' href='deal.do?id={one.number}'>办理</a></td></tr>"
            for one in self.page(number)
        )
        onward = (
            f'<a class="next" href="letters.do?state=0&amp;page={number + 1}">&gt;</a>' if number < self.pages else ""
        )
        return f"""<table class="data"><thead><tr><th></th><th>信件编号</th><th>标题</th><th>姓名</th><th>类型</th><th>写信时间</th>
<th>办理期限</th><th>操作</th></tr></thead><tbody>{rows}</tbody></table>{onward}"""

    def detail(self, letter: Letter) -> str:
        text = "\n".join(html.escape(one) for one in letter.paragraphs)
        return f"""<form id="deal"><table><tr><td>联系电话</td><td><input name="phone" value="{letter.phone}" readonly/></td></tr>
<tr><td>是否公开</td><td>{"是" if letter.public else "否"}</td><td>是否保密</td><td>{"是" if letter.number % 5 == 0 else "否"}</td></tr>
<tr><td>信件内容</td><td><textarea name="content" readonly>\n{text}</textarea></td></tr>
<tr><td>回复内容</td><td><textarea name="reply"></textarea></td></tr></table></form>"""

    @staticmethod
    def kind(letter: Letter) -> str:
        return "举报" if letter.number % 7 == 0 else "咨询"

    @staticmethod
    def due(letter: Letter) -> datetime:
        """The day the back end gives for the answer."""
        return letter.posted_at + timedelta(days=7)

    def shown(self, letter: Letter) -> dict[str, Any]:
        last = self.due(letter).astimezone(ZONE).date()
        return {
            "external_id": f"20261123{letter.number}",
            "receipt_no": f"20261123{letter.number}",
            "author_name": letter.author,
            "contact": letter.phone,
            "publish_consent": letter.public,
            "given_due_at": datetime.combine(last, time(23, 59, 59), ZONE),
            "access": "restricted" if letter.number % 5 == 0 or letter.number % 7 == 0 else "normal",
        }
