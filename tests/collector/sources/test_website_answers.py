"""Answers that come after their letters, first days, and words that decide what concerns the bureau."""

from datetime import date, timedelta

import pytest

from collector.errors import HttpRefused
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

STATUS = LIST.replace('posted_at = "td.date"', 'posted_at = "td.date", status = "td.status"')


def answers(home) -> dict[str, str | None]:
    """The answers of all messages."""
    return {key: one.answer_text for key, one in messages(home).items()}


def test_the_status_of_a_row_says_that_an_answer_came(ctx, tmp_path):
    """The one letter whose status changed is looked at again, once; its answer is stored."""
    site = Site.of(8)
    for one in site.letters:
        one.status = "未答复"
    with board(ctx, tmp_path, site, STATUS + DETAILS) as home:
        run(home)
        site.letters[4].status, site.letters[4].answer = "已答复", "已经办理。"
        site.forget()

        assert run(home).duplicates == 1
        assert site.count("/letter/") == 1
        assert answers(home)["4"] == "已经办理。"
        site.forget()
        run(home)
        assert site.asked == ["/list?page=1"]


def test_a_status_without_an_answer_is_looked_into_once_a_day(ctx, tmp_path, clock):
    """Some letters are closed by telephone; their pages are not asked for with every run."""
    site = Site.of(8)
    for one in site.letters:
        one.status = "办理中"
    site.letters[2].status = "已办结"
    with board(ctx, tmp_path, site, STATUS + DETAILS) as home:
        run(home)
        site.forget()
        run(home)
        run(home)
        assert site.count("/letter/") == 0
        clock.forward(timedelta(days=1))
        run(home)
        run(home)

        assert site.count("/letter/") == 1
        assert counted(home)


def test_where_the_list_says_nothing_letters_are_looked_at_on_a_days_first_run(ctx, tmp_path, clock):
    """The answer comes within a day; the other runs of the day cost one request."""
    site = Site.of(8)
    with board(ctx, tmp_path, site) as home:
        run(home)
        kept = len(raws(home))
        site.letters[1].answer = "已经办理。"
        site.forget()
        run(home)
        assert site.asked == ["/list?page=1"]
        clock.forward(timedelta(days=1))
        run(home)
        assert answers(home)["7"] == "已经办理。"
        assert site.count("/letter/") == 8
        site.forget()
        run(home)

        assert site.asked == ["/list?page=1"]
        # The pages that brought no answer are not kept; the letter's own and the list page it stood on are.
        assert len(raws(home)) == kept + 2


@pytest.mark.parametrize("description", [LIST + DETAILS, STATUS + DETAILS, WHOLE_LIST], ids=["page", "status", "list"])
def test_an_answer_is_found_although_its_letter_left_the_first_page(ctx, tmp_path, clock, description):
    """Once a day the walk goes a little further, as long as pages hold letters that wait."""
    site = Site.of(70)
    for one in site.letters:
        one.status = "待答复"
    with board(ctx, tmp_path, site, description) as home:
        run(home)
        for place in (25, 65):
            site.letters[place].status, site.letters[place].answer = "已答复", "已经办理。"
        run(home)
        assert answers(home)["45"] is None
        clock.forward(timedelta(days=1))
        site.forget()
        run(home)

        assert answers(home)["45"] == "已经办理。"
        assert answers(home)["5"] is None
        assert site.count("/list") == 5
        site.forget()
        run(home)
        assert site.asked == ["/list?page=1"]


def test_an_answer_in_the_list_completes_the_message(ctx, tmp_path):
    """Without pages of their own; a run without news keeps nothing."""
    site = Site.of(8)
    with board(ctx, tmp_path, site, WHOLE_LIST) as home:
        run(home)
        site.letters[3].answer = "已经办理。"

        assert run(home).duplicates == 1
        assert answers(home)["5"] == "已经办理。"
        assert run(home).fetched == 0
        assert aside(home) == {}


def test_a_failing_page_of_a_known_letter_is_no_loss(ctx, tmp_path):
    """The message stays as it is, and the answer comes with a later run."""
    site = Site.of(8)
    with board(ctx, tmp_path, site, STATUS + DETAILS) as home:
        run(home)
        site.letters[4].status, site.letters[4].answer = "已答复", "已经办理。"
        site.faults["/letter/4"] = [Reply(status=500)]
        run(home)
        assert "missing" not in cursor(home)
        site.faults.clear()
        run(home)

        assert answers(home)["4"] == "已经办理。"


@pytest.mark.parametrize("description", [LIST + DETAILS, WHOLE_LIST], ids=["details", "list"])
def test_older_letters_than_the_first_day_are_left_alone(ctx, tmp_path, description):
    """A walk ends at the first page that is older; nothing older is stored or fetched."""
    site = Site.of(100)
    first = site.letters[24].day
    with board(ctx, tmp_path, site) as home:
        home = described(ctx, tmp_path, site, description, head=f"since = {first}\n")
        run(home)

        assert set(stored(home)) == {str(number) for number in range(76, 101)}
        assert site.count("/letter/") in (0, 25)
        assert site.count("/list?page=6") == 0
        site.forget()
        run(home)
        assert site.asked == ["/list?page=1"]


