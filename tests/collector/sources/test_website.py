"""Boards end to end: whole walks, lists that move while they are read, what a run without news costs."""

import pytest

from collector.errors import PageUnreadable, SourceChanged
from tests.collector.sources.site import (
    DETAILS,
    LIST,
    WHOLE_LIST,
    Letter,
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
)
from tests.webserver import Reply


def test_a_whole_board_is_read_and_then_costs_one_request(ctx, tmp_path):
    """All letters are stored; another process finds nothing new and asks for the first page alone."""
    site = Site.of(35)
    with board(ctx, tmp_path, site) as home:
        assert run(home).stored == 35
        assert stored(home) == truth(site)
        site.forget()

        assert run(home).fetched == 0
        assert site.asked == ["/list?page=1"]
        assert counted(home)
        assert cursor(home)["complete"] is True


def test_a_page_that_did_not_change_is_not_sent_again(ctx, tmp_path):
    """The ETag of the first page outlives the process; 304 ends the run after one request, and a change is seen."""
    site = Site.of(12, etag=True)
    with board(ctx, tmp_path, site) as home:
        run(home)
        site.forget()

        run(home)

        assert site.asked == ["/list?page=1"]
        assert site.server.requests[0].headers["If-None-Match"] == cursor(home)["etag"]
        site.letters.insert(0, letter(13))
        assert run(home).stored == 1
        assert stored(home) == truth(site)


def test_what_is_new_is_brought_and_nothing_else(ctx, tmp_path):
    """New letters cost their own pages and the list pages down to what is known."""
    site = Site.of(30)
    with board(ctx, tmp_path, site) as home:
        run(home)
        site.letters[:0] = [letter(32), letter(31)]
        site.forget()

        assert run(home).stored == 2
        assert sorted(set(site.asked)) == ["/letter/31", "/letter/32", "/list?page=1", "/list?page=2"]
        assert site.count("/letter/") == 2
        assert stored(home) == truth(site)


def test_list_pages_that_brought_nothing_are_not_kept(ctx, tmp_path):
    """Only the pages to which messages belong stay, however often the board is asked."""
    site = Site.of(15)
    with board(ctx, tmp_path, site) as home:
        run(home)
        kept = len(raws(home))
        for number in range(3):
            site.head = lambda site, number=number: f"<p>{number}</p>"
            run(home)

        assert len(raws(home)) == kept
        assert kept == 15 + 2
        assert {one.state for one in raws(home)} == {"parsed"}


def test_rows_that_are_added_while_pages_are_turned_are_found(ctx, tmp_path):
    """Two letters come between the first and the second page; the repeated walk finds them."""
    site = Site.of(30)
    added = [letter(32), letter(31)]

    def hook(number: int) -> None:
        if number == 2 and added:
            site.letters[:0] = added
            added.clear()

    site.page_hook = hook
    with board(ctx, tmp_path, site) as home:
        run(home)

        assert stored(home) == truth(site)
        assert site.count("/letter/") == 32


def test_rows_that_move_up_while_pages_are_turned_are_found(ctx, tmp_path):
    """Three letters are removed between two pages; those that slipped on to a page that was read are not lost."""
    site = Site.of(40)
    removed: list[Letter] = []

    def hook(number: int) -> None:
        if number == 3 and not removed:
            removed.extend(site.letters[:3])
            del site.letters[:3]

    site.page_hook = hook
    with board(ctx, tmp_path, site) as home:
        run(home)

        assert stored(home) == truth(site) | {str(one.number): one.body for one in removed}


def test_more_rows_than_a_page_holds_come_in_between(ctx, tmp_path):
    """The second page then repeats the first; that is not taken for the end for ever."""
    site = Site.of(40)
    added = [letter(number) for number in range(52, 40, -1)]

    def hook(number: int) -> None:
        if number == 2 and added:
            site.letters[:0] = added
            added.clear()

    site.page_hook = hook
    with board(ctx, tmp_path, site) as home:
        run(home)

        assert stored(home) == truth(site)


