"""Lists of records in JSON, scripts and XML: where they are and which key is which field; pure."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from collector.clean import looks_like_html, plain
from collector.proposing.pager import page_in_address
from collector.proposing.words import DATE, Part, field_of, is_status

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLACE = re.compile(r"\[\d+\]")
_HREF = re.compile(r"href\s*=\s*[\"']([^\"']+)", re.IGNORECASE)
_LEAST_BODY = 25
_LEAST_TITLE = 4
_MOST_DEPTH = 6
_TOTALS = re.compile(
    r"total|totals|totalcount|total_count|totalnum|totalrecords?|recordcount|recordstotal|rowcount|count|totalrows|totalelements|sum",
    re.I,
)
_PAGES = re.compile(r"pages|pagecount|page_count|totalpages?|total_pages?|pagetotal|countpage", re.I)
_CURSOR = re.compile(
    r"lastitem|last_item|next_?cursor|cursor|next_?token|lastid|last_id|max_id|maxid|since_id|scrollid", re.I
)
_ANSWER = re.compile(r"reply|answer|feedback|response|handle|huifu|dafu|^hf|^df|^bl", re.I)
_TIME = re.compile(r"time|date|_at$|dateline|sj$|rq$", re.I)
_OFFICE = re.compile(r"dept|depart|org|unit|office|dw$|bm$|bumen|danwei|ks$|organ", re.I)
_TITLE = re.compile(r"title|subject|topic|theme|biaoti|zhuti|bt$|zt$", re.I)
_BODY = re.compile(r"content|body|text|detail|desc|question|neirong|nr$|message|matter", re.I)
_LINK = re.compile(r"url|link|href|address$", re.I)
_STATE = re.compile(r"state|status|zt$|progress|stage", re.I)
_AUTHOR = re.compile(r"nick|author|writer|username|realname|xm$|sender|name$", re.I)
_RECEIPT = re.compile(r"code$|number$|_no$|no$|bh$|sn$|serial", re.I)
_ID = re.compile(r"(?:^|_)id$|[a-z]Id$|ID$|uuid|guid|^pk|key$|^mid$|^tid$|^pid$", re.I)


def record_lists(data: Any) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Return the lists of objects in JSON with the JMESPath that leads to each, the likeliest first."""
    found = [(path, rows) for path, rows in _lists(data, "", 0) if rows]
    return sorted(found, key=lambda one: -_likeness(one[1]))


def _lists(value: Any, path: str, depth: int) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    if depth > _MOST_DEPTH:
        return
    if isinstance(value, list):
        rows = [_by_place(one) if isinstance(one, list) else one for one in value]
        records = [one for one in rows if isinstance(one, Mapping)]
        if records and len(records) == len(rows):
            yield path or "@", records
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _lists(inner, f"{path}.{quoted(key)}" if path else quoted(key), depth + 1)
    elif isinstance(value, str) and (inner := parsed(value)) is not None:
        yield from _lists(inner, f"from_json({path or '@'})", depth + 1)


def _by_place(row: list[Any]) -> Mapping[str, Any] | None:
    """Return a row without names as a record, by the places of its values; None if it is too short for one."""
    return {f"[{place}]": value for place, value in enumerate(row)} if len(row) > 2 else None


def html_texts(data: Any) -> list[tuple[str, list[str]]]:
    """Return the texts with markup in JSON: lists of rows, or one text with all rows."""
    return list(_texts(data, "", 0))


def _texts(value: Any, path: str, depth: int) -> Iterator[tuple[str, list[str]]]:
    if depth > _MOST_DEPTH:
        return
    if isinstance(value, list) and value and all(isinstance(one, str) and looks_like_html(one) for one in value):
        yield path or "@", value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, f"{path}.{quoted(key)}" if path else quoted(key), depth + 1)
    elif isinstance(value, str):
        if (inner := parsed(value)) is not None:
            yield from _texts(inner, f"from_json({path or '@'})", depth + 1)
        elif looks_like_html(value) and len(value) > 100:
            yield path or "@", [value]


