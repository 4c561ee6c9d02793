"""The rows of a list and what each says; whether a page is empty, or no longer what it was."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from collector.errors import PageUnreadable, SourceChanged
from collector.pages.document import Document
from collector.pages.fields import read_fields, read_replies, read_vars
from collector.pages.names import fields_by_name
from collector.pages.rows import list_places, row_nodes, table_rows
from collector.pages.select import Node, is_element, json_at, select_all
from collector.readers.headers import LABELS, normalise
from config.sources import Detail, Listing

_NATURALLY_REQUIRED = ("title", "body", "posted_at", "link", "external_id")
_TELLING = ("external_id", "link", "posted_at")
_PAGER = re.compile(r"上一页|下一页|上页|下页|尾页|末页|首页")
_LONGEST_PAGER_CHARS = 200
_EMPTY = re.compile(
    r"暂无(?:数据|信息|记录|内容|留言|来信|信件|相关|结果|查询|符合|公开|此类)|^暂无[。!！]?$"
    r"|(?:没有|未能?|无法)(?:找到|查询到|查到|检索到|搜索到|查询|符合|相关|任何)[^\n]{0,20}(?:数据|信息|记录|内容|结果|信件|来信|留言)"
    r"|(?:没有|无)(?:数据|信息|记录|内容|结果|信件|来信|留言)|共\s*0\s*条|no (?:data|records|results)",
    re.IGNORECASE,
)
_LONGEST_NOTICE_CHARS = 60
_PLAIN_TEXTS = etree.XPath(
    "//text()[not(ancestor::a or ancestor::script or ancestor::style"
    " or ancestor::*[@hidden or contains(translate(@style, ' ', ''), 'display:none')])]"
)
_COUNTS = frozenset(
    {"total", "totalcount", "totalrecord", "totalrecords", "count", "recordcount", "totalnum", "totalsize"}
)
_HEADERS = frozenset(map(normalise, (*LABELS, "序号", "点击", "点击数", "浏览", "浏览量", "查看", "操作", "类型")))
_MOST_SEARCHED = 10_000


@dataclass(frozen=True)
class Row:
    """One row of a list.

    Args:
        number: its place among the rows of the page, from 0.
        values: field -> what was found; a field without a value is not in it.
        vars: further values, for the addresses of detail pages.
    """

    number: int
    values: dict[str, Any]
    vars: dict[str, str]


def read_rows(document: Document, listing: Listing, variables: Mapping[str, Any]) -> list[Row]:
    """Return the rows of a page in which anything is caught; headers, pagers and spacers are left out.

    Raises:
        PageUnreadable: a selector is in a language that does not fit the answer.
    """
    constants = {name for name, pick in listing.fields.items() if pick.value is not None}
    told = [name for name in _TELLING if name in listing.fields and name not in constants]
    rows = []
    for number, node in enumerate(row_nodes(document, listing)):
        names = read_vars(node, listing.vars, variables)
        values = read_fields(node, listing.fields, {**variables, **names})
        if listing.replies is not None:
            values.update(read_replies(node, listing.replies, variables))
        caught = {name: value for name, value in values.items() if name not in constants}
        # What stands between the rows catches little of what a row is described to have.
        is_whole = len(values) == len(listing.fields)
        if caught and (is_whole or not _is_pager(node)) and not _is_header(caught) and _is_told(caught, told):
            rows.append(Row(number, values, names))
    return rows


def says_empty(document: Document, listing: Listing) -> bool:
    """Tell whether a page without rows says itself that there is nothing to list."""
    if listing.empty == "":
        return not document.source.strip()
    if listing.empty is not None:
        return listing.empty in document.source or _finds(document, listing.empty)
    places = list_places(document, listing)
    if any(place.here == [] for place in places) and _names_list(document, listing):
        return True
    if document.data is not None and listing.at is None and _lists_nothing(document.data):
        return True
    if document.root is None:
        return False
    if document.is_xml:
        counts = (one for one in document.root.iter(etree.Element) if one.tag.lower() in _COUNTS)
        return any((one.text or "").strip() == "0" for one in counts)
    return any(map(_EMPTY.search, _short_lines(document))) or table_rows(Node(document, document.root), listing) == []


def check_rows(rows: Sequence[Row], required: Sequence[str], where: str) -> None:
    """Refuse rows most of which lack a required field: the page no longer has the shape that is described.

    Args:
        where: the address, for the error.
    Raises:
        SourceChanged: it names the fields.
    """
    lacking = [name for name in required if sum(name not in row.values for row in rows) * 2 > len(rows)]
    if lacking:
        raise SourceChanged(
            f"most of the {len(rows)} rows have no {', '.join(lacking)}",
            item=where,
            todo="See what is caught with `wenzheng source try`, and correct the description of the source.",
        )


def required_of(part: Listing | Detail) -> tuple[str, ...]:
    """Return the fields that rows or pages must have: those named, else the main ones that are described at all."""
    return part.required or tuple(name for name in _NATURALLY_REQUIRED if name in part.fields)


def _is_told(caught: Mapping[str, Any], told: Sequence[str]) -> bool:
    """Tell whether a row has any of what tells one message from another; numbers of a pager look like titles."""
    return len(told) < 2 or any(name in caught for name in told)


def _is_header(caught: Mapping[str, Any]) -> bool:
    """Tell whether all that a row says is what headers say."""
    words = fields_by_name()
    names = {field: normalise(value) if isinstance(value, str) else "" for field, value in caught.items()}
    names.pop("link", None)
    if len(names) == 1:
        # A word alone may be what somebody wrote, unless it is the name of the very field.
        return all(words.get(name) == field for field, name in names.items())
    return bool(names) and all(name in words or name in _HEADERS for name in names.values())


def _is_pager(node: Node) -> bool:
    if not is_element(node.here):
        return False
    text = " ".join(piece.strip() for piece in node.here.itertext())
    return len(text) <= _LONGEST_PAGER_CHARS and len(set(_PAGER.findall(text))) >= 2


def _names_list(document: Document, listing: Listing) -> bool:
    """Tell whether the place of the rows is in the answer, rather than found nowhere."""
    if listing.at is None or document.data is None:
        return True
    return json_at(Node(document), listing.at) is not None or (
        _lists_nothing(document.data) and not _lists_objects(document.data)
    )


def _lists_nothing(data: Any) -> bool:
    """Tell whether JSON holds an empty list, or a count of rows that is 0; where it counts some, it lists something.

    What stands within a list is not looked at: a letter without files or answers holds empty lists too.
    """
    queue: list[Any] = [data]
    nothing = False
    for one in queue:
        for key, part in one.items() if isinstance(one, dict) else ():
            if key.lower() in _COUNTS and isinstance(part, int | str):
                if str(part) not in ("", "0"):
                    return False
                nothing = nothing or str(part) == "0"
            if isinstance(part, dict) and len(queue) < _MOST_SEARCHED:
                queue.append(part)
        nothing = nothing or one == [] or (isinstance(one, dict) and [] in one.values())
    return nothing


def _lists_objects(data: Any) -> bool:
    """Tell whether JSON holds a list of objects: the rows, perhaps, under another name than is described."""
    queue: list[Any] = [data]
    for one in queue:
        for part in one.values() if isinstance(one, dict) else ():
            if isinstance(part, list) and part and isinstance(part[0], dict):
                return True
            if isinstance(part, dict) and len(queue) < _MOST_SEARCHED:
                queue.append(part)
    return False


def _finds(document: Document, selector: str) -> bool:
    try:
        return any(one is not None and one is not False for one in select_all(Node(document), selector))
    except PageUnreadable:
        # A text that the page does not hold is no selector either.
        return False


def _short_lines(document: Document) -> Iterator[str]:
    """Yield the short texts of a page that are shown and no links: in a link such words are somebody's title."""
    lines = (" ".join(text.split()) for text in _PLAIN_TEXTS(document.root))
    return (line for line in lines if line and len(line) <= _LONGEST_NOTICE_CHARS)
