"""Whether the desk lives and can work, for whoever watches the machine; it tells nothing else."""

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from config.errors import DatabaseError
from config.logs import get_logger
from responder.web.security import context_of

router = APIRouter(redirect_slashes=False)
_log = get_logger(__name__)


@router.get("/healthz")
def tell_health(request: Request) -> JSONResponse:
    """Answer 200 if the database answers, else 503."""
    try:
        with context_of(request).database.reading() as session:
            session.execute(sa.select(1))
    except (DatabaseError, sa.exc.SQLAlchemyError) as error:
        _log.error("not_ready", error=type(error).__name__)
        return JSONResponse({"live": True, "ready": False}, 503)
    return JSONResponse({"live": True, "ready": True})
