"""A run that is killed anywhere is followed by one that stores what is missing, and nothing twice."""

import itertools
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType
from typing import Any

import pytest

from collector.jobs import resume_raw
from tests.collector.sources.site import (
    DETAILS,
    LIST,
    WHOLE_LIST,
    Site,
    aside,
    board,
    counted,
    cursor,
    letter,
    messages,
    raws,
    run,
    stored,
    truth,
    wipe,
)
from tests.dying import Killed, dying
from tests.webserver import Reply

DESCRIPTIONS = {
    "details": LIST + DETAILS,
    "list": WHOLE_LIST,
    "two pages each": LIST
    + '[[sources.details]]\nfields = { body = "div.text" }\n'
    + '[[sources.details]]\nurl = "/letter/{number}?part=2"\nfields = { author_name = "b.author" }\n',
}
DESCRIPTIONS["two pages each"] = (
    DESCRIPTIONS["two pages each"]
    .replace("rows =", 'vars = { number = "@data-id" }\nrows =')
    .replace('"/letter', '"{base}/letter')
)


def check(home, site) -> None:
    """Nothing is missing, double, or left lying about."""
    assert stored(home) == truth(site)
    assert aside(home) == {}
    assert counted(home)
    resume_raw(home)
    assert {one.state for one in raws(home)} == {"parsed"}
    assert stored(home) == truth(site)


@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_killed_at_the_writes_of_a_first_run(ctx, tmp_path, clock, name, step):
    """Before, within and after each transaction; the second run completes the board and ends in the same state."""
    site = Site.of(13, size=5)
    for moment in itertools.count(4, step):
        with board(ctx, tmp_path, site, DESCRIPTIONS[name]) as home, dying(moment) as death:
            run(home)
        with board(ctx, tmp_path, site, DESCRIPTIONS[name]) as home:
            run(home)
            clock.forward(timedelta(hours=2))
            check(home, site)
            assert cursor(home)["complete"] is True
            assert "walks" not in cursor(home)
        if not death.came:
            break
        wipe(ctx)


@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_killed_at_the_writes_of_a_run_with_news_on_three_pages(ctx, tmp_path, clock, name, step):
    """What the killed run stored is known to the next one, and still does not end its walk too early."""
    site = Site.of(6, size=5)
    for moment in itertools.count(4, step):
        site.letters = [letter(number) for number in range(6, 0, -1)]
        with board(ctx, tmp_path, site, DESCRIPTIONS[name]) as home:
            run(home)
            site.letters[:0] = [letter(number) for number in range(18, 6, -1)]
            with dying(moment) as death:
                run(home)
            # Meanwhile as many come as fill a page: what is not yet read moves on.
            if death.came:
                site.letters[:0] = [letter(number) for number in range(23, 18, -1)]
            run(home)
            clock.forward(timedelta(hours=2))
            check(home, site)
        if not death.came:
            break
        wipe(ctx)


@contextmanager
def dying_at_line(die_at: int) -> Iterator[list[int]]:
    """Die at the N-th line of the website's code; yields how many there were."""
    lines = [0]

    def on_line(frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            lines[0] += 1
            if lines[0] == die_at:
                sys.settrace(None)
                with_dead()
                raise Killed
        return on_line

    def on_call(frame: FrameType, event: str, argument: Any) -> Any:
        name = frame.f_globals.get("__name__", "")
        return on_line if name.startswith(("collector.sources.", "collector.runs")) else None

    dead = dying(1)

    def with_dead() -> None:
        dead.__enter__()

    sys.settrace(on_call)
    try:
        yield lines
    except Killed:
        pass
    finally:
        sys.settrace(None)
        if lines[0] >= die_at:
            dead.__exit__(None, None, None)


@pytest.mark.parametrize("name", ["details", "list"])
def test_killed_at_any_line(ctx, tmp_path, clock, name):
    """At lines spread over a whole run, with the database as it was at that moment."""
    site = Site.of(12, size=5)
    with board(ctx, tmp_path, site, DESCRIPTIONS[name]) as home, dying_at_line(10**9) as lines:
        run(home)
    total = lines[0]
    wipe(ctx)
    for place in range(15):
        die_at = 1 + place * (total - 1) // 14
        with board(ctx, tmp_path, site, DESCRIPTIONS[name]) as home, dying_at_line(die_at):
            run(home)
        with board(ctx, tmp_path, site, DESCRIPTIONS[name]) as home:
            run(home)
            clock.forward(timedelta(hours=2))
            check(home, site)
        wipe(ctx)


def test_an_odd_page_that_a_killed_run_kept_is_no_message(ctx, tmp_path, clock):
    """Without the required text the title alone would stand for the letter; it waits for a person instead."""
    site = Site.of(8)
    site.faults["/letter/4"] = [Reply("<html><body>出错了</body></html>")]
    with board(ctx, tmp_path, site) as home:
        with dying(10):
            run(home)
        clock.forward(timedelta(hours=2))

        resume_raw(home)

        assert set(stored(home)) == set(truth(site)) - {"4"}
        assert aside(home) == {"/letter/4": "missing-field"}


def test_bytes_that_a_killed_run_kept_are_read_by_the_service(ctx, tmp_path, clock):
    """Killed between keeping and taking: the letters are stored from the bytes; the next run fetches no more."""
    site = Site.of(8)
    site.letters[0].answer = "已经办理。"
    with board(ctx, tmp_path, site) as home:
        # 1 to 3 begin the run, 4 to 6 keep the list, 7 to 9 keep the letters' pages, 10 is before they are taken.
        with dying(10):
            run(home)
        assert stored(home) == {}
        assert sum(one.state == "new" for one in raws(home)) == 8
        clock.forward(timedelta(hours=2))
        site.forget()

        resume_raw(home)

        assert stored(home) == truth(site)
        found = messages(home)["8"]
        assert (found.title, found.author_name, found.answer_text) == ("第8封来信", "市民8", "已经办理。")
        run(home)
        assert site.count("/letter/") == 0
        assert stored(home) == truth(site)
