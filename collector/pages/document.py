"""An answer of a site as a tree or as JSON, whatever it is encoded in and however it is wrapped."""

import html
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

from collector.errors import PageUnreadable
from collector.pages.markup import Element, parse_html, parse_xml
from collector.pages.scripts import NotFound, read_literal, read_variable
from collector.readers.encodings import decode
from config.selectors import from_json
from config.sources import Asking

_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_META_BYTES = 4096
_META = re.compile(
    rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]+)|<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]+)", re.I
)
_GB = re.compile(r"(cs|x-)?(gb-?_?2312(-80)?|gbk|gb-?18030|cp936|ms936|euc-?cn)", re.IGNORECASE)
# Possessive and atomic throughout: what a stranger repeats is read once, never in all the ways it could be divided.
_CALLBACK = re.compile(
    r"\s*+(?>/\*.{0,200}?\*/\s*+|//[^\n]{0,200}\n\s*+|;\s*+|try\s*+\{\s*+|typeof [\w$.]+ === 'function' && |&& )*+"
    r"[A-Za-z_$][\w$.\[\]'\"]{0,200}\s*\(\s*(?=[\[{\"'])"
)
_HTML_START = re.compile(
    r"\s*+(?:<\?xml[^>]*>\s*+)?(?><!--.*?-->\s*+)*+<(?:!doctype\s+html|html|head|body)\b", re.I | re.DOTALL
)
_XML_START = re.compile(r"\s*<\?xml\b", re.IGNORECASE)
_XML_BLOCK = re.compile(
    r"<script[^>]{0,300}\btype\s{0,9}=\s{0,9}[\"']?(?:text|application)/xml\b[^>]{0,300}>", re.IGNORECASE
)
_SCRIPT_END = re.compile(r"</script\s*+>", re.IGNORECASE)
_WRAPPED = re.compile(r"\s*<(pre|textarea)\b[^>]*>\s*([\[{].*[\]}])\s*</\1\s*>\s*", re.IGNORECASE | re.DOTALL)


@dataclass(eq=False)
class Document:
    """One answer of a site, or a piece of markup that stood in one.

    Args:
        url: where it came from, after redirects; relative links start here.
        source: its text as it came.
        root: the tree of HTML or XML; None where the answer is data only.
        data: the JSON value, or that of the variable; None where there is none.
        is_xml: the tree is XML; names in it keep their case.
        memo: what was worked out of the tree once, such as where its labels stand.
    """

    url: str
    source: str
    root: Element | None = None
    data: Any = None
    is_xml: bool = False
    memo: dict[Any, Any] = field(default_factory=dict, repr=False)

    @property
    def base(self) -> str:
        """The address that relative links start from: the page's own, or the one that it names."""
        if "base" not in self.memo:
            named = self.root.find(".//base[@href]") if self.root is not None and not self.is_xml else None
            try:
                self.memo["base"] = self.url if named is None else urljoin(self.url, named.get("href", "").strip())
            except ValueError:
                self.memo["base"] = self.url
        base: str = self.memo["base"]
        return base


def read_document(
    content: bytes, content_type: str, url: str, asking: Asking, *, encoding: str | None = None
) -> Document:
    """Return an answer in the form that its description says, or shows by itself.

    Args:
        content_type: the header; empty if there was none.
        encoding: of the source, where it must be said; it beats what the answer says of itself.
    Raises:
        PageUnreadable: the answer is not of that form.
    """
    source = decoded(content, content_type, encoding)
    if asking.variable is not None or asking.format == "script":
        return _script(source, url, asking)
    form = asking.format if asking.format != "auto" else _form_of(source, content_type)
    if form == "html":
        return html_document(source, url)
    if form == "xml":
        return _xml(source, url)
    try:
        return Document(url, source, data=_data(source, wrapped=form == "jsonp"))
    except ValueError as error:
        # A page in the place of data is what sites answer when they fail, so the reader is told what it looks like.
        seen = "a web page" if _HTML_START.match(source) else "nothing" if not source.strip() else "something else"
        raise PageUnreadable(
            f"the answer should be {form.upper()} and is {seen}",
            item=url.partition("?")[0],
            todo="Open the address in a browser; correct format or variable of the source if the site changed.",
        ) from error


