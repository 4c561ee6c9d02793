"""One value out of a row or page."""

from typing import Any

import pytest

from collector.errors import PageUnreadable
from collector.pages.document import Document, html_document, read_document
from collector.pages.select import Node, nodes_at, pick_value, selected, source_of
from config.sources import Asking, Listing

URL = "http://board.test/jact/list.do"
PAGE = """<html><head><meta name="ArticleTitle" content="题"></head><body>
<ul><li class="row" data-id=" 7 "><a href="view.do?id=7&amp;k=1" title="全名" onclick='open("7")'>甲<i>（新）</i></a>
<span class="time">时间：2026-11-01</span><b></b><b>一</b><b>二</b><em>请核实</em></li></ul>
<script>var total = 12; var token = "a-b";</script></body></html>"""


def html(page: str = PAGE) -> Node:
    """Return a page as a whole."""
    return Node(html_document(page, URL))


def data(value: str) -> Node:
    """Return JSON as a whole."""
    return Node(read_document(value.encode(), "application/json", URL, Asking()))


def pick(node: Node, how: Any, field: str = "title", **variables: Any) -> Any:
    """Pick one value as a description says."""
    return pick_value(node, Listing.model_validate({"fields": {field: how}}).fields[field], field, variables)


@pytest.mark.parametrize(
    ("how", "value"),
    [
        ("a", "甲（新）"),
        ("li.row a@title", "全名"),
        ("li@data-id", "7"),
        ("//li/a/@href", "view.do?id=7&k=1"),
        ("//li/a/text()", "甲"),
        ("./body/ul/li/a", "甲（新）"),
        ("(//b)[last()]", "二"),
        ("(//b/text())[2]", "二"),
        ("a:contains('甲')", "甲（新）"),
        ("b", "一"),
        ({"select": "b", "every": True}, "一\n\n二"),
        ({"select": "a", "remove": "i"}, "甲"),
        ({"select": "li", "remove": ["a", "span", "b"]}, "请核实"),
        ({"select": ".time", "pattern": "时间：(.*)"}, "2026-11-01"),
        ({"select": "b", "pattern": "二"}, "二"),
        ({"select": ".time", "pattern": r"\d{4}"}, "2026"),
        ({"select": ".time", "pattern": "没有"}, None),
        ({"pattern": r"total = (\d+)"}, "12"),
        ({"pattern": "var (?:total|token) = .", "every": True}, 'var total = 1\n\nvar token = "'),
        ({"within": "li", "pattern": r"open\(\"(\d+)\"\)"}, "7"),
        ({"within": "script", "pattern": 'token = "(.*?)"'}, "a-b"),
        ({"within": "ul", "select": "b"}, "一"),
        ({"within": "ol", "select": "b"}, None),
        ("meta[name=ArticleTitle]@content", "题"),
        ("meta[name=ArticleTitle]", "题"),
        ({"value": "第{page}页 {other}"}, "第3页 {other}"),
        ({"value": ""}, None),
        ("h1", None),
        ("li > b:first-of-type", None),
        ("tr", None),
    ],
)
def test_a_page_is_picked_by_css_xpath_and_pattern(how: Any, value: str | None) -> None:
    """Selectors, attributes, patterns, what is left out, all matches or the first that says anything."""
    assert pick(html(), how, page=3) == value


def test_xpath_may_compute() -> None:
    """A number or text that XPath computes is a value."""
    assert pick(html(), "(count(//b))") == 3.0
    assert pick(html(), "(string(//b[2]))") == "一"


DATA = """{"标题": "甲", "data": {"列表": [{"id": 7, "ok": true, "price": 1.5, "none": null, "title": " 乙 "}],
"html": "<p>一</p><table><tr><td>标题</td><td>丙</td></tr></table>", "json": "{\\"a\\": [{\\"b\\": \\"丁\\"}]}",
"urls": "[\\"/1.html\\"]", "url": "/2.html"}, "texts": ["一", "", "二"], "empty": "  "}"""


@pytest.mark.parametrize(
    ("how", "value"),
    [
        ("标题", "甲"),
        ('"标题"', "甲"),
        ("data.列表[0].id", 7),
        ("data.列表[0].ok", True),
        ("data.列表[0].price", 1.5),
        ("data.列表[0].none", None),
        ("data.列表[0].title", "乙"),
        ("data.列表[?id==`7`].title | [0]", "乙"),
        ("from_json(data.json).a[0].b", "丁"),
        ("from_json(data.urls)[0] || data.urls", "/1.html"),
        ("from_json(data.url)[0] || data.url", "/2.html"),
        ("from_json(data.none)", None),
        ("texts", "一"),
        ({"select": "texts", "every": True}, "一\n\n二"),
        ("data", None),
        ("empty", None),
        ("length(data.none)", None),
        ({"within": "data", "select": "url"}, "/2.html"),
        ({"within": "data.html", "select": "td:nth-child(2)"}, "丙"),
        ({"within": "data.html", "label": "标题"}, "丙"),
        ({"within": "data.json", "select": "a[0].b"}, "丁"),
        ({"select": "data.html", "pattern": "<p>(.*?)</p>"}, "一"),
        ({"pattern": r'"id": (\d+)'}, "7"),
        ({"label": "标题"}, "甲"),
    ],
)
def test_data_is_picked_by_jmespath(how: Any, value: Any) -> None:
    """Numbers stay numbers, JSON and HTML within JSON are opened, keys in Chinese need no quotes."""
    assert pick(data(DATA), how) == value


