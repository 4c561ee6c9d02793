"""Who is asking, and whether a form is ours: cookies, CSRF words, permissions of routes, safe return addresses.

Every route either declares a permission with `requires` or stands in `PUBLIC`; a test walks all of them.
"""

import re
import secrets
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Form, HTTPException, Request, Response

from config.context import Context
from config.settings import Settings
from responder.accounts import SESSION_FOR, Visit, visit
from responder.permissions import Permission, may

PUBLIC = frozenset({"/healthz", "/login", "/static"})
"""Paths that are open without a log-in."""

_LOCAL_PATH = re.compile(r"/(?!/)[A-Za-z0-9_\-./?=&%]{0,255}")


class NotLoggedIn(Exception):
    """Raised by `requires` for a request without a live session; the app answers with the way to the log-in."""


def context_of(request: Request) -> Context:
    """Return the context the app was made with."""
    ctx: Context = request.app.state.ctx
    return ctx


def current_visit(request: Request) -> Visit | None:
    """Return the visit of this request, or None if nobody is logged in."""
    ctx = context_of(request)
    token = request.cookies.get(session_cookie(ctx.settings))
    return visit(ctx, token, ctx.clock()) if token else None


def requires(permission: Permission) -> Callable[..., Visit]:
    """Return the dependency that gives the visit of somebody who has this permission.

    Raises (when a request is answered):
        NotLoggedIn: nobody is logged in.
        HTTPException: 403, the role has no such right.
    """

    def checked(request: Request, found: Annotated[Visit | None, Depends(current_visit)]) -> Visit:
        if found is None:
            raise NotLoggedIn
        request.state.visit = found
        if not may(found.staff.role, permission):
            raise HTTPException(403)
        return found

    checked.permission = permission  # type: ignore[attr-defined]
    return checked


def permission_of(dependency: Any) -> Permission | None:
    """Return the permission a dependency made by `requires` checks, or None for another dependency."""
    return getattr(dependency, "permission", None)


def checked_form(
    found: Annotated[Visit | None, Depends(current_visit)], csrf: Annotated[str, Form(max_length=128)] = ""
) -> None:
    """Refuse a form that our own page did not make for this session; every route that takes a form has it.

    Raises (when a request is answered):
        NotLoggedIn: the session ended meanwhile.
        HTTPException: 403.
    """
    if found is None:
        raise NotLoggedIn
    _compare(found.csrf, csrf)


def checked_login_form(request: Request, csrf: Annotated[str, Form(max_length=128)] = "") -> None:
    """Refuse a log-in form that is not ours, so that nobody is logged in to a stranger's account unawares.

    There is no session yet; a cookie that a stranger's page can neither read nor set takes its place.

    Raises (when a request is answered):
        HTTPException: 403.
    """
    _compare(request.cookies.get(form_cookie(context_of(request).settings), ""), csrf)


def session_cookie(settings: Settings) -> str:
    """Return the name of the log-in cookie."""
    return _cookie_name(settings, "wenzheng")


def form_cookie(settings: Settings) -> str:
    """Return the name of the cookie that guards the log-in form."""
    return _cookie_name(settings, "wenzheng-form")


def give_session(response: Response, settings: Settings, token: str) -> None:
    """Put the log-in cookie on a response.

    Lax, not Strict: a link to a case in a colleague's mail or chat must find its reader logged in, and no address
    that a link can open changes anything.
    """
    response.set_cookie(
        session_cookie(settings),
        token,
        max_age=int(SESSION_FOR.total_seconds()),
        secure=settings.cookie_secure,
        httponly=True,
        samesite="lax",
    )


def form_word(request: Request) -> str:
    """Return the word of this browser's log-in form: the one it has, so that two open forms both work."""
    return request.cookies.get(form_cookie(context_of(request).settings)) or secrets.token_urlsafe(32)


def give_form_word(response: Response, settings: Settings, word: str) -> None:
    """Put the cookie of the log-in form on a response."""
    response.set_cookie(form_cookie(settings), word, secure=settings.cookie_secure, httponly=True, samesite="strict")


def take_session(response: Response, settings: Settings) -> None:
    """Make the browser forget the log-in cookie."""
    response.delete_cookie(session_cookie(settings), secure=settings.cookie_secure, httponly=True, samesite="lax")


def local_path(value: str, default: str = "/") -> str:
    """Return *value* if it is a path on this desk, else *default*: nobody is sent elsewhere after a log-in."""
    return value if _LOCAL_PATH.fullmatch(value) else default


def login_address(request: Request) -> str:
    """Return the address of the log-in page that leads back to this one."""
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if request.method != "GET" or path == "/" or local_path(path) != path:
        return "/login"
    return "/login?next=" + quote(path, safe="")


def _compare(expected: str, given: str) -> None:
    if not expected or not secrets.compare_digest(expected.encode(), given.encode()):
        raise HTTPException(403)


def _cookie_name(settings: Settings, name: str) -> str:
    # Browsers accept a __Host- cookie only from this very host, over HTTPS, for the whole site.
    return f"__Host-{name}" if settings.cookie_secure else name
