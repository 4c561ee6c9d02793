"""Tables by their header: which cell of a row stands under which text; also for lists that only look like tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from collector.pages.document import Document
from collector.pages.markup import Element
from collector.readers.headers import normalise

_ROWS = etree.XPath("./tr | ./thead/tr | ./tbody/tr | ./tfoot/tr")
_CELLS = ("td", "th")
_HEADER_ROWS = 8
"""A header stands among the first rows of its table; above it there may be a title or a search form."""

_LONGEST_HEADER_CHARS = 40
_MOST_COLUMNS = 128
_MOST_ROWSPAN = 1000
_MOST_CELLS = 1_000_000


@dataclass(frozen=True, eq=False)
class Grid:
    """A table laid out: a cell that spans several columns or rows stands in each of them.

    Args:
        rows: the row elements, in order.
        cells: of each row its cells by column; None where there is none.
        places: row element -> its place in `rows`.
        header: normalised text -> row and column of the first cell among the first rows that has it.
    """

    rows: list[Element]
    cells: list[list[Element | None]]
    places: dict[Element, int]
    header: dict[str, tuple[int, int]]

    def cell(self, row: int, column: int) -> Element | None:
        """Return a cell, None where the row is shorter."""
        cells = self.cells[row]
        return cells[column] if column < len(cells) else None

    def width(self, row: int, column: int) -> int:
        """Return how many columns the cell at a place spans from there on."""
        cells = self.cells[row]
        return next(
            (at - column for at in range(column, len(cells)) if cells[at] is not cells[column]), len(cells) - column
        )


def cell_under(document: Document, row: Element, names: Sequence[str]) -> Element | None:
    """Return the cell of a row under the first of some header texts that its table has; None for a header itself.

    Args:
        names: normalised.
    """
    cell = _cell_in_table(document, row, names) if row.tag == "tr" else _part_under(document, row, names)
    # Where each row repeats the text, it is no header but a label.
    return None if cell is None or header_text(cell) in names else cell


def _cell_in_table(document: Document, row: Element, names: Sequence[str]) -> Element | None:
    table = _table_of(row)
    if table is None:
        return None
    grid = grid_of(document, table)
    place = grid.places.get(row)
    if place is None:
        return None
    for name in names:
        if name in grid.header:
            header_row, column = grid.header[name]
            return _beneath(grid, place, column, grid.width(header_row, column)) if place > header_row else None
    for header in _headers_above(document, table):
        column = next((header[name] for name in names if name in header), -1)
        if column >= 0:
            return _beneath(grid, place, column, 1)
    return None


def _beneath(grid: Grid, place: int, column: int, width: int) -> Element | None:
    """Return the first cell with a text that begins under a header of some columns, else the first cell.

    A cell that spans several columns stands under the first of them alone.
    """
    cells = [grid.cell(place, at) for at in range(column, column + width)]
    before = grid.cell(place, column - 1) if column else None
    begun = [cell for cell in cells if cell is not None and cell is not before]
    return next((cell for cell in begun if "".join(cell.itertext()).strip()), begun[0] if begun else None)


def grid_of(document: Document, table: Element) -> Grid:
    """Return a table laid out; it is done once for each."""
    key = ("grid", table)
    if key not in document.memo:
        document.memo[key] = _lay_out(table)
    grid: Grid = document.memo[key]
    return grid


def rows_beneath(document: Document, root: Element, names: Sequence[Sequence[str]], least: int) -> list[Element] | None:
    """Return the rows beneath the header in which most of some columns are found; None if there is no such header.

    Args:
        names: of each column the texts that it may have, normalised.
        least: columns that must be found.
    """
    best: tuple[int, list[Element]] = (least - 1, [])
    found = False
    for table in root.iter("table"):
        grid = grid_of(document, table)
        by_row: dict[int, int] = {}
        for texts in names:
            for header_row in {grid.header[text][0] for text in texts if text in grid.header}:
                by_row[header_row] = by_row.get(header_row, 0) + 1
        for header_row, score in by_row.items():
            if score > best[0]:
                rows = grid.rows[header_row + 1 :] or _body_below(document, table)
                best, found = (score, rows), True
    if found:
        return best[1]
    return _parts_beneath(root, names, least)


def header_text(element: Element) -> str:
    """Return the normalised text of an element if it is short enough for a header or label, else nothing."""
    chars: list[str] = []
    length = 0
    for piece in element.itertext():
        piece = piece.strip()
        length += len(piece)
        if length > _LONGEST_HEADER_CHARS:
            return ""
        chars.append(piece)
    return normalise("".join(chars)) if length else ""


def _table_of(row: Element) -> Element | None:
    parent = row.getparent()
    if parent is not None and parent.tag in ("tbody", "thead", "tfoot"):
        parent = parent.getparent()
    return parent if parent is not None and parent.tag == "table" else None


def _lay_out(table: Element) -> Grid:
    rows = _ROWS(table)
    laid: list[list[Element | None]] = []
    taken: dict[int, tuple[int, Element]] = {}
    total = 0
    for row in rows:
        cells: list[Element | None] = []
        following = {column: (left - 1, cell) for column, (left, cell) in taken.items() if left > 1}
        for cell in row.iterchildren(*_CELLS):
            while len(cells) in taken:
                cells.append(taken[len(cells)][1])
            width = min(_span(cell, "colspan"), _MOST_COLUMNS - len(cells)) if total < _MOST_CELLS else 1
            height = min(_span(cell, "rowspan"), _MOST_ROWSPAN) if total < _MOST_CELLS else 1
            if width <= 0:
                break
            if height > 1:
                following.update(dict.fromkeys(range(len(cells), len(cells) + width), (height - 1, cell)))
            cells += [cell] * width
        while len(cells) in taken:
            cells.append(taken[len(cells)][1])
        taken = following
        total += len(cells)
        laid.append(cells)
    header: dict[str, tuple[int, int]] = {}
    for row_number, cells in enumerate(laid[:_HEADER_ROWS]):
        for column, cell in enumerate(cells):
            if cell is not None and (text := header_text(cell)):
                header.setdefault(text, (row_number, column))
    return Grid(rows, laid, {row: place for place, row in enumerate(rows)}, header)


def _span(cell: Element, name: str) -> int:
    value = cell.get(name, "").strip()
    return max(int(value), 1) if value.isascii() and value.isdigit() and len(value) < 6 else 1


def _headers_above(document: Document, table: Element) -> Iterator[dict[str, int]]:
    """Yield the header that stands in a table of its own before a table."""
    key = ("above", table)
    if key not in document.memo:
        before = next(iter(table.xpath("preceding::table[1]")), None)
        grid = None if before is None else grid_of(document, before)
        is_header = grid is not None and len(grid.rows) <= 2
        document.memo[key] = {text: column for text, (_, column) in grid.header.items()} if grid and is_header else {}
    yield document.memo[key]


def _body_below(document: Document, table: Element) -> list[Element]:
    below = next(iter(table.xpath("following::table[1]")), None)
    return [] if below is None else grid_of(document, below).rows


def _part_under(document: Document, row: Element, names: Sequence[str]) -> Element | None:
    """Return the child of a row that stands where a child of the row's header has the text."""
    parent = row.getparent()
    if parent is None:
        return None
    key = ("parts", parent)
    if key not in document.memo:
        document.memo[key] = list(_headers_of(parent))
    for header, parts in document.memo[key]:
        column = next((parts[name] for name in names if name in parts), -1)
        if column >= 0:
            cells = _cells_of(row)
            return cells[column] if row is not header and column < len(cells) else None
    return None


