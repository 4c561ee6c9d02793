"""The shipped presets, each against a small stand-in that answers the way its system is known to."""

# ruff: noqa: E501 - markup stands as the systems write it.

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from collector.access import PIPELINE, visible_to
from collector.collecting import collect
from collector.tables import Message
from config.home import init_home
from config.profile import SHIPPED
from config.settings import Settings
from tests.conftest import FixedClock
from tests.webserver import Asked, Reply, serving

LETTERS = [
    (
        f"{9000 + place}",
        f"咨询第{place}季度数据发布时间",
        f"2026-11-{20 - place:02d}",
        f"想了解第{place}季度的数据何时发布。",
    )
    for place in range(1, 6)
]
ANSWER = "来信收悉，将按发布日程公布。"


def posted(day: str, time: str = "00:00:00") -> datetime:
    """Return a moment of Linyi in UTC."""
    return datetime.fromisoformat(f"{day}T{time}+08:00").astimezone(UTC)


def expected(external_id: str, title: str, at: datetime, body: str, **more: Any) -> dict[str, Any]:
    """Return the columns of one message; letters with an even number have no answer."""
    answered = int(external_id) % 2
    common = {"answer_text": ANSWER, "answered_at": posted("2026-11-22"), "answered_by": "综合科、办公室"}
    none = dict.fromkeys(common)
    return {"external_id": external_id, "title": title, "posted_at": at, "body": body} | (
        common | more if answered else none | dict.fromkeys(more)
    )


def boda(form: str) -> Callable[[Asked], Reply | str]:
    """Return 博达's letter component with two letters a page; *form* is one row of its list."""

    def answer(asked: Asked) -> Reply | str:
        if "leadermailid" in asked.query:
            key, title, day, body = next(one for one in LETTERS if one[0] == asked.query["leadermailid"])
            year, month, date = day.split("-")
            pairs = [
                ("信件编号", f"2026{key}"),
                ("来信主题", title),
                ("来信时间", f"{year}年{int(month)}月{int(date)}日"),
                ("信件内容", f"<p>{body}</p>"),
            ]
            if int(key) % 2:
                pairs += [("回复内容", ANSWER), ("回复时间", "2026年11月22日"), ("回复人", "综合科、办公室")]
            cells = "".join(
                f'<tr><td class="titlestyle1871">{label}</td><td class="contentstyle1871">{value}</td></tr>'
                for label, value in pairs
            )
            return f'<table class="winstyle1871">{cells}</table>'
        if not asked.path.startswith("/zmhd/"):
            return Reply(status=404)
        number = int(asked.query.get("formname1870ap", 1))
        rows = "".join(
            form.format(
                href=f"ldxx.jsp?urltype=leadermail.LeaderMailContentUrl&amp;wbtreeid=1112&amp;leadermailid={key}",
                title=title,
                day=day,
            )
            for key, title, day, _ in LETTERS[number * 2 - 2 : number * 2]
        )
        onward = (
            f'<a class="Next" href="?wbtreeid=1112&amp;formname1870ap={number + 1}">下页</a>'
            if number < 3
            else '<span class="NextDisabled">下页</span>'
        )
        return WRAP[form].format(rows=rows) + onward

    return answer


TABLE_ROW = (
    '<tr><td>·</td><td><a class="linkfont1870" href="{href}">{title}</a></td><td class="timestyle1870">{day}</td></tr>'
)
LIST_ROW = '<li id="line_u9"><span>{day}</span><a href="{href}" title="{title}">{title}</a></li>'
WRAP = {
    TABLE_ROW: '<table class="winstyle1870"><tr><td></td><td>主题</td><td>时间</td></tr>{rows}</table>',
    LIST_ROW: '<ul class="list">{rows}</ul>',
}


def jact(asked: Asked) -> Reply | str:
    """Answer as 大汉 JACT does: rows in a script by POST, labels in the letter's tables."""
    if asked.path.startswith("/jact/front/mailpublist.do?sysid=84"):
        return "<div id='datalist'></div>"
    if (
        asked.path.startswith("/jact/front/dataproxy_mailpublist.do")
        and asked.method == "POST"
        and asked.form["sysid"] == "84"
    ):
        rows = [
            f'<tr>\n<td>LY{key}</td><td><a href="mailpubdetail.do?transactId={key}&sysid=84">{title[:6]}...</a></td>'
            f"<td>{'已办结' if int(key) % 2 else '处理中'}</td><td>{day}</td><td>7</td></tr>"
            for key, title, day, _ in LETTERS[int(asked.query["startrecord"]) - 1 : int(asked.query["endrecord"])]
        ]
        return Reply(
            f"var dataStore = {json.dumps(rows, ensure_ascii=False)};", headers={"Content-Type": "text/javascript"}
        )
    if asked.path.startswith("/jact/front/mailpubdetail.do"):
        key, title, day, body = next(one for one in LETTERS if one[0] == asked.query["transactId"])
        answer = (
            f'<div style="padding-bottom:15px;"><table><tr><td>回复部门：</td><td><span><a href="#">综合科、办公室</a></span></td>'
            f"<td>回复时间：</td><td><span>2026-11-22 00:00:00</span></td></tr><tr><td>回复内容：</td><td colspan='3'><span>{ANSWER}</span></td></tr></table></div>"
        )
        return (
            f'<div class="jact_main"><div class="jact_box_font"><table><tr><td>信件标题：</td><td colspan="3">{title}</td></tr>'
            f"<tr><td>信件编号：</td><td>LY{key}</td><td>来信时间：</td><td><span>{day} 08:30:00</span></td></tr>"
            f'<tr><td>信件内容：</td><td colspan="3"><span>{body}</span></td></tr></table></div>{answer if int(key) % 2 else ""}</div>'
        )
    return Reply(status=404)


