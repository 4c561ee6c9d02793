"""Fields of repeated rows: title and link, dates, states, offices, numbers and texts; pure."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from collector.pages.markup import Element
from collector.proposing.labels import Label, label_beside, labels_of
from collector.proposing.links import add_links
from collector.proposing.markup import (
    ancestors,
    children,
    classes_of,
    elements,
    find_all,
    selector_in_rows,
    text_of,
)
from collector.proposing.rows import Rows, cell_texts, dates_of
from collector.proposing.words import (
    CHINESE,
    DATE,
    DATE_ATTRIBUTES,
    DATE_PATTERN,
    FIELD_ORDER,
    Part,
    field_of,
    is_date,
    is_office,
    is_status,
)

_ENOUGH = 0.8
_ENOUGH_ANSWERS = 0.25
_LEAST_TEXT = 10
_BODY_HINT = re.compile(r"content|question|body|text|msg|detail|desc|neirong|nr|ask|wen|letter|say", re.IGNORECASE)
_ANSWER_HINT = re.compile(r"reply|answer|huifu|hf|dafu|df|feedback|response", re.IGNORECASE)
_NUMBER = re.compile(r"[A-Za-z]{0,6}[\[〔(]?\d{4,}[\]〕)]?[\w-]*号?")


def row_fields(rows: Rows, source: str, url: str) -> Part:
    """Return the fields that most rows of a list have.

    Args:
        source: text of the page, where scripts say how a row's page is opened.
        url: address of the page.
    """
    part = Part()
    _by_header(rows, part)
    _by_label(rows, part)
    add_links(rows, part, source, url)
    _date(rows, part)
    for name, fits in (("status", is_status), ("answered_by", is_office)):
        if not part.has(name) and (place := _place_of(rows, fits)):
            doubt = "" if name == "status" else "这里当作答复单位，核对是不是收信单位等别的内容"
            part.put(name, place, doubt)
    _number(rows, part)
    _texts(rows, part)
    return part


def _by_header(rows: Rows, part: Part) -> None:
    """Take the columns whose headers are known and under which most rows have something."""
    cells = [cell_texts(row) for row in rows.nodes]
    for column, text in enumerate(rows.header):
        name = field_of(text)
        # Of a header over several columns it is uncertain which of them has the value.
        if name is None or name == "external_id" or rows.header.count(text) > 1:
            continue
        filled = [texts[column] for texts in cells if column < len(texts) and texts[column]]
        if len(filled) < len(cells) / 2 and name not in ("answered_at", "answered_by", "answer_text"):
            continue
        if name == "receipt_no" and filled == [str(number) for number in range(1, len(filled) + 1)]:
            continue  # A number that only counts the rows of the page.
        if name in ("posted_at", "received_at", "answered_at") and not any(map(DATE.search, filled)):
            continue
        if name == "answer_text" and filled and all(map(is_status, filled)):
            name = "status"
        if not part.has(name):
            part.put(name, {"column": text})
    if part.has("received_at") and not part.has("posted_at"):
        part.put("posted_at", part.keys["fields"].pop("received_at"), "列表只有受理一类的时间，暂当作来信时间")


def _by_label(rows: Rows, part: Part) -> None:
    """Take what stands beside labels that most rows have."""
    held: dict[str, list[Label]] = {}
    for row in rows.nodes:
        for label in labels_of(row):
            held.setdefault(label.field, []).append(label)
    for name, labels in held.items():
        answers = name.startswith("answer")
        if part.has(name) or len(labels) < len(rows.nodes) * (_ENOUGH_ANSWERS if answers else _ENOUGH):
            continue
        part.put(name, {"label": _one_or_list(list(dict.fromkeys(label.text for label in labels)))})


def _one_or_list(texts: list[str]) -> Any:
    return texts[0] if len(texts) == 1 else texts


def _date(rows: Rows, part: Part) -> None:
    """Find when a message was written; of several dates the one with such a label, else the first."""
    if part.has("posted_at"):
        return
    places: list[list[tuple[Element, Element]]] = []
    for row in rows.nodes:
        for place, one in enumerate(dates_of(row)):
            if place == len(places):
                places.append([])
            places[place].append((row, one))
    full = [pairs for pairs in places if len(pairs) >= _ENOUGH * len(rows.nodes)]
    if not full:
        return
    named = [field_of(label_beside(pairs[0][1]) or "") for pairs in full]
    best = named.index("posted_at") if "posted_at" in named else 0
    doubt = "一行里有几个日期，暂取第一个" if len(full) > 1 and "posted_at" not in named else ""
    part.put("posted_at", _dated(rows, full[best]), doubt)


def _dated(rows: Rows, pairs: Sequence[tuple[Element, Element]]) -> Any:
    """Return where the date stands: an element of its own, an attribute, or a pattern on the text around it."""
    selector = selector_in_rows(rows.nodes, pairs)
    if selector is None:
        return {"pattern": DATE_PATTERN}
    for attr in DATE_ATTRIBUTES:
        if all(one.get(attr) for _, one in pairs):
            return {"select": selector, "attr": attr}
    if all(is_date(text_of(one)) for _, one in pairs):
        return selector
    return {"select": selector, "pattern": DATE_PATTERN}


def _place_of(rows: Rows, fits: Callable[[str], bool]) -> str | None:
    """Return the place of the elements whose texts are nothing but a value of some kind."""
    pairs = []
    for row in rows.nodes:
        for one in elements(row):
            if one.tag not in ("a", "tr", "li") and not len(children(one)) and fits(text_of(one)):
                pairs.append((row, one))
                break
    if len(pairs) < _ENOUGH * len(rows.nodes):
        return None
    selector = selector_in_rows(rows.nodes, pairs)
    return None if selector == "." else selector


def _number(rows: Rows, part: Part) -> None:
    """Take a letter's number for its id where no address names one."""
    if part.has("receipt_no") and not part.has("external_id"):
        part.put("external_id", part.keys["fields"]["receipt_no"])
    elif not part.has("receipt_no") and not part.has("external_id"):
        place = _place_of(rows, lambda text: _NUMBER.fullmatch(text) is not None)
        texts = [text_of(found[0]) for row in rows.nodes if place and (found := find_all(row, place))]
        if place and len(set(texts)) == len(rows.nodes):
            part.put("external_id", place, "这一列当作信件编号，核对每封信是不是各不相同、不会变")


