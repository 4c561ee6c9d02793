"""Logging in and out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from responder.accounts import Visit, log_in, log_out
from responder.errors import LogInBusy
from responder.permissions import Permission
from responder.web.pages import Pages, home_of
from responder.web.security import (
    checked_form,
    checked_login_form,
    context_of,
    current_visit,
    form_word,
    give_form_word,
    give_session,
    local_path,
    requires,
    take_session,
)

router = APIRouter(redirect_slashes=False)


@router.get("/login")
def show_login(request: Request, found: Annotated[Visit | None, Depends(current_visit)], next: str = "/") -> Response:
    """Show the log-in form, or go on if somebody is logged in already."""
    if found is not None:
        return RedirectResponse(_after_login(next, found.staff.role), 303)
    return _form(request, local_path(next))


@router.post("/login", dependencies=[Depends(checked_login_form)])
def take_login(
    request: Request,
    username: Annotated[str, Form(max_length=64)] = "",
    password: Annotated[str, Form(max_length=1024)] = "",
    next: Annotated[str, Form(max_length=1024)] = "/",
) -> Response:
    """Check name and password; a refusal does not say which of them was wrong."""
    ctx = context_of(request)
    try:
        login = log_in(ctx, username, password, ctx.clock())
    except LogInBusy:
        return _form(request, local_path(next), 503, username=username)
    if login is None:
        return _form(request, local_path(next), 401, username=username)
    response = RedirectResponse(_after_login(next, login.staff.role), 303)
    give_session(response, ctx.settings, login.token)
    return response


@router.post("/logout", dependencies=[Depends(checked_form)])
def take_logout(request: Request, visit: Annotated[Visit, Depends(requires(Permission.ACCOUNT_READ_OWN))]) -> Response:
    """End this session and go back to the log-in form."""
    ctx = context_of(request)
    log_out(ctx, visit, ctx.clock())
    response = RedirectResponse("/login", 303)
    take_session(response, ctx.settings)
    return response


def _after_login(next: str, role: str) -> str:
    return local_path(next) if local_path(next) != "/" else home_of(role)


def _form(request: Request, next: str, status: int = 200, *, username: str = "") -> HTMLResponse:
    pages: Pages = request.app.state.pages
    word = form_word(request)
    response = pages.html(
        request,
        "login.html",
        status,
        csrf=word,
        next=next,
        username=username,
        refused=status == 401,
        busy=status == 503,
    )
    give_form_word(response, context_of(request).settings, word)
    return response
