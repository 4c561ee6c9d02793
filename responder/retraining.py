"""The night's training: when people have said enough that is new, a process of its own trains a proposal.

Nothing is activated; the proposal is shown by `models list` and `check`, and a person decides.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from classifier.proposals import new_since_training
from classifier.versions import prune
from config.context import Context, Progress
from config.logs import get_logger
from responder.errors import TrainingFailed

log = get_logger(__name__)

NIGHT = timedelta(hours=3)
"""How long after the hour of the settings a training may begin; a service started later waits for the next night."""

LONGEST = timedelta(hours=2)
"""A training that takes longer is ended; the largest measured took minutes."""

KEPT = 3
"""Versions that were never activated and stay; older ones are removed after a training."""

_LOOK_S = 1.0


def retrain(ctx: Context, progress: Progress | None = None) -> dict[str, int]:
    """At night, train a proposal if one question has enough new labels since the last training.

    Args:
        progress: called every second while the training runs; what it raises ends the training.

    Returns:
        Nothing at other hours, or if nightly training is switched off. Otherwise new, the labels of the question
        with the most new ones; proposed, 1 if there is a new version; removed, older versions never activated.

    Raises:
        TrainingFailed: the training refused its rows, crashed or took too long.
        ModelError: the version in service cannot be used.
    """
    if not _is_night(ctx) or not ctx.settings.retrain_after:
        return {}
    new = max(new_since_training(ctx).values(), default=0)
    counts = {"new": new, "proposed": 0, "removed": 0}
    if new < ctx.settings.retrain_after:
        return counts
    report = _train(lambda: progress(0, None) if progress else None)
    if report["version"] is None:
        return counts
    if not report["again"]:
        counts["proposed"] = 1
        log.info("version_proposed", version=report["version"], base=report["base"])
    counts["removed"] = len(prune(ctx, KEPT))
    return counts


def _is_night(ctx: Context) -> bool:
    local = ctx.clock().astimezone(ctx.profile.zone)
    return timedelta(hours=(local.hour - ctx.settings.retrain_hour) % 24) < NIGHT


def _train(watch: Callable[[], None]) -> dict[str, Any]:
    """Run `wenzheng train` as a child and return its report."""
    command = [sys.executable, "-m", "worker", "train", "--if-new", "--json"]
    environment = {**os.environ, "WENZHENG_PARENT": str(os.getpid())}
    # The command is ours alone: this interpreter, this program, fixed words.
    with subprocess.Popen(  # noqa: S603
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    ) as child:
        deadline = time.monotonic() + LONGEST.total_seconds()
        try:
            while True:
                watch()
                if time.monotonic() > deadline:
                    raise _failed(f"it took longer than {LONGEST}")
                try:
                    said, faults = child.communicate(timeout=_LOOK_S)
                    break
                except subprocess.TimeoutExpired:
                    continue
        finally:
            # Also where `watch` ended the job: a killed training leaves no version behind.
            if child.poll() is None:
                child.kill()
    if child.returncode:
        raise _failed(_reason(child.returncode, faults))
    report: dict[str, Any] = json.loads(said)
    return report


def _reason(code: int, faults: str) -> str:
    """Return why a training ended: its own error, else only how it ended, as a traceback may quote a letter."""
    own = [line.removeprefix("error: ") for line in faults.splitlines() if line.startswith("error: ")]
    return own[-1].rstrip(".") if own else f"it was ended by signal {-code}" if code < 0 else f"it crashed, code {code}"


def _failed(why: str) -> TrainingFailed:
    return TrainingFailed(
        f"no proposal was trained: {why}", item="training", todo="Run `wenzheng train` to see it; the service goes on."
    )
