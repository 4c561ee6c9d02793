"""The rows of a list with what tells them apart, and the items that become of them; pure."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any

from collector.base import Item
from collector.dedupe import position_of
from collector.errors import AddressRefused, SourceChanged
from collector.pages.asking import filled_url, names_in, text_of
from collector.pages.document import Document
from collector.pages.listing import Row, read_rows
from collector.pages.messages import external_id_of, page_id, to_item
from collector.pages.values import moment_in
from collector.readers import Limits
from collector.readers.values import BadDate, as_identifier
from config.sources import Detail, Website

OWN_PAGE = "{link}"
_WORDS = ("title", "body", "author_name", "posted_at")
_ANSWERED = re.compile(
    r"答复|回复|办结|办理完|办毕|已办|结案|已处理|处理完|反馈|完成|closed|replied|answered|done", re.I
)
_WAITING = re.compile(
    r"[未待]\s*[予被经]?\s*[答回办处受审反分转签公结核]|不予|正在|(?:办理|处理|受理|审核)中|没有"
    r"|open|pending|wait|\bnot\b|un(?:replied|answered)",
    re.I,
)
_WORD = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class Entry:
    """A row of a list.

    Args:
        key: tells the row from all others of the board, in every run.
        named: the key is the id the site gives it, or its address; otherwise only its words tell it apart.
        listed: the list itself gives the id under which it is stored.
        twin: digest of its words, where an earlier row of the page has the same key.
    """

    row: Row
    key: str
    named: bool
    listed: bool
    twin: str = ""

    @property
    def position(self) -> str:
        """The place under which its item is set aside."""
        return position_of(f"{self.key} {self.twin}" if self.twin else self.key)


def read_entries(source: Website, document: Document, variables: Mapping[str, Any]) -> list[Entry]:
    """Return the rows of a list page; a row that stands there twice is returned once.

    Raises:
        PageUnreadable: the answer is not of the form that the description says.
    """
    entries = [entry_of(source, row, document.url) for row in read_rows(document, source.list, variables)]
    seen: dict[str, list[Any]] = {}
    different = []
    for entry in entries:
        same = seen.setdefault(entry.key, [])
        page = _asked(source, source.details[0], entry.row, document.url) if source.details else None
        # Two rows that lead to the same page are one letter.
        if any(entry.row.values == values or (source.details and page == other) for values, other in same):
            continue
        # Two letters of one id cannot share a place, or only one of them would be kept for a person.
        different.append(replace(entry, twin=_digest_of(entry.row)) if same else entry)
        same.append((entry.row.values, page))
    return different


def check_keys(entries: Sequence[Entry], where: str) -> None:
    """Check that ids tell rows apart.

    Raises:
        SourceChanged: most rows of a page have the same id.
    """
    keys = [entry.key for entry in entries]
    if len(keys) > 2 and len(set(keys)) * 2 <= len(keys):
        raise SourceChanged(
            "most rows of the list have the same id",
            item=where,
            todo="Correct external_id of the source, or leave it out.",
        )


def entry_of(source: Website, row: Row, list_url: str) -> Entry:
    """Return a row with its key: the id that the list gives, else its page's address, else a digest of its words."""
    listed = as_identifier(row.values.get("external_id")) is not None
    key = external_id_of(row.values)
    if key is None and source.details:
        key = _asked(source, source.details[0], row, list_url)
    if key is not None:
        return Entry(row, key, named=True, listed=listed)
    return Entry(row, f"row:{_digest_of(row)}", False, False)


def _digest_of(row: Row) -> str:
    words = json.dumps([text_of(row.values.get(name, "")) for name in _WORDS], ensure_ascii=False)
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def bare_entry(key: str, number: int, link: str) -> Entry:
    """Return a row of whose list nothing is left but where its page was."""
    return Entry(Row(number, {"link": link} if link else {}, {}), key, named=True, listed=False)


def row_variables(entry: Entry) -> dict[str, Any]:
    """Return what a row gives to the templates of its pages."""
    return {**entry.row.values, **entry.row.vars}


def item_of(entry: Entry, values: Mapping[str, Any], source: Website, zone: tzinfo, limits: Limits) -> Item:
    """Return what becomes of a row and what its own pages added to it.

    The id that the list gives stands; otherwise one that the row's page gives, otherwise the page's address.
    """
    known = {**entry.row.values, **{name: value for name, value in values.items() if value not in (None, "")}}
    if entry.listed or (entry.named and as_identifier(known.get("external_id")) is None):
        known["external_id"] = entry.key
    return to_item(entry.position, known, zone, limits, channel=source.channel)


def row_moment(entry: Entry, zone: tzinfo) -> datetime | None:
    """Return when a row was posted, as far as the list says it."""
    try:
        return moment_in(entry.row.values.get("posted_at"), zone)
    except BadDate:
        return None


def says_answered(status: object) -> bool | None:
    """Return whether the site's word for the state of a letter means that it is answered; None for what is no word."""
    text = unicodedata.normalize("NFKC", text_of(status))
    if not _WORD.search(text):
        return None
    if _WAITING.search(text):
        return False
    return True if _ANSWERED.search(text) else None if text.isascii() else False


def expects_answers(details: Iterable[Detail]) -> bool:
    """Tell whether the rows' own pages may hold an answer."""
    return any("answer_text" in detail.fields or detail.replies is not None for detail in details)


def tells_answers(source: Website) -> bool:
    """Tell whether an answer may come after its letter, in the list or on a page of its own."""
    return "answer_text" in source.list.fields or source.list.replies is not None or expects_answers(source.details)


def _asked(source: Website, detail: Detail, row: Row, list_url: str) -> str | None:
    """Return what a row's page is asked by, without what is the same for all rows or changes with every run."""
    given = {**row.values, **row.vars}
    url = detail.url or OWN_PAGE
    if names_in(url) & given.keys():
        try:
            return page_id(filled_url(url, given, source.base or list_url))
        except AddressRefused:
            return None
    names = sorted(names_in([detail.form, detail.data]) & given.keys())
    return "&".join(f"{name}={text_of(given[name])}" for name in names) or None
