"""The pages of a website's list: asked for, kept and read; an empty one is told from a page of another kind."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from collector.client import Request
from collector.errors import PageGone, PageUnreadable, SourceChanged, SourceFailed
from collector.intake import Raw
from collector.pages.asking import Variables
from collector.pages.document import Document, read_document
from collector.pages.listing import check_rows, required_of, says_empty
from collector.pages.paging import Place, Window, next_place, page_request, paging_of, read_window
from collector.runs import Run
from collector.sources.rows import Entry, check_keys, read_entries
from collector.sources.visit import Session, shown
from config.sources import Paging, Website

LIST = "list"
"""The role of their raw items."""

ENOUGH = 3
"""Rows from which on a later page is checked for its required fields; an odd last row is no change of the site."""

_NUMBERS = re.compile(r"[\d\s]+")
_STATES = frozenset(
    {"code", "status", "statuscode", "state", "success", "result", "errcode", "errno", "ret", "retcode"}
)


@dataclass(frozen=True)
class ListPage:
    """One page of the list.

    Args:
        raw_id: 0 for a page that is not there.
        document: None for a page that is not there.
    """

    place: Place
    raw_id: int = 0
    document: Document | None = None
    entries: list[Entry] = field(default_factory=list)


@dataclass(frozen=True)
class Version:
    """Which state of the first page was seen.

    Args:
        asked: digest of its request.
    """

    asked: str = ""
    etag: str | None = None
    last_modified: str | None = None


class Lists:
    """Reads pages of one source's list, for one run."""

    def __init__(self, run: Run, source: Website, session: Session) -> None:
        self._run, self._source, self._session = run, source, session
        self.paging: Paging | None = paging_of(source.list)
        self.window = Window()
        self.version = Version()
        self._shapes: set[object] = set()

    def page(self, place: Place, known: Version | None = None) -> ListPage | None:
        """Return a page; one without rows is behind the end, or the board is empty.

        Args:
            known: the first page as it was seen before; None is returned where the site says that it still holds.
        Raises:
            SourceChanged: the first page has no rows and does not say that it is empty, or most rows lack a required
                field; its raw item is kept and named.
            PageUnreadable: the answer is not of the form it should have, or a later page without rows is not like the
                pages before it.
            SourceFailed: as `Session.fetch`.
        """
        asked: list[Request] = []

        def make(variables: Variables) -> Request:
            request = page_request(
                self._source.list,
                place,
                self.window,
                variables,
                self._session.reveal,
                self._source.base or "",
                self._session.encoding,
            )
            if known is not None and request.method == "GET" and known.asked == _digest(request):
                request = replace(request, etag=known.etag, last_modified=known.last_modified)
            asked.append(request)
            return request

        try:
            response = self._session.fetch(make)
        except PageGone:
            if place.index == 0:
                raise
            return ListPage(place)
        if response.not_modified:
            return None
        options = {"role": LIST, "url": response.url, "type": response.content_type}
        settled = bool(self._source.details)
        (raw_id,) = self._run.keep([Raw(response.url, response.content, options, settled=settled)])
        try:
            page = self._read(place, raw_id, response.content, response.content_type, response.url)
        except SourceFailed:
            # A later run reads the page anew; these bytes are for people.
            self._run.take([], settled=[raw_id])
            raise
        if place.index == 0:
            self.version = Version(_digest(asked[-1]), response.etag, response.last_modified)
        return page

    def next_place(self, page: ListPage, seen: int | None) -> Place | None:
        """Return the place of the page after this one; None at the end.

        Args:
            seen: different rows from the first page to this one; None where the walk began later.
        """
        if self.paging is None or page.document is None:
            return None
        rows = len(page.entries)
        variables = self._session.variables()
        return next_place(
            page.document, self._source.list, self.paging, page.place, self.window, variables, rows=rows, seen=seen
        )

    def _read(self, place: Place, raw_id: int, content: bytes, content_type: str, url: str) -> ListPage:
        variables = self._session.variables()
        document = read_list(self._source, content, content_type, url)
        if self.paging is not None:
            self.window = read_window(document, self.paging, place, self.window, variables)
        where = f"{shown(url)} (raw item {raw_id})"
        entries = read_entries(self._source, document, variables)
        shape = _shape_of(document)
        if not entries:
            self._check_empty(place, document, shape, where)
            return ListPage(place, raw_id, document)
        if place.index == 0 or len(entries) >= ENOUGH:
            check_rows([entry.row for entry in entries], required_of(self._source.list), where)
            check_keys(entries, where)
        self._shapes.add(shape)
        return ListPage(place, raw_id, document, entries)

    def _check_empty(self, place: Place, document: Document, shape: object, where: str) -> None:
        if says_empty(document, self._source.list):
            return
        if place.index == 0:
            raise SourceChanged(
                "no row was found on the first page of the list",
                item=where,
                todo="Run `source try`; if the board is empty, give the words it says so with in list.empty.",
            )
        # What a site answers when it keeps collectors out has no rows either; taken for the end, it would hide
        # everything behind it.
        if shape not in self._shapes:
            raise PageUnreadable(
                f"page {place.index + 1} of the list has no rows and is not like the first",
                item=where,
                todo="The next run tries again. If it lasts, open the address in a browser; if it says that there is "
                "nothing more, give its words in list.empty.",
            )


def read_list(source: Website, content: bytes, content_type: str, url: str) -> Document:
    """Return a list page as a document.

    Raises:
        PageUnreadable: it is not of the form that the description says.
    """
    return read_document(content, content_type, url, source.list, encoding=source.encoding)


def _shape_of(document: Document) -> object:
    """Return what is the same on all pages of a list: the title of a page, the states or else the keys of data."""
    data = document.data
    if isinstance(data, Mapping):
        states = {key: value for key, value in data.items() if key.lower() in _STATES and isinstance(value, str | int)}
        return tuple(sorted((key, str(value)) for key, value in states.items())) or frozenset(data)
    if document.root is None or data is not None:
        return type(data).__name__
    if document.is_xml:
        return document.root.tag
    title = document.root.find(".//title")
    return None if title is None else _NUMBERS.sub("", "".join(title.itertext()))


def _digest(request: Request) -> str:
    asked: list[Any] = [request.method, request.url, request.form, request.json]
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()[:16]
