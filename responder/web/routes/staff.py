"""The accounts, for who keeps them; they are made and changed on the command line."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from responder.accounts import Visit, list_staff
from responder.permissions import Permission
from responder.web.pages import Pages
from responder.web.security import context_of, requires

router = APIRouter(redirect_slashes=False)


@router.get("/staff")
def show_staff(request: Request, visit: Annotated[Visit, Depends(requires(Permission.STAFF_READ))]) -> HTMLResponse:
    """Show every account with its role and whether it can be used."""
    ctx = context_of(request)
    with ctx.database.reading() as session:
        people = list_staff(session)
    pages: Pages = request.app.state.pages
    return pages.html(request, "staff.html", people=people, now=ctx.clock())
