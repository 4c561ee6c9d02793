"""The number by which a mail's subject names an earlier message; pure."""

import re
import unicodedata

# Four digits and a hyphen also begin a telephone number (0539-…) or a date, so the first four must be a year.
_CASE_NUMBER = re.compile(r"(?<![0-9A-Za-z-])20\d\d-\d{6,12}(?![0-9A-Za-z-])")
_LABELLED = re.compile(
    r"(?:回执号|回执|受理编号|受理号|工单号|编号) ?[:是为]? {0,4}[【\[(]? ?([A-Za-z0-9-]{6,64})(?![A-Za-z0-9-])"
)
_DATE = re.compile(r"(?:19|20)\d\d-?(?:0?[1-9]|1[0-2])-?(?:0?[1-9]|[12]\d|3[01])")
_MONTH = re.compile(r"(?:19|20)\d\d-?(?:0[1-9]|1[0-2])")
_TELEPHONE = re.compile(r"(?:86-?)?1[3-9]\d-?\d{4}-?\d{4}|0\d{2,3}-?\d{7,8}(?:-\d{1,6})?|[48]00-?\d{3,4}-?\d{3,4}")
_IDENTITY_CARD = re.compile(r"\d{6}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]")
_NO_NUMBERS = (_DATE, _MONTH, _TELEPHONE, _IDENTITY_CARD)
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-"))


def receipt_in_subject(subject: str) -> str | None:
    """Return the number of an earlier message that a subject names, or None.

    It is a case number of ours (2026-000123), or what follows a label such as 回执号 or 工单编号, in brackets or not.
    Dates, telephone numbers and identity card numbers are none, whatever label they carry.
    """
    text = unicodedata.normalize("NFKC", subject).translate(_DASHES)
    ours = _CASE_NUMBER.search(text)
    if ours:
        return ours[0]
    for match in _LABELLED.finditer(text):
        number = match[1].strip("-")
        if len(number) >= 6 and any(map(str.isdigit, number)) and not any(one.fullmatch(number) for one in _NO_NUMBERS):
            return number
    return None
