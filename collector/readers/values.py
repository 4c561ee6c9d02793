"""Cells to values: dates in the forms offices write them, counts, yes and no, identifiers; pure."""

import hashlib
import json
import math
import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from email.utils import parsedate_to_datetime

LARGEST_COUNT = 2**31 - 1
"""Counts are stored in 32 bits; a larger one in a file is a slip of some program."""

_YEARS = range(1900, 2101)
_DATE = re.compile(
    r"(?P<year>\d{4})\s*[-/.年]\s*(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})\s*[日号]?"
    r"(?:\s*[(]?(?:星期|周)[一二三四五六日天][)]?)?"
    r"(?:[\sT,]*(?P<half>凌晨|清晨|早上|早晨|上午|中午|下午|傍晚|晚上|[AP]M)?\s*"
    r"(?P<hour>\d{1,2})\s*[:时点]\s*(?:(?P<minute>\d{1,2})\s*分?)?"
    r"(?:[:\s]*(?P<second>\d{1,2})(?:[.,](?P<fraction>\d{1,9}))?\s*秒?)?"
    r"\s*(?P<half_after>[AP]M)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?",
    re.IGNORECASE,
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:[\sT_-]?(\d{2}):?(\d{2})(?::?(\d{2}))?)?")
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:E\+?\d{1,2})?", re.IGNORECASE)
_WHOLE_FLOAT = re.compile(r"(\d+)\.0+")
_EXPONENT = re.compile(r"\d(?:\.\d+)?E\+?\d{1,2}", re.IGNORECASE)
_AFTERNOON = ("下午", "傍晚", "晚上", "PM")
_SERIALS = range(20_000, 80_000)  # Excel's days of 1954 to 2119.
_EPOCH_UNITS = ((10**9, 1), (10**12, 1000), (10**15, 1_000_000))
_EXCEL_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "########"})
_YES = frozenset({"是", "y", "yes", "true", "1", "公开", "同意", "同意公开", "愿意", "保密", "要求保密", "需保密"})
_NO = frozenset({"否", "n", "no", "false", "0", "不公开", "不同意", "不同意公开", "不愿意", "不保密", "无需保密"})
_EMPTY_WORDS = frozenset({"null", "none", "nan", "nat", "\\n", "n/a", "-", "--", "—", "/", "无"})


class BadDate(ValueError):
    """Raised by `as_moment` for a value that is no date; it does not quote the value."""


def as_text(value: object) -> str:
    """Return a cell as text: whole floats without `.0`, dates in ISO form, Excel's error words as nothing."""
    if value is None:
        return ""
    if isinstance(value, str):
        return "" if value in _EXCEL_ERRORS else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if not math.isfinite(value):
            return ""
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "\n".join(value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def as_identifier(value: object, most: int = 255) -> str | None:
    """Return an order number, telephone number or id as text, undoing what Excel does to long numbers.

    Args:
        most: characters; a longer one is replaced by its hash, which is as unique and always the same.
    """
    if value is None:
        return None
    text = unicodedata.normalize("NFKC", as_text(value)).strip().strip("'`").strip()
    if match := _WHOLE_FLOAT.fullmatch(text):
        text = match[1]
    elif _EXPONENT.fullmatch(text) and float(text).is_integer():
        text = str(int(float(text)))
    if not text.isprintable():
        text = "".join(character for character in text if character.isprintable())
    if not text or text.lower() in _EMPTY_WORDS:
        return None
    return text if len(text) <= most else "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def as_count(value: object) -> int:
    """Return a count such as 12, 12.0, "1,234" or "1.2万"; what is no count is 0."""
    if value is None:
        return 0
    text = unicodedata.normalize("NFKC", as_text(value)).replace(",", "").strip()
    factor = 10_000 if text.endswith(("万", "w", "W")) else 1
    try:
        number = float(text.rstrip("万wW次个赞 ")) * factor
    except ValueError:
        return 0
    return min(round(number), LARGEST_COUNT) if 0 <= number < math.inf else 0


def as_yes_no(value: object) -> bool | None:
    """Return what 是, 否, 公开, 不公开 … say; None when nothing is said."""
    if value is None:
        return None
    text = unicodedata.normalize("NFKC", as_text(value)).strip().lower()
    return True if text in _YES else False if text in _NO else None


def as_moment(value: object, zone: tzinfo, *, base_1904: bool = False) -> datetime | None:
    """Return a cell as an aware moment; None for an empty cell.

    Known are dates as text in Chinese and ISO forms, 8, 12 and 14 digits, Excel's serial numbers, and seconds,
    milliseconds and microseconds since 1970.

    Args:
        zone: of dates that name none.
        base_1904: the workbook counts days from 1904 (old Macintosh files).
    Raises:
        BadDate: there is something, and it is no date between 1900 and 2100.
    """
    if value is None:
        return None
    try:
        moment = _moment(value, base_1904=base_1904)
        if moment is None:
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        if moment.year not in _YEARS:
            raise BadDate("the year is out of range")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError) as error:
        raise BadDate("no date") from error


def _moment(value: object, *, base_1904: bool) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_number(float(value), base_1904=base_1904)
    text = unicodedata.normalize("NFKC", as_text(value)).strip().strip("'[]")
    if not text or text.lower() in _EMPTY_WORDS:
        return None
    if len(text) > 64:
        raise BadDate("too long for a date")
    if match := _DATE.fullmatch(text):
        return _from_parts(match)
    if match := _COMPACT.fullmatch(text):
        return _from_digits(match)
    if _NUMBER.fullmatch(text):
        return _from_number(float(text), base_1904=base_1904)
    try:
        return datetime.strptime(text, "%a %b %d %H:%M:%S %z %Y")  # as the Weibo interface writes it
    except ValueError:
        return parsedate_to_datetime(text)


def _from_parts(match: re.Match[str]) -> datetime:
    half = (match["half"] or match["half_after"] or "").upper()
    hour = int(match["hour"] or 0)
    if half in _AFTERNOON and hour < 12:
        hour += 12
    elif half in ("上午", "凌晨", "AM") and hour == 12:
        hour = 0
    elif half == "中午" and hour in (1, 2):
        hour += 12
    day = datetime(int(match["year"]), int(match["month"]), int(match["day"]))  # noqa: DTZ001
    if hour == 24 and not half:  # 24:00 is how some systems close a day.
        day, hour = day + timedelta(days=1), 0
    fraction = int((match["fraction"] or "0").ljust(6, "0")[:6])
    moment = day.replace(
        hour=hour, minute=int(match["minute"] or 0), second=int(match["second"] or 0), microsecond=fraction
    )
    zone = (match["zone"] or "").upper()
    if not zone:
        return moment
    if zone in ("Z", "UTC", "GMT"):
        return moment.replace(tzinfo=UTC)
    return moment.replace(tzinfo=datetime.strptime(zone.replace(":", ""), "%z").tzinfo)


def _from_digits(match: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
    return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001


def _from_number(number: float, *, base_1904: bool) -> datetime:
    if number.is_integer() and (match := _COMPACT.fullmatch(str(int(number)))) and int(match[1]) in _YEARS:
        return _from_digits(match)
    if int(number) in _SERIALS:
        # Excel believes that 1900 was a leap year, so its day 1 is counted from 1899-12-30 for all later dates.
        start = datetime(1904, 1, 1) if base_1904 else datetime(1899, 12, 30)  # noqa: DTZ001
        return start + timedelta(seconds=round(number * 86_400))
    for least, unit in _EPOCH_UNITS:
        if least <= number < least * 10:
            return datetime.fromtimestamp(number / unit, UTC)
    raise BadDate("a number that is no date")
