"""Today's work: the cases that wait to be given to somebody."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse

from responder.accounts import Visit
from responder.case_file import load_glances
from responder.lifecycle import State
from responder.permissions import Permission
from responder.queue import counts, hidden_restricted, triage
from responder.web.pages import Pages
from responder.web.security import context_of, requires

router = APIRouter(redirect_slashes=False)

PAGE_ROWS = 50


@router.get("/")
def show_today(
    request: Request,
    visit: Annotated[Visit, Depends(requires(Permission.QUEUE_READ))],
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> HTMLResponse:
    """Show one page of the queue, with how many cases stand in each state."""
    ctx = context_of(request)
    staff, now = visit.staff, ctx.clock()
    with ctx.database.reading() as session:
        states = counts(session, staff)
        rows = triage(session, staff, ctx.profile, now, PAGE_ROWS, (page - 1) * PAGE_ROWS)
        glances = load_glances(session, staff, [row.case_id for row in rows])
        hidden = hidden_restricted(session, staff)
    pages: Pages = request.app.state.pages
    return pages.html(
        request,
        "today.html",
        now=now,
        states=states,
        rows=[(row, glances[row.case_id]) for row in rows if row.case_id in glances],
        hidden=hidden,
        page=page,
        first=(page - 1) * PAGE_ROWS + 1,
        last=max(1, -(-states[State.TRIAGE] // PAGE_ROWS)),
    )
