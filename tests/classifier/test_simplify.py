"""Traditional characters become simplified ones, place by place."""

import subprocess
import sys

import opencc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.simplify import _traditional, simplified


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("請問國內生產總值", "请问国内生产总值"),
        ("乾隆年間乾旱", "乾隆年间干旱"),
        ("简体的文字", "简体的文字"),
        ("", ""),
        ("統\ud800計", "统\ufffd计"),
        ("𠔻", simplified("𠔻")),
    ],
)
def test_traditional_texts_are_simplified(written: str, read: str) -> None:
    """Words are converted as words, and what is not traditional stays."""
    assert simplified(written) == read


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("瞭解沈重乾隆後天裡面臺灣\ud800")), max_size=60))
@settings(max_examples=300, deadline=None)
def test_places_stay(text: str) -> None:
    """Whatever the text, the simplified one is as long, and simplifying it again changes no ordinary character."""
    assert len(simplified(text)) == len(text)


def test_each_character_that_the_converter_changes_is_known() -> None:
    """The stored list is that of the installed converter."""
    convert = opencc.OpenCC("t2s").convert
    characters = [chr(code) for code in range(0x80, 0x10000) if not 0xD800 <= code < 0xE000]
    changed = {
        one for one, other in zip(characters, convert("\n".join(characters)).split("\n"), strict=True) if one != other
    }

    assert changed <= {one for one in characters if _traditional().match(one)} <= changed | set("瞭藉甦衹")


def test_ordinary_texts_do_not_load_the_converter() -> None:
    """A run over simplified texts never imports it."""
    code = (
        "import sys; from classifier.features import words_of; words_of('请问年鉴在哪里买');"
        "sys.exit('opencc' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
