"""Boards whose servers fail: what was read stays, what was not read comes later, and nobody is pressed."""

from contextlib import suppress
from datetime import timedelta

import pytest

from collector.errors import HttpRefused, SourceChanged, Unreachable
from collector.standing import standings
from config.database import Database
from config.errors import DatabaseError, StorageFull
from tests.collector.sources.site import (
    DETAILS,
    LIST,
    WHOLE_LIST,
    Site,
    aside,
    board,
    counted,
    cursor,
    described,
    letter,
    messages,
    raws,
    run,
    stored,
    truth,
)
from tests.webserver import Reply

BROKEN = Reply("<html>", drop_after=3)
FAILING = Reply(status=500)


def test_a_list_page_that_breaks_off_stops_the_run_and_the_next_goes_on(ctx, tmp_path):
    """The connection drops in the middle of page 3, three times: pages 1 and 2 stay, the next run takes the rest."""
    site = Site.of(45)
    site.faults["/list"] = [None, None, Reply("<html><body>" + "x" * 500, drop_after=40)]
    with board(ctx, tmp_path, site) as home:
        with pytest.raises(Unreachable):
            run(home)
        assert len(stored(home)) == 20
        site.faults.clear()
        site.forget()

        assert run(home).stored == 25
        assert stored(home) == truth(site)
        assert site.count("/letter/") == 25


def test_a_letter_page_that_breaks_off_once_is_tried_again_at_once(ctx, tmp_path):
    """A dropped connection is tried again by the client; nobody notices."""
    site = Site.of(5)
    site.faults["/letter/3"] = [Reply("<html><body>" + "x" * 500, drop_after=40), None]
    with board(ctx, tmp_path, site) as home:
        assert run(home).stored == 5
        assert stored(home) == truth(site)


def test_a_letter_page_that_fails_is_brought_by_a_later_run(ctx, tmp_path):
    """One page answers 500: the others are stored, the run is good, and the next run brings it."""
    site = Site.of(15)
    site.faults["/letter/12"] = [FAILING]
    with board(ctx, tmp_path, site) as home:
        assert run(home).stored == 14
        assert cursor(home)["missing"]["/letter/12"]["tries"] == 1
        site.faults.clear()
        site.forget()

        assert run(home).stored == 1
        assert stored(home) == truth(site)
        assert site.count("/letter/") == 1
        assert "missing" not in cursor(home)


def test_the_standing_tells_how_many_rows_wait_for_their_page(ctx, tmp_path):
    """Rows whose page failed are counted until a run has read them; the run itself was good."""
    site = Site.of(15)
    for number in (4, 12):
        site.faults[f"/letter/{number}"] = [FAILING]
    with board(ctx, tmp_path, site) as home:
        run(home)
        assert [(one.waiting, one.messages, one.error) for one in standings(home)] == [(2, 13, None)]
        del site.faults["/letter/4"]
        run(home)
        assert [(one.waiting, one.messages) for one in standings(home)] == [(1, 14)]
        site.faults.clear()
        run(home)

        assert [(one.waiting, one.messages) for one in standings(home)] == [(0, 15)]


def test_after_three_runs_the_words_of_the_list_stand_for_a_letter(ctx, tmp_path):
    """A page that never answers does not keep the message out for ever; then it is left alone."""
    site = Site.of(15)
    site.faults["/letter/12"] = [FAILING]
    with board(ctx, tmp_path, site) as home:
        run(home)
        assert run(home).stored == 0
        assert run(home).stored == 1
        site.forget()

        assert run(home).fetched == 0
        assert site.asked == ["/list?page=1"]
        assert "第12封来信" in (messages(home)["12"].title, messages(home)["12"].body)
        assert counted(home)


def test_a_missing_letter_is_read_although_its_row_left_the_first_page(ctx, tmp_path):
    """Its row is read from the list page that was kept."""
    site = Site.of(15)
    site.faults["/letter/15"] = [FAILING]
    with board(ctx, tmp_path, site) as home:
        run(home)
        site.faults.clear()
        site.letters[:0] = [letter(number) for number in range(40, 15, -1)]

        run(home)

        assert stored(home) == truth(site)
        assert messages(home)["15"].title == "第15封来信"


