"""Due dates that explain themselves, by the clock rules of the profile and the calendar of working days."""

import json
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import takewhile
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from config.calendars import load_calendar
from config.context import Context, Progress
from config.profile import ClockRule, Profile
from config.workdays import WorkCalendar, reckon, reckon_hours
from responder.audit import SYSTEM, AuditAction, Entry, record_all
from responder.errors import NoRule
from responder.lifecycle import OPEN
from responder.tables import Case, Deadline

ORDER_CLOCK = "hotline-12345"
"""The clock that gives way to the limit an order itself states (messages.given_due_at)."""

_UNITS = {"working_days": "个工作日", "days": "日", "months": "个月", "hours": "小时"}
_RULE = "适用规则："
_GIVEN = "工单自带办理时限"
_BATCH = 300


@dataclass(frozen=True)
class Due:
    """A due date with its rule and its explanation.

    Args:
        start: what it was reckoned from: the local day of receipt, or the moment for clocks in hours.
        due_on: the last local day in time.
        due_at: in the bureau's zone; the moment it is overdue: the next midnight, or the exact hour of hour
            clocks and of orders that state one.
        provisional: a year without a published calendar was counted.
        steps: the explanation in Chinese, a line a step.
    """

    clock: str
    rule: ClockRule
    start: date | datetime
    due_on: date
    due_at: datetime
    provisional: bool
    steps: tuple[str, ...]


def due(
    clock_id: str,
    start: date | datetime,
    profile: Profile,
    calendar: WorkCalendar,
    *,
    given: datetime | None = None,
) -> Due:
    """Reckon when a clock runs out.

    Args:
        start: local day of receipt, or its aware moment; the rule in force on that day applies. A clock in
            hours starts at the moment, or at the beginning of the day if only that is known.
        given: the limit an order itself states; it wins for hotline-12345 and is ignored for other clocks.

    Raises:
        NoRule: the profile has no such clock, or no rule of it for that day.
        CalendarError: the due date lies after the year 9999.
    Source: `[[clocks]]` of the profile, each with its law; see docs/rules.md.
    """
    day = _local(start, profile.zone).date() if isinstance(start, datetime) else start
    rule = profile.clock(clock_id, day)
    if rule is None:
        raise _no_rule(clock_id, day, profile)
    if given is not None and clock_id == ORDER_CLOCK:
        return _by_order(rule, start, day, _local(given, profile.zone), profile.zone)
    return _by_rule(rule, start if rule.unit == "hours" else day, profile.zone, calendar)


def explain(due: Due) -> str:
    """Return the due date and its steps as Chinese lines for printing."""
    hour = "24时" if due.rule.unit == "hours" else ""
    if due.due_at.time() != time.min:
        hour = f"{due.due_at:%H:%M}"
    mark = "（暂定）" if due.provisional else ""
    steps = [f"{number}. {step}" for number, step in enumerate(due.steps, start=1)]
    return "\n".join([f"截止日：{_chinese(due.due_on)}{hour}{mark}", *steps])


def deadline_row(case_id: int, due: Due, now: datetime) -> dict[str, Any]:
    """Return the columns of the `deadlines` row of a due date."""
    return {
        "case_id": case_id,
        "clock": due.clock,
        "due_on": due.due_on,
        "due_at": due.due_at,
        "provisional": due.provisional,
        "rule": {**due.rule.model_dump(mode="json", by_alias=True), "start": due.start.isoformat()},
        "steps": list(due.steps),
        "computed_at": now,
    }


def store_deadline(session: Session, case: Case, due: Due, now: datetime) -> Deadline:
    """Store a due date of a case, in place of an earlier one of the same clock; the caller commits."""
    row = deadline_row(case.id, due, now)
    deadline = session.scalar(sa.select(Deadline).where(Deadline.case_id == case.id, Deadline.clock == due.clock))
    if deadline is None:
        deadline = Deadline(**row)
        session.add(deadline)
    else:
        for name, value in row.items():
            setattr(deadline, name, value)
    session.flush()
    return deadline


def recompute(ctx: Context, progress: Progress | None = None, *, year: int | None = None) -> dict[str, int]:
    """Reckon the provisional due dates of open cases anew, after a calendar was imported.

    Each keeps the rule it was born under. What changes is told in its last step and in the audit.

    Args:
        year: of the imported calendar; the due dates that counted days of it are reckoned anew even if they were
            final, because the calendar may correct an earlier one. An order's own limit stays.

    Returns:
        examined: due dates looked at; moved: due on another day now; confirmed: no longer
        provisional, on whichever day.
    """
    wanted = _wanted(year)
    with ctx.database.reading() as session:
        calendar = load_calendar(session)
        ids = session.scalars(
            sa.select(Deadline.id)
            .join(Case, Case.id == Deadline.case_id)
            .where(wanted, Case.state.in_(OPEN), Case.merged_into.is_(None))
            .order_by(Deadline.id)
        ).all()
    counts = {"examined": 0, "moved": 0, "confirmed": 0}
    for first in range(0, len(ids), _BATCH):
        batch = ids[first : first + _BATCH]
        with ctx.database.writing() as session:
            rows = session.scalars(
                sa.select(Deadline).where(Deadline.id.in_(batch), wanted).order_by(Deadline.id).with_for_update()
            ).all()
            entries = [entry for row in rows if (entry := _reckon_anew(ctx, row, calendar, counts))]
            session.flush()
            record_all(session, ctx.vault, entries, ctx.clock())
        if progress is not None:
            progress(first + len(batch), len(ids))
    return counts


