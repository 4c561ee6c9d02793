"""What went wrong on a connection, in words; the errors of urllib3 and of the machine end here."""

import socket
import ssl

from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)


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
    if isinstance(error, ConnectTimeoutError):
        return "no connection within the time allowed"
    if isinstance(error, NewConnectionError):
        return "no connection to the host"
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
