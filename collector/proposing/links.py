"""What rows lead to: the link with title and id, or the script call that opens a page; pure."""

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl, urljoin, urlsplit

from collector.pages.markup import Element
from collector.proposing.markup import children, find_all, selector_in_rows, text_of
from collector.proposing.rows import Rows, link_of
from collector.proposing.words import DATE, Part, is_cut, is_date

_ENOUGH = 0.8
_SCRIPTED = re.compile(r"^\s*(?:javascript:|#|$)", re.IGNORECASE)
_ARGUMENT = re.compile(r"\w+\(\s*['\"]?([\w-]+)['\"]?")
_ADDRESS_IN_SCRIPT = re.compile(
    r"""['"]([^'"\s]{0,200}[?&/=])['"]\s*\+\s*(?:encodeURI(?:Component)?\()?\w+\)?(?:\s*\+\s*['"]([^'"\s]{0,200})['"])?"""
)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "strong", "b", ".title", ".tit", ".bt", ".name", "dt", "p", "span")
_LONGEST_TITLE = 80
_KEY = re.compile(r"[0-9]+|[0-9A-Fa-f]{8,}|[0-9A-Za-z]*\d[0-9A-Za-z_-]*")


def add_links(rows: Rows, part: Part, source: str, url: str) -> None:
    """Add title, link and id of rows.

    Args:
        source: text of the page, where scripts say how a row's page is opened.
        url: address of the page.
    """
    pairs = [(row, link) for row in rows.nodes if (link := link_of(row)) is not None]
    if len(pairs) < _ENOUGH * len(rows.nodes):
        _opened_by_row(rows, part, source, url)
        if not part.has("title") and (place := _heading(rows.nodes)):
            part.put("title", place)
        return
    selector = selector_in_rows(rows.nodes, pairs) or "a"
    _title(rows, pairs, selector, part)
    hrefs = [link.get("href") or "" for _, link in pairs]
    if any(map(_SCRIPTED.match, hrefs)):
        _opened_by_script(pairs, selector, part, source, url)
        return
    part.put("link", f"{selector}@href")
    if pattern := id_pattern(hrefs):
        part.put("external_id", {"select": selector, "attr": "href", "pattern": pattern})


def _title(rows: Rows, pairs: Sequence[tuple[Element, Element]], selector: str, part: Part) -> None:
    """Take a link's text for the title, its `title` where the text is cut, or the heading it holds among more."""
    links = [link for _, link in pairs]
    part.title_is_cut = any(is_cut(text_of(link)) for link in links)
    if part.title_is_cut and all(link.get("title") for link in links):
        part.put("title", {"select": selector, "attr": "title"})
        part.title_is_cut = False
    elif not part.has("title"):
        several = all(len(children(link)) > 1 or DATE.search(text_of(link)) for link in links)
        inner = _heading(links) if several else None
        part.put("title", f"{selector} {inner}" if inner else selector)
    if part.title_is_cut:
        part.remarks["fields.title"] = "标题；列表上的被截断，以详情页为准"


def _heading(nodes: Sequence[Element]) -> str | None:
    """Return the element that most nodes have and that looks like a heading."""
    for selector in _HEADINGS:
        found = [next(iter(find_all(node, selector)), None) for node in nodes]
        texts = [text_of(one) for one in found if one is not None]
        sound = all(2 <= len(text) <= _LONGEST_TITLE and not is_date(text) for text in texts)
        if sound and len(texts) >= _ENOUGH * len(nodes):
            return selector
    return None


def id_pattern(links: Sequence[str]) -> str | None:
    """Return a pattern for the part of links that differs from each to each and looks like a number or key.

    Args:
        links: as they are written in the page.
    """
    distinct = len(set(links))
    if distinct < 2:
        return None
    queries = [dict(parse_qsl(urlsplit(link).query)) for link in links]
    names = [name for name in queries[0] if all(name in query for query in queries)]
    names.sort(key=lambda name: (name.lower() != "id", not name.lower().endswith("id")))
    for name in names:
        values = [query[name] for query in queries]
        if len(set(values)) == distinct and all(map(_KEY.fullmatch, values)):
            return rf"[?&]{re.escape(name)}=({_class_of(values)})"
    paths = [urlsplit(link).path.rstrip("/").split("/") for link in links]
    for place in range(-1, -min(map(len, paths)) - 1, -1):
        if pattern := _piece_pattern([path[place] for path in paths], distinct):
            return pattern
    return None


