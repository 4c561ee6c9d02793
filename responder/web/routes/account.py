"""A person's own account."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from responder.accounts import Visit
from responder.permissions import Permission
from responder.web.pages import Pages
from responder.web.security import requires

router = APIRouter(redirect_slashes=False)


@router.get("/account")
def show_account(
    request: Request, visit: Annotated[Visit, Depends(requires(Permission.ACCOUNT_READ_OWN))]
) -> HTMLResponse:
    """Show who is logged in, in which role, and until when."""
    pages: Pages = request.app.state.pages
    return pages.html(request, "account.html")
