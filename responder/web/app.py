"""The desk as one application, and the server that runs it."""

import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from config.context import Context
from config.logs import get_logger
from responder.address import listen
from responder.web.pages import Pages
from responder.web.routes import account, audit, cases, health, login, reports, staff, today
from responder.web.security import NotLoggedIn, current_visit, login_address
from responder.web.shell import Shell

STATIC = Path(__file__).parent / "static"
_log = get_logger(__name__)

GRACE_S = 10
"""How long open requests may take to end after SIGTERM."""

MOST_CONNECTIONS = 200
"""With more connections open, each further request is answered 503."""

BACKLOG = 100
"""Connections that wait to be accepted; asyncio also tries, and logs, so many times in a row when it cannot."""

KEEP_ALIVE_S = 5
REPEAT_S = 60
"""The server's own loggers say the same at most this often."""


def create_app(ctx: Context) -> FastAPI:
    """Return the desk of one opened home."""
    # A redirect to the path with or without a slash would take its host from the request, where anything can stand.
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.ctx = ctx
    app.state.pages = pages = Pages(ctx.profile)
    for part in (login, today, cases, reports, staff, audit, account, health):
        app.include_router(part.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")

    @app.exception_handler(NotLoggedIn)
    def to_log_in(request: Request, error: NotLoggedIn) -> Response:
        return RedirectResponse(login_address(request), 303)

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        request.state.visit = current_visit(request)
        return pages.error(request, error.status_code)

    @app.exception_handler(RequestValidationError)
    def malformed(request: Request, error: RequestValidationError) -> Response:
        return pages.error(request, 400)

    app.add_middleware(Shell, secure=ctx.settings.cookie_secure, error_page=pages.error)
    return app


def serve(ctx: Context, on_ready: Callable[[str], None] | None = None) -> None:
    """Run the desk on the settings' address until SIGTERM or SIGINT, then let open requests end.

    Args:
        on_ready: called once with the desk's address when it answers; port 0 is a free port by then.

    Raises:
        DeskUnavailable: the address is taken or not of this machine.
    """
    listener = listen(ctx.settings.host, ctx.settings.port)

    def ready() -> None:
        _log.info("desk_ready", address=_address(listener))
        if on_ready is not None:
            on_ready(_address(listener))

    for name in ("asyncio", "uvicorn.error"):
        logging.getLogger(name).addFilter(_SELDOM)
    server = _Server(_configuration(create_app(ctx)), ready)
    with listener, _signals_end_here():
        server.run(sockets=[listener])


class Seldom(logging.Filter):
    """Lets the same message of a logger through once a minute: strangers' connections must not fill the disk."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether this was not said in the last minute."""
        now, key = record.created, (record.name, record.getMessage())
        if 0 <= now - self._said.get(key, -REPEAT_S) < REPEAT_S:
            return False
        # What is older no longer matters, and texts that differ each time must not gather.
        self._said = {other: said for other, said in self._said.items() if 0 <= now - said < REPEAT_S} | {key: now}
        return True


_SELDOM = Seldom()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


def _configuration(app: FastAPI) -> uvicorn.Config:
    # Headers that a proxy would set can be set by anybody; nothing here depends on the asker's address.
    return uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        lifespan="off",
        limit_concurrency=MOST_CONNECTIONS,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


@contextmanager
def _signals_end_here() -> Iterator[None]:
    # uvicorn raises a signal again after its clean stop. Without this the process would die of SIGTERM when all
    # had ended well, and its exit code would say so.
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            before[number] = signal.signal(number, lambda *_: None)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
