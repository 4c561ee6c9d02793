"""The list of a page, whatever form it comes in: a description of it, tried with the reader that collection uses."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from collector.errors import CollectorError
from collector.pages.document import Document, fragment, html_document, read_document
from collector.pages.listing import Row, read_rows
from collector.pages.markup import Element
from collector.proposing.cells import row_fields
from collector.proposing.pager import find_pager
from collector.proposing.records import html_texts, record_fields, record_lists, record_pages
from collector.proposing.rows import Rows, find_rows
from collector.proposing.words import Part
from config.sources import Asking, Listing

_MOST_VARIABLES = 30
_ASSIGNED = re.compile(r"(?<![\w$.])(?:var\s+|let\s+|const\s+|window\.)?([A-Za-z_$][\w$]*)\s*=\s*(?=[\[{\"'])")
_WEAK = 0.5
_WEAK_ANSWER = 0.01

Found = tuple[Part, list[Row]]
"""A description of a list, and the rows that it reads from the page."""


def find_list(document: Document, url: str) -> Found | None:
    """Return the list that a page holds; None where none is recognised."""
    if document.data is not None:
        return _in_data(document, url)
    if document.root is None:
        return None
    if document.is_xml:
        return _in_xml(document, url)
    return _in_markup(document, url) or _in_scripts(document, url)


def _in_markup(document: Document, url: str) -> Found | None:
    for rows in find_rows(document.root):
        listing = _described(rows, document, url)
        if read := _read(document, listing):
            find_pager(document.root, document.source, url, listing)
            return listing, read
    return None


def _in_data(document: Document, url: str, asking: Mapping[str, str] | None = None) -> Found | None:
    for path, listing in _candidates(document, url):
        if path != "@":
            listing.keys["at"] = path
        listing.keys |= {"url": url, **(asking or {})}
        if read := _read(document, listing):
            if document.root is None:
                record_pages(document.data, url, listing)
            else:
                find_pager(document.root, document.source, url, listing)
            return listing, read
    return None


def _candidates(document: Document, url: str) -> Iterator[tuple[str, Part]]:
    """Yield places in data with what may be a list there: objects first, then texts with markup."""
    for path, records in record_lists(document.data)[:3]:
        yield path, record_fields(records)
    for path, texts in html_texts(document.data)[:3]:
        if (listing := _of_pieces(texts, document, url)) is not None:
            yield path, listing


def _in_xml(document: Document, url: str) -> Found | None:
    """Describe the element that comes again and again, by its children or by the HTML within it."""
    counted: dict[str, list[Element]] = {}
    for one in document.root.iter() if document.root is not None else ():
        if isinstance(one.tag, str):
            counted.setdefault(one.tag, []).append(one)
    found: list[Part] = []
    for tag, nodes in counted.items():
        if len(nodes) < 2:
            continue
        records = [{child.tag: child.text or "" for child in node if isinstance(child.tag, str)} for node in nodes]
        if all(records):
            listing: Part | None = record_fields(records)
            fields = listing.keys.get("fields", {}) if listing else {}
            if listing is not None:
                listing.keys["fields"] = {name: f"./{key}" for name, key in fields.items()}
        else:
            texts = [node.text or "" for node in nodes]
            listing = _of_pieces(texts, document, url) if all("<" in text for text in texts) else None
        if listing is not None and listing.keys.get("fields"):
            listing.keys |= {"url": url, "at": f"//{tag}"}
            found.append(listing)
    for listing in sorted(found, key=lambda one: -len(one.keys["fields"])):
        if read := _read(document, listing):
            record_pages(None, url, listing)
            return listing, read
    return None


def _in_scripts(document: Document, url: str) -> Found | None:
    names = list(dict.fromkeys(match[1] for match in _ASSIGNED.finditer(document.source)))
    for name in names[:_MOST_VARIABLES]:
        asking = {"format": "script", "variable": name}
        try:
            page = read_document(
                document.source.encode("utf-8", "replace"),
                "text/html; charset=utf-8",
                document.url,
                Asking.model_validate(asking),
            )
        except CollectorError:
            continue
        if isinstance(page.data, list | dict) and (found := _in_data(page, url, asking)):
            return found
    return None


def _described(rows: Rows, document: Document, url: str) -> Part:
    listing = row_fields(rows, document.source, document.url)
    listing.keys |= {"url": url, "rows": rows.selector}
    return listing


def _of_pieces(texts: Sequence[str], document: Document, url: str) -> Part | None:
    """Describe pieces of HTML that stand in data: a row each, or one with all rows."""
    if len(texts) == 1:
        page = html_document(texts[0], document.url)
        lists = find_rows(page.root)
        return _described(lists[0], page, url) if lists else None
    nodes = [fragment(text, document).root for text in texts]
    return row_fields(Rows(nodes, "", (), 1.0), document.source, document.url)


def _read(document: Document, listing: Part) -> list[Row]:
    """Return the rows as the reader reads them, and drop from the listing what it does not find.

    Empty where they do not say enough of a message: what it is about, and which one it is or when it was written.
    """
    while fields := listing.keys.get("fields"):
        try:
            rows = read_rows(document, Listing.model_validate(_keys(listing)), {})
        except (CollectorError, ValidationError):
            return []
        weak = [
            name
            for name in fields
            if sum(name in row.values for row in rows)
            < len(rows) * (_WEAK_ANSWER if name.startswith("answer") else _WEAK)
        ]
        if not weak:
            told = listing.has("title") or listing.has("body")
            return rows if told and any(map(listing.has, ("link", "external_id", "posted_at"))) else []
        for name in weak:
            del fields[name]
    return []


def _keys(listing: Part) -> dict[str, Any]:
    return {key: value for key, value in listing.keys.items() if key != "paging"}