def test_pinned_rows_do_not_end_a_walk(ctx, tmp_path):
    """An old letter on top of every page is stored once, and neither it nor a known first row hides new ones."""
    site = Site.of(30)
    site.pinned = [site.letters[20]]
    with board(ctx, tmp_path, site) as home:
        run(home)
        assert stored(home) == truth(site)
        site.letters[5:5] = [letter(100), letter(101)]

        assert run(home).stored == 2
        assert stored(home) == truth(site)


def test_the_order_of_ids_does_not_matter(ctx, tmp_path):
    """A board sorted by anything is read whole, and news in the middle of its first page are found."""
    site = Site.of(37)
    site.letters.sort(key=lambda one: one.number * 7 % 37)
    with board(ctx, tmp_path, site) as home:
        run(home)
        assert stored(home) == truth(site)
        site.letters.insert(4, letter(50))
        site.letters.reverse()
        site.letters.insert(0, letter(51))
        site.forget()

        # The reversed order brings what was last to the front; all of that is known.
        assert run(home).stored == 1
        assert run(home).stored == 0


def test_a_half_page_is_no_end(ctx, tmp_path):
    """A page that is cut off after four rows is neither the end, nor are its other rows lost."""
    site = Site.of(50)
    site.cut = {2: 4}
    with board(ctx, tmp_path, site) as home:
        run(home)

        assert stored(home) == truth(site)


@pytest.mark.parametrize("beyond", ["nothing", "last", "first"])
def test_the_end_is_found_whatever_stands_behind_it(ctx, tmp_path, beyond):
    """Nothing, the last page again and again, or the first one: few requests are wasted."""
    site = Site.of(25, beyond=beyond)
    with board(ctx, tmp_path, site) as home:
        run(home)

        assert stored(home) == truth(site)
        assert site.count("/list") <= 2 * (3 + 2)


@pytest.mark.parametrize(
    "paging",
    ["pages = { pattern = 'totalPage = (\\d+)' }", "total = { pattern = 'totalRecord = (\\d+)' }"],
)
def test_a_count_in_a_script_spares_the_page_behind_the_end(ctx, tmp_path, paging):
    """The number of pages, or of rows, tells the last page."""
    site = Site.of(30)
    site.head = lambda site: f"<script>var totalPage = {site.pages};var totalRecord = {len(site.letters)};</script>"
    with board(ctx, tmp_path, site, LIST + f"[sources.list.paging]\n{paging}\n" + DETAILS) as home:
        run(home)

        assert stored(home) == truth(site)
        assert site.count("/list?page=4") == 0


def test_a_total_that_counts_hidden_rows_loses_nothing(ctx, tmp_path):
    """A count that is too high costs a request; one page more than it says is read where rows were pinned."""
    site = Site.of(30)
    site.head = lambda site: "<script>var totalRecord = 99;</script>"
    paging = "[sources.list.paging]\ntotal = { pattern = 'totalRecord = (\\d+)' }\n"
    with board(ctx, tmp_path, site, LIST + paging + DETAILS) as home:
        run(home)

        assert stored(home) == truth(site)


def test_an_empty_board_says_so(ctx, tmp_path):
    """No letter yet: nothing is stored, and no fault is seen; the first letter is found."""
    site = Site.of(0, empty_words="<p>暂无数据</p>")
    with board(ctx, tmp_path, site) as home:
        assert run(home).fetched == 0
        assert site.asked == ["/list?page=1"]
        site.letters.append(letter(1))

        assert run(home).stored == 1


def test_a_board_that_was_emptied_keeps_what_is_stored(ctx, tmp_path):
    """Nothing is deleted here because it was deleted there."""
    site = Site.of(12, empty_words="<p>暂无数据</p>")
    with board(ctx, tmp_path, site) as home:
        run(home)
        before = stored(home)
        site.letters.clear()

        assert run(home).fetched == 0
        assert stored(home) == before


