"""What makes two items the same message: the source's id, or author + text + day where it has none. Pure."""

import hashlib
import re
from datetime import tzinfo

from collector.base import Fetched
from config.vault import Vault

LONGEST_ID = 255
LONGEST_PLACE = 64
_BLANKS = re.compile(r"\s+")
_NOT_DIGITS = re.compile(r"\D+")


def author_key(item: Fetched, vault: Vault) -> str | None:
    """Return the keyed hash that is equal for messages of one author; None where nothing names the author.

    A phone number or address says more than a name, so it is preferred; only its digits or letters count.
    """
    contact = (item.contact or "").strip().lower()
    digits = _NOT_DIGITS.sub("", contact)
    author = (digits[-11:] if len(digits) >= 7 and "@" not in contact else contact) or (item.author_name or "").strip()
    return vault.keyed_hash(author, "author") if author else None


def text_digest(title: str, body: str) -> str:
    """Return a digest that is equal for texts that differ in blanks only: two exports of one message do."""
    return _digest(_BLANKS.sub("", title), _BLANKS.sub("", body))


def identity(item: Fetched, author: str | None, zone: tzinfo) -> str:
    """Return the source's id of an item, or `fp:` and the fingerprint of author, text, files and local day.

    Never the text alone: two people who send the same words are two messages. An id that no column could hold as it
    is stands as its digest.
    """
    if item.external_id:
        return stored_id(item.external_id)
    day = item.posted_at.astimezone(zone).date().isoformat()
    # 见附件 is what many letters say, each with another file.
    files = [hashlib.sha256(one.content).hexdigest() for one in item.attachments]
    return "fp:" + _digest(author or "", day, item.title, item.body, *files)[:40]


def stored_id(external_id: str) -> str:
    """Return the id under which an item of a source is stored."""
    return _fitting(external_id, LONGEST_ID)


def position_of(external_id: str) -> str:
    """Return the place by which an item of a live source is set aside: its id, where that fits."""
    return _fitting(external_id, LONGEST_PLACE)


def _fitting(external_id: str, longest: int) -> str:
    plain = len(external_id) <= longest and external_id.isprintable()
    return external_id if plain else "sha256:" + _digest(external_id)[:48]


def _digest(*parts: str) -> str:
    # Each length stands before its part, so that nothing can slip from one part into the next.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
