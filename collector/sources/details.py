"""The rows' own pages: fetched politely, kept before they are read, and joined with what the list said."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any

from collector.base import Blank, Fetched, Item, Unreadable
from collector.batch import Pair
from collector.client import Request, Response
from collector.errors import (
    BudgetSpent,
    HttpRefused,
    LoginFailed,
    PageGone,
    PageUnreadable,
    SecretMissing,
    SourceChanged,
    SourceFailed,
)
from collector.intake import Raw
from collector.pages.asking import LINK, Variables, filled_url, make_request, names_in
from collector.pages.detail import read_detail
from collector.pages.document import read_document
from collector.pages.listing import required_of
from collector.runs import Run
from collector.sources.rows import OWN_PAGE, Entry, item_of, row_variables
from collector.sources.stored import owners
from collector.sources.visit import Session, shown
from config.sources import Detail, Website

BATCH = 50
"""Pages fetched before they are stored: what a kill may cost."""

PATIENCE = 5
"""Pages that may fail, or be gone, in a row."""

ENOUGH = 3
"""Pages that are enough to see by themselves that a site changed."""

DETAIL = "detail"
"""The role of their raw items."""

_STOPPING = (BudgetSpent, LoginFailed, SecretMissing, SourceChanged)


@dataclass(frozen=True)
class Wanted:
    """A row whose pages are to be fetched.

    Args:
        list_raw: raw item of its list page.
        list_url: of the list page.
        known: its message is stored, and only an answer is looked for.
    """

    entry: Entry
    list_raw: int
    list_url: str
    known: bool = False


@dataclass
class Batch:
    """What came of some rows.

    Args:
        pairs: to be taken.
        settled: raw items from which nothing more is read.
        idle: raw items that brought nothing.
        items: what became of each row, by its key; of known rows those with an answer.
        failed: rows whose page could not be read this time.
        partly: what their other pages say, by key.
        looked: keys of known rows that still have no answer.
        fault: stops the run once the rest is stored.
    """

    pairs: list[Pair] = field(default_factory=list)
    settled: list[int] = field(default_factory=list)
    idle: list[int] = field(default_factory=list)
    items: dict[str, Item] = field(default_factory=dict)
    failed: list[Wanted] = field(default_factory=list)
    partly: dict[str, dict[str, Any]] = field(default_factory=dict)
    looked: list[str] = field(default_factory=list)
    fault: SourceFailed | None = None


@dataclass
class _Page:
    """An answer about one row."""

    detail: Detail
    level: int
    response: Response
    raw_id: int = 0
    own: bool = False
    read: tuple[dict[str, Any], dict[str, Any]] | None = None


@dataclass
class _Reading:
    """One row being read; without pages, what the list said is all there is."""

    wanted: Wanted
    pages: list[_Page] = field(default_factory=list)
    gone: bool = False


class Details:
    """Reads rows' pages, as long as not too many fail one after the other; for one run.

    Args:
        samples: rows that were read in earlier runs; they tell a page that is odd from a site that changed.
    """

    def __init__(self, run: Run, source: Website, session: Session) -> None:
        self._run, self._source, self._session = run, source, session
        self._zone, self._limits = run.ctx.profile.zone, run.limits
        self._failures = self._gone = 0
        self._answered = False
        self._sound: bool | None = None
        self.samples: list[Wanted] = []

    def read(self, rows: Sequence[Wanted]) -> Batch:
        """Return what came of some rows, `BATCH` at most; faults of single rows stay theirs.

        Raises:
            StorageFull, DatabaseError: nothing was kept.
        """
        batch = Batch()
        readings: list[_Reading] = []
        for wanted in rows:
            reading = _Reading(wanted)
            try:
                self._fetch(reading)
                self._check_gone(reading)
            except SourceFailed as error:
                if isinstance(error, _STOPPING) or (isinstance(error, HttpRefused) and _asks_to_wait(error)):
                    batch.fault = error
                    break
                batch.failed.append(wanted)
                batch.partly[wanted.entry.key] = self._said(reading)
                self._failures += 1
                if self._failures > PATIENCE:
                    batch.fault = error
                    break
            else:
                self._failures = 0
                readings.append(reading)
        if isinstance(batch.fault, SourceChanged):
            readings = [one for one in readings if one.pages]
        self._keep(readings)
        self._read(readings, batch)
        return batch

    def _fetch(self, reading: _Reading) -> None:
        wanted = reading.wanted
        given = row_variables(wanted.entry)
        for level, detail in enumerate(self._source.details):
            if names_lacking(self._source, detail, given):
                continue
            request = partial(detail_request, self._source, self._session, detail, given, wanted.list_url)
            try:
                response = self._session.fetch(request)
            except PageGone:
                reading.gone = True
                continue
            page = _Page(detail, level, response)
            reading.pages.append(page)
            if level + 1 < len(self._source.details):
                values, names = self._parsed(page, given)
                given = {**given, **values, **names}

    def _parsed(self, page: _Page, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        if page.read is None:
            page.read = read_page(
                self._source,
                page.detail,
                page.response.content,
                page.response.content_type,
                page.response.url,
                {**self._session.variables(), **given},
            )
        return page.read

    def _check_gone(self, reading: _Reading) -> None:
        """Old pages that are gone are ordinary. Where no page is left, the site has moved them, and the few words of
        the list would stand for the letters for ever.
        """
        if reading.pages:
            self._gone, self._answered = 0, True
        elif reading.gone:
            self._gone += 1
            if self._gone > PATIENCE and not self._answered and not self._is_sound():
                raise SourceChanged(
                    f"the pages of {self._gone} rows in a row are gone",
                    item=self._source.id,
                    todo="See in a browser where the list leads; correct details of the source if the site moved them.",
                )

    def _keep(self, readings: Sequence[_Reading]) -> None:
        """Keep the pages, of each row the last one as that from which it is read again."""
        for level in range(len(self._source.details)):
            found = [(one, page) for one in readings for page in one.pages if page.level == level]
            if not found:
                continue
            ids = self._run.keep([self._raw(reading, page) for reading, page in found])
            belong = owners(self._run, ids)
            for (reading, page), raw_id in zip(found, ids, strict=True):
                page.raw_id = raw_id
                # The same bytes for two rows, such as a page that says that there is none, belong to the first.
                page.own = belong.get(raw_id) == reading.wanted.entry.position

    def _raw(self, reading: _Reading, page: _Page) -> Raw:
        wanted, response = reading.wanted, page.response
        options = {
            "role": DETAIL,
            "level": page.level,
            "list": wanted.list_raw,
            "row": wanted.entry.row.number,
            "at": wanted.entry.position,
            "earlier": [one.raw_id for one in reading.pages if one.level < page.level],
            "url": response.url,
            "type": response.content_type,
        }
        return Raw(response.url, response.content, options, settled=wanted.known or page is not reading.pages[-1])

    def _read(self, readings: Sequence[_Reading], batch: Batch) -> None:
        """Read what was kept and sort out what becomes of each row."""
        odd: list[tuple[_Reading, list[str]]] = []
        whole: list[tuple[_Reading, dict[str, Any]]] = []
        unreadable = 0
        for reading in readings:
            batch.settled.extend(page.raw_id for page in reading.pages)
            try:
                values, lacking = self._values(reading)
            except PageUnreadable as error:
                unreadable += 1
                if unreadable > PATIENCE and batch.fault is None:
                    batch.fault = error
                batch.failed.append(reading.wanted)
                batch.partly[reading.wanted.entry.key] = self._said(reading)
                continue
            unreadable = 0
            if lacking:
                odd.append((reading, lacking))
            else:
                whole.append((reading, values))
        read = sum(bool(reading.pages) for reading, _ in whole)
        if read:
            self._sound = True
        try:
            if len(odd) > read and (len(odd) + read >= ENOUGH or not self._is_sound()):
                raise self._changed(*odd[0])
        except SourceFailed as error:
            batch.fault = error
            batch.failed.clear()
            return
        for reading, values in whole:
            self._take(reading, item_of(reading.wanted.entry, values, self._source, self._zone, self._limits), batch)
        for reading, lacking in odd:
            self._take(reading, lacking_item(reading.wanted.entry, lacking), batch)

    def _take(self, reading: _Reading, item: Item, batch: Batch) -> None:
        wanted = reading.wanted
        item = self._run.sift(item)
        if wanted.known and not (isinstance(item, Fetched) and item.answer_text):
            batch.looked.append(wanted.entry.key)
            batch.idle.extend(page.raw_id for page in reading.pages)
            return
        if isinstance(item, Blank):
            batch.idle.extend(page.raw_id for page in reading.pages)
        own = [page.raw_id for page in reading.pages[-1:] if page.own]
        batch.pairs.append((own[0] if own else wanted.list_raw, item))
        batch.items[wanted.entry.key] = item

    def _values(self, reading: _Reading) -> tuple[dict[str, Any], list[str]]:
        """Return what a row's pages say, and the required fields they lack."""
        given = row_variables(reading.wanted.entry)
        values: dict[str, Any] = {}
        lacking: list[str] = []
        for page in reading.pages:
            found, names = self._parsed(page, given)
            lacking += lacking_of(page.detail, found)
            values |= found
            given = {**given, **found, **names}
        return values, lacking

    def _said(self, reading: _Reading) -> dict[str, Any]:
        """Return what those of a row's pages say that can be read."""
        given = row_variables(reading.wanted.entry)
        values: dict[str, Any] = {}
        for page in reading.pages:
            with suppress(PageUnreadable):
                found, names = self._parsed(page, given)
                values |= found
                given = {**given, **found, **names}
        return values

    def _is_sound(self) -> bool:
        """Tell whether rows of earlier runs can still be read: then the site has not changed."""
        if self._sound is None:
            self._sound = any(map(self._reads, self.samples))
        return self._sound

    def _reads(self, sample: Wanted) -> bool:
        try:
            reading = _Reading(sample)
            self._fetch(reading)
            return bool(reading.pages) and not self._values(reading)[1]
        except PageUnreadable:
            return False

    def _changed(self, reading: _Reading, lacking: Sequence[str]) -> SourceChanged:
        page = reading.pages[-1]
        return SourceChanged(
            f"{', '.join(lacking)} is found on few of the rows' pages",
            item=f"{shown(page.response.url)} (raw item {page.raw_id})",
            todo="Run `source try`; correct details of the source if the site changed.",
        )


