"""The night's training: at night, when enough is new, in a process of its own, and never in service by itself."""

import csv
import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from classifier.labels import add_label
from classifier.store import load_bundle, save_bundle
from classifier.tables import ModelVersion
from classifier.versions import active_version, models_folder, register
from config.context import Context
from responder import retraining
from responder.errors import TrainingFailed
from responder.health import check_home
from responder.retraining import retrain
from responder.scheduling import Job, Stopped, run_job
from responder.tables import JobRun
from tests.classifier.test_training import examples
from tests.commandline import wenzheng
from tests.conftest import FixedClock, variables
from tests.factories import make_message

NIGHT = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)
"""Half past two in Linyi."""


@pytest.fixture
def night(ctx: Context, clock: FixedClock) -> Context:
    """A home at night, in which 80 letters were labelled."""
    clock.set(NIGHT)
    active_version(ctx)
    for one in examples():
        message = make_message(ctx, title="", body=one.body)
        with ctx.database.writing() as session:
            add_label(session, message, "kind", one.label, "corrected", "staff:1", ctx.clock())
    return ctx


def child(monkeypatch: pytest.MonkeyPatch, code: str) -> list[list[str]]:
    """Let a training be this Python program instead; return the commands that were meant."""
    meant: list[list[str]] = []
    start = subprocess.Popen

    def other(command: list[str], **options: Any) -> Any:
        meant.append(command)
        return start([sys.executable, "-c", code], **options)

    monkeypatch.setattr(retraining.subprocess, "Popen", other)
    return meant


def says(report: dict[str, Any]) -> str:
    """Return a program that prints a report."""
    return f"print({json.dumps(report)!r})"


def a_version(ctx: Context, prefix: str, compared: dict[str, Any], base: str | None = None) -> str:
    """Register a proposal on the version in service."""
    questions = dict(load_bundle().questions)
    questions["kind"] = replace(questions["kind"], bias=questions["kind"].bias + len(prefix) + 1)
    path = save_bundle(questions, models_folder(ctx), prefix=prefix)
    proposal = {
        "base": base or active_version(ctx).version,
        "data": prefix,
        "last_label": 0,
        "keeping": 1,
        "compared": compared,
    }
    return register(ctx, path, proposal).version


BETTER = {"owner": {"verdict": "better", "difference": 0.031, "p": 0.0101}, "kind": {"verdict": "no difference shown"}}


@pytest.mark.parametrize(("hour", "begins"), [(1, False), (2, True), (4, True), (5, False), (14, False)])
def test_it_begins_at_night_only(
    night: Context, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, hour: int, begins: bool
) -> None:
    """In the three hours from the hour of the settings on, in the bureau's zone."""
    meant = child(monkeypatch, says({"version": "v", "base": "b", "again": False}))
    clock.set(datetime(2026, 11, 24, hour, tzinfo=night.profile.zone).astimezone(UTC))

    assert bool(retrain(night)) is begins
    assert bool(meant) is begins


def test_a_night_over_midnight_and_none_at_all(
    night: Context, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hour may be 23, and 0 new labels means never."""
    meant = child(monkeypatch, says({"version": "v", "base": "b", "again": False}))
    late = replace(night, settings=night.settings.model_copy(update={"retrain_hour": 23}))
    clock.set(datetime(2026, 11, 24, 1, 59, tzinfo=night.profile.zone).astimezone(UTC))
    never = replace(late, settings=late.settings.model_copy(update={"retrain_after": 0}))

    assert retrain(never) == {}
    assert retrain(late)["proposed"] == 1
    assert len(meant) == 1


def test_it_does_nothing_until_enough_is_new(night: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """80 new labels of one question are not 81; those of several questions are not added up."""
    meant = child(monkeypatch, says({"version": "v", "base": "b", "again": False}))
    with night.database.writing() as session:
        add_label(session, 1, "sentiment", "负面", "corrected", "staff:1", night.clock())
    high = replace(night, settings=night.settings.model_copy(update={"retrain_after": 81}))

    assert retrain(high) == {"new": 80, "proposed": 0, "removed": 0}
    assert meant == []


def test_the_same_data_is_no_second_proposal(night: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither where the version was there already nor where nothing could be learned anew."""
    child(monkeypatch, says({"version": "v", "base": "b", "again": True}))
    assert retrain(night)["proposed"] == 0

    child(monkeypatch, says({"version": None, "reason": "unchanged"}))
    assert retrain(night)["proposed"] == 0


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import sys; sys.exit('error: labels: nothing to learn: kind: 3 rows. Give more.')", "nothing to learn"),
        ("raise RuntimeError('来信人张三 13900000012')", "it crashed, code 1"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended by signal 9"),
    ],
    ids=["refused", "crashed", "killed"],
)
def test_a_failed_training_is_told_and_changes_nothing(
    night: Context, monkeypatch: pytest.MonkeyPatch, code: str, said: str
) -> None:
    """job_runs says why, without a word of a letter; the version in service stays."""
    child(monkeypatch, code)

    assert not run_job(night, Job("retrain", retrain, timedelta(hours=1)))

    with night.database.reading() as session:
        run = session.scalars(sa.select(JobRun)).one()
    assert run.ok is False
    assert said in (run.error or "")
    assert "张三" not in (run.error or "")
    assert active_version(night).version == load_bundle().version


