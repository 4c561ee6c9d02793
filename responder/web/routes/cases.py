"""One case, to read."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse

from responder.accounts import Visit
from responder.case_file import load_case_file
from responder.lifecycle import State
from responder.permissions import Permission, may_read_contact
from responder.web.pages import Pages
from responder.web.security import context_of, requires

router = APIRouter(redirect_slashes=False)


@router.get("/cases/{number}")
def show_case(
    request: Request, number: str, visit: Annotated[Visit, Depends(requires(Permission.CASE_READ))]
) -> HTMLResponse:
    """Show a case; one that the reader may not see is not found, like one that does not exist."""
    ctx = context_of(request)
    with ctx.database.reading() as session:
        file = load_case_file(session, visit.staff, ctx.profile, number, ctx.clock())
    if file is None:
        raise HTTPException(404)
    staff = visit.staff
    # Before 分办 the owner is a proposal, and no model opens a citizen's contact to anybody.
    owner = None if file.case.state == State.TRIAGE else file.case.owner
    pages: Pages = request.app.state.pages
    return pages.html(
        request,
        "case.html",
        file=file,
        shows_contact=may_read_contact(staff.role, staff.section, owner),
    )
