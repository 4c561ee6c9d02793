"""A table in a file: where its header is, what its columns mean, and its rows one after the other."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from collector.base import Blank, Unreadable
from collector.errors import ColumnsUnknown, FileEmpty, FileTooLarge
from collector.readers import headers
from collector.readers.options import Limits
from collector.readers.values import as_text

HEADER_DEPTH = 30
"""Rows searched for the header; titles, notes and blank rows stand above it."""

BLANK_RUN = 10_000
"""Blank rows in a row after which a sheet is at its end; formatted sheets hold a million of them."""

_LONG_HEADER = 100
_SHOWN_COLUMNS = 20
_SHOWN_CHARS = 16


class Fault(NamedTuple):
    """What stands in a row's place when the file's own reader could not read it."""

    reason: str
    detail: str


RawRow = tuple[int, Sequence[object] | Fault]
"""Number of the row as people count, and its cells."""


class Row(NamedTuple):
    """One row of a table beneath its header."""

    position: str
    cells: list[object]


@dataclass(frozen=True)
class Sheet:
    """One sheet, or the only part of a file that has none.

    Args:
        name: shown to people; empty where the file has no sheets.
        read: opens the rows anew each time.
        word: what a row is called in positions: row, item or line.
        number: the sheet's place in the workbook.
    """

    name: str
    read: Callable[[], Iterator[RawRow]]
    word: str = "row"
    number: int = 1


@dataclass
class Source:
    """A file opened as a table, before its header is known.

    Args:
        sheets: the visible ones, in order.
        base_1904: its serial dates count from 1904.
        notes: sentences for a person, about what was skipped or unexpected.
    """

    kind: str
    sheets: list[Sheet]
    encoding: str | None = None
    base_1904: bool = False
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Header:
    sheet: Sheet
    row: int
    columns: list[str]
    shape: tuple[str, ...]
    match: headers.Match


class Table:
    """Rows beneath a header; the sheets of one workbook with the same header are one table.

    `columns` are the headers as written, `fields` and `spares` say which field of a message a column is
    (see `headers.Match`), `notes` are sentences for a person, and grow while the rows are read.
    """

    def __init__(self, source: Source, parts: Sequence[_Header], limits: Limits) -> None:
        first = parts[0]
        self.kind, self.encoding, self.base_1904 = source.kind, source.encoding, source.base_1904
        self.notes = source.notes
        self.columns = first.columns
        self.fields = first.match.fields
        self.spares = first.match.spares
        self.is_order = first.match.is_order
        self.has_date = first.match.has_date
        self.header_row = first.row
        self.sheets = [part.sheet.name for part in parts if part.sheet.name]
        self.skipped: Counter[str] = Counter()
        self._parts, self._limits = parts, limits

    def items(self) -> Iterator[Row | Unreadable | Blank]:
        """Yield every row; what is blank or cannot be read stands in its place.

        Raises:
            FileTooLarge: more rows than the limit.
            FileDamaged: the file breaks off.
        """
        count = 0
        for index, part in enumerate(self._parts):
            prefix = f"sheet{part.sheet.number} " if index else ""
            for item in self._items_of(part, prefix):
                count += 1
                if count > self._limits.max_rows:
                    raise FileTooLarge(
                        f"the table has more than {self._limits.max_rows:,} rows",
                        todo="Split it, or raise WENZHENG_MAX_ROWS.",
                    )
                yield item

    def rows(self) -> Iterator[tuple[str, list[object]]]:
        """Yield position and cells of every row that can be read, counting the others in `skipped` by reason."""
        for item in self.items():
            if isinstance(item, Row):
                yield item
            else:
                self.skipped[item.reason] += 1

    def text(self, cells: Sequence[object], column: int) -> str:
        """Return one cell of a row as text; rows may be shorter than the header."""
        return as_text(cells[column]) if column < len(cells) else ""

    def _items_of(self, part: _Header, prefix: str) -> Iterator[Row | Unreadable | Blank]:
        blank: list[int] = []
        for number, cells in part.sheet.read():
            if number <= part.row:
                continue
            position = f"{prefix}{part.sheet.word} {number}"
            if isinstance(cells, Fault):
                item: Row | Unreadable | Blank = Unreadable(position, cells.reason, f"{position}: {cells.detail}")
            elif _is_blank(cells):
                blank.append(number)
                if len(blank) < BLANK_RUN:
                    continue
                self.notes.append(
                    f"{prefix}{part.sheet.word} {blank[0]} and the {BLANK_RUN:,} after it are blank;"
                    " nothing beyond them was read"
                )
                return
            else:
                item = self._row(part, position, cells)
            # Blank rows count only between others: those at the end are formatting, not content.
            for one in blank:
                yield Blank(f"{prefix}{part.sheet.word} {one}", "empty-row")
            blank.clear()
            yield item

    def _row(self, part: _Header, position: str, cells: Sequence[object]) -> Row | Unreadable | Blank:
        longest = self._limits.max_cell_chars
        for index, cell in enumerate(cells):
            if type(cell) is str and len(cell) > longest:
                column = self.columns[index] if index < len(self.columns) else f"number {index + 1}"
                return Unreadable(
                    position, "too-long", f"{position}: column {column} holds more than {longest:,} characters"
                )
        first = cells[0]
        if isinstance(first, str) and len(first) < _LONG_HEADER and headers.normalise(first) == part.shape[0]:
            written = tuple(headers.normalise(as_text(cell)) for cell in cells)
            if written[: len(part.columns)] == part.shape[: len(written)]:
                return Blank(position, "repeated-header")
        return Row(position, list(cells))


def make_table(source: Source, limits: Limits, rename: Mapping[str, str]) -> Table:
    """Find the header and return the table.

    The sheet with the most rows beneath a header that is understood is read, and with it every sheet of the same
    header.

    Args:
        rename: the caller's own names: header as written -> known name.
    Raises:
        FileEmpty: there is nothing, or nothing beneath the header.
        ColumnsUnknown: no header names a text or a title.
    """
    found: list[_Header] = []
    tops: list[list[Sequence[object]]] = []
    for sheet in source.sheets:
        top = [row for row in islice(_filled(sheet), HEADER_DEPTH) if not isinstance(row[1], Fault)]
        header = _find_header(sheet, top, rename)
        if header is not None:
            found.append(header)
        elif top:
            tops.append([cells for _, cells in top if not isinstance(cells, Fault)])
    if not found:
        if not tops:
            raise FileEmpty("the file holds no rows", todo="Export it again.")
        raise _columns_unknown(tops[0])
    shapes = list(dict.fromkeys(header.shape for header in found))
    if len(shapes) > 1:
        sizes = {shape: sum(_count(header) for header in found if header.shape == shape) for shape in shapes}
        shapes.sort(key=lambda shape: -sizes[shape])
    parts = [header for header in found if header.shape == shapes[0]]
    for header in found:
        if header.shape != shapes[0]:
            source.notes.append(f"sheet {header.sheet.name!r} has another header and was not read")
    table = Table(source, parts, limits)
    if next(table.items(), None) is None:
        raise FileEmpty("there is a header and no row beneath it", todo="Export it again.")
    return table


def _filled(sheet: Sheet) -> Iterator[RawRow]:
    for number, cells in islice(sheet.read(), BLANK_RUN):
        if isinstance(cells, Fault) or not _is_blank(cells):
            yield number, cells


def _find_header(sheet: Sheet, top: Sequence[RawRow], rename: Mapping[str, str]) -> _Header | None:
    best: _Header | None = None
    for index, (number, cells) in enumerate(top):
        if isinstance(cells, Fault):
            continue
        columns = _columns(cells)
        match = headers.match([rename.get(column, column) for column in columns])
        # A single understood cell is a header only at the very top: further down it may be a word in a row.
        if not match.has_text or (match.score < 2 and index > 0):
            continue
        if best is None or match.score > best.match.score:
            best = _Header(sheet, number, columns, tuple(map(headers.normalise, columns)), match)
    return best


def _columns(cells: Sequence[object]) -> list[str]:
    columns = [" ".join(as_text(cell).split()) for cell in cells]
    while columns and not columns[-1]:
        columns.pop()
    return columns


def _count(header: _Header) -> int:
    blank = count = 0
    for _, cells in header.sheet.read():
        if isinstance(cells, Fault) or not _is_blank(cells):
            count, blank = count + 1, 0
        else:
            blank += 1
            if blank >= BLANK_RUN:
                break
    return count


def _is_blank(cells: Sequence[object]) -> bool:
    return all(cell is None or (type(cell) is str and (not cell or cell.isspace())) for cell in cells)


def _columns_unknown(rows: Sequence[Sequence[object]]) -> ColumnsUnknown:
    columns = next((row for row in map(_columns, rows) if len(row) > 1), _columns(rows[0]))
    # Without a header the first row may be somebody's message, so it is shown only if all of it could be a header.
    shown = [column for column in columns if column]
    if any(len(column) > _SHOWN_CHARS or _has_number(column) for column in shown):
        shown = []
    hints = "; ".join(f"is {column!r} meant as {name!r}?" for column, name in headers.nearest(shown))
    names = ", ".join(shown[:_SHOWN_COLUMNS]) or "not shown, because the first row looks like content"
    return ColumnsUnknown(
        f"no column holds the text or the title of a message; the columns are: {names}",
        todo=(hints + " " if hints else "")
        + "Name the column of the text 留言内容 (or body), the one of the date 留言时间 (or posted_at);"
        " docs/importing.md lists all names.",
    )


def _has_number(text: str) -> bool:
    return sum(character.isdigit() for character in text) >= 5
