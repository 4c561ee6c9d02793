"""Values out of JavaScript: literals read as data, never run.

Read are JSON and what scripts write beyond it: single quotes, bare keys, comments, trailing commas, `undefined`,
`new Date(…)`, `JSON.parse('…')`, texts joined by `+`. Any other expression becomes null. Each character is looked at
once, so that hostile text costs no more than its length.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

_DECODER = json.JSONDecoder(strict=False)
_MOST_ATTEMPTS = 50
_SPACE = re.compile(r"(?:[\s\ufeff]++|//[^\r\n]*+)*+")
_STRING = {
    '"': re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"', re.DOTALL),
    "'": re.compile(r"'([^'\\]*+(?:\\.[^'\\]*+)*+)'", re.DOTALL),
    "`": re.compile(r"`([^`\\]*+(?:\\.[^`\\]*+)*+)`", re.DOTALL),
}
_NUMBER = re.compile(r"[+-]?(?:0[xX][\da-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w$])")
_WORD = re.compile(r"[^\W\d]\w*(?:\.\w+)*|[\w$]+(?:\.[\w$]+)*")
_KEY = re.compile(r"[\w$]+(?:-[\w$]+)*")
_ESCAPE = re.compile(r"\\(u\{[\da-fA-F]{1,6}\}|u[\da-fA-F]{4}|x[\da-fA-F]{2}|\r\n|.)", re.DOTALL)
_PAIR = re.compile(r"[\ud800-\udbff][\udc00-\udfff]")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": "", "\r\n": "", "\r": ""}
_CONSTANTS: dict[str, object] = {"true": True, "false": False, "null": None, "undefined": None, "NaN": None}
_WRAPPERS = frozenset({"JSON.parse", "Date", "String", "Number", "Boolean", "decodeURIComponent", "unescape", "eval"})
_CLOSING = {"[": "]", "{": "}", "(": ")"}
_SKIPPED = re.compile(r"[^\"'`\[\]{}(),;/]+|/")


class NotFound(ValueError):
    """Raised when a variable has no value that can be read."""


def read_variable(source: str, name: str) -> Any:
    """Return the value that a page's scripts give a variable.

    Known are `var x = …`, `window.x = …`, `x = …`, `x: …` and `"x": …`; of several the first that says anything. What
    is pushed onto a list piece by piece is collected.

    Raises:
        NotFound: nothing that can be read is given to it.
    """
    bare = re.escape(name.removeprefix("window."))
    given = re.compile(rf"""(?<![\w$]){bare}(?:["']\s*:|\s*(?:=(?![=>])|:(?!:)))""")
    empty: list[Any] = []
    for value in _values(source, given):
        if value or value == 0:
            return value
        empty.append(value)
    pushed = list(_values(source, re.compile(rf"(?<![\w$]){bare}\s*(?:\.push\s*\(|\[[^\]\n]{{0,40}}\]\s*=(?!=))")))
    if pushed:
        return pushed
    if empty:
        return empty[0]
    raise NotFound(f"no value is given to {name}")


def read_literal(source: str, start: int = 0) -> tuple[Any, int]:
    """Return the value that begins at a place of a script, and the place behind it; what follows does not matter.

    Raises:
        ValueError: no value begins there, or it is never closed.
    """
    start = _skip_space(source, start)
    try:
        value, end = _DECODER.raw_decode(source, start)
    except (ValueError, RecursionError):
        return _Reader(source, start).read()
    # A number or a text may be the beginning of a longer expression.
    if isinstance(value, dict | list) or source[_skip_space(source, end) :][:1] in ("", ",", ";", "}", "]", ")", "<"):
        return value, end
    return _Reader(source, start).read()


def _values(source: str, given: re.Pattern[str]) -> Iterator[Any]:
    place = attempts = 0
    while attempts < _MOST_ATTEMPTS and (match := given.search(source, place)):
        place = match.end()
        try:
            value, place = read_literal(source, place)
        except ValueError:
            attempts += 1
            continue
        yield value


def _skip_space(source: str, place: int) -> int:
    while True:
        match = _SPACE.match(source, place)
        place = match.end() if match else place
        if not source.startswith("/*", place):
            return place
        end = source.find("*/", place + 2)
        if end < 0:
            raise ValueError("a comment is never closed")
        place = end + 2
