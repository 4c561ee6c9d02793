"""The rows of lists, whatever they are made of."""

# ruff: noqa: E501
import json
from typing import Any

import pytest

from collector.errors import SourceChanged
from collector.pages.document import Document, read_document
from collector.pages.listing import Row, check_rows, read_rows, required_of, says_empty
from config.sources import Detail, Listing

URL = "http://board.test/jact/front/list.do?page=1"
BASE = "http://board.test/jact/front/"
TRUTH = [
    {"title": "关于路灯的问题", "link": BASE + "view.do?id=7", "posted_at": "2026-11-01", "status": "已答复"},
    {"title": "关于停车的建议", "link": BASE + "view.do?id=8", "posted_at": "2026-11-02", "status": "办理中"},
]
CELLS = [
    ("7", "view.do?id=7", "关于路灯的问题", "已答复", "2026-11-01"),
    ("8", "view.do?id=8", "关于停车的建议", "办理中", "2026-11-02"),
]
ROWS = "".join(
    f'<tr><td>{n}</td><td><a href="{link}">{title}</a></td><td>{state}</td><td>{day}</td></tr>'
    for n, link, title, state, day in CELLS
)
HEADER = "<tr><th>编号</th><th>标题</th><th>状态</th><th>来信时间</th></tr>"
PAGER = '<tr><td colspan="4"><a href="?page=1">首页</a> 共2条 <a href="?page=2">下一页</a> <a href="?page=9">尾页</a></td></tr>'
BY_CELL = {
    "title": "td:nth-child(2) a",
    "link": "td:nth-child(2) a@href",
    "posted_at": "td:nth-child(4)",
    "status": "td:nth-child(3)",
}
BY_NAME = {"title": True, "link": True, "posted_at": True, "status": True}
BY_COLUMN = {
    "title": {"column": "标题"},
    "link": {"column": "标题"},
    "posted_at": {"column": ["时间", "来信时间"]},
    "status": {"column": "状态"},
}
KEYS = {"title": "title", "link": "url", "posted_at": "time", "status": "state"}
OBJECTS = [
    {"id": n, "url": link, "title": title, "state": state, "time": day, "replies": []}
    for n, link, title, state, day in CELLS
]
CARDS = "".join(
    f'<div class="card"><a href="{link}"><h3>{title}</h3></a><p>来信时间：{day}　状态：{state}</p></div>'
    for _, link, title, state, day in CELLS
)  # fmt: skip
SPANS = "".join(
    f'<li><a href="{link}"><span>{title}</span><span>{state}</span><span>{day}</span></a></li>'
    for _, link, title, state, day in CELLS
)  # fmt: skip
RECORDS = "".join(
    f"<record><![CDATA[<li><a href='{link}'>{title}</a><b>{state}</b><span>{day}</span></li>]]></record>"
    for _, link, title, state, day in CELLS
)
BY_TAG = {"title": "a", "link": "a@href", "posted_at": "span", "status": "b"}


def described(**listing: Any) -> Listing:
    """Return a description of a list."""
    return Listing.model_validate(listing)


def answer(content: str, listing: Listing, content_type: str = "text/html") -> Document:
    """Read an answer as a description says."""
    return read_document(content.encode(), content_type, URL, listing)


def values(content: str, content_type: str = "text/html", **listing: Any) -> list[dict[str, Any]]:
    """Return what the rows of a page say."""
    part = described(**listing)
    return [row.values for row in read_rows(answer(content, part, content_type), part, {})]


OTHER_TABLES = "<table><tr><td>标题</td><td>x</td></tr></table><table><tr><th>标题</th><th>作者</th></tr><tr><td>y</td><td>z</td></tr></table>"


