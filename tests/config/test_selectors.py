"""The three languages of a description, and what is none of them."""

from typing import Any

import pytest
from lxml import html

from config.selectors import BadSelector, check_selector, from_json, json_selector, search_json, tree_selector


@pytest.mark.parametrize(
    "text",
    [
        "td:nth-child(2) a",
        "a:contains('下一页')",
        "[class^=titlestyle]",
        ".",
        "//a[re:test(@href, 'id=')]",
        "./td[2]/@href",
        "../td",
        "(//a)[last()]",
        "datas.data[*].TITLE",
        "[?state=='已答复']",
        "标题",
        'data.列表[0]."标题"',
        "from_json(urls)[0] || urls",
        "(a || b)[0]",
    ],
)
def test_css_xpath_and_jmespath_are_accepted(text: str) -> None:
    """A text that is a selector in any of the languages; the answer decides which is meant."""
    check_selector(text)


@pytest.mark.parametrize("text", ["td[", "//td[", "a::text", "|||", "((x", "a b[?", "./td[", "{a}"])
def test_what_is_no_selector_is_named(text: str) -> None:
    """The message quotes the text and says why."""
    with pytest.raises(BadSelector) as caught:
        check_selector(text)

    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("标题", "甲"),
        ("data.列表[?状态=='已办'].标题 | [0]", "乙"),
        ("data.列表[?\"状态\"=='待办'].标题 | [0]", "丙"),
        ("from_json(text).a", 1),
        ("from_json(标题)", "甲"),
        ("length(none)", None),
        ("to_number(标题)", None),
        ("none.none", None),
    ],
)
def test_data_is_searched(text: str, found: Any) -> None:
    """Chinese keys need no quotes, JSON in text is opened, and a function that does not fit finds nothing."""
    data = {
        "标题": "甲",
        "data": {"列表": [{"状态": "已办", "标题": "乙"}, {"状态": "待办", "标题": "丙"}]},
        "text": '{"a": 1}',
    }

    assert search_json(text, data) == found


def test_what_is_no_json_stays_as_it_is() -> None:
    """Text that only looks like JSON, too deep JSON, and what is no text."""
    for value in ("{a}", "[" * 100_000, "甲", 7, None, ["[1]"]):
        assert from_json(value) is value
    assert from_json('["甲\n"]') == ["甲\n"]


def test_a_selector_is_compiled_once() -> None:
    """The same text gives the same compiled form, in each language."""
    assert tree_selector("td > a") is tree_selector("td > a")
    assert json_selector("a.b") is json_selector("a.b")
    assert [one.text for one in tree_selector("B")(html.fromstring("<p><b>甲</b></p>"))] == ["甲"]
    assert tree_selector("B", is_xml=True)(html.fromstring("<p><b>甲</b></p>")) == []
