"""Sites that change their shape, pages that lie, and kept pages that are read again."""

import pytest
import sqlalchemy as sa

from collector.errors import SourceChanged, SourceUnknown
from collector.rereading import reread
from collector.setaside import list_set_aside, retry
from collector.tables import RawItem
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
    wipe,
)
from tests.webserver import Reply

SOFT_404 = Reply("<html><head><title>出错了</title></head><body><p>您访问的页面不存在</p></body></html>")


def test_a_required_field_that_most_rows_lack_stops_the_run(ctx, tmp_path):
    """The list changed: nothing of the page is stored, the cursor stays, the page is kept, named and settled."""
    site = Site.of(20)
    with board(ctx, tmp_path, site) as home:
        run(home)
        before, count = cursor(home), len(raws(home))
        site.letters.insert(0, letter(21))
        row = site.row
        site.row = lambda one: row(one).replace("<a ", "<b ").replace("</a>", "</b>")  # type: ignore[method-assign]

        with pytest.raises(SourceChanged) as caught:
            run(home)

        kept = raws(home)
        assert f"raw item {kept[-1].id}" in str(caught.value)
        assert len(kept) == count + 1
        assert kept[-1].state == "parsed"
        assert cursor(home) == before
        assert "21" not in stored(home)
        site.row = row  # type: ignore[method-assign]
        assert run(home).stored == 1


def test_letters_pages_of_another_shape_stop_the_run(ctx, tmp_path):
    """Most pages lack the text: nothing of the list page is stored, and everything comes once it is corrected."""
    site = Site.of(20)
    with board(ctx, tmp_path, site) as home:
        site.letter_class = "neu"
        with pytest.raises(SourceChanged, match="body"):
            run(home)
        assert stored(home) == {}
        assert aside(home) == {}
        assert cursor(home) == {}
        assert {one.state for one in raws(home)} == {"parsed"}

        run(described(ctx, tmp_path, site, LIST + DETAILS.replace("div.text", "div.neu")))

        assert stored(home) == truth(site)


def test_one_new_letter_is_enough_to_see_that_all_pages_changed(ctx, tmp_path):
    """A known letter is looked at beside it: its page has no text any more either."""
    site = Site.of(12)
    with board(ctx, tmp_path, site) as home:
        run(home)
        site.letter_class = "neu"
        site.letters.insert(0, letter(13))
        with pytest.raises(SourceChanged):
            run(home)
        assert aside(home) == {}
        site.letter_class = "text"

        assert run(home).stored == 1


def test_one_odd_page_is_set_aside_alone(ctx, tmp_path):
    """The other letters of the board can still be read, so this one is odd, whether it comes alone or with others."""
    site = Site.of(12)
    site.faults["/letter/7"] = [SOFT_404]
    with board(ctx, tmp_path, site) as home:
        assert run(home).stored == 11
        assert aside(home) == {"/letter/7": "missing-field"}
        site.letters.insert(0, letter(13))
        site.faults["/letter/13"] = [Reply("<html><body>" + " " * 9 + "</body></html>")]
        assert run(home).stored == 0
        assert aside(home) == {"/letter/7": "missing-field", "/letter/13": "missing-field"}
        site.forget()

        run(home)

        assert site.asked == ["/list?page=1"]
        assert counted(home)


def test_the_same_bytes_for_two_letters_do_not_confuse_them(ctx, tmp_path):
    """Two pages that say nothing in the same words: each keeps its own place, and what the list said of it."""
    site = Site.of(12)
    site.faults |= {"/letter/7": [SOFT_404], "/letter/5": [SOFT_404]}
    details = DETAILS.replace("[[sources.details]]", '[[sources.details]]\nrequired = ["title"]').replace(
        'body = "div.text"', 'title = "title", body = "div.text"'
    )
    with board(ctx, tmp_path, site) as home:
        run(described(ctx, tmp_path, site, LIST + details))
        found = messages(home)
        assert len(found) == 12
        assert found["7"].raw_item_id != found["5"].raw_item_id
        assert found["7"].posted_at != found["5"].posted_at

    home = described(ctx, tmp_path, site, LIST + details)
    for key in ("7", "5"):
        items = [one for one in reread(home, found[key].raw_item_id) if one.position == f"/letter/{key}"]
        assert len(items) == 1


