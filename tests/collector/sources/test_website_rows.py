"""Rows of lists: what tells them apart, and what their state says."""

import pytest

from collector.pages.listing import Row
from collector.sources.rows import entry_of, says_answered
from config.sources import Website

LIST_URL = "https://www.example.gov.cn/hdjl/list.jsp"


def website(*details: dict[str, object]) -> Website:
    """A source with such pages of its own."""
    return Website.model_validate(
        {
            "id": "board",
            "channel": "site-board",
            "kind": "website",
            "list": {"url": LIST_URL, "fields": {"title": "a"}},
            "details": list(details),
        }
    )


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        *[(word, True) for word in ("已答复", "已回复", "[已办结]", "办结", "已办理", "处理完毕", "已反馈", "Replied")],
        *[(word, True) for word in ("已办结（未评价）", "已回复 待评价")],
        *[
            (word, False)
            for word in ("未答复", "待回复", "未 回复", "办理中", "正在办理", "已受理", "待办", "不予受理")
        ],
        *[(word, False) for word in ("未办结", "不予受理", "等待处理", "已转办", "unanswered", "pending")],
        *[(word, None) for word in (1, "2", "", True, "S3")],
    ],
)
def test_what_the_state_of_a_letter_says(word, expected):
    """Answered, not answered, or a code that says nothing by itself."""
    assert says_answered(word) is expected


def test_the_key_of_a_row_is_the_best_there_is():
    """The site's id, else its page's address, else what its page is asked by, else its words."""
    link = "https://www.example.gov.cn/hdjl/view.jsp?id=7&_t=1763"
    by_form = website({"url": "/view", "form": {"tid": "{tid}", "t": "{now_ms}"}, "fields": {"body": "p"}})

    assert entry_of(website(), Row(0, {"external_id": 7, "link": link}, {}), LIST_URL).key == "7"
    assert entry_of(website(), Row(0, {"link": link}, {}), LIST_URL).key == "/hdjl/view.jsp?id=7"
    assert entry_of(by_form, Row(0, {"title": "甲"}, {"tid": "7"}), LIST_URL).key == "tid=7"
    by_words = entry_of(website(), Row(0, {"title": "甲"}, {}), LIST_URL)
    assert by_words.key.startswith("row:")
    assert not by_words.named
    assert by_words.key == entry_of(website(), Row(9, {"title": "甲", "likes": 4}, {}), LIST_URL).key
