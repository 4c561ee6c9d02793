"""What went wrong with a request, in words; the errors of urllib3 and of the machine end here."""

import re
import socket
import ssl
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from collector.errors import HttpRefused, PageGone

_TODO = {
    401: "Check the source's log-in.",
    403: "Open the address in a browser: it may need a log-in, or the site keeps collectors out.",
    404: "Check the address in the source.",
    410: "Check the address in the source.",
    429: "Raise the source's pace; the next run tries again.",
}
_TODO_ELSE = "The next run tries again; if it lasts, open the address in a browser."


def refused(status: int, headers: Mapping[str, str], *, item: str, now: datetime) -> HttpRefused:
    """Return the error for an answer that is no success.

    Args:
        item: the address without its query.
        now: aware; a Retry-After may be a date.
    """
    try:
        said = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        said = str(status)
    kind = PageGone if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE) else HttpRefused
    return kind(
        f"the server answered {said}",
        item=item,
        todo=_TODO.get(status, _TODO_ELSE),
        status=status,
        retry_after=_retry_after(headers.get("Retry-After", ""), now),
    )


def _retry_after(said: str, now: datetime) -> float | None:
    """Return the seconds of a header Retry-After, a number or a date; None if it says nothing of use."""
    if re.fullmatch(r"\s*[0-9]{1,9}\s*", said):
        return float(said)
    try:
        return max(0.0, (parsedate_to_datetime(said) - now).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def certificate_refused(error: BaseException) -> bool:
    """Return whether TLS itself failed, so that another try would fail alike.

    A connection that only ends while TLS is agreed on is a connection that broke.
    """
    cause = _tls(error)
    return cause is not None and not isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError | ssl.SSLSyscallError)


def in_words(error: BaseException) -> str:
    """Return what happened on a connection as a clause that names no address."""
    cause = _tls(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the site's certificate is not valid ({cause.verify_message})"
    if cause is not None and certificate_refused(error):
        return f"no TLS connection could be agreed on ({cause.reason or 'unknown reason'})"
    if isinstance(error, NameResolutionError | socket.gaierror):
        return "the host's name could not be resolved"
    if isinstance(error, NewConnectionError):
        reason = error.__cause__.strerror if isinstance(error.__cause__, OSError) else None
        return f"no connection to the host ({(reason or 'unknown reason').lower()})"
    if isinstance(error, ConnectTimeoutError):
        return "no connection within the time allowed"
    if isinstance(error, ReadTimeoutError | TimeoutError):
        return "no answer within the time allowed"
    if isinstance(error, DecodeError):
        return "the answer's packing is broken"
    if isinstance(error, ProtocolError):
        return "the answer broke off"
    return "the connection broke"


def _tls(error: BaseException) -> ssl.SSLError | None:
    if isinstance(error, SSLError) and error.args and isinstance(error.args[0], BaseException):
        return _tls(error.args[0])
    return error if isinstance(error, ssl.SSLError) else None