def test_many_failing_pages_in_a_row_stop_the_run(ctx, tmp_path):
    """A site that is failing is left alone after six pages; later everything is brought."""
    site = Site.of(35)
    for number in range(1, 36):
        site.faults[f"/letter/{number}"] = [FAILING]
    with board(ctx, tmp_path, site) as home:
        with pytest.raises(HttpRefused):
            run(home)
        assert len({path for path in site.asked if path.startswith("/letter/")}) == 6
        site.faults.clear()

        run(home)

        assert stored(home) == truth(site)


def test_a_row_whose_page_is_gone_is_kept_as_the_list_says_it(ctx, tmp_path):
    """404 and 410 are no faults; the row is not asked for again."""
    site = Site.of(15)
    site.faults |= {"/letter/14": [Reply(status=404)], "/letter/3": [Reply(status=410)]}
    with board(ctx, tmp_path, site) as home:
        assert run(home).stored == 15
        found = messages(home)
        assert found["14"].author_name is None
        assert "第14封来信" in (found["14"].title, found["14"].body)
        site.forget()

        run(home)

        assert site.asked == ["/list?page=1"]


def test_pages_that_are_all_gone_are_a_site_that_moved_them(ctx, tmp_path):
    """On a fresh board nothing is stored; where letters of earlier runs still open, old gone ones are ordinary."""
    site = Site.of(25)
    for number in range(1, 26):
        site.faults[f"/letter/{number}"] = [Reply(status=404)]
    with board(ctx, tmp_path, site) as home:
        with pytest.raises(SourceChanged, match="gone"):
            run(home)
        assert stored(home) == {}
        for number in range(16, 26):
            site.faults.pop(f"/letter/{number}")

        assert run(home).stored == 25


def test_a_site_that_breaks_down_while_an_odd_page_is_judged(ctx, tmp_path):
    """The known letter that would tell is out of reach: the run ends with that fault, and nothing is decided."""
    site = Site.of(12)
    with board(ctx, tmp_path, site) as home:
        run(home)
        site.letters.insert(0, letter(13))
        site.faults["/letter/13"] = [Reply("<html><body>出错了</body></html>")]
        for number in range(1, 13):
            site.faults[f"/letter/{number}"] = [BROKEN]
        with pytest.raises(Unreachable):
            run(home)
        assert aside(home) == {}
        assert {one.state for one in raws(home)} == {"parsed"}
        site.faults.clear()

        assert run(home).stored == 1


def test_a_server_that_asks_to_wait_is_not_pressed(ctx, tmp_path):
    """429 with a long Retry-After on a letter's page ends the run at once; what was fetched is stored."""
    site = Site.of(20)
    site.faults["/letter/15"] = [Reply(status=429, headers={"Retry-After": "600"})]
    with board(ctx, tmp_path, site) as home:
        with pytest.raises(HttpRefused) as caught:
            run(home)
        assert caught.value.retry_after == 600
        assert site.count("/letter/15") == 1
        assert set(stored(home)) == {"20", "19", "18", "17", "16"}
        site.faults.clear()
        site.forget()

        run(home)

        assert stored(home) == truth(site)
        assert site.count("/letter/") == 15


def test_a_spent_budget_goes_on_the_next_day_from_there(ctx, tmp_path, clock):
    """A long first collection takes days, and no day walks over what the days before read."""
    site = Site.of(100)
    with board(ctx, tmp_path, site) as home:
        home = described(ctx, tmp_path, site, LIST + DETAILS, head="budget = 30\n")
        days = 0
        while len(stored(home)) < 100 and days < 10:
            site.forget()
            run(home)
            assert len(site.asked) <= 30
            assert site.count("/list") <= 6
            clock.forward(timedelta(days=1))
            days += 1

        assert stored(home) == truth(site)
        assert days == 4
        run(home)
        assert cursor(home)["complete"] is True


