"""`check` names what keeps the service from starting, and what a person should know."""

import shutil
from datetime import UTC, datetime, timedelta

import pytest

from classifier.versions import ensure_base
from collector.importing import import_file
from config.context import Context
from config.settings import Settings
from responder import health
from responder.accounts import create_staff
from responder.health import Fault, check_home
from responder.scheduling import Job, run_job
from tests.conftest import FixedClock


def items(faults: list[Fault], level: str) -> list[str]:
    """Return what the faults of a level are about."""
    return [fault.item for fault in faults if fault.level == level]


@pytest.fixture
def sound(ctx: Context, settings: Settings) -> Context:
    """A home whose only faults are that its key lies in it, and that next year's calendar is not out."""
    ensure_base(ctx)
    with ctx.database.writing() as session:
        create_staff(session, "zhao", "老赵", "办公室", None, "yimeng-mountain-1", ctx.clock(), ctx=ctx, actor="test")
    return ctx


def test_a_sound_home_has_warnings_only(sound: Context, clock: FixedClock) -> None:
    """In November the missing calendar of next year is told, and a key beside its data."""
    faults = check_home(sound.settings, clock=clock)

    assert items(faults, "error") == []
    assert items(faults, "warning") == [str(sound.settings.key_path), "calendar"]


def test_in_spring_next_years_calendar_is_not_missed(sound: Context, clock: FixedClock) -> None:
    """The State Council publishes a year's calendar in the November before."""
    clock.set(datetime(2026, 4, 1, tzinfo=UTC))

    assert "calendar" not in items(check_home(sound.settings, clock=clock), "warning")


def test_a_missing_home_is_one_fault(settings: Settings) -> None:
    """Without a home nothing else can be looked at."""
    faults = check_home(Settings(home=settings.home))

    assert [fault.level for fault in faults] == ["error"]
    assert "init" in str(faults[0])


def test_a_key_others_may_read_is_an_error(sound: Context, clock: FixedClock) -> None:
    """The line says which command mends it."""
    sound.settings.key_path.chmod(0o644)

    (fault,) = (one for one in check_home(sound.settings, clock=clock) if one.level == "error")
    assert "chmod 600" in fault.todo


def test_a_full_disk_and_a_readable_home_are_told(
    sound: Context, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Little free space is an error; a home that everybody may read is a warning."""
    monkeypatch.setattr(health.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 9, 1))  # type: ignore[attr-defined]
    sound.settings.home.chmod(0o755)

    faults = check_home(sound.settings, clock=clock)

    assert items(faults, "error") == [str(sound.settings.home)]
    assert str(sound.settings.home) in items(faults, "warning")


def test_what_waits_for_a_person_is_told(ctx: Context, clock: FixedClock) -> None:
    """Nobody to log in, set-aside rows and failing jobs each have their line."""
    ensure_base(ctx)
    path = ctx.settings.home / "rows.csv"
    path.write_text("留言编号,留言时间,留言详情\n1,不详,路灯不亮\n", "utf-8")
    import_file(ctx, path, "site-board")

    def fails(ctx: Context) -> dict[str, int]:
        raise RuntimeError

    run_job(ctx, Job("classify", fails, timedelta(minutes=1)))

    assert {"staff", "set aside", "job classify"} <= set(items(check_home(ctx.settings, clock=clock), "warning"))
