"""Values out of JavaScript: literals read as data, never run.

Read are JSON and what scripts write beyond it: single quotes, bare keys, comments, trailing commas, `undefined`,
`new Date(…)`, `JSON.parse('…')`, texts joined by `+`. Any other expression within a literal becomes null. Each
character is looked at once, so that hostile text costs no more than its length.
"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

_DECODER = json.JSONDecoder(strict=False)
_MOST_WASTED = 4
_COST_OF_TRY = 100
_FREE_TRIES = 50
"""Of values that break off, at most as many characters are read in vain as the page has four times over."""

_DEEPEST = 500
_LONGEST_NUMBER = 400
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


class BrokenLiteral(ValueError):
    """Raised when no literal begins at a place, or it is never closed.

    Args:
        reached: how far the text was read.
    """

    def __init__(self, what: str, reached: int) -> None:
        super().__init__(what)
        self.reached = reached


def read_variable(source: str, name: str) -> Any:
    """Return the value that a page's scripts give a variable.

    Known are `var x = …`, `window.x = …`, `x = …`, `x: …` and `"x": …`; of several the first that says anything. What
    is pushed onto a list piece by piece is collected.

    Raises:
        NotFound: nothing that can be read is given to it.
    """
    bare = re.escape(name.removeprefix("window."))
    given = re.compile(rf"""(?<![\w$]){bare}(?:["']\s*(?::|\]\s*=(?!=))|\s*(?:=(?![=>])|:(?!:)))""")
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
        BrokenLiteral: no value begins there, or it is never closed.
    """
    reader = _Reader(source, start)
    try:
        start = _skip_space(source, start)
        if source.startswith(("{", "["), start):
            with suppress(ValueError, RecursionError):
                return _DECODER.raw_decode(source, start)
        return reader.read()
    except ValueError as error:
        raise BrokenLiteral(str(error), reader.place) from error


def _values(source: str, given: re.Pattern[str]) -> Iterator[Any]:
    place, wasted = 0, -_FREE_TRIES * _COST_OF_TRY
    # What begins like a value and breaks off may do so again and again; the page is not read for each.
    while wasted <= _MOST_WASTED * len(source) and (match := given.search(source, place)):
        place = match.end()
        try:
            value, place = read_literal(source, place)
        except BrokenLiteral as error:
            wasted += error.reached - place + _COST_OF_TRY
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


class _Frame:
    """A bracket that is open: a list, an object, or the argument of a call."""

    def __init__(self, opening: str, call: str = "") -> None:
        self.closing, self.call = _CLOSING[opening], call
        self.is_object = opening == "{"
        self.members: dict[str, Any] = {}
        self.items: list[Any] = []
        self.key: str | None = None

    def add(self, value: Any) -> None:
        if self.is_object:
            self.members[self.key or ""] = value
            self.key = None
        else:
            self.items.append(value)

    def value(self) -> Any:
        if self.is_object:
            return self.members
        if self.closing == "]":
            return self.items
        first = self.items[0] if self.items else None
        if self.call not in ("JSON.parse", "eval") or not isinstance(first, str):
            return first
        try:
            return json.loads(first.strip("()"), strict=False)
        except (ValueError, RecursionError):
            return None


class _Reader:
    """Reads one literal; brackets are kept on a stack, so that deep nesting costs no recursion."""

    def __init__(self, source: str, start: int) -> None:
        self.source, self.place = source, start
        self.frames: list[_Frame] = []

    def read(self) -> tuple[Any, int]:
        while True:
            if not self._begin():
                continue
            value = self._simple() if self.source[self.place] not in self._ends() else self._close()
            while self.frames:
                self.frames[-1].add(self._completed(value))
                if self._peek() == ",":
                    self.place += 1
                    break
                if self._peek() != self.frames[-1].closing:
                    raise ValueError("a bracket is never closed, or by another")
                value = self._close()
            else:
                # A list or an object ends with its bracket; a text may be joined with more.
                return (value if isinstance(value, dict | list) else self._joined(value)), self.place

    def _ends(self) -> str:
        return self.frames[-1].closing if self.frames else ""

    def _begin(self) -> bool:
        """Go to where a simple value or a closing bracket stands; False after a step on the way to it."""
        mark = self._peek()
        frame = self.frames[-1] if self.frames else None
        if not mark:
            raise ValueError("the literal is never closed")
        if frame is not None and mark == frame.closing:
            return True
        if frame is not None and mark == ",":
            # A hole in a list, or a comma too many in an object.
            if not frame.is_object:
                frame.add(None)
            self.place += 1
            return False
        if frame is not None and frame.is_object and frame.key is None:
            self._key(frame)
            return False
        if mark in _CLOSING:
            self._open(mark)
            return False
        return not self._call()

    def _open(self, mark: str, call: str = "") -> None:
        if len(self.frames) >= _DEEPEST:
            raise ValueError("the literal is nested too deep")
        self.frames.append(_Frame(mark, call))
        self.place += 1

    def _close(self) -> Any:
        self.place += 1
        return self.frames.pop().value()

    def _key(self, frame: _Frame) -> None:
        if (string := self._string()) is not None:
            frame.key = string
        elif match := _KEY.match(self.source, self.place):
            frame.key, self.place = match[0], match.end()
        if frame.key is not None and self._peek() == ":":
            self.place += 1
            return
        # A method, a spread or a mere name: nothing that is data.
        self._skip()
        frame.add(None)
        frame.members.pop("", None)
        if self._peek() not in (",", "}"):
            raise ValueError("an object is never closed")

    def _call(self) -> bool:
        """Open the bracket of a call whose argument is the value; False if none begins here."""
        match = _WORD.match(self.source, self.place)
        if match is None:
            return False
        if match[0] == "new":
            match = _WORD.match(self.source, _skip_space(self.source, match.end()))
        if match is None or match[0] not in _WRAPPERS:
            return False
        place = _skip_space(self.source, match.end())
        if not self.source.startswith("(", place):
            return False
        self.place = place
        self._open("(", match[0])
        return True

    def _simple(self) -> Any:
        if (string := self._string()) is not None:
            return string
        if match := _NUMBER.match(self.source, self.place):
            self.place = match.end()
            return _number(match[0])
        if self.source.startswith(("!0", "!1"), self.place):
            self.place += 2
            return self.source[self.place - 1] == "0"
        match = _WORD.match(self.source, self.place)
        if match and match[0] in _CONSTANTS:
            self.place = match.end()
            return _CONSTANTS[match[0]]
        if not self.frames:
            raise ValueError("an expression is no data")
        self._skip()
        return None

    def _completed(self, value: Any) -> Any:
        """Return a value with what is joined to it; None if more is done with it than joining."""
        value = self._joined(value)
        mark = self._peek()
        if mark in (",", self._ends()):
            return value
        is_default = self.source.startswith("||", self.place)
        self._skip()
        return value if is_default else None

    def _joined(self, value: Any) -> Any:
        while isinstance(value, str | int | float) and self._peek() == "+":
            self.place += 1
            self._peek()
            more = self._string()
            if more is None and (match := _NUMBER.match(self.source, self.place)):
                self.place, more = match.end(), match[0]
            if more is None:
                self._skip()
                return None
            value = f"{value}{more}"
        return value

    def _string(self) -> str | None:
        mark = self.source[self.place : self.place + 1]
        if mark not in _STRING:
            return None
        match = _STRING[mark].match(self.source, self.place)
        if match is None:
            raise ValueError("a text is never closed")
        self.place = match.end()
        return _unescaped(match[1])

    def _peek(self) -> str:
        self.place = _skip_space(self.source, self.place)
        return self.source[self.place : self.place + 1]

    def _skip(self) -> None:
        """Go behind an expression that is no data: to the comma or bracket that ends it."""
        open_brackets: list[str] = []
        while mark := self._peek():
            if mark in _STRING:
                self._string()
            elif mark in _CLOSING:
                open_brackets.append(_CLOSING[mark])
                self.place += 1
                if len(open_brackets) > _DEEPEST:
                    raise ValueError("the expression is nested too deep")
            elif mark in "]})":
                if not open_brackets:
                    return
                if open_brackets.pop() != mark:
                    raise ValueError("a bracket is closed by another")
                self.place += 1
            elif mark in ",;" and not open_brackets:
                return
            elif mark in ",;":
                self.place += 1
            else:
                match = _SKIPPED.match(self.source, self.place)
                self.place = match.end() if match else self.place + 1
        if self.frames:
            raise ValueError("the literal is never closed")


def _number(text: str) -> int | float | str:
    # No number is so long; Python refuses to write such a one out.
    if len(text) > _LONGEST_NUMBER:
        return text
    if "x" in text.lower():
        return int(text, 16)
    return float(text) if set(text) & set(".eE") else int(text)


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    text = _ESCAPE.sub(_character, text)
    return _PAIR.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), text)


def _character(match: re.Match[str]) -> str:
    code = match[1]
    if len(code) > 1 and code[0] in "ux":
        number = int(code[1:].strip("{}"), 16)
        return chr(number) if number < 0x110000 else "\ufffd"
    return _ESCAPED.get(code, code)
