"""A look at drift: the last week of the version in service, compared with the weeks before.

Read from `prediction_days`, which `drift.py` keeps. Restricted messages are one count, as in the weekly summary.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from classifier.drift import received_within, start_of
from classifier.errors import DayNotOver
from classifier.pipelines import ALL_QUESTIONS
from classifier.shifts import LEAST_BEFORE, LEAST_NOW, WEEK, Figures, Finding, Ints, Series, compare, figures_of
from classifier.tables import ModelVersion, PredictionDay
from collector.access import PIPELINE, visible_to
from collector.tables import RESTRICTED, Message
from config.context import Context

REFERENCE_WEEKS = 4
"""So many weeks before the last one are what it is compared with, where the version has answered for so many."""

CHANNEL = "channel"
"""Stands beside the questions: another mix of channels moves their shares without any change in one of them."""

_T = TypeVar("_T", np.int64, np.float64)


@dataclass(frozen=True)
class Period:
    """Days from the first to the last, both within."""

    first: date
    last: date


@dataclass(frozen=True)
class Switch:
    """The same messages as the version before answered them, and the version that took its place.

    What differs here is the model's doing and nobody else's.

    Args:
        on: the day from which the newer version answers.
        figures: by question; before is the earlier version, now the later one.
    """

    on: date
    before: str
    now: str
    days: Period
    figures: tuple[Figures, ...]


@dataclass(frozen=True)
class Drift:
    """One look at what moved.

    Args:
        version: the one in service at the end of the week; None: none has answered yet.
        reference: whole weeks before the week, answered by this version; None: there is none yet.
        restricted_before, restricted_now: messages that are in none of the figures.
        figures: one entry a question, then the channels; empty without a reference.
        switch: set if a version was changed within the days looked at and answered for messages of both.
    """

    version: str | None
    week: Period
    reference: Period | None
    restricted_before: int
    restricted_now: int
    figures: tuple[Figures, ...]
    findings: tuple[Finding, ...]
    switch: Switch | None

    def as_json(self) -> dict[str, Any]:
        """Return what JSON knows; `least` are the messages that a comparison needs."""
        return asdict(self) | {"least": {"before": LEAST_BEFORE, "now": LEAST_NOW}}


def look(ctx: Context, to: date | None = None) -> Drift:
    """Compare the seven days that end with *to* with up to four whole weeks before them.

    They are compared as the version answered them that was in service then. A version of the bureau's own is
    compared from the day after it was trained on: it is surer of what it learned from.

    Args:
        to: the last day, in the bureau's zone; None: yesterday.

    Raises:
        DayNotOver: the day is today or later.
    """
    zone = ctx.profile.zone
    yesterday = ctx.clock().astimezone(zone).date() - timedelta(days=1)
    last = to or yesterday
    if last > yesterday:
        raise DayNotOver("this day is not over", item=last.isoformat(), todo=f"Take a day up to {yesterday}.")
    week = Period(last - timedelta(days=WEEK - 1), last)
    with ctx.database.reading() as session:
        version = _version_on(session, start_of(last + timedelta(days=1), zone))
        reference = _reference(session, version, week, zone) if version else None
        figures: list[Figures] = []
        findings: list[Finding] = []
        if version and reference:
            figures, findings = compare(_series(session, version.id, Period(reference.first, last)))
        return Drift(
            version=version.version if version else None,
            week=week,
            reference=reference,
            restricted_before=_restricted(session, reference, zone) if reference else 0,
            restricted_now=_restricted(session, week, zone),
            figures=tuple(figures),
            findings=tuple(findings),
            switch=_switch(session, version, week, zone) if version else None,
        )


def _version_on(session: Session, moment: datetime) -> ModelVersion | None:
    """Return the version in service just before a moment, as far as is known; else the one in service now."""
    query = sa.select(ModelVersion).where(ModelVersion.activated_at < moment)
    then = session.scalar(query.order_by(ModelVersion.activated_at.desc(), ModelVersion.id.desc()).limit(1))
    return then or session.scalar(sa.select(ModelVersion).where(ModelVersion.active))


def _reference(session: Session, version: ModelVersion, week: Period, zone: ZoneInfo) -> Period | None:
    """Return the whole weeks before a week that a version answered for and did not learn from."""
    first = session.scalar(sa.select(sa.func.min(PredictionDay.day)).where(_of(version.id)))
    if first is None:
        return None
    if version.file:
        first = max(first, version.created_at.astimezone(zone).date() + timedelta(days=1))
    weeks = min(REFERENCE_WEEKS, (week.first - first).days // WEEK)
    return Period(week.first - timedelta(days=weeks * WEEK), week.first - timedelta(days=1)) if weeks > 0 else None


def _of(version: int) -> sa.ColumnElement[bool]:
    return PredictionDay.model_version_id == version


def _restricted(session: Session, period: Period, zone: ZoneInfo) -> int:
    # The service counts what it shows to nobody; no row leaves this query.
    counted = sa.select(sa.func.count(Message.id)).where(
        visible_to(PIPELINE), Message.access == RESTRICTED, received_within(period.first, period.last, zone)
    )
    return session.scalar(counted) or 0


def _series(session: Session, version: int, period: Period) -> list[Series]:
    """Return the days of each question that was asked, as one version answered, and of the channels."""
    rows = session.execute(
        sa.select(
            PredictionDay.question,
            PredictionDay.channel,
            PredictionDay.value,
            PredictionDay.day,
            PredictionDay.messages,
            PredictionDay.abstained,
            PredictionDay.confidence_sum,
            PredictionDay.confidence_squares,
        )
        .where(_of(version), PredictionDay.day.between(period.first, period.last))
        .order_by(PredictionDay.question, PredictionDay.value)
    ).all()
    by_question: dict[str, list[Sequence[Any]]] = defaultdict(list)
    for row in rows:
        by_question[row.question].append(row[2:])
        if row.question == ALL_QUESTIONS[0]:
            by_question[CHANNEL].append(row[1:2] + row[3:])
    series = [_series_of(name, period, by_question[name]) for name in ALL_QUESTIONS if by_question[name]]
    if by_question[CHANNEL]:
        channels = _series_of(CHANNEL, period, by_question[CHANNEL])
        series.append(Series(CHANNEL, period.first, channels.values, channels.counts))
    return series


def _series_of(question: str, period: Period, rows: Sequence[Sequence[Any]]) -> Series:
    columns = {value: column for column, value in enumerate(sorted({row[0] for row in rows}))}
    days = (period.last - period.first).days + 1
    counts = np.zeros((days, len(columns)), np.int64)
    abstained = np.zeros(days, np.int64)
    sums, squares = np.zeros(days), np.zeros(days)
    for value, day, messages, unsure, total, square in rows:
        place = (day - period.first).days
        counts[place, columns[value]] += messages
        abstained[place] += unsure
        sums[place] += total
        squares[place] += square
    return Series(question, period.first, tuple(columns), counts, abstained, sums, squares)


def _switch(session: Session, version: ModelVersion, week: Period, zone: ZoneInfo) -> Switch | None:
    """Return what a change of versions did, if there was one since the weeks that the reference can reach."""
    if version.activated_at is None:
        return None
    on = version.activated_at.astimezone(zone).date()
    if not week.first - timedelta(days=WEEK * REFERENCE_WEEKS) <= on <= week.last:
        return None
    earlier = session.scalar(
        sa.select(ModelVersion)
        .where(ModelVersion.activated_at < version.activated_at)
        .order_by(ModelVersion.activated_at.desc(), ModelVersion.id.desc())
        .limit(1)
    )
    if earlier is None:
        return None
    days = Period(on - timedelta(days=WEEK * REFERENCE_WEEKS), on - timedelta(days=1))
    by_version = [_messages(session, one.id, days) for one in (earlier, version)]
    # A day counts only where both have answered for all of it: then the messages are the same.
    common = [day for day in by_version[0] if by_version[0][day] == by_version[1].get(day)]
    if not common:
        return None
    figures = _paired(_series(session, earlier.id, days), _series(session, version.id, days), common)
    return Switch(on, earlier.version, version.version, Period(min(common), max(common)), tuple(figures))


def _messages(session: Session, version: int, days: Period) -> Mapping[date, int]:
    query = (
        sa.select(PredictionDay.day, sa.func.sum(PredictionDay.messages))
        .where(_of(version), PredictionDay.day.between(days.first, days.last))
        .where(PredictionDay.question == ALL_QUESTIONS[0])
        .group_by(PredictionDay.day)
    )
    return dict(session.execute(query).all())


def _paired(before: Sequence[Series], now: Sequence[Series], days: Sequence[date]) -> Iterator[Figures]:
    """Yield the figures of each question that both versions were asked, over some days."""
    later = {series.question: series for series in now}
    for one in before:
        if one.question in later and one.question != CHANNEL:
            yield figures_of(*_joined(one, later[one.question], days))


def _joined(before: Series, now: Series, days: Sequence[date]) -> tuple[Series, slice, slice]:
    """Return the same days of two versions under each other, and where each stands."""
    values = tuple(sorted({*before.values, *now.values}))
    rows = [(day - before.first).days for day in days]

    def counts(series: Series) -> Ints:
        columns = {value: column for column, value in enumerate(series.values)}
        empty = np.zeros(len(rows), np.int64)
        return np.stack([series.counts[rows, columns[one]] if one in columns else empty for one in values], axis=1)

    joined = Series(
        before.question,
        before.first,
        values,
        np.concatenate([counts(before), counts(now)]),
        _under(before.abstained, now.abstained, rows),
        _under(before.sums, now.sums, rows),
    )
    return joined, slice(0, len(rows)), slice(len(rows), None)


def _under(before: NDArray[_T] | None, now: NDArray[_T] | None, rows: Sequence[int]) -> NDArray[_T] | None:
    return None if before is None or now is None else np.concatenate([before[rows], now[rows]])
