"""Logs: one form for all, constant events, and no personal data whatever is handed to them."""

import ast
import json
import logging
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import pytest
import structlog

from config.errors import WenzhengError
from config.logs import get_logger, set_up_logs
from config.settings import Settings

NAME, MOBILE, IDENTITY, MAIL = "张三丰", "13912345678", "371302199001011234", "zhang.san@example.com"
LETTER = f"我叫{NAME}，电话{MOBILE}，身份证{IDENTITY}，邮箱{MAIL}"
PERSONAL = (NAME, MOBILE, IDENTITY, MAIL)
FLOORS = ("config", "collector", "classifier", "responder")


def entries(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return what was logged since the last call; everything is one JSON object a line, on standard error."""
    captured = capsys.readouterr()
    assert captured.out == ""
    return [json.loads(line) for line in captured.err.splitlines()]


def test_entry_is_one_json_object_with_its_event_level_logger_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    """The event is a word, values are fields, Chinese is readable, the time is UTC."""
    set_up_logs(Settings())
    get_logger("floor.part").warning("item_failed", item=7, share=0.5, done=False, channel="网站留言板", none=None)

    (entry,) = entries(capsys)
    assert entry.pop("timestamp").endswith("Z")
    assert entry == {
        "event": "item_failed",
        "level": "warning",
        "logger": "floor.part",
        "item": 7,
        "share": 0.5,
        "done": False,
        "channel": "网站留言板",
        "none": None,
    }


class Row:
    """Something that shows personal data when it is printed."""

    def __repr__(self) -> str:
        return LETTER


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize(
    "value",
    [
        LETTER,
        int(MOBILE),
        [LETTER, (LETTER, {LETTER})],
        {"outer": {"inner": [{"deep": LETTER}]}},
        {LETTER: 1},
        {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": LETTER}}}}}}}},
        LETTER.encode(),
        ValueError(LETTER),
        Path(LETTER),
        Row(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_personal_data_in_a_field_is_masked(capsys: pytest.CaptureFixture[str], form: Any, value: object) -> None:
    """Texts, numbers, nested values, bytes, exceptions and objects are all masked, in both forms."""
    set_up_logs(Settings(log_format=form))
    structlog.contextvars.bind_contextvars(bound=value)
    get_logger("x").info("event", field=value)

    text = capsys.readouterr().err
    assert "event" in text
    assert not [part for part in PERSONAL if part in text]


@pytest.mark.parametrize("form", ["json", "console"])
def test_personal_data_in_an_exception_is_masked(capsys: pytest.CaptureFixture[str], form: Any) -> None:
    """A traceback is logged whole, with its causes, and masked."""
    set_up_logs(Settings(log_format=form))
    try:
        try:
            raise KeyError(LETTER)
        except KeyError as error:
            raise ValueError(f"bad value {LETTER}") from error
    except ValueError:
        get_logger("x").exception("event_failed")

    text = capsys.readouterr().err
    assert "Traceback" in text
    assert "KeyError" in text
    assert not [part for part in PERSONAL if part in text]


@pytest.mark.parametrize("name", ["uvicorn.error", "uvicorn.access", "apscheduler.executors", "some.library"])
def test_libraries_log_in_the_same_form_and_masked(capsys: pytest.CaptureFixture[str], name: str) -> None:
    """What uvicorn, the scheduler and others log, arguments and tracebacks included, is ours in form and masked."""
    logging.getLogger("uvicorn").addHandler(logging.StreamHandler(sys.stdout))
    logging.getLogger("uvicorn").propagate = False
    set_up_logs(Settings())
    try:
        raise RuntimeError(LETTER)
    except RuntimeError:
        logging.getLogger(name).exception("request of %s failed", LETTER)

    (entry,) = entries(capsys)
    assert entry["logger"] == name
    assert entry["level"] == "error"
    assert "RuntimeError" in entry["exception"]
    assert "[电话]" in entry["event"]
    assert not [part for part in PERSONAL if part in json.dumps(entry, ensure_ascii=False)]


def test_each_run_of_the_scheduler_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    """APScheduler and Alembic speak up only when something is wrong."""
    set_up_logs(Settings(log_level="debug"))
    logging.getLogger("apscheduler.executors.default").info("Running job")
    logging.getLogger("alembic.runtime.migration").info("Context impl")

    assert entries(capsys) == []


def test_level_of_the_settings_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing below the level of the settings is written."""
    set_up_logs(Settings(log_level="error"))
    get_logger("x").warning("not_said")
    get_logger("x").error("said")

    assert [entry["event"] for entry in entries(capsys)] == ["said"]


def test_values_that_contain_themselves_are_cut(capsys: pytest.CaptureFixture[str]) -> None:
    """A value without an end is logged with an end."""
    set_up_logs(Settings())
    endless: list[Any] = []
    endless.append(endless)
    get_logger("x").info("event", field=endless)

    assert entries(capsys)[0]["field"] == [[[[[["…"]]]]]]


def test_line_ends_and_terminal_commands_of_strangers_do_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A text with line ends and escape sequences stays inside its own entry."""
    set_up_logs(Settings())
    get_logger("x").info("event", field='a\r\n{"event": "forged"}\x1b[2J')
    assert [entry["event"] for entry in entries(capsys)] == ["event"]

    set_up_logs(Settings(log_format="console"))
    get_logger("x").info("event", field="a\x1b[2J\x9b2J\rb")
    text = capsys.readouterr().err
    assert "\x1b[2J" not in text
    assert "\x9b" not in text
    assert "\r" not in text


def test_entry_that_cannot_be_written_shows_no_values(capsys: pytest.CaptureFixture[str]) -> None:
    """A library's wrong format string is reported by its logger's name, not by the values it was given."""
    set_up_logs(Settings())
    logging.getLogger("some.library").warning("%d of %s", LETTER)

    (entry,) = entries(capsys)
    assert entry["event"] == "log_entry_failed"
    assert entry["logger"] == "some.library"
    assert entry["error"] == "TypeError"


def test_warnings_and_uncaught_errors_are_entries_too(capsys: pytest.CaptureFixture[str]) -> None:
    """What Python itself would print to standard error is an entry and masked, in threads too."""
    set_up_logs(Settings())
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn(LETTER, UserWarning, stacklevel=1)
    error = ValueError(LETTER)
    sys.excepthook(ValueError, error, None)
    threading.excepthook(threading.ExceptHookArgs((ValueError, error, None, None)))

    found = entries(capsys)
    assert [entry["logger"] for entry in found] == ["py.warnings", "uncaught", "uncaught"]
    assert found[1]["event"] == found[2]["event"] == "uncaught_error"
    assert not [part for part in PERSONAL if part in json.dumps(found, ensure_ascii=False)]


def test_uncaught_foreign_errors_are_logged_without_their_text(capsys: pytest.CaptureFixture[str]) -> None:
    """A library's error tells its type, its causes' types and its place; our own also says what happened."""
    set_up_logs(Settings())
    for kind in (ValueError, WenzhengError):
        try:
            try:
                raise KeyError("噪音扰民的正文")
            except KeyError as cause:
                raise kind("what happened") from cause
        except (ValueError, WenzhengError) as error:
            sys.excepthook(kind, error, error.__traceback__)

    foreign, ours = entries(capsys)
    assert (foreign["error"], foreign["causes"]) == ("ValueError", ["KeyError"])
    assert "test_logs.py:" in foreign["place"][0]
    assert "what happened" not in json.dumps(foreign)
    assert "what happened" in ours["what"]
    assert "噪音" not in json.dumps([foreign, ours], ensure_ascii=False)


def test_event_names_in_the_code_are_constant() -> None:
    """No floor builds the event's name from values; they belong into fields, which are masked and searchable."""
    root = Path(__file__).parents[2]
    built = []
    for path in (file for floor in FLOORS for file in (root / floor).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("debug", "info", "warning", "error", "exception", "critical")
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id in ("log", "_log", "logger", "_logger")
                and not (node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str))
            ):
                built.append(f"{path.relative_to(root)}:{node.lineno}")

    assert built == []
