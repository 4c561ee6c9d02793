"""Feeds: RSS 0.9x, 1.0 and 2.0, Atom and JSON Feed, the shapes of RSSHub among them, from bytes to entries; pure.

feedparser reads XML, and only the bytes it is given: sent to it as a stream, it fetches and opens nothing.
"""

import hashlib
import io
import json
import re
from calendar import timegm
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import feedparser  # type: ignore[import-untyped]

from collector.base import Blank, Fetched, Item, Unreadable
from collector.clean import html_to_text, plain, tidy_line
from collector.dedupe import position_of
from collector.errors import PageTooLarge, PageUnreadable, SourceChanged
from collector.readers.encodings import decode
from collector.readers.options import ReadOptions
from collector.readers.values import BadDate, as_moment
from config.settings import MIB

MOST_BYTES = 20 * MIB

_MOST_MARKUP_FACTOR = 20
_LONGEST_NAME = 200
_MOST_ATTRIBUTES = 500
_LONG_TAG = re.compile(r"<[^<>]{2000,}+")
_ATTRIBUTE = re.compile(r"=\s*+[\"']")
_XML_DECLARATION = re.compile(r"<\?xml\b[^>]*>")
_DECLARED = re.compile(rb"^[^<]{0,16}<\?xml\b[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_ROOT = re.compile(r"<(?:(!doctype\s+html|html)|(?:[\w.-]{1,20}:)?(?:rss|feed|rdf))\b", re.IGNORECASE)
# What XML cannot hold in any spelling; one such character would end the strict reading of the whole feed.
_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]{1,20})|([0-9]{1,20}));")
# Comments and CDATA are passed over whole: what stands in them declares nothing.
_DECLARATION = re.compile(r"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<!(?:ENTITY\b|DOCTYPE[^>\[]*\[)", re.DOTALL)
_END = re.compile(r"</(?:[\w.-]+:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)
_POWERED = re.compile(r"(?:\A|\s)[-–—]?\s*Powered by RSSHub\s*\Z", re.IGNORECASE)
# China Standard Time in the mouth of Chinese programs; Python's parser would take it for Chicago's.
_CST = re.compile(r"\bCST\b")


@dataclass(frozen=True)
class FeedPage:
    """A feed, or one page of it.

    Args:
        entries: the id of each entry and what was read from it, in the feed's order.
        next_url: the address of the next page; None if the feed names none.
    """

    entries: tuple[tuple[str, Item], ...]
    next_url: str | None


@dataclass(frozen=True)
class _Entry:
    """An entry of any kind of feed; texts as they stand there.

    Args:
        texts: what may be the body, the best first; True: it is markup for certain.
        dates: what may be the date, the best first.
    """

    id: str
    link: str
    title: str
    texts: Sequence[tuple[str, bool]]
    dates: Sequence[object]
    author: str | None = None
    contact: str | None = None


def read_feed(
    content: bytes, options: ReadOptions, *, url: str, content_type: str = "", encoding: str | None = None
) -> FeedPage:
    """Return the entries of a feed; one that cannot be read stands as unreadable among the others.

    An entry's id is the one it names, else its link, else a digest of what it says.

    Args:
        options: `posted_at` stands in for entries without a date.
        url: where the feed came from; relative links start there.
        content_type: the header as it came.
        encoding: what the feed is in, whatever it says itself; None finds it out.
    Raises:
        SourceChanged: it is no feed: nothing at all, a web page, other XML or JSON.
        PageUnreadable: it breaks off, is broken beyond reading, or declares entities.
        PageTooLarge: more than 20 MiB.
    """
    if len(content) > MOST_BYTES:
        raise PageTooLarge(
            f"the feed is larger than {MOST_BYTES // MIB} MiB",
            item=_shown(url),
            todo="Ask for fewer entries; most feeds take a limit in their address.",
        )
    text = _decoded(content, content_type, encoding, url).strip().lstrip("\ufeff").lstrip()
    if not text:
        raise _no_feed(url, "the answer is empty")
    read = _read_json if text[0] in "{[" else _read_xml
    entries, next_url = read(text, url)
    return FeedPage(tuple(_items(entries, options)), _address(next_url, url))


# --- entries to items ---------------------------------------------------------------------------------------


def _items(entries: Iterable[_Entry | str], options: ReadOptions) -> Iterator[tuple[str, Item]]:
    """Yield id and item of each entry; a text in an entry's place is the digest of one that is none."""
    texts: dict[str, str] = {}
    for entry in entries:
        if isinstance(entry, str):
            place = position_of(entry)
            yield entry, Unreadable(place, "unreadable", f"{place}: it is not an object with keys")
            continue
        key = entry.id or entry.link or _fingerprint(entry)
        place, print_ = position_of(key), _fingerprint(entry)
        if texts.setdefault(key, print_) != print_:
            # Two entries of one id cannot share a place, or only one of them would be kept for a person.
            place = position_of(f"{key} {print_}")
        try:
            yield key, _item(entry, key, place, options)
        except MemoryError:
            raise
        # Strangers wrote it, and it passes through several parsers; one entry must not take the others with it.
        except Exception as error:
            yield key, Unreadable(place, "unreadable", f"{place}: could not be read ({type(error).__name__})")


def _item(entry: _Entry, key: str, place: str, options: ReadOptions) -> Item:
    longest = options.limits.max_cell_chars
    most = longest * _MOST_MARKUP_FACTOR
    if max(len(text) for text in (entry.title, *(text for text, _ in entry.texts))) > most:
        return Unreadable(place, "too-long", f"{place}: its markup holds more than {most:,} characters")
    title = tidy_line(plain(entry.title))
    body = next(filter(None, (_body(text, is_markup) for text, is_markup in entry.texts)), "")
    if not body:
        body, title = title, ""
    if not body:
        return Blank(place, "no-text")
    if max(len(body), len(title)) > longest:
        return Unreadable(place, "too-long", f"{place}: its text holds more than {longest:,} characters")
    posted_at = next(filter(None, (_moment(date, options) for date in entry.dates)), options.posted_at)
    if posted_at is None:
        return Unreadable(place, "no-date", f"{place}: it has no date that can be read")
    return Fetched(
        position=place,
        body=body,
        title=title,
        posted_at=posted_at,
        external_id=key,
        author_name=tidy_line(plain(entry.author or ""))[:_LONGEST_NAME] or None,
        contact=tidy_line(entry.contact or "")[:_LONGEST_NAME] or None,
    )


def _body(text: str, is_markup: bool) -> str:
    return _POWERED.sub("", html_to_text(text) if is_markup else plain(text)).strip()


def _moment(value: object, options: ReadOptions) -> datetime | None:
    """Return a date in whatever form feeds write it; None if it is none."""
    if isinstance(value, str):
        value = _CST.sub("+0800", value)
    try:
        return as_moment(value, options.zone)
    except BadDate:
        return None


def _fingerprint(entry: _Entry) -> str:
    # Not the day, as for other messages: an undated entry would be another one each day it stays in the feed.
    said = [entry.author, entry.title, *(text for text, _ in entry.texts), *map(str, entry.dates)]
    return "entry:" + _digest(json.dumps(said, ensure_ascii=True))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:40]