def parsed(text: str) -> Any:
    """Return JSON held in a text; None where it holds none."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text, strict=False)
    except ValueError:
        return None


def quoted(key: str) -> str:
    """Return a key as JMESPath writes it."""
    return key if _KEY.fullmatch(key) or _PLACE.fullmatch(key) else json.dumps(key, ensure_ascii=False)


def record_fields(rows: Sequence[Mapping[str, Any]]) -> Part:
    """Return which keys of records are which fields."""
    part = Part()
    keys = list(dict.fromkeys(key for row in rows[:20] for key in row))
    for key in keys:
        name = _named(key, [row.get(key) for row in rows])
        if name is not None and not part.has(name):
            part.put(name, quoted(key))
    for key in keys:
        values = [row.get(key) for row in rows]
        name = _guessed(key, values)
        if name is not None and not part.has(name) and quoted(key) not in part.keys.get("fields", {}).values():
            part.put(name, quoted(key), "按英文名猜的")
    _by_values(rows, keys, part)
    _nested(rows, keys, part)
    if not part.has("external_id") and part.has("receipt_no"):
        part.put("external_id", part.keys["fields"]["receipt_no"])
    return part


def _by_values(rows: Sequence[Mapping[str, Any]], keys: Sequence[str], part: Part) -> None:
    """Guess what keys that say nothing hold: dates, long texts, short texts, an address in markup."""
    named = part.keys.get("fields", {}).values()
    nested = {key for key in keys for row in rows if isinstance(row.get(key), list | Mapping)}
    free = [key for key in keys if quoted(key) not in named and key not in nested]
    texts = {key: [plain(str(row.get(key) or "")) for row in rows] for key in free}
    sizes = {key: sorted(map(len, found))[len(found) // 2] for key, found in texts.items()}
    doubt = "名称看不出意思，按内容猜的"
    for key in free:
        raw = [str(row.get(key) or "") for row in rows]
        if not part.has("posted_at") and all(text and _is_moment(text) for text in raw):
            part.put("posted_at", quoted(key), doubt)
        elif not part.has("status") and all(map(is_status, texts[key])):
            part.put("status", quoted(key))
        elif not part.has("link") and all(map(_HREF.search, raw)):
            part.put("link", {"select": quoted(key), "pattern": _HREF.pattern}, doubt)
    used = {one["select"] if isinstance(one, dict) else one for one in part.keys.get("fields", {}).values()}
    rest = [key for key in free if quoted(key) not in used or _HREF.search(str(rows[0].get(key) or ""))]
    rest = [key for key in rest if not all(text.isdecimal() or not text for text in texts[key])]
    for name, least in (("body", _LEAST_BODY), ("title", _LEAST_TITLE)):
        if part.has(name) or not rest:
            continue
        longest = max(rest, key=sizes.__getitem__)
        if sizes[longest] >= least and len(set(texts[longest])) > len(rows) / 2:
            part.put(name, quoted(longest), doubt)
            rest.remove(longest)


def _filled(values: Sequence[Any]) -> list[Any]:
    return [value for value in values if value not in (None, "", [], {})]


def _named(key: str, values: Sequence[Any]) -> str | None:
    """Return the field that a key names by one of the known names, if its values fit."""
    name = field_of(key)
    return name if name is not None and _fits(name, values) else None


def _guessed(key: str, values: Sequence[Any]) -> str | None:
    """Return the field that a key may mean by a part of its name, if its values fit."""
    answer = "answer" if _ANSWER.search(key) else ""
    if _STATE.search(key) and _fits("status", values):
        return "status"
    if _LINK.search(key) and _fits("link", values):
        return "link"
    if _TIME.search(key):
        name = "answered_at" if answer else "posted_at"
    elif _OFFICE.search(key):
        name = "answered_by"
    elif _TITLE.search(key) and not answer:
        name = "title"
    elif _ID.search(key):
        name = "external_id"
    elif _BODY.search(key) or answer:
        name = "answer_text" if answer else "body"
    elif _RECEIPT.search(key):
        name = "receipt_no"
    elif _AUTHOR.search(key):
        name = "author_name"
    else:
        return None
    return name if _fits(name, values) else None


def _fits(name: str, values: Sequence[Any]) -> bool:
    held = _filled(values)
    if not held or any(isinstance(value, list | Mapping | bool) for value in held):
        return False
    texts = [str(value) for value in held]
    if name.endswith("_at"):
        return all(_is_moment(text) for text in texts if text != "0")
    if name == "external_id":
        return len(set(texts)) == len(values)
    if name == "status":
        return all(map(is_status, texts))
    if name == "link":
        return all("/" in text or "?" in text for text in texts)
    if name in ("title", "answered_by", "author_name"):
        return not all(text.isdecimal() for text in texts) and max(map(len, texts)) < 200
    if name in ("body", "answer_text"):
        return not all(text.isdecimal() for text in texts) and max(map(len, texts)) >= 8
    return True


def _is_moment(text: str) -> bool:
    return DATE.match(text) is not None or re.fullmatch(r"1\d{9}(?:\d{3})?(?:\.0)?|20\d{6}(?:\d{6})?", text) is not None


def _nested(rows: Sequence[Mapping[str, Any]], keys: Sequence[str], part: Part) -> None:
    """Read the answer where it is an object, or a list of objects, of its own."""
    for key in keys:
        inner = _filled([row.get(key) for row in rows])
        if not inner:
            continue
        if all(isinstance(one, str) and isinstance(parsed(one), list | Mapping) for one in inner):
            place, inner = f"from_json({quoted(key)})", [parsed(one) for one in inner]
        else:
            place = quoted(key)
        several = all(isinstance(one, list) for one in inner)
        blocks = [block for one in inner for block in (one if isinstance(one, list) else [one])]
        if not blocks or not all(isinstance(block, Mapping) for block in blocks):
            continue
        fields = _answer_fields(blocks)
        if several and "answer_text" in fields and "answer_text" not in part.keys.get("fields", {}):
            part.keys["replies"] = {"rows": place, "fields": fields}
        elif not several:
            for name, path in record_fields(blocks).keys.get("fields", {}).items():
                if name in ("title", "body", "posted_at", "external_id") and not part.has(name):
                    part.put(name, f"{place}.{path}")
            if _ANSWER.search(key) or len(key) == 1:
                for name, path in fields.items():
                    if not part.has(name):
                        part.put(name, f"{place}.{path}")


def _answer_fields(blocks: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return which keys of answers are text, time and office."""
    fields: dict[str, str] = {}
    keys = list(dict.fromkeys(key for block in blocks for key in block))
    for key in keys:
        values = [block.get(key) for block in blocks]
        kinds = (("answered_at", _TIME), ("answered_by", _OFFICE), ("answer_text", _BODY), ("answer_text", _ANSWER))
        for name, pattern in kinds:
            if name not in fields and pattern.search(key) and _fits(name, values):
                fields[name] = quoted(key)
                break
    for key in keys:
        texts = [str(block.get(key) or "") for block in blocks]
        if quoted(key) in fields.values():
            continue
        if "answered_at" not in fields and all(map(_is_moment, texts)):
            fields["answered_at"] = quoted(key)
        elif "answer_text" not in fields and max(map(len, texts)) >= _LEAST_BODY:
            fields["answer_text"] = quoted(key)
    return fields


