"""The figures of the cases of one week: opened, closed, open at its end, overdue, and due soon."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, defer

from collector.access import PIPELINE, visible_to
from collector.tables import RESTRICTED, Message
from config.profile import EXTERNAL, Profile
from responder.lifecycle import State
from responder.tables import Case, CaseMessage, Deadline
from responder.weeks import Week

DUE_SOON_DAYS = 5
UNASSIGNED = "待分办"
_CLOCK_STOPPED = (State.CORRECTION, State.PAUSED)


@dataclass(frozen=True)
class _Standing:
    """One case as it stood at the end of the week, or now if the week is not over."""

    id: int
    number: str
    owner: str
    message: int
    restricted: bool
    due_on: date | None
    provisional: bool
    opened: bool
    closed: bool
    open: bool
    paused: bool
    overdue: bool
    due_soon: bool

    @property
    def status(self) -> str:
        """The one word that the list of cases shows."""
        for word in ("paused", "overdue", "due_soon", "open", "closed"):
            if getattr(self, word):
                return word
        return "open"


def case_figures(session: Session, profile: Profile, week: Week, as_of: datetime) -> dict[str, Any]:
    """Return the figures of the cases, each with the cases it counts and their opening messages.

    A case that holds a restricted message is counted apart and listed nowhere. A case that was merged is
    counted with the one it went into.

    Args:
        as_of: aware, in the bureau's zone; the week's end, or now if the week is not over.
    """
    soon = datetime.combine(as_of.date() + timedelta(days=DUE_SOON_DAYS), time(), as_of.tzinfo)
    standings = _standings(session, week, as_of, soon)
    listed = [case for case in standings if not case.restricted]
    owners: dict[str, list[_Standing]] = defaultdict(list)
    for case in listed:
        if case.open:
            owners[case.owner].append(case)
    place = {owner: position for position, owner in enumerate(profile.owners)}
    figures: dict[str, Any] = {
        "as_of": as_of.isoformat(),
        "due_until": (soon - timedelta(days=1)).date().isoformat(),
    }
    for name in ("opened", "closed", "open", "paused", "overdue", "due_soon"):
        figures[name] = _number([case for case in listed if getattr(case, name)])
        figures[name]["restricted"] = sum(getattr(case, name) for case in standings if case.restricted)
    figures["by_owner"] = [
        {"key": owner, "name": owner.removeprefix(EXTERNAL)}
        | {
            name: _number([case for case in owners[owner] if getattr(case, name)])
            for name in ("open", "paused", "overdue", "due_soon")
        }
        for owner in sorted(owners, key=lambda owner: (place.get(owner, len(place)), owner))
    ]
    figures["lines"] = [
        {
            "case": case.id,
            "number": case.number,
            "message": case.message,
            "owner": case.owner.removeprefix(EXTERNAL),
            "due_on": case.due_on.isoformat() if case.due_on else None,
            "provisional": case.provisional,
            "status": case.status,
        }
        for case in sorted(listed, key=lambda case: (case.due_on or date.max, case.id))
    ]
    return figures


def _number(cases: Sequence[_Standing]) -> dict[str, Any]:
    return {
        "value": len(cases),
        "rows": [case.message for case in cases],
        "cases": [case.id for case in cases],
    }


def _standings(session: Session, week: Week, as_of: datetime, soon: datetime) -> list[_Standing]:
    # Read as the service itself: what is restricted must be known to be counted apart.
    concerned = sa.and_(
        visible_to(PIPELINE),
        Case.merged_into.is_(None),
        Case.opened_at < as_of,
        sa.or_(Case.closed_at.is_(None), Case.closed_at >= week.start),
    )
    columns = (Case.id, Case.number, Case.owner, Case.state, Case.opened_at, Case.closed_at)
    sealed = sa.func.max(sa.case((Message.access == RESTRICTED, 1), else_=0))
    query = (
        sa.select(*columns, sa.func.min(Message.id).label("message"), sealed.label("sealed"))
        .join(CaseMessage, CaseMessage.case_id == Case.id)
        .join(Message, Message.id == CaseMessage.message_id)
        .where(concerned)
        .group_by(*columns)
        .order_by(Case.id)
    )
    deadlines = _deadlines(session, week, as_of)
    standings = []
    for row in session.execute(query):
        deadline = deadlines.get(row.id)
        is_open = row.closed_at is None or row.closed_at >= as_of
        paused = is_open and row.state in _CLOCK_STOPPED
        runs_out = deadline.due_at if deadline and is_open and not paused else None
        standings.append(
            _Standing(
                id=row.id,
                number=row.number,
                owner=row.owner or UNASSIGNED,
                message=row.message,
                restricted=bool(row.sealed),
                due_on=deadline.due_on if deadline else None,
                provisional=bool(deadline and deadline.provisional),
                opened=row.opened_at >= week.start,
                closed=not is_open,
                open=is_open,
                paused=paused,
                overdue=runs_out is not None and runs_out <= as_of,
                due_soon=runs_out is not None and as_of < runs_out <= soon,
            )
        )
    return standings


def _deadlines(session: Session, week: Week, as_of: datetime) -> dict[int, Deadline]:
    """Return the earliest deadline of each case: the one its line on the desk shows too."""
    query = (
        sa.select(Deadline)
        .join(Case, Case.id == Deadline.case_id)
        .where(
            Case.merged_into.is_(None),
            Case.opened_at < as_of,
            sa.or_(Case.closed_at.is_(None), Case.closed_at >= week.start),
        )
        .options(defer(Deadline.rule), defer(Deadline.steps))
        .order_by(Deadline.due_at.desc(), Deadline.id.desc())
    )
    return {deadline.case_id: deadline for deadline in session.scalars(query)}
