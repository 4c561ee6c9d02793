"""Values by the label that stands beside, before or above them."""

import operator
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from collector.clean import BLOCKS
from collector.pages.columns import grid_of
from collector.pages.document import Document
from collector.pages.labelindex import LabelIndex, Spot, index_of, name_of
from collector.pages.markup import Element
from collector.pages.names import fields_by_name, known_names, normalised
from collector.pages.texts import fields_in, text_of

Piece = Any
"""An element, or text between elements."""

_LONG_FIELDS = frozenset({"body", "answer_text"})
# Answers may stand in the same cell as the letter; these may be told in the letter itself.
_QUOTABLE_FIELDS = frozenset({"contact", "place", "author_name", "title", "kind", "receipt_no", "given_due_at"})
_CELLS = frozenset({"td", "th"})
# Within these the value stands; behind them, something else does.
_CONTAINERS = frozenset({"div", "section", "article", "table", "dd", "td"})
_PARAGRAPHS = frozenset({"p", "ul", "ol", "blockquote", "pre", "table"})
_VALUE_PLACES = frozenset({"span", "div", "p", "dd", "td"})
_MARKS = " \t\r\n\xa0\u3000:：*"
# Usual names that are usual values too; only with a colon, or as the head of a column, are they labels.
_VALUE_WORDS = frozenset({"保密", "反对", "点赞", "回复", "答复", "同意公开", "用户"})
# What people themselves write at the beginning of a line of their letter.
_WRITTEN_FIELDS = frozenset({"contact", "place", "title", "body"})
_WRITTEN_NAMES = frozenset({"联系人", "联系人姓名", "申请人", "投诉人", "举报人", "反映人", "用户名"})
_SHORT_CLOSERS = frozenset({"回复", "答复", "状态"})
_NEXT_LABEL = re.compile(r"[\s\xa0|｜]+([^\s\d:：|｜]{1,12})\s*[:：](?!//)")
_HEAD_FIELDS = frozenset({"title", "body", "author_name"})
_LONGEST_HEAD_CHARS = 26
_LONGEST_OWN_LABEL_CHARS = 6
_MOST_TRIED = 30


@dataclass(frozen=True)
class Value:
    """What stands beside a label.

    Args:
        pieces: elements and text, in order.
    """

    pieces: Sequence[Piece]

    def elements(self) -> list[Element]:
        """Return the elements of the value."""
        return [piece for piece in self.pieces if not isinstance(piece, str)]

    def text(self, without: Collection[Element] = ()) -> str:
        """Return the text of the value."""
        return text_of(self.pieces, without).lstrip(_MARKS)


def find(
    document: Document, scope: Element, names: tuple[str, ...], field: str, *, in_page_order: bool = False
) -> Iterator[Value]:
    """Yield what stands beside some labels inside an element, the likeliest first.

    A place among many other labels goes before one that stands alone, a label that has an element to itself before
    one that begins a text, the earlier name before the later.

    Args:
        names: as the description writes them.
        field: of a long text more is taken than of a line.
        in_page_order: of labels that have an element to themselves, if there are any, else of those that begin a text.
    """
    index = index_of(document, scope)
    wanted = normalised(names)
    found = [(rank, spot) for rank, name in enumerate(wanted) for spot in index.within(scope, name)]
    if not found:
        return
    if in_page_order:
        own = [one for one in found if one[1].text is None]
        found = sorted(own or found, key=lambda one: one[1].order)
    elif len(found) > 1:
        found.sort(key=lambda one: _preference(index, *one))
    reader = _Reader(document, index, scope, field, frozenset(wanted))
    quoted = _letters(document, index, scope) if field in _QUOTABLE_FIELDS else []
    for _, spot in found[:_MOST_TRIED]:
        if spot.text is not None and any(low <= spot.order < high for low, high in quoted):
            continue
        if pieces := reader.value(spot):
            yield Value(pieces)


def _preference(index: LabelIndex, rank: int, spot: Spot) -> tuple[int, int, int, int, int]:
    is_link = spot.element.tag == "a" and spot.text is None
    kind = 0 if spot.text is None else 1 if spot.leads else 2
    return int(is_link), -index.home(spot), kind, rank, spot.order


def _letters(document: Document, index: LabelIndex, scope: Element) -> list[tuple[int, int]]:
    """Return from where to where the letter and the answer stand.

    What people write there, such as 联系电话：…, is no label of the page.
    """
    if "letters" not in document.memo:
        document.memo["letters"] = []
        values = [next(find(document, document.root, known_names(field), field), None) for field in _LONG_FIELDS]
        document.memo["letters"] = [
            index.range_of(one) for value in values if value is not None for one in value.elements()
        ]
    start = index.order[scope]
    return [(low, high) for low, high in document.memo["letters"] if not low <= start < high]


