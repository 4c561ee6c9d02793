"""What `models drift` and `check` say of answers that move."""

import json
from datetime import timedelta
from functools import partial

import pytest
from typer.testing import CliRunner

import worker
from classifier.drift import watch_drift
from config.context import Context
from config.home import open_home
from responder.commands import base
from responder.health import check_home
from tests.classifier.days import Said, make_version, predict, store
from tests.conftest import NOW, FixedClock, variables


def run(ctx: Context, *words: str) -> tuple[int, str]:
    """Run a command in the home of *ctx* and return its exit code and output."""
    result = CliRunner().invoke(worker.app, ["models", "drift", *words], env=variables(ctx.settings))
    return result.exit_code, result.output if result.exception is None else result.output + str(result.exception)


@pytest.fixture
def moved(ctx: Context) -> Context:
    """A home whose last week asks of other things than the four before it."""
    version = make_version(ctx, "base-1", NOW - timedelta(days=200))
    said = [
        Said(
            NOW - timedelta(days=ago, minutes=number),
            restricted=number == 13 and ago == 2,
            abstained="owner" if number % 3 == 0 else "",
            answers=(("owner", "外部:教育局"),) if ago < 8 and number % 2 else (),
        )
        for ago in range(1, 36)
        for number in range(14)
    ]
    predict(ctx, version, store(ctx, said), said)
    return ctx


@pytest.fixture(autouse=True)
def _same_clock(clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command opens the home with the clock of the test."""
    monkeypatch.setattr(base, "open_home", partial(open_home, clock=clock))


def test_the_table_says_what_moved(moved: Context) -> None:
    """A line a question, then what moved, then the number of restricted messages."""
    code, text = run(moved, "--to", "2026-11-22")

    assert code == 0
    assert "base-1, 2026-11-16 to 2026-11-22" in text
    assert "compared with 2026-10-19 to 2026-11-15" in text
    assert "392 → 97" in text
    assert "moved: owner, share of" in text
    assert "since about 2026-11-16" in text
    assert "restricted, in none of the figures: 0 before, 1 now" in text


def test_json_holds_the_same(moved: Context) -> None:
    """Figures and findings under names, days as ISO dates."""
    code, text = run(moved, "--json")
    told = json.loads(text)

    assert code == 0
    assert told["week"] == {"first": "2026-11-16", "last": "2026-11-22"}
    assert told["restricted_now"] == 1
    assert [finding["question"] for finding in told["findings"]] == ["owner"]
    assert told["findings"][0]["what"] == "shares"
    assert {figure["question"] for figure in told["figures"]} >= {"category", "owner", "urgency", "channel"}


def test_a_day_that_is_not_over_is_refused(moved: Context) -> None:
    """Today's letters are still coming in."""
    code, text = run(moved, "--to", "2026-11-23")

    assert code == 1
    assert "2026-11-23: this day is not over" in text


@pytest.mark.parametrize("day", ["23.11.2026", "2026-13-01"])
def test_something_else_than_a_day_is_wrong_usage(ctx: Context, day: str) -> None:
    """Exit code 2, as for any wrong option."""
    assert run(ctx, "--to", day)[0] == 2


def test_a_home_without_answers_says_so(ctx: Context) -> None:
    """Nothing has answered, or nothing long enough, is no error."""
    assert run(ctx) == (0, "no model has answered yet\n")

    make_version(ctx, "base-1", NOW)
    code, text = run(ctx)
    assert code == 0
    assert "nothing to compare with" in text


def test_check_tells_what_moved(moved: Context, clock: FixedClock) -> None:
    """One warning once the numbers are counted; none in a home where nothing moves."""
    assert [fault for fault in check_home(moved.settings, clock=clock) if fault.item == "drift"] == []
    watch_drift(moved)

    (fault,) = (fault for fault in check_home(moved.settings, clock=clock) if fault.item == "drift")

    assert fault.level == "warning"
    assert "owner, share of" in fault.what
    assert "wenzheng models drift" in fault.todo


def test_the_job_runs_in_the_service(moved: Context) -> None:
    """The job table has it, and it takes the context alone."""
    (job,) = (job for job in worker.job_table(moved.profile) if job.name == "watch-drift")

    assert job.function(moved)["days"] == 35
