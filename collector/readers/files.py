"""Files to items: the entry for imports, for their dry run, and for tables that are not imported."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain

from collector.base import Blank, Fetched, Item
from collector.errors import FileKindUnknown, FileRefused, FileTooLarge
from collector.readers import headers
from collector.readers.delimited import open_delimited
from collector.readers.htmltable import open_html
from collector.readers.jsonlines import open_json
from collector.readers.mail import mail_item, mbox_items
from collector.readers.options import Limits, ReadOptions
from collector.readers.records import check_dates, table_items
from collector.readers.sniff import name_note, sniff
from collector.readers.spreadsheetml import open_spreadsheetml
from collector.readers.table import Source, Table, make_table
from collector.readers.workbook import open_xls, open_xlsx

_MAIL_KINDS = ("eml", "mbox")
_SHOWN_MESSAGES = 3

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
        counts: messages, unreadable and blank items.
        reasons: of unreadable and blank items, by reason.
        notes: sentences about what was skipped or unexpected.
    """

    kind: str
    encoding: str | None
    sheets: tuple[str, ...]
    header_row: int | None
    columns: tuple[tuple[str, str | None], ...]
    filled: tuple[tuple[str, ...], ...]
    counts: dict[str, int]
    reasons: dict[str, int]
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
            counts, reasons, filled = _tally(_mails(kind, content, options))
            return Description(kind, None, (), None, (), filled, counts, reasons, tuple(notes))
        table = _table(kind, content, options.limits, {})
        check_dates(table, options)
        counts, reasons, filled = _tally(table_items(table, options))
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
        filled=filled,
        counts=counts,
        reasons=reasons,
        notes=tuple(dict.fromkeys(notes + table.notes)),
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
    return mbox_items(content, options) if kind == "mbox" else iter([mail_item(content, "mail 1", options)])


def _tally(items: Iterator[Item]) -> tuple[dict[str, int], dict[str, int], tuple[tuple[str, ...], ...]]:
    counts = {"messages": 0, "unreadable": 0, "blank": 0}
    reasons: Counter[str] = Counter()
    filled: list[tuple[str, ...]] = []
    fields = [*headers.SYNONYMS, "thread_key", "attachments"]
    for item in items:
        if isinstance(item, Fetched):
            counts["messages"] += 1
            if len(filled) < _SHOWN_MESSAGES:
                filled.append(tuple(field for field in fields if getattr(item, field, None) not in (None, "", (), 0)))
        else:
            counts["blank" if isinstance(item, Blank) else "unreadable"] += 1
            reasons[item.reason] += 1
    return counts, dict(reasons), tuple(filled)
