"""Shapes of pages that a description must be able to name, each small: answers that are no tables."""

import json

import pytest

from collector.pages.detail import read_detail
from collector.pages.document import Document, read_document
from collector.pages.listing import read_rows, says_empty
from config.selectors import BadSelector, json_selector
from config.sources import Detail, Listing


def listing(**keys: object) -> Listing:
    """Return a list's description."""
    return Listing.model_validate({"fields": {"title": "title"}, **keys})


def page(content: str, part: Listing | Detail, kind: str = "application/json") -> Document:
    """Return an answer as a document."""
    return read_document(content.encode(), kind, "http://a.example/list", part)


def test_a_wrong_place_is_no_empty_board() -> None:
    """Letters under another name than is described are a board that changed, whatever empty lists they hold."""
    moved = listing(at="data.records")
    full = page(json.dumps({"data": {"rows": [{"title": "路灯", "files": []}]}}), moved)
    empty = page(json.dumps({"data": {"records": [], "total": 0}}), moved)

    assert read_rows(full, moved, {}) == []
    assert not says_empty(full, moved)
    assert says_empty(empty, moved)


def test_objects_keyed_by_their_ids() -> None:
    """`items` makes pairs of an object, so that the key can be the id."""
    keyed = listing(at="items(letters)", fields={"external_id": "[0]", "title": "[1].subject"})
    document = page(json.dumps({"letters": {"7": {"subject": "路灯"}, "8": {"subject": "供暖"}}}), keyed)

    assert [row.values for row in read_rows(document, keyed, {})] == [
        {"external_id": "7", "title": "路灯"},
        {"external_id": "8", "title": "供暖"},
    ]


def test_an_unknown_function_is_refused() -> None:
    """A function that JMESPath lacks would find nothing for ever."""
    with pytest.raises(BadSelector, match="no function entries"):
        json_selector("entries(letters)")


def test_data_in_a_script_element() -> None:
    """`variable` may be the id of a script element that holds JSON."""
    framed = listing(format="script", variable="__DATA__", at="rows")
    content = '<html><script id="__DATA__" type="application/json">{"rows": [{"title": "路灯"}]}</script></html>'

    assert [row.values for row in read_rows(page(content, framed, "text/html"), framed, {})] == [{"title": "路灯"}]


def test_a_value_joined_from_the_row() -> None:
    """`value` may name the row's own vars."""
    split = listing(
        rows="li",
        fields={"title": "a", "posted_at": {"value": "{month}-{day}"}},
        vars={"month": "b", "day": "i"},
    )
    content = "<ul><li><i>20</i><b>2026-11</b><a>路灯</a></li></ul>"
    (row,) = read_rows(page(content, split, "text/html"), split, {})

    assert row.values["posted_at"] == "2026-11-20"


def test_a_label_drawn_as_a_picture() -> None:
    """A picture that stands alone in its cell is a label by its alternative text."""
    detail = Detail.model_validate({"fields": {"body": True, "title": True}})
    content = (
        "<table><tr><td><img alt='信件标题'></td><td>路灯</td></tr>"
        "<tr><td><img alt='信件内容'></td><td>三号路的路灯不亮</td></tr></table>"
    )

    assert read_detail(page(content, detail, "text/html"), detail, {})[0] == {
        "title": "路灯",
        "body": "三号路的路灯不亮",
    }


def test_attributes_beside_a_record_of_markup() -> None:
    """A record in XML whose text is HTML keeps what its attributes say."""
    records = listing(at="//record", fields={"title": "a", "answered_by": "@dept"})
    content = "<?xml version='1.0'?><list><record dept='综合科'><![CDATA[<li><a>路灯</a></li>]]></record></list>"
    (row,) = read_rows(page(content, records, "text/xml"), records, {})

    assert row.values == {"title": "路灯", "answered_by": "综合科"}


def test_nothing_at_all_may_be_an_empty_list() -> None:
    """`empty = ""` is a site that answers nothing beyond its last page."""
    silent = listing(rows="li", empty="")

    assert says_empty(page(" ", silent, "text/html"), silent)
    assert not says_empty(page("<p>x</p>", silent, "text/html"), silent)


def test_what_stands_behind_the_end_of_a_page() -> None:
    """Pages put together from pieces go on after </html>, as browsers do."""
    joined = listing(rows="li", fields={"title": "a"})
    content = "<html><body><p>x</p></body></html><ul><li><a>路灯</a></li></ul>"

    assert [row.values for row in read_rows(page(content, joined, "text/html"), joined, {})] == [{"title": "路灯"}]


@pytest.mark.parametrize(
    ("notice", "empty"),
    [
        ("<p>暂无数据</p>", True),
        ("<p style='display: none'>暂无数据</p>", False),
        ("<div hidden><p>暂无数据</p></div>", False),
        ("<a href='/1'>没有找到相关信息</a>", False),
    ],
)
def test_words_of_emptiness_count_where_they_are_shown(notice: str, empty: bool) -> None:
    """A hidden block waits for a script, and in a link such words are a title."""
    board = listing(rows="li")

    assert says_empty(page(f"<html><body>{notice}</body></html>", board, "text/html"), board) is empty
