"""Repeated rows of a page: which elements are one message each; pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from collector.pages.markup import Element
from collector.proposing.markup import (
    ancestors,
    children,
    classes_of,
    elements,
    find_all,
    path_from,
    selector_of_all,
    text_of,
)
from collector.proposing.words import DATE, DATE_ATTRIBUTES, field_of, is_status
from collector.readers.headers import match

_DIGITS = re.compile(r"\d+")
_LETTERS = re.compile(r"信|留言|咨询|投诉|诉求|答复|回复|办理|建议|举报|求助")
_MOST_LINKS = 8
_MOST_DATES = 4


@dataclass(frozen=True)
class Rows:
    """Rows of one list.

    Args:
        nodes: the elements, a message each.
        selector: finds them in the page; rows of headers and pagers may be among what it finds.
        header: texts of the table's header row, by column; empty where there is none.
        score: how much they look like a list of letters.
    """

    nodes: Sequence[Element]
    selector: str
    header: tuple[str, ...]
    score: float


def find_rows(root: Element) -> list[Rows]:
    """Return the lists of a page, the one that looks most like a list of letters first."""
    found = []
    for group in _groups(root):
        header, nodes = _headed(group)
        if len(nodes) < 2 or not (score := _score(nodes, header)):
            continue
        found.append((score, nodes, header))
    found.sort(key=lambda one: -one[0])
    lists = []
    for score, nodes, header in found[:5]:
        selector = selector_of_all(root, nodes, _harmless) or _by_place(root, nodes)
        lists.append(Rows(nodes, selector, header, score))
    return lists


def link_of(row: Element) -> Element | None:
    """Return the link of a row that leads to its own page: the one with the longest text."""
    links = [one for one in elements(row) if one.tag == "a" and (one.get("href") or one.get("onclick"))]
    return max(links, key=lambda one: len(one.get("title") or text_of(one)), default=None)


def dates_of(row: Element) -> list[Element]:
    """Return the smallest elements of a row that hold a date, in their text or in an attribute for it."""
    found: list[Element] = []
    for one in elements(row):
        if _date_in(one) or DATE.search(text_of(one)):
            found = [other for other in found if one not in other.iterdescendants()]
            found.append(one)
    return found


def _date_in(node: Element) -> bool:
    return any(DATE.match(node.get(attr) or "") for attr in DATE_ATTRIBUTES)


def _groups(root: Element) -> Iterator[list[Element]]:
    """Yield elements of one parent, or of one table, that are built alike."""
    for parent in elements(root):
        if parent.tag == "table":
            rows = [row for row in find_all(parent, ".//tr") if next(_tables(row), None) is parent]
            if len(rows) > 1:
                yield rows
                yield from _alternating(rows)
            continue
        if parent.tag in ("tbody", "thead", "tr"):
            continue
        alike: dict[tuple[str, ...], list[Element]] = {}
        plain: dict[str, list[Element]] = {}
        for child in children(parent):
            if child.tag in ("br", "hr", "input", "img", "table", "tbody", "label"):
                continue
            shape = (child.tag, *sorted(_DIGITS.sub("", name) for name in classes_of(child)))
            alike.setdefault(shape, []).append(child)
            plain.setdefault(child.tag, []).append(child)
        for group in alike.values():
            if len(group) > 1:
                yield group
        for tag, group in plain.items():
            if len(group) > 1 and tag in ("li", "dl", "article") and group not in alike.values():
                yield group


def _alternating(rows: Sequence[Element]) -> Iterator[list[Element]]:
    """Yield rows of a table whose cells are named alike, where rows of two sorts take turns: letter and answer."""
    alike: dict[tuple[str, ...], list[Element]] = {}
    for row in rows:
        names = tuple(" ".join(classes_of(cell)) for cell in children(row))
        if any(names):
            alike.setdefault(names, []).append(row)
    if len(alike) > 1:
        yield from (group for group in alike.values() if len(group) > 1)


def _tables(node: Element) -> Iterator[Element]:
    return (one for one in ancestors(node) if one.tag == "table")


def _headed(group: list[Element]) -> tuple[tuple[str, ...], list[Element]]:
    """Divide the rows of a table into the texts of its header and the rows beneath it; drop what is no row."""
    if group[0].tag != "tr":
        return (), [one for one in group if len(text_of(one)) >= 4]
    for place, row in enumerate(group[:4]):
        texts = cell_texts(row)
        named = sum(field_of(text) is not None for text in texts)
        if len(texts) >= 2 and named >= 2 and match(texts).score + named >= 3 and not DATE.search(" ".join(texts)):
            beneath = [one for one in group[place + 1 :] if len(children(one)) >= 2 and len(text_of(one)) >= 4]
            return texts, beneath
    return (), [one for one in group if len(text_of(one)) >= 4 and not _is_pager(one)]


def cell_texts(row: Element) -> tuple[str, ...]:
    """Return the texts of the cells of a row; a cell over several columns counts as often."""
    texts: list[str] = []
    for cell in children(row):
        if cell.tag in ("td", "th"):
            span = cell.get("colspan") or "1"
            texts += [text_of(cell)] * (min(int(span), 20) if span.isdecimal() and span != "0" else 1)
    return tuple(texts)


def _is_pager(row: Element) -> bool:
    text = text_of(row)
    return "下一页" in text or "下页" in text or ("共" in text and "页" in text and len(text) < 80)


def _score(nodes: Sequence[Element], header: tuple[str, ...]) -> float:
    """Rate how much elements look like a list of letters; 0 where they do not."""
    texts = [text_of(node) for node in nodes]
    links = [link_of(node) for node in nodes]
    titles = [len(link.get("title") or text_of(link)) if link is not None else 0 for link in links]
    dates = [
        len(set(DATE.findall(text))) + any(map(_date_in, node.iter())) for node, text in zip(nodes, texts, strict=True)
    ]
    several = [len(find_all(node, ".//a[@href]")) for node in nodes]
    total = len(nodes)
    linked = sum(title >= 4 for title in titles) / total
    dated = sum(1 <= one <= _MOST_DATES for one in dates) / total
    length = sorted(map(len, texts))[total // 2]
    if sorted(several)[total // 2] > _MOST_LINKS or (linked < 0.6 and dated < 0.6) or length < 6:
        return 0.0
    if linked < 0.6 and length < 14:
        return 0.0
    targets = {(link.get("href"), link.get("onclick")) for link in links if link is not None}
    if linked >= 0.6 and len(targets) < total * 0.6:
        return 0.0
    stated = sum(any(is_status(text_of(one)) for one in elements(node)) for node in nodes) / total
    labelled = sum(field_of(text) is not None for text in header)
    titled = sorted(titles)[total // 2]
    spoken = sum(_LETTERS.search(text) is not None for text in texts) / total
    rating = 3 * dated + 2 * linked + stated + 0.8 * labelled + 0.5 * spoken + min(titled, 20) / 20
    # Without a date a list of links may be a menu.
    if dated < 0.5:
        rating *= 0.5 if titled >= 10 else 0.2
    return float(rating * min(total, 20) ** 0.5)


def _harmless(node: Element) -> bool:
    """Tell whether an element beside the rows would be read as none: it has no date, and no links but a pager's."""
    return not DATE.search(text_of(node)) and (link_of(node) is None or _is_pager(node))


def _by_place(root: Element, nodes: Sequence[Element]) -> str:
    """Return an XPath by numbers, for rows that no name finds; of table rows by the number of their cells as well."""
    parent = nodes[0].getparent()
    start, path = root, f"/{root.tag}"
    for above in (parent, *ancestors(parent)):
        if re.fullmatch(r"[A-Za-z_][\w-]*", above.get("id") or ""):
            start, path = above, f"//*[@id='{above.get('id')}']"
            break
    cells = min(len(children(node)) for node in nodes)
    few = f"[td[{cells}]]" if nodes[0].tag == "tr" and cells > 1 else ""
    return f"{path}{path_from(start, parent)[1:]}/{nodes[0].tag}{few}"
