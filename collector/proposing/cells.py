"""Fields of repeated rows: title and link, dates, states, offices, numbers and texts; pure."""

import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from collector.proposing.labels import Label, label_beside, labels_of
from collector.proposing.markup import (
    Element,
    ancestors,
    children,
    classes_of,
    elements,
    find_all,
    path_from,
    text_of,
)
from collector.proposing.rows import Rows, cell_texts, dates_of, link_of
from collector.proposing.words import CHINESE, DATE, FIELD_ORDER, Part, field_of, is_date, is_office, is_status

_ENOUGH = 0.8
_CUT = re.compile(r"(?:\.{2,}|…+)$")
_SCRIPTED = re.compile(r"^\s*(?:javascript:|#|$)", re.IGNORECASE)
_ARGUMENT = re.compile(r"\w+\(\s*['\"]?([\w-]+)['\"]?")
_ADDRESS_IN_SCRIPT = r"['\"]([^'\"\s]*[?&/=][^'\"\s]*)['\"]\s*\+\s*(?:encodeURI(?:Component)?\()?\w+\)?(?:\s*\+\s*['\"]([^'\"\s]*)['\"])?"
_KEY = re.compile(r"[0-9]+|[0-9A-Fa-f]{8,}|[0-9A-Za-z]*\d[0-9A-Za-z_-]*")
_PIECE = re.compile(r"(.*?)([0-9A-Za-z_-]*\d[0-9A-Za-z_-]*)(\.\w+)?")
_NUMBER = re.compile(r"[A-Za-z]{0,6}[\[〔(]?\d{4,}[\]〕)]?[\w-]*号?")


def row_fields(rows: Rows, source: str, url: str) -> Part:
    """Return the fields that most rows of a list have.

    Args:
        source: text of the page, where scripts say how a row's page is opened.
        url: address of the page.
    """
    part = Part()
    _by_header(rows, part)
    _by_label(rows, part)
    _link_and_title(rows, part, source, url)
    _date(rows, part)
    for name, fits in (("status", is_status), ("answered_by", is_office)):
        if not part.has(name) and (place := _place_of(rows, fits)):
            doubt = "" if name == "status" else "这里当作答复单位，核对是不是收信单位等别的内容"
            part.put(name, place, doubt)
    _number(rows, part)
    _texts(rows, part)
    return part


def select_in(rows: Sequence[Element], pairs: Sequence[tuple[Element, Element]]) -> str | None:
    """Return the simplest selector whose first find in a row is, in most rows, the element wanted there."""
    if not pairs:
        return None
    wanted = dict(pairs)
    tried: dict[str, None] = {}
    for row, one in pairs[:3]:
        if row is one:
            return "."
        parent = one.getparent()
        own = [*(f"{one.tag}.{name}" for name in classes_of(one)), one.tag]
        outer = [*(f"{parent.tag}.{name}" for name in classes_of(parent)), parent.tag] if parent is not row else []
        tried |= dict.fromkeys([*own, *(f"{above} {name}" for name in own for above in outer), path_from(row, one)])
    best, best_hits = None, 0
    for selector in tried:
        hits = -sum(bool(find_all(row, selector)) for row in rows if row not in wanted)
        hits += sum((find_all(row, selector) or [None])[0] is one for row, one in pairs)
        if hits > best_hits:
            best, best_hits = selector, hits
    return best if best_hits >= _ENOUGH * len(pairs) else None


def _by_header(rows: Rows, part: Part) -> None:
    """Take the columns whose headers are known and under which most rows have something."""
    cells = [cell_texts(row) for row in rows.nodes]
    for column, text in enumerate(rows.header):
        name = field_of(text)
        if name is None or part.has(name) or name == "external_id":
            continue
        filled = [texts[column] for texts in cells if column < len(texts) and texts[column]]
        if len(filled) < len(cells) / 2 and name not in ("answered_at", "answered_by", "answer_text"):
            continue
        if name == "receipt_no" and filled == [str(number) for number in range(1, len(filled) + 1)]:
            continue  # A number that only counts the rows of the page.
        if name in ("posted_at", "received_at", "answered_at") and not any(map(DATE.search, filled)):
            continue
        part.put(name, {"column": text})
    if part.has("received_at") and not part.has("posted_at"):
        part.put("posted_at", part.keys["fields"].pop("received_at"), "列表只有受理一类的时间，暂当作来信时间")


