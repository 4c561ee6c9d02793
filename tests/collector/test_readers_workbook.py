"""Excel workbooks to items."""

import io
import re
import tracemalloc
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import openpyxl
import pytest
import xlwt

from collector.base import Fetched, Item
from collector.errors import FileDamaged, FileEmpty, FileTooLarge
from collector.readers import Limits, ReadOptions, describe, open_table, read_items

STRINGS = "xl/sharedStrings.xml"
ZONE = ZoneInfo("Asia/Shanghai")
DATE = datetime(2026, 11, 2, 9, 30)  # noqa: DTZ001
HEADER = ["留言编号", "留言时间", "留言详情", "联系电话"]
ROW = [1, "2026/11/2 9:30:00", "请问年鉴在哪里买？", 13900000012.0]


def options(**changes: object) -> ReadOptions:
    """Return options of a board in Linyi."""
    return ReadOptions(**{"channel": "site-board", "zone": ZONE, **changes})  # type: ignore[arg-type]


def workbook(*sheets: Sequence[Sequence[object]], hidden: Sequence[int] = ()) -> bytes:
    """Return .xlsx bytes with one sheet for each list of rows."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for index, rows in enumerate(sheets):
        sheet = book.create_sheet(f"表{index + 1}")
        for row in rows:
            sheet.append(list(row))
        if index in hidden:
            sheet.sheet_state = "hidden"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def repacked(content: bytes, part: str, change: bytes | None, old: bytes = b"") -> bytes:
    """Return a workbook with one part replaced, or *old* within it replaced; None removes the part."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            if name == part:
                if change is None:
                    continue
                data = data.replace(old, change) if old else change
            target.writestr(name, data)
    return stream.getvalue()


def shared(content: bytes) -> bytes:
    """Return a workbook with its texts in the table of shared strings, as Excel and WPS write them."""
    texts: list[bytes] = []

    def refer(cell: re.Match[bytes]) -> bytes:
        texts.append(cell[2])
        return b'<c r="%s" t="s"><v>%d</v></c>' % (cell[1], len(texts) - 1)

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = re.sub(rb'<c r="(\w+)" t="inlineStr"><is><t>(.*?)</t></is></c>', refer, parts[sheet])
    space = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    parts[STRINGS] = b"<sst %s>%s</sst>" % (space, b"".join(b"<si><t>%s</t></si>" % text for text in texts))
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    entry = b'<Override PartName="/xl/sharedStrings.xml" ContentType="%s"/></Types>' % kind
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(b"</Types>", entry)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        for name, data in parts.items():
            target.writestr(name, data)
    return stream.getvalue()


def read(content: bytes, name: str = "a.xlsx", **changes: object) -> list[Item]:
    """Read content to its end."""
    return list(read_items(name, content, options(**changes)))


def messages(items: Sequence[Item]) -> list[Fetched]:
    """Return the messages among items."""
    return [item for item in items if isinstance(item, Fetched)]


def test_a_sheet_with_a_merged_title_is_read():
    """The header is found beneath a merged title; numbers and telephones are straightened."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["临沂市统计局网站留言汇总"])
    sheet.merge_cells("A1:D1")
    sheet.append([])
    sheet.append(HEADER)
    sheet.append(ROW)
    stream = io.BytesIO()
    book.save(stream)
    (item,) = messages(read(stream.getvalue()))

    assert (item.position, item.external_id, item.contact) == ("row 4", "1", "13900000012")
    assert item.posted_at == datetime(2026, 11, 2, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("value", [DATE, "2026年11月2日 9时30分", 46328.395833333336, 20261102.0])
def test_dates_in_cells(value: object):
    """Date cells, text and bare serial numbers are all dates."""
    (item,) = messages(read(workbook([HEADER, [1, value, "话", ""]])))

    assert item.posted_at.astimezone(ZONE).date().isoformat() == "2026-11-02"


def test_shared_strings_are_read():
    """Texts are found in the workbook's table of strings."""
    (item,) = messages(read(shared(workbook([HEADER, ROW]))))

    assert item.body == "请问年鉴在哪里买？"


def test_hidden_sheets_are_skipped_and_told():
    """A helper sheet that nobody sees is not a list of messages."""
    content = workbook([HEADER, ROW], [HEADER, ROW, ROW, ROW], hidden=[1])

    assert len(read(content)) == 1
    assert describe("a.xlsx", content, options()).notes == ("sheet '表2' is hidden and was not read",)