def _wanted(year: int | None) -> sa.ColumnElement[bool]:
    if year is None:
        return sa.and_(Deadline.provisional)
    # A notice may name days of the December before its year.
    touched = sa.and_(
        Deadline.rule["unit"].as_string() != "hours",
        Deadline.rule["start"].as_string() <= date(year, 12, 31).isoformat(),
        Deadline.due_on >= date(year, 1, 1) - timedelta(days=31),
    )
    return sa.or_(Deadline.provisional, touched)


def _reckon_anew(ctx: Context, row: Deadline, calendar: WorkCalendar, counts: dict[str, int]) -> Entry | None:
    if any(step.startswith(_GIVEN) for step in row.steps):
        return None
    counts["examined"] += 1
    born = dict(row.rule)
    start = date.fromisoformat(born.pop("start"))
    rule = ClockRule.model_validate_json(json.dumps(born))
    new = _by_rule(rule, start, ctx.profile.zone, calendar)
    moved, confirmed = new.due_on != row.due_on, row.provisional and not new.provisional
    if not moved and new.provisional == row.provisional:
        return None
    counts["moved"] += moved
    counts["confirmed"] += confirmed
    today = _chinese(_local(ctx.clock(), ctx.profile.zone).date())
    became = f"由{_chinese(row.due_on)}改为{_chinese(new.due_on)}" if moved else f"仍为{_chinese(new.due_on)}"
    note = f"{today}按新导入的放假调休安排重新计算，截止日{became}"
    detail = {
        "clock": row.clock,
        "from": row.due_on.isoformat(),
        "to": new.due_on.isoformat(),
        "provisional": new.provisional,
    }
    # What stands before the rule tells why the clock started when it did, and stays true.
    before = takewhile(lambda step: not step.startswith(_RULE), row.steps)
    steps = [*before, *new.steps, note]
    for name, value in deadline_row(row.case_id, new, ctx.clock()).items():
        setattr(row, name, value)
    row.steps = steps
    return Entry(SYSTEM, AuditAction.DEADLINE_RECOMPUTE, f"case:{row.case_id}", detail)


def _by_rule(rule: ClockRule, start: date | datetime, zone: ZoneInfo, calendar: WorkCalendar) -> Due:
    basis = _basis(rule)
    if rule.unit == "hours":
        moment = start if isinstance(start, datetime) else _midnight(start, zone)
        by_hours = reckon_hours(moment, rule.amount, zone)
        due_at = by_hours.due.astimezone(zone)
        # What ends at midnight ends with the day before.
        due_on = (due_at - timedelta(microseconds=1)).date()
        return Due(rule.id, rule, start, due_on, due_at, False, (basis, *by_hours.steps))
    found = reckon(start, rule.amount, rule.unit, calendar)
    overdue = _midnight(found.due + timedelta(days=1), zone)
    return Due(rule.id, rule, start, found.due, overdue, found.provisional, (basis, *found.steps))


def _by_order(rule: ClockRule, start: date | datetime, day: date, given: datetime, zone: ZoneInfo) -> Due:
    """Take an order's own limit; a limit at midnight is a bare date, whose whole day is in time."""
    received = start if isinstance(start, datetime) else _midnight(start, zone)
    if given.time() == time.min:
        due_at = _midnight(given.date() + timedelta(days=1), zone)
        said = _chinese(given.date())
        early = given.date() < day
    else:
        due_at = given
        early = given < received
        said = f"{_chinese(given.date())}{given:%H:%M}"
    steps: tuple[str, ...] = (_basis(rule), f"{_GIVEN}为{said}，以工单时限为准，不再按上述规则推算")
    if early:
        steps += ("工单所附时限早于收到时间，请核对",)
    return Due(rule.id, rule, day, given.date(), due_at, False, steps)


def _no_rule(clock_id: str, day: date, profile: Profile) -> NoRule:
    begins = min((rule.since for rule in profile.clocks if rule.id == clock_id), default=None)
    if begins is None:
        known = ", ".join(sorted({rule.id for rule in profile.clocks}))
        return NoRule("the profile has no such clock", item=clock_id, todo=f"Use one of {known}.")
    return NoRule(f"no rule of this clock is in force on {day}", item=clock_id, todo=f"Its first begins on {begins}.")


def _basis(rule: ClockRule) -> str:
    unchecked = "" if rule.checked else "（依据待核）"
    return f"{_RULE}{rule.name}，{rule.amount}{_UNITS[rule.unit]}；依据：{rule.law}{unchecked}"


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"naive datetime {moment!r}: give it a time zone")
    return moment.astimezone(zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone)


def _chinese(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
