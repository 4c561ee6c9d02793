"""JavaScript literals read as data."""

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.pages.scripts import NotFound, read_literal, read_variable

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=4),
    max_leaves=12,
)


def as_script(value: Any) -> str:
    """Write a value as scripts do: single quotes, bare keys, trailing commas, comments."""
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
        return f"'{escaped}'"
    if isinstance(value, list):
        return "[ /* list */ " + "".join(as_script(one) + ",\n" for one in value if one is not None) + "]"
    if isinstance(value, dict):
        pairs = (
            f"{key if key.isidentifier() else as_script(key)} : {as_script(one)}, // {key!a}\n"
            for key, one in value.items()
        )
        return "{" + "".join(pairs) + "}"
    return json.dumps(value)


def without_nulls(value: Any) -> Any:
    """Return a value without the nulls of its lists, which `as_script` leaves out."""
    if isinstance(value, list):
        return [without_nulls(one) for one in value if one is not None]
    return {key: without_nulls(one) for key, one in value.items()} if isinstance(value, dict) else value


@given(VALUES)
def test_json_is_read_as_json(value: Any) -> None:
    """What is JSON comes out as it went in, whatever follows it."""
    assert read_literal(json.dumps(value) + ";more()")[0] == value


@given(VALUES)
def test_what_scripts_write_is_read_too(value: Any) -> None:
    """Quotes, bare keys, comments and trailing commas change nothing."""
    assert read_literal(as_script(value))[0] == without_nulls(value)


@given(st.text("[]{}(),:;'\"`\\/*+-.ab0 \n=", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but ValueError comes out of text that is no literal."""
    with suppress(ValueError):
        read_literal(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{a: undefined, b: NaN, c: void 0}", {"a": None, "b": None, "c": None}),
        ("[new Date('2026-11-01'), new Date(1700000000000)]", ["2026-11-01", 1700000000000]),
        ("['甲' + '乙' + 1, \"a\" +\n 'b']", ["甲乙1", "ab"]),
        ("'甲' + '乙'; next()", "甲乙"),
        (
            "{a: !0, b: !1, c: -1.5e3, d: .5, e: 0xff, f: +2}",
            {"a": True, "b": False, "c": -1500.0, "d": 0.5, "e": 255, "f": 2},
        ),
        ("[1,,2,]", [1, None, 2]),
        (
            "{a: f(1, [2], '}'), b: x ? y : z, c: function () { return {a: 1}; }, d: 4}",
            {"a": None, "b": None, "c": None, "d": 4},
        ),
        ("{a: name || '', b: '值' || ''}", {"a": None, "b": "值"}),
        ("{m() { return 1 }, ...rest, short, b: 2}", {"m": None, "short": None, "b": 2}),
        ("JSON.parse('[{\"a\": 1}]')", [{"a": 1}]),
        ("({a: 1})", {"a": 1}),
        (r"'\u4e2d\x41\'\"\\\n\u{1F600}\ud83d\ude00\q'", "中A'\"\\\n😀😀q"),
        ("`一\n二`", "一\n二"),
        ("{标题: '甲', $a_b-c: 1, 12: 2}", {"标题": "甲", "$a_b-c": 1, "12": 2}),
        (" /* x */ // y\n [1]", [1]),
        ("null", None),
    ],
)
def test_more_than_json_is_understood(text: str, value: object) -> None:
    """What scripts write beyond JSON; an expression that would have to be run is null."""
    assert read_literal(text)[0] == value


@pytest.mark.parametrize(
    "text",
    ["", "f(1)", "oops", "<html>", "[", "{a:1", "'abc", "[1 2", "{a:1]", "/* x", "[" * 1000 + "]" * 1000, "{'a':(}"],
)
def test_what_is_never_closed_is_refused(text: str) -> None:
    """A literal that breaks off, or nests deeper than any list does."""
    with pytest.raises(ValueError):  # noqa: PT011
        read_literal(text)


@pytest.mark.parametrize(
    "script",
    [
        "var list = [1, 2];",
        "let other = 3, list=[1,2]",
        "window.list = [1, 2]; list = null;",
        "window['list'] = [1, 2]",
        "page.list = [1, 2]",
        "init({list: [1, 2], size: 3})",
        '{"list": [1, 2]}',
        "if (list == null) {} if (list === 3) {} list = [1, 2]",
        "var list = []; list = broken(; list = [1, 2];",
        "var list = []; list.push(1); x(); list.push(2)",
        "var list = new Array(); list[0] = 1; list[i++] = 2;",
        "mylist = 3; list2 = 4; list = [1, 2]",
    ],
)
def test_a_variable_is_found_however_it_is_given(script: str) -> None:
    """By assignment, as a member, as a key, or pushed piece by piece."""
    assert read_variable(script, "list") == [1, 2]


def test_an_empty_list_is_a_value() -> None:
    """A list that stays empty is no missing variable."""
    assert read_variable("var list = [];", "list") == []
    with pytest.raises(NotFound, match="list"):
        read_variable("var other = [];", "list")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 500_000,
        "'" * 500_001,
        "/*" * 300_000,
        "x=" * 300_000,
        "{a:" * 200_000,
        "x=[1," * 80_000,
        'x="' * 200_000,
        "//" * 400_000,
    ],
)
def test_hostile_text_costs_no_more_than_its_length(text: str) -> None:
    """Brackets, quotes and comments that are never closed are not searched again and again."""
    before = time.process_time()
    with suppress(NotFound):
        read_variable("x=" + text, "x")

    assert time.process_time() - before < 3
