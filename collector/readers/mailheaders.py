"""Headers of a mail to text, whatever its program did to them: encoded words, raw bytes, addresses, file names."""

import binascii
import re
from email.message import Message
from email.utils import getaddresses

from collector.clean import tidy_line
from collector.readers.encodings import decode

_MOST_CHARS = 8192
_LONGEST_NAME = 200
_MOST_CHUNKS = 100
_FOLD = re.compile(r"[\r\n]+[ \t]*")
# A word that was cut off before its end still counts, so no start of a word is ever looked at twice.
_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,60})\?([BbQq])\?(.*?)(?:\?=|\Z)", re.DOTALL)
_ADDRESS = re.compile(r"[^\s<>\"@]{1,64}@[^\s<>\"@]{1,190}")
# As most programs write it; all else is left to the standard parser, which takes ten times as long.
_SIMPLE_ADDRESS = re.compile(r'\s*(?:"([^"\\]*)"|([^"\\<>()\[\],;:@]*))\s*<([^<>()\[\],;:@"\\\s]+@[A-Za-z0-9.-]+)>\s*')
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_GB_NAMES = ("gb", "x-gbk", "cp936", "ms936", "csgb", "euc-cn")


def raw_header(mail: Message, name: str) -> str:
    """Return the first header of a name (lower case) as written, unfolded; bytes that are not ASCII are surrogates."""
    value = next((str(value) for key, value in mail.raw_items() if key.lower() == name), "")
    return unfolded(value)


def unfolded(value: str) -> str:
    """Return a raw value as one line, no longer than any program writes."""
    return _FOLD.sub(" ", value[:_MOST_CHARS]) if "\n" in value or "\r" in value else value[:_MOST_CHARS]


def header(mail: Message, name: str) -> str:
    """Return the first header of a name (lower case) as text; an empty text where there is none."""
    return decoded(raw_header(mail, name))


def decoded(raw: str) -> str:
    """Return a header's encoded words and stray 8-bit bytes as text.

    Programs cut words within a character, against RFC 2047, so neighbours of one charset are joined as bytes first.
    """
    raw = _without_bytes(raw)
    if "=?" not in raw:
        return raw
    pieces: list[str] = []
    run: list[tuple[str, str]] = []
    charset, place = "", 0
    for match in _ENCODED_WORD.finditer(raw):
        between = raw[place : match.start()]
        named = match[1].partition("*")[0].lower()
        if run and (named != charset or not (between.isspace() or not between)):
            pieces.append(text_of(_joined(run), charset))
            run = []
        if between and not (between.isspace() and place):
            pieces.append(between)
        charset, place = named, match.end()
        run.append((match[2].upper(), match[3]))
    if run:
        pieces.append(text_of(_joined(run), charset))
    return "".join((*pieces, raw[place:]))


def _without_bytes(raw: str) -> str:
    # Bytes that are not ASCII are kept by the parser as surrogates.
    return raw if raw.isascii() else decode(raw.encode("utf-8", "surrogateescape"))


def _joined(run: list[tuple[str, str]]) -> bytes:
    """Return the bytes of neighbouring words; a word of base64 that is no whole one goes on in the next."""
    content, waiting = b"", ""
    for encoding, text in run:
        if encoding == "B":
            waiting += text
            if len(waiting) % 4 and not waiting.endswith("="):
                continue
            content, waiting = content + from_base64(waiting.encode("utf-8", "replace")), ""
        else:
            content += from_base64(waiting.encode("utf-8", "replace"))
            content, waiting = content + binascii.a2b_qp(text.encode("utf-8", "replace"), header=True), ""
    return content + from_base64(waiting.encode("utf-8", "replace"))


def from_base64(content: bytes) -> bytes:
    """Return base64 as bytes; what is no base64 in it is passed over, and a last character too many too."""
    chunks = []
    # Two encoded texts may stand one after the other, each with its own end.
    for chunk in content.split(b"=", _MOST_CHUNKS):
        clean = _NOT_BASE64.sub(b"", chunk)
        clean = clean[: len(clean) - (len(clean) % 4 == 1)]
        chunks.append(binascii.a2b_base64(clean + b"=" * (-len(clean) % 4)))
    return b"".join(chunks)


def text_of(content: bytes, declared: str | None) -> str:
    """Return bytes as text, as `decode` does; a short Chinese word that also fits UTF-8 is read as declared.

    A quarter of the common characters, as two bytes of GBK, are UTF-8 of some Latin or Arabic letter. No Chinese
    text is UTF-8 of such letters alone, so there the sender's word counts.
    """
    if declared and not content.isascii() and declared.strip("\"' ").lower().startswith(_GB_NAMES):
        try:
            if max(content.decode("utf-8")) < "\u0800":
                return content.decode("gb18030")
        except UnicodeError:
            pass  # It fits one of the two at most, which `decode` finds out.
    return decode(content, declared)


def split_address(raw: str) -> tuple[str, str]:
    """Return name and address of the first person in a raw header, each as written."""
    simple = _SIMPLE_ADDRESS.fullmatch(raw)
    if simple:
        return (simple[1] or simple[2] or "").strip(), simple[3]
    return next(iter(getaddresses([raw])), ("", ""))


def sender(mail: Message) -> tuple[str | None, str | None]:
    """Return the author's name and address, each None where the mail has none."""
    # The address is split from the name before decoding, because a decoded name may hold commas and brackets.
    raw = raw_header(mail, "from") or raw_header(mail, "sender")
    name, address = split_address(raw)
    address = "".join(tidy_line(decoded(address)).split())
    if "@" not in address:
        found = _ADDRESS.search(decoded(raw))
        address = found[0] if found else ""
    name = tidy_line(decoded(name)).strip("\"' ")
    return (name if name != address else "") or None, address or None


def file_name(part: Message) -> str | None:
    """Return the name of a part as a file, or None where it has none; never a path.

    Understood are split and continued parameters (RFC 2231), encoded words and raw bytes.
    """
    for field, parameter in (("content-disposition", "filename"), ("content-type", "name")):
        raw = raw_header(part, field)
        if parameter not in raw.lower():
            continue
        # Raw bytes become text before the parameters are told apart: half a character of GBK may look like a mark.
        holder = Message()
        holder[field] = _without_bytes(raw)
        try:
            name = _plain(holder.get_param(parameter, header=field))
        except (ValueError, LookupError, AttributeError, TypeError):
            continue  # The standard parser meets some malformed parameters with errors of these kinds.
        if name := tidy_line(name):
            # Only the last piece: a path in a name is an attempt at somebody's disk.
            return name.replace("\\", "/").rpartition("/")[2][:_LONGEST_NAME] or None
    return None


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        charset, _, text = value
        try:
            return text_of(str(text).encode("latin-1"), charset)
        except UnicodeEncodeError:
            return str(text)
    return decoded(str(value or ""))