@pytest.mark.parametrize(
    ("content", "listing"),
    [
        (f"<table class=l>{HEADER}{ROWS}{PAGER}</table>", {"rows": "table.l tr", "fields": BY_CELL}),
        (f"<table class=l>{HEADER.replace('th>', 'td>')}{ROWS}{PAGER}</table>", {"rows": "table.l tr", "fields": BY_CELL}),
        (f"<table class=l>{HEADER}{ROWS}{PAGER}</table>", {"rows": "//table[@class='l']//tr[position()>1]", "fields": BY_CELL}),
        (f"<table>{HEADER}{ROWS}{PAGER}</table>", {"fields": BY_NAME}),
        (f"<table>{HEADER}{ROWS}{PAGER}</table>", {"rows": "tr", "fields": BY_NAME}),
        (f"{OTHER_TABLES}<table>{HEADER}{ROWS}</table>{OTHER_TABLES}", {"fields": BY_NAME}),
        (f"{OTHER_TABLES}<table>{HEADER}{ROWS}</table>{OTHER_TABLES}", {"header": ["编号", "标题", "状态"], "fields": BY_CELL}),
        (f"<table><tr><td colspan=4>信件列表</td></tr>{HEADER}{ROWS}{PAGER}</table>", {"fields": BY_COLUMN}),
        (f"<table>{HEADER}{HEADER.join(ROWS.split('</tr>'))}</table>", {"fields": BY_COLUMN}),
        (f"<table>{HEADER}</table><table>{ROWS}</table>", {"fields": BY_COLUMN}),
        (f"<div><table>{HEADER}</table></div><div><table>{ROWS}</table></div>", {"rows": "tr", "fields": BY_COLUMN}),
        (f"<table><tr><td><table>{HEADER}{ROWS}</table></td></tr></table>", {"fields": BY_COLUMN}),
        (f"<table>{HEADER}{ROWS.replace('</td>', '').replace('</tr>', '')}</table>", {"rows": "table tr", "fields": BY_CELL}),
        (CARDS, {"rows": ".card", "fields": {"title": "h3", "link": True, "posted_at": True, "status": {"label": "状态"}}}),
        (f"<ul>{SPANS}</ul>", {"rows": "ul li", "fields": {"title": "span", "link": True, "posted_at": "span:nth-child(3)", "status": "span:nth-child(2)"}}),
        (f"<div class=h><b>标题</b><b>状态</b><b>时间</b></div><ul>{SPANS}</ul>", {"rows": "li", "fields": BY_NAME}),
        (f"<ul><li><span>标题</span><span>状态</span><span>时间</span></li>{SPANS}</ul>", {"rows": "li", "fields": BY_NAME}),
        (f"<ul><li><span>标题</span><span>状态</span><span>时间</span></li>{SPANS}</ul>", {"fields": BY_NAME}),
        (f"<ul><li><span>标题</span><span>状态</span><span>时间</span></li>{SPANS}</ul>", {"header": ["标题", "状态"], "fields": BY_NAME}),
        (f"dataStore = {json.dumps([one + '</tr>' for one in ROWS.split('</tr>') if one])};", {"variable": "dataStore", "fields": BY_CELL}),
        (f"<html><script>x(); var rows = {json.dumps(ROWS)};</script>", {"variable": "rows", "rows": "tr", "fields": BY_CELL}),
        (f"<datastore><recordset>{RECORDS}</recordset></datastore>", {"format": "xml", "rows": "record", "fields": BY_TAG}),
        (f"<datastore><recordset>{RECORDS}</recordset></datastore>", {"format": "xml", "fields": BY_TAG}),
        (f"<datastore><recordset>{RECORDS}</recordset></datastore>", {"format": "xml", "at": "record", "rows": "li", "fields": BY_TAG}),
        (f"<datastore><recordset>{RECORDS}</recordset></datastore>", {"format": "xml", "at": "//record/text()", "fields": BY_TAG}),
        (f"<html><script type='text/xml'><datastore>{RECORDS}</datastore></script></html>", {"format": "xml", "rows": "record", "fields": BY_TAG}),
        (json.dumps(OBJECTS), {"fields": KEYS}),
        (json.dumps({"code": 0, "data": {"total": 2, "list": OBJECTS}}), {"fields": KEYS}),
        (json.dumps({"code": 0, "data": {"total": 2, "list": OBJECTS}}), {"at": "data.list", "fields": KEYS}),
        (json.dumps({"code": 0, "data": {"total": 2, "list": OBJECTS}}), {"at": "data", "rows": "list", "fields": KEYS}),
        (json.dumps({"code": 0, "data": {"total": 2, "list": OBJECTS}}), {"rows": "data.list[?id!=`null`]", "fields": KEYS}),
        (json.dumps({"code": 0, "data": json.dumps({"list": OBJECTS})}), {"at": "from_json(data).list", "fields": KEYS}),
        (json.dumps({"code": 0, "data": json.dumps({"list": OBJECTS})}), {"at": "data", "fields": KEYS}),
        (json.dumps([json.dumps(one) for one in OBJECTS]), {"at": "@", "fields": KEYS}),
        (json.dumps({"data": {one["id"]: one for one in OBJECTS}}), {"fields": KEYS}),
        (json.dumps({"data": {one["id"]: one for one in OBJECTS}}), {"at": "data", "fields": KEYS}),
        (json.dumps({"rows": [list(one.values()) for one in OBJECTS]}), {"rows": "rows", "fields": {"title": "[2]", "link": "[1]", "posted_at": "[4]", "status": "[3]"}}),
        (json.dumps({"html": f"<table>{HEADER}{ROWS}</table>"}), {"at": "html", "rows": "tr", "fields": BY_CELL}),
        (json.dumps({"html": f"<table>{HEADER}{ROWS}</table>"}), {"at": "html", "fields": BY_NAME}),
        (json.dumps({"rows": [f"<tr>{one}</tr>" for one in ROWS.replace("<tr>", "").split("</tr>") if one]}), {"at": "rows", "fields": BY_CELL}),
        (json.dumps({"rows": [ROWS]}), {"at": "rows", "rows": "tr", "fields": BY_CELL}),
        (json.dumps(f"<table>{ROWS}</table>"), {"format": "json", "rows": "tr", "fields": BY_CELL}),
        (f"<script id=d type='application/json'>{json.dumps({'list': OBJECTS})}</script>", {"at": "script#d", "rows": "list", "fields": KEYS}),
        (f"<textarea>{ROWS}</textarea>", {"at": "textarea", "rows": "tr", "fields": BY_CELL}),
        (f"show({json.dumps({'list': OBJECTS})})", {"at": "list", "fields": KEYS}),
    ],
)  # fmt: skip
def test_rows_are_read_whatever_holds_them(content: str, listing: dict[str, Any]) -> None:
    """Tables, cards, lists, script variables, XML records, JSON in several wrappings give the same rows."""
    assert values(content, **listing) == TRUTH


