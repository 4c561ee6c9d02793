"""Only what no citizen can mean is proposed for dismissal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.dismissing import DISMISS_THRESHOLD, LONGEST, dismissible
from classifier.predict import TextIn, predict
from classifier.store import load_bundle
from config.profile import INVALID, load_profile


@pytest.mark.parametrize("text", ["啊啊啊啊啊啊", "代开票据加微信办理，价格优惠", "测试测试 123"])
def test_gibberish_and_advertisements_may_be_dismissed(text: str) -> None:
    """If the model is sure enough, and only then."""
    assert dismissible(text, DISMISS_THRESHOLD)
    assert not dismissible(text, DISMISS_THRESHOLD - 0.001)


@given(
    st.text(max_size=30),
    st.sampled_from(["请问", "投诉", "举报", "救", "工资", "何时", "派出所"]),
    st.text(max_size=30),
)
def test_who_asks_or_complains_is_read_by_a_person(before: str, word: str, after: str) -> None:
    """However sure the model is."""
    assert not dismissible(before + word + after, 1.0)


@pytest.mark.parametrize(
    "text",
    [
        "My employer falsifies statistics reports every month and someone must stop it.",
        "Tongjiju de ren lai wo jia yao qian, qing chuli",
        "https://example.test/abc 这个事情属实",
        "asdf 1234",
        "",
    ],
)
def test_what_is_not_chinese_is_read_by_a_person(text: str) -> None:
    """The models know no other language."""
    assert not dismissible(text, 1.0)


def test_a_long_text_is_read_by_a_person() -> None:
    """Whatever it seems to be."""
    assert not dismissible("啊" * (LONGEST + 1), 1.0)


def test_a_doubtful_dismissal_is_an_abstention() -> None:
    """An answer 无效 that is not abstained is as sure as the threshold of dismissal, and not one that asks."""
    texts = [
        "请问",
        "救命",
        "1",
        "加微信办证刻章",
        "啊啊啊",
        "哈哈哈哈哈",
        "贷款秒批，加微信",
        "投诉",
        "test",
        "……",
        "你好",
    ]

    for text, answer in zip(
        texts, predict(load_bundle(), load_profile(), [TextIn("", text, "site-board") for text in texts]), strict=True
    ):
        if answer.owner == INVALID and "owner" not in answer.abstained:
            assert dismissible(text, answer.owner_confidence)
