"""What a website said, as an item for intake."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.base import Fetched, Item, Unreadable
from collector.pages.messages import external_id_of, page_id, to_item
from collector.pages.values import latest, moment_in
from collector.readers.options import Limits
from collector.readers.values import BadDate
from config.sources import PAGE_FIELDS

ZONE = ZoneInfo("Asia/Shanghai")
PLAIN = {"title": "甲", "body": "乙", "posted_at": "2026-11-01"}


def item(channel: str = "site-board", **values: Any) -> Item:
    """Make an item of some values beside the plain ones; None takes one away."""
    found = {name: value for name, value in (PLAIN | values).items() if value is not None}
    return to_item("p", found, ZONE, Limits(max_cell_chars=1000), channel=channel)


def message(channel: str = "site-board", **values: Any) -> Fetched:
    """Make a message, as `item` does."""
    made = item(channel, **values)
    assert isinstance(made, Fetched)
    return made


def test_a_message_holds_all_that_the_site_said() -> None:
    """Each field is cleaned in its own way."""
    made = message(
        title="<b>关于</b>路灯\n的问题",
        body="<p>第一段&nbsp;</p><p>第二段</p>",
        posted_at="2026年11月1日 上午9:05",
        received_at="2026-11-02",
        external_id=7.0,
        receipt_no=" A-1 ",
        author_name="张 某",
        contact=13800000000,
        likes="1.2万",
        dislikes="3",
        given_due_at="2026-11-20",
        answer_text="您好！<br>已修好。",
        answered_at="2026-11-03 10:00",
        answered_by="城管局",
        publish_consent="公开",
        kind="咨询",
        place="兰山区",
        status="已答复",
    )

    assert made == Fetched(
        position="p",
        title="关于路灯 的问题",
        body="第一段\n第二段\n事发地：兰山区",
        posted_at=datetime(2026, 11, 1, 1, 5, tzinfo=UTC),
        received_at=datetime(2026, 11, 1, 16, 0, tzinfo=UTC),
        external_id="7",
        receipt_no="A-1",
        author_name="张 某",
        contact="13800000000",
        likes=12_000,
        dislikes=3,
        given_due_at=datetime(2026, 11, 20, 15, 59, 59, tzinfo=UTC),
        answer_text="您好！\n已修好。",
        answered_at=datetime(2026, 11, 3, 2, 0, tzinfo=UTC),
        answered_by="城管局",
        publish_consent=True,
        kind="咨询",
    )


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"posted_at": "3天前"}, "bad-date"),
        ({"posted_at": "2026-13-45"}, "bad-date"),
        ({"posted_at": "刚刚"}, "bad-date"),
        ({"posted_at": {"a": 1}}, "bad-date"),
        ({"posted_at": True}, "bad-date"),
        ({"received_at": "昨天"}, "bad-date"),
        ({"posted_at": None}, "no-date"),
        ({"posted_at": " "}, "no-date"),
        ({"title": None, "body": "<p> </p>"}, "no-text"),
        ({"body": "字" * 1001}, "too-long"),
        ({"answer_text": "字" * 1001}, "too-long"),
    ],
)
def test_what_is_no_message_is_set_aside(values: dict[str, Any], reason: str) -> None:
    """With a reason, a place, and nothing of what it says."""
    made = item(**values)

    assert isinstance(made, Unreadable)
    assert (made.position, made.reason) == ("p", reason)
    assert "字字" not in made.detail


def test_a_title_stands_in_for_the_text() -> None:
    """A row without a text of its own is its title."""
    made = message(body=None, title="关于路灯")

    assert (made.title, made.body) == ("", "关于路灯")


def test_an_answer_brings_its_date_and_office_along() -> None:
    """Without an answer there is neither; a date that cannot be read is none."""
    assert message(answered_at="2026-11-03", answered_by="城管局").answered_by is None
    assert message(answered_at="2026-11-03", answer_text=" ").answered_at is None
    assert message(answered_at="近日", answer_text="已办").answered_at is None
    assert len(message(answered_by="局" * 300, answer_text="已办").answered_by or "") == 128


def test_an_order_of_the_hotline_loses_its_noise() -> None:
    """Only on its own channel; the place is added unless the text names it."""
    noisy = "工单来源：电话\n路灯不亮。请尽快处理。"

    assert message("hotline-12345", body=noisy, place="兰山区").body == "路灯不亮。\n事发地：兰山区"
    assert message(body=noisy).body == noisy
    assert message(body="兰山区路灯不亮", place="兰山区").body == "兰山区路灯不亮"


@pytest.mark.parametrize(
    ("word", "consent", "confidential"),
    [
        ("公开", True, False),
        ("不公开", False, True),
        ("保密", False, True),
        ("是", True, True),
        ("否", False, False),
        (None, None, False),
    ],
)
def test_consent_and_secrecy_are_told_apart(word: str | None, consent: bool | None, confidential: bool) -> None:
    """公开 is a consent and no wish for secrecy; 保密 is the reverse."""
    assert message(publish_consent=word).publish_consent is consent
    assert message(confidential=word).confidential is confidential


@pytest.mark.parametrize(
    ("link", "identity"),
    [
        ("http://a.test/info/9316/451179.htm", "/info/9316/451179.htm"),
        ("https://b.test/info/9316/451179.htm#top", "/info/9316/451179.htm"),
        ("http://a.test/view.do;jsessionid=AB12?id=7", "/view.do?id=7"),
        ("http://a.test/view.do?id=7&_t=1700000000000&JSESSIONID=x", "/view.do?id=7"),
        ("http://a.test/view.do?t=1700000000&b=2&id=7", "/view.do?b=2&id=7"),
        ("http://a.test/view.do?t=7&r=0.123", "/view.do?t=7"),
        ("http://a.test/#/letter/7", "/#/letter/7"),
        ("http://a.test", "/"),
        ("http://[bad", "http://[bad"),
    ],
)
def test_an_id_is_made_of_the_page(link: str, identity: str) -> None:
    """Host, session and clock are no part of it; the order of the query does not matter."""
    assert page_id(link) == identity


def test_the_site_s_own_id_is_preferred() -> None:
    """Without one the page's address stands in, and where that leads nowhere there is none."""
    assert external_id_of({"external_id": 7, "link": "http://a.test/1.html"}) == "7"
    assert external_id_of({"link": "http://a.test/1.html"}) == "/1.html"
    assert external_id_of({"link": "javascript:void(0)"}) is None
    assert external_id_of({}) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("发布时间：2026-11-20 10:00 来源：本站 点击：5", "2026-11-20T10:00:00+08:00"),
        ("来信时间2026年11月2日", "2026-11-02T00:00:00+08:00"),
        ("[2026-11-02]", "2026-11-02T00:00:00+08:00"),
        ("2026-11-02 10:05:07 提交", "2026-11-02T10:05:07+08:00"),
        ("提交于 2026年11月2日 下午3点20分30秒", "2026-11-02T15:20:30+08:00"),
        ("2026/11/2 8:05 12次", "2026-11-02T08:05:00+08:00"),
        ("/Date(1793584800000)/", "2026-11-02T10:00:00+08:00"),
        ("时间：2026.11.02（星期一）", "2026-11-02T00:00:00+08:00"),
        (1793584800000, "2026-11-02T10:00:00+08:00"),
        ("20261102", "2026-11-02T00:00:00+08:00"),
    ],
)
def test_a_date_is_found_among_words(text: Any, expected: str) -> None:
    """Labels, sources and counters around a date do not hide it."""
    moment = moment_in(text, ZONE)

    assert moment is not None
    assert moment.astimezone(ZONE).isoformat() == expected


@pytest.mark.parametrize("text", ["3天前", "11-20", "10:00", "电话 2026", "2026-11-45", "1" * 5000, "编号12026-11-20"])
def test_what_is_no_date_is_refused(text: str) -> None:
    """Relative dates, days without a year, and other numbers."""
    with pytest.raises(BadDate):
        moment_in(text, ZONE)


def test_the_latest_date_is_given_as_it_was_written() -> None:
    """Of dates in different forms; what cannot be read counts for the earliest."""
    assert latest(["2026-11-01", "2026年12月1日", "bad", 1700000000]) == "2026年12月1日"
    assert latest(["bad"]) == "bad"
    assert latest([]) is None


@given(
    st.dictionaries(
        st.sampled_from(PAGE_FIELDS), st.text(max_size=20) | st.integers() | st.floats() | st.booleans(), max_size=8
    )
)
def test_whatever_a_site_says_makes_an_item(values: dict[str, Any]) -> None:
    """No value of any kind, in any field, is an error."""
    assert isinstance(to_item("p", values, ZONE, Limits(), channel="mailbox"), Fetched | Unreadable)
