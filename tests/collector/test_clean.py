"""Markup and messy text to clean text."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.clean import html_to_text, looks_like_html, plain, strip_order_noise, tidy, tidy_line


def test_html_keeps_paragraphs_and_drops_scripts_and_styles():
    """A page becomes one line a paragraph; what is not said by its writer is gone."""
    page = (
        "<html><head><title>标题</title><style>p{color:red}</style></head><body><p>第一段，\n换行</p>"
        "<script>alert(1)</script><p>第二段<br>下一行</p><!-- 注释 --></body></html>"
    )

    assert html_to_text(page) == "第一段，换行\n第二段\n下一行"


def test_html_entities_and_table_cells_are_kept_apart():
    """Cells of a table do not run into each other, and entities are read."""
    assert html_to_text("<table><tr><td>甲</td><td>乙</td></tr><tr><td>1&nbsp;&lt;&nbsp;2</td></tr></table>") == (
        "甲 乙\n1 < 2"
    )


def test_text_with_a_stray_tag_keeps_its_lines():
    """Plain text in which one tag was left keeps the lines its writer made."""
    assert plain("第一行\n第<b>二</b>行") == "第一行\n第二行"


@pytest.mark.parametrize("text", ["收入<支出", "a < b 且 c > d", "AT&T 公司", "<姓名>"])
def test_plain_text_is_not_taken_for_html(text: str):
    """A lone angle bracket or ampersand is text."""
    assert not looks_like_html(text)
    assert plain(text) == text


def test_text_behind_deep_nesting_is_not_lost():
    """Markup nested deeper than any page is read to its end, and in reasonable time."""
    started = time.monotonic()

    assert html_to_text("<div>" * 20_000 + "深处" + "</div>" * 20_000 + "<p>后面</p>") == "深处\n后面"
    assert time.monotonic() - started < 10


def test_tidy_removes_what_nobody_sees():
    """NULs, control characters, blanks of no width and marks of writing direction go; line ends are made uniform."""
    assert tidy("\ufeff\u3000\u3000您好\x00，\u200b\t 世界\r\n\r\n\r\n\r\n再见\u202e\r") == "您好， 世界\n\n再见"


def test_tidy_keeps_emoji_together():
    """The joiner inside an emoji stays."""
    assert tidy("👩\u200d🔬") == "👩\u200d🔬"


def test_lone_surrogates_become_storable():
    """Half characters from broken JSON cannot be stored as UTF-8 and are replaced."""
    assert tidy("坏\ud800字") == "坏\ufffd字"


@given(st.text())
def test_tidy_is_settled_after_once_and_keeps_every_visible_character(text: str):
    """Tidying twice changes nothing more, and nothing visible is ever lost."""
    once = tidy(text)

    assert tidy(once) == once
    visible = [character for character in text if character.isalnum()]
    assert [character for character in once if character.isalnum()] == visible
    once.encode("utf-8")


def test_title_becomes_one_line():
    """A title with line breaks is one line."""
    assert tidy_line(" 关于\n 年鉴 \t的问题 ") == "关于 年鉴 的问题"


def test_order_noise_is_stripped():
    """The platform's lines, rules and closing request go; the citizen's words stay."""
    frame = "工单来源：网站\n此工单内容为网民留言时填写的标题及原文。\n======\n"
    text = frame + "调查员上门时没有出示证件。请尽快处理。请核实处理！"

    assert strip_order_noise(text) == "调查员上门时没有出示证件。"


@pytest.mark.parametrize("text", ["请尽快处理", "工单来源：热线", "希望请尽快处理此事，谢谢大家"])
def test_order_noise_never_empties_or_cuts_a_text(text: str):
    """A text of nothing but noise stays, and a request in the middle of a sentence is the citizen's own."""
    assert strip_order_noise(text) == text


def test_half_a_character_in_markup_is_shown_as_lost():
    """JSON can spell a lone surrogate; the text around it is read."""
    assert html_to_text("<p>x\ud83d</p>") == "x\ufffd"
    assert plain("<p>一\udc00</p><p>二\0</p>") == "一\ufffd\n二"


@pytest.mark.parametrize(
    "clean",
    [
        lambda: html_to_text("<b>甲" + " " * 1_000_000 + "乙</b>"),
        lambda: html_to_text("<p>甲" + "<b> </b>" * 20_000 + "乙</p>"),
        lambda: strip_order_noise("内容。" + "请尽快处理。" * 33_000),
    ],
)
def test_long_runs_take_no_more_than_their_length(clean: Callable[[], str]):
    """A text built to be slow is as quick as any of its size."""
    started = time.monotonic()

    assert len(clean()) < 10
    assert time.monotonic() - started < 5


def test_closings_are_removed_one_after_the_other():
    """The marks between them go with them; the one that ends the citizen's words stays."""
    assert strip_order_noise("路灯坏了。请尽快处理，请核实处理！！") == "路灯坏了。"
    assert strip_order_noise("请尽快处理。请及时处理") == "请尽快处理。请及时处理"