def igi(asked: Asked) -> Reply:
    """Answer as TRS IGI does: everything in the list, moments in milliseconds, 0 for an answer there is not."""
    if not asked.path.startswith("/IGI/nbhd/openGovmsgbox.do") or asked.query["siteId"] != "33":
        return Reply(status=404)
    number = int(asked.query["pageIndex"])
    data = [
        {
            "TITLE": title,
            "METADATAID": int(key),
            "PUBLISHURL": json.dumps([{"PUBLISHURL": f"http://127.0.0.1/{key}.html"}]),
            "SUBMITTIME": int(posted(day, "10:20:30").timestamp() * 1000),
            "REPLYTIME": int(posted("2026-11-22").timestamp() * 1000) if int(key) % 2 else 0,
            "CONTENT": f"<p>{body}</p>",
            "REPLYS": [{"CONTENT": ANSWER}] if int(key) % 2 else [],
        }
        for key, title, day, body in LETTERS[number * 2 - 2 : number * 2]
    ]
    return Reply(
        json.dumps({"statusCode": 200, "message": "", "datas": {"data": data}}, ensure_ascii=False),
        headers={"Content-Type": "application/json"},
    )


def hdjlpt(asked: Asked) -> Reply | str:
    """Answer as 南方网's platform does: a cookie and a token first, then JSON by POST, then a page for each letter."""
    if asked.path == "/hdjlpt/published?via=pc":
        return Reply("<script>var _CSRF = 'tok123';</script>", headers={"Set-Cookie": "szxx_session=s1; Path=/"})
    if asked.path == "/hdjlpt/letter/pubList":
        if (
            asked.headers.get("X-CSRF-TOKEN") != "tok123"
            or "szxx_session=s1" not in asked.headers.get("Cookie", "")
            or asked.form["site_id"] != "759010"
        ):
            return Reply(status=419)
        first = int(asked.form["offset"])
        rows = [
            {"pid": int(key), "title": title, "create_time": int(posted(day, "09:00:00").timestamp())}
            for key, title, day, _ in LETTERS
        ]
        return Reply(
            json.dumps({"data": {"total": 5, "list": rows[first : first + 20]}}),
            headers={"Content-Type": "application/json"},
        )
    if asked.path.startswith("/hdjlpt/detail?pid="):
        key, title, day, body = next(one for one in LETTERS if one[0] == asked.query["pid"])
        answer = f"<div>答复单位：综合科、办公室</div><div>答复时间：2026-11-22</div><div>答复内容：{ANSWER}</div>"
        return f"<div>留言主题：{title}</div><div>留言时间：{day} 09:00:00</div><div>留言内容：{body}</div>{answer if int(key) % 2 else ''}"
    return Reply(status=404)


def of_boda(key: str, title: str, day: str, body: str) -> dict[str, Any]:
    """Return the columns of a letter of 博达, which shows days."""
    return expected(key, title, posted(day), body) | {"receipt_no": f"2026{key}"}


CASES = {
    "boda-vsb, a table": (boda(TABLE_ROW), 'list.url = "{base}/zmhd/ldxxlb.jsp?wbtreeid=1112"', of_boda),
    "boda-vsb, a list": (boda(LIST_ROW), 'list.url = "{base}/zmhd/ldxxlb.jsp?wbtreeid=1112"', of_boda),
    "hanweb-jact": (
        jact,
        'base = "{base}"\nparams.sysid = "84"',
        lambda key, title, day, body: expected(key, title, posted(day, "08:30:00"), body) | {"receipt_no": f"LY{key}"},
    ),
    "trs-igi": (
        igi,
        'base = "{base}"\nparams.site = "33"',
        lambda key, title, day, body: expected(key, title, posted(day, "10:20:30"), body, answered_by=None),
    ),
    "hdjlpt": (
        hdjlpt,
        'base = "{base}"\nparams.site = "759010"',
        lambda key, title, day, body: expected(key, title, posted(day, "09:00:00"), body),
    ),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_preset_reads_every_field_of_its_system(name: str, settings: Settings, clock: FixedClock) -> None:
    """With the keys that its comment asks for and no more, each message is stored as it is."""
    answer, given, truth = CASES[name]

    def served(asked: Asked) -> Reply | str | bytes:
        return Reply(status=404) if asked.path == "/robots.txt" else answer(asked)

    with serving(served) as server:
        block = f'\n[[sources]]\nid = "board"\nkind = "website"\nchannel = "site-board"\nprivate = true\npace = 0\npreset = "{name.split(",")[0]}"\n'
        profile = settings.home.parent / "profile.toml"
        profile.write_text(SHIPPED.read_text("utf-8") + block + given.replace("{base}", server.url) + "\n", "utf-8")
        ctx = init_home(settings.model_copy(update={"profile": profile}), clock=clock)
        try:
            counts = collect(ctx, "board", sleep=lambda seconds: None)
            again = collect(ctx, "board", sleep=lambda seconds: None)
            columns = list(truth(*LETTERS[0]))
            with ctx.database.reading() as session:
                rows = session.scalars(
                    sa.select(Message).where(visible_to(PIPELINE)).order_by(Message.external_id)
                ).all()
                found = [{column: getattr(row, column) for column in columns} for row in rows]
        finally:
            ctx.close()

    assert [truth(*letter) for letter in LETTERS] == found
    assert (counts.stored, counts.set_aside) == (5, 0)
    assert again.stored == 0