def _likeness(rows: Sequence[Mapping[str, Any]]) -> float:
    fields = record_fields(rows[:10]).keys.get("fields", {})
    telling = sum(name in fields for name in ("title", "body", "posted_at", "external_id", "answer_text"))
    return telling * 2 + len(fields) * 0.2 + min(len(rows), 10) * 0.05


def record_pages(data: Any, url: str, listing: Part) -> None:
    """Add to a list of records how its pages are turned."""
    paging: dict[str, Any] = {}
    if (found := page_in_address(url)) is not None:
        listing.keys["url"], more = found
        paging |= more
    counts = dict(_counts(data, "", 0))
    if found is None and "cursor" in counts:
        paging["cursor"] = counts["cursor"]
        paging["url"] = f"{url}{'&' if '?' in url else '?'}{counts['cursor'].split('.')[-1]}={{cursor}}"
        listing.doubts["paging.url"] = "下一页的参数名是猜的"
    if paging:
        paging |= {key: counts[key] for key in ("pages", "total") if key in counts and "cursor" not in paging}
        listing.keys["paging"] = paging
    else:
        listing.doubts["paging"] = "网址里没有页码一类的参数；如果不止一页，请在浏览器里看第二页的请求"


def _counts(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    if not isinstance(value, Mapping) or depth > 3:
        return
    for key, inner in value.items():
        place = f"{path}.{quoted(key)}" if path else quoted(key)
        if _CURSOR.fullmatch(key) and inner not in (None, "", 0) and isinstance(inner, str | int):
            yield "cursor", place
        elif isinstance(inner, int) and not isinstance(inner, bool) and inner > 0:
            if _PAGES.fullmatch(key):
                yield "pages", place
            elif _TOTALS.fullmatch(key):
                yield "total", place
        yield from _counts(inner, place, depth + 1)
