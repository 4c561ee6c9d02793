"""The fields of one row or page, each by its pick."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from collector.clean import plain
from collector.pages.select import Node, absolute, nodes_at, pick_value
from collector.pages.values import latest
from collector.readers.values import as_text
from config.sources import Pick, Replies


def read_fields(node: Node, fields: Mapping[str, Pick], variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a row or page that were found; a link is absolute, and one that leads nowhere is none."""
    values: dict[str, Any] = {}
    for name, pick in fields.items():
        value = pick_value(node, pick, name, variables)
        if name == "link" and value is not None:
            value = absolute(value, node.document)
        if value is not None:
            values[name] = value
    return values


def read_vars(node: Node, fields: Mapping[str, Pick], variables: Mapping[str, Any]) -> dict[str, str]:
    """Return the further values of a row or page as text."""
    found = {name: pick_value(node, pick, name, variables) for name, pick in fields.items()}
    return {name: as_text(value) for name, value in found.items() if value is not None}


def read_replies(node: Node, replies: Replies, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers of a row or page as one: the texts in page order, the latest date, all names."""
    texts: list[str] = []
    dates: list[Any] = []
    names: dict[str, None] = {}
    for place in nodes_at(node, replies.rows):
        values = read_fields(replace(place, is_row=True), replies.fields, variables)
        if "answer_text" in values:
            # Each is made plain by itself: joined markup would lose the line between them.
            texts.append(plain(as_text(values["answer_text"])))
        if "answered_at" in values:
            dates.append(values["answered_at"])
        if "answered_by" in values:
            names[as_text(values["answered_by"])] = None
    found = {"answer_text": "\n\n".join(texts), "answered_at": latest(dates), "answered_by": "、".join(names)}
    return {name: value for name, value in found.items() if value}
