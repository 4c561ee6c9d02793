"""What the tests of the weekly summary share: its week, moments in Linyi, and cases."""

import itertools
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from collector.access import EVERYONE
from config.context import Context
from responder.report_figures import Figures, weekly_figures
from responder.tables import Case, CaseMessage, Deadline
from responder.weeks import parse_week
from tests.factories import make_message

LINYI = ZoneInfo("Asia/Shanghai")
WEEK = parse_week("2026-W47", LINYI)

_numbers = itertools.count(1)


def linyi(month: int, day: int, hour: int = 12, minute: int = 0, second: int = 0) -> datetime:
    """Return a moment of 2026 in Linyi."""
    return datetime(2026, month, day, hour, minute, second, tzinfo=LINYI)


def figures_of(ctx: Context, label: str = WEEK.label) -> Figures:
    """Return the figures of a week as everyone sees them, at the clock's moment."""
    with ctx.database.reading() as session:
        return weekly_figures(session, ctx.profile, parse_week(label, LINYI), EVERYONE, ctx.clock())


def item(figures: Figures, table: str, key: str) -> Figures:
    """Return one row of one table."""
    return next(each for each in figures["tables"][table] if each["key"] == key)


def numbers(figures: Any) -> Iterator[Figures]:
    """Yield every dictionary that holds a value with its rows, wherever it stands."""
    if isinstance(figures, dict):
        if "value" in figures and "rows" in figures:
            yield figures
        for value in figures.values():
            yield from numbers(value)
    elif isinstance(figures, list):
        for value in figures:
            yield from numbers(value)


def make_case(ctx: Context, opened_at: datetime, due_on: datetime | None = None, **columns: Any) -> tuple[int, int]:
    """Store a case with one message and, if given, its last day in time; return the ids of case and message."""
    message = make_message(ctx, received_at=opened_at, access=columns.pop("access", "normal"))
    row = {
        "number": f"2026-{next(_numbers):06d}",
        "state": "办理中",
        "channel": "site-board",
        "owner": "综合科",
        "urgency": "低",
        "received_at": opened_at,
        "opened_at": opened_at,
    } | columns
    with ctx.database.writing() as session:
        case = Case(**row)
        session.add(case)
        session.flush()
        session.add(CaseMessage(case_id=case.id, message_id=message, role="opening"))
        if due_on is not None:
            due_at = datetime.combine(due_on.date() + timedelta(days=1), time(), LINYI)
            session.add(
                Deadline(
                    case_id=case.id,
                    clock="site-board",
                    due_on=due_on.date(),
                    due_at=due_at,
                    provisional=False,
                    rule={},
                    steps=[],
                    computed_at=opened_at,
                )
            )
        return case.id, message
