"""Markup of strangers as trees: broken, deep or overloaded markup is read as far as it makes sense, and bounded."""

import re
from collections import Counter
from html.entities import html5
from itertools import islice
from typing import Any

from lxml import etree

Element = Any
"""An element of lxml, which brings no types."""

_DEEPEST = 1500
_LONG_PAGE_CHARS = 64 * 1024
_LONG_TAG_CHARS = 4096
_MOST_ATTRIBUTES = 128
# Always matches where a tag begins, and never goes back.
_TAG = re.compile(r"""<(/?)([a-zA-Z][^\s<>"'/]*+)((?:[^<>"']|"[^"]*"|'[^']*')*+)>?""")
_LONG_TAG = re.compile(r"""<[a-zA-Z](?:[^<>"']|"[^"]*"|'[^']*'){4096,}+>?""")
_ATTRIBUTE = re.compile(r"""[^\s=<>"'/]++(?:\s*+=\s*+(?:"[^"]*"|'[^']*'|[^\s<>"']++))?+""")
# Elements that close by themselves, that never hold anything, or that tell rows and cells: of these none is dropped.
_KEPT = frozenset(
    ("area", "base", "body", "br", "col", "colgroup", "dd", "dt", "embed", "head", "hr", "html", "img", "input", "li",
     "link", "meta", "ol", "option", "p", "param", "script", "source", "style", "table", "tbody", "td", "textarea",
     "tfoot", "th", "thead", "title", "tr", "track", "ul", "wbr")
)  # fmt: skip
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>", re.IGNORECASE)
_PROLOG = re.compile(r"\s*+(?><\?.*?\?>\s*+|<!--.*?-->\s*+)*+<!DOCTYPE", re.IGNORECASE | re.DOTALL)
_ENDS = re.compile(r"</(?:html|body)\s{0,20}>", re.IGNORECASE)
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31};)")
_XML_ENTITIES = frozenset({"lt;", "gt;", "amp;", "quot;", "apos;"})
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_HALVES = re.compile(r"[\ud800-\udfff]")


def parse_html(source: str) -> Element:
    """Return the root of HTML text; text without any element becomes a body of its own."""
    # Pages put together from pieces go on after these ends; a browser passes them over, the parser would stop.
    text = _ENDS.sub("", _sound(source))
    if len(text) > _LONG_PAGE_CHARS:
        # The parser's time grows with the square of a tag's attributes.
        text = _LONG_TAG.sub(_with_few_attributes, text)
    parser = _html_parser()
    root = _parsed(text, parser)
    if root is not None and any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        root = _parsed(_flattened(text), _html_parser())
    if root is None:
        root = etree.Element("html")
        etree.SubElement(root, "body")
    return root


def parse_xml(source: str) -> Element | None:
    """Return the root of XML text without namespaces, or None if it is none; entities of its own are not resolved."""
    text = _sound(source).strip()
    # Definitions of entities can make a small text enormous, and no list of letters needs them.
    if _PROLOG.match(text):
        return None
    text = _ENTITY.sub(_character, text)
    parser = etree.XMLParser(
        encoding="utf-8", recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=True, remove_pis=True, strip_cdata=True,
    )  # fmt: skip
    root = _parsed(text, parser)
    if root is None:
        return None
    for element in root.iter(etree.Element):
        if element.tag.startswith("{"):
            element.tag = etree.QName(element).localname
    return root


def _sound(source: str) -> str:
    """Return markup without what trees cannot hold; half characters, which JSON can spell, have no bytes."""
    return _HALVES.sub("\ufffd", _CONTROLS.sub("", _XML_DECLARATION.sub("", source)))


def _html_parser() -> Any:
    # The deeper of the parser's two limits: a list whose tags are never closed is deeper than the first.
    return etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True)


def _parsed(text: str, parser: Any) -> Element | None:
    if not text.strip():
        return None
    try:
        return etree.fromstring(text.encode("utf-8"), parser)
    except (etree.LxmlError, ValueError):
        return None


def _with_few_attributes(tag: re.Match[str]) -> str:
    name, *attributes = islice(_ATTRIBUTE.finditer(tag[0], 1), _MOST_ATTRIBUTES)
    return f"<{name[0]} {' '.join(one[0] for one in attributes)}>"


def _flattened(text: str) -> str:
    """Drop the tags of blocks and formats that make a tree too deep: those never closed, and the innermost others.

    Their text stays, and so does what tells rows and cells.
    """
    tags = list(_TAG.finditer(text))
    pairs = _pairs(tags)
    depth = 0
    kept: set[int] = set()
    for opening, closing in sorted(pairs.items()):
        # Openings and closings in page order: a closing is its own key, with its opening as the value.
        if opening < closing:
            depth += 1
            if depth <= _DEEPEST:
                kept |= {opening, closing}
        else:
            depth -= 1
    dropped = (place for place, tag in enumerate(tags) if place not in kept and not _stays(tag))
    pieces: list[str] = []
    end = 0
    for place in dropped:
        pieces.append(text[end : tags[place].start()])
        end = tags[place].end()
    return "".join(pieces) + text[end:]


def _pairs(tags: list[re.Match[str]]) -> dict[int, int]:
    """Return the places of the tags that open and close each other, both ways; what is never closed is left out."""
    pairs: dict[int, int] = {}
    still_open: list[tuple[str, int]] = []
    counts: Counter[str] = Counter()
    for place, tag in enumerate(tags):
        name = tag[2].lower()
        if _stays(tag):
            continue
        if not tag[1]:
            still_open.append((name, place))
            counts[name] += 1
        elif counts[name]:
            # What was opened since, and not closed, never will be.
            opened = ""
            while opened != name:
                opened, opening = still_open.pop()
                counts[opened] -= 1
            pairs[opening], pairs[place] = place, opening
    return pairs


def _stays(tag: re.Match[str]) -> bool:
    return tag[2].lower() in _KEPT or tag[3].endswith("/")


def _character(match: re.Match[str]) -> str:
    return match[0] if match[1] in _XML_ENTITIES else html5.get(match[1], match[0])
