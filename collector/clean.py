"""Markup and messy text to clean text; pure, and nothing that was said is ever shortened."""

import html
import re
from collections.abc import Iterable

_MARKUP = re.compile(
    r"</?(?:a|b|big|blockquote|body|br|center|dd|div|dl|dt|em|font|form|h[1-6]|head|hr|html|i|iframe|img|input|li|link"
    r"|meta|object|ol|p|pre|script|section|small|span|strong|style|sub|sup|svg|table|tbody|td|tfoot|th|thead|title|tr"
    r"|u|ul|article|header|footer|o:p)(?:\s[^<>]*)?/?>|<!--|<!doctype\b",
    re.IGNORECASE,
)
_ENTITY = re.compile(
    r"&(?:nbsp|lt|gt|amp|quot|apos|ldquo|rdquo|lsquo|rsquo|middot|hellip|mdash|#\d{1,7}|#x[0-9a-f]{1,6});", re.I
)
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*>", re.IGNORECASE)
DROPPED = frozenset(
    ("script", "style", "head", "title", "noscript", "template", "iframe", "object", "svg", "select", "textarea")
)
"""Elements that show no text of the page."""

BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "center", "dd", "div", "dl", "dt", "footer", "form", "h1", "h2", "h3",
    "h4", "h5", "h6", "header", "hr", "li", "ol", "p", "pre", "section", "table", "tr", "ul",
))  # fmt: skip
"""Elements that begin and end a paragraph."""

_CJK = r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f]"
_WRAP_IN_CHINESE = re.compile(rf"(?<={_CJK})[ \t]*[\r\n]+[ \t]*(?={_CJK})")
_BREAK = re.compile(rf"<(?:br|{'|'.join(sorted(BLOCKS))})[\s/>]", re.IGNORECASE)
EDGE = "\x01"
"""Stands in the pieces of a text where a block begins or ends."""

PRE_END = "\x02"
"""Stands on a stack of elements where preformatted text ends."""

LINE_END = "\x0b"
"""Stands where a line ends whatever is around it."""

# Begins at the first blank of a run only: from each of them, a long run would take the square of its length.
_EDGES = re.compile(rf"(?<! ) *{EDGE}[ {EDGE}]*")
_WHITESPACE = re.compile(r"[ \t\r\n\f]+")

