"""The body of an answer: read in pieces and unpacked, neither beyond a limit."""

import zlib

from urllib3.exceptions import DecodeError
from urllib3.response import BaseHTTPResponse

from collector.errors import PageTooLarge, PageUnreadable

ACCEPTED = "gzip, deflate"
"""What `read_body` unpacks, as the header Accept-Encoding says it."""

_PIECE = 64 * 1024
_MIB = 1024 * 1024
_MEMBERS = 64


def read_body(response: BaseHTTPResponse, limit: int, *, item: str, cut: bool = False) -> bytes:
    """Return the body of an answer, unpacked; memory stays within the limit, packed and unpacked.

    Args:
        response: opened with `preload_content=False` and `decode_content=False`.
        limit: most bytes, unpacked.
        item: the address, for the error.
        cut: return the beginning of a body that is too large, instead of refusing it.

    Raises:
        PageTooLarge: the body passes the limit.
        PageUnreadable: it is packed in a way that was not asked for.
        urllib3.exceptions.HTTPError: it broke off, or what is packed is broken.
    """
    if not cut and (response.length_remaining or 0) > limit:
        raise _too_large(limit, item)
    packed = bytearray()
    for piece in response.stream(_PIECE, decode_content=False):
        packed += piece
        if len(packed) > limit:
            if not cut:
                raise _too_large(limit, item)
            response.close()
            break
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("", "identity") or not packed:
        return bytes(packed[:limit])
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise PageUnreadable(
            f"the answer is packed as {encoding[:40]!r}, which was not asked for",
            item=item,
            todo="Tell the site's keeper.",
        )
    content, whole = _unpack(bytes(packed), encoding, limit)
    if not cut and len(content) > limit:
        raise _too_large(limit, item)
    if not cut and not whole:
        raise DecodeError("the packed answer breaks off")
    return content[:limit]


def _unpack(packed: bytes, encoding: str, limit: int) -> tuple[bytes, bool]:
    """Return at most one byte more than the limit, and whether the packed bytes came to their end."""
    # Some servers send deflate without the zlib header that RFC 9110 asks for: the first byte tells.
    raw = encoding == "deflate" and packed[0] & 0x0F != 8
    window = -zlib.MAX_WBITS if raw else zlib.MAX_WBITS if encoding == "deflate" else 16 + zlib.MAX_WBITS
    content = bytearray()
    rest = packed
    # A gzip file may consist of several members, each packed by itself; thousands of empty ones are an attack.
    for member in range(_MEMBERS):
        unpacker = zlib.decompressobj(window)
        try:
            content += unpacker.decompress(rest, limit + 1 - len(content))
        except zlib.error as err:
            if member:  # What follows a sound member and is none is padding; browsers overlook it too.
                return bytes(content), True
            raise DecodeError("the packed answer is broken") from err
        if len(content) > limit or not unpacker.eof:
            return bytes(content), False
        rest = unpacker.unused_data
        if not rest or encoding == "deflate":
            return bytes(content), True
    raise DecodeError("the packed answer consists of too many pieces")


def _too_large(limit: int, item: str) -> PageTooLarge:
    return PageTooLarge(
        f"the answer is larger than {limit / _MIB:g} MiB",
        item=item,
        todo="Ask for fewer rows a page in the source.",
    )