def test_one_object_in_a_list_is_one_row() -> None:
    """A list with a single object is not mistaken for an object that holds the list."""
    one = {"title": "甲", "replies": [{"title": "答"}, {"title": "复"}]}

    assert values(json.dumps({"list": [one]}), at="list", fields={"title": "title"}) == [{"title": "甲"}]
    assert values(json.dumps([one]), fields={"title": "title"}) == [{"title": "甲"}]


def test_numbers_stay_numbers_and_columns_are_counted_with_their_spans() -> None:
    """JSON numbers are not made text; a cell that spans columns counts for all of them."""
    table = """<table><tr><th rowspan=2>编号</th><th colspan=2>信件</th><th rowspan=2>日期</th></tr><tr><th>标题</th><th>类型</th></tr>
        <tr><td rowspan=2>7</td><td>甲</td><td>咨询</td><td>2026-11-01</td></tr><tr><td>乙</td><td>投诉</td><td>2026-11-02</td></tr>
        <tr><td>8</td><td colspan=2>丙</td><td>2026-11-03</td></tr></table>"""
    fields = {
        "receipt_no": {"column": "编号"},
        "title": {"column": "标题"},
        "kind": {"column": "类型"},
        "posted_at": {"column": "日期"},
    }

    assert values('[{"id": 7, "likes": 1.5}]', fields={"external_id": "id", "likes": "likes"}) == [
        {"external_id": 7, "likes": 1.5}
    ]
    assert values(table, rows="tr", fields=fields) == [
        {"receipt_no": "7", "title": "甲", "kind": "咨询", "posted_at": "2026-11-01"},
        {"receipt_no": "7", "title": "乙", "kind": "投诉", "posted_at": "2026-11-02"},
        {"receipt_no": "8", "title": "丙", "posted_at": "2026-11-03"},
    ]


