"""Which encoding bytes are in: decided by decoding all of them, not by a guess on the first few.

UTF-8 is taken when every byte fits it. Otherwise the encodings in use at Chinese offices compete: the one whose text
holds most common Chinese and ASCII characters and fewest misfits wins, and text that is still implausible is no text.
"""

import codecs
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

MISFIT = "\udc80"
"""Stands in decoded text for bytes that fit no character; no sound text can hold it."""

_MARK_MISFITS = "wenzheng-misfit"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_NAMES = {"utf-8": "UTF-8", "gb18030": "GB18030", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}
_CHUNK_BYTES = 32 * 1024
_SAMPLE_CHARS = 2048
_LEAST_PLAUSIBLE = 0.6
_MOST_CONTROLS = 0.02
_MOST_MISFITS = 0.02
_MAIL_CHARSETS = re.compile(
    r"utf-?(8|16|16-?[bl]e)|(us-)?ascii|latin-?1|iso-?8859-\d{1,2}|(windows|cp)-?\d{3,4}|koi8-[ru]"
    r"|big5(-hkscs)?|hz(-gb-2312)?|iso-2022-(jp|kr)(-\d)?|shift-?jis|euc-?(jp|kr)"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def _mark_misfit(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return MISFIT, error.end


codecs.register_error(_MARK_MISFITS, _mark_misfit)


def _common_characters() -> frozenset[str]:
    # The first level of GB 2312 holds the 3,755 characters of everyday use; a wrong decoding rarely hits them.
    level_one = bytes(byte for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF) for byte in (row, cell))
    ascii_text = "".join(map(chr, range(0x20, 0x7F))) + "\t\r\n"
    punctuation = "".join(map(chr, [*range(0x2010, 0x2040), *range(0x3000, 0x3020), *range(0xFF00, 0xFF60)]))
    return frozenset(level_one.decode("gb2312", "ignore") + ascii_text + punctuation)


_COMMON = _common_characters()


@dataclass(frozen=True)
class TextEncoding:
    """An encoding that was found to fit.

    Args:
        codec: Python's name of it.
        name: its name for people.
        damaged: some bytes fit no character; they are read as `MISFIT`.
    """

    codec: str
    name: str
    damaged: bool


@dataclass(frozen=True)
class _Reading:
    codec: str
    chars: int
    misfits: int
    nuls: bool
    plausible: float
    controls: float

    @property
    def score(self) -> float:
        return self.plausible - self.misfits / max(self.chars, 1)

    @property
    def is_text(self) -> bool:
        # One misfit is allowed in the shortest file, because a copy may break off in the middle of a character.
        few_misfits = self.misfits <= max(1, self.chars * _MOST_MISFITS)
        return few_misfits and self.controls <= _MOST_CONTROLS


def detect(open_stream: Callable[[], BinaryIO]) -> TextEncoding | None:
    """Return the encoding of a stream, or None when it is not text in any encoding known here.

    Args:
        open_stream: opens the bytes anew each time; they are read as often as there are candidates.
    """
    head = open_stream().read(4)
    for bom, codec, name in _BOMS:
        if head.startswith(bom):
            reading = _examine(open_stream(), codec)
            return TextEncoding(codec, name, reading.misfits > 0) if reading.is_text else None
    utf8 = _examine(open_stream(), "utf-8")
    if utf8.misfits == 0 and not utf8.nuls:
        return TextEncoding("utf-8", "UTF-8", damaged=False) if utf8.is_text else None
    others = ["gb18030", "utf-16-le", "utf-16-be"] if utf8.nuls or b"\0" in head else ["gb18030"]
    readings = [utf8, *(_examine(open_stream(), codec) for codec in others)]
    best = max((one for one in readings if one.is_text), key=lambda one: one.score, default=None)
    if best is None or best.score < _LEAST_PLAUSIBLE:
        return None
    return TextEncoding(best.codec, _NAMES[best.codec], best.misfits > 0)


def open_text(stream: BinaryIO, encoding: TextEncoding) -> io.TextIOWrapper:
    """Return a stream of characters; line ends are kept as they are, misfits become `MISFIT`."""
    return io.TextIOWrapper(stream, encoding=encoding.codec, errors=_MARK_MISFITS, newline="")


def decode(content: bytes, declared: str | None = None) -> str:
    """Return bytes as text whatever they claim to be; what fits no character becomes U+FFFD.

    Mail programs often declare an encoding that the text is not in, so a plausible reading beats the declared one.

    Args:
        declared: the encoding the sender named, believed where the bytes bear it out.
    """
    if content.isascii():
        # Encodings of seven bits look like ASCII; only their sender knows.
        seven_bits = (declared or "").lower().startswith(("utf-7", "iso-2022", "hz"))
        return content.decode((seven_bits and _codec(declared)) or "ascii", "replace")
    # Most texts are sound UTF-8, which one attempt tells; all others are looked at closely.
    if not content.startswith(codecs.BOM_UTF8):
        try:
            text = content.decode("utf-8")
        except UnicodeError:
            pass
        else:
            if _CONTROLS.search(text) is None:
                return text
    found = detect(lambda: io.BytesIO(content))
    if found is not None and not found.damaged:
        return content.decode(found.codec)
    claimed = _codec(declared)
    if claimed is not None:
        try:
            return content.decode(claimed)
        except (UnicodeError, ValueError):
            pass  # The sender's word was wrong; what follows is the best that can be had.
    return content.decode(found.codec if found else claimed or "utf-8", "replace")


def _codec(declared: str | None) -> str | None:
    name = (declared or "").strip().strip("\"'").lower().replace("_", "-")
    if name in ("gb2312", "gbk", "gb-2312", "x-gbk", "cp936", "ms936", "csgb2312", "gb18030", "euc-cn"):
        return "gb18030"  # The larger set holds the smaller ones, and senders name the smaller ones out of habit.
    # A list of our own, because Python's also holds codecs that turn bytes into bytes, such as zlib.
    if not _MAIL_CHARSETS.fullmatch(name):
        return None
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None


def _examine(stream: BinaryIO, codec: str) -> _Reading:
    decoder = codecs.getincrementaldecoder(codec)(_MARK_MISFITS)
    chars = misfits = sampled = common = controls = 0
    nuls = final = False
    while not final:
        chunk = stream.read(_CHUNK_BYTES)
        final = not chunk
        text = decoder.decode(chunk, final)
        chars += len(text)
        misfits += text.count(MISFIT)
        nuls = nuls or "\0" in text
        sample = text[:_SAMPLE_CHARS]
        sampled += len(sample)
        common += sum(map(_COMMON.__contains__, sample))
        controls += len(_CONTROLS.findall(sample))
        # What is plainly something else need not be read to its end.
        if misfits > 1000 and misfits * 5 > chars:
            break
    total = max(sampled, 1)
    return _Reading(codec, chars, misfits, nuls, common / total, controls / total)
