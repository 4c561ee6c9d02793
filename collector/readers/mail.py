"""Mail: one message (.eml) or many (.mbox) to text, whatever the sender's program did to it."""

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email import policy
from email.errors import MessageError
from email.message import Message
from email.parser import BytesParser
from email.utils import parsedate_to_datetime

from collector.base import Blank, Fetched, Item, Unreadable
from collector.clean import tidy_line
from collector.errors import FileTooLarge
from collector.readers.automatic import automatic, is_notice
from collector.readers.mailheaders import header, sender
from collector.readers.mailparts import Parts, TooMuch
from collector.readers.options import ReadOptions
from collector.readers.quoting import is_forward, split_quote
from collector.readers.receipts import receipt_in_subject
from config.settings import MIB

MOST_BYTES = 50 * MIB
MOST_LINES = 1_000_000
"""The parser holds every line by itself; a mail of `MOST_BYTES` in lines of the usual length has fewer."""

_MOST_MULTIPARTS = 100
_MOST_HTML_FACTOR = 20
_MOST_HEADER_BYTES = 8192
_MOST_PARAMETERS = 200
_LONGEST_KEY = 255
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,400}>")
# The line's length is bounded and its time is sought once, so that a hostile line costs no more than a long one.
_FROM_LINE = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From (?=\S[^\r\n]{0,999}\d:\d{2})[^\r\n]{1,1000}+\r?\n")
_CONTENT_HEADER = re.compile(rb"content-(?:type|disposition):")
_FOLDED_LINE = re.compile(rb"[^\r\n]*+(?:(?:\r\n?|\n)[ \t][^\r\n]*+)*+")
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
    What it quotes beneath its new words is kept apart from them. A mail that a machine wrote, or our own, is a blank.
    """
    if excess := _oversize(content):
        return Unreadable(position, "too-long", f"{position}: it {excess}")
    # The parser's time grows with the square of these two headers, and it asks for one of them by itself.
    lower = content.lower()
    if _has_long_header(lower):
        return Unreadable(
            position,
            "bad-mail",
            f"{position}: a header is longer, or has more parts, than any program writes",
        )
    # Nesting costs the parser a stack frame a level, so it is bounded before anything is parsed.
    if lower.count(b"multipart/") + lower.count(b"message/") > _MOST_MULTIPARTS:
        return Unreadable(position, "too-deep", f"{position}: it is nested deeper, or in more parts, than any mail is")
    try:
        # The newer policies parse each header by its grammar, which takes a hostile one seconds; this one looks only
        # for what is asked of it, and what is shown to people is decoded here.
        mail = BytesParser(policy=policy.compat32).parsebytes(content)
        return _item(mail, position, options)
    except TooMuch as fault:
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


def _has_long_header(lower: bytes) -> bool:
    """Tell whether a header of content, folded or not, is longer than 8 KiB or has more than 200 parameters."""
    for match in _CONTENT_HEADER.finditer(lower):
        start = match.start()
        if start and lower[start - 1] not in b"\r\n":
            continue
        line = _FOLDED_LINE.match(lower, match.end())
        end = line.end() if line else match.end()
        if end - start > _MOST_HEADER_BYTES or lower.count(b";", start, end) >= _MOST_PARAMETERS:
            return True
    return False


def _item(mail: Message, position: str, options: ReadOptions) -> Item:
    reason = automatic(mail, options.own_addresses)
    if reason is not None:
        return Blank(position, reason)
    longest = options.limits.max_cell_chars
    parts = Parts(html_chars=longest * _MOST_HTML_FACTOR)
    body = parts.text_of(mail, 0)
    if len(body) > longest:
        return Unreadable(position, "too-long", f"{position}: its text holds more than {longest:,} characters")
    title = tidy_line(header(mail, "subject"))
    quoted = ""
    if not (parts.answered_between or is_forward(title) or is_notice(mail)):
        body, quoted = split_quote(body)
    receipt_no = receipt_in_subject(title)
    if not body:
        body, title = title, ""
    if not body and not parts.attachments:
        return Unreadable(position, "no-text", f"{position}: it has no text, no subject and no attachment")
    posted_at = _date(header(mail, "date")) or options.posted_at or _received(mail)
    if posted_at is None:
        return Unreadable(position, "no-date", f"{position}: it has no date that can be read")
    author, address = sender(mail)
    message_id = _first_id(header(mail, "message-id"))
    thread = _first_id(header(mail, "references")) or _first_id(header(mail, "in-reply-to")) or message_id
    return Fetched(
        position=position,
        body=body,
        title=title,
        posted_at=posted_at,
        external_id=_key(message_id),
        receipt_no=receipt_no,
        author_name=author,
        contact=address,
        thread_key=_key(thread),
        quoted_text=quoted or None,
        attachments=tuple(parts.attachments),
    )


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text.strip())
        # A zone of -0000 means UTC written by someone who does not tell where he is.
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if 1900 <= moment.year <= 2100 else None


def _received(mail: Message) -> datetime | None:
    return _date(header(mail, "received").rpartition(";")[2])


def _first_id(text: str) -> str | None:
    match = _MESSAGE_ID.search(text)
    return match[0] if match else None


def _key(message_id: str | None) -> str | None:
    if message_id is None or (len(message_id) <= _LONGEST_KEY and message_id.isprintable()):
        return message_id
    return "sha256:" + hashlib.sha256(message_id.encode("utf-8", "surrogatepass")).hexdigest()
