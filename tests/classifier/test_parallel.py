"""Long tables are answered by two processes, in order."""

import os
import signal
from collections.abc import Iterator

import pytest

from classifier import parallel
from classifier.corpus import seed_rows
from classifier.parallel import answer_all
from classifier.predict import TextIn, predict, predict_each
from classifier.store import load_bundle
from config.profile import load_profile

BUNDLE = load_bundle()
PROFILE = load_profile()
TEXTS = [TextIn(row["title"], row["body"]) for row in seed_rows()[:90]]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other processes begin with the second batch."""
    monkeypatch.setattr(parallel, "ALONE", 1)


def batches(size: int = 10) -> Iterator[list[TextIn]]:
    """Yield the texts by the batch."""
    yield from (TEXTS[start : start + size] for start in range(0, len(TEXTS), size))


def test_the_order_and_the_answers_are_those_of_one_process() -> None:
    """Whoever answers, the answers are the same and come in the order of the rows."""
    answers = [answer for answered, _ in answer_all(BUNDLE, PROFILE, batches()) for answer in answered]

    assert answers == predict(BUNDLE, PROFILE, TEXTS)


def test_one_core_answers_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is one core no process is started."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    monkeypatch.setattr(parallel, "ProcessPoolExecutor", None)

    assert [len(answers) for answers, _ in answer_all(BUNDLE, PROFILE, batches(40))] == [40, 40, 10]


def test_batches_of_a_process_that_died_are_answered_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is lost when the machine ends a process."""
    monkeypatch.setattr(parallel, "_answer", _die)
    answers = [answer for answered, _ in answer_all(BUNDLE, PROFILE, batches(30)) for answer in answered]

    assert answers == predict_each(BUNDLE, PROFILE, TEXTS)[0]


def _die(_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)