def _piece_pattern(pieces: Sequence[str], distinct: int) -> str | None:
    """Return a pattern for the number, or else the key, that makes one piece of paths different."""
    split = [re.split(r"(\d+)", piece) for piece in pieces]
    if len({tuple(one[::2]) for one in split}) == 1:
        for run in range(len(split[0]) - 2, 0, -2):
            if len({one[run] for one in split}) == distinct:
                before, after = split[0][run - 1], split[0][run + 1]
                start = re.escape(before) if before else r"(?:^|/)"
                return rf"{start}(\d+){re.escape(after) if after else r'(?:$|[/?#])'}"
        return None
    stems = [piece.partition(".") for piece in pieces]
    keys = [stem[0] for stem in stems]
    if len(set(keys)) == distinct and all(map(_KEY.fullmatch, keys)) and len({stem[2] for stem in stems}) == 1:
        tail = f".{stems[0][2]}" if stems[0][1] else ""
        return rf"(?:^|/)({_class_of(keys)}){re.escape(tail) if tail else r'(?:$|[/?#])'}"
    return None


def _class_of(values: Sequence[str]) -> str:
    if all(value.isdecimal() for value in values):
        return r"\d+"
    return "[0-9A-Za-z]+" if all(value.isalnum() for value in values) else "[0-9A-Za-z_-]+"


def _opened_by_script(
    pairs: Sequence[tuple[Element, Element]], selector: str, part: Part, source: str, url: str
) -> None:
    """Find the id in the script call by which a link opens its page, and the address in the page's scripts."""
    for attr in ("onclick", "href", "data-id", "data-url", "data-href"):
        values = [link.get(attr) or "" for _, link in pairs]
        if attr in ("data-url", "data-href") and all(values):
            part.put("link", {"select": selector, "attr": attr})
            return
        pattern = r"([\w-]+)" if attr == "data-id" else r"\w+\(\s*['\"]?([\w-]+)"
        keys = [match[1] for value in values if (match := re.search(pattern, value))]
        if len(keys) == len(pairs) and len(set(keys)) == len(keys):
            pick: dict[str, str] = {"select": selector, "attr": attr}
            part.put("external_id", pick if attr == "data-id" else {**pick, "pattern": pattern})
            _detail_address(part, source, url)
            return
    part.doubts["fields.title"] = "标题链接由脚本打开，没有认出编号；请在浏览器里看详情页网址"


def _opened_by_row(rows: Rows, part: Part, source: str, url: str) -> None:
    """Find the id of rows that are not links themselves."""
    for attr in ("data-id", "data-key", "id", "onclick", "data-href", "data-url"):
        values = [row.get(attr) or "" for row in rows.nodes]
        if not all(values) or len(set(values)) < len(values):
            continue
        if attr in ("data-href", "data-url"):
            part.put("link", f"@{attr}")
            return
        if attr == "onclick":
            if not all(_ARGUMENT.search(value) for value in values):
                continue
            part.put("external_id", {"select": ".", "attr": attr, "pattern": r"\w+\(\s*['\"]?([\w-]+)"})
        else:
            part.put("external_id", f"@{attr}")
        _detail_address(part, source, url)
        return


def _detail_address(part: Part, source: str, url: str) -> None:
    """Keep the address that the page's scripts build from an id, as a template for the details."""
    found = [
        match
        for match in _ADDRESS_IN_SCRIPT.finditer(source)
        if not re.search(r"page|\.js|\.css|list|index", match[1], re.IGNORECASE)
    ]
    if found:
        part.detail_url = urljoin(url, found[0][1]) + "{external_id}" + (found[0][2] or "")
    else:
        part.doubts["fields.external_id"] = (
            "详情页由脚本打开，没有推出它的网址；请在浏览器里看，写进 [[sources.details]] 的 url"
        )