def test_links_are_absolute_and_lead_somewhere() -> None:
    """Relative links start at the page; javascript: and # are no links; what a pattern makes of them is one."""
    page = "<base href='/x/'><a href='1.html'>甲</a><a href='javascript:show(2)'>乙</a><a href='#'>丙</a>"
    plain = values(page, rows="a", fields={"title": ".", "link": "@href"})
    made = values(page, rows="a", fields={"link": {"select": ".", "attr": "href", "pattern": r"show\((\d)\)"}})

    assert [row.get("link") for row in plain] == ["http://board.test/x/1.html", None, None]
    assert made == [{"link": "http://board.test/x/2"}]


def test_rows_carry_their_place_and_further_values() -> None:
    """The number of a row is its place among all rows; vars are text; constants alone make no row."""
    part = described(
        rows="tr",
        fields={"title": "b", "kind": {"value": "{kind}"}},
        vars={"code": {"pattern": r"show\('(\w+)'\)"}, "none": "i"},
    )
    page = "<table><tr><td></td></tr><tr onclick=\"show('a7')\"><td><b>甲</b></td></tr></table>"

    assert read_rows(answer(page, part), part, {"kind": "咨询"}) == [
        Row(1, {"title": "甲", "kind": "咨询"}, {"code": "a7"})
    ]


def test_replies_on_the_same_page_are_joined() -> None:
    """Several answers to a row are one: texts in page order, the latest date, the names once."""
    page = """<div class=m><h3>甲</h3><ul><li><p>一</p><i>2026-11-05</i><b>城管局</b></li><li><p>二</p><i>2026-11-07</i><b>住建局</b></li>
        <li><p>三</p><i>2026-11-06</i><b>城管局</b></li></ul></div><div class=m><h3>乙</h3></div>"""
    replies = {"rows": "li", "fields": {"answer_text": "p", "answered_at": "i", "answered_by": "b"}}

    assert values(page, rows=".m", fields={"title": "h3"}, replies=replies) == [
        {"title": "甲", "answer_text": "一\n\n二\n\n三", "answered_by": "城管局、住建局", "answered_at": "2026-11-07"},
        {"title": "乙"},
    ]
    data = json.dumps([{"t": "甲", "r": [{"c": "一", "d": 1700000000}, {"c": "", "d": "bad"}, {"c": "二"}]}])
    replies = {"rows": "r", "fields": {"answer_text": "c", "answered_at": "d"}}
    assert values(data, fields={"title": "t"}, replies=replies) == [
        {"title": "甲", "answer_text": "一\n\n二", "answered_at": 1700000000}
    ]


