"""The pages of a list: how each is asked for, what it says of all of them, and which comes next; pure.

A short page is no end: rows are cut off on the way, and sites cap what is asked for. Offsets therefore go on behind
the last row that came, not behind the last one that was asked for.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from collector.client import Request
from collector.errors import SourceChanged
from collector.pages.asking import Pairs, Reveal, Variables, filled_url, joined, make_request, names_in
from collector.pages.document import Document
from collector.pages.select import Node, absolute, is_element, link_of, pick_value, select_all, selected
from collector.readers.values import as_count
from config.sources import Listing, Paging, Pick

DEFAULT_SIZE = 20
_BY_ROW = {"offset", "start", "end"}
_BY_NUMBER = {"page"} | _BY_ROW
_NO_CURSOR = (None, "", "0", "-1", "null", "false")


@dataclass(frozen=True)
class Place:
    """Where a page of a list is found.

    Args:
        index: 0 is the first page.
        offset: rows before it, where pages are asked for by row.
        url: of a "next" link.
        cursor: the value the page before gave.
    """

    index: int = 0
    offset: int = 0
    url: str | None = None
    cursor: Any = None

    def to_json(self) -> dict[str, Any]:
        """Return the place as JSON, without what is not used."""
        return {key: value for key, value in asdict(self).items() if value is not None}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Place":
        """Return the place that `to_json` gave."""
        return cls(kept["index"], kept.get("offset", 0), kept.get("url"), kept.get("cursor"))


@dataclass(frozen=True)
class Window:
    """What the pages seen last say about all of them.

    Args:
        url: of the first page.
        pages, total: numbers of pages and of rows; None where no page says it.
        hidden: the hidden fields of the form by which pages are turned.
    """

    url: str = ""
    pages: int | None = None
    total: int | None = None
    hidden: Pairs = field(default=())


def paging_of(listing: Listing) -> Paging | None:
    """Return how a list is paged; None if its description names no way to a second page."""
    paging = listing.paging or Paging()
    ways = (paging.next, paging.cursor, paging.hidden)
    return paging if any(way is not None for way in ways) or _names(listing, paging) & _BY_NUMBER else None


def shifts(paging: Paging) -> bool:
    """Tell whether a row that is added or removed moves the rows of all later pages; a cursor points at a row."""
    return paging.cursor is None


def can_return(paging: Paging) -> bool:
    """Tell whether a page can be asked for without the one before it; the hidden fields of a form are its page's."""
    return paging.hidden is None


def before(place: Place, paging: Paging) -> Place | None:
    """Return the place of the page before; None where only the pages themselves know it, or at the first page."""
    if place.index == 0 or place.url is not None or paging.cursor is not None:
        return None
    size = paging.size or DEFAULT_SIZE
    return replace(place, index=place.index - 1, offset=max(0, place.offset - size))


def page_request(
    listing: Listing, place: Place, window: Window, variables: Variables, reveal: Reveal, base: str, encoding: str
) -> Request:
    """Return the request of one page of a list.

    Args:
        base: of the source; may be empty.
        encoding: of forms and addresses.
    Raises:
        AddressRefused: the description gives no absolute address.
        SourceChanged: pages are counted down, and no page said from where.
    """
    if place.url is not None:
        return make_request(place.url, variables, reveal, headers=listing.headers)
    paging = listing.paging or Paging()
    variables = {**variables, **_page_variables(listing, place, window)}
    first = filled_url(listing.url or "", variables, base, encoding)
    if place.index == 0:
        return make_request(
            first,
            variables,
            reveal,
            method=listing.method,
            form=listing.form,
            data=listing.data,
            headers=listing.headers,
            encoding=encoding,
        )
    url = first if paging.url is None else filled_url(paging.url, variables, window.url or first, encoding)
    return make_request(
        url,
        variables,
        reveal,
        method=listing.method,
        form=joined(listing.form, paging.form),
        data=joined(listing.data, paging.data),
        headers=listing.headers,
        hidden=window.hidden,
        encoding=encoding,
    )


