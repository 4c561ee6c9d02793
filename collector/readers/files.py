"""Files to items: the entry for imports, for their dry run, and for tables that are not imported."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import tzinfo
from itertools import chain

from collector.base import Blank, Fetched, Item
from collector.errors import FileKindUnknown, FileRefused, FileTooLarge
from collector.readers import headers
from collector.readers.delimited import open_delimited
from collector.readers.htmltable import open_html
from collector.readers.jsonlines import open_json
from collector.readers.options import Limits, ReadOptions
from collector.readers.records import check_dates, table_items
from collector.readers.sniff import name_note, sniff
from collector.readers.spreadsheetml import open_spreadsheetml
from collector.readers.table import Source, Table, make_table
from collector.readers.workbook import open_xls, open_xlsx

_MAIL_KINDS = ("eml", "mbox")
_SHOWN_MESSAGES = 3
_SHOWN_FAULTS = 5
_DATES = ("posted_at", "received_at", "given_due_at", "answered_at")

_OPENERS: dict[str, Callable[[bytes, Limits], Source]] = {
    "xlsx": open_xlsx,
    "xls": open_xls,
    "xml": open_spreadsheetml,
    "html": open_html,
    "csv": lambda content, limits: open_delimited(content, limits, gzipped=False),
    "csv.gz": lambda content, limits: open_delimited(content, limits, gzipped=True),
    "json": lambda content, limits: open_json(content, limits, by_line=False),
    "jsonl": lambda content, limits: open_json(content, limits, by_line=True),
}


@dataclass(frozen=True)
class Description:
    """How a file would be read.

    Args:
        kind: as `sniff` says.
        encoding: of text files.
        sheets: names of the sheets that are read.
        header_row: number of the header; None where there is none.
        columns: each header with the field it is read as, None if it is not used.
        filled: of the first three messages the fields that have a value.
        dates: of the same messages each date by its field, in ISO form and the bureau's zone.
        counts: messages, unreadable and blank items.
        reasons: of unreadable and blank items, by reason.
        faults: position, reason and detail of the first five unreadable and the first five blank items.
        notes: sentences about what was skipped or unexpected.
    """

    kind: str
    encoding: str | None
    sheets: tuple[str, ...]
    header_row: int | None
    columns: tuple[tuple[str, str | None], ...]
    filled: tuple[tuple[str, ...], ...]
    dates: tuple[dict[str, str], ...]
    counts: dict[str, int]
    reasons: dict[str, int]
    faults: tuple[dict[str, str], ...]
    notes: tuple[str, ...]


def read_items(name: str, content: bytes, options: ReadOptions) -> Iterator[Item]:
    """Yield every item of a file, one after the other.

    Args:
        name: its file name; named in errors, and asked where the content leaves its kind open.
    Raises:
        FileRefused: at the first item, when the file as a whole cannot be read; later, when it breaks off or passes a
            limit in the middle.
    """
    with _named(name):
        kind = _kind(name, content, options.limits)
        if kind in _MAIL_KINDS:
            yield from _mails(kind, content, options)
        else:
            table = _table(kind, content, options.limits, {})
            check_dates(table, options)
            yield from table_items(table, options)


def open_table(name: str, content: bytes, limits: Limits, *, rename: Mapping[str, str] | None = None) -> Table:
    """Open a workbook, CSV or JSON file as a table, without asking for dates.

    Args:
        rename: the caller's own column names: header as written -> known name.
    Raises:
        FileRefused: the file cannot be read, or no column is a text or a title; while reading rows as `read_items`.
    """
    with _named(name):
        kind = _kind(name, content, limits)
        if kind in _MAIL_KINDS:
            raise FileKindUnknown(
                "this is mail, and a table is needed", todo="Give .xlsx, .xls, .csv, .csv.gz or .json."
            )
        table = _table(kind, content, limits, rename or {})
    if note := name_note(name, kind):
        table.notes.insert(0, note)
    return table


def describe(name: str, content: bytes, options: ReadOptions) -> Description:
    """Read a file to its end and tell how it is understood, without a value of it; raises as `read_items`."""
    with _named(name):
        kind = _kind(name, content, options.limits)
        notes = [note] if (note := name_note(name, kind)) else []
        if kind in _MAIL_KINDS:
            tally = _tally(_mails(kind, content, options), options.zone)
            return Description(kind, None, (), None, (), notes=tuple(notes), **vars(tally))
        table = _table(kind, content, options.limits, {})
        check_dates(table, options)
        tally = _tally(table_items(table, options), options.zone)
    meaning: dict[int, str] = {}
    for field, index in chain(
        table.fields.items(), ((field, index) for field, spare in table.spares.items() for index in spare)
    ):
        meaning[index] = f"{meaning[index]}, {field}" if index in meaning else field
    return Description(
        kind=kind,
        encoding=table.encoding,
        sheets=tuple(table.sheets),
        header_row=table.header_row or None,
        columns=tuple((column, meaning.get(index)) for index, column in enumerate(table.columns)),
        notes=tuple(dict.fromkeys(notes + table.notes)),
        **vars(tally),
    )


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Give every refusal the name of its file; the readers beneath know only bytes."""
    try:
        yield
    except FileRefused as error:
        error.item = error.item or name
        raise


