"""How pages of lists are asked for, and which is the next."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.errors import SourceChanged
from collector.pages.document import Document, read_document
from collector.pages.paging import (
    Place,
    Window,
    before,
    can_return,
    hidden_fields,
    next_place,
    page_request,
    paging_of,
    read_window,
    shifts,
)
from config.sources import Asking, Listing

URL = "https://www.example.gov.cn/hdjl/index.html"
FIELDS = {"title": "a"}


def listing(**parts: Any) -> Listing:
    """A list with this paging."""
    return Listing.model_validate({"url": URL, "rows": "li", "fields": FIELDS} | parts)


def page(body: str, url: str = URL) -> Document:
    """A page of the site."""
    return read_document(body.encode(), "text/html", url, Asking())


def data(value: object) -> Document:
    """An answer in JSON."""
    return read_document(json.dumps(value).encode(), "application/json", URL, Asking())


def asked(one: Listing, place: Place, window: Window | None = None) -> Any:
    """The request of a page."""
    return page_request(one, place, window or Window(url=URL), {}, str, "", "utf-8")


def following(
    one: Listing, document: Document, place: Place | None = None, rows: int = 10, **more: Any
) -> Place | None:
    """The place of the page after a document's."""
    paging, place = paging_of(one), place or Place()
    assert paging is not None
    window = read_window(document, paging, place, more.pop("window", Window()), {})
    return next_place(document, one, paging, place, window, {}, rows=rows, seen=more.get("seen"))


def addresses(one: Listing, count: int, window: Window | None = None) -> list[str]:
    """The addresses of the first pages, each full."""
    place: Place | None = Place()
    found = []
    while place is not None and len(found) < count:
        found.append(asked(one, place, window).url.rpartition("/")[2])
        paging = paging_of(one)
        assert paging is not None
        place = next_place(page("<p>"), one, paging, place, window or Window(url=URL), {}, rows=20, seen=None)
    return found


def test_a_list_without_any_way_to_a_second_page_has_one():
    """Neither a template nor a link leads further."""
    assert paging_of(listing()) is None
    assert paging_of(listing(paging={"size": 20})) is None
    assert paging_of(listing(url=URL + "?p={page}")) is not None


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"url": "https://h/list?p={page}"}, ["list?p=1", "list?p=2", "list?p=3"]),
        ({"url": "https://h/list?p={page}", "paging": {"first": 0}}, ["list?p=0", "list?p=1", "list?p=2"]),
        (
            {"url": "https://h/list?s={page}", "paging": {"first": 0, "step": 20}},
            ["list?s=0", "list?s=20", "list?s=40"],
        ),
        ({"paging": {"url": "index_{page}.html"}}, ["index.html", "index_2.html", "index_3.html"]),
        ({"paging": {"url": "index_{page}.html", "first": 1}}, ["index.html", "index_1.html", "index_2.html"]),
        (
            {"paging": {"url": "{page}.htm", "first": 2, "step": -1}},
            ["index.html", "2.htm", "1.htm"],
        ),
        (
            {"url": "https://h/d?a={start}&z={end}&n={size}", "paging": {"size": 20}},
            ["d?a=1&z=20&n=20", "d?a=21&z=40&n=20", "d?a=41&z=60&n=20"],
        ),
        ({"url": "https://h/d?o={offset}"}, ["d?o=0", "d?o=20", "d?o=40"]),
    ],
)
def test_pages_by_number_and_by_row(parts, expected):
    """By query, path, step, counting down, and by offsets."""
    assert addresses(listing(**parts), 3) == expected


def test_counting_down_begins_below_the_number_of_pages_and_ends_at_one():
    """The first page bears no number; of 4 pages the second is 3.htm and the last 1.htm."""
    one = listing(paging={"url": "rdjj/{page}.htm", "step": -1, "pages": {"pattern": "/(\\d+)页"}})
    document = page("<p>1/4页</p>")
    paging = paging_of(one)
    window = read_window(document, paging, Place(), Window(), {})

    assert window.pages == 4
    assert addresses(one, 9, window) == ["index.html", "3.htm", "2.htm", "1.htm"]
    with pytest.raises(SourceChanged, match="number of pages"):
        asked(one, Place(1))


def test_offsets_go_on_behind_the_last_row_that_came():
    """Where a site gives fewer rows than it was asked for, or a page was cut off, nothing is passed over."""
    one = listing(url="https://h/d?o={offset}&n={size}", paging={"size": 60})

    assert following(one, page("<p>"), rows=20) == Place(1, 20)
    assert following(one, page("<p>"), rows=61) == Place(1, 60)


@given(st.lists(st.integers(1, 70), min_size=1, max_size=20), st.integers(1, 60))
def test_no_row_lies_between_two_windows(counts, size):
    """Whatever number of rows each page gives, the next begins no later than behind them."""
    one = listing(url="https://h/d?o={offset}", paging={"size": size})
    place = Place()
    for rows in counts:
        after = following(one, page("<p>"), place, rows=rows)
        assert after is not None
        assert place.offset < after.offset <= place.offset + rows
        place = after


