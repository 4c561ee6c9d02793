"""What kind of file bytes are: by their content first, by their name only where the content leaves it open."""

import gzip
import io
import json
import re
import zipfile
import zlib

from collector.errors import FileDamaged, FileEmpty, FileKindUnknown
from collector.readers.encodings import detect
from collector.readers.workbook import protected

KINDS = ("xlsx", "xls", "xml", "html", "csv", "csv.gz", "eml", "mbox", "json", "jsonl")

_HEAD = 64 * 1024
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_KNOWN_OTHERS = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"BM", "a bitmap image"),
    (b"%PDF", "a PDF document"),
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a Linux program"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"{\\rtf", "an RTF document"),
)
_MAIL_HEADER = re.compile(rb"(?:[!-9;-~]+:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*)+", re.DOTALL)
_MAIL_NAMES = re.compile(
    rb"^(?:from|to|date|subject|message-id|received|mime-version|return-path|content-type|delivered-to|sender):",
    re.IGNORECASE | re.MULTILINE,
)
# The line's length is bounded and its time is sought once, so that a hostile line costs no more than a long one.
_MBOX_START = re.compile(rb"From (?=\S[^\r\n]{0,999}\d:\d{2})[^\r\n]{1,1000}+\r?\n[!-9;-~]+:")
_JSON_LIST = re.compile(r"\s*\[\s*[{\]]")
_JSON_OBJECT = re.compile(r'\s*\{\s*["}]')
_HTML = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?(?:<!doctype html|<html|<table|<head|<meta|<style)", re.IGNORECASE)
_XML = re.compile(r"\s*<\?xml")
_SHEETS_XML = re.compile(r"urn:schemas-microsoft-com:office:spreadsheet|progid=[\"']Excel\.Sheet")


def sniff(name: str, content: bytes) -> str:
    """Return the kind of a file, one of `KINDS`.

    Raises:
        FileEmpty: there are no bytes.
        FileProtected: a workbook with a password.
        FileDamaged: an archive that does not open.
        FileKindUnknown: something else; the message says what, where that is known.
    """
    if not content.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise FileEmpty("the file is empty", todo="Export it again.")
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(content)
    if content.startswith(_OLE):
        return _ole_kind(content)
    if content.startswith(b"\x1f\x8b"):
        return _gzip_kind(content)
    return _text_kind(name, content)


def name_note(name: str, kind: str) -> str | None:
    """Return a sentence when a file's name promises another kind than its content is."""
    lower = name.lower()
    promised = next((one for one in sorted(KINDS, key=len, reverse=True) if lower.endswith("." + one)), None)
    return f"the file is named .{promised} and its content is {kind}" if promised not in (None, kind) else None


def _zip_kind(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise FileDamaged("the archive is damaged or cut short", todo="Copy or export the file again.") from error
    if "xl/workbook.xml" in names:
        return "xlsx"
    for part, what in (
        ("word/document.xml", "a Word document"),
        ("ppt/presentation.xml", "a presentation"),
        ("xl/workbook.bin", "a binary workbook (.xlsb)"),
        ("content.xml", "an OpenDocument file"),
    ):
        if part in names:
            raise _unknown(what)
    if any(one.startswith("xl/") for one in names):
        raise FileDamaged("the workbook lacks its main part", todo="Save it again as .xlsx.")
    raise FileKindUnknown("this is a zip archive", todo="Unpack it and import the files one by one.")


def _ole_kind(content: bytes) -> str:
    # The names of the streams stand in the directory as UTF-16.
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise protected()
    if any(stream.encode("utf-16-le") in content for stream in ("Workbook", "Book")):
        return "xls"
    raise _unknown("an old Word document, an Outlook message, or the like")


def _gzip_kind(content: bytes) -> str:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
            head = stream.read(_HEAD)
    except (EOFError, OSError, zlib.error) as error:
        raise FileDamaged("the gzip stream is damaged or cut short", todo="Copy or export the file again.") from error
    if head.startswith(b"PK\x03\x04") or head[257:262] == b"ustar" or _binary(head):
        raise FileKindUnknown("the gzip archive holds no table as text", todo="Unpack it and import what is inside.")
    return "csv.gz"


def _text_kind(name: str, content: bytes) -> str:
    if what := _binary(content):
        raise _unknown(what)
    if _MBOX_START.match(content):
        return "mbox"
    lower = name.lower()
    block = _MAIL_HEADER.match(content[:_HEAD].removeprefix(b"\xef\xbb\xbf"))
    if block and (len(_MAIL_NAMES.findall(block[0])) >= 2 or lower.endswith(".eml")):
        return "eml"
    encoding = detect(lambda: io.BytesIO(content[:_HEAD]))
    if encoding is None:
        if lower.endswith((".eml", ".mbox")):
            return "mbox" if content.startswith(b"From ") else "eml"
        raise FileKindUnknown(
            "this is neither a workbook nor text in UTF-8, UTF-16 or GB18030",
            todo="Give .xlsx, .xls, .csv, .csv.gz, .eml, .mbox, .json or .jsonl.",
        )
    text = content[:_HEAD].decode(encoding.codec, "ignore")
    if _JSON_LIST.match(text):
        return "json"
    if _JSON_OBJECT.match(text):
        return _json_kind(lower, text)
    if _HTML.match(text):
        return "html"
    if _XML.match(text):
        if _SHEETS_XML.search(text):
            return "xml"
        raise _unknown("XML, and no workbook of Excel 2003")
    return "eml" if lower.endswith(".eml") else "csv"


def _json_kind(lower: str, text: str) -> str:
    first, _, rest = text.strip().partition("\n")
    try:
        one_line = isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        one_line = False
    if one_line and (rest.strip() or lower.endswith((".jsonl", ".ndjson"))):
        return "jsonl"
    # A first line that is too long to be seen whole leaves it to the name.
    return "jsonl" if lower.endswith((".jsonl", ".ndjson")) and not one_line and not rest else "json"


def _binary(content: bytes) -> str | None:
    what = next((what for magic, what in _KNOWN_OTHERS if content.startswith(magic)), None)
    # Letters may begin a text as well, so the mark must be borne out by a byte that no text holds.
    return what if b"\0" in content[:1024] or content.startswith((b"%PDF", b"{\\rtf")) else None


def _unknown(what: str) -> FileKindUnknown:
    return FileKindUnknown(f"this is {what}", todo="Open it and save the table as .xlsx or .csv.")
