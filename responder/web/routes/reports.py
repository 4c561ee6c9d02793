"""The weekly summaries: the list of editions, and one edition."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse

from responder.accounts import Visit
from responder.errors import EditionMissing, WeekUnknown
from responder.permissions import Permission
from responder.reports import edition_html, list_editions, load_edition, parse_week
from responder.web.pages import Pages
from responder.web.security import context_of, requires

router = APIRouter(redirect_slashes=False)

_LAST_VERSION = 2**31 - 1  # the largest number of the column


@router.get("/reports")
def show_reports(request: Request, visit: Annotated[Visit, Depends(requires(Permission.REPORT_READ))]) -> HTMLResponse:
    """Show the list of editions, newest first, without those of weeks in which nothing came."""
    ctx = context_of(request)
    with ctx.database.reading() as session:
        entries = [entry for entry in list_editions(session) if entry.messages]
    editions = [(entry, parse_week(entry.week, ctx.profile.zone)) for entry in entries]
    pages: Pages = request.app.state.pages
    return pages.html(request, "editions.html", editions=editions)


@router.get("/reports/{week}")
def show_report(
    request: Request,
    week: str,
    visit: Annotated[Visit, Depends(requires(Permission.REPORT_READ))],
    version: int | None = None,
) -> HTMLResponse:
    """Show one edition, by default the newest of its week."""
    if version is not None and not 1 <= version <= _LAST_VERSION:
        raise HTTPException(404)
    ctx = context_of(request)
    try:
        with ctx.database.reading() as session:
            edition = load_edition(session, parse_week(week, ctx.profile.zone), version)
            page = edition_html(session, edition, standalone=False)
    except (EditionMissing, WeekUnknown) as error:
        raise HTTPException(404) from error
    return HTMLResponse(page)