def _by_label(rows: Rows, part: Part) -> None:
    """Take what stands beside labels that most rows have."""
    held: dict[str, list[Label]] = {}
    for row in rows.nodes:
        for label in labels_of(row):
            held.setdefault(label.field, []).append(label)
    for name, labels in held.items():
        answers = name.startswith("answer")
        if part.has(name) or len(labels) < len(rows.nodes) * (0.25 if answers else _ENOUGH):
            continue
        part.put(name, {"label": _one_or_list(list(dict.fromkeys(label.text for label in labels)))})


def _one_or_list(texts: list[str]) -> Any:
    return texts[0] if len(texts) == 1 else texts


def _link_and_title(rows: Rows, part: Part, source: str, url: str) -> None:
    pairs = [(row, link) for row in rows.nodes if (link := link_of(row)) is not None]
    if len(pairs) < _ENOUGH * len(rows.nodes):
        _opened_by_row(rows, part, source, url)
        if not part.has("title") and (place := _heading(rows)):
            part.put("title", place)
        return
    selector = select_in(rows.nodes, pairs) or "a"
    if not part.has("title"):
        cut = any(_CUT.search(text_of(link)) and link.get("title") for _, link in pairs)
        whole = all(link.get("title") for _, link in pairs)
        if cut and whole:
            part.put("title", {"select": selector, "attr": "title"})
        else:
            short = any(_CUT.search(text_of(link)) for _, link in pairs)
            mixed = DATE.search(text_of(pairs[0][1])) is not None and (place := _heading(rows, within=pairs))
            part.put("title", place if mixed else selector)
            if short:
                part.remarks["fields.title"] = "列表上的标题被截断，以详情页为准"
    hrefs = [link.get("href") or "" for _, link in pairs]
    if any(map(_SCRIPTED.match, hrefs)):
        _opened_by_script(pairs, selector, part, source, url)
        return
    part.put("link", f"{selector}@href")
    if pattern := id_pattern([urljoin(url, href) for href in hrefs]):
        part.put("external_id", {"select": selector, "attr": "href", "pattern": pattern})


def _heading(rows: Rows, within: Sequence[tuple[Element, Element]] = ()) -> Any:
    """Return the place of a row's heading, where no link or label names its title."""
    for tag in ("h1", "h2", "h3", "h4", "h5", "dt", "strong", "b", ".title", ".tit", ".bt", ".name", "p", "span"):
        found = [next(iter(find_all(row, tag)), None) for row in rows.nodes]
        texts = [text_of(one) for one in found if one is not None]
        if len(texts) >= _ENOUGH * len(rows.nodes) and all(2 <= len(text) <= 80 and not is_date(text) for text in texts):
            return tag
    return "." if within else None


def id_pattern(links: Sequence[str]) -> str | None:
    """Return a pattern for the part of addresses that differs from each to each and looks like a number or key."""
    if len(set(links)) < 2:
        return None
    distinct = len(set(links))
    queries = [dict(parse_qsl(urlsplit(link).query)) for link in links]
    names = [name for name in queries[0] if all(name in query for query in queries)]
    names.sort(key=lambda name: (name.lower() != "id", not name.lower().endswith("id")))
    for name in names:
        values = [query[name] for query in queries]
        if len(set(values)) == distinct and all(map(_KEY.fullmatch, values)):
            return rf"[?&]{re.escape(name)}=({_class_of(values)})"
    pieces = [re.split(r"[/]", urlsplit(link).path.strip("/")) for link in links]
    if len({len(one) for one in pieces}) != 1:
        return None
    for place in reversed(range(len(pieces[0]))):
        matches = [_PIECE.fullmatch(one[place]) for one in pieces]
        values = [match[2] for match in matches if match]
        if len(values) == len(links) and len(set(values)) == distinct:
            tails = {match[3] or "" for match in matches if match}
            tail = re.escape(tails.pop()) if len(tails) == 1 else r"\."
            after = "" if place == len(pieces[0]) - 1 else "/"
            return rf"/({_class_of(values)}){tail}{after}"
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
        for match in re.finditer(_ADDRESS_IN_SCRIPT, source)
        if not re.search(r"page|\.js|\.css|list|index", match[1], re.IGNORECASE)
    ]
    if found:
        part.keys["detail_url"] = urljoin(url, found[0][1]) + "{external_id}" + (found[0][2] or "")
        part.doubts["detail_url"] = "详情页网址是从页面脚本里推出来的"
    else:
        part.doubts["fields.external_id"] = "详情页由脚本打开，没有推出它的网址；请在浏览器里看，写进 [[sources.details]] 的 url"


