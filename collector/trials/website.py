"""A trial of a website: one page of its list and up to three messages, read as collection reads them."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from collector.client import Request
from collector.errors import CollectorError, SourceChanged, SourceFailed
from collector.pages.asking import Variables
from collector.pages.document import Document, read_document
from collector.pages.listing import Row, check_rows, read_rows, required_of, says_empty
from collector.pages.paging import Place, Window, next_place, page_request, paging_of, read_window
from collector.runs import Run
from collector.sources.details import detail_request, names_lacking, read_page
from collector.sources.rows import Entry, check_keys, item_of, read_entries, row_variables, says_answered
from collector.sources.visit import Session
from collector.trials.figures import FieldTrial, counted, of_items, suspicious
from collector.trials.fixture import Page
from config.sources import Website

MOST_DETAILS = 3

_ENCODINGS = ("utf-8", "gb18030", "big5", "utf-16")
_FORMS = {True: "XML", False: "a web page"}


class WebsiteTrial:
    """Tries one website, on the site itself or on pages kept earlier.

    Args:
        run: of this source; nothing is stored through it.
    """

    def __init__(self, run: Run, source: Website) -> None:
        self._ctx, self._run, self._source = run.ctx, run, source
        self._variables: Variables = dict(source.params)
        self._ordinals: dict[int, int] = {}
        self.pages: list[Page] = []
        self.notes: list[str] = []
        self.warnings: list[str] = []

    def fetch(self) -> None:
        """Ask the site for one page of the list and, where the description has details, for three messages.

        Raises:
            SourceFailed: the list could not be had; a message's page that cannot be had is a warning.
        """
        client = self._run.client()
        try:
            session = Session(self._ctx, self._source, client, self._run.since)
            response = session.fetch(partial(self._list_request, session.reveal, session.encoding))
            self.pages.append(Page("list", response.url, response.content_type, response.content))
            self._variables = session.variables()
            if self._source.details:
                entries = self._entries(self._document(self.pages[0]))
                entries.sort(key=lambda one: says_answered(one.row.values.get("status", "")) is not True)
                for entry in entries[:MOST_DETAILS]:
                    self._fetch_details(session, entry)
        finally:
            client.close()

    def read(self, pages: Sequence[Page]) -> list[FieldTrial]:
        """Return how the fields of the description did on pages; notes and warnings are kept beside.

        Raises:
            PageUnreadable: the list page is not of the form that the description says.
        """
        listing, zone = self._source.list, self._ctx.profile.zone
        page = next(one for one in pages if one.role == "list")
        document = self._document(page)
        entries = self._entries(document)
        rows = read_rows(document, listing, self._variables)
        self._describe(page, document, rows, entries)
        self._check(document, rows, entries, page.url)
        self._note_next(document, len(entries))
        names = [*listing.fields, *(listing.replies.fields if listing.replies else ())]
        trials = counted("list", names, [row.values for row in rows], zone)
        variables = [{f"vars.{name}": value for name, value in row.vars.items()} for row in rows]
        trials += counted("list", [f"vars.{name}" for name in listing.vars], variables, zone)
        read = self._read_details(pages, entries, trials)
        items = [
            item_of(entry, read.get(entry.row.number, {}), self._source, zone, self._run.limits)
            for entry in entries
            if entry.row.number in read or not self._source.details
        ]
        of_messages, warnings = of_items([self._run.sift(item) for item in items], zone)
        self.warnings += warnings
        return trials + of_messages

    def _list_request(self, reveal: Callable[[str], str], encoding: str, variables: Variables) -> Request:
        return page_request(self._source.list, Place(), Window(), variables, reveal, self._source.base or "", encoding)

    def _document(self, page: Page) -> Document:
        return read_document(
            page.content, page.content_type, page.url, self._source.list, encoding=self._source.encoding
        )

    def _entries(self, document: Document) -> list[Entry]:
        """Return the rows, and remember how people count them: from 1, headers left out."""
        rows = read_rows(document, self._source.list, self._variables)
        self._ordinals = {row.number: place for place, row in enumerate(rows, start=1)}
        return read_entries(self._source, document, self._variables)

    def _fetch_details(self, session: Session, entry: Entry) -> None:
        given = row_variables(entry)
        for block, detail in enumerate(self._source.details):
            if lacking := names_lacking(self._source, detail, given):
                self.warnings.append(
                    f"row {self._ordinals[entry.row.number]} has no page: no {', '.join(sorted(lacking))}"
                )
                continue
            request = partial(detail_request, self._source, session, detail, given, self.pages[0].url)
            try:
                response = session.fetch(request)
                page = Page("detail", response.url, response.content_type, response.content, entry.row.number, block)
                self.pages.append(page)
                values, more = self._page_values(page, given)
            except SourceFailed as error:
                self.warnings.append(f"the page of row {self._ordinals[entry.row.number]}: {error.what}")
                continue
            given = {**given, **values, **more}

    def _page_values(self, page: Page, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        detail = self._source.details[page.block]
        variables = {**self._variables, **given}
        return read_page(self._source, detail, page.content, page.content_type, page.url, variables)

    def _read_details(
        self, pages: Sequence[Page], entries: Sequence[Entry], trials: list[FieldTrial]
    ) -> dict[int, dict[str, Any]]:
        """Add how the fields of the details did, and return what the pages of each row say."""
        by_number = {entry.row.number: entry for entry in entries}
        joined: dict[int, dict[str, Any]] = {}
        zone = self._ctx.profile.zone
        for block, detail in enumerate(self._source.details):
            numbers: list[int] = []
            rows: list[dict[str, Any]] = []
            for page in pages:
                if page.role != "detail" or page.block != block or page.row not in by_number:
                    continue
                given = {**row_variables(by_number[page.row]), **joined.get(page.row, {})}
                try:
                    values, more = self._page_values(page, given)
                except CollectorError as error:
                    self.warnings.append(f"the page of row {self._ordinals[page.row]}: {error.what}")
                    continue
                numbers.append(self._ordinals[page.row])
                rows.append({**values, **{f"vars.{name}": value for name, value in more.items()}})
                joined[page.row] = {**joined.get(page.row, {}), **values}
            part = "details" if len(self._source.details) == 1 else f"details[{block}]"
            names = [*detail.fields, *(detail.replies.fields if detail.replies else ())]
            trials += counted(part, [*names, *(f"vars.{name}" for name in detail.vars)], rows, zone, numbers)
            lacking = [name for name in required_of(detail) if rows and not any(name in row for row in rows)]
            if lacking:
                self.warnings.append(f"{part}: {', '.join(lacking)} is required and was found on no page")
        return joined

    def _describe(self, page: Page, document: Document, rows: Sequence[Row], entries: Sequence[Entry]) -> None:
        form = "data (JSON or script)" if document.data is not None else _FORMS[document.is_xml]
        declared = page.content_type or "no content type"
        repeated = len(rows) - len(entries)
        repeating = f", {repeated} of them with the id of another" if repeated else ""
        self.notes += [
            f"list: {page.url}",
            f"answer: {form}, {len(page.content)} bytes, {declared}",
            f"encoding: {_encoding(page.content, document.source)}",
            f"rows: {len(rows)}{repeating}",
        ]

    def _check(self, document: Document, rows: Sequence[Row], entries: Sequence[Entry], where: str) -> None:
        """Say what would stop a run, in the words it would use."""
        if not rows:
            if says_empty(document, self._source.list):
                self.notes.append("the page says that there is no message")
            else:
                self.warnings.append("no row was found; check list.rows, list.header and list.at")
            return
        try:
            check_rows(rows, required_of(self._source.list), where)
            check_keys(entries, where)
        except SourceChanged as error:
            self.warnings.append(f"a run would stop here: {error.what}")
        self.warnings += suspicious([row.values for row in rows])

    def _note_next(self, document: Document, rows: int) -> None:
        paging = paging_of(self._source.list)
        if paging is None:
            self.notes.append("next page: none is described")
            return
        try:
            window = read_window(document, paging, Place(), Window(), self._variables)
            place = next_place(
                document, self._source.list, paging, Place(), window, self._variables, rows=rows, seen=rows
            )
            said = [f"{window.pages} pages" if window.pages else "", f"{window.total} rows" if window.total else ""]
            if told := " and ".join(filter(None, said)):
                self.notes.append(f"the page says: {told}")
            if place is None:
                self.notes.append("next page: none, this is the last")
                return
            # What a secret stands for is not shown.
            shown = {**self._variables, **self._source.params}
            request = page_request(
                self._source.list, place, window, shown, lambda text: text, self._source.base or "", "utf-8"
            )
        except CollectorError as error:
            self.warnings.append(f"next page: {error.what}")
            return
        sent = request.json if request.json is not None else dict(request.form or ())
        own = {name: value for name, value in sent.items() if not name.startswith("__VIEWSTATE")} if sent else {}
        self.notes.append(f"next page: {request.method} {request.url}{f' with {own}' if own else ''}")


def _encoding(content: bytes, source: str) -> str:
    for name in _ENCODINGS:
        try:
            if content.decode(name).removeprefix("\ufeff") == source:
                return name
        except UnicodeDecodeError:
            continue
    return "a mixture, with characters that could not be read"
