"""Mails that no person wrote to the bureau: answers of machines, bounces, receipts, and our own mail coming back. Pure.

Notices of websites about a citizen's letter are made by machines too (Auto-Submitted: auto-generated, noreply@…), but
carry a person's words, so they are none of these.
"""

import re
from collections.abc import Mapping
from email.message import Message

from collector.readers.mailheaders import decoded, raw_header, split_address, unfolded

SENT_HEADER = "X-Wenzheng-Sent"
"""The header that each mail of ours carries, so that it is known when it comes back."""

_MOST_RECEIVED = 30
_ANSWERS = (
    r"(?:自动(?:回复|答复|应答)|自動(?:回覆|回復|答覆)|Auto(?:matic)?[- ]?(?:Reply|Response|Answer)"
    r"|Out of (?:the )?Office(?:[- ]?Auto[- ]?Reply)?)"
)
# At the very start and set apart by a colon or brackets: an answer to such a mail begins with Re:, and a sentence may
# begin with the same words.
_ANSWER_SUBJECT = re.compile(rf"\s*(?:{_ANSWERS}\s*(?:[:：]|\Z)|[\[【(（]\s*{_ANSWERS}\s*[\]】)）])", re.I)
_BEGINS_AS_ANSWER = re.compile(rf"\s*{_ANSWERS}", re.I)
# A person may begin with these of himself, so they count in an answer only.
_WEAK_ANSWER_SUBJECT = re.compile(r"\s*(?:Auto|外出|休假|不在办公室)\s*[:：]", re.I)
_BOUNCE_SUBJECT = re.compile(
    r"退信|投递(?:失败|状态|延迟)|(?:未|无法|不能)(?:送达|投递|传递)|发送失败|Undeliver(?:able|ed)"
    r"|Returned (?:mail|to sender)|Delivery (?:Status|Failure|has failed|delayed)|(?:delivery|sending) failed"
    r"|failure notice|Warning: could not send",
    re.I,
)
_POSTMASTER = re.compile(
    r"(?:mailer[-_.]?daemon|mail[-_.]?daemon|postmaster|bounces?|mailsystem|microsoftexchange[0-9a-f]*)@", re.I
)
_NO_REPLY = re.compile(r"(?:no|do[-_.]?not)[-_.]?reply[^@]{0,40}@", re.I)
_ANSWER_HEADERS = ("x-autoreply", "x-autorespond", "x-auto-reply", "x-autoreply-from", "x-mail-autoreply")
_NO = ("no", "none", "false", "0", "")


def automatic(mail: Message, own: frozenset[str]) -> str | None:
    """Return why a mail is no person's message: bounce, receipt, loop or auto-reply; None for all others.

    Args:
        own: the addresses of the mailboxes themselves; what comes from one of them is our own.
    Source: RFC 3464 (bounces), RFC 8098 (receipts), RFC 3834 (automatic answers); the rest is habit of mail programs.
    """
    headers: dict[str, str] = {}
    hops = 0
    for key, value in mail.raw_items():
        name = key.lower()
        hops += name == "received"
        headers.setdefault(name, str(value))
    sender = split_address(unfolded(headers.get("from", "")))[1].strip().lower()
    subject = decoded(unfolded(headers.get("subject", "")))
    report = _report(mail)
    if report is not None:
        return report
    if "x-failed-recipients" in headers or (
        _POSTMASTER.match(sender)
        and (headers.get("return-path", "").strip() == "<>" or _BOUNCE_SUBJECT.search(subject))
    ):
        return "bounce"
    if SENT_HEADER.lower() in headers or hops > _MOST_RECEIVED:
        return "loop"
    # A website often sends its notices through the bureau's own mailbox; those are letters.
    if sender in {one.lower() for one in own} and not is_notice(mail):
        return "loop"
    return "auto-reply" if _is_answer(headers, subject) else None


def is_notice(mail: Message) -> bool:
    """Tell whether a website's program wrote the mail: the headers of a letter in it are the letter's, and no quote."""
    if raw_header(mail, "auto-submitted").strip().lower().startswith("auto-"):
        return True
    return _NO_REPLY.match(split_address(raw_header(mail, "from"))[1].strip()) is not None


def _report(mail: Message) -> str | None:
    media_type = mail.get_content_type()
    if media_type == "multipart/report":
        parts = mail.get_payload()
        kinds = [part.get_content_type() for part in parts if isinstance(part, Message)] if mail.is_multipart() else []
        kinds.append("message/" + str(mail.get_param("report-type", "")).lower())
    else:
        kinds = [media_type]
    if "message/delivery-status" in kinds or "message/global-delivery-status" in kinds:
        return "bounce"
    return "receipt" if "message/disposition-notification" in kinds else None


def _is_answer(headers: Mapping[str, str], subject: str) -> bool:
    submitted = headers.get("auto-submitted", "").partition(";")[0].strip().lower()
    if submitted.startswith("auto-replied") or headers.get("precedence", "").strip().lower() in (
        "auto_reply",
        "auto-reply",
    ):
        return True
    if any(headers.get(name, "").strip().lower() not in _NO for name in _ANSWER_HEADERS):
        return True
    if _ANSWER_SUBJECT.match(subject):
        return True
    if "x-auto-response-suppress" in headers and _BEGINS_AS_ANSWER.match(subject):
        return True
    return ("in-reply-to" in headers or "references" in headers) and _WEAK_ANSWER_SUBJECT.match(subject) is not None
