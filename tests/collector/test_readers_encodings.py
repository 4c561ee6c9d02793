"""Which encoding bytes are in."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.readers.encodings import MISFIT, decode, detect, open_text

TEXT = "编号,留言内容\r\n1,请问今年的人口普查公报什么时候发布？\r\n2,月报系统登录不上，请帮助。\r\n" * 50


def found(content: bytes) -> str | None:
    """Return the codec that was found."""
    encoding = detect(lambda: io.BytesIO(content))
    return encoding.codec if encoding else None


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("gb18030", "gb18030"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
    ],
)
def test_the_usual_encodings_are_recognised(codec: str, name: str):
    """Each is found with and without a mark at the beginning, and reads the text as it was."""
    content = TEXT.encode(codec)
    encoding = detect(lambda: io.BytesIO(content))

    assert found(content) == name
    assert encoding is not None
    assert not encoding.damaged
    assert open_text(io.BytesIO(content), encoding).read() == TEXT


def test_the_end_of_a_long_file_decides_too():
    """A file that is plain ASCII for a megabyte and Chinese in its last line is still read rightly."""
    assert found(b"1,hello\n" * 130_000 + "2,统计".encode("gb18030")) == "gb18030"


def test_a_file_cut_within_a_character_is_read_and_marked():
    """The broken character is marked; all before it is sound."""
    for codec in ("utf-8", "gb18030"):
        content = (TEXT + "统").encode(codec)[:-1]
        encoding = detect(lambda content=content: io.BytesIO(content))

        assert encoding is not None
        assert encoding.damaged
        assert open_text(io.BytesIO(content), encoding).read().replace(MISFIT, "") == TEXT


@pytest.mark.parametrize(
    "content",
    [bytes(range(256)) * 40, b"\x89PNG\r\n\x1a\n" + bytes(range(255, 0, -1)) * 30, b"\x00" * 1000, b"\xff" * 5000],
)
def test_what_is_no_text_has_no_encoding(content: bytes):
    """Images, programs and noise are not taken for text."""
    assert found(content) is None


@given(st.binary(min_size=200, max_size=2000))
def test_any_bytes_are_judged_without_error(content: bytes):
    """Detection never fails; what it calls text can be read."""
    encoding = detect(lambda: io.BytesIO(content))

    if encoding is not None:
        open_text(io.BytesIO(content), encoding).read()


@pytest.mark.parametrize("declared", ["utf-8", "us-ascii", "iso-8859-1", "x-unknown", "gb2312", None, "zlib", "\udcff"])
def test_a_wrong_declaration_is_repaired(declared: str | None):
    """Mail text in GB18030 is read whatever its sender claims."""
    assert decode("统计年鉴在哪里买？联系不上贵局。".encode("gb18030"), declared) == "统计年鉴在哪里买？联系不上贵局。"


def test_utf8_declared_as_gbk_is_read_as_utf8():
    """The other common lie is seen through as well."""
    assert decode("统计年鉴在哪里买？".encode(), "gbk") == "统计年鉴在哪里买？"


def test_a_foreign_declaration_is_believed_where_it_fits():
    """A letter from Taiwan in Big5 is read as declared."""
    assert decode("統計年報".encode("big5"), "big5") == "統計年報"


@pytest.mark.parametrize("codec", ["hz", "iso-2022-jp", "utf-7"])
def test_encodings_of_seven_bits_are_believed(codec: str) -> None:
    """Their bytes are ASCII, so that only the sender's word tells them; without it they stay as they are."""
    text = "中文"
    content = text.encode(codec)

    assert decode(content, codec) == (content.decode("ascii") if codec == "utf-7" else text)
    assert decode(content) == content.decode("ascii")
