"""Pages of one message, and the answers on them."""

import json
from typing import Any

import pytest

from collector.pages.detail import read_detail
from collector.pages.document import read_document
from config.sources import Detail

URL = "http://board.test/letters/view.do?id=7"


def table(name: str, **cells: str) -> str:
    """Write a table of labels and values."""
    rows = "".join(f"<tr><td>{label}</td><td>{value}</td></tr>" for label, value in cells.items())
    return f"<table class={name}>{rows}</table>"


QUESTION = table("q", 标题="甲", 时间="2026-11-01", 内容="问题")
ANSWER = table("a", 标题="复甲", 时间="2026-11-05", 内容="答复")


def read(content: str, content_type: str = "text/html", **detail: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Read a page as a description says."""
    part = Detail.model_validate(detail)
    return read_detail(read_document(content.encode(), content_type, URL, part), part, {"id": "7"})


def test_two_tables_with_the_same_labels_are_kept_apart() -> None:
    """`within` limits the search, for one field or for the page; without it the first table is meant."""
    fields = {
        "title": {"label": "标题"},
        "body": {"label": "内容"},
        "answer_text": {"label": "内容", "within": "table.a"},
        "answered_at": {"label": "时间", "within": "//table[@class='a']"},
    }
    expected = {"title": "甲", "body": "问题", "answer_text": "答复", "answered_at": "2026-11-05"}

    assert read(QUESTION + ANSWER, fields=fields)[0] == expected
    assert read(QUESTION + ANSWER, within="table.a", fields={"title": {"label": "标题"}})[0] == {"title": "复甲"}
    assert read(QUESTION, within="table.a", fields={"title": {"label": "标题"}}) == ({}, {})


def test_several_answers_become_one() -> None:
    """Texts in page order with an empty line between, the latest date, the names once; no answer gives no field."""
    blocks = "".join(
        f"<div class=r><span>回复单位：{name}</span><p>{text}</p><em>回复时间：{day}</em></div>"
        for name, text, day in (
            ("甲局", "一", "2026年11月7日"),
            ("乙局", "二", "2026-11-09 08:00"),
            ("甲局", "三", "2026/11/8"),
        )
    )
    replies = {"rows": "div.r", "fields": {"answer_text": "p", "answered_at": "em", "answered_by": True}}

    assert read(f"<h1>甲</h1>{blocks}", replies=replies)[0] == {
        "answer_text": "一\n\n二\n\n三",
        "answered_at": "回复时间：2026-11-09 08:00",
        "answered_by": "甲局、乙局",
    }
    assert read("<h1>甲</h1>", fields={"title": "h1"}, replies=replies)[0] == {"title": "甲"}


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        ({"code": 0, "data": {"subject": "甲", "content": "<p>问题</p>"}}, {"fields": {"title": True, "body": True}}),
        ({"data": [{"t": "甲", "c": "<p>问题</p>"}]}, {"at": "data", "fields": {"title": "t", "body": "c"}}),
        ({"data": {"t": "甲", "c": "<p>问题</p>"}}, {"at": "data", "fields": {"title": "t", "body": "c"}}),
        ({"data": json.dumps({"t": "甲", "c": "<p>问题</p>"})}, {"at": "data", "fields": {"title": "t", "body": "c"}}),
        (
            {"data": json.dumps({"t": "甲", "c": "<p>问题</p>"})},
            {"fields": {"title": "from_json(data).t", "body": "from_json(data).c"}},
        ),
    ],
)  # fmt: skip
def test_a_message_in_data_is_found(content: Any, detail: dict[str, Any]) -> None:
    """As an object, in a list, as JSON within JSON; its markup stays for later."""
    assert read(json.dumps(content), "application/json", **detail)[0] == {"title": "甲", "body": "<p>问题</p>"}


def test_a_page_within_data_is_read_as_a_page() -> None:
    """HTML in JSON is picked by CSS and labels."""
    detail = {"at": "data.html", "fields": {"title": {"label": "标题"}, "body": "tr:nth-child(3) td:nth-child(2)"}}

    assert read(json.dumps({"data": {"html": QUESTION}}), **detail)[0] == {"title": "甲", "body": "问题"}
    assert read(json.dumps({"data": {}}), **detail) == ({}, {})
    assert read(json.dumps(QUESTION), format="json", fields={"title": {"label": "标题"}})[0] == {"title": "甲"}


def test_a_message_in_a_script_is_read() -> None:
    """The value of a variable, beside which the page can still be picked."""
    page = "<script>var mail = {title: '甲', body: '问题', list: [1]};</script><i id=t>2026-11-01</i>"

    assert read(page, variable="mail", fields={"title": "title", "body": "body", "posted_at": "#t"})[0] == {
        "title": "甲",
        "body": "问题",
        "posted_at": "2026-11-01",
    }


def test_further_values_are_read_for_further_pages() -> None:
    """vars are text, constants are filled, and a link is made absolute."""
    page = "<a href='reply.do?m=9'>查看回复</a><script>var code = 42;</script>"
    values, found = read(
        page,
        fields={"link": "a", "kind": {"value": "编号{id}"}},
        vars={"code": {"pattern": r"code = (\d+)"}, "none": "b"},
    )

    assert values == {"link": "http://board.test/letters/reply.do?m=9", "kind": "编号7"}
    assert found == {"code": "42"}
