"""Web pages with a table, which many systems export under the name .xls; the largest table is read as one sheet."""

import io
import re
from collections.abc import Iterator
from itertools import count
from typing import Any

from lxml import etree

from collector.errors import FileDamaged, FileKindUnknown, FileTooLarge
from collector.readers.encodings import MISFIT, detect, open_text
from collector.readers.options import Limits
from collector.readers.table import Fault, RawRow, Sheet, Source
from config.settings import MIB

MOST_BYTES = 32 * MIB
"""A page is held whole, as a tree several times its size."""

_MOST_TAGS = 2_000_000
_MOST_ATTRIBUTE_CHARS = 4096
_MOST_COLUMNS = 512
_MOST_ROWSPAN = 65_534
_UNREADABLE = "\ufffd"
_BREAK = "\u2028"
_BLANKS = re.compile(r"[ \t\r\n\f\xa0]+")
_SHORTENED = re.compile(r"\d(?:\.\d+)?E\+\d{1,2}", re.IGNORECASE)
# Always matches where a tag begins, and never goes back: what it leaves of a broken tag becomes text.
_TAG = re.compile(r"""<(/?[a-zA-Z][a-zA-Z0-9:-]*+)((?:[^<>"']|"[^"]*"|'[^']*')*+)>?""")
_KEPT = re.compile(r"""\s(colspan|rowspan|x:num)\s*=\s*["']?\s*([\dE.+]{1,32})""", re.IGNORECASE)
_ROWS = etree.XPath("./tr | ./thead/tr | ./tbody/tr | ./tfoot/tr")
_CELLS = etree.XPath("./td | ./th")


def open_html(content: bytes, limits: Limits) -> Source:
    """Open a page as a table: of several tables the one with the most cells of its own.

    Raises:
        FileTooLarge: the page is larger than a page may be, or than the limit.
        FileKindUnknown: it is not text, or holds no table.
        FileDamaged: its markup cannot be understood.
    """
    if len(content) > min(MOST_BYTES, limits.max_unpacked_bytes):
        raise FileTooLarge(
            f"the web page is larger than {min(MOST_BYTES, limits.max_unpacked_bytes) // MIB} MiB",
            todo="Open it in Excel or WPS, save it as .xlsx, and give that file.",
        )
    if content.count(b"<") > _MOST_TAGS:
        raise FileTooLarge(
            f"the web page has more than {_MOST_TAGS:,} tags",
            todo="Open it in Excel or WPS, save it as .xlsx, and give that file.",
        )
    encoding = detect(lambda: io.BytesIO(content))
    if encoding is None:
        raise FileKindUnknown("the page is not text in UTF-8, UTF-16 or GB18030", todo="Export it as .xlsx or .csv.")
    text = open_text(io.BytesIO(content), encoding).read().replace(MISFIT, _UNREADABLE)
    tables = _tables(text)
    if not tables:
        raise FileKindUnknown("this is a web page without a table", todo="Export the list as .xlsx or .csv.")
    table = max(tables, key=lambda one: sum(len(_CELLS(row)) for row in _ROWS(one)))
    source = Source("html", [], encoding.name)
    if len(tables) > 1:
        source.notes.append(f"the page holds {len(tables)} tables; the one with the most cells was read")
    if encoding.damaged:
        source.notes.append(f"some bytes are not {encoding.name}; the rows that hold them are set aside")

    def read() -> Iterator[RawRow]:
        return _read(table, damaged=encoding.damaged)

    source.sheets.append(Sheet("", read))
    return source


def _tables(text: str) -> list[Any]:
    # What the bytes are decides, not what the page says of itself: the two differ often.
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    # The parser's time grows with the square of a tag's attributes, so it gets only those that are used.
    text = _TAG.sub(lambda tag: f"<{tag[1]}{_kept(tag[2])}>", text)
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except etree.LxmlError as error:
        raise FileDamaged("the web page cannot be understood", todo="Export the list as .xlsx or .csv.") from error
    if root is None:
        return []
    etree.strip_elements(root, "script", "style", "noscript", "template", with_tail=False)
    for one in root.iter("br"):
        one.tail = _BREAK + (one.tail or "")
    for one in root.iter("p", "div", "li"):
        one.text = _BREAK + (one.text or "")
    return list(root.iter("table"))


def _kept(attributes: str) -> str:
    found = {name.lower(): value for name, value in _KEPT.findall(attributes[:_MOST_ATTRIBUTE_CHARS])}
    return "".join(f' {name}="{value}"' for name, value in found.items())


def _read(table: Any, *, damaged: bool) -> Iterator[RawRow]:
    # Of a merged cell its first place holds the text; the others are empty, so that the columns behind it stay.
    taken: dict[int, int] = {}
    for number, row in zip(count(1), _ROWS(table), strict=False):
        cells: list[str | None] = []
        next_taken = {column: rows - 1 for column, rows in taken.items() if rows > 1}
        for cell in _CELLS(row):
            while len(cells) in taken:
                cells.append(None)
            start, width = len(cells), _span(cell, "colspan", _MOST_COLUMNS)
            if start + width > _MOST_COLUMNS:
                break
            cells += [_text(cell), *[None] * (width - 1)]
            if (height := _span(cell, "rowspan", _MOST_ROWSPAN)) > 1:
                next_taken.update(dict.fromkeys(range(start, start + width), height - 1))
        taken = next_taken
        if damaged and any(cell and _UNREADABLE in cell for cell in cells):
            yield number, Fault("bad-encoding", "it holds bytes that fit no character")
        elif cells:
            yield number, cells


def _span(cell: Any, name: str, most: int) -> int:
    value = cell.get(name, "1").strip()
    return min(int(value), most) or 1 if value.isascii() and value.isdigit() and len(value) < 9 else 1


def _text(cell: Any) -> str | None:
    text = _BLANKS.sub(" ", "".join(cell.itertext()))
    text = "\n".join(line.strip() for line in text.split(_BREAK)).strip()
    # Excel writes a long number as it was shown, and the number itself beside it.
    if _SHORTENED.fullmatch(text):
        return str(cell.get("x:num") or text)
    return text or None
