"""The scheduler: runs the job table, one scheduler at a time, each run recorded, one failure stopping nothing.

Jobs are kept in memory (the table is code); what they did is in `job_runs`. The lock dies with its holder:
flock beside an SQLite database, a session advisory lock on PostgreSQL.
"""

import fcntl
import inspect
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from config.context import Context
from config.errors import WenzhengError
from config.logs import get_logger
from responder.errors import AlreadyRunning
from responder.tables import JobRun

log = get_logger(__name__)

ADVISORY_LOCK = 0x57656E7A
"""Number of the PostgreSQL advisory lock of the scheduler."""

KEPT = timedelta(days=90)
"""How long the record of a run is kept; two jobs run twice a minute."""

_TICK_S, _JUMP_S = 5.0, 60.0

JobFunction = Callable[..., dict[str, int]]


@dataclass(frozen=True)
class Job:
    """One line of the job table: a name, a plain function of the context, and how often it runs."""

    name: str
    function: JobFunction
    every: timedelta


class Stopped(Exception):
    """Raised inside a job, between two of its transactions, when the service is told to stop."""


def run_job(ctx: Context, job: Job, stop: threading.Event | None = None) -> bool:
    """Run a job once, record the run, and return whether it went well; its error ends here.

    A job that takes `progress` is stopped there, between two batches, once *stop* is set.
    """
    with ctx.database.writing() as session:
        run = JobRun(job=job.name, started_at=ctx.clock(), counts={})
        session.add(run)
        session.flush()
        run_id = run.id

    def watch(done: int, total: int | None) -> None:
        if stop is not None and stop.is_set():
            raise Stopped

    counts: dict[str, int] = {}
    error: str | None = None
    try:
        if "progress" in inspect.signature(job.function).parameters:
            counts = job.function(ctx, progress=watch)
        else:
            counts = job.function(ctx)
    except Stopped:
        error = "stopped with the service"
        log.info("job_stopped", job=job.name)
    except WenzhengError as failure:
        error = str(failure)
        log.error("job_failed", job=job.name, error=error)
    except Exception as failure:
        # The text of a foreign error may quote a message; its type and place are enough to find it.
        error = type(failure).__name__
        log.error("job_failed", job=job.name, error=error, where=_where(failure))
    with ctx.database.writing() as session:
        session.execute(
            sa.update(JobRun)
            .where(JobRun.id == run_id)
            .values(finished_at=ctx.clock(), ok=error is None, counts=counts, error=error)
        )
        session.execute(sa.delete(JobRun).where(JobRun.job == job.name, JobRun.started_at < ctx.clock() - KEPT))
    if any(counts.values()):
        log.info("job_done", job=job.name, **counts)
    return error is None


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"


def _wait(ctx: Context, scheduler: BackgroundScheduler, stop: threading.Event) -> None:
    """Wait for *stop*; when the machine's clock is set, plan every job anew.

    The scheduler plans by the clock on the wall: set back by an hour, it would do nothing for that hour.
    """
    wall, steady = ctx.clock(), time.monotonic()
    while not stop.wait(_TICK_S):
        passed = time.monotonic() - steady
        drift = (ctx.clock() - wall).total_seconds() - passed
        if abs(drift) > _JUMP_S:
            log.warning("clock_jumped", seconds=round(drift))
            for job in scheduler.get_jobs():
                job.modify(next_run_time=ctx.clock())
            wall, steady = ctx.clock(), time.monotonic()


@contextmanager
def scheduler_lock(ctx: Context) -> Iterator[None]:
    """Hold the scheduler's lock.

    Raises:
        AlreadyRunning: another process holds it.
    """
    if ctx.database.is_sqlite:
        with home_lock(ctx.settings.home):
            yield
    else:
        with ctx.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(ADVISORY_LOCK))):
                raise _busy(ctx.settings.home)
            # A session lock: closing gives the connection back to the pool alive, and the lock with it.
            connection.detach()
            yield


@contextmanager
def home_lock(home: Path) -> Iterator[None]:
    """Hold the scheduler's lock of a home whose database is SQLite.

    Raises:
        AlreadyRunning: another process holds it.
    """
    with (home / "scheduler.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _busy(home) from error
        yield


def _busy(home: Path) -> AlreadyRunning:
    return AlreadyRunning(
        "another scheduler is at work on this home", item=str(home), todo="Stop it first, or leave it."
    )


def work(ctx: Context, jobs: Sequence[Job], stop: threading.Event) -> None:
    """Run the job table until *stop* is set, then let running jobs end at their next batch.

    Misfires are coalesced into one run; no job runs beside itself.

    Raises:
        AlreadyRunning: another scheduler is at work.
    """
    with scheduler_lock(ctx):
        # A thread a job: a mailbox that waits for mail, or a long first collection, holds up nothing else.
        threads = ThreadPoolExecutor(max(len(jobs), 1))
        scheduler = BackgroundScheduler(executors={"default": threads}, timezone="UTC")
        start: datetime = ctx.clock()
        for place, job in enumerate(jobs):
            scheduler.add_job(
                run_job,
                IntervalTrigger(seconds=int(job.every.total_seconds()), timezone="UTC"),
                args=(ctx, job, stop),
                id=job.name,
                coalesce=True,
                max_instances=1,
                misfire_grace_time=None,
                # The table's order is the order of the floors, so the first round already follows it.
                next_run_time=start + timedelta(seconds=place),
            )
        scheduler.start()
        log.info("work_started", jobs=[job.name for job in jobs])
        try:
            _wait(ctx, scheduler, stop)
        finally:
            stop.set()
            scheduler.shutdown(wait=True)
            log.info("work_stopped")
