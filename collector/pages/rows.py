"""Where the rows of a list are: in a table, in repeated elements, in lists of JSON, in records that hold markup."""

from collections.abc import Iterator
from typing import Any

from lxml import etree

from collector.pages.columns import rows_beneath
from collector.pages.document import Document
from collector.pages.markup import Element
from collector.pages.names import known_names, normalised
from collector.pages.select import Node, is_element, json_at, nodes_at, opened, select_all
from config.sources import Listing

_MOST_SEARCHED = 10_000
"""Lists and objects of one answer that are searched for the rows."""


def row_nodes(document: Document, listing: Listing) -> Iterator[Node]:
    """Yield the places of a page that may be rows, in page order.

    Raises:
        PageUnreadable: a selector is in a language that does not fit the answer.
    """
    places = list_places(document, listing)
    for place in places:
        if listing.rows is not None:
            found = _selected(place, listing.rows)
        elif is_element(place.here) and (listing.at is None or len(places) == 1):
            found = _in_tree(place, listing)
        else:
            found = _members(place)
        for one in found:
            yield Node(one.document, one.here, is_row=True)


def list_places(document: Document, listing: Listing) -> list[Node]:
    """Return where in an answer its rows are: what `at` finds, with texts opened; without it the answer as a whole."""
    whole = Node(document)
    if listing.at is None:
        return [opened(whole) if isinstance(document.data, str) else whole]
    if document.data is not None:
        found = json_at(whole, listing.at)
        return [opened(Node(document, found if found is not None else []))]
    return [opened(Node(document, one)) for one in select_all(whole, listing.at)]


def table_rows(place: Node, listing: Listing) -> list[Element] | None:
    """Return the rows beneath the header that a description names; None where there is no such header."""
    if listing.header:
        columns = [normalised((text,)) for text in listing.header]
        return rows_beneath(place.document, place.here, columns, len(columns))
    columns = [
        normalised(pick.column or known_names(name))
        for name, pick in listing.fields.items()
        if pick.column or (pick.known and name != "link")
    ]
    return rows_beneath(place.document, place.here, columns, min(2, len(columns))) if columns else None


def _selected(place: Node, selector: str) -> Iterator[Node]:
    here = place.here
    if not isinstance(here, list) or not any(isinstance(one, str) for one in here):
        yield from nodes_at(place, selector)
        return
    # Of a list of HTML texts, the rows in each of them.
    for one in here:
        inner = opened(Node(place.document, one))
        if is_element(inner.here):
            yield from nodes_at(inner, selector)


def _in_tree(place: Node, listing: Listing) -> Iterator[Node]:
    if place.document.is_xml:
        rows: list[Element] | None = _records(place.here)
    else:
        rows = table_rows(place, listing)
    if rows:
        yield from (opened(Node(place.document, one)) for one in rows)
    elif listing.at is not None:
        yield place


def _members(place: Node) -> Iterator[Node]:
    here = place.here
    if isinstance(here, dict):
        here = _objects(here)
    if isinstance(here, list):
        yield from (opened(Node(place.document, one)) for one in here if one is not None)
    elif is_element(here):
        yield place


def _objects(data: dict[str, Any]) -> list[Any]:
    """Return the first list of objects in JSON, breadth first; else the members of an object of objects."""
    queue: list[Any] = [data]
    keyed: list[Any] = []
    for one in queue:
        for part in one.values() if isinstance(one, dict) else one:
            if isinstance(part, list) and part and all(isinstance(each, dict) for each in part):
                return part
            if isinstance(part, dict | list) and len(queue) < _MOST_SEARCHED:
                queue.append(part)
        if (
            not keyed
            and isinstance(one, dict)
            and len(one) > 1
            and all(isinstance(each, dict) for each in one.values())
        ):
            keyed = list(one.values())
    return keyed


def _records(root: Element) -> list[Element]:
    """Return the elements of XML that repeat most often beside each other."""
    best: list[Element] = []
    for element in root.iter(etree.Element):
        children = list(element.iterchildren(etree.Element))
        if len(children) > len(best) and len({child.tag for child in children}) == 1:
            best = children
    return best