_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# Control characters, blanks of no width, marks that turn the direction of writing. The joiner U+200D stays: it holds
# emoji together.
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_BLANKS = re.compile(r"[ \t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
_EMPTY_LINES = re.compile(r"\n{3,}")

_NOISE_LINES = re.compile(
    r"^[【\[]?工单来源[】\]]?[：:].{0,40}$|^[（(【\[]?此工单内容为网民留言时填写的标题及原文.{0,20}$", re.MULTILINE
)
_NOISE_RULES = re.compile(r"[=＝]{3,}")
_NOISE_TAILS = ("请尽快处理", "请核实处理", "请尽快核实处理", "请及时处理")
_MARKS = " \n，,；;"
_END_MARKS = _MARKS + "。！!"


def tidy(text: str) -> str:
    """Return *text* with uniform line ends and blanks, and without characters nobody can see.

    Runs of blanks become one, lines are trimmed, two or more empty lines become one.
    """
    # Most short texts are clean already; line ends, odd blanks and invisible characters all count as not printable.
    if text.isprintable() and "  " not in text:
        return text.strip(" ")
    text = _LINE_ENDS.sub("\n", text)
    text = _INVISIBLE.sub("", text)
    text = _SURROGATE.sub("\ufffd", text)
    text = _BLANKS.sub(" ", text)
    text = "\n".join(line.strip(" ") for line in text.split("\n"))
    return _EMPTY_LINES.sub("\n\n", text).strip("\n ")


def tidy_line(text: str) -> str:
    """Return *text* tidied, as one line: for titles and names."""
    return " ".join(tidy(text).split()) if text else ""


def looks_like_html(text: str) -> bool:
    """Tell whether a text holds HTML markup, rather than a mere `<` or `&`."""
    return "<" in text and _MARKUP.search(text) is not None


def html_to_text(markup: str) -> str:
    """Return the text of an HTML page or fragment, a paragraph a line; scripts, styles and hidden heads are dropped."""
    # Half a character, which JSON can spell, has no bytes, and the parser takes bytes.
    markup = _SURROGATE.sub("\ufffd", markup)
    if "<" not in markup:
        return tidy(html.unescape(markup))
    # Loaded for the first page only: most texts hold no markup.
    from bs4 import BeautifulSoup, Tag
    from bs4.element import NavigableString, PreformattedString

    markup = _XML_DECLARATION.sub("", markup).replace("\0", "")
    # Plain text with a stray tag in it shows its structure by its own lines, a page by its tags.
    keeps_lines = _BREAK.search(markup) is None
    pieces: list[str] = []
    preformatted = 0
    # The tree is walked without recursion: strangers nest their markup as deep as they like.
    stack: list[object] = [BeautifulSoup(markup, "lxml")]
    while stack:
        top = stack.pop()
        if isinstance(top, Tag):
            if top.name in DROPPED:
                continue
            if top.name == "br":
                pieces.append("\n")
            elif top.name in BLOCKS:
                pieces.append(EDGE)
                stack.append(EDGE)
            elif top.name in ("td", "th"):
                pieces.append(" ")
            if top.name == "pre":
                preformatted += 1
                stack.append(PRE_END)
            stack.extend(reversed(top.contents))
        elif top is EDGE:
            pieces.append(EDGE)
        elif top is PRE_END:
            preformatted -= 1
        elif isinstance(top, NavigableString) and not isinstance(top, PreformattedString):
            text = keep_lines(str(top)) if preformatted else str(top)
            pieces.append(text.replace(EDGE, "") if keeps_lines else collapsed(text))
    return joined(pieces)


def keep_lines(text: str) -> str:
    """Return preformatted text so that `collapsed` leaves its lines as they are."""
    return _LINE_ENDS.sub(LINE_END, text).replace("\n", LINE_END)


def collapsed(text: str) -> str:
    """Return a piece of text between tags as a browser shows it: a line end is a blank, and within Chinese nothing."""
    if text.isprintable() and "  " not in text:
        return text
    return _WHITESPACE.sub(" ", _WRAP_IN_CHINESE.sub("", text.replace(EDGE, "")))


def joined(pieces: Iterable[str]) -> str:
    """Return the text of pieces among which an `EDGE` stands wherever a block begins or ends."""
    text = _EDGES.sub(EDGE, "".join(pieces).replace(LINE_END, "\n"))
    return tidy(text.replace("\n" + EDGE, "\n").replace(EDGE + "\n", "\n").replace(EDGE, "\n"))


def plain(text: str) -> str:
    """Return a cell's or field's text tidied, and reduced from HTML where it holds markup."""
    if looks_like_html(text):
        return html_to_text(text)
    if "&" in text and _ENTITY.search(text):
        text = html.unescape(text)
    return tidy(text)


def strip_order_noise(text: str) -> str:
    """Return a 12345 order's text without what the platform adds around the citizen's words.

    Removed are a short line 工单来源：…, the notice that the text is a web message, rules of `=`, and a closing
    请尽快处理 or 请核实处理; a text that consists of nothing else is returned as it is.
    """
    stripped = tidy(_NOISE_RULES.sub("", _NOISE_LINES.sub("", text)))
    # The text is cut once, at the end: a copy for each closing would take the square of their number.
    end = len(stripped)
    while stripped.endswith(_NOISE_TAILS, 0, bare := _end_before(stripped, end, _END_MARKS)):
        tail = next(tail for tail in _NOISE_TAILS if stripped.endswith(tail, 0, bare))
        end = _end_before(stripped, bare - len(tail), _MARKS)
    return stripped[:end] or text


def _end_before(text: str, end: int, marks: str) -> int:
    while end and text[end - 1] in marks:
        end -= 1
    return end
