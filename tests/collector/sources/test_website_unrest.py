"""Everything at once, by the throw of dice: boards that move, budgets, faults, kills. In the end nothing is missing."""

import random
from contextlib import suppress
from datetime import timedelta

import pytest

from collector.errors import SourceFailed
from collector.jobs import resume_raw
from tests.collector.sources.site import (
    DETAILS,
    LIST,
    WHOLE_LIST,
    Site,
    aside,
    board,
    counted,
    described,
    letter,
    raws,
    run,
    stored,
    truth,
)
from tests.dying import dying
from tests.webserver import Reply


class Unrest:
    """Moves a board while it is read."""

    def __init__(self, draw: random.Random, site: Site) -> None:
        self.draw, self.site, self.newest = draw, site, len(site.letters)
        site.page_hook = self.move

    def add(self, most: int) -> None:
        """Some letters come."""
        for _ in range(self.draw.randrange(1, most)):
            self.newest += 1
            self.site.letters.insert(0, letter(self.newest))

    def move(self, number: int) -> None:
        """Before a page is shown, letters come or go, or the server begins to fail."""
        if self.draw.random() < 0.08:
            self.add(4)
        if self.draw.random() < 0.06 and len(self.site.letters) > 5:
            del self.site.letters[self.draw.randrange(len(self.site.letters))]
        if self.draw.random() < 0.05:
            self.site.faults["/list"] = [Reply(status=500)]

    def rest(self) -> None:
        """Nothing happens any more."""
        self.site.page_hook = lambda number: None
        self.site.faults.clear()


@pytest.mark.parametrize("seed", [*range(6), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(6, 100))])
def test_a_restless_board_is_complete_once_it_rests(ctx, tmp_path, clock, seed):
    """Whatever came between: all letters are stored once, all runs add up, and no news cost one request."""
    draw = random.Random(seed)
    site = Site.of(draw.randrange(70), size=draw.choice([6, 10]), etag=draw.random() < 0.5, empty_words="暂无数据")
    site.beyond = draw.choice(["nothing", "last", "first"])
    unrest = Unrest(draw, site)
    description = draw.choice([LIST + DETAILS, WHOLE_LIST])
    with board(ctx, tmp_path, site, description) as home:
        home = described(ctx, tmp_path, site, description, head=f"budget = {draw.choice([7, 15, 40, 1000])}\n")
        for _ in range(draw.randrange(2, 7)):
            clock.forward(timedelta(hours=draw.choice([1, 12, 24])))
            site.faults = {f"/letter/{draw.randrange(1, unrest.newest + 2)}": [Reply(status=draw.choice([500, 404]))]}
            with suppress(SourceFailed):
                match draw.randrange(5):
                    case 0 | 1:
                        with dying(draw.randrange(4, 80)):
                            run(home)
                    case 2 if site.letters:
                        run(home, since=draw.choice(site.letters).day)
                    case _:
                        run(home)
            if draw.random() < 0.5:
                unrest.add(15)
        unrest.rest()
        home = described(ctx, tmp_path, site, description)
        for _ in range(4):
            run(home)
        clock.forward(timedelta(hours=1))
        resume_raw(home)

        assert not truth(site).keys() - stored(home).keys()
        # A killed run may have kept a page that was gone when the next one asked.
        assert set(aside(home).values()) <= {"same-id-other-text"}
        assert counted(home)
        assert {one.state for one in raws(home)} <= {"parsed"}
        run(home)
        site.forget()
        run(home)
        assert site.asked == ["/list?page=1"]