@pytest.mark.parametrize(
    ("field", "content", "value"),
    [
        ("title", '{"msg": "ok", "data": {"subject": "甲", "content": "乙"}}', "甲"),
        ("posted_at", '{"createDateline": 1700000000}', 1700000000),
        ("body", '{"content": "", "contents": "乙"}', "乙"),
        ("link", '{"PUBLISHURL": "/1.html"}', "/1.html"),
        ("status", '{"stateInfo": "已办理"}', "已办理"),
        ("status", "[1]", None),
    ],
)
def test_usual_names_are_keys_of_data(field: str, content: str, value: Any) -> None:
    """`true` looks for the keys that interfaces use, in the object and in those within it."""
    assert pick(data(content), True, field) == value


def test_usual_names_are_elements_of_xml() -> None:
    """In XML they are elements or attributes."""
    document = read_document(
        "<l><r id='7'><标题>甲</标题><content><![CDATA[<p>乙</p>]]></content></r></l>".encode(),
        "text/xml",
        URL,
        Asking(),
    )
    row = Node(document, document.root[0])

    assert [pick(row, True, field) for field in ("external_id", "title", "body", "status")] == [
        "7",
        "甲",
        "<p>乙</p>",
        None,
    ]
    assert pick(row, {"within": "content", "select": "p"}) == "乙"
    assert pick(row, "@id") == "7"


def test_a_selector_in_the_wrong_language_says_so() -> None:
    """A site that answers with a page in place of data, or the reverse, is named as such."""
    with pytest.raises(PageUnreadable, match="is no JMESPath"):
        pick(data("{}"), "td:nth-child(2)")
    with pytest.raises(PageUnreadable, match="neither CSS nor XPath"):
        pick(html(), "data[0].title")


def test_of_a_page_with_data_both_can_be_picked() -> None:
    """What is no part of the data may stand in the page."""
    page = "<script>var list = {total: 3}</script><a class='next' href='2.html'>下一页</a><table><tr><td>x"
    node = Node(read_document(page.encode(), "", URL, Asking(variable="list")))

    assert pick(node, "total") == 3
    assert pick(node, "a.next@href") == "2.html"
    assert pick(node, "td:nth-child(1)") == "x"


@pytest.mark.parametrize(
    ("page", "link"),
    [
        ("<a href=' 1.html '>甲</a>", "1.html"),
        ("<li><b>甲</b><a href='#'>x</a><a href='1.html'>甲</a></li>", "1.html"),
        ("<a href='javascript:void(0)' onclick=\"window.open('1.html')\">甲</a>", "1.html"),
        ("<a href=\"javascript:location.href='1.html'\">甲</a>", "1.html"),
        ("<div onclick=\"location.href = '1.html'\">甲</div>", "1.html"),
    ],
)
def test_a_link_is_where_an_element_leads(page: str, link: str) -> None:
    """A link needs no @href: its element, a link in it, or what a click opens."""
    assert pick(html(f"<div id=x>{page}</div>"), "#x", "link") == link


def test_a_pattern_makes_a_link_of_what_a_click_does() -> None:
    """The pattern of a link looks into href and onclick."""
    page = html("<p id=x><a href='javascript:show(7)'>甲</a></p><p id=y onclick=\"show('8')\"><a href='#'>乙</a></p>")
    how = {"pattern": r"show\('?(\d)"}

    assert [pick(page, how | {"select": one}, "link") for one in ("#x", "#x a", "#y")] == ["7", "7", "8"]


def test_what_a_form_field_shows_is_its_value() -> None:
    """Some systems show a letter in the fields of a form."""
    page = html("<div id=a><textarea>甲\n乙</textarea></div><input id=b value=丙><select id=c><option>丁</select>")

    assert [pick(page, one) for one in ("#a", "#b", "#c", "textarea")] == ["甲\n乙", "丙", "丁", "甲\n乙"]


def test_the_source_of_a_row_is_readable() -> None:
    """A row is written with attributes in double quotes, and without the entities that hide what is sought."""
    document = html_document(PAGE, URL)

    assert 'href="view.do?id=7&k=1"' in source_of(Node(document, document.root.find(".//a")))
    assert source_of(Node(document)) == PAGE
    assert source_of(Node(Document(URL, "", data={"甲": 1}), {"甲": 1})) == '{"甲": 1}'


def test_elements_and_places_are_given_as_they_are() -> None:
    """A selector gives elements of a page; of data alone there are none."""
    assert [one.get("class") for one in selected(html_document(PAGE, URL), "ul li")] == ["row"]
    assert selected(data("{}").document, "ul li") == []
    assert [node.here for node in nodes_at(data('{"a": [1, {"b": 2}]}'), "a")] == [1, {"b": 2}]
