"""Signals of urgency and the cues that do not count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.corpus import seed_rows
from classifier.simplify import simplified
from classifier.urgency import _RULES, HIGH, MIDDLE, Signal, reasons, signals


def holding(text: str, level: str) -> list[Signal]:
    """Return the signals of a level that hold in a text."""
    return [one for one in signals("", text) if one.holds and one.level == level]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("楼道里燃气味很重，请马上派人", "生命安全"),
        ("三十多名工人准备集体到市里上访", "群体事件"),
        ("再不处理我就联系电视台", "媒体曝光"),
        ("我的个人信息被人泄露到群里", "信息泄露"),
        ("有人冒充工作人员索要验证码", "冒名诈骗"),
        ("信息公开申请二十个工作日早过了", "法定期限已过"),
    ],
)
def test_high_urgency_names_its_rule(text: str, rule: str) -> None:
    """Each reason for 高 is found and told with the words of the text."""
    found = holding(text, HIGH)
    told = reasons(found, HIGH, text)

    assert rule in [one.name for one in found]
    assert rule in [reason.split("：")[0] for reason in told]
    assert all(reason.split("：")[1] in text for reason in told)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("报名周五前截止，请尽快答复", "限期将至"),
        ("工地每天夜里施工吵得睡不着", "持续受害"),
        ("已经打过三次电话没人管", "反复反映"),
        ("镇里让企业虚报产值", "具体举报"),
    ],
)
def test_middle_urgency_names_its_rule(text: str, rule: str) -> None:
    """Each reason for 中 is found."""
    assert rule in [one.name for one in holding(text, MIDDLE)]
    assert not holding(text, HIGH)


@pytest.mark.parametrize(
    "text", ["没有着火，大家放心", "前年这里着火过一次，现在好了", "万一着火怎么办", "建议组织一次着火演练"]
)
def test_a_cue_denied_past_or_supposed_is_a_signal_that_does_not_hold(text: str) -> None:
    """Negation, the past and supposition make another signal of the cue, which is no reason."""
    found = signals("", text)

    assert [(one.name, one.holds, one.feature) for one in found] == [("生命安全", False, "生命安全?")]
    assert reasons(found, HIGH, text) == []


@pytest.mark.parametrize(
    "text",
    [
        "公园北面是餐馆聚集区，晚上停车难",
        "桥头每天聚集七八个卖菜的摊子",
        "奶奶们聚在树下织毛衣",
        "打印机一到月底就罢工",
        "如今是知识爆炸的年代，孩子选书难",
        "隔墙被打穿了一个洞，漏风",
        "材料又被打回来了",
        "请把占用救命通道的杂物清走",
        "我为宅基地上访七年，资料都在镇里",
        "去年秋天媒体曝光过这条路，现在还是老样子",
        "恳请平台予以曝光",
        "我丢了身份证。网上能不能补办？",
        "旅游行业今年不景气",
        "早高峰拥堵路段太多",
        "他看着火车开走了",
        "家里没有身份证，老人不敢出门办事",
        "噪音让邻居不得安生",
        "请问地下车位的资料里写的能否出售",
    ],
)
def test_the_same_words_of_something_else_do_not_make_it_high(text: str) -> None:
    """Nouns of places, things for subjects, past steps, and words of two sentences are no cues."""
    assert not holding(text, HIGH)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("五十多名工人聚集在镇政府门口讨薪", "群体事件"),
        ("业主聚在售楼部门口要求退款", "群体事件"),
        ("再不答复，我们只能去省里上访", "群体事件"),
        ("村民集体上访三次了", "群体事件"),
        ("两百名司机商量明天罢运", "群体事件"),
        ("周五前不解决，我们就要找记者曝光", "媒体曝光"),
        ("我爱人昨晚被打伤，还在医院", "生命安全"),
        ("楼下储气罐刚才爆炸了", "生命安全"),
        ("身份证号就在群里，谁都能看", "信息泄露"),
    ],
)
def test_what_is_announced_or_done_by_many_stays_high(text: str, rule: str) -> None:
    """Threats, and steps of many people, are met as before."""
    assert rule in [one.name for one in holding(text, HIGH)]


def test_a_second_mention_that_counts_is_found() -> None:
    """A denied cue does not hide a real one after it."""
    assert holding("上次没有着火，今天又着火了！", HIGH)


def test_a_plain_question_gives_no_signal() -> None:
    """Nothing urgent, nothing found."""
    assert signals("咨询", "请问第七次人口普查的公报在哪里看") == []


@pytest.mark.parametrize(
    ("traditional", "written"),
    [("樓道裡燃氣洩漏，請馬上派人", "燃氣洩漏"), ("我的個人信息被人洩露到群裡", "信息被人洩露")],
)
def test_traditional_characters_give_the_same_signals(traditional: str, written: str) -> None:
    """The rules see simplified characters; the reason is told as it was written."""
    found = signals("", traditional)

    assert [one.feature for one in found] == [one.feature for one in signals("", simplified(traditional))]
    assert written in reasons(found, HIGH, simplified(traditional))[0]


@given(st.text(max_size=300))
def test_any_text_is_looked_at(text: str) -> None:
    """No text breaks the rules, and each gives at most one signal."""
    names = [one.name for one in signals(text, text)]

    assert len(names) == len(set(names))


def test_signs_stand_wherever_the_patterns_fit() -> None:
    """The quick look never hides what the pattern would find, over all seeds and the examples above."""
    texts = [f"{row['title']}\n{row['body']}" for row in seed_rows()]

    for way in (way for rule in _RULES for way in rule.ways):
        missed = [text for text in texts if way.pattern.search(text) and not any(sign in text for sign in way.signs)]
        assert missed == [], way.signs


def test_hostile_repetition_is_looked_at_quickly() -> None:
    """Patterns do not run away on long, near-fitting texts."""
    for piece in ("一二三", "每天", "自称", "要求让", "没有", "身份证", "12名"):
        signals("", piece * 2000)
