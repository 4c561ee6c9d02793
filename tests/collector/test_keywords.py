"""Which posts concern the bureau."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.keywords import concerns, names_of
from config.profile import Bureau

WORDS = st.text(st.characters(categories=["Lo", "Ll", "Lu", "Nd"]), min_size=1, max_size=6)


def bureau(name: str, region: str) -> Bureau:
    """Return a bureau of this name."""
    return Bureau(name=name, short_name="市统计局", region=region)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("临沂市统计局的电话打不通", True),
        ("请问临沂的统计局在哪里", True),
        ("统计局在哪里？我在临沂", True),
        ("临沂今天下雨", False),
        ("太原市统计局公布数据", False),
        ("", False),
    ],
)
def test_a_post_concerns_the_bureau_that_it_names(text: str, expected: bool) -> None:
    """By its full name, or by region and office apart; a sister bureau is none of ours."""
    assert concerns(text, names_of(bureau("临沂市统计局", "临沂市"))) is expected


def test_the_names_of_a_bureau_that_does_not_bear_its_regions_name() -> None:
    """Then its full name alone stands for it."""
    assert names_of(bureau("国家统计局临沂调查队", "临沂市")) == ("国家统计局临沂调查队",)
    assert names_of(bureau("临沂市统计局", "临沂市")) == ("临沂市统计局", "临沂 统计局")


@pytest.mark.parametrize(
    ("text", "keywords", "exclude", "expected"),
    [
        ("GDP 数据", ["ｇｄｐ"], [], True),
        ("ＧＤＰ数据", ["gdp"], [], True),
        ("入户来了调查员", ["调查 入户"], [], True),
        ("入户来了人", ["调查 入户"], [], False),
        ("统计局招聘公告", ["统计局"], ["招聘"], False),
        ("统计局招聘公告", ["统计局"], ["招聘 转载"], True),
        ("什么都行", [], [], True),
        ("转载：什么都行", [], ["转载"], False),
    ],
)
def test_keywords_and_what_excludes(text: str, keywords: list[str], exclude: list[str], expected: bool) -> None:
    """Width and case do not count; all words of one keyword must be held; without keywords all texts concern."""
    assert concerns(text, keywords, exclude) is expected


@given(st.text(max_size=30), st.text(max_size=30), st.lists(WORDS, min_size=1, max_size=3))
def test_a_text_that_holds_a_keyword_concerns(before: str, after: str, keywords: list[str]) -> None:
    """Whatever stands around it, divided from it so that no sign joins another."""
    assert concerns(f"{before} {keywords[0]} {after}", keywords)


@given(st.text(max_size=30), st.lists(WORDS, max_size=3), st.lists(WORDS, min_size=1, max_size=3))
def test_what_is_excluded_never_concerns(text: str, keywords: list[str], exclude: list[str]) -> None:
    """Excluding goes before every keyword."""
    assert not concerns(f"{text} {exclude[-1]}", [*keywords, exclude[-1]], exclude)


@given(st.text(max_size=40), st.lists(WORDS, max_size=3), WORDS)
def test_a_further_keyword_never_loses_a_text(text: str, keywords: list[str], more: str) -> None:
    """As long as there was one before: without any, all are taken."""
    if keywords and concerns(text, keywords):
        assert concerns(text, [*keywords, more])
