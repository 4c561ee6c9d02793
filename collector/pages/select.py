"""One value out of a row or page, found as a pick of the description says."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any
from urllib.parse import urljoin

from lxml import etree

from collector.clean import looks_like_html, plain, tidy
from collector.errors import PageUnreadable
from collector.pages import labels
from collector.pages.asking import filled
from collector.pages.columns import cell_under
from collector.pages.document import Document, fragment
from collector.pages.labelindex import name_of
from collector.pages.markup import Element
from collector.pages.names import known_names, normalised
from collector.pages.texts import element_text, field_value, fields_in
from collector.readers.headers import normalise
from collector.readers.values import as_text
from config.selectors import BadSelector, from_json, search_json, tree_selector
from config.sources import Pick

_LINKS = ("link", "next")
_NO_LINK = re.compile(r"\s*(?:javascript|about|mailto|tel|data|void)\b|\s*#|\s*$", re.IGNORECASE)
_OPENED = re.compile(
    r"(?:location(?:\.href)?\s*=|window\.open\s*\(|location\.(?:assign|replace)\s*\()\s*['\"]([^'\"]+)['\"]"
)
_MOST_NESTED = 2000
"""Objects of one answer that are searched for a key."""


@dataclass(frozen=True)
class Node:
    """A place in an answer: an element or a JSON value.

    Args:
        value: None: the answer as a whole.
        is_row: it is one of several alike, so that its place may have a header above.
    """

    document: Document
    value: Any = None
    is_row: bool = False

    @property
    def here(self) -> Any:
        """The element or JSON value itself."""
        if self.value is not None:
            return self.value
        return self.document.root if self.document.data is None else self.document.data


def is_element(value: object) -> bool:
    """Tell whether a value is an element of a tree."""
    return isinstance(value, etree._Element)


def pick_value(node: Node, pick: Pick, field: str, variables: Mapping[str, Any]) -> Any:
    """Return the value that a pick finds: a text mostly, JSON numbers stay numbers; None for nothing or a blank.

    Args:
        field: whose value it is; `link` and `next` are addresses, and a pick by usual names needs it.
        variables: what `{name}` stands for in a constant.
    Raises:
        PageUnreadable: the selector is in a language that does not fit the answer.
    """
    if pick.value is not None:
        return filled(pick.value, variables).strip() or None
    scopes = [node] if pick.within is None else nodes_at(node, pick.within)
    found = (value for scope in scopes for value in _found(scope, pick, field))
    values = (value for one in found for value in _matched(one, pick) if not _is_blank(value))
    if not pick.every:
        return next(values, None)
    return "\n\n".join(plain(as_text(value)) for value in values) or None


def selected(document: Document, selector: str) -> list[Element]:
    """Return the elements of a page that a selector finds; none where the answer is data only."""
    if document.root is None:
        return []
    return [one for one in _in_tree(document, document.root, selector) if is_element(one)]


def nodes_at(node: Node, selector: str) -> list[Node]:
    """Return the places below a place that a selector finds; text that holds markup or JSON is opened.

    Raises:
        PageUnreadable: the selector is in a language that does not fit the answer.
    """
    return [opened(Node(node.document, value)) for value in select_all(node, selector)]


def select_all(node: Node, selector: str) -> list[Any]:
    """Return the elements, texts or JSON values that a selector finds; a list that JMESPath finds is its members."""
    if is_element(node.here):
        return list(_in_tree(node.document, node.here, selector))
    found = json_at(node, selector)
    if found is None and node.value is None and node.document.root is not None:
        # A page whose list stands in a script: what is no part of the data may stand in the page.
        return list(_in_tree(node.document, node.document.root, selector))
    return found if isinstance(found, list) else [] if found is None else [found]


def json_at(node: Node, selector: str) -> Any:
    """Return what JMESPath finds below a JSON value, as it is; None for nothing.

    Raises:
        PageUnreadable: the selector is no JMESPath.
    """
    try:
        return search_json(selector, node.here)
    except BadSelector as error:
        if node.value is None and node.document.root is not None:
            return None
        raise PageUnreadable(
            f"the answer is data, and {selector} is no JMESPath",
            item=node.document.url,
            todo="Correct the selector, or format of the source.",
        ) from error


def opened(node: Node) -> Node:
    """Return what stands in a text: an HTML fragment or JSON; anything else comes back as it is.

    So are the text of a record in XML and of an element that holds data, such as a script or a text area.
    """
    value = node.here
    if is_element(value):
        holds_data = value.tag in ("script", "textarea", "template", "noscript") or node.document.is_xml
        text = value.text if holds_data and not len(value) else None
        if not text or not (looks_like_html(text) or text.lstrip().startswith(("{", "["))):
            return node
    elif isinstance(value, str):
        text = value
    else:
        return node
    parsed = from_json(text)
    if isinstance(parsed, list | dict):
        return Node(Document(node.document.base, text, data=parsed))
    if looks_like_html(text):
        inner = fragment(text, node.document)
        if is_element(value) and inner.root is not None:
            # A record in XML may say the rest in attributes.
            for name in set(value.attrib) - set(inner.root.attrib):
                inner.root.set(name, value.get(name))
        return Node(inner)
    return node


def source_of(node: Node) -> str:
    """Return the text a place is written in: of a row in a page its markup, attributes in double quotes."""
    value = node.here
    if node.value is None or value is node.document.root:
        return node.document.source
    if is_element(value):
        text: str = etree.tostring(value, encoding="unicode", with_tail=False)
        # As people see it in the page's source.
        for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
            text = text.replace(entity, character)
        return text
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def link_of(element: Element) -> str | None:
    """Return where an element leads: itself, or the first link in it; None if nowhere."""
    for one in (element, *element.iter("a", "area")):
        href = one.get("href")
        if href and not _NO_LINK.match(href):
            return str(href).strip()
    for one in element.iter(etree.Element):
        if match := _OPENED.search(one.get("onclick") or one.get("href") or ""):
            return match[1]
    return None


def absolute(link: object, document: Document) -> str | None:
    """Return a link as an absolute address; None where it leads nowhere, such as `javascript:` or `#`."""
    text = as_text(link).strip()
    if _NO_LINK.match(text):
        return None
    try:
        return urljoin(document.base, text)
    except ValueError:
        return None


def _found(node: Node, pick: Pick, field: str) -> Iterator[Any]:
    """Yield the values, before the pattern, that a pick may mean, the likeliest first."""
    here = node.here
    if pick.select is not None:
        for value in select_all(node, pick.select):
            yield _reading(value, pick, field, node)
    elif pick.label or pick.column or pick.known:
        names = pick.label or pick.column or known_names(field)
        if is_element(here):
            yield from _by_name(node, here, names, pick, field)
        elif isinstance(here, dict):
            yield from _by_key(here, names)
    else:
        yield source_of(node)


def _by_name(node: Node, element: Element, names: tuple[str, ...], pick: Pick, field: str) -> Iterator[Any]:
    if node.document.is_xml:
        yield from _by_tag(node, element, names, pick, field)
        return
    if node.is_row and not pick.label:
        cell = cell_under(node.document, element, normalised(names))
        if cell is not None:
            yield _reading(cell, pick, field, node)
    if node.is_row and pick.known and field in _LINKS:
        yield link_of(element)
    if not pick.column:
        without = _removed(node, element, pick)
        for value in labels.find(node.document, element, names, field, in_page_order=pick.every):
            if pick.attr is not None:
                inside = (inner for one in value.elements() for inner in one.iter(etree.Element))
                yield from (inner.get(pick.attr) for inner in inside)
            else:
                yield value.text(without) or _field_text(value.elements())


def _by_tag(node: Node, element: Element, names: tuple[str, ...], pick: Pick, field: str) -> Iterator[Any]:
    """Yield what XML gives in elements or attributes of some names."""
    found: dict[str, Any] = {normalise(key): value for key, value in element.attrib.items()}
    for one in islice(element.iterdescendants(etree.Element), _MOST_NESTED):
        if not len(one):
            found.setdefault(normalise(one.tag), one)
    yield from (_reading(found[name], pick, field, node) for name in normalised(names) if name in found)


def _by_key(data: dict[str, Any], names: tuple[str, ...]) -> Iterator[Any]:
    queue = [data]
    for one in queue:
        keys = {name_of(key): value for key, value in one.items() if not isinstance(value, dict | list)}
        yield from (keys[name] for name in normalised(names) if name in keys)
        if len(queue) < _MOST_NESTED:
            queue.extend(part for part in one.values() if isinstance(part, dict))


def _reading(value: Any, pick: Pick, field: str, node: Node) -> Any:
    """Return what an element, or another thing a selector found, says."""
    if not is_element(value):
        return str(value) if isinstance(value, str) else value
    if pick.attr is not None:
        return value.get(pick.attr) if node.document.is_xml else value.get(pick.attr.lower(), value.get(pick.attr))
    if field in _LINKS and not node.document.is_xml:
        link = link_of(value)
        if link is not None and pick.pattern is None:
            return link
        if pick.pattern is not None and (said := _said_of_link(value)):
            return said
    if node.document.is_xml:
        return tidy("".join(value.itertext()))
    if (own := field_value(value)) is not None:
        return own
    return element_text(value, _removed(node, value, pick)) or _field_text([value])


def _said_of_link(element: Element) -> str:
    """Return what an element and the first link in it say of where they lead; a pattern finds the address in it."""
    inner = next(element.iter("a", "area"), element)
    values = (inner.get("href"), inner.get("onclick"), element.get("onclick") if inner is not element else None)
    return " ".join(value for value in values if value)


def _field_text(elements: list[Element]) -> str | None:
    """Return what the form fields hold in which some systems show a letter."""
    said = (field_value(field) for element in elements for field in fields_in(element))
    return next((text for text in said if text), None)


def _removed(node: Node, element: Element, pick: Pick) -> frozenset[Element]:
    found = (one for selector in pick.remove for one in _in_tree(node.document, element, selector))
    return frozenset(one for one in found if is_element(one) and one is not element)


def _matched(value: Any, pick: Pick) -> Iterator[Any]:
    if isinstance(value, list):
        for one in value:
            yield from _matched(one, pick)
    elif pick.pattern is None:
        yield value.strip() if isinstance(value, str) else value
    elif value is not None:
        for match in _pattern(pick.pattern).finditer(as_text(value)):
            yield (match[1] or "").strip() if match.re.groups else match[0].strip()


@lru_cache(1024)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


def _is_blank(value: Any) -> bool:
    return value is None or value == "" or isinstance(value, dict | list)


def _in_tree(document: Document, element: Element, selector: str) -> Iterator[Any]:
    try:
        found = tree_selector(selector, is_xml=document.is_xml)(element)
    except (BadSelector, etree.XPathError) as error:
        raise PageUnreadable(
            f"the answer is a page, and {selector} is neither CSS nor XPath",
            item=document.url,
            todo="Correct the selector, or format of the source.",
        ) from error
    yield from found if isinstance(found, list) else [found]
