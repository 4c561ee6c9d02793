"""Words are jieba's own."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier import segment
from classifier.segment import cut, cut_slowly

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
