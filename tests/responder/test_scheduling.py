"""The scheduler: every run is recorded, one failure stops nothing, one scheduler at a time, a clean stop."""

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from config.context import Context, Progress
from config.errors import WenzhengError
from responder import scheduling
from responder.errors import AlreadyRunning
from responder.scheduling import Job, run_job, scheduler_lock, work
from responder.tables import JobRun
from tests.conftest import NOW, FixedClock

MINUTE = timedelta(minutes=1)


def runs(ctx: Context) -> list[tuple[str, bool | None, dict[str, int], str | None]]:
    """Return what is recorded, in order."""
    with ctx.database.reading() as session:
        return [
            (run.job, run.ok, run.counts, run.error) for run in session.scalars(sa.select(JobRun).order_by(JobRun.id))
        ]


def test_a_run_is_recorded_with_its_counts(ctx: Context) -> None:
    """A job's counts and its end are kept."""
    assert run_job(ctx, Job("count", lambda ctx: {"stored": 3}, MINUTE))

    assert runs(ctx) == [("count", True, {"stored": 3}, None)]
    with ctx.database.reading() as session:
        assert session.scalars(sa.select(JobRun.finished_at)).one() == ctx.clock()


def test_a_failure_is_recorded_and_ends_there(ctx: Context) -> None:
    """Our own errors are kept in words; a foreign one by its type only, because its text may quote a letter."""

    def ours(ctx: Context) -> dict[str, int]:
        raise WenzhengError("the model is gone", item="base.npz")

    def foreign(ctx: Context) -> dict[str, int]:
        raise RuntimeError("来信人张三 13900000012")

    assert not run_job(ctx, Job("ours", ours, MINUTE))
    assert not run_job(ctx, Job("foreign", foreign, MINUTE))

    assert runs(ctx) == [
        ("ours", False, {}, "base.npz: the model is gone."),
        ("foreign", False, {}, "RuntimeError"),
    ]


def test_a_job_with_progress_stops_between_two_batches(ctx: Context) -> None:
    """Told to stop, long work ends where it reports its progress, and the run says so."""
    stop = threading.Event()
    done: list[int] = []

    def long(ctx: Context, progress: Progress | None = None) -> dict[str, int]:
        assert progress is not None
        for batch in range(10):
            done.append(batch)
            if batch == 2:
                stop.set()
            progress(batch, 10)
        return {"batches": 10}

    assert not run_job(ctx, Job("long", long, MINUTE), stop)

    assert done == [0, 1, 2]
    assert runs(ctx) == [("long", False, {}, "stopped with the service")]


def test_one_failing_job_never_stops_another(ctx: Context) -> None:
    """Beside a job that always fails the next one runs, again and again, until the service is told to stop."""
    stop = threading.Event()
    good = 0

    def fails(ctx: Context) -> dict[str, int]:
        raise RuntimeError("always")

    def works(ctx: Context) -> dict[str, int]:
        nonlocal good
        good += 1
        if good == 2:
            stop.set()
        return {"good": good}

    second = timedelta(seconds=1)
    work(ctx, [Job("fails", fails, second), Job("works", works, second)], stop)

    assert good >= 2
    assert {job for job, ok, _, _ in runs(ctx) if ok is False} == {"fails"}
    assert all(ok is not None for _, ok, _, _ in runs(ctx))


def test_one_scheduler_at_a_time(ctx: Context) -> None:
    """While one holds the lock another is refused with a clear error; afterwards the lock is free."""
    with scheduler_lock(ctx), pytest.raises(AlreadyRunning, match="another scheduler"), scheduler_lock(ctx):
        pass

    with scheduler_lock(ctx):
        pass


def test_a_clock_set_back_does_not_stop_the_jobs(
    ctx: Context, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the wall clock jumps, every job is planned anew."""
    planned: list[datetime] = []
    stop = threading.Event()

    class Planned:
        def modify(self, next_run_time: datetime) -> None:
            planned.append(next_run_time)
            stop.set()

    class Scheduler:
        def get_jobs(self) -> list[Planned]:
            return [Planned()]

    monkeypatch.setattr(scheduling, "_TICK_S", 0.01)
    moments = iter([NOW, NOW - timedelta(hours=1), NOW - timedelta(hours=1), NOW - timedelta(hours=1)])
    jumping = replace(ctx, clock=lambda: next(moments))

    scheduling._wait(jumping, Scheduler(), stop)  # type: ignore[arg-type]

    assert planned == [NOW - timedelta(hours=1)]


def test_old_runs_are_forgotten(ctx: Context, clock: FixedClock) -> None:
    """The record of a run is kept for three months."""
    job = Job("count", lambda ctx: {}, MINUTE)
    run_job(ctx, job)
    clock.forward(scheduling.KEPT + MINUTE)
    run_job(ctx, job)

    assert len(runs(ctx)) == 1