def _headers_of(parent: Element) -> Iterator[tuple[Element, dict[str, int]]]:
    """Yield what may be the header of a list, its first row or what stands before it, with its texts by column."""
    before = parent.getprevious()
    for header in (*parent[:1], *([] if before is None else (before, *before[:1]))):
        texts = [header_text(cell) for cell in _cells_of(header)]
        if sum(map(bool, texts)) >= 2:
            yield header, {text: column for column, text in reversed(list(enumerate(texts))) if text}


def _cells_of(row: Element) -> list[Any]:
    cells = [child for child in row if isinstance(child.tag, str)]
    # A row may wrap its cells once more, in a link for example.
    return _cells_of(cells[0]) if len(cells) == 1 and len(cells[0]) > 1 else cells


def _parts_beneath(root: Element, names: Sequence[Sequence[str]], least: int) -> list[Element] | None:
    best: tuple[int, Element | None] = (max(least, 2) - 1, None)
    for element in root.iter(etree.Element):
        if not 2 <= len(element) <= _MOST_COLUMNS:
            continue
        texts = {header_text(cell) for cell in element}
        score = sum(any(text in texts for text in column) for column in names)
        if score > best[0]:
            best = (score, element)
    header = best[1]
    if header is None:
        return None
    beneath = list(header.itersiblings(etree.Element))
    if len(beneath) == 1 and len(beneath[0]) > 0:
        return list(beneath[0])
    if not beneath and (parent := header.getparent()) is not None and (after := parent.getnext()) is not None:
        return list(after)
    return beneath