def test_a_training_that_takes_too_long_is_ended(night: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process is killed, and the error says so."""
    child(monkeypatch, "import time; time.sleep(600)")
    monkeypatch.setattr(retraining, "LONGEST", timedelta(0))

    with pytest.raises(TrainingFailed, match="took longer"):
        retrain(night)


def test_a_stopping_service_ends_the_training(night: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job asks every second whether to go on, and leaves no process behind."""
    child(monkeypatch, "import time; time.sleep(600)")
    monkeypatch.setattr(retraining, "_LOOK_S", 0.05)
    asked = 0

    def progress(done: int, total: int | None) -> None:
        nonlocal asked
        asked += 1
        if asked > 2:
            raise Stopped

    with pytest.raises(Stopped):
        retrain(night, progress)
    assert asked == 3


def test_old_proposals_go_after_a_training(night: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three that were never activated stay."""
    names = [a_version(night, f"p{'x' * number}", BETTER) for number in range(5)]
    child(monkeypatch, says({"version": names[-1], "base": "b", "again": False}))

    assert retrain(night)["removed"] == 2
    with night.database.reading() as session:
        left = session.scalars(sa.select(ModelVersion.version).where(ModelVersion.file != "")).all()
    assert sorted(left) == sorted(names[2:])


def test_a_waiting_proposal_is_shown(ctx: Context, clock: FixedClock) -> None:
    """`models list` and `check` tell what it promises; one that is no better is listed and not announced."""
    base = active_version(ctx).version
    name = a_version(ctx, "good", BETTER)
    waiting = [fault for fault in check_home(ctx.settings, clock=clock) if fault.item == f"model {name}"]
    assert "better on owner (+3.1 points, p 0.01)" in str(waiting[0])
    assert f"wenzheng models compare {base} {name}" in waiting[0].todo

    dull = a_version(ctx, "dullest", {"kind": {"verdict": "no difference shown"}})
    other = a_version(ctx, "of-another-base", BETTER, base="gone")
    assert not [fault for fault in check_home(ctx.settings, clock=clock) if fault.item.startswith("model ")]

    listed = json.loads(listing(ctx))
    assert [row["state"] for row in listed] == [
        "proposed: better on owner (+3.1 points, p 0.01); no difference shown on kind (than gone)",
        "proposed: no difference shown on kind",
        "proposed: better on owner (+3.1 points, p 0.01); no difference shown on kind",
        "active",
    ]
    assert [row["version"] for row in listed] == [other, dull, name, base]


def listing(ctx: Context) -> str:
    """Return what `models list --json` prints."""
    said = subprocess.run(
        [sys.executable, "-m", "worker", "models", "list", "--json"],
        env=variables(ctx.settings),
        capture_output=True,
        text=True,
        check=True,
    )
    return said.stdout


@pytest.mark.slow
def test_a_night_from_labels_to_a_proposal(night: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real child: it learns, registers and leaves the service as it is; the next hour does nothing."""
    for name, value in variables(night.settings).items():
        monkeypatch.setenv(name, value)

    assert retrain(night) == {"new": 80, "proposed": 1, "removed": 0}
    assert active_version(night).version == load_bundle().version
    with night.database.reading() as session:
        proposed = session.scalars(sa.select(ModelVersion).where(ModelVersion.file != "")).one()
    assert proposed.report["proposal"]["base"] == load_bundle().version
    assert proposed.report["proposal"]["last_label"] == 80
    assert (models_folder(night) / proposed.file).exists()

    assert retrain(night)["new"] == 0


@pytest.mark.slow
def test_train_tells_a_person_what_it_found(ctx: Context, tmp_path: Path) -> None:
    """The words of the command line: rows kept aside, the verdict, the next step; a second time the same version."""
    file = tmp_path / "t.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["body", "kind"])
        writer.writerows([place + one.body, one.label] for place in ("城东", "城西", "") for one in examples())

    first = wenzheng(ctx.settings.home, "train", file)
    second = wenzheng(ctx.settings.home, "train", file)

    assert first.code == second.code == 0, first.err
    assert "rows kept aside: " in first.out
    assert "proposed: " in first.out
    assert "next: wenzheng models compare" in first.out
    assert "known already from the same data" in second.out
    version = second.out.split(",")[0].removeprefix("version: ")
    assert wenzheng(ctx.settings.home, "models", "activate", version).code == 0
    assert wenzheng(ctx.settings.home, "train", file).code == 1
    assert wenzheng(ctx.settings.home, "train", file, "--if-new").code == 0