def test_a_first_day_on_a_list_without_dates_and_order(ctx, tmp_path):
    """Then only the letters' own pages tell; what was too old is not fetched again."""
    site = Site.of(30)
    page = site.letter_page
    site.letter_page = lambda one: page(one).replace("<b ", f"<u>{one.day}</u><b ")  # type: ignore[method-assign]
    first = site.letters[11].day
    listing = LIST.replace(', posted_at = "td.date"', "")
    details = DETAILS.replace('body = "div.text"', 'body = "div.text", posted_at = "u"')
    with board(ctx, tmp_path, site) as home:
        home = described(ctx, tmp_path, site, listing + details, head=f"since = {first}\n")
        run(home)
        assert set(stored(home)) == {str(number) for number in range(19, 31)}
        assert len([one for one in raws(home) if one.options["role"] == "detail"]) == 12
        site.forget()
        run(home)

        assert site.count("/letter/") == 0


def test_a_day_named_by_a_person_looks_at_known_letters_again(ctx, tmp_path):
    """`collect --since` fetches the known ones without an answer, down to that day; the others are left."""
    site = Site.of(40)
    site.letters[0].answer = "已经办理。"
    with board(ctx, tmp_path, site) as home:
        run(home)
        site.letters[5].answer = "第二份答复。"
        site.letters[35].answer = "很早以前的。"
        site.forget()

        run(home, since=site.letters[14].day)

        assert answers(home)["35"] == "第二份答复。"
        assert answers(home)["5"] is None
        fetched = {int(path.rpartition("/")[2]) for path in site.asked if path.startswith("/letter/")}
        assert fetched == set(range(26, 40))
        assert site.count("/list?page=4") == 0
        assert counted(home)


def test_a_day_named_on_a_fresh_board_does_not_end_its_first_walk(ctx, tmp_path):
    """The next ordinary run reads the rest of the board."""
    site = Site.of(40)
    with board(ctx, tmp_path, site) as home:
        run(home, since=site.letters[14].day)
        assert len(stored(home)) == 15

        run(home)

        assert stored(home) == truth(site)


def test_a_named_day_goes_on_where_it_was_cut_off(ctx, tmp_path, clock):
    """More than a day's requests: naming the day again continues."""
    site = Site.of(60)
    with board(ctx, tmp_path, site) as home:
        home = described(ctx, tmp_path, site, LIST + DETAILS, head="budget = 300\n")
        run(home)
        site.letters[45].answer = "已经办理。"
        home = described(ctx, tmp_path, site, LIST + DETAILS, head="budget = 25\n")
        for _ in range(4):
            clock.forward(timedelta(days=1))
            run(home, since=date(2020, 1, 1))

        assert answers(home)["15"] == "已经办理。"


@pytest.mark.parametrize("description", [LIST + DETAILS, WHOLE_LIST], ids=["details", "list"])
def test_letters_without_the_keywords_are_fetched_once_and_not_kept(ctx, tmp_path, description):
    """A board of the whole city: only what concerns the bureau is stored, and the rest is remembered."""
    site = Site.of(45)
    for one in site.letters[::9]:
        one.body += "请市统计局答复。"
    with board(ctx, tmp_path, site) as home:
        home = described(ctx, tmp_path, site, description, head='keywords = ["统计局"]\n')
        assert run(home).dropped == 40
        assert set(stored(home)) == {"45", "36", "27", "18", "9"}
        details = [one for one in raws(home) if one.options["role"] == "detail"]
        assert len(details) == (5 if "details" in description else 0)
        site.letters[0:0] = [letter(46)]
        site.forget()

        assert run(home).dropped == 1
        assert site.count("/letter/") == (1 if "details" in description else 0)
        site.forget()
        run(home)
        assert site.asked == ["/list?page=1"]


def test_more_dropped_rows_than_are_remembered(ctx, tmp_path, monkeypatch):
    """The newest are remembered: a run without news costs one request all the same."""
    monkeypatch.setattr("collector.sources.bookmark.REMEMBERED", 30)
    site = Site.of(60)
    with board(ctx, tmp_path, site) as home:
        home = described(ctx, tmp_path, site, LIST + DETAILS, head='keywords = ["统计局"]\n')
        assert run(home).dropped == 60
        assert len(cursor(home)["passed"]) == 30
        site.forget()
        run(home)
        assert site.asked == ["/list?page=1"]
        site.letters[0:0] = [letter(number) for number in range(66, 60, -1)]
        site.letters[2].body += "请市统计局答复。"

        assert run(home).stored == 1
        assert site.count("/letter/") == 6


def test_other_keywords_look_at_what_was_dropped(ctx, tmp_path):
    """With another description the board is walked again; what is stored is not fetched again."""
    site = Site.of(25)
    site.letters[20].body += "请市统计局答复。"
    site.letters[22].body += "年鉴在哪里。"
    with board(ctx, tmp_path, site) as home:
        run(described(ctx, tmp_path, site, LIST + DETAILS, head='keywords = ["统计局"]\n'))
        assert set(stored(home)) == {"5"}
        site.forget()

        run(described(ctx, tmp_path, site, LIST + DETAILS, head='keywords = ["统计局", "年鉴"]\n'))

        assert set(stored(home)) == {"5", "3"}
        assert site.count("/letter/5") == 0


def test_a_forbidden_first_page_is_a_fault(ctx, tmp_path):
    """Without a visit there is no session to renew."""
    site = Site.of(5)
    site.faults["/list"] = [Reply(status=403)]
    with board(ctx, tmp_path, site) as home, pytest.raises(HttpRefused):
        run(home)