def test_what_was_set_aside_can_be_retried_after_the_description_is_corrected(ctx, tmp_path):
    """A letter's page is joined with its row once more, by the description as it is now."""
    site = Site.of(12)
    site.faults["/letter/7"] = [Reply('<b class="author">市民7</b><div class="neu">别的样子的正文。</div>')]
    with board(ctx, tmp_path, site) as home:
        run(home)
        with home.database.reading() as session:
            [(row, _)] = list_set_aside(session)
        corrected = described(ctx, tmp_path, site, LIST + DETAILS.replace("div.text", "div.neu"))

        assert retry(corrected, row.id).stored == 1

        found = messages(home)["7"]
        assert (found.title, found.body, found.author_name) == ("第7封来信", "别的样子的正文。", "市民7")
        site.forget()
        run(home)
        assert site.asked == ["/list?page=1"]


def test_a_row_whose_date_cannot_be_read_waits_for_a_person(ctx, tmp_path):
    """On a list that holds everything; read again, the row has the same place."""
    site = Site.of(12)
    row = site.row
    site.row = lambda one: row(one).replace(str(one.day), "前几天") if one.number == 4 else row(one)  # type: ignore[method-assign]
    with board(ctx, tmp_path, site, WHOLE_LIST) as home:
        assert run(home).stored == 11
        assert aside(home) == {"4": "bad-date"}
        assert run(home).fetched == 0
        [page] = [one for one in raws(home) if b'"/letter/4"' in (one.content or b"")]

        items = {one.position: one for one in reread(home, page.id)}

        assert set(items) == {str(number) for number in range(3, 13)}
        assert items["4"].reason == "bad-date"


def test_kept_pages_are_read_again_with_the_same_places(ctx, tmp_path):
    """All rows of a list, and each letter's own page: position, text and time as when they were collected."""
    site = Site.of(12)
    site.letters[3].answer = "已经办理。"
    for description in (WHOLE_LIST, LIST + DETAILS):
        with board(ctx, tmp_path, site, description) as home:
            run(home)
            found = messages(home)
            for raw in raws(home):
                if raw.options["role"] == "list" and "details" in description:
                    continue
                for item in reread(home, raw.id):
                    key = item.position.removeprefix("/letter/")
                    assert item.body == found[key].body
                    assert item.posted_at == found[key].posted_at
                    assert item.answer_text == found[key].answer_text
                    assert item.external_id == found[key].external_id or item.external_id == item.position
        wipe(ctx)


def test_a_letters_page_is_read_again_without_its_list(ctx, tmp_path):
    """The list page was purged: what the page itself says is still read, under the same place."""
    site = Site.of(3)
    details = DETAILS.replace('body = "div.text"', 'title = "title", body = "div.text"')
    with board(ctx, tmp_path, site, LIST + details) as home:
        run(home)
        raw = next(one for one in raws(home) if one.options["role"] == "detail")
        with home.database.writing() as session:
            session.execute(sa.update(RawItem).where(RawItem.id == raw.options["list"]).values(content=None))

        [item] = reread(home, raw.id)

        assert item.position == raw.options["at"]


def test_pages_of_a_source_that_is_no_more_are_not_read(ctx, tmp_path):
    """The profile lost the source: a clear error, and the bytes stay."""
    site = Site.of(3)
    with board(ctx, tmp_path, site) as home:
        run(home)
    with pytest.raises(SourceUnknown):
        list(reread(ctx, raws(ctx)[0].id))
