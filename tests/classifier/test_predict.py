"""Answers say why, may abstain, and never fail."""

import re
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.corpus import seed_rows
from classifier.owners import fit_owners, fitted
from classifier.predict import REASONS, TOGETHER, Answer, TextIn, predict, predict_each
from classifier.simplify import simplified
from classifier.store import QUESTIONS, load_bundle
from classifier.urgency import reasons, signals
from config.profile import EMOTIONS, INVALID, KINDS, SENTIMENTS, URGENCIES, Section, load_profile

BUNDLE = load_bundle()
PROFILE = load_profile()


def one(title: str, body: str, channel: str | None = "site-board") -> Answer:
    """Return the answer for one text."""
    return predict(BUNDLE, PROFILE, [TextIn(title, body, channel)])[0]


@given(st.text(max_size=60), st.text(max_size=200), st.sampled_from([None, "posts", "site-board", ""]))
@settings(max_examples=150, deadline=None)
def test_any_text_gets_lawful_answers(title: str, body: str, channel: str | None) -> None:
    """Whatever strangers write, the answers are of the agreed words and the confidences between 0 and 1."""
    answer = one(title, body, channel)

    assert answer.owner in PROFILE.owners
    assert answer.kind in KINDS
    assert answer.sentiment in SENTIMENTS
    assert answer.urgency in URGENCIES
    assert (answer.emotion in EMOTIONS) == (channel in (None, "posts"))
    assert set(answer.abstained) <= {*QUESTIONS, "urgency"}
    for name in ("category", "owner", "kind", "sentiment", "urgency"):
        assert 0 <= getattr(answer, f"{name}_confidence") <= 1
    raw = f"{title}\n{body}"
    for name, words in answer.why.items():
        assert len(words) <= REASONS
        if name != "urgency":
            assert all(word in raw and len(word) > 1 for word in words)


def test_answers_do_not_depend_on_the_batch() -> None:
    """A text is answered alike alone and among others."""
    texts = [
        TextIn("", "去年全市生产总值是多少"),
        TextIn("", ""),
        TextIn("举报", "某厂让会计把产值报高三倍"),
        TextIn("谢谢", "办得真快"),
    ]

    assert [predict(BUNDLE, PROFILE, [text])[0] for text in texts] == predict(BUNDLE, PROFILE, texts)
    assert predict(BUNDLE, PROFILE, []) == []


@pytest.mark.parametrize("body", ["", "   \n\t", "……！！？？", "\u200b", "䶵䶴"])
def test_a_text_without_meaning_is_left_to_a_person(body: str) -> None:
    """Blank and meaningless texts lean to 无效 and abstain on every question."""
    answer = one("", body, None)

    assert answer.owner == INVALID
    assert {*QUESTIONS, "urgency"} == set(answer.abstained)


def test_plain_cases_are_answered_with_their_reason() -> None:
    """What anybody would know is known, and the deciding word is shown as it was written."""
    answer = one("", "请问去年的GDP是多少，在哪里可以查到？")

    assert (answer.category, answer.owner, answer.kind) == ("统计", "国民经济核算科", "咨询")
    assert "GDP" in answer.why["owner"]
    assert "kind" not in answer.abstained


def test_a_very_long_text_is_answered() -> None:
    """200,000 characters cost no more than a few thousand."""
    assert one("工厂排放废气", "化工厂夜间偷排废气，味道刺鼻。" * 15_000).category == "环境保护"


def test_a_deleted_section_is_never_proposed() -> None:
    """An owner that left the profile does not come back, though the bundle learned it."""
    sections = tuple(section for section in PROFILE.sections if section.name != "国民经济核算科")
    profile = PROFILE.model_copy(update={"sections": sections})
    profile.__dict__.pop("owners", None)
    question = fit_owners(BUNDLE.questions["owner"], profile)

    assert set(profile.owners) == set(question.labels)
    assert predict(BUNDLE, profile, [TextIn("", "请问去年的GDP是多少")])[0].owner != "国民经济核算科"


def test_another_bureaus_profile_gives_a_usable_router() -> None:
    """Owners the bundle never learned are found by the words of their duties."""
    sections = (
        Section(
            name="水资源科", duties=("取水许可和水资源论证", "地下水超采治理"), phrases=("取水证", "打井"), contact="-"
        ),
        Section(
            name="河湖管理科",
            duties=("河道采砂管理", "河长制和水库大坝安全"),
            phrases=("河道", "采砂", "水库"),
            contact="-",
        ),
        Section(name="移民科", duties=("水库移民后期扶持资金发放",), phrases=("移民直补",), contact="-"),
    )
    profile = PROFILE.model_copy(update={"sections": sections, "bodies": ()})
    profile.__dict__.pop("owners", None)

    answers = predict(
        BUNDLE,
        profile,
        [
            TextIn("", "村里想打井浇地，取水证怎么办"),
            TextIn("", "河道里有人夜里采砂，水库边上也挖"),
            TextIn("", "水库移民后期扶持资金今年还没发放"),
        ],
    )

    assert [answer.owner for answer in answers] == ["水资源科", "河湖管理科", "移民科"]


def test_an_unchanged_profile_leaves_the_bundle_as_it_is() -> None:
    """Nothing is computed where nothing differs."""
    assert fitted(BUNDLE, PROFILE) is BUNDLE