def test_sheets_of_the_same_header_are_read_together():
    """Each further sheet's rows carry the sheet's number, so that positions stay unique."""
    items = read(workbook([HEADER, ROW], [["说明"], ["按月填写"]], [HEADER, ROW, ROW]))

    assert [item.position for item in items] == ["row 2", "sheet3 row 2", "sheet3 row 3"]


def test_of_sheets_with_different_headers_the_longest_is_read():
    """The list of messages is longer than the list beside it."""
    content = workbook([["标题", "说明"], ["甲", "乙"]], [HEADER, ROW, ROW])

    assert [item.position for item in read(content)] == ["row 2", "row 3"]
    assert "'表1' has another header" in describe("a.xlsx", content, options()).notes[0]


def test_a_wrong_declared_size_does_not_cut_rows():
    """Some writers declare a sheet of one cell; all rows are read."""
    content = repacked(workbook([HEADER, ROW, ROW]), "xl/worksheets/sheet1.xml", b'ref="A1"', old=b'ref="A1:D3"')

    assert len(messages(read(content))) == 2


def test_a_last_row_a_million_rows_below_does_not_take_long():
    """Blank rows are not read to the end of the sheet, and are not items."""
    content = workbook([HEADER, ROW])
    far = b'<row r="1048576"><c r="A1048576"/></row></sheetData>'
    items = read(repacked(content, "xl/worksheets/sheet1.xml", far, old=b"</sheetData>"))

    assert len(items) == 1


def test_cells_far_apart_cost_no_memory():
    """A stray cell in the last corner of the grid does not make the reader hold all cells before it."""
    far = b'<row r="1048576"><c r="XFD1048576"><v>2</v></c></row></sheetData>'
    content = repacked(workbook([HEADER, ROW]), "xl/worksheets/sheet1.xml", far, old=b"</sheetData>")
    tracemalloc.start()
    try:
        items = read(content)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(messages(items)) == 1
    assert peak < 50 * 1024 * 1024


def test_a_text_that_many_cells_share_is_held_once():
    """A long text in the table of strings does not become as many copies as cells name it."""
    whole = shared(workbook([HEADER, *[[1, "2026-11-02", "话" * 50_000, ""]] * 2]))
    rows = b"".join(
        b'<row r="%d"><c r="B%d"><v>46328</v></c><c r="C%d" t="s"><v>5</v></c></row>' % (row, row, row)
        for row in range(4, 2004)
    )
    content = repacked(whole, "xl/worksheets/sheet1.xml", rows + b"</sheetData>", old=b"</sheetData>")
    table = open_table("a.xlsx", content, Limits())
    tracemalloc.start()
    try:
        held = [cells[2] for _, cells in table.rows()]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(held) == 2002
    assert peak < 20 * 1024 * 1024


def test_a_false_count_of_shared_strings_is_not_believed():
    """Nothing is reserved for strings that a workbook only announces."""
    content = shared(workbook([HEADER, ROW]))
    (item,) = messages(read(repacked(content, STRINGS, b'<sst uniqueCount="99999999999" ', old=b"<sst ")))

    assert item.body == "请问年鉴在哪里买？"


def test_long_order_numbers_keep_every_digit():
    """Two orders whose numbers differ only behind the sixteenth digit stay two."""
    content = workbook([["工单编号", "留言时间", "诉求内容"], [111, "2026-11-02", "甲"], [222, "2026-11-02", "乙"]])
    for short, long in ((b"<v>111</v>", b"<v>202611020000123456</v>"), (b"<v>222</v>", b"<v>202611020000123457</v>")):
        content = repacked(content, "xl/worksheets/sheet1.xml", long, old=short)

    assert [item.external_id for item in messages(read(content))] == ["202611020000123456", "202611020000123457"]


def test_an_error_value_that_nobody_knows_costs_nothing():
    """New versions of Excel bring new error values; the row and the file are still read."""
    content = workbook([HEADER, [1, "2026-11-02", "话", 222]])
    content = repacked(
        content, "xl/worksheets/sheet1.xml", b'<c r="D2" t="e"><v>#BUSY!</v></c>', old=b'<c r="D2" t="n"><v>222</v></c>'
    )

    assert len(messages(read(content))) == 1


def test_first_rows_are_parsed_once():
    """Opening a table again gives the same rows, in a short sheet and in one longer than what is kept."""
    for count in (1, 499, 500, 1200):
        content = workbook([HEADER, *[[row, "2026-11-02", f"话{row}", ""] for row in range(count)]])
        table = open_table("a.xlsx", content, Limits())
        first = list(table.rows())

        assert [position for position, _ in first] == [f"row {row}" for row in range(2, count + 2)]
        assert list(table.rows()) == first


