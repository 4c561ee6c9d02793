"""Workbooks that Excel 2002 and 2003 save as one XML file; of a formula the saved value is read."""

import io
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from collector.errors import FileDamaged, FileEmpty, FileTooLarge
from collector.readers.options import Limits
from collector.readers.table import RawRow, Sheet, Source

_SS = "{urn:schemas-microsoft-com:office:spreadsheet}"
_X = "{urn:schemas-microsoft-com:office:excel}"
_MOST_COLUMNS = 16_384
_MOST_ROWS = 1_048_576
# Cells may be far apart at little cost to the file; the places between them are held too.
_MOST_CELLS = 20_000_000
_MOST_IN_ROW = 500_000
_MOST_DEPTH = 100


def open_spreadsheetml(content: bytes, limits: Limits) -> Source:
    """Open an XML workbook as a table.

    Raises:
        FileTooLarge: the file is larger than the limit for unpacked workbooks, or its cells are too many.
        FileDamaged: the XML is broken, or is built to break a reader.
        FileEmpty: it has no visible sheet.
    """
    if len(content) > limits.max_unpacked_bytes:
        raise FileTooLarge(
            f"the workbook is larger than {limits.max_unpacked_mib} MiB",
            todo="Split it, or raise WENZHENG_MAX_UNPACKED_MIB.",
        )
    source = Source("xml", [])
    for number, (name, hidden, rows) in enumerate(_sheets(content), start=1):
        if hidden:
            source.notes.append(f"sheet {name!r} is hidden and was not read")
        else:
            source.sheets.append(Sheet(name, partial(iter, rows), number=number))
    if not source.sheets:
        raise FileEmpty("the workbook has no visible sheet with cells", todo="Unhide the sheet that is meant.")
    return source


def _sheets(content: bytes) -> Iterator[tuple[str, bool, list[RawRow]]]:
    try:
        yield from _parse(content)
    # ValueError and LookupError are what encodings end in that Python does not know, RecursionError a nesting too deep.
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError) as error:
        raise FileDamaged(
            f"the workbook is damaged or not made by the rules ({type(error).__name__})",
            todo="Open it in Excel or WPS, save it as .xlsx, and give that file.",
        ) from error


def _parse(content: bytes) -> Iterator[tuple[str, bool, list[RawRow]]]:
    name, hidden, rows = "", False, list[RawRow]()
    place = below = held = in_row = 0
    opened: list[Element] = []
    row: Element | None = None
    for event, element in iterparse(io.BytesIO(content), events=("start", "end"), forbid_dtd=True):
        if event == "start":
            opened.append(element)
            if len(opened) > _MOST_DEPTH:
                raise ValueError("nested deeper than any workbook")
            if element.tag == _SS + "Worksheet":
                name, hidden, rows, place = element.get(_SS + "Name", ""), False, [], 0
            elif row is not None:
                in_row += 1
                if in_row > _MOST_IN_ROW:
                    raise ValueError("more in a row than any row has")
            elif element.tag == _SS + "Row":
                row, in_row = element, 0
            continue
        opened.pop()
        if element.tag == _SS + "Row":
            place = _index(element, place + below + 1, _MOST_ROWS)
            below = _number(element, "Span")
            if cells := _cells(element):
                rows.append((place, cells))
                held += len(cells)
                if held > _MOST_CELLS:
                    raise FileTooLarge(f"the workbook has more than {_MOST_CELLS:,} cells", todo="Split it.")
            element.clear()
        elif element.tag == _X + "Visible":
            hidden = (element.text or "") != "SheetVisible"
        elif element.tag == _SS + "Table":
            below = 0
        elif element.tag == _SS + "Worksheet":
            yield name, hidden, rows
        if element is row:
            row = None
        # Only what stands in a row is looked at again; all else goes as soon as it ends, its places in the tree too.
        if row is None and opened:
            opened[-1].clear()


def _cells(row: Element) -> Sequence[object]:
    cells: list[object] = []
    for cell in row.iter(_SS + "Cell"):
        start = _index(cell, len(cells) + 1, _MOST_COLUMNS)
        cells += [None] * (start - 1 - len(cells))
        cells.append(_value(cell.find(_SS + "Data")))
        cells += [None] * min(_number(cell, "MergeAcross"), _MOST_COLUMNS - len(cells))
    while cells and cells[-1] is None:
        cells.pop()
    return cells


def _value(data: Any) -> object:
    if data is None:
        return None
    text, kind = "".join(data.itertext()), data.get(_SS + "Type")
    if kind == "Error" or not text:
        return None
    if kind == "Boolean":
        return text.strip() in ("1", "true")
    # Numbers stay as they are written: long ids would lose digits as floats.
    return text


def _index(element: Element, least: int, most: int) -> int:
    place = _number(element, "Index") or least
    if not least <= place <= most:
        raise ValueError("a place out of order or beyond the sheet")
    return place


def _number(element: Element, name: str) -> int:
    number = int(element.get(_SS + name, "0"))
    if number < 0:
        raise ValueError("a negative place")
    return number