def test_a_budget_of_few_requests_still_gets_on(ctx, tmp_path, clock):
    """Even if a day does not suffice for one page of the list, each day brings some letters."""
    site = Site.of(24)
    with board(ctx, tmp_path, site) as home:
        home = described(ctx, tmp_path, site, LIST + DETAILS, head="budget = 6\n")
        for _ in range(12):
            run(home)
            clock.forward(timedelta(days=1))

        assert stored(home) == truth(site)


def test_the_day_ends_in_the_middle_of_a_run(ctx, tmp_path, clock):
    """After midnight in Linyi the new day's requests may be made."""
    site = Site.of(30)
    site.page_hook = lambda number: clock.forward(timedelta(hours=20)) if number == 2 else None
    with board(ctx, tmp_path, site) as home:
        home = described(ctx, tmp_path, site, LIST + DETAILS, head="budget = 31\n")
        run(home)

        assert stored(home) == truth(site)


def test_new_letters_come_first_while_an_old_board_is_still_being_read(ctx, tmp_path, clock):
    """Each day begins with what is new; the old pages are not lost although they moved."""
    site = Site.of(60)
    with board(ctx, tmp_path, site) as home:
        home = described(ctx, tmp_path, site, LIST + DETAILS, head="budget = 25\n")
        newest = 60
        for _ in range(12):
            run(home)
            clock.forward(timedelta(days=1))
            if newest < 90:
                site.letters[:0] = [letter(newest + step) for step in (4, 3, 2, 1)]
                newest += 4
                run(home)
                assert str(newest) in stored(home)
                clock.forward(timedelta(days=1))

        assert stored(home) == truth(site)
        assert cursor(home)["complete"] is True


def test_rows_that_were_removed_meanwhile_do_not_hide_others(ctx, tmp_path, clock):
    """Between two days of a first collection two pages' worth of letters vanish, and the rest moves up."""
    site = Site.of(80)
    with board(ctx, tmp_path, site) as home:
        home = described(ctx, tmp_path, site, LIST + DETAILS, head="budget = 50\n")
        run(home)
        removed = {str(one.number): one.body for one in site.letters[3:28]}
        del site.letters[3:28]
        for _ in range(4):
            clock.forward(timedelta(days=1))
            run(home)

        assert stored(home) == truth(site) | removed
        assert cursor(home)["complete"] is True


def test_a_clock_that_was_set_back_loses_nothing(ctx, tmp_path, clock):
    """Two days back in the middle, and on again: each letter is stored once."""
    site = Site.of(30)
    with board(ctx, tmp_path, site) as home:
        run(home)
        clock.forward(timedelta(days=-2))
        site.letters.insert(0, letter(31))
        run(home)
        clock.forward(timedelta(days=5))
        site.letters.insert(0, letter(32))
        run(home)

        assert stored(home) == truth(site)
        assert aside(home) == {}


@pytest.mark.parametrize("fault", [StorageFull, DatabaseError])
@pytest.mark.parametrize("description", [LIST + DETAILS, WHOLE_LIST], ids=["details", "list"])
def test_a_full_disk_or_a_locked_database_costs_nothing_but_time(ctx, tmp_path, monkeypatch, fault, description):
    """At each write once: the cursor stays as it was stored, and the next run has everything once."""
    site = Site.of(23)
    with board(ctx, tmp_path, site, description) as home:
        writing = Database.writing
        left = [0]

        def refusing(database):
            left[0] -= 1
            if left[0] == 0:
                raise fault("no space", item="the disk", todo="Free some.")
            return writing(database)

        at = 2
        while True:
            at += 1
            before, count = cursor(home), len(stored(home))
            left[0] = at
            monkeypatch.setattr(Database, "writing", refusing)
            with suppress(fault):
                run(home)
            monkeypatch.setattr(Database, "writing", writing)
            if left[0] > 0:
                break
            if cursor(home) == before:
                assert len(stored(home)) == count

        assert stored(home) == truth(site)
        assert aside(home) == {}
        assert not [one for one in raws(home) if one.state == "new" and one.options["role"] == "list"]
