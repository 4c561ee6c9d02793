"""Connections of the polite client: to checked addresses only, with verified TLS, and none longer than agreed.

urllib3 speaks HTTP. Added are the check of the address at the moment of connecting and the limit of time on an answer
as a whole: a server that sends a byte now and then, in the headers or the body, would pass any limit on one read.
"""

import io
import logging
import socket
import ssl
import time
from functools import partial
from http.client import HTTPResponse, RemoteDisconnected
from pathlib import Path
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from collector.addresses import Target, checked_addresses
from collector.errors import PageTooLarge
from collector.trust import trusted_by

# At the level DEBUG urllib3 would log each URL with its query.
logging.getLogger("urllib3").setLevel(logging.INFO)

_POOLS = 16


class Guard:
    """What the connections of one client obey; the client sets it anew for each request.

    Args:
        private: whether private networks may be entered.
        timeout: seconds for connecting and for each read.
    """

    def __init__(self, *, private: bool, timeout: float) -> None:
        self.private, self.timeout = private, timeout
        self.item = ""
        self._longest = self._end = 0.0

    def begin(self, item: str, longest: float) -> None:
        """Start the time of one answer.

        Args:
            item: the address as errors name it.
            longest: seconds until the last byte.
        """
        self.item, self._longest = item, longest
        self._end = time.monotonic() + longest

    def allowance(self) -> float:
        """Return the seconds that the next step may take.

        Raises:
            PageTooLarge: the time of this answer is over.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise PageTooLarge(
                f"the answer did not end within {self._longest:g} seconds",
                item=self.item,
                todo="Try later, or ask for fewer rows a page in the source.",
            )
        return min(self.timeout, left)


class _TimedReader(io.RawIOBase):
    """The bytes of a socket, each read of which keeps to the guard's time; `ended` says that no more will come."""

    def __init__(self, sock: socket.socket, guard: Guard) -> None:
        self._sock, self._guard = sock, guard
        self.ended = False
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._guard.allowance())
        try:
            count: int | None = self._raw.readinto(buffer)
        except TimeoutError:
            self._guard.allowance()  # Tells a slow answer as a whole from one slow read.
            raise
        self.ended = count == 0
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, guard: Guard, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp.close()
        self._reader = _TimedReader(sock, guard)
        self.fp = io.BufferedReader(self._reader)

    def begin(self) -> None:
        """Read status and headers; http.client would take headers that break off for whole ones, without a body."""
        super().begin()
        if self._reader.ended:
            raise RemoteDisconnected("the headers broke off")


class _Checked(HTTPConnection):
    def __init__(self, *args: Any, guard: Guard, **options: Any) -> None:
        super().__init__(*args, **options)
        self._guard = guard
        # http.client only calls it, so what makes a response serves as its class.
        self.response_class = partial(_TimedResponse, guard=guard)  # type: ignore[assignment]

    def _new_conn(self) -> socket.socket:
        """Connect to an address that was checked, never to the name again."""
        try:
            addresses = checked_addresses(self._dns_host, self.port, private=self._guard.private)
        except (OSError, UnicodeError) as err:
            raise NameResolutionError(self.host, self, err) from err  # type: ignore[arg-type]
        fault: OSError = OSError("the name has no address")
        for family, where in addresses:
            sock = socket.socket(family, socket.SOCK_STREAM)
            try:
                for option in self.socket_options or ():
                    sock.setsockopt(*option)
                sock.settimeout(self._guard.allowance())
                sock.connect(where)
            except OSError as err:
                sock.close()
                fault = err
            except BaseException:
                sock.close()
                raise
            else:
                return sock
        if isinstance(fault, TimeoutError):
            raise ConnectTimeoutError(self, "no connection") from fault
        raise NewConnectionError(self, str(fault)) from fault


class _CheckedTls(_Checked, HTTPSConnection):
    """As `_Checked`; certificate and SNI go by the name, whatever the address."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Checked


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _CheckedTls


class Connections:
    """Kept-alive connections of one client, one to an origin.

    Args:
        guard: obeyed by each connection.
        ca_file: a further certificate authority, PEM.
    """

    def __init__(self, guard: Guard, ca_file: Path | None) -> None:
        self._guard, self._ca_file = guard, ca_file
        self._tls: ssl.SSLContext | None = None
        self._pools: dict[str, HTTPConnectionPool] = {}

    def to(self, target: Target) -> HTTPConnectionPool:
        """Return the pool of a target's origin; it connects when it is first asked.

        Raises:
            CertificateRefused: the certificate authority's file cannot be used.
        """
        pool = self._pools.get(target.origin)
        if pool is None:
            # Links may lead to any number of hosts; the connection kept longest makes room.
            if len(self._pools) >= _POOLS:
                self._pools.pop(next(iter(self._pools))).close()
            if target.scheme == "https":
                pool = _TlsPool(target.host, target.port, guard=self._guard, ssl_context=self._trusted())
            else:
                pool = _Pool(target.host, target.port, guard=self._guard)
            self._pools[target.origin] = pool
        return pool

    def close(self) -> None:
        """Close all connections."""
        while self._pools:
            self._pools.popitem()[1].close()

    def _trusted(self) -> ssl.SSLContext:
        """The authorities of the machine, those that come with requests, and the source's own."""
        if self._tls is None:
            self._tls = trusted_by(self._ca_file)
        return self._tls