def decoded(content: bytes, content_type: str, encoding: str | None = None) -> str:
    """Return bytes as text: by the encoding that is given, else by what fits, whatever header and page declare.

    Raises:
        PageUnreadable: there is no such encoding.
    """
    if encoding is not None:
        try:
            return content.decode("gb18030" if _GB.fullmatch(encoding) else encoding, "replace").removeprefix("\ufeff")
        except (LookupError, UnicodeError) as error:
            raise PageUnreadable(
                f"there is no encoding {encoding}", todo="Correct encoding of the source, or leave it out."
            ) from error
    declared = _CHARSET.search(content_type)
    meta = None if declared else _META.search(content[:_META_BYTES])
    name = declared[1] if declared else (meta[1] or meta[2]).decode("ascii", "replace") if meta else None
    return decode(content, name).removeprefix("\ufeff")


def html_document(source: str, url: str) -> Document:
    """Return HTML text as a document; text without any tag is a page with that text."""
    return Document(url, source, root=parse_html(source))


def fragment(markup: str, document: Document) -> Document:
    """Return a piece of markup that stood in a document, as one of its own.

    Its root is the piece's only element where there is just one, so that `@href` and `./td[2]` mean that element.
    """
    root = parse_html(markup)
    while root.tag in ("html", "body") and len(root) == 1 and not (root.text or "").strip():
        if root.tag == "body" and (root[0].tail or "").strip():
            break
        root = root[0]
    return Document(document.base, markup, root=root)


def _form_of(source: str, content_type: str) -> str:
    head = source[:512].lstrip()
    kind = content_type.partition(";")[0].strip().lower()
    if head.startswith("<"):
        if _HTML_START.match(source) or "xhtml" in kind:
            return "html"
        return "xml" if _XML_START.match(source) or kind.endswith(("/xml", "+xml")) else "html"
    if head.startswith(("{", "[")) or kind.endswith(("/json", "+json")):
        return "jsonp" if _CALLBACK.match(source) else "json"
    return "jsonp" if _CALLBACK.match(source) else "html"


def _data(source: str, *, wrapped: bool) -> Any:
    """Return JSON, also as JavaScript writes it; raises ValueError."""
    text = source.strip().strip("\ufeff")
    if wrapped and (call := _CALLBACK.match(text)):
        value, _ = read_literal(text, call.end())
    else:
        if block := _WRAPPED.fullmatch(text):
            text = html.unescape(block[2])
        try:
            value = json.loads(text, strict=False)
        except (ValueError, RecursionError):
            value, end = read_literal(text, 0)
            if text[end:].strip(" \t\r\n;"):
                raise ValueError("something follows the value") from None
    # Some interfaces send their JSON as a text within JSON.
    return from_json(value)


def _xml(source: str, url: str) -> Document:
    # Pages of one wide-spread system carry their records as XML in a script.
    text = source
    if not _XML_START.match(source) and (block := _XML_BLOCK.search(source)):
        end = _SCRIPT_END.search(source, block.end())
        text = source[block.end() : end.start() if end else len(source)].strip()
    root = parse_xml(text)
    if root is None:
        raise PageUnreadable(
            "the answer should be XML and is none that can be read",
            item=url.partition("?")[0],
            todo="Open the address in a browser; correct format of the source if the site changed.",
        )
    return Document(url, source, root=root, is_xml=True)


def _held_by(root: Element, name: str) -> str | None:
    """Return the text of the script element with an id; None if there is none, or it holds no JSON."""
    held = next((one.text for one in root.iter("script") if one.get("id") == name), None)
    return held if isinstance(from_json(held), dict | list) else None


def _script(source: str, url: str, asking: Asking) -> Document:
    is_page = source.lstrip().startswith("<")
    root = parse_html(source) if is_page else None
    if asking.variable is None:
        try:
            return Document(url, source, root=root, data=_data(source, wrapped=True))
        except ValueError:
            return Document(url, source, root=root)
    try:
        given = None if root is None else _held_by(root, asking.variable)
        data = from_json(read_variable(source, asking.variable) if given is None else given)
        return Document(url, source, root=root, data=data)
    except NotFound as error:
        raise PageUnreadable(
            f"the answer gives {asking.variable} no value that can be read",
            item=url.partition("?")[0],
            todo="Look for the list in the page's source; correct variable of the source if the site changed.",
        ) from error
