"""Mail: one message (.eml) or many (.mbox) to text, whatever the sender's program did to it."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import policy
from email.errors import HeaderParseError, MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.utils import getaddresses, parsedate_to_datetime

from collector.base import Fetched, FetchedAttachment, Item, Unreadable
from collector.clean import html_to_text, tidy, tidy_line
from collector.errors import FileTooLarge
from collector.readers.encodings import decode
from collector.readers.options import ReadOptions
from config.settings import MIB

MOST_PARTS = 200
MOST_DEPTH = 20
MOST_BYTES = 50 * MIB
MOST_LINES = 1_000_000
"""The parser holds every line by itself; a mail of `MOST_BYTES` in lines of the usual length has fewer."""

_MOST_MULTIPARTS = 100
_MOST_HEADER_CHARS = 8192
_MOST_HTML_FACTOR = 20
_LONGEST_KEY = 255
_CONTAINER = re.compile(rb"multipart/|message/", re.IGNORECASE)
_FOLD = re.compile(r"[\r\n]+[ \t]*")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,400}>")
# The line's length is bounded and its time is sought once, so that a hostile line costs no more than a long one.
_FROM_LINE = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From (?=\S[^\r\n]{0,999}\d:\d{2})[^\r\n]{1,1000}+\r?\n")
# More than 8 KiB, folded or not, or 200 parameters.
_LONG_HEADER = re.compile(
    rb"(?:\A|(?<=[\r\n]))content-(?:type|disposition):"
    rb"(?:(?:[^\r\n]|(?:\r\n?|\n)[ \t]){8192}|(?:(?:[^\r\n;]|(?:\r\n?|\n)[ \t])*+;){200})",
    re.IGNORECASE,
)
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)


def mbox_items(content: bytes, options: ReadOptions) -> Iterator[Item]:
    """Yield the mails of an mbox file, each at its position `mail N`.

    Raises:
        FileTooLarge: more mails than the limit of rows.
    """
    ends = _FROM_LINE.finditer(content)
    match = next(ends, None)
    number = 0
    while match is not None:
        following = next(ends, None)
        number += 1
        if number > options.limits.max_rows:
            raise FileTooLarge(
                f"the mailbox has more than {options.limits.max_rows:,} mails",
                todo="Split it, or raise WENZHENG_MAX_ROWS.",
            )
        mail = content[match.end() : following.start() if following else len(content)]
        yield mail_item(_QUOTED_FROM.sub(rb"\1", mail), f"mail {number}", options)
        match = following


def eml_items(content: bytes, options: ReadOptions) -> Iterator[Item]:
    """Yield the one mail of a mail file, at the position `mail 1`.

    Raises:
        FileTooLarge: it is larger, or has more lines, than a mail may.
    """
    if excess := _oversize(content):
        raise FileTooLarge(f"the mail {excess}", todo="Save its attachments elsewhere, and give the mail without them.")
    yield mail_item(content, "mail 1", options)


def mail_item(content: bytes, position: str, options: ReadOptions) -> Item:
    """Return one mail as a message, or why it cannot be one.

    The id is the Message-ID as written, with its angle brackets; the thread is the first of References or In-Reply-To,
    else the mail itself. Text in the mail itself is preferred to its HTML twin; every other part is an attachment.
    """
    if excess := _oversize(content):
        return Unreadable(position, "too-long", f"{position}: it {excess}")
    # The parser's time grows with the square of these two headers, and it asks for one of them by itself.
    if _LONG_HEADER.search(content):
        return Unreadable(
            position,
            "bad-mail",
            f"{position}: a header is longer, or has more parts, than any program writes",
        )
    # Nesting costs the parser a stack frame a level, so it is bounded before anything is parsed.
    if len(_CONTAINER.findall(content)) > _MOST_MULTIPARTS:
        return Unreadable(position, "too-deep", f"{position}: it is nested deeper, or in more parts, than any mail is")
    try:
        # The newer policies parse each header by its grammar, which takes a hostile one seconds; this one looks only
        # for what is asked of it, and what is shown to people is decoded here.
        mail = BytesParser(policy=policy.compat32).parsebytes(content)
        return _item(mail, position, options)
    except _TooMuch as fault:
        return Unreadable(position, fault.reason, f"{position}: {fault.detail}")
    except (MessageError, ValueError, LookupError, AttributeError, TypeError, RecursionError) as error:
        # The standard parser meets some malformed parts with errors of these kinds.
        return Unreadable(position, "bad-mail", f"{position}: the mail is malformed ({type(error).__name__})")
    except MemoryError:
        raise
    # Whatever else a stranger's mail may bring about, the other mails go on.
    except Exception as error:
        return Unreadable(position, "unreadable", f"{position}: could not be read ({type(error).__name__})")


def _oversize(content: bytes) -> str | None:
    if len(content) > MOST_BYTES:
        return f"is larger than {MOST_BYTES // MIB} MiB"
    if max(content.count(b"\n"), content.count(b"\r")) > MOST_LINES:
        return f"has more than {MOST_LINES:,} lines"
    return None


class _TooMuch(Exception):
    def __init__(self, reason: str, detail: str) -> None:
        self.reason, self.detail = reason, detail
        super().__init__(detail)


@dataclass
class _Parts:
    """What a mail consists of; counts its parts, so that no mail has endless ones."""

    html_chars: int
    count: int = 0
    attachments: list[FetchedAttachment] = field(default_factory=list)

    def text_of(self, part: Message, depth: int) -> str:
        """Return the text of a part and all within it, and keep its attachments."""
        self.count += 1
        if depth > MOST_DEPTH or self.count > MOST_PARTS:
            raise _TooMuch("too-deep", "it is nested deeper, or in more parts, than any mail is")
        media_type = part.get_content_type()
        if part.is_multipart() and not media_type.startswith("message/"):
            children = [child for child in part.get_payload() if isinstance(child, Message)]
            texts = [(child.get_content_type(), self.text_of(child, depth + 1)) for child in children]
            if media_type == "multipart/alternative":
                # The twins say the same; plain text needs no guessing.
                texts.sort(key=lambda one: one[0] != "text/plain")
                return next((text for _, text in texts if text), "")
            return "\n\n".join(text for _, text in texts if text)
        content = _content(part)
        name = _file_name(part)
        if media_type in ("text/plain", "text/html") and name is None and not _is_attached(part):
            text = decode(content, part.get_content_charset())
            if media_type == "text/plain":
                return tidy(text)
            if len(text) > self.html_chars:
                raise _TooMuch("too-long", f"its HTML holds more than {self.html_chars:,} characters")
            return html_to_text(text)
        if content:
            name = name or f"附件{len(self.attachments) + 1}"
            self.attachments.append(FetchedAttachment(name, media_type[:128], content))
        return ""


def _item(mail: Message, position: str, options: ReadOptions) -> Item:
    longest = options.limits.max_cell_chars
    parts = _Parts(html_chars=longest * _MOST_HTML_FACTOR)
    body = parts.text_of(mail, 0)
    if len(body) > longest:
        return Unreadable(position, "too-long", f"{position}: its text holds more than {longest:,} characters")
    title = tidy_line(_header(mail, "subject"))
    if not body:
        body, title = title, ""
    if not body and not parts.attachments:
        return Unreadable(position, "no-text", f"{position}: it has no text, no subject and no attachment")
    posted_at = _date(_header(mail, "date")) or options.posted_at or _received(mail)
    if posted_at is None:
        return Unreadable(position, "no-date", f"{position}: it has no date that can be read")
    author, address = _sender(mail)
    message_id = _first_id(_header(mail, "message-id"))
    thread = _first_id(_header(mail, "references")) or _first_id(_header(mail, "in-reply-to")) or message_id
    return Fetched(
        position=position,
        body=body,
        title=title,
        posted_at=posted_at,
        external_id=_key(message_id),
        author_name=author,
        contact=address,
        thread_key=_key(thread),
        attachments=tuple(parts.attachments),
    )


def _raw_header(mail: Message, name: str) -> str:
    value = next((str(value) for key, value in mail.raw_items() if key.lower() == name), "")
    return _FOLD.sub(" ", value[:_MOST_HEADER_CHARS])


def _header(mail: Message, name: str) -> str:
    return _decoded(_raw_header(mail, name))


def _decoded(raw: str) -> str:
    """Return a header's encoded words and stray 8-bit bytes as text."""
    if not raw.isascii():
        # Bytes that are not ASCII are kept by the parser as surrogates.
        raw = decode(raw.encode("utf-8", "surrogateescape"))
    if "=?" not in raw:
        return raw
    try:
        pieces = decode_header(raw)
    except (HeaderParseError, ValueError):
        return raw
    return "".join(piece if isinstance(piece, str) else decode(piece, charset) for piece, charset in pieces)


