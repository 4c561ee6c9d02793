"""JSON: a list of objects, an object that holds such a list, or one object a line."""

import io
import json
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

from collector.errors import FileDamaged, FileKindUnknown
from collector.readers.encodings import MISFIT, TextEncoding, detect, open_text
from collector.readers.options import Limits
from collector.readers.table import Fault, RawRow, Sheet, Source

LIST_KEYS = ("messages", "data", "rows", "items", "list", "records", "result", "results", "responseData", "resultData")
"""Keys under which interfaces keep their list."""

_MOST_KEYS = 500
_SPACE = re.compile(r"[ \t\r\n\ufeff]*")
_DECODER = json.JSONDecoder()

Parsed = tuple[int, object | Fault]


def open_json(content: bytes, limits: Limits, *, by_line: bool) -> Source:
    """Open JSON bytes as a table whose columns are the keys of its objects.

    Raises:
        FileKindUnknown: the bytes are not text.
        FileDamaged: not JSON from the start, or without a list of objects.
    """

    def open_stream() -> BinaryIO:
        return io.BytesIO(content)

    encoding = detect(open_stream)
    if encoding is None:
        raise FileKindUnknown("this is not JSON as text", todo="Export it again in UTF-8.")

    def parse() -> Iterator[Parsed]:
        with open_text(open_stream(), encoding) as stream:
            if by_line:
                yield from _lines(stream, encoding, (limits.max_cell_chars + 1) * 4)
            else:
                yield from _list(stream.read())

    columns = _keys(parse)
    source = Source("jsonl" if by_line else "json", [], encoding.name)

    def read() -> Iterator[RawRow]:
        yield 0, columns
        for number, value in parse():
            if isinstance(value, dict):
                yield number, [value.get(column) for column in columns]
            elif isinstance(value, Fault):
                yield number, value
            elif value is not None:
                yield number, Fault("bad-json", "is not an object with keys")

    source.sheets.append(Sheet("", read, "line" if by_line else "item"))
    return source


def _keys(parse: Callable[[], Iterator[Parsed]]) -> list[str]:
    columns: dict[str, None] = {}
    for _, value in parse():
        if isinstance(value, dict) and len(columns) < _MOST_KEYS:
            columns.update(dict.fromkeys(value))
    return list(columns)[:_MOST_KEYS]


def _lines(stream: io.TextIOWrapper, encoding: TextEncoding, longest: int) -> Iterator[Parsed]:
    number = 0
    while line := stream.readline(longest):
        number += 1
        if len(line) >= longest and not line.endswith(("\n", "\r")):
            while (rest := stream.readline(1 << 20)) and not rest.endswith(("\n", "\r")):
                pass
            yield number, Fault("too-long", "the line is longer than any message may be")
        elif MISFIT in line:
            yield number, Fault("bad-encoding", f"holds bytes that are not {encoding.name}")
        elif text := line.strip(" \t\r\n\ufeff"):
            try:
                yield number, json.loads(text)
            except (ValueError, RecursionError):
                yield number, Fault("bad-json", "is not a JSON object")


def _list(text: str) -> Iterator[Parsed]:
    number = 0
    try:
        index = _find_list(text)
        while (index := _skip(text, index)) < len(text) and text[index] != "]":
            value, index = _DECODER.raw_decode(text, index)
            number += 1
            yield number, value
            index = _skip(text, index)
            if text[index : index + 1] == ",":
                index += 1
            elif text[index : index + 1] != "]":
                raise ValueError("neither a comma nor the end")
        if index >= len(text):
            raise ValueError("the list is not closed")
    except (ValueError, RecursionError) as error:
        if number == 0:
            raise FileDamaged(
                "this is not a JSON list of objects",
                todo=f"Give a list, an object that holds one as {', '.join(LIST_KEYS[:3])}, or one object a line.",
            ) from error
        yield number + 1, Fault("bad-json", "the JSON is broken from here on; the rest was not read")


def _find_list(text: str) -> int:
    """Return the index behind the opening bracket of the list."""
    index = _skip(text, 0)
    # An answer of an interface may wrap its list twice: {"data": {"data": [ … ]}}.
    for _ in range(4):
        if text[index : index + 1] == "[":
            return index + 1
        if text[index : index + 1] != "{":
            break
        index = _value_of_list_key(text, index + 1)
    raise ValueError("no list")


def _value_of_list_key(text: str, index: int) -> int:
    while text[(index := _skip(text, index)) : index + 1] == '"':
        key, index = _DECODER.raw_decode(text, index)
        index = _skip(text, index)
        if text[index : index + 1] != ":":
            break
        index = _skip(text, index + 1)
        if key in LIST_KEYS and text[index : index + 1] in ("[", "{"):
            return index
        _, index = _DECODER.raw_decode(text, index)
        index = _skip(text, index)
        index += text[index : index + 1] == ","
    raise ValueError("no list")


def _skip(text: str, index: int) -> int:
    match = _SPACE.match(text, index)
    return match.end() if match else index
