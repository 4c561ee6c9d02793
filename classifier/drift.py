"""The numbers of each day: how often each answer was given, how surely, and how often it was left to a person.

`watch_drift` keeps them in `prediction_days`. Only messages that everyone may read are in the numbers. What they
say of drift is in `drift_look.py`.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from math import isclose
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from classifier.pipelines import ALL_QUESTIONS
from classifier.tables import Prediction, PredictionDay
from collector.access import EVERYONE, visible_to
from collector.tables import Message
from config.context import Context, Progress

DAYS_A_WRITE = 31
_STEP = 2_000  # rows fetched at once

_CONFIDENCES = [getattr(Prediction, f"{question}_confidence") for question in ALL_QUESTIONS]
_CONFIDENCE = sum((sa.func.coalesce(column, 0.0) for column in _CONFIDENCES), sa.literal(0.0))
_Totals = dict[int, tuple[int, float]]
"""Messages and total confidence of one day, by version."""
_Row = dict[str, Any]


def watch_drift(ctx: Context, progress: Progress | None = None) -> dict[str, int]:
    """Bring `prediction_days` up to what the predictions say now; repeating it changes nothing.

    Every day is looked at, but only those whose number or confidence differs from what is kept are counted anew:
    new messages, late ones of old days, a new version's answers, messages restricted or purged since.

    Returns:
        Counts: days counted anew, and removed because nothing of them is left to count.
    """
    counts = {"days": 0, "removed": 0}
    zone = ctx.profile.zone
    kept = _kept(ctx)
    changed: list[date] = []
    rows: list[_Row] = []

    def write() -> None:
        _replace(ctx, changed, rows)
        changed.clear()
        rows.clear()

    for number, day in enumerate(_days(ctx), start=1):
        with ctx.database.reading() as session:
            found = _totals(session, day, zone)
            if found and not _same(kept.pop(day, {}), found):
                rows += _counted(session, day, zone)
                changed.append(day)
                counts["days"] += 1
        if len(changed) == DAYS_A_WRITE:
            write()
        if progress:
            progress(number, None)
    counts["removed"] = len(kept)
    changed += kept
    write()
    return counts


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """Return the moment a local day begins."""
    return datetime.combine(day, time(), zone)


def received_within(first: date, last: date, zone: ZoneInfo) -> sa.ColumnElement[bool]:
    """Return the condition that a message was received on one of some local days, both ends within."""
    # Each end is its own local midnight, whatever the clocks do in between.
    return sa.and_(
        Message.received_at >= start_of(first, zone), Message.received_at < start_of(last + timedelta(days=1), zone)
    )


def _days(ctx: Context) -> Iterator[date]:
    """Yield each local day with a message, oldest first."""
    zone = ctx.profile.zone
    query = sa.select(sa.func.min(Message.received_at)).where(visible_to(EVERYONE))
    with ctx.database.reading() as session:
        moment = session.scalar(query)
    while moment is not None:
        day = moment.astimezone(zone).date()
        yield day
        with ctx.database.reading() as session:
            moment = session.scalar(query.where(Message.received_at >= start_of(day + timedelta(days=1), zone)))


def _kept(ctx: Context) -> dict[date, _Totals]:
    """Return the totals of each day as they are kept."""
    of_each = sa.case((PredictionDay.question == ALL_QUESTIONS[0], PredictionDay.messages), else_=0)
    query = sa.select(
        PredictionDay.day,
        PredictionDay.model_version_id,
        sa.func.sum(of_each),
        sa.func.sum(PredictionDay.confidence_sum),
    ).group_by(PredictionDay.day, PredictionDay.model_version_id)
    days: dict[date, _Totals] = defaultdict(dict)
    with ctx.database.reading() as session:
        for day, version, messages, total in session.execute(query):
            days[day][version] = messages, total
    return days


def _totals(session: Session, day: date, zone: ZoneInfo) -> _Totals:
    """Return the totals of one day as the predictions have them."""
    query = (
        sa.select(Prediction.model_version_id, sa.func.count(), sa.func.sum(_CONFIDENCE))
        .join(Message, Message.id == Prediction.message_id)
        .where(received_within(day, day, zone), visible_to(EVERYONE))
        .group_by(Prediction.model_version_id)
    )
    return {version: (messages, total) for version, messages, total in session.execute(query)}


def _same(kept: _Totals, found: _Totals) -> bool:
    # Sums of the same numbers in another order differ in their last digits; confidences have four.
    return kept.keys() == found.keys() and all(
        kept[version][0] == messages and isclose(kept[version][1], total, rel_tol=1e-9, abs_tol=1e-6)
        for version, (messages, total) in found.items()
    )


def _counted(session: Session, day: date, zone: ZoneInfo) -> list[_Row]:
    """Count the predictions of one day, a row for each answer of a version on a channel."""
    answers = [getattr(Prediction, question) for question in ALL_QUESTIONS]
    query = (
        sa.select(Prediction.model_version_id, Message.channel, Prediction.abstained, *answers, *_CONFIDENCES)
        .join(Message, Message.id == Prediction.message_id)
        .where(received_within(day, day, zone), visible_to(EVERYONE))
        .execution_options(yield_per=_STEP)
    )
    tally: dict[tuple[int, str, str, str], list[float]] = defaultdict(lambda: [0, 0, 0.0, 0.0])
    number = len(ALL_QUESTIONS)
    for version, channel, abstained, *rest in session.execute(query):
        unsure = abstained.split(";")
        for question, value, confidence in zip(ALL_QUESTIONS, rest[:number], rest[number:], strict=True):
            if value is None:
                continue
            cell = tally[version, channel, question, value]
            cell[0] += 1
            cell[1] += question in unsure
            cell[2] += confidence
            cell[3] += confidence * confidence
    return [
        {
            "day": day,
            "model_version_id": version,
            "channel": channel,
            "question": question,
            "value": value,
            "messages": messages,
            "abstained": abstained,
            "confidence_sum": total,
            "confidence_squares": squares,
        }
        for (version, channel, question, value), (messages, abstained, total, squares) in tally.items()
    ]


def _replace(ctx: Context, days: Sequence[date], rows: Sequence[_Row]) -> None:
    """Put rows in the place of all that is kept of some days, in one transaction."""
    if not days:
        return
    with ctx.database.writing() as session:
        session.execute(sa.delete(PredictionDay).where(PredictionDay.day.in_(days)))
        if rows:
            insert = (sqlite.insert if ctx.database.is_sqlite else postgresql.insert)(PredictionDay)
            columns = ("messages", "abstained", "confidence_sum", "confidence_squares")
            # Another run at the same time may have counted the same days; both counted the same predictions.
            upsert = insert.on_conflict_do_update(
                index_elements=sa.inspect(PredictionDay).primary_key,
                set_={name: insert.excluded[name] for name in columns},
            )
            session.connection().execute(upsert, list(rows))
