"""CSV and gzipped CSV, read as a stream; also plain tables with tabs, semicolons or bars between the columns."""

import csv
import gzip
import io
import sys
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from typing import BinaryIO, TextIO

from collector.errors import FileDamaged, FileKindUnknown, FileTooLarge
from collector.readers import headers
from collector.readers.encodings import MISFIT, TextEncoding, detect, open_text
from collector.readers.options import Limits
from collector.readers.table import HEADER_DEPTH, Fault, RawRow, Sheet, Source

DELIMITERS = (",", "\t", ";", "|")
_SAMPLE_CHARS = 64 * 1024
_MOST_RUNAWAYS = 50
_LOOK_AHEAD = 4

# The module's own limit ends the whole file at one long cell; cells are bounded here, row by row.
csv.field_size_limit(sys.maxsize)


def open_delimited(content: bytes, limits: Limits, *, gzipped: bool) -> Source:
    """Open CSV bytes as a table.

    Raises:
        FileKindUnknown: the bytes are not text.
        FileDamaged, FileTooLarge: the gzip stream is broken, or unpacks to more than the limit.
    """
    open_stream = _opener(content, limits, gzipped=gzipped)
    encoding = detect(open_stream)
    if encoding is None:
        raise FileKindUnknown(
            "this is not a table as text in UTF-8, UTF-16 or GB18030", todo="Export it again as .xlsx or .csv."
        )
    with open_text(open_stream(), encoding) as stream:
        delimiter = _delimiter(stream.read(_SAMPLE_CHARS))
    source = Source("csv.gz" if gzipped else "csv", [], encoding.name)
    if delimiter != ",":
        source.notes.append(f"the columns are separated by {delimiter!r}")
    if encoding.damaged:
        source.notes.append(f"some bytes are not {encoding.name}; the rows that hold them are set aside")

    def read() -> Iterator[RawRow]:
        return _read(open_stream, encoding, delimiter, limits.max_cell_chars, source.notes)

    source.sheets.append(Sheet("", read))
    return source


def _opener(content: bytes, limits: Limits, *, gzipped: bool) -> Callable[[], BinaryIO]:
    if not gzipped:
        return lambda: io.BytesIO(content)
    return lambda: io.BufferedReader(_BoundedGunzip(content, limits), 256 * 1024)


class _BoundedGunzip(io.RawIOBase):
    """Gunzipped bytes, refused as soon as they are more than the limit."""

    def __init__(self, content: bytes, limits: Limits) -> None:
        self._stream = gzip.GzipFile(fileobj=io.BytesIO(content))
        self._left = limits.max_unpacked_bytes
        self._limit_mib = limits.max_unpacked_mib

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._stream.read(len(buffer))
        except (EOFError, OSError, zlib.error) as error:
            raise FileDamaged(
                "the gzip stream is damaged or cut short", todo="Copy or export the file again."
            ) from error
        self._left -= len(data)
        if self._left < 0:
            raise FileTooLarge(
                f"the file unpacks to more than {self._limit_mib} MiB",
                todo="Split it, or raise WENZHENG_MAX_UNPACKED_MIB.",
            )
        buffer[: len(data)] = data
        return len(data)


class _Runaway(Exception):
    """A quote was opened and not closed within reach."""


class _Lines:
    """The lines of a file, and those of the record that is being read."""

    def __init__(self, stream: TextIO, longest: int) -> None:
        self._stream, self._longest = stream, longest
        self._again: deque[str] = deque()
        self.record: list[str] = []
        self._size = 0
        self.overlong = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        # The CSV reader asks for a second line only while a quote is open.
        if self.record and self._size > self._longest:
            raise _Runaway
        line = self._again.popleft() if self._again else self._next_line()
        if not line:
            if self.record:
                raise _Runaway
            raise StopIteration
        self.record.append(line)
        self._size += len(line)
        return line

    def begin(self) -> None:
        """Forget the record that was read."""
        self.record, self._size, self.overlong = [], 0, False

    def take_back(self) -> str:
        """Return the first line of the record; the others will be read again as records of their own."""
        first, *others = self.record
        self._again.extendleft(reversed(others))
        return first

    def _next_line(self) -> str:
        line = self._stream.readline(self._longest)
        if len(line) >= self._longest and not line.endswith(("\n", "\r")):
            # A line without end is not kept in memory; what is left of it tells that the row is too long.
            self.overlong = True
            while rest := self._stream.readline(1 << 20):
                if rest.endswith(("\n", "\r")):
                    break
        return line


def _read(
    open_stream: Callable[[], BinaryIO], encoding: TextEncoding, delimiter: str, max_chars: int, notes: list[str]
) -> Iterator[RawRow]:
    with open_text(open_stream(), encoding) as stream:
        lines = _Lines(stream, (max_chars + 1) * _LOOK_AHEAD)
        reader = csv.reader(lines, delimiter=delimiter)
        number = runaways = 0
        while True:
            number += 1
            lines.begin()
            try:
                cells: list[str] | None = next(reader, None)
            except (_Runaway, csv.Error):
                # A stray quote must not swallow the rows that follow it: the line is read with its quotes as they are.
                cells = next(csv.reader([lines.take_back()], delimiter=delimiter, quoting=csv.QUOTE_NONE), [])
                runaways += 1
                # Each such quote costs a look ahead, so a file full of them is read without quoting.
                if runaways < _MOST_RUNAWAYS:
                    reader = csv.reader(lines, delimiter=delimiter)
                else:
                    reader = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
                if runaways == 1:
                    notes.append(f"a quote that is never closed was read as it stands, first in row {number}")
            if cells is None:
                return
            if lines.overlong:
                yield number, Fault("too-long", "the line is longer than any row may be")
            elif encoding.damaged and any(MISFIT in cell for cell in cells):
                yield number, Fault("bad-encoding", f"holds bytes that are not {encoding.name}")
            else:
                yield number, cells


def _delimiter(sample: str) -> str:
    """Return the character that makes most of the header understood, and between equals most columns."""

    def merit(delimiter: str) -> tuple[int, int]:
        best = (0, 0)
        rows = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
        for _, row in zip(range(HEADER_DEPTH), rows, strict=False):
            found = headers.match(row)
            best = max(best, (found.score if found.has_text else 0, len(row)))
        return best

    return max(DELIMITERS, key=merit)