# --- XML ----------------------------------------------------------------------------------------------------


def _read_xml(text: str, url: str) -> tuple[list[_Entry | str], object]:
    if (root := _ROOT.search(text)) and root[1]:
        raise _no_feed(url, "the answer is a web page")
    if any(match[0].startswith(("<!E", "<!DOCTYPE")) for match in _DECLARATION.finditer(text)):
        raise PageUnreadable(
            "the feed declares entities, by which a few bytes may grow without bounds; it was not read",
            item=_shown(url),
            todo="Tell the feed's keeper; no feed needs them.",
        )
    # The time of Python's own parser grows with the square of a tag's attributes.
    if any(len(_ATTRIBUTE.findall(match[0])) > _MOST_ATTRIBUTES for match in _LONG_TAG.finditer(text)):
        raise PageUnreadable(
            f"an element of the feed has more than {_MOST_ATTRIBUTES} attributes",
            item=_shown(url),
            todo="Tell the feed's keeper.",
        )
    text = _XML_DECLARATION.sub("", text, count=1)
    text = _REFERENCE.sub(_sound_reference, _NO_XML.sub("", text))
    try:
        feed = feedparser.parse(
            io.BytesIO(text.encode()),
            # Without the feed's own address, against which it would join even an id that is a mere number.
            response_headers={"content-type": "application/xml; charset=utf-8"},
            resolve_relative_uris=False,
            sanitize_html=False,
        )
    except MemoryError:
        raise
    # The library meets what nobody ever wrote in a feed with errors of every kind.
    except Exception as error:
        raise PageUnreadable(
            f"the feed is broken beyond reading ({type(error).__name__})",
            item=_shown(url),
            todo="Tell the feed's keeper.",
        ) from error
    found = feed["entries"]
    if not feed.get("version") and not found:
        raise _no_feed(url, "the answer is XML, or text, and no feed")
    if feed["bozo"] and not _END.search(text):
        # The last entry may be half of itself, and would stand for the whole one ever after.
        raise PageUnreadable("the feed breaks off", item=_shown(url), todo="The next run tries again.")
    links = [link for link in feed["feed"].get("links", ()) if link.get("rel") == "next"]
    return [_xml_entry(entry, url) for entry in found], links[0].get("href") if links else None


