"""Excel workbooks: .xlsx by openpyxl as a stream, .xls by xlrd; of a formula the saved value is read."""

import io
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from collector.errors import FileDamaged, FileEmpty, FileProtected, FileTooLarge
from collector.readers.options import Limits
from collector.readers.table import RawRow, Sheet, Source
from config.errors import WenzhengError
from config.settings import MIB

_MOST_PARTS = 10_000
# openpyxl holds these parts as objects, many times their size, whatever is read of the sheets.
_MOST_TABLE_BYTES = 4 * MIB
_MOST_STRINGS_BYTES = 64 * MIB
_STRINGS = "xl/sharedstrings.xml"
_TABLES = ("xl/styles.xml", "xl/workbook.xml", "xl/_rels/", "xl/theme/", "docprops/", "_rels/", "[content_types].xml")
_BATCH_ROWS = 500
_PROTECTED = "the workbook is protected by a password"
_PROTECTED_TODO = "Open it in Excel or WPS, save it without a password, and give that file."
# Excel writes control characters that XML cannot hold as _x000D_.
_ESCAPED = re.compile(r"_x(00[01][0-9A-Fa-f])_")


def protected() -> FileProtected:
    """Return the error for a workbook that opens only with a password."""
    return FileProtected(_PROTECTED, todo=_PROTECTED_TODO)


def open_xlsx(content: bytes, limits: Limits) -> Source:
    """Open .xlsx bytes as a table.

    Raises:
        FileDamaged: the archive or its XML is broken, or is built to break a reader.
        FileTooLarge: it unpacks to more than the limit.
        FileEmpty: it has no visible sheet.
    """
    # Most tables are no workbooks, and these libraries take longer to load than a short table to read.
    import openpyxl
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    with _damage_is_ours():
        _check_archive(content, limits)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    source = Source("xlsx", [], base_1904=book.epoch == CALENDAR_MAC_1904)
    for number, sheet in enumerate(book.worksheets, start=1):
        if sheet.sheet_state != "visible":
            source.notes.append(f"sheet {sheet.title!r} is hidden and was not read")
        else:
            source.sheets.append(Sheet(sheet.title, _reader(_xlsx_rows, sheet), number=number))
    return _with_sheets(source)


def open_xls(content: bytes, limits: Limits) -> Source:
    """Open .xls bytes as a table; raises as `open_xlsx`, and FileProtected for an encrypted workbook."""
    import xlrd

    with _damage_is_ours():
        try:
            book = xlrd.open_workbook(file_contents=content, on_demand=True, logfile=io.StringIO())
        except xlrd.XLRDError as error:
            if "encrypted" in str(error).lower():
                raise protected() from error
            raise
        source = Source("xls", [], base_1904=book.datemode == 1)
        for number in range(book.nsheets):
            sheet = book.sheet_by_index(number)
            if sheet.visibility != 0:
                source.notes.append(f"sheet {sheet.name!r} is hidden and was not read")
            else:
                source.sheets.append(Sheet(sheet.name, _reader(_xls_rows, sheet), number=number + 1))
    return _with_sheets(source)


@contextmanager
def _damage_is_ours() -> Iterator[None]:
    # The libraries meet a broken workbook with errors of every kind, from KeyError to AssertionError; all of them say
    # the same to the person who gave the file. What the limits refuse passes as it is.
    try:
        yield
    except WenzhengError:
        raise
    except Exception as error:
        raise FileDamaged(
            f"the workbook is damaged or not made by the rules ({type(error).__name__})",
            todo="Open it in Excel or WPS, save it as a new .xlsx, and give that file.",
        ) from error


def _check_archive(content: bytes, limits: Limits) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
    # Python reads no more of a part than the directory announces, so the announced sizes bound the real ones.
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > limits.max_unpacked_bytes:
        raise FileTooLarge(
            f"the workbook unpacks to more than {limits.max_unpacked_mib} MiB",
            todo="Split it, or raise WENZHENG_MAX_UNPACKED_MIB.",
        )
    for part in parts:
        name = part.filename.lower()
        most = _MOST_STRINGS_BYTES if name == _STRINGS else _MOST_TABLE_BYTES
        if part.file_size > most and (name == _STRINGS or name.startswith(_TABLES)):
            raise FileTooLarge(
                f"the part {part.filename} of the workbook unpacks to more than {most // MIB} MiB",
                todo="Copy the cells into a new workbook, or split it.",
            )
    if any(part.flag_bits & 0x1 for part in parts):
        raise protected()


def _with_sheets(source: Source) -> Source:
    if not source.sheets:
        raise FileEmpty("the workbook has no visible sheet with cells", todo="Unhide the sheet that is meant.")
    return source


def _reader(rows: Callable[[Any], Iterator[Sequence[object]]], sheet: Any) -> Callable[[], Iterator[RawRow]]:
    # A table is opened several times, mostly for its first rows, and parsing them is what costs: they are kept.
    first: list[RawRow] = []

    def read() -> Iterator[RawRow]:
        if first:
            yield from first
            if len(first) < _BATCH_ROWS:
                return
        # Rows are fetched by the batch, because openpyxl warns as it reads and its warnings are nobody's concern:
        # a switch that stayed set between rows would silence the caller's warnings too.
        stream: Iterator[RawRow] = islice(enumerate(rows(sheet), start=1), len(first), None)
        while True:
            with _damage_is_ours(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                batch = list(islice(stream, _BATCH_ROWS))
            if not batch:
                return
            if not first:
                first.extend(batch)
            yield from batch

    return read


def _xlsx_rows(sheet: Any) -> Iterator[Sequence[object]]:
    # The size a sheet declares is often wrong, and openpyxl would cut the rows to it.
    sheet.reset_dimensions()
    for row in sheet.iter_rows(values_only=True):
        yield [_unescape(cell) if type(cell) is str and "_x00" in cell else cell for cell in row]


def _unescape(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def _xls_rows(sheet: Any) -> Iterator[Sequence[object]]:
    datemode = sheet.book.datemode
    for number in range(sheet.nrows):
        yield [_xls_value(cell, datemode) for cell in sheet.row(number)]


def _xls_value(cell: Any, datemode: int) -> object:
    import xlrd
    from xlrd.xldate import xldate_as_datetime

    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            return xldate_as_datetime(cell.value, datemode)
        except (ValueError, OverflowError):
            return cell.value
    if cell.ctype in (xlrd.XL_CELL_ERROR, xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
        return None
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    return cell.value