def _date(rows: Rows, part: Part) -> None:
    """Find when a message was written; of several dates the one with such a label, else the earliest."""
    if part.has("posted_at"):
        return
    places: list[list[tuple[Element, Element]]] = []
    for row in rows.nodes:
        for place, one in enumerate(dates_of(row)):
            if place == len(places):
                places.append([])
            places[place].append((row, one))
    full = [pairs for pairs in places if len(pairs) >= _ENOUGH * len(rows.nodes)]
    if not full:
        return
    named = [field_of(label_beside(pairs[0][1]) or "") for pairs in full]
    best = named.index("posted_at") if "posted_at" in named else 0
    doubt = "一行里有几个日期，暂取第一个" if len(full) > 1 and "posted_at" not in named else ""
    part.put("posted_at", _dated(rows, full[best]), doubt)


def _dated(rows: Rows, pairs: Sequence[tuple[Element, Element]]) -> Any:
    """Return where the date stands: an element of its own, or a pattern on the text around it."""
    selector = select_in(rows.nodes, pairs)
    if selector is None:
        return {"pattern": r"((?:19|20)\d{2}\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}[日\d:： 时分秒]*)"}
    if all(is_date(text_of(one)) for _, one in pairs):
        return selector
    return {"select": selector, "pattern": r"((?:19|20)\d{2}\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}[日\d:： 时分秒]*)"}


def _place_of(rows: Rows, fits: Callable[[str], bool]) -> str | None:
    """Return the place of the elements whose texts are nothing but a value of some kind."""
    pairs = []
    for row in rows.nodes:
        for one in elements(row):
            if one.tag not in ("a", "tr", "li") and not len(children(one)) and fits(text_of(one)):
                pairs.append((row, one))
                break
    if len(pairs) < _ENOUGH * len(rows.nodes):
        return None
    selector = select_in(rows.nodes, pairs)
    return None if selector == "." else selector


def _number(rows: Rows, part: Part) -> None:
    """Take a letter's number for its id where no address names one."""
    if part.has("receipt_no") and not part.has("external_id"):
        part.put("external_id", part.keys["fields"]["receipt_no"])
    elif not part.has("receipt_no") and not part.has("external_id"):
        place = _place_of(rows, lambda text: _NUMBER.fullmatch(text) is not None)
        texts = [text_of(found[0]) for row in rows.nodes if place and (found := find_all(row, place))]
        if place and len(set(texts)) == len(rows.nodes):
            part.put("external_id", place, "这一列当作信件编号，核对每封信是不是各不相同、不会变")


def _texts(rows: Rows, part: Part) -> None:
    """Find letter and answer by the names of their elements, in rows that hold the whole message."""
    hints = {
        "body": re.compile(r"content|question|body|text|msg|detail|desc|neirong|nr|ask|wen|letter", re.IGNORECASE),
        "answer_text": re.compile(r"reply|answer|huifu|hf|dafu|df|feedback|response", re.IGNORECASE),
    }
    taken: list[Element] = []
    for name in ("answer_text", "body"):
        if part.has(name):
            continue
        pairs = []
        for row in rows.nodes:
            for one in elements(row):
                words = " ".join(classes_of(one))
                fits = hints[name].search(words) and len(text_of(one)) >= 10 and not is_date(text_of(one))
                inside = any(above in taken for above in [one, *ancestors(one)])
                holds = any(below in taken for below in one.iterdescendants())
                if one is not row and one.tag != "a" and fits and not inside and not holds:
                    pairs.append((row, one))
                    taken.append(one)
                    break
        if len(pairs) >= len(rows.nodes) * (0.25 if name == "answer_text" else _ENOUGH):
            selector = select_in(rows.nodes, pairs)
            if selector is not None:
                part.put(name, selector, f"按样式名猜的，核对是不是{CHINESE[name]}")


def ordered(fields: dict[str, Any]) -> dict[str, Any]:
    """Return fields in the order in which a person reads a letter."""
    return {name: fields[name] for name in FIELD_ORDER if name in fields}
