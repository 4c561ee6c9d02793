"""Elements of a page: their texts, classes that can be relied on, and selectors that find them again; pure."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from collector.pages.markup import Element
from config.selectors import tree_selector

_BLANKS = re.compile(r"[\s\u3000\xa0]+")
_IDENT = re.compile(r"-?[A-Za-z_][\w-]*")
_PASSING = re.compile(
    r"(?:odd|even|first|last|active|current|on|off|hover|cur|selected|sel|new|hot|top|even\d|odd\d|bg\d*|clearfix|fl|fr|"
    r"left|right|w\d+|pull-\w+|col-\w+|text-\w+|mt\d+|mb\d+|ng-\w+)",
    re.IGNORECASE,
)
_UNREAD = frozenset({"script", "style", "noscript", "template", "select", "option", "textarea", "head", "title"})


def find_all(node: Element, selector: str) -> list[Element]:
    """Return the elements that a CSS selector or XPath finds in a node."""
    found = tree_selector(selector)(node)
    return [one for one in found if is_element(one)] if isinstance(found, list) else []


def is_element(node: object) -> bool:
    """Tell whether a node is an element rather than a comment or an instruction."""
    return isinstance(getattr(node, "tag", None), str)


def children(node: Element) -> list[Element]:
    """Return the child elements that a reader sees."""
    return [child for child in node if is_element(child) and child.tag not in _UNREAD]


def elements(node: Element) -> Iterator[Element]:
    """Yield a node and all elements beneath it that a reader sees, in the order of the page."""
    stack = [node]
    while stack:
        top = stack.pop()
        if is_element(top) and top.tag not in _UNREAD:
            yield top
            stack.extend(reversed(top))


def text_of(node: Element) -> str:
    """Return the text of a node on one line; scripts and the like are left out."""
    return _BLANKS.sub(" ", in_order(node)).strip()


def in_order(node: Element) -> str:
    """Return the text of a node as it stands in the page."""
    pieces: list[str] = []
    stack: list[Any] = [node]
    while stack:
        top = stack.pop()
        if isinstance(top, str):
            pieces.append(top)
            continue
        inner: list[Any] = []
        if is_element(top) and top.tag not in _UNREAD:
            inner.append(top.text or "")
            for child in top:
                inner += [child, child.tail or ""]
        stack.extend(reversed(inner))
    return "".join(pieces)


def classes_of(node: Element) -> list[str]:
    """Return the classes of an element that say what it is, not how it stands in its row."""
    return [
        name for name in (node.get("class") or "").split() if _IDENT.fullmatch(name) and not _PASSING.fullmatch(name)
    ]


def ancestors(node: Element) -> Iterator[Element]:
    """Yield the elements around a node, the nearest first."""
    parent = node.getparent()
    while parent is not None:
        yield parent
        parent = parent.getparent()


def marks_of(node: Element) -> list[str]:
    """Return CSS selectors for one element by itself, the most telling first."""
    marks = []
    if _IDENT.fullmatch(own := node.get("id") or ""):
        marks.append(f"#{own}")
    return marks + [f"{node.tag}.{name}" for name in classes_of(node)]


def path_from(top: Element, node: Element) -> str:
    """Return an XPath of steps by number from an element to one beneath it."""
    steps: list[str] = []
    while node is not top:
        parent = node.getparent()
        same = [child for child in parent if child.tag == node.tag]
        steps.append(node.tag if len(same) == 1 else f"{node.tag}[{same.index(node) + 1}]")
        node = parent
    return "./" + "/".join(reversed(steps)) if steps else "."


def selector_of(root: Element, node: Element) -> str | None:
    """Return the simplest CSS selector whose first find in a page is the element."""
    around = [mark for above in list(ancestors(node))[:6] for mark in marks_of(above)]
    own = [*marks_of(node), node.tag]
    tried: list[str] = [*own, *(f"{mark} {name}" for name in own for mark in around)]
    for selector in tried:
        if next(iter(find_all(root, selector)), None) is node:
            return selector
    return None


def selector_of_all(root: Element, wanted: Sequence[Element], harmless: Callable[[Element], bool]) -> str | None:
    """Return the simplest CSS selector that finds the elements, and beside them only such as do no harm."""
    aim = set(wanted)
    tag = wanted[0].tag
    common = [name for name in classes_of(wanted[0]) if all(name in classes_of(one) for one in wanted)]
    own = [*(f"{tag}.{name}" for name in common), *_by_cells(wanted), tag]
    tried: list[str] = list(own[:-1])
    parent = wanted[0].getparent()
    for above in [parent, *ancestors(parent)][:8] if parent is not None else []:
        tried += [f"{mark} {name}" for mark in marks_of(above) for name in own]
        # The place among its like stands for an element that has no name of its own.
        if above.getparent() is not None and above.tag in ("table", "ul", "ol", "div", "tbody", "dl", "section"):
            for higher in list(ancestors(above))[:4]:
                tried += [f"{mark} {above.tag} {own[0]}" for mark in marks_of(higher)]
                tried += [f"{mark} > {above.tag} > {own[0]}" for mark in marks_of(higher)]
    tried += [f"{parent.tag} > {tag}", tag] if parent is not None else [tag]
    for selector in tried:
        found = set(find_all(root, selector))
        if aim <= found and all(map(harmless, found - aim)):
            return selector
    return None


def _by_cells(rows: Sequence[Element]) -> Iterator[str]:
    """Yield selectors of table rows by the class of a cell that all of them have."""
    if rows[0].tag != "tr":
        return
    for cell in children(rows[0]):
        for name in classes_of(cell):
            if all(any(name in classes_of(one) for one in children(row)) for row in rows):
                yield f"tr:has(> {cell.tag}.{name})"


def selector_in_rows(rows: Sequence[Element], pairs: Sequence[tuple[Element, Element]]) -> str | None:
    """Return the simplest selector whose first find in a row is, in most rows, the element wanted there."""
    if not pairs:
        return None
    wanted = dict(pairs)
    tried: dict[str, None] = {}
    for row, one in pairs[:3]:
        if row is one:
            return "."
        parent = one.getparent()
        own = [*(f"{one.tag}.{name}" for name in classes_of(one)), one.tag]
        outer = [*(f"{parent.tag}.{name}" for name in classes_of(parent)), parent.tag] if parent is not row else []
        tried |= dict.fromkeys([*own, *(f"{above} {name}" for name in own for above in outer), path_from(row, one)])
    best, best_hits = None, 0
    for selector in tried:
        hits = -sum(bool(find_all(row, selector)) for row in rows if row not in wanted)
        hits += sum((find_all(row, selector) or [None])[0] is one for row, one in pairs)
        if hits > best_hits:
            best, best_hits = selector, hits
    return best if best_hits >= 0.8 * len(pairs) else None