def names_lacking(source: Website, detail: Detail, given: Mapping[str, Any]) -> set[str]:
    """Return what a page is asked by and its row does not give; with any of it, such as the link, there is no page."""
    declared = {LINK, *source.list.fields, *source.list.vars}
    for one in source.details:
        declared.update(one.fields, one.vars)
    asked = names_in([detail.url or OWN_PAGE, detail.form, detail.data])
    return (asked & declared) - given.keys()


def detail_request(
    source: Website, session: Session, detail: Detail, given: Mapping[str, Any], list_url: str, variables: Variables
) -> Request:
    """Return the request of one page of a row.

    Args:
        given: by the row, and by its pages before this one.
        list_url: of the list page; relative addresses start from it where the source has no base.
        variables: of the session.
    Raises:
        AddressRefused: the description gives no absolute address.
    """
    variables = {**variables, **given}
    return make_request(
        filled_url(detail.url or OWN_PAGE, variables, source.base or list_url, session.encoding),
        variables,
        session.reveal,
        method=detail.method,
        form=detail.form,
        data=detail.data,
        headers=detail.headers,
        encoding=session.encoding,
    )


def read_page(
    source: Website, detail: Detail, content: bytes, content_type: str, url: str, variables: Variables
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields and variables of one page of a row; an answer without content says nothing.

    Raises:
        PageUnreadable: it is not of the form that the description says.
    """
    if not content.strip():
        return {}, {}
    document = read_document(content, content_type, url, detail, encoding=source.encoding)
    return read_detail(document, detail, variables)


def lacking_of(detail: Detail, found: Mapping[str, Any]) -> list[str]:
    """Return the required fields that a page lacks."""
    return [name for name in required_of(detail) if name not in found]


def lacking_item(entry: Entry, lacking: Sequence[str]) -> Unreadable:
    """Return what stands for a row whose page lacks required fields."""
    return Unreadable(entry.position, "missing-field", f"{entry.position}: its page has no {', '.join(lacking)}")


def _asks_to_wait(refused: HttpRefused) -> bool:
    return refused.status == HTTPStatus.TOO_MANY_REQUESTS or refused.retry_after is not None