def _kind(name: str, content: bytes, limits: Limits) -> str:
    if len(content) > limits.max_file_bytes:
        raise FileTooLarge(
            f"the file is larger than {limits.max_file_mib} MiB", todo="Split it, or raise WENZHENG_MAX_FILE_MIB."
        )
    return sniff(name, content)


def _table(kind: str, content: bytes, limits: Limits, rename: Mapping[str, str]) -> Table:
    return make_table(_OPENERS[kind](content, limits), limits, rename)


def _mails(kind: str, content: bytes, options: ReadOptions) -> Iterator[Item]:
    # Loaded for mail only: its libraries take longer to load than a short table to read.
    from collector.readers.mail import eml_items, mbox_items

    return mbox_items(content, options) if kind == "mbox" else eml_items(content, options)


@dataclass(frozen=True)
class _Tally:
    """The parts of a description that are known once every item was read."""

    filled: tuple[tuple[str, ...], ...]
    dates: tuple[dict[str, str], ...]
    counts: dict[str, int]
    reasons: dict[str, int]
    faults: tuple[dict[str, str], ...]


def _tally(items: Iterator[Item], zone: tzinfo) -> _Tally:
    first: list[Fetched] = []
    counts = {"messages": 0, "unreadable": 0, "blank": 0}
    reasons: Counter[str] = Counter()
    unreadable: list[dict[str, str]] = []
    blank: list[dict[str, str]] = []
    for item in items:
        if isinstance(item, Fetched):
            counts["messages"] += 1
            if len(first) < _SHOWN_MESSAGES:
                first.append(item)
            continue
        is_blank = isinstance(item, Blank)
        counts["blank" if is_blank else "unreadable"] += 1
        reasons[item.reason] += 1
        shown = blank if is_blank else unreadable
        if len(shown) < _SHOWN_FAULTS:
            shown.append({"position": item.position, "reason": item.reason, "detail": getattr(item, "detail", "")})
    return _Tally(
        filled=tuple(_filled(item) for item in first),
        dates=tuple(_dates(item, zone) for item in first),
        counts=counts,
        reasons=dict(reasons),
        faults=(*unreadable, *blank),
    )


def _filled(item: Fetched) -> tuple[str, ...]:
    fields = [*headers.SYNONYMS, "thread_key", "attachments"]
    return tuple(field for field in fields if getattr(item, field, None) not in (None, "", (), 0))


def _dates(item: Fetched, zone: tzinfo) -> dict[str, str]:
    found = {field: getattr(item, field) for field in _DATES}
    return {field: moment.astimezone(zone).isoformat() for field, moment in found.items() if moment is not None}
