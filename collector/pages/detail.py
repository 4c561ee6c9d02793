"""A page of one message's own: its fields, and the answers on it."""

from collections.abc import Mapping
from typing import Any

from collector.pages.document import Document
from collector.pages.fields import read_fields, read_replies, read_vars
from collector.pages.select import Node, nodes_at, opened
from config.sources import Detail


def read_detail(
    document: Document, detail: Detail, variables: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the values of a page, and its further values for the addresses of further pages.

    Raises:
        PageUnreadable: a selector is in a language that does not fit the answer.
    """
    node = _place(Node(document), detail)
    if node is None:
        return {}, {}
    names = read_vars(node, detail.vars, variables)
    values = read_fields(node, detail.fields, {**variables, **names})
    if detail.replies is not None:
        values.update(read_replies(node, detail.replies, variables))
    return values, names


def _place(whole: Node, detail: Detail) -> Node | None:
    """Return where in the answer the message is; None if the answer has no such place."""
    place: Node | None = opened(whole) if isinstance(whole.here, str) else whole
    for selector in (detail.at, detail.within):
        if place is not None and selector is not None:
            place = next(iter(nodes_at(place, selector)), None)
    if place is not None and place is not whole and isinstance(place.here, list) and place.here:
        return Node(place.document, place.here[0])
    return place
