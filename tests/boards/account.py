"""A back end behind a log-in."""

# ruff: noqa: E501 - markup and descriptions stand as a site's keeper or an operator would write them.

import html
from datetime import datetime, time, timedelta
from typing import Any, ClassVar

from tests.boards.base import Board, digest, site, written
from tests.boards.truth import ZONE, Letter
from tests.webserver import Asked, Reply


class BackEnd(Board):
    """The bureau's own back end: an account, letters that wait for their answer, and what only the bureau may see.

    The log-in ends once in the middle of the first run.
    """

    seed = 9
    size = 10
    before = 3
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

    def __init__(self, description: str) -> None:
        super().__init__(description)
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
