"""How each live source of the profile stands: last good run, lag, counts, last failure, next run."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collector.access import EVERYONE, visible_to
from collector.collecting import is_resting
from collector.counts import FIGURES, Counts
from collector.tables import CollectionRun, Message, SourceCursor, SourceState
from config.context import Context
from config.sources import AnySource


@dataclass(frozen=True)
class Standing:
    """One source and how it is doing.

    Args:
        good_at: end of the last run without a fault; None if there was none.
        lag: since then; None if there was none.
        counts: of the last run that ended: fetched, stored, duplicates, dropped, set_aside.
        messages: stored of this source and not restricted, at all times.
        waiting: rows whose own page could not be read yet; the next runs try again.
        failures: failed runs since the last good one.
        error: the last fault in words, or why a good run ended early.
        next_at: when the service asks next; now or earlier: as soon as it runs.
    """

    id: str
    kind: str
    channel: str
    good_at: datetime | None
    lag: timedelta | None
    counts: dict[str, int]
    messages: int
    waiting: int
    failures: int
    error: str | None
    next_at: datetime


def standings(ctx: Context) -> list[Standing]:
    """Return how every source of the profile stands, in the profile's order."""
    with ctx.database.reading() as session:
        return [_standing(ctx, session, source) for source in ctx.profile.sources]


def last_counts(ctx: Context, source_id: str) -> Counts:
    """Return the counts of a source's last run that ended, without their reasons."""
    with ctx.database.reading() as session:
        run = _last_run(session, source_id)
        return Counts() if run is None else Counts(*(getattr(run, name) for name in FIGURES))


def _last_run(session: Session, source_id: str) -> CollectionRun | None:
    return session.scalars(
        sa.select(CollectionRun)
        .where(CollectionRun.source == source_id, CollectionRun.finished_at.is_not(None))
        .order_by(CollectionRun.id.desc())
        .limit(1)
    ).first()


def _standing(ctx: Context, session: Session, source: AnySource) -> Standing:
    now = ctx.clock()
    state = session.get(SourceState, source.id)
    cursor = session.get(SourceCursor, source.id)
    run = _last_run(session, source.id)
    messages = session.scalar(
        sa.select(sa.func.count(Message.id)).where(Message.source == source.id, visible_to(EVERYONE))
    )
    good_at = state.good_at if state is not None else None
    next_at = now
    if state is not None and state.tried_at is not None:
        next_at = state.tried_at + source.every
        if is_resting(state, now) and state.resting_until is not None:
            next_at = max(next_at, state.resting_until)
    return Standing(
        id=source.id,
        kind=source.kind,
        channel=source.channel,
        good_at=good_at,
        lag=None if good_at is None else max(now - good_at, timedelta()),
        counts={name: 0 if run is None else getattr(run, name) for name in FIGURES},
        messages=messages or 0,
        waiting=0 if cursor is None else len(json.loads(cursor.cursor).get("missing", ())),
        failures=0 if state is None else state.failures,
        error=None if state is None else state.error,
        next_at=next_at,
    )
