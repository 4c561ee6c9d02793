"""The newest entries of the audit; the whole chain is checked on the command line."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from responder.accounts import Visit
from responder.audit_list import newest_events
from responder.permissions import Permission
from responder.web.pages import Pages
from responder.web.security import context_of, requires

router = APIRouter(redirect_slashes=False)

SHOWN = 200


@router.get("/audit")
def show_audit(request: Request, visit: Annotated[Visit, Depends(requires(Permission.AUDIT_READ))]) -> HTMLResponse:
    """Show what was done last, newest first."""
    with context_of(request).database.reading() as session:
        events = newest_events(session, SHOWN)
    pages: Pages = request.app.state.pages
    return pages.html(request, "audit.html", events=events, shown=SHOWN)
