"""Collection of the live sources of the profile: one run of one source, its record, and its rest after failures."""

import json
import random
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from datetime import time as time_of_day

import sqlalchemy as sa

from collector.client import ClientState
from collector.counts import Counts
from collector.errors import BudgetSpent, HttpRefused, SourceUnknown
from collector.locks import source_lock
from collector.runs import Run
from collector.sources import KINDS
from collector.tables import CollectionRun, SourceCursor, SourceState
from config.context import Context, Progress
from config.errors import WenzhengError
from config.logs import get_logger
from config.profile import Profile
from config.sources import AnySource

log = get_logger(__name__)

PATIENCE = 3
"""Failed runs in a row after which a source rests."""

LONGEST_REST = timedelta(hours=6)
LONGEST_ASKED_REST = timedelta(hours=24)


def find_source(profile: Profile, source_id: str) -> AnySource:
    """Return the source of this id.

    Raises:
        SourceUnknown: the profile has none.
    """
    source = profile.source(source_id)
    if source is None:
        known = ", ".join(one.id for one in profile.sources) or "none"
        raise SourceUnknown("the profile has no such source", item=source_id, todo=f"It has: {known}.")
    return source


def collect(
    ctx: Context,
    source_id: str,
    *,
    since: date | None = None,
    progress: Progress | None = None,
    sleep: Callable[[float], None] = time.sleep,
    uniform: Callable[[float, float], float] = random.uniform,
) -> Counts:
    """Collect a source once, whether or not it is resting; what was stored before a fault stays.

    A spent daily budget ends the run without being a fault.

    Args:
        since: the first day, in the bureau's zone, of what is looked at, also where it was stored before;
            in the place of the source's own `since`.
    Raises:
        SourceUnknown: the profile has no such source.
        SourceBusy: another process collects it.
        SourceFailed: it could not be read to the end; the failure is on record.
        StorageFull, DatabaseError: as always.
    """
    source = find_source(ctx.profile, source_id)
    with source_lock(ctx, source.id):
        run = _begin(ctx, source, since)
        run.progress, run.sleep, run.uniform = progress, sleep, uniform
        error: BaseException | None = None
        try:
            KINDS[source.kind].collect(run)
        except BudgetSpent as spent:
            log.info("budget_spent", source=source.id, requests=run.client_state.requests)
            error = spent
        except BaseException as fault:
            error = fault
            raise
        finally:
            _end(run, error)
    return run.counts


def is_resting(state: SourceState, now: datetime) -> bool:
    """Tell whether a source is left alone; a rest longer than any we set was set by a clock that was wrong."""
    return state.resting_until is not None and now < state.resting_until <= now + LONGEST_ASKED_REST


def _begin(ctx: Context, source: AnySource, since: date | None) -> Run:
    """Record that a run begins, and return it with what the source's earlier runs left."""
    day = since or source.since
    with ctx.database.writing() as session:
        cursor = session.get(SourceCursor, source.id)
        state = session.get(SourceState, source.id)
        if state is None:
            state = SourceState(source=source.id, failures=0, client={})
            session.add(state)
        state.tried_at = ctx.clock()
        record = CollectionRun(source=source.id, name="", started_at=ctx.clock())
        session.add(record)
        session.flush()
        return Run(
            ctx,
            source,
            record.id,
            ClientState.from_json(state.client),
            json.loads(cursor.cursor) if cursor is not None else {},
            since=None if day is None else datetime.combine(day, time_of_day(), ctx.profile.zone),
            again=since is not None,
        )


def _end(run: Run, error: BaseException | None) -> None:
    """Record how a run ended, and let a source that keeps failing rest."""
    ctx, source, now = run.ctx, run.source, run.ctx.clock()
    failed = error is not None and not isinstance(error, BudgetSpent)
    # An error's text may quote what it choked on; only our own errors are written to be read.
    words = None if error is None else str(error) if isinstance(error, WenzhengError) else type(error).__name__
    with ctx.database.writing() as session:
        session.execute(
            sa.update(CollectionRun).where(CollectionRun.id == run.run_id).values(finished_at=now, error=words)
        )
        state = session.get_one(SourceState, source.id)
        state.client = run.client_state.to_json()
        if not failed:
            state.good_at, state.failures, state.resting_until, state.error = now, 0, None, words
        elif not run.stopped:
            state.failures += 1
            state.error = words
            state.resting_until = _rest_until(source, state.failures, error, now)
    if not failed:
        log.info("collected", source=source.id, run=run.run_id, **run.counts.figures())


def _rest_until(source: AnySource, failures: int, error: BaseException | None, now: datetime) -> datetime | None:
    """Return until when a failing source is left alone: twice as long each time, or as long as it asked for."""
    if isinstance(error, HttpRefused) and error.retry_after is not None:
        return now + min(timedelta(seconds=error.retry_after), LONGEST_ASKED_REST)
    if failures < PATIENCE:
        return None
    rest: timedelta = source.every * 2 ** min(failures - PATIENCE + 1, 20)
    return now + min(rest, LONGEST_REST)