class _Reader:
    """Reads what stands beside the labels of one field.

    Args:
        scope: no value is looked for behind it.
        wanted: the names that were asked for, as they are compared.
    """

    def __init__(
        self, document: Document, index: LabelIndex, scope: Element, field: str, wanted: frozenset[str]
    ) -> None:
        self.document, self.index, self.scope, self.field, self.wanted = document, index, scope, field, wanted
        self.is_long = field in _LONG_FIELDS
        self.is_known = any(name in fields_by_name() for name in wanted)

    def value(self, spot: Spot) -> list[Piece]:
        """Return the pieces of the value; none if it is blank, or another label stands in its place."""
        element = spot.element
        if spot.text is not None and not spot.in_tail:
            return self._with_paragraphs(self._gathered(spot.rest, element.iterchildren(etree.Element)), element)
        if element is self.scope:
            return []
        if spot.text is not None:
            return self._gathered(spot.rest, element.itersiblings(etree.Element))
        if element.tag in _CELLS:
            return self._of_cell(element)
        if element.tag == "dt":
            return self._of_term(element)
        pieces = self._gathered(element.tail or "", element.itersiblings(etree.Element), element)
        parent = element.getparent()
        leads = element.getprevious() is None and not (parent.text or "").strip()
        return self._with_paragraphs(pieces, parent) if leads else pieces

    def _of_cell(self, cell: Element) -> list[Piece]:
        row = cell.getparent()
        if row is not None and row.tag == "tr" and self._is_header(row):
            beneath = self._beneath(cell, row)
            if beneath is not None:
                return [] if self._is_label(beneath) else [beneath]
        # A cell may hold nothing but the colon between the two.
        cells = (one for one in cell.itersiblings(*_CELLS) if self.index.text_of(one) not in (":", "："))
        beside = next(cells, None)
        if beside is None or (self._is_label(beside) and not self._looks_other(beside, cell)):
            return []
        return [beside]

    def _looks_other(self, beside: Element, cell: Element) -> bool:
        """Tell whether a cell with a usual name in it is written as values are, unlike the label before it."""
        texts = (self.index.text_of(cell), self.index.text_of(beside))
        if texts[1].endswith((":", "：")) or beside.tag == "th":
            return False
        return cell.tag == "th" or texts[0].endswith((":", "："))

    def _is_header(self, row: Element) -> bool:
        """Tell whether labels stand beside each other in a row, so that their values must be beneath."""
        cells = list(row.iterchildren(*_CELLS))
        if len(cells) == 1 or all(cell.tag == "th" for cell in cells):
            return True
        are_labels = [self._is_label(cell) for cell in cells]
        return any(map(operator.and_, are_labels, are_labels[1:]))

    def _beneath(self, cell: Element, row: Element) -> Element | None:
        """Return the cell in the same column of the next row; None if that row begins with a label of its own."""
        table = next(row.iterancestors("table"), None)
        if table is None:
            return None
        grid = grid_of(self.document, table)
        place = grid.places.get(row, len(grid.rows)) + 1
        if place >= len(grid.rows):
            return None
        first = next(iter(grid.cells[place]), None)
        if first is None or self._is_label(first):
            return None
        column = next((at for at, one in enumerate(grid.cells[place - 1]) if one is cell), -1)
        beneath = grid.cell(place, column) if column >= 0 else None
        # A row of a list says nothing of the row above it.
        return beneath if beneath is not None and self._is_inside(beneath) else None

    def _is_inside(self, element: Element) -> bool:
        start, end = self.index.range_of(self.scope)
        return start <= self.index.order.get(element, -1) < end

    def _of_term(self, term: Element) -> list[Piece]:
        pieces: list[Piece] = []
        for one in term.itersiblings(etree.Element):
            if one.tag != "dd" or (pieces and not self.is_long):
                break
            pieces.append(one)
        return pieces

    def _gathered(self, text: str, siblings: Iterable[Element], label: Element | None = None) -> list[Piece]:
        """Return what follows a label in its parent, up to the next label.

        Args:
            text: what stands directly behind the label.
            siblings: the elements that follow, each with its tail.
            label: the element of the label, if it has one.
        """
        text, ends = self._cut(text)
        pieces: list[Piece] = [text] if text.strip(_MARKS) else []
        says_something = bool(pieces)
        for one in siblings:
            if ends or self._is_label(one) or self._begins_with_label(one, is_first=not pieces):
                break
            if not pieces and label is not None and one.tag in _VALUE_PLACES and self._is_blank(one):
                if self.is_long and one.tag == "p":
                    continue
                break
            if one.tag == "br":
                if pieces and not self.is_long:
                    break
            elif one.tag in BLOCKS and not self._goes_on(pieces, one):
                break
            if pieces or one.tag != "br":
                pieces.append(one)
                says_something = says_something or not self._is_blank(one)
            tail = one.tail or ""
            if self._opens_with_label(tail, is_first=not says_something):
                break
            text, ends = self._cut(tail)
            if text.strip(_MARKS):
                says_something = True
            elif len(pieces) == 1 and self._is_whole(one, label):
                break
            if text and (pieces or says_something):
                pieces.append(text)
        return pieces

    def _goes_on(self, pieces: list[Piece], block: Element) -> bool:
        """Tell whether a block is part of a value that began before it: a paragraph is, a bar of buttons is not."""
        if not pieces:
            return True
        last = next((one.tag for one in reversed(pieces) if not isinstance(one, str) and one.tag in BLOCKS), None)
        return self.is_long and (block.tag in _PARAGRAPHS or last in (None, block.tag))

    def _is_whole(self, element: Element, label: Element | None) -> bool:
        """Tell whether the first element behind a label is all of its value."""
        if element.tag in BLOCKS:
            return not self.is_long or element.tag in _CONTAINERS
        return not self.is_long and label is not None and element.tag == label.tag and not self._is_blank(element)

    def _with_paragraphs(self, pieces: list[Piece], paragraph: Element) -> list[Piece]:
        """Return a long value that begins within a paragraph, with the paragraphs that follow."""
        if not self.is_long or not pieces or paragraph.tag != "p" or paragraph is self.scope:
            return pieces
        for one in paragraph.itersiblings(etree.Element):
            if one.tag != "p" or self._is_label(one) or self._begins_with_label(one):
                break
            pieces.append(one)
        return pieces

    def _cut(self, text: str) -> tuple[str, bool]:
        """Return a piece of text up to the next label in it, and whether there is one."""
        for match in _NEXT_LABEL.finditer(text):
            is_other = not self.is_long and self.field != "title" and not match[1].isascii()
            if is_other or self._ends_value(name_of(match[1])):
                return text[: match.start()], True
        return text, False

    def _ends_value(self, name: str, *, is_first: bool = False) -> bool:
        """Tell whether a name with a colon, where a value of this field may stand, begins another field.

        Args:
            is_first: nothing of the value came before; it would be odd for a letter to begin so.
        """
        known = fields_by_name().get(name)
        if not self.is_long:
            return known is not None or name in self.wanted
        if known is None:
            # Beside labels of its own, a page may have any other: 问 and 答.
            return not self.is_known and not is_first and 0 < len(name) <= _LONGEST_OWN_LABEL_CHARS
        if known == self.field or known in _WRITTEN_FIELDS or name in _WRITTEN_NAMES:
            return is_first and known in _HEAD_FIELDS
        return len(name) > 2 or name in _SHORT_CLOSERS or is_first

    def _is_label(self, element: Element) -> bool:
        """Tell whether an element holds nothing but a label."""
        text = self.index.text_of(element)
        if not text:
            return False
        if element.tag in ("th", "dt"):
            return True
        name = name_of(text)
        if text.endswith((":", "：")):
            # Letters begin with 尊敬的领导： on a line of its own.
            return not self.is_long or name in fields_by_name() or name in self.wanted
        return name not in _VALUE_WORDS and (name in fields_by_name() or name in self.wanted)

    def _begins_with_label(self, element: Element, *, is_first: bool = False) -> bool:
        """Tell whether the first text in an element is the label of another value."""
        for one in element.iter(etree.Element):
            if one is not element and self._is_label(one):
                return True
            if one is not element and not self.is_known and self.index.text_of(one).endswith((":", "：")):
                return True
            if one.text and one.text.strip():
                return self._opens_with_label(one.text, is_first=is_first)
        return False

    def _opens_with_label(self, text: str, *, is_first: bool) -> bool:
        head, colon, _ = text.lstrip()[:_LONGEST_HEAD_CHARS].replace("：", ":").partition(":")
        return bool(colon) and self._ends_value(name_of(head), is_first=is_first)

    def _is_blank(self, element: Element) -> bool:
        return not any(text.strip() for text in element.itertext()) and next(fields_in(element), None) is None
