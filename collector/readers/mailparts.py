"""The parts of a mail: which of them is its text, which are attachments, and the bytes of each."""

import binascii
import re
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesHeaderParser

from collector.base import FetchedAttachment
from collector.clean import html_to_text, tidy, tidy_line
from collector.readers.mailheaders import file_name, from_base64, header, raw_header, text_of
from collector.readers.quoting import answers_between

MOST_PARTS = 200
MOST_DEPTH = 20

_LONGEST_NAME = 200
_LONGEST_MEDIA_TYPE = 128
_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/=]*[ \t\r]*")
_LEAST_BASE64_LINE = 16
_SOFT_BREAK = re.compile(rb"=[ \t]+(?=\r?\n)")
_NOT_IN_NAMES = re.compile(r'[/\\:*?"<>|]')


class TooMuch(Exception):
    """Raised for a mail with more than any mail holds; the mail is set aside.

    Args:
        reason: a word for counting.
        detail: a clause for a person, without its subject.
    """

    def __init__(self, reason: str, detail: str) -> None:
        self.reason, self.detail = reason, detail
        super().__init__(detail)


@dataclass
class Parts:
    """What a mail consists of; counts its parts, so that no mail has endless ones.

    Args:
        html_chars: the longest page that is read, in characters.
        answered_between: its text answers point by point between quotes, so that it has no quote to cut off.
    """

    html_chars: int
    count: int = 0
    answered_between: bool = False
    attachments: list[FetchedAttachment] = field(default_factory=list)

    def text_of(self, part: Message, depth: int, *, wanted: bool = True) -> str:
        """Return the text of a part and all within it, and keep its attachments.

        Args:
            wanted: otherwise the text is known already, and only attachments are kept.
        Raises:
            TooMuch: too many parts, too deep, or a page too long.
        """
        self.count += 1
        if depth > MOST_DEPTH or self.count > MOST_PARTS:
            raise TooMuch("too-deep", "it is nested deeper, or in more parts, than any mail is")
        media_type = part.get_content_type()
        if part.is_multipart() and not media_type.startswith("message/"):
            children = [child for child in part.get_payload() if isinstance(child, Message)]
            if media_type == "multipart/alternative":
                return self._alternative(children, depth, wanted=wanted)
            texts = [self.text_of(child, depth + 1, wanted=wanted) for child in children]
            return "\n\n".join(filter(None, texts))
        name = file_name(part)
        if media_type in ("text/plain", "text/html") and name is None and not _is_attached(part):
            return self._text(part, media_type) if wanted else ""
        if content := _content(part):
            name = name or _subject_of(part, content) or f"附件{len(self.attachments) + 1}"
            self.attachments.append(FetchedAttachment(name, media_type[:_LONGEST_MEDIA_TYPE], content))
        return ""

    def _alternative(self, children: list[Message], depth: int, *, wanted: bool) -> str:
        # The twins say the same; plain text needs no guessing, and then the page is not even read.
        children.sort(key=lambda child: child.get_content_type() != "text/plain")
        text = ""
        for child in children:
            text = self.text_of(child, depth + 1, wanted=wanted and not text) or text
        return text

    def _text(self, part: Message, media_type: str) -> str:
        text = text_of(_content(part), part.get_content_charset())
        if media_type == "text/plain":
            return tidy(text)
        if len(text) > self.html_chars:
            raise TooMuch("too-long", f"its HTML holds more than {self.html_chars:,} characters")
        self.answered_between = self.answered_between or answers_between(text)
        return html_to_text(text)


def _is_attached(part: Message) -> bool:
    return raw_header(part, "content-disposition").strip().lower().startswith("attachment")


def _subject_of(part: Message, content: bytes) -> str | None:
    """Return the file name of an attached mail: its subject."""
    if part.get_content_type() != "message/rfc822":
        return None
    subject = header(BytesHeaderParser().parsebytes(content), "subject")
    name = _NOT_IN_NAMES.sub("_", tidy_line(subject))[:_LONGEST_NAME]
    return f"{name}.eml" if name else None


def _content(part: Message) -> bytes:
    """Return the bytes of a part; what its encoding does not allow is read as well as it can be."""
    encoding = raw_header(part, "content-transfer-encoding").strip().lower()
    if part.is_multipart():  # A mail attached to this one is kept whole.
        inner = [one for one in part.get_payload() if isinstance(one, Message)]
        content = b"\n".join(one.as_bytes() for one in inner)
        # Some programs encode even that, so what the parser took for a mail without headers is the encoded one.
        return _from_encoded(content.strip(), encoding, part) if inner and not inner[0].keys() else content
    if encoding.startswith(("base64", "quoted-printable")):
        del part["content-transfer-encoding"]  # Then the parser gives the bytes as they came.
    payload = part.get_payload(decode=True)
    return _from_encoded(payload, encoding, part) if isinstance(payload, bytes) else b""


def _from_encoded(content: bytes, encoding: str, part: Message) -> bytes:
    if encoding.startswith("quoted-printable"):
        return binascii.a2b_qp(_SOFT_BREAK.sub(b"=", content))
    if not encoding.startswith("base64"):
        return content
    try:
        return binascii.a2b_base64(content.translate(None, b" \t\r\n"), strict_mode=True)
    except binascii.Error:
        pass  # Broken on the way, or never encoded.
    if part.get_content_maintype() != "text":
        return from_base64(content)
    # Servers add their own line beneath an encoded text, and some programs declare what they do not do.
    lines = content.split(b"\n")
    last = next((at for at, line in enumerate(lines) if not _BASE64_LINE.fullmatch(line)), len(lines))
    if last == 0 or len(lines[0].strip()) < _LEAST_BASE64_LINE:
        return content if last < len(lines) or not content.strip() else from_base64(content)
    return b"\n".join((from_base64(b"\n".join(lines[:last])), *lines[last:]))