def test_the_next_link_is_followed_until_there_is_none():
    """A relative link counts from its page; text, a script or the page itself on the last page are no links."""
    one = listing(paging={"next": "a.next"})

    assert following(one, page('<a class="next" href="?ap=2">下页</a>')) == Place(1, 10, url=URL + "?ap=2")
    assert following(one, page('<a class="next">下页</a>')) is None
    assert following(one, page('<a class="next" href="javascript:void(0)">下页</a>')) is None
    assert following(one, page('<a class="next" href="#">下页</a>')) is None
    assert following(one, page(f'<a class="next" href="{URL}">下页</a>')) is None
    around = listing(paging={"next": ".next"})
    place = following(around, page('<span class="next"><a href="index_2.html">下页</a></span>'))
    assert place == Place(1, 10, url="https://www.example.gov.cn/hdjl/index_2.html")
    assert asked(one, Place(1, url="https://h/x?ap=2")).url == "https://h/x?ap=2"


def test_a_next_link_in_data():
    """An interface may name the address of what follows."""
    one = listing(rows="items", paging={"next": "next"})

    assert (
        following(one, data({"items": [1], "next": "/list?after=7"})).url == "https://www.example.gov.cn/list?after=7"
    )
    assert following(one, data({"items": [1], "next": None})) is None


def test_a_next_link_that_only_a_script_follows_counts_pages():
    """Where pages have numbers, the link only says that there is one more."""
    one = listing(url=URL + "?p={page}", paging={"next": "a.next"})

    assert following(one, page('<a class="next" href="javascript:go(2)">下页</a>')) == Place(1, 10)
    assert following(one, page("<span>下页</span>")) is None


@pytest.mark.parametrize("value", [26109861, "26109861", "AoJ/x=="])
def test_a_cursor_is_sent_as_it_came(value):
    """A number stays a number in JSON; the first request has the first value."""
    one = listing(data={"lastItem": "{cursor}", "rows": 10}, paging={"cursor": "data.last", "cursor_first": ""})

    assert asked(one, Place()).json == {"lastItem": "", "rows": 10}
    place = following(one, data({"data": {"last": value}}))
    assert asked(one, place).json == {"lastItem": value, "rows": 10}
    assert Place.from_json(json.loads(json.dumps(place.to_json()))) == place


@pytest.mark.parametrize("value", [None, "", 0, "0", -1, False, 7])
def test_a_cursor_that_points_nowhere_new_is_the_end(value):
    """Nothing, the sign for the end, or the cursor that was asked for."""
    one = listing(data={"lastItem": "{cursor}"}, paging={"cursor": "last"})

    assert following(one, data({"last": value}), Place(1, 10, cursor=7)) is None


def test_hidden_fields_are_carried_from_page_to_page():
    """A form as ASP.NET writes it: the first page is asked by GET, the others by POST with what the last one gave."""
    one = listing(
        paging={"form": {"__EVENTTARGET": "pager", "__EVENTARGUMENT": "{page}"}, "hidden": "form#f", "first": 2}
    )
    document = page(
        '<form id="s"><input type="hidden" name="q" value="no"></form><form id="f">'
        '<input type=HIDDEN name="__VIEWSTATE" value="a+b=="><input type="hidden" name="__EVENTARGUMENT"></form>'
    )
    window = read_window(document, paging_of(one), Place(), Window(), {})

    assert asked(one, Place()).method == "GET"
    assert hidden_fields(document, "form#f") == [("__VIEWSTATE", "a+b=="), ("__EVENTARGUMENT", "")]
    request = asked(one, Place(1), window)
    assert request.form == [("__VIEWSTATE", "a+b=="), ("__EVENTTARGET", "pager"), ("__EVENTARGUMENT", "2")]
    assert not can_return(paging_of(one))


def test_counts_tell_the_last_page():
    """In the page or in a script; a page that is silent leaves what another said."""
    one = listing(url=URL + "?p={page}", paging={"pages": {"pattern": "pages=(\\d+)"}})

    assert following(one, page("<script>pages=3</script>"), Place(1)) == Place(2, 10)
    assert following(one, page("<script>pages=3</script>"), Place(2)) is None
    assert following(one, page("<p>"), Place(2), window=Window(pages=3)) is None


def test_the_number_of_rows_counts_against_the_rows_that_were_seen():
    """Not against pages times size: rows may be pinned on each page, or cut off."""
    one = listing(url=URL + "?p={page}", paging={"total": {"pattern": "共(\\d+)条"}})
    document = page("<p>共30条</p>")

    assert following(one, document, Place(2), seen=29) == Place(3, 10)
    assert following(one, document, Place(2), seen=30) is None
    assert following(one, document, Place(2), seen=None) == Place(3, 10)
    assert following(one, page("<p>共0条</p>"), Place(2), seen=30) == Place(3, 10)


def test_a_page_without_rows_and_the_most_pages_are_an_end():
    """Whatever else the page says."""
    one = listing(url=URL + "?p={page}", paging={"max_pages": 3})

    assert following(one, page("<p>"), rows=0) is None
    assert following(one, page("<p>"), Place(1)) == Place(2, 10)
    assert following(one, page("<p>"), Place(2)) is None


def test_where_a_walk_may_go_back():
    """Numbered pages have one before; a link or cursor does not know it."""
    numbered = paging_of(listing(url=URL + "?p={page}"))
    cursor = paging_of(listing(data={"last": "{cursor}"}, paging={"cursor": "last"}))

    assert before(Place(3, 60), numbered) == Place(2, 40)
    assert before(Place(0), numbered) is None
    assert before(Place(3, url="https://h/x"), numbered) is None
    assert before(Place(3, cursor=7), cursor) is None
    assert shifts(numbered)
    assert not shifts(cursor)
