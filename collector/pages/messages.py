"""What a website said of a message, as the item that intake takes."""

import re
from collections.abc import Mapping
from datetime import datetime, time, timedelta, tzinfo
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from collector.base import Fetched, Item, Unreadable
from collector.clean import plain, strip_order_noise, tidy_line
from collector.pages.values import moment_in
from collector.readers.options import Limits
from collector.readers.records import ORDER_CHANNEL, PLACE_MARK
from collector.readers.values import BadDate, as_count, as_identifier, as_text, as_yes_no

_MOST_ID, _MOST_RECEIPT, _MOST_NAME = 255, 64, 128
_SESSION = re.compile(r";jsessionid=[^/?#]*", re.IGNORECASE)
_NOISE = frozenset({"jsessionid", "phpsessid", "_csrf", "csrf", "csrftoken", "_", "_t", "spm"})
# These may hold an id, and are noise only where they hold the time or a random fraction.
_OFTEN_NOISE = frozenset({"t", "ts", "time", "timestamp", "rand", "random", "r", "rnd", "v", "nonce", "_ts"})
_TIME_OR_RANDOM = re.compile(r"1\d{9}|1\d{12}|0\.\d+")
_KEPT_PRIVATE = frozenset({"不公开", "保密", "要求保密", "需保密", "不同意公开"})


def to_item(position: str, values: Mapping[str, Any], zone: tzinfo, limits: Limits, *, channel: str) -> Item:
    """Return the message that some values make, or why there is none: bad-date, no-date, no-text, too-long.

    Args:
        zone: of dates that name none.
    """
    body, title = plain(as_text(values.get("body"))), tidy_line(plain(as_text(values.get("title"))))
    if not body:
        body, title = title, ""
    if not body:
        return Unreadable(position, "no-text", f"{position}: it has neither text nor title")
    answer = plain(as_text(values.get("answer_text"))) or None
    if max(len(body), len(answer or "")) > limits.max_cell_chars:
        return Unreadable(
            position, "too-long", f"{position}: a text has more than {limits.max_cell_chars:,} characters"
        )
    try:
        posted_at, received_at = (moment_in(values.get(name), zone) for name in ("posted_at", "received_at"))
    except BadDate:
        return Unreadable(position, "bad-date", f"{position}: its date cannot be read")
    moment = posted_at or received_at
    if moment is None:
        return Unreadable(position, "no-date", f"{position}: it has no date")
    if channel == ORDER_CHANNEL:
        body = strip_order_noise(body)
    place = _line(values.get("place"))
    if place and place not in body:
        body = f"{body}\n{PLACE_MARK}{place}"
    answered_by = _line(values.get("answered_by")) if answer else None
    return Fetched(
        position=position,
        body=body,
        title=title,
        posted_at=moment,
        received_at=received_at,
        external_id=external_id_of(values),
        receipt_no=as_identifier(values.get("receipt_no"), _MOST_RECEIPT),
        author_name=_author(values.get("author_name")),
        contact=as_identifier(values.get("contact"), _MOST_ID),
        likes=as_count(values.get("likes")),
        dislikes=as_count(values.get("dislikes")),
        given_due_at=_due(values.get("given_due_at"), zone),
        answer_text=answer,
        answered_at=_loose(values.get("answered_at"), zone) if answer else None,
        answered_by=answered_by[:_MOST_NAME] if answered_by else None,
        publish_consent=_consent(values.get("publish_consent")),
        kind=_line(values.get("kind")),
        confidential=_is_confidential(values.get("confidential")),
    )


def external_id_of(values: Mapping[str, Any]) -> str | None:
    """Return the id that the site gives a message, else one made of its page's address; None where it has neither."""
    given = as_identifier(values.get("external_id"), _MOST_ID)
    if given is not None:
        return given
    link = as_text(values.get("link")).strip()
    return as_identifier(page_id(link), _MOST_ID) if link.lower().startswith(("http://", "https://")) else None


def page_id(link: str) -> str:
    """Return an id from a page's address: path and query without the host and without what belongs to a session."""
    try:
        parts = urlsplit(_SESSION.sub("", link.strip()))
    except ValueError:
        return link.strip()
    pairs = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not _is_noise(*pair)]
    route = parts.fragment if parts.fragment.startswith(("/", "!/")) else ""
    # Half a character, as sites that cut titles write it, has no bytes.
    query = urlencode(sorted(pairs), errors="replace")
    return f"{parts.path or '/'}{'?' + query if pairs else ''}{'#' + route if route else ''}"


def _is_noise(key: str, value: str) -> bool:
    key = key.lower()
    return key in _NOISE or (key in _OFTEN_NOISE and _TIME_OR_RANDOM.fullmatch(value) is not None)


def _line(value: Any) -> str | None:
    return tidy_line(plain(as_text(value))) or None


def _author(value: Any) -> str | None:
    return as_identifier(value, _MOST_ID) if isinstance(value, int | float) else _line(value)


def _loose(value: Any, zone: tzinfo) -> datetime | None:
    try:
        return moment_in(value, zone)
    except BadDate:
        return None


def _due(value: Any, zone: tzinfo) -> datetime | None:
    """Return the limit a message came with; a mere day means its end."""
    moment = _loose(value, zone)
    if moment is None or moment.astimezone(zone).time() != time():
        return moment
    return moment + timedelta(days=1, seconds=-1)


def _consent(value: Any) -> bool | None:
    return False if _line(value) in _KEPT_PRIVATE else as_yes_no(value)


def _is_confidential(value: Any) -> bool:
    # 公开 and 不公开 mean the opposite of what they do where the question is whether a message may be published.
    line = _line(value)
    return line in _KEPT_PRIVATE or (as_yes_no(value) is True and line not in ("公开", "同意公开", "同意"))