def _sound_reference(match: re.Match[str]) -> str:
    number = int(match[1], 16) if match[1] else int(match[2])
    return match[0] if number <= 0x10FFFF and not _NO_XML.match(chr(number)) else ""


def _xml_entry(entry: Any, url: str) -> _Entry:
    def text(key: str) -> str:
        # Past the library's own `get`, which warns about a date that stands in for another.
        value = dict.get(entry, key)
        return value.strip() if isinstance(value, str) else ""

    texts = [(str(part.get("value") or ""), _is_markup(part)) for part in dict.get(entry, "content") or ()]
    texts.append((text("summary"), _is_markup(dict.get(entry, "summary_detail") or {})))
    dates: list[object] = [text("published"), _utc(dict.get(entry, "published_parsed"))]
    dates += [text("updated"), _utc(dict.get(entry, "updated_parsed"))]
    author = dict.get(entry, "author_detail") or {}
    contact = str(author.get("email") or "").strip()
    name = str(author.get("name") or "").strip() or text("author")
    return _Entry(
        id=text("id"),
        link=_joined(url, link) if (link := text("link")) else "",
        title=text("title"),
        texts=texts,
        dates=dates,
        author=name if name != contact else None,
        contact=contact or None,
    )


def _is_markup(detail: Mapping[str, Any]) -> bool:
    # The library calls a description HTML if it looks so; what it does not is taken as it stands.
    return detail.get("type") == "application/xhtml+xml"


def _utc(parsed: Any) -> datetime | None:
    """Return the library's reading of a date, for the rarer forms that only it knows."""
    try:
        return None if parsed is None else datetime.fromtimestamp(timegm(parsed), UTC)
    except (ValueError, TypeError, OverflowError):
        return None


# --- JSON Feed ----------------------------------------------------------------------------------------------


def _read_json(text: str, url: str) -> tuple[list[_Entry | str], object]:
    try:
        data = json.loads(text, strict=False)
    except (ValueError, RecursionError) as error:
        raise PageUnreadable(
            "the feed is JSON that breaks off or is broken", item=_shown(url), todo="The next run tries again."
        ) from error
    items = data.get("items") if isinstance(data, dict) else None
    if not isinstance(items, list) or "jsonfeed.org" not in str(data.get("version")):
        raise _no_feed(url, "the answer is JSON, and no feed")
    return [_json_entry(item, url) for item in items], data.get("next_url")


def _json_entry(item: object, url: str) -> _Entry | str:
    if not isinstance(item, dict):
        return "entry:" + _digest(json.dumps(item))

    def text(key: str) -> str:
        value = item.get(key)
        # Version 1 lets an id be a number.
        return str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""

    link = text("url") or text("external_url")
    return _Entry(
        id=text("id"),
        link=_joined(url, link) if link else "",
        title=text("title"),
        texts=[(text("content_html"), True), (text("content_text"), False), (text("summary"), False)],
        dates=[item.get("date_published"), item.get("date_modified")],
        author=_json_author(item),
    )


def _json_author(item: Mapping[str, Any]) -> str | None:
    """Return the names of the authors: a list since version 1.1, one object before; some write the bare name."""
    given = item.get("authors") or item.get("author")
    people = given if isinstance(given, list) else [given]
    names = [one.get("name") if isinstance(one, dict) else one for one in people]
    return "、".join(dict.fromkeys(name.strip() for name in names if isinstance(name, str) and name.strip())) or None


# --- bytes and addresses ------------------------------------------------------------------------------------


def _decoded(content: bytes, content_type: str, encoding: str | None, url: str) -> str:
    if encoding is not None:
        try:
            return content.decode(encoding, "replace")
        except LookupError as error:
            raise PageUnreadable(
                f"there is no encoding {encoding}", item=_shown(url), todo="Correct `encoding` of the source."
            ) from error
    header, own = _CHARSET.search(content_type), _DECLARED.match(content)
    return decode(content, own[1].decode("ascii") if own else header[1] if header else None)


def _address(value: object, url: str) -> str | None:
    """Return the address of a further page; a feed does not send its readers to another site."""
    if not isinstance(value, str) or not value.strip():
        return None
    address = _joined(url, value.strip())
    try:
        return address if urlsplit(address).hostname == urlsplit(url).hostname else None
    except ValueError:
        return None


def _joined(url: str, link: str) -> str:
    """Return a link as an address; what is none is left as it stands, for it may still be an id."""
    try:
        return urljoin(url, link)
    except ValueError:
        return link


def _shown(url: str) -> str:
    """Return an address for people, without its query, which may hold a token."""
    return url.partition("?")[0]


def _no_feed(url: str, what: str) -> SourceChanged:
    return SourceChanged(
        f"{what}; there is no feed (any more)",
        item=_shown(url),
        todo="Open the address in a browser: it may have moved, or want a log-in.",
    )
