"""Web pages with a table to items."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.base import Fetched, Item
from collector.errors import FileEmpty, FileKindUnknown, FileRefused, FileTooLarge
from collector.readers import Limits, ReadOptions, describe, open_table, read_items, sniff

OPTIONS = ReadOptions(channel="site-board", zone=ZoneInfo("Asia/Shanghai"))
HEADER = "<tr><th>留言编号</th><th>留言时间</th><th>留言详情</th><th>联系电话</th></tr>"
ROW = "<tr><td>7</td><td>2026/11/2 9:30:00</td><td>请问年鉴在哪里买？</td><td>13900000012</td></tr>"


def page(*rows: str, before: str = "", charset: str = "utf-8") -> bytes:
    """Return a page that names its charset and holds a table of these rows."""
    return (
        f'<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><meta charset="{charset}">'
        f"<style>td{{color:red}}</style></head><body>{before}<table border=1>{''.join(rows)}</table></body></html>"
    ).encode(charset)


def read(content: bytes) -> list[Item]:
    """Read content under the name such exports have."""
    return list(read_items("a.xls", content, OPTIONS))


def messages(items: Sequence[Item]) -> list[Fetched]:
    """Return the messages among items."""
    return [item for item in items if isinstance(item, Fetched)]


def cells(*rows: str) -> list[list[object]]:
    """Return the cells of rows beneath the header."""
    return [row for _, row in open_table("a.xls", page(HEADER, *rows), Limits()).rows()]


@pytest.mark.parametrize("charset", ["utf-8", "gb18030", "utf-16"])
def test_a_page_named_xls_is_read_as_a_table(charset: str):
    """The content decides; the dry run says that the name promised something else."""
    content = page(HEADER, ROW, charset=charset)
    (item,) = messages(read(content))

    assert (item.position, item.external_id, item.contact) == ("row 2", "7", "13900000012")
    assert item.posted_at == datetime(2026, 11, 2, 1, 30, tzinfo=UTC)
    assert describe("a.xls", content, OPTIONS).notes[0] == "the file is named .xls and its content is html"


@pytest.mark.parametrize(
    "start", ["<table>", "\n<!DOCTYPE html>\n<html><table>", "<meta charset=gbk><table>", "\ufeff<table>"]
)
def test_pages_are_known_by_how_they_begin(start: str):
    """Some exports are no more than a table."""
    assert sniff("a.xls", (start + HEADER + ROW + "</table>").encode()) == "html"


def test_a_charset_that_is_not_the_pages_own_is_not_believed():
    """What the bytes are decides."""
    content = page(HEADER, ROW).replace(b'charset="utf-8"', b'charset="gb2312"')

    assert messages(read(content))[0].body == "请问年鉴在哪里买？"


def test_a_merged_title_and_parts_of_a_table_are_read():
    """A title across the columns stands above the header; thead and tbody make no difference."""
    content = page("<tr><td colspan=4>留言汇总</td></tr><thead>", HEADER, "</thead><tbody>", ROW, "</tbody>")

    assert [item.position for item in messages(read(content))] == ["row 3"]


def test_merged_cells_do_not_move_the_columns_behind_them():
    """The first place of a merged cell holds its text, to the right and below."""
    assert cells(
        "<tr><td rowspan=2>7</td><td>2026-11-02</td><td colspan=2>甲</td></tr>",
        "<tr><td>2026-11-03</td><td>乙</td><td>丙</td></tr>",
        "<tr><td>8</td><td>2026-11-04</td><td>丁</td></tr>",
    ) == [["7", "2026-11-02", "甲", None], [None, "2026-11-03", "乙", "丙"], ["8", "2026-11-04", "丁"]]


def test_the_largest_table_is_read_and_the_others_told():
    """Pages are laid out by tables; the one with the most cells of its own is the list."""
    content = page(
        f"<tr><td>菜单</td><td><table>{HEADER}{ROW}{ROW}</table></td></tr>",
        before="<table><tr><td>页眉</td></tr></table>",
    )

    assert len(read(content)) == 2
    assert "the page holds 3 tables" in describe("a.html", content, OPTIONS).notes[0]


def test_scripts_and_styles_are_no_text_and_breaks_are_lines():
    """Of markup in a cell only its text and its lines are kept."""
    text = "<p>第一行<br>第二\n 行</p><script>alert(1)</script><style>p{}</style><!-- 注 -->&lt;完&gt;&nbsp;"

    assert cells(f"<tr><td>1</td><td>2026-11-02</td><td>{text}</td><td></td></tr>") == [
        ["1", "2026-11-02", "第一行\n第二 行<完>", None]
    ]


def test_a_number_that_was_shown_short_keeps_its_digits():
    """Excel writes the whole number beside the one that was shown."""
    (row,) = cells('<tr><td>1</td><td>2026-11-02</td><td>话</td><td x:num="13900000012">1.39E+10</td></tr>')

    assert row[3] == "13900000012"


def test_rows_with_broken_characters_are_set_aside():
    """One row with bytes that fit no character costs that row only."""
    content = page(HEADER, *[ROW] * 60, ROW.replace("年鉴", "坏坏")).replace("坏坏".encode(), b"\xff\xfe")
    reasons = [getattr(item, "reason", None) for item in read(content)]

    assert reasons == [None] * 60 + ["bad-encoding"]


def test_a_tag_with_very_many_attributes_does_not_take_long():
    """The parser beneath would need minutes; attributes that are not used never reach it."""
    many = " ".join(f"a{number}='>'" for number in range(100_000))

    assert len(read(page(HEADER, ROW, f"<tr {many}><td>8</td></tr>", ROW))) == 3


@pytest.mark.timeout(20)
@pytest.mark.parametrize("part", ['<a "', "<a '\"", "<", "<td a=", "<!--", "<![CDATA[", "</", '<td x=a" y=">"'])
def test_broken_markup_takes_no_more_time_than_whole_markup(part: str):
    """Tags and quotes left open a hundred thousand times are read or refused at once."""
    with suppress(FileRefused):
        read(page(HEADER, ROW, part * 100_000))


@pytest.mark.parametrize("span", ["0", "-1", "x", "", "99999999999", "²", "1000000"])
def test_spans_without_sense_are_bounded(span: str):
    """A span never makes a row wider than a table may be, and never stops the reading."""
    rows = cells(f'<tr><td colspan="{span}" rowspan="{span}">7</td><td>2026-11-02</td><td>话</td></tr>', ROW)

    assert all(len(row) <= 512 for row in rows)


def test_pages_without_a_list_are_refused():
    """No table, a table without rows, and a page larger than may be held as a tree."""
    with pytest.raises(FileKindUnknown, match="without a table"):
        read(b"<html><body>404</body></html>")
    with pytest.raises(FileEmpty):
        read(page())
    with pytest.raises(FileTooLarge, match="1 MiB"):
        open_table("a.xls", page(HEADER, ROW * 20_000), Limits(max_unpacked_mib=1))


def test_deep_nesting_is_survived():
    """Tags nested without end neither crash the reader nor hang it."""
    deep = "<div>" * 50_000
    with pytest.raises(FileRefused):
        read(f"<html>{deep}<b>{'<table><tr><td>' * 5_000}".encode())


MARKUP = [
    "<table>",
    "</table>",
    "<tr>",
    "<td rowspan=3>",
    "<td colspan=9>",
    "</td>",
    "甲",
    "<br>",
    "&#0;",
    "<!--",
    "]]>",
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(MARKUP)))
def test_any_markup_is_read_or_refused(parts: list[str]):
    """Whatever the markup, there are items or one clear refusal."""
    with suppress(FileRefused):
        read(("<html><table>" + HEADER + "".join(parts)).encode())