def _sender(mail: Message) -> tuple[str | None, str | None]:
    # The address is split from the name before decoding, because a decoded name may hold commas and brackets.
    raw = _raw_header(mail, "from") or _raw_header(mail, "sender")
    name, address = next(iter(getaddresses([raw])), ("", ""))
    address = "".join(tidy_line(_decoded(address)).split())
    if "@" not in address:
        found = re.search(r"[^\s<>\"@]{1,64}@[^\s<>\"@]{1,190}", _decoded(raw))
        address = found[0] if found else ""
    name = tidy_line(_decoded(name)).strip("\"' ")
    return (name if name != address else "") or None, address or None


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text.strip())
        # A zone of -0000 means UTC written by someone who does not tell where he is.
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if 1900 <= moment.year <= 2100 else None


def _received(mail: Message) -> datetime | None:
    return _date(_header(mail, "received").rpartition(";")[2])


def _first_id(text: str) -> str | None:
    match = _MESSAGE_ID.search(text)
    return match[0] if match else None


def _key(message_id: str | None) -> str | None:
    if message_id is None or (len(message_id) <= _LONGEST_KEY and message_id.isprintable()):
        return message_id
    return "sha256:" + hashlib.sha256(message_id.encode("utf-8", "surrogatepass")).hexdigest()


def _is_attached(part: Message) -> bool:
    return _raw_header(part, "content-disposition").strip().lower().startswith("attachment")


def _file_name(part: Message) -> str | None:
    try:
        name = part.get_filename()
    except (ValueError, LookupError, AttributeError, TypeError):
        name = None
    text = tidy_line(_decoded(str(name or "")))
    # Only the last piece: a path in a name is an attempt at somebody's disk.
    return text.replace("\\", "/").rpartition("/")[2][:200] or None


def _content(part: Message) -> bytes:
    if part.is_multipart():  # A mail attached to this one is kept whole.
        inner = part.get_payload()
        return inner[0].as_bytes() if isinstance(inner, list) and inner and isinstance(inner[0], Message) else b""
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""
