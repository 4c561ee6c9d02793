"""Rows of a table to messages, by the conventions of boards, letters and 12345 orders."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime, timedelta
from datetime import time as time_of_day

from collector.base import Blank, Fetched, Item, Unreadable
from collector.clean import plain, strip_order_noise, tidy_line
from collector.errors import DateMissing
from collector.readers.options import ReadOptions
from collector.readers.table import Row, Table
from collector.readers.values import BadDate, as_count, as_identifier, as_moment, as_text, as_yes_no

ORDER_CHANNEL = "hotline-12345"
PLACE_MARK = "事发地："
_NOTHING = frozenset({"", "null", "none", "nan"})
_CLOCK = re.compile(r"(\d{1,2})\s*[:时点]")
_MIDNIGHT_HOURS = ("0", "00", "12")
_MOST_ID, _MOST_RECEIPT, _MOST_NAME = 255, 64, 128


def check_dates(table: Table, options: ReadOptions) -> None:
    """Refuse a table without any date, unless the caller gave one for all its rows.

    Raises:
        DateMissing: better one refusal than every row set aside.
    """
    if not table.has_date and options.posted_at is None:
        raise DateMissing(
            "no column holds a date; the columns are: " + ", ".join(column for column in table.columns if column),
            todo="Say when they were written with --posted-at 2026-11-23, or add a column 留言时间 (posted_at).",
        )


def table_items(table: Table, options: ReadOptions) -> Iterator[Item]:
    """Yield a message, an unreadable row or a blank for each row; raises what `Table.items` raises."""
    is_order = table.is_order or options.channel == ORDER_CHANNEL
    for item in table.items():
        yield _message(_Record(table, item, options), is_order=is_order) if isinstance(item, Row) else item


def _message(record: "_Record", *, is_order: bool) -> Item:
    try:
        return record.message(is_order=is_order)
    except MemoryError:
        raise
    # Cells come from strangers and pass through several parsers; one row must not take the others with it.
    except Exception as error:
        detail = f"{record.position}: could not be read ({type(error).__name__})"
        return Unreadable(record.position, "unreadable", detail)


class _Faulty(Exception):
    """The row cannot become a message."""

    def __init__(self, reason: str, detail: str) -> None:
        self.reason, self.detail = reason, detail
        super().__init__(detail)


class _Record:
    """One row seen by the names of fields."""

    def __init__(self, table: Table, row: Row, options: ReadOptions) -> None:
        self.table, self.options = table, options
        self.position, self.cells = row

    def value(self, field: str) -> object:
        """Return the cell of a field; where it is empty, the cell of a further column of the same meaning."""
        if field not in self.table.fields:
            return None
        for index in (self.table.fields[field], *self.table.spares.get(field, ())):
            cell = self.cells[index] if index < len(self.cells) else None
            if cell is not None and (type(cell) is int or as_text(cell).strip()[:5].lower() not in _NOTHING):
                return cell
        return None

    def line(self, field: str) -> str | None:
        """Return a field as one line of text, None when it is empty."""
        value = self.value(field)
        return None if value is None else tidy_line(as_text(value)) or None

    def moment(self, field: str) -> datetime | None:
        """Return a field as a moment; raises BadDate."""
        value = self.value(field)
        return None if value is None else as_moment(value, self.options.zone, base_1904=self.table.base_1904)

    def message(self, *, is_order: bool) -> Item:
        """Return the message of this row, or why there is none."""
        body, title = plain(as_text(self.value("body"))), tidy_line(plain(as_text(self.value("title"))))
        if not body:
            body, title = title, ""
        if not body:
            return self.without_text()
        if is_order:
            body = self.order_text(body)
        try:
            posted_at, received_at = self.dates()
        except _Faulty as fault:
            return Unreadable(self.position, fault.reason, f"{self.position}: {fault.detail}")
        answer = plain(as_text(self.value("answer_text"))) or None
        answered_by = self.line("answered_by") if answer else None
        return Fetched(
            position=self.position,
            body=body,
            title=title,
            posted_at=posted_at,
            received_at=received_at,
            external_id=as_identifier(self.value("external_id"), _MOST_ID),
            receipt_no=as_identifier(self.value("receipt_no"), _MOST_RECEIPT),
            author_name=self.author(),
            contact=as_identifier(self.value("contact"), _MOST_ID),
            likes=as_count(self.value("likes")),
            dislikes=as_count(self.value("dislikes")),
            given_due_at=self.due(),
            answer_text=answer,
            answered_at=self.loose_moment("answered_at") if answer else None,
            answered_by=answered_by[:_MOST_NAME] if answered_by else None,
            publish_consent=as_yes_no(self.value("publish_consent")),
            kind=self.line("kind"),
            confidential=as_yes_no(self.value("confidential")) is True,
        )

    def without_text(self) -> Item:
        """Tell a row that lost its text from a row that is no message, such as a sum at the end."""
        filled = sum(bool(as_text(cell).strip()) for cell in self.cells)
        if filled > 1 and as_identifier(self.value("external_id")) is not None:
            return Unreadable(self.position, "no-text", f"{self.position}: it has a number and no text")
        return Blank(self.position, "no-text")

    def order_text(self, body: str) -> str:
        """Return an order's text without the platform's additions, and with the place it speaks of."""
        body = strip_order_noise(body)
        place = self.line("place")
        return f"{body}\n{PLACE_MARK}{place}" if place and place not in body else body

    def dates(self) -> tuple[datetime, datetime | None]:
        """Return when the message was written and, where the file says so, when the bureau received it."""
        found: dict[str, datetime | None] = {}
        for field in ("posted_at", "received_at"):
            try:
                found[field] = self.moment(field)
            except BadDate as error:
                if self.options.posted_at is None:
                    column = self.table.columns[self.table.fields[field]]
                    raise _Faulty("bad-date", f"column {column} holds no date that can be read") from error
        received_at = found.get("received_at")
        posted_at = found.get("posted_at") or received_at or self.options.posted_at
        if posted_at is None:
            raise _Faulty("no-date", "it has no date; --posted-at would stand in for it")
        return posted_at, received_at

    def due(self) -> datetime | None:
        """Return the limit the order came with; a mere day means its end, and so does the day at 24:00."""
        moment = self.loose_moment("given_due_at")
        if moment is None:
            return None
        local = moment.astimezone(self.options.zone)
        if local.time() != time_of_day():
            return local
        # Programs write a mere day as 00:00 too; another hour that comes out at midnight, 24:00 above all, was meant.
        clock = _CLOCK.search(unicodedata.normalize("NFKC", as_text(self.value("given_due_at"))))
        is_day = clock is None or clock[1] in _MIDNIGHT_HOURS
        return local + timedelta(days=1, seconds=-1) if is_day else local

    def loose_moment(self, field: str) -> datetime | None:
        """Return a moment that a message can do without: 办理时限 may say 5个工作日 instead of a date."""
        try:
            return self.moment(field)
        except BadDate:
            return None

    def author(self) -> str | None:
        """Return the author's name or code; codes that are numbers come as Excel left them."""
        value = self.value("author_name")
        return as_identifier(value, _MOST_ID) if isinstance(value, int | float) else self.line("author_name")
