"""The outermost layer of the desk: size limit, headers of every answer, access log, and the page of last resort."""

import time
import traceback
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from config.logs import get_logger

MAX_BODY_BYTES = 64 * 1024
CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HSTS_S = 365 * 24 * 3600

_log = get_logger(__name__)


class Shell:
    """ASGI layer around the whole desk.

    Args:
        secure: the desk is reached over HTTPS, so browsers are told to stay with it.
        error_page: makes the page of a status, for what goes wrong outside the routes.
    """

    def __init__(self, app: ASGIApp, *, secure: bool, error_page: Callable[[Request, int], Response]) -> None:
        self.app, self.secure, self.error_page = app, secure, error_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(scope, MutableHeaders(scope=message))
            await send(message)

        try:
            refused = _refused_size(Headers(scope=scope))
            answer = self.error_page(Request(scope), refused) if refused else self.app
            await answer(scope, receive, send_with_headers)
        except Exception as error:
            # The text of an error may quote a row; the kind of error and the places in our code do not.
            frames = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-8:]]
            _log.error("request_failed", route=_route(scope), error=type(error).__name__, at=frames)
            if status:
                raise ConnectionAbortedError("the answer was cut short") from None
            await self.error_page(Request(scope), 500)(scope, receive, send_with_headers)
        finally:
            # Neither the address asked for nor the asker's: paths can hold search words, addresses are personal.
            _log.info(
                "request",
                method=scope["method"],
                route=_route(scope),
                status=status,
                ms=round((time.perf_counter() - started) * 1000),
            )

    def _add_headers(self, scope: Scope, headers: MutableHeaders) -> None:
        headers.setdefault("Content-Security-Policy", CSP)
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "no-referrer"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers["Cache-Control"] = "max-age=3600" if scope["path"].startswith("/static/") else "no-store"
        if self.secure:
            headers["Strict-Transport-Security"] = f"max-age={HSTS_S}"


def _refused_size(headers: Headers) -> int | None:
    # A browser's form always states its length, and the server reads no more than was stated.
    if "transfer-encoding" in headers:
        return 411
    length = headers.get("content-length", "0")
    return 413 if not length.isdigit() or int(length) > MAX_BODY_BYTES else None


def _route(scope: Scope) -> str:
    return getattr(scope.get("route"), "path", "-")