def test_escaped_line_ends_are_read():
    """Excel's way of writing a carriage return does not reach the text."""
    (item,) = messages(read(workbook([HEADER, [1, "2026-11-02", "第一行_x000D_\n第二行", ""]])))

    assert item.body == "第一行\n第二行"


def test_formulas_are_read_as_their_saved_values():
    """A formula nobody calculated has no value; it is never evaluated and never shown as text."""
    (item,) = messages(read(workbook([HEADER, [1, "2026-11-02", "话", "=1+1"]])))

    assert item.contact is None


def test_a_cell_too_long_costs_its_row_only():
    """The other rows are read."""
    items = read(workbook([HEADER, [1, "2026-11-02", "话" * 200, ""], ROW]), limits=Limits(max_cell_chars=100))

    assert [getattr(item, "reason", None) for item in items] == ["too-long", None]


def test_an_old_workbook_is_read():
    """.xls gives the same items, with dates from date cells, and skips hidden sheets."""
    book = xlwt.Workbook()
    for name in ("表1", "表2"):
        sheet = book.add_sheet(name)
        for column, text in enumerate(HEADER):
            sheet.write(0, column, text)
        style = xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm:ss")
        for column, value in enumerate([1, DATE, "话", 13900000012.0]):
            sheet.write(1, column, value, style if column == 1 else xlwt.Style.default_style)
        sheet.visibility = int(name == "表2")
    stream = io.BytesIO()
    book.save(stream)
    (item,) = messages(read(stream.getvalue(), "a.xlsx"))

    assert (item.external_id, item.contact) == ("1", "13900000012")
    assert item.posted_at == datetime(2026, 11, 2, 1, 30, tzinfo=UTC)


def test_a_zip_bomb_is_refused_before_it_is_unpacked():
    """The sizes in the archive's directory are judged first."""
    content = repacked(workbook([HEADER, ROW]), "xl/styles.xml", b" " * (3 * 1024 * 1024))
    with pytest.raises(FileTooLarge, match="1 MiB"):
        read(content, limits=Limits(max_unpacked_mib=1))


ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize("part", ["xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"])
def test_an_xml_bomb_is_not_expanded(part: str):
    """Entities in a workbook's XML are refused, never expanded."""
    whole = shared(workbook([HEADER, ROW]))
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        content = repacked(whole, part, ENTITIES + archive.read(part).replace(b"<t>", b"<t>&b;"))
    with pytest.raises(FileDamaged):
        read(content)


@pytest.mark.parametrize(
    "part", ["xl/sharedStrings.xml", "xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml"]
)
def test_a_broken_part_is_one_clear_refusal(part: str):
    """Whatever the library raises, the caller sees a damaged file that is named."""
    with pytest.raises(FileDamaged, match=r"a\.xlsx"):
        read(repacked(shared(workbook([HEADER, ROW])), part, b"<broken"))


def test_a_cut_workbook_is_refused():
    """Half a download is said to be damaged."""
    content = workbook([HEADER, ROW])
    for end in (100, len(content) // 2, len(content) - 10):
        with pytest.raises(FileDamaged):
            read(content[:end])


def test_a_cut_old_workbook_is_refused():
    """The same for .xls."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("表1")
    for row in range(300):
        sheet.write(row, 0, f"话{row}")
    stream = io.BytesIO()
    book.save(stream)
    with pytest.raises(FileDamaged):
        read(stream.getvalue()[:6000] + "Workbook".encode("utf-16-le"), "a.xls")


def test_workbooks_with_nothing_are_refused():
    """No row at all, no row beneath the header, or no visible sheet."""
    for content in (workbook([]), workbook([HEADER]), workbook([HEADER], [[]])):
        with pytest.raises(FileEmpty):
            read(content)


@pytest.mark.parametrize(
    ("part", "most"), [("xl/styles.xml", 4), ("xl/workbook.xml", 4), ("docProps/app.xml", 4), (STRINGS, 64)]
)
def test_parts_held_in_memory_are_bounded(part: str, most: int):
    """A part that is held as objects is refused by its size before it is parsed, and named."""
    content = repacked(shared(workbook([HEADER, ROW])), part, b"<xf/>" * (most << 18))

    with pytest.raises(FileTooLarge, match=f"{part} .* {most} MiB"):
        read(content)