def _texts(rows: Rows, part: Part) -> None:
    """Find letter and answer in rows that hold the whole message, by the names of their elements or by length."""
    taken: set[Element] = set()
    for name, hint in (("answer_text", _ANSWER_HINT), ("body", _BODY_HINT)):
        if part.has(name):
            continue
        pairs = []
        for row in rows.nodes:
            for one in _blocks(row, taken):
                if hint.search(" ".join(classes_of(one))) and len(text_of(one)) >= _LEAST_TEXT:
                    pairs.append((row, one))
                    break
        taken.update(one for _, one in pairs)
        enough = len(pairs) >= len(rows.nodes) * (_ENOUGH_ANSWERS if name == "answer_text" else _ENOUGH)
        if enough and (selector := selector_in_rows(rows.nodes, pairs)):
            part.put(name, selector, f"按样式名猜的，核对是不是{CHINESE[name]}")
            taken.update(one for row in rows.nodes for one in find_all(row, selector))
    if not part.has("body") and not part.has("link"):
        pairs = [(row, max(found, key=_own_length)) for row in rows.nodes if (found := list(_blocks(row, taken)))]
        long = sorted(_own_length(one) for _, one in pairs)
        if pairs and long[len(long) // 2] >= _LEAST_TEXT and (selector := selector_in_rows(rows.nodes, pairs)):
            part.put("body", selector, "按篇幅猜的，核对是不是信件内容")


def _blocks(row: Element, taken: Collection[Element]) -> Iterator[Element]:
    """Yield the elements of a row that may be a text, apart from those that are taken already."""
    for one in elements(row):
        if one is row or one.tag == "a" or is_date(text_of(one)):
            continue
        if not any(above in taken for above in [one, *ancestors(one)]) and not any(
            below in taken for below in one.iterdescendants()
        ):
            yield one


def _own_length(node: Element) -> int:
    """Return how much text an element has itself, that of its paragraphs included."""
    own = len((node.text or "").strip())
    for child in node:
        own += len((child.tail or "").strip()) + (len(text_of(child)) if child.tag in ("p", "span", "font") else 0)
    return own


def ordered(fields: dict[str, Any]) -> dict[str, Any]:
    """Return fields in the order in which a person reads a letter."""
    return {name: fields[name] for name in FIELD_ORDER if name in fields}