def test_a_bundle_without_a_question_abstains_on_it() -> None:
    """A question nobody taught is left to a person; the others are answered."""
    questions = {name: question for name, question in BUNDLE.questions.items() if name != "emotion"}
    answer = predict(replace(BUNDLE, questions=questions), PROFILE, [TextIn("", "请问去年的GDP是多少")])[0]

    assert "emotion" in answer.abstained
    assert "kind" not in answer.abstained


def test_one_poisonous_text_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text on which the classifier breaks is left to a person; the rest is answered."""
    module = sys.modules["classifier.predict"]

    def cut(text: str, words: tuple[str, ...]) -> list[str]:
        if "毒" in text:
            raise ValueError("broken")
        return real_words(text, words)

    real_words = module.words_of
    monkeypatch.setattr(module, "words_of", cut)

    answers, failed = predict_each(BUNDLE, PROFILE, [TextIn("", "请问年鉴"), TextIn("", "毒"), TextIn("", "感谢")])

    assert failed == [1]
    assert {*QUESTIONS, "urgency"} == set(answers[1].abstained)
    assert answers[0].kind == "咨询"


@pytest.mark.parametrize(
    ("body", "personal"),
    [
        ("我的电话13866667771被倒卖了", "13866667771"),
        ("我的身份证371302199001011234被出售，我叫张国强", "371302199001011234"),
        ("联系人：张国强，举报某公司虚报产值", "张国强"),
    ],
)
def test_reasons_hold_no_personal_data(body: str, personal: str) -> None:
    """A number or a name in the text is not told again as a reason, wherever it would have been cut."""
    told = "".join(word for words in one("", body).why.values() for word in words)

    assert personal not in told
    assert not re.search(r"\d{5}", told)


def urgent(body: str) -> list[str]:
    """Return the reasons by signals for a body that is taken for urgent."""
    return reasons(signals("", body), "高", f"\n{body}")


def test_a_masked_reason_still_says_what_decided() -> None:
    """The rule and the other words of it stay."""
    assert urgent("我的电话13866667771被倒卖了") == ["信息泄露：电话[电话]被倒卖"]


def test_half_a_surrogate_pair_in_a_reason_becomes_a_replacement_character() -> None:
    """What no file can hold is not handed on."""
    answer = one("", "我们的信息\ud800被倒卖，泄露")

    assert urgent("我们的信息\ud800被倒卖，泄露") == ["信息泄露：信息\ufffd被倒卖"]
    assert not any("\ud800" in word for words in answer.why.values() for word in words)


@pytest.mark.parametrize(
    "traditional",
    [
        "去年臨沂市的國內生產總值是多少？聯網直報平臺登不上，請問怎麼辦",
        "有人倒賣我們的個人信息，信息被洩露，請儘快調查",
        "樓下飯店油煙汙染嚴重，每天淩晨還在裝修，吵得睡不著，投訴多次沒人管",
    ],
)
def test_traditional_characters_get_the_answers_of_simplified_ones(traditional: str) -> None:
    """Answers, confidences and reasons are the same, and the reasons stand as they were written."""
    written, read = one("諮詢", traditional, None), one(simplified("諮詢"), simplified(traditional), None)

    told = {name: [simplified(word) for word in words] for name, words in written.why.items()}
    assert replace(written, why=told) == read
    assert all(word in f"諮詢\n{traditional}" for word in written.why["owner"])


def test_no_name_in_traditional_characters_is_told() -> None:
    """Whether a word is a name is asked of its simplified form."""
    answer = one("", "我叫張國強，舉報某公司虛報產值")
    told = "".join(word for words in answer.why.values() for word in words)

    assert "國強" not in told


ODD = st.one_of(
    st.sampled_from(
        ["", "a", "统", "\x00\x01\x1f", "😀👍🏽", "臺灣統計", "ＧＤＰ１２３", "\ud800", "\udfff统计", "İ", "ß"]
    ),
    st.sampled_from(["https://tjj.linyi.gov.cn/a?b=1 http://x.cn", "Where can I buy the yearbook?", "13866667771" * 9]),
    st.sampled_from(
        ["\u202e计统\u200f问请", "\u2067年鉴\u2069", "\ufeff请问", "\u0301" * 50, "𠮷野家", "豈更車", "㎡㈱①"]
    ),
    st.text(max_size=80),
    st.text(alphabet=st.characters(categories=["Cs", "Cc", "Cf", "So", "Lo"]), max_size=80),
)


@given(st.lists(st.tuples(ODD, ODD), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_odd_texts_are_answered_and_alike_in_any_batch(texts: list[tuple[str, str]]) -> None:
    """Controls, emoji, halves of characters, other scripts: no exception, and no neighbour changes an answer."""
    asked = [TextIn(title, body) for title, body in texts]

    assert predict(BUNDLE, PROFILE, asked) == [predict(BUNDLE, PROFILE, [text])[0] for text in asked]


@pytest.mark.parametrize("piece", ["统", "a", "1", "臺", "😀", "\ud800", "\x00", "。", "統計年鑑"])
def test_two_hundred_thousand_characters_are_answered(piece: str) -> None:
    """However long a text is, and of whatever it is made."""
    assert one(piece * 200_000, piece * 200_000, None).owner in PROFILE.owners


def test_a_large_batch_is_answered_as_its_parts_are() -> None:
    """Texts are looked at in groups; where a group ends makes no difference."""
    texts = [TextIn(row["title"], row["body"]) for row in seed_rows()[: TOGETHER * 2 + 5]]

    assert predict(BUNDLE, PROFILE, texts)[TOGETHER - 3 :] == predict(BUNDLE, PROFILE, texts[TOGETHER - 3 :])
