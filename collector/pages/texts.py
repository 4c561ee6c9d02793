"""The text of an element: as `collector.clean.html_to_text` reads the element's markup, without parsing it again."""

from collections.abc import Collection, Iterator

from collector.clean import BLOCKS, DROPPED, EDGE, LINE_END, PRE_END, collapsed, joined, keep_lines, tidy
from collector.pages.markup import Element

_FIELDS = ("input", "textarea", "select")
_BREAKS = BLOCKS | {"br"}


def element_text(element: Element, without: Collection[Element] = ()) -> str:
    """Return the text of an element, a paragraph a line; scripts, styles and form fields are left out.

    Args:
        without: elements inside it that are left out as well.
    """
    if not len(element):
        return _leaf_text(element)
    return text_of([element], without)


def text_of(nodes: Collection[Element | str], without: Collection[Element] = ()) -> str:
    """Return the text of elements and pieces of text that follow each other; tails of the elements are no part."""
    pieces: list[str] = []
    breaks = False
    preformatted = 0
    # A stack instead of recursion: strangers nest their markup as deep as they like.
    stack: list[Element | str] = list(reversed(list(nodes)))
    while stack:
        top = stack.pop()
        if top is PRE_END:
            preformatted -= 1
            continue
        if isinstance(top, str):
            text = keep_lines(top) if preformatted else top
            pieces.append(text if top is EDGE else text.replace(EDGE, ""))
            continue
        tag = top.tag
        if tag in DROPPED or top in without:
            continue
        if tag == "br":
            pieces.append(LINE_END)
            breaks = True
        elif tag in BLOCKS:
            pieces.append(EDGE)
            stack.append(EDGE)
            breaks = True
        elif tag in ("td", "th"):
            pieces.append(" ")
        if tag == "pre":
            preformatted += 1
            stack.append(PRE_END)
        for child in reversed(top):
            if child.tail:
                stack.append(child.tail)
            if isinstance(child.tag, str):
                stack.append(child)
        if top.text:
            stack.append(top.text)
    if breaks:
        pieces = [piece if piece in (EDGE, LINE_END) else collapsed(piece) for piece in pieces]
    return joined(pieces)


def field_value(element: Element) -> str | None:
    """Return what a form field, picture or meta element says by itself; None for any other element."""
    match element.tag:
        case "input":
            return tidy(element.get("value", ""))
        case "textarea" | "script" | "style" | "title" | "noscript":
            return tidy("".join(element.itertext()))
        case "select":
            options = element.findall(".//option")
            chosen = [one for one in options if one.get("selected") is not None] or options[:1]
            return tidy("".join(chosen[0].itertext())) if chosen else ""
        case "meta":
            return tidy(element.get("content", ""))
        case "img":
            return tidy(element.get("alt", ""))
    return None


def fields_in(element: Element) -> Iterator[Element]:
    """Yield the form fields that an element shows, itself included."""
    for field in element.iter(*_FIELDS):
        if field.tag != "input" or field.get("type", "text").lower() not in ("hidden", "button", "submit", "image"):
            yield field


def _leaf_text(element: Element) -> str:
    tag, text = element.tag, element.text
    if not text or tag in DROPPED or not isinstance(tag, str):
        return ""
    return tidy(collapsed(text)) if tag in _BREAKS and tag != "pre" else tidy(text)
