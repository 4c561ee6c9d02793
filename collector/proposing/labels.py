"""Labels of a page or row: texts such as 来信时间 that stand beside a value; pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from collector.pages.markup import Element
from collector.proposing.markup import ancestors, children, elements, text_of
from collector.proposing.words import DATE, field_of

_LONGEST = 16
_INLINE = re.compile(r"\s*[*＊·•]?\s*([【\[（]?[\u4e00-\u9fff\s\u3000\xa0]{2,14}[】\]）]?)\s*([：:])")
_BRACKETED = re.compile(r"\s*【([\u4e00-\u9fff\s]{2,10})】")
_ENDS = re.compile(r"[\s\u3000\xa0]*[：:][\s\u3000\xa0]*$")
_HINT = re.compile(r"label|lab|tit|name|key|head|left|lb|bt|th|caption", re.IGNORECASE)
_OUTSIDE = re.compile(r"foot|copyright|banquan|breadcrumb", re.IGNORECASE)
_TAGS = frozenset({"th", "dt", "label", "b", "strong", "h2", "h3", "h4", "h5", "h6", "em", "legend"})


@dataclass(frozen=True)
class Label:
    """A text that names the value beside it.

    Args:
        text: as it will be written in a description: without blanks and colon.
        field: the field it names.
        node: the element it stands in.
    """

    text: str
    field: str
    node: Element


def labels_of(node: Element) -> Iterator[Label]:
    """Yield the labels in a node, in the order of the page."""
    for one in elements(node):
        if one.tag in ("a", "button", "input", "option", "h1") or _is_outside(one):
            continue
        if (text := _label_text(one)) and (field := field_of(text)):
            yield Label(text, field, one)


def label_beside(node: Element) -> str | None:
    """Return the text before a date, within its element or in the one before it, if that may be a label."""
    before = DATE.split(text_of(node), maxsplit=1)[0]
    text = before
    above: Element = node
    while not text.strip() and above is not None and above.tag not in ("tr", "li", "ul", "table", "body"):
        previous = above.getprevious()
        if previous is not None and len(text_of(previous)) <= _LONGEST:
            text = text_of(previous)
            break
        above = above.getparent()
    text = re.split(r"[\s|]+", _ENDS.sub("", text).strip())[-1]
    return text if 2 <= len(text) <= _LONGEST else None


def _is_outside(node: Element) -> bool:
    """Tell whether an element is of a search form or of the foot of a page."""
    following = node.getnext()
    if following is not None and following.find(".//input") is not None:
        return True
    if following is not None and following.tag == "input":
        return True
    return any(
        above.tag == "footer" or _OUTSIDE.search(f"{above.get('class') or ''} {above.get('id') or ''}")
        for above in (node, *ancestors(node))
    )


def _label_text(node: Element) -> str | None:
    """Return the label that an element is, or with which its own text begins."""
    own = node.text or ""
    if match := _INLINE.match(own) or _BRACKETED.match(own):
        return _plain(match[1])
    whole = text_of(node)
    if not 2 <= len(whole) <= _LONGEST + 4 or any(text_of(child) == whole for child in children(node)):
        return None
    plain = _plain(_ENDS.sub("", whole))
    if _ENDS.search(whole):
        return plain
    if node.tag in _TAGS or _HINT.search(node.get("class") or ""):
        return plain
    if node.tag == "td" and node.getnext() is not None:
        return plain
    return None


def _plain(text: str) -> str:
    return re.sub(r"[\s\u3000\xa0【】\[\]（）*＊:：]+", "", text)