def read_window(document: Document, paging: Paging, place: Place, window: Window, variables: Variables) -> Window:
    """Return what a page says of all pages; what it is silent about stays as the pages before said it."""
    node = Node(document)
    return Window(
        url=document.url if place.index == 0 else window.url,
        pages=_count(node, paging.pages, "pages", variables) or window.pages,
        total=_count(node, paging.total, "total", variables) or window.total,
        hidden=window.hidden if paging.hidden is None else hidden_fields(document, paging.hidden) or window.hidden,
    )


def next_place(
    document: Document,
    listing: Listing,
    paging: Paging,
    place: Place,
    window: Window,
    variables: Variables,
    *,
    rows: int,
    seen: int | None,
) -> Place | None:
    """Return the place of the page after this one; None where the pages say that this is the last.

    Args:
        rows: on this page.
        seen: different rows on the pages from the first to this one; None where the walk began later.
    """
    following = replace(place, index=place.index + 1, offset=place.offset + min(rows, paging.size or rows), url=None)
    if following.index >= paging.max_pages or not rows:
        return None
    if window.pages is not None and following.index >= window.pages:
        return None
    if window.total and seen is not None and seen >= window.total:
        return None
    node = Node(document)
    if paging.cursor is not None:
        cursor = pick_value(node, paging.cursor, "cursor", variables)
        ended = str(cursor).strip().lower() in _NO_CURSOR or cursor in (None, False, place.cursor)
        return None if ended or str(cursor) == paging.cursor_first else replace(following, cursor=cursor)
    if paging.next is not None:
        if _names(listing, paging) & _BY_NUMBER:
            # Data say hasNext, false on the last page.
            said = pick_value(node, paging.next, "next", variables)
            return None if str(said).strip().lower() in ("none", "false", "0") else following
        url = _link(node, paging.next, variables)
        return None if url is None or url == document.url else replace(following, url=url)
    counted_down = paging.step < 0 and "page" in _names(listing, paging)
    return None if counted_down and _number(listing, paging, following, window) < 1 else following


def hidden_fields(document: Document, form: str) -> Pairs:
    """Return the hidden fields of the form that a selector finds; none if there is no such form."""
    return [
        (name, field.get("value") or "")
        for block in selected(document, form)
        for field in block.xpath("descendant-or-self::input[@type]")
        if field.get("type", "").lower() == "hidden" and (name := field.get("name"))
    ]


def _page_variables(listing: Listing, place: Place, window: Window) -> dict[str, Any]:
    paging = listing.paging or Paging()
    size = paging.size or DEFAULT_SIZE
    return {
        "page": _number(listing, paging, place, window),
        "offset": place.offset,
        "start": place.offset + 1,
        "end": place.offset + size,
        "size": size,
        "cursor": paging.cursor_first if place.cursor is None else place.cursor,
    }


def _number(listing: Listing, paging: Paging, place: Place, window: Window) -> int:
    """Return the number of a page. Where the list's own address holds none, they begin at the second page."""
    if names_in(_parts(listing)) & _BY_NUMBER:
        return (1 if paging.first is None else paging.first) + paging.step * place.index
    if place.index == 0:
        return 1
    if paging.first is not None:
        second = paging.first
    elif paging.step > 0:
        second = 1 + paging.step
    elif window.pages is not None:
        second = window.pages + paging.step
    else:
        raise SourceChanged(
            "the number of pages, from which they are counted down, is not found",
            item=window.url,
            todo="Correct paging.pages of the source, or give paging.first.",
        )
    return second + paging.step * (place.index - 1)


def _names(listing: Listing, paging: Paging) -> set[str]:
    return names_in(_parts(listing) + _parts(paging))


def _parts(asked: Listing | Paging) -> list[Any]:
    return [asked.url, asked.form, asked.data]


def _count(node: Node, pick: Pick | None, field: str, variables: Variables) -> int | None:
    return None if pick is None else as_count(pick_value(node, pick, field, variables)) or None


def _link(node: Node, pick: Pick, variables: Variables) -> str | None:
    """Return where a "next" link leads. On the last page it may be a mere text, which is no address."""
    document = node.document
    if pick.select is None or pick.attr is not None or pick.pattern is not None or pick.within is not None:
        return absolute(pick_value(node, pick, "next", variables), document)
    found = select_all(node, pick.select)
    links = (link_of(one) if is_element(one) else one for one in found)
    return next((url for link in links if link is not None and (url := absolute(link, document))), None)
