"""Workbooks in one XML file to items."""

import tracemalloc
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from collector.base import Fetched
from collector.errors import FileDamaged, FileEmpty, FileTooLarge
from collector.readers import Limits, ReadOptions, describe, open_table, read_items, spreadsheetml

OPTIONS = ReadOptions(channel="site-board", zone=ZoneInfo("Asia/Shanghai"))
HIDDEN = (
    '<WorksheetOptions xmlns="urn:schemas-microsoft-com:office:excel"><Visible>SheetHidden</Visible></WorksheetOptions>'
)


def cell(value: object, kind: str = "String", more: str = "") -> str:
    """Return one cell."""
    return f'<Cell{more}><Data ss:Type="{kind}">{value}</Data></Cell>'


HEADER = f"<Row>{''.join(map(cell, ['留言编号', '留言时间', '留言详情', '联系电话']))}</Row>"
ROW = (
    "<Row>" + cell("202611020000123457", "Number") + cell("2026-11-02T09:30:00.000", "DateTime")
    + cell("第一行&#10;第二行") + cell("1.3900000012E10", "Number") + "</Row>"
)  # fmt: skip


def workbook(*sheets: str, options: str = "") -> bytes:
    """Return a workbook with one sheet for each text of rows; *options* go into the last sheet."""
    parts = [f'<Worksheet ss:Name="表{number}"><Table>{rows}</Table>' for number, rows in enumerate(sheets, start=1)]
    return (
        '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"'
        ' xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'
        + "</Worksheet>".join(parts) + options + "</Worksheet></Workbook>"
    ).encode()  # fmt: skip


def test_an_xml_workbook_named_xls_is_read():
    """Dates, long numbers and line ends come as they were written."""
    content = workbook(HEADER + ROW)
    (item,) = read_items("a.xls", content, OPTIONS)

    assert isinstance(item, Fetched)
    assert (item.position, item.external_id, item.contact) == ("row 2", "202611020000123457", "13900000012")
    assert (item.body, item.posted_at) == ("第一行\n第二行", datetime(2026, 11, 2, 1, 30, tzinfo=UTC))
    assert describe("a.xls", content, OPTIONS).notes == ("the file is named .xls and its content is xml",)


def test_places_that_are_left_out_are_counted():
    """Rows and cells may name their place; merged cells and repeated rows take the places they cover."""
    content = workbook(
        HEADER
        + f"<Row ss:Index='5' ss:Span='2'>{cell('7', 'Number')}{cell('甲', more=' ss:Index=' + repr('3'))}</Row>"
        + f"<Row>{cell('8', 'Number', ' ss:MergeAcross=' + repr('1'))}{cell('乙')}{cell('#N/A', 'Error')}</Row>"
    )

    assert list(open_table("a.xls", content, Limits()).rows()) == [
        ("row 5", ["7", None, "甲"]),
        ("row 8", ["8", None, "乙"]),
    ]


def test_hidden_sheets_are_skipped_and_told():
    """A sheet nobody sees is no list of messages; without another one the workbook is empty."""
    content = workbook(HEADER + ROW, HEADER + ROW + ROW, options=HIDDEN)

    assert len(list(read_items("a.xml", content, OPTIONS))) == 1
    assert describe("a.xml", content, OPTIONS).notes == ("sheet '表2' is hidden and was not read",)
    with pytest.raises(FileEmpty):
        list(read_items("a.xml", workbook(HEADER + ROW, options=HIDDEN), OPTIONS))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"</Workbook>", b""),
        (b"<Workbook ", b'<!DOCTYPE x [<!ENTITY a "aaaa">]><Workbook '),
        (b"<Row>", b"<Row ss:Index='1048577'>"),
        (b"<Row>", b"<Row ss:Index='x'>"),
        (b"<Cell>", b"<Cell ss:Index='16385'>"),
        (b"<Cell>", b"<Cell ss:Index='1'>"),
        (b'version="1.0"', b'version="1.0" encoding="gb2312"'),
        (b"<Row>", b"<Row ss:Span='-1'>"),
    ],
)
def test_broken_workbooks_are_one_clear_refusal(old: bytes, new: bytes):
    """Cut files, entities, places outside a sheet, unknown encodings."""
    with pytest.raises(FileDamaged, match=r"a\.xls"):
        list(read_items("a.xls", workbook(HEADER + ROW).replace(old, new), OPTIONS))


def test_deep_nesting_is_survived():
    """Elements nested without end neither crash the reader nor hide the row they stand in."""
    deep = b"<Cell>" + b"<a>" * 100_000 + b"</a>" * 100_000
    try:
        items = list(read_items("a.xls", workbook(HEADER + ROW).replace(b"<Cell>", deep, 1), OPTIONS))
    except FileDamaged:
        return

    assert len(items) == 1


def test_sizes_are_bounded(monkeypatch):
    """The file itself is bounded, and so are the empty places that far cells would make."""
    with pytest.raises(FileTooLarge, match="1 MiB"):
        open_table("a.xls", workbook(HEADER + ROW * 5_000), Limits(max_unpacked_mib=1))
    monkeypatch.setattr(spreadsheetml, "_MOST_CELLS", 50_000)
    far = f"<Row>{cell('甲', more=' ss:Index=' + repr('16384'))}</Row>"
    with pytest.raises(FileTooLarge, match="50,000 cells"):
        open_table("a.xls", workbook(HEADER + far * 10), Limits())


def test_elements_outside_rows_are_not_held():
    """What no row holds is dropped as it ends, wherever it stands."""
    content = workbook(HEADER + "<a/>" * 200_000 + ROW, options="<a/>" * 200_000)
    tracemalloc.start()

    (item,) = read_items("a.xml", content, OPTIONS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert isinstance(item, Fetched)
    assert peak < 8 << 20


@pytest.mark.parametrize("rows", ["<a>" * 200 + "</a>" * 200, f"<Row>{'<a/>' * 600_000}</Row>"])
def test_trees_that_no_workbook_has_are_refused(rows: str):
    """Neither depth nor the content of one row is without end."""
    with pytest.raises(FileDamaged):
        list(read_items("a.xml", workbook(HEADER + rows + ROW), OPTIONS))