@pytest.mark.parametrize(
    ("content", "listing", "empty"),
    [
        ("<p>暂无数据</p>", {}, True),
        ("<td>没有找到相关信件</td>", {}, True),
        ("<td>共 0 条记录</td>", {}, True),
        ("<p>出错了，请稍后再试</p>", {}, False),
        ("<p>暂无法访问</p>", {}, False),
        (f"<p>{'说明文字' * 20}暂无数据</p>", {}, False),
        ("<p>这里什么都没有</p>", {"empty": "什么都没有"}, True),
        ("<div class=no></div>", {"empty": ".no"}, True),
        ("<div class=no>暂无数据</div>", {"empty": ".yes"}, False),
        (f"<table>{HEADER}</table>", {"fields": BY_COLUMN}, True),
        ("<table><tr><td>x</td></tr></table>", {"fields": BY_COLUMN}, False),
        ('{"data": {"list": []}}', {"at": "data.list"}, True),
        ('{"data": {"list": []}}', {}, True),
        ('{"data": {"list": null, "total": 0}}', {"at": "data.list"}, True),
        ('{"data": {"items": [1]}}', {"at": "data.list"}, False),
        ('{"code": 500, "msg": "error"}', {"at": "data.list"}, False),
        ('{"code": 500, "msg": "error"}', {}, False),
        ("[]", {}, True),
        ('{"total": 0}', {"empty": "total == `0`"}, True),
        ('{"total": 1}', {"empty": "total == `0`"}, False),
        ("dataStore = [];", {"variable": "dataStore"}, True),
        ("<d><totalrecord>0</totalrecord><recordset/></d>", {"format": "xml"}, True),
        ("<d><totalrecord>3</totalrecord><recordset/></d>", {"format": "xml"}, False),
    ],
)
def test_a_page_says_itself_that_there_is_nothing(content: str, listing: dict[str, Any], empty: bool) -> None:
    """An empty list or the site's own words; an error page is no empty list."""
    part = described(**{"fields": {"title": "title"}, **listing})

    assert says_empty(answer(content, part), part) is empty


def test_a_list_that_changed_its_shape_is_refused() -> None:
    """A required field that most rows lack stops the run; a minority does not, nor does an empty page."""
    rows = [
        Row(0, {"title": "甲", "link": "x"}, {}),
        Row(1, {"title": "乙"}, {}),
        Row(2, {"title": "丙", "link": "y"}, {}),
    ]
    check_rows(rows, ("title", "link"), URL)
    check_rows([], ("title",), URL)
    with pytest.raises(SourceChanged, match="most of the 2 rows have no link, posted_at") as caught:
        check_rows([rows[1], rows[1]], ("title", "link", "posted_at"), URL)

    assert caught.value.item == URL
    assert "甲" not in str(caught.value)


def test_what_is_described_is_required() -> None:
    """Without a word of its own, a description requires the main fields that it names."""
    listing = described(fields={"title": "a", "link": "a@href", "likes": "i"})

    assert required_of(listing) == ("title", "link")
    assert required_of(described(fields={"title": "a"}, required="status")) == ("status",)
    assert required_of(Detail()) == ()


HOSTILE = {
    "deep": "<div>" * 50_000 + f"<table class=l>{HEADER}{ROWS}",
    "unclosed": f"<b><font><div><table class=l>{HEADER}{ROWS}".replace("</a>", "").replace("</td>", ""),
    "commented": f"<!-- <table class=l>{ROWS}</table> --><table class=l>{HEADER}{ROWS}</table><!-- <table class=l><tr>",
    "scripted": f"<script>document.write('<table class=l>{ROWS}')</script><table class=l>{HEADER}{ROWS}</table>",
    "one line": f"<p>{'标题：时间 ' * 100_000}</p><table class=l>{HEADER}{ROWS}</table>",
    "attributes": f"<p {' '.join(f'a{n}=1' for n in range(50_000))}><table class=l>{HEADER}{ROWS}</table>",
    "controls": f"\0<table class=l>\x01{HEADER}\x0b{ROWS}\x00</table>",
    "spans": f"<table class=l>{HEADER}{ROWS}</table><table><tr><td colspan=99999 rowspan=99999>"
    + "<tr><td rowspan=65535>" * 2000,
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("fields", [BY_CELL, BY_NAME])
def test_hostile_markup_around_the_rows_changes_nothing(name: str, fields: dict[str, Any]) -> None:
    """Depth, unclosed tags, comments, scripts, size: the rows are the same, and it takes no time."""
    assert values(HOSTILE[name], rows="table.l tr", fields=fields) == TRUTH
