"""Structured logs: the event name is constant, values are fields, personal data is masked whatever happens.

JSON on standard error, one object a line, so that journald or a file keeps it; `console` for eyes.
"""

import json
import logging
import sys
import threading
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from traceback import extract_tb
from types import TracebackType
from typing import Any

import structlog

from config.errors import WenzhengError
from config.redact import mask
from config.settings import Settings

_OURS = frozenset({"level", "timestamp", "logger", "_record", "_from_structlog"})
_DEEPEST = 6
"""Levels of nesting that are logged; what lies deeper, or contains itself, is cut."""

# A stranger's text must not move the cursor of a terminal or hide a line.
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}


def set_up_logs(settings: Settings) -> None:
    """Send this process's logs, those of the libraries and uncaught errors to standard error in the chosen form."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask_values,
    ]
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(
            # The traceback is text already, and masked.
            colors=sys.stderr.isatty(),
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_logger_name,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _MaskedHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(True)
    for name in ("uvicorn", "uvicorn.access", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    # The scheduler reports each run, and Alembic each look at the schema; our own events say the same with counts.
    for name in ("apscheduler", "alembic"):
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


def get_logger(name: str) -> Any:
    """Return the logger of a module; events are constant words, values are keyword fields."""
    return structlog.stdlib.get_logger(name)


def mask_values(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask every text of a log entry, so that a number or address that slipped in does not stay there."""
    for key, value in event.items():
        if key not in _OURS:
            event[key] = _masked(value, _DEEPEST)
    return event


def _masked(value: Any, levels: int) -> Any:
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, str):
        return mask(value).translate(_CONTROLS)
    if isinstance(value, int):
        digits = str(value)
        return value if mask(digits) == digits else mask(digits)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if levels == 0:
        return "…"
    if isinstance(value, Mapping):
        return {mask(str(key)): _masked(inner, levels - 1) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(inner, levels - 1) for inner in value]
    # Paths, moments, exceptions, rows: the renderer would write their text itself, after the masking.
    return mask(str(value)).translate(_CONTROLS)


class _MaskedHandler(logging.StreamHandler[Any]):
    """Writes to standard error; an entry that cannot be written is counted as such, without its values."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        """Say which logger's entry failed; logging itself would print the message with all its values."""
        said = {
            "level": "error",
            "event": "log_entry_failed",
            "logger": record.name,
            "error": type(sys.exception()).__name__,
        }
        with suppress(OSError, ValueError):  # Standard error itself is gone; nothing is left to write to.
            self.stream.write(json.dumps(said) + "\n")


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        # The text of a foreign error, or of a cause, quotes what it choked on; our own errors quote no content.
        said = {"what": str(error)} if isinstance(error, WenzhengError) else {}
        place = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in extract_tb(trace)]
        get_logger("uncaught").critical(
            "uncaught_error", error=kind.__name__, **said, causes=_causes(error), place=place
        )


def _causes(error: BaseException) -> list[str]:
    """Return the types of an error's causes, nearest first."""
    found: list[BaseException] = [error]
    while (cause := found[-1].__cause__ or found[-1].__context__) is not None and cause not in found:
        found.append(cause)
    return [type(cause).__name__ for cause in found[1:]]


def _log_uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is not None:
        _log_uncaught(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)