def test_a_first_page_without_rows_that_does_not_say_so_is_a_change(ctx, tmp_path):
    """The run stops, the cursor stays, and the page is kept and named."""
    site = Site.of(12)
    with board(ctx, tmp_path, site) as home:
        run(home)
        before = cursor(home)
        site.faults["/list"] = [Reply("<html><body><div>改版了</div></body></html>")]

        with pytest.raises(SourceChanged, match="raw item"):
            run(home)
        assert cursor(home) == before
        assert raws(home)[-1].state == "parsed"
        site.faults.clear()
        site.letters.insert(0, letter(13))
        assert run(home).stored == 1


def test_a_wall_in_the_middle_is_not_taken_for_the_end(ctx, tmp_path):
    """A page of another kind without rows ends the run with a fault; the next one goes on behind what was read."""
    site = Site.of(45)
    wall = Reply("<html><head><title>安全验证</title></head><body>请输入验证码</body></html>")
    site.faults["/list"] = [None, None, wall]
    with board(ctx, tmp_path, site) as home:
        with pytest.raises(PageUnreadable):
            run(home)
        assert len(stored(home)) == 20
        assert not cursor(home)["complete"]
        site.faults.clear()
        site.forget()

        run(home)

        assert stored(home) == truth(site)
        assert site.count("/letter/") == 25


def test_a_list_that_holds_everything_needs_no_other_pages(ctx, tmp_path):
    """Letters and answers come from the list, and each once."""
    site = Site.of(33)
    site.letters[3].answer = "已经办理。"
    with board(ctx, tmp_path, site, WHOLE_LIST) as home:
        assert run(home).stored == 33
        assert stored(home) == truth(site)
        assert messages(home)[str(site.letters[3].number)].answer_text == "已经办理。"
        site.forget()

        assert run(home).fetched == 0
        assert site.asked == ["/list?page=1"]
        assert aside(home) == {}


def test_rows_without_any_id_are_told_apart_by_their_words(ctx, tmp_path):
    """A list without numbers and addresses: fingerprints stand for ids, and nothing comes twice."""
    site = Site.of(33)
    fields = 'fields = { title = "a", posted_at = "td.date", body = "td.text" }'
    with board(
        ctx, tmp_path, site, f'[sources.list]\nurl = "{{base}}/list?page={{page}}"\nrows = "tr.row"\n{fields}\n'
    ) as home:
        assert run(home).stored == 33
        site.letters.insert(0, letter(34))
        site.forget()

        assert run(home).stored == 1
        assert len(stored(home)) == 34
        assert run(home).fetched == 0


def test_ids_that_only_the_letters_own_page_tells_are_known_again(ctx, tmp_path):
    """The number stands on the letter's page; the letter is not fetched again for it."""
    site = Site.of(23)
    page = site.letter_page
    site.letter_page = lambda one: page(one).replace("<b ", f"<u>XJ-{one.number}</u><b ")  # type: ignore[method-assign]
    details = '[[sources.details]]\nfields = { body = "div.text", external_id = "u" }\n'
    with board(ctx, tmp_path, site, LIST + details) as home:
        assert run(home).stored == 23
        assert set(stored(home)) == {f"XJ-{number}" for number in range(1, 24)}
        site.letters.insert(0, letter(24))
        site.forget()

        assert run(home).stored == 1
        assert site.count("/letter/") == 1


def test_the_same_id_on_most_rows_is_a_fault_of_the_description(ctx, tmp_path):
    """An id picked from the wrong place would let one letter stand for all."""
    site = Site.of(12)
    fields = 'fields = { title = "a", posted_at = "td.date", body = "td.text", external_id = { value = "7" } }'
    with board(ctx, tmp_path, site, f'[sources.list]\nurl = "{{base}}/list"\nrows = "tr.row"\n{fields}\n') as home:
        with pytest.raises(SourceChanged, match="same id"):
            run(home)
        assert stored(home) == {}
