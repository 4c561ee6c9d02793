"""Words are jieba's own."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier import segment
from classifier.segment import Words, cut, cut_slowly, own_words
from config.profile import load_profile

OWN = own_words(load_profile())

# Letters, digits, jieba's marks, blanks, rare ideographs, and ordinary words.
_PIECES = st.sampled_from(
    [
        "统计年鉴",
        "请问",
        "临沂市",
        "投资额",
        "T恤",
        "卡拉OK",
        "B超",
        "GDP",
        "2020",
        "3.14%",
        "1.6G",
        "a-b",
        "c++",
        "_",
        "#",
        "&",
        ".",
        "%",
        "-",
        "+",
        " ",
        "\r\n",
        "\n",
        "\t",
        "\u3000",
        "\x1c",
        "\u2028",
        "，",
        "。",
        "！",
        "０",
        "é",
        "ｱ",
        "😀",
        "㐀",
        "鿖",
        "豈",
        "𠀀",
        "·",
    ]
)


@given(st.lists(_PIECES, max_size=12).map("".join))
@settings(max_examples=300, deadline=None)
def test_cut_equals_jieba_on_mixed_pieces(text: str) -> None:
    """Latin runs, marks, blanks and rare ideographs are cut exactly as jieba cuts them."""
    assert cut_slowly(text) == cut(text)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40))
@settings(max_examples=200, deadline=None)
def test_cut_equals_jieba_on_any_text(text: str) -> None:
    """No text is cut differently, and nothing of it is lost."""
    words = cut(text)

    assert cut_slowly(text) == words
    assert text == "".join(words)


_OWN_PIECES = st.one_of(_PIECES, st.sampled_from(OWN), st.sampled_from("".join(OWN)), st.sampled_from("掏心掏肺地"))


@given(
    st.lists(_OWN_PIECES, max_size=16).map("".join),
    st.sampled_from([OWN, OWN[::3], ("掏心掏肺", "问年"), ("报表平台登", "的统计")]),
)
@settings(max_examples=300, deadline=None)
def test_own_words_are_forced_alike(text: str, words: Words) -> None:
    """With a bureau's words jieba and rjieba still cut alike, and so they do without them afterwards."""
    assert cut_slowly(text, words) == cut(text, words)
    assert cut_slowly(text) == cut(text)


@pytest.mark.parametrize("word", OWN)
def test_an_own_word_is_one_word(word: str) -> None:
    """It is never cut apart where it stands between marks, whatever its parts are worth."""
    assert cut(f"，{word}。", OWN) == ["，", word, "。"]


def test_own_words_stay_with_those_who_asked_for_them() -> None:
    """No dictionary that others use is changed."""
    before = cut("联网直报平台")
    assert "联网直报" in cut("联网直报平台", ("联网直报",))

    assert before == cut("联网直报平台") == cut_slowly("联网直报平台")


def test_own_words_are_of_the_profile() -> None:
    """The list, the bureau and its owners, written as texts are when they are cut."""
    profile = load_profile()
    bureau = profile.bureau.model_copy(update={"words": ("聯網直報",)})
    words = own_words(profile.model_copy(update={"bureau": bureau}))

    assert {"联网直报", "临沂市统计局", "执法监督科", "生态环境局"} <= set(words)
    assert words == tuple(sorted(set(words)))


def test_without_rjieba_jieba_itself_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without rjieba gets the same words."""
    expected = cut("我在1.6G内存的C++电脑上填报2020年报表")
    monkeypatch.setattr(segment, "rjieba", None)

    assert expected == cut("我在1.6G内存的C++电脑上填报2020年报表")


def test_jieba_is_quiet_and_writes_no_cache(tmp_path: object) -> None:
    """The fallback says nothing on standard error and leaves nothing in the shared temporary folder."""
    code = "from classifier.segment import cut_slowly; cut_slowly('统计年鉴')"
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", code],
        capture_output=True,
        text=True,
        env={"TMPDIR": str(tmp_path), "PYTHONPATH": ".", "PATH": "/usr/bin"},
        check=True,
    )

    assert done.stderr + done.stdout == ""
    assert list(tmp_path.iterdir()) == []  # type: ignore[attr-defined]
