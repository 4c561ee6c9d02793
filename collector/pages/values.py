"""Dates as pages show them: with words around them."""

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

from collector.readers.values import BadDate, as_moment

_WITHIN = re.compile(
    r"(?<!\d)(?:19|20)\d{2}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}\s*[日号]?"
    r"(?:\s*[(（]?(?:星期|周)[一二三四五六日天][)）]?)?"
    r"(?:[\sT,　]*(?:凌晨|清晨|早上|早晨|上午|中午|下午|傍晚|晚上|[AaPp][Mm])?\s*"
    r"\d{1,2}\s*[:：时点]\s*(?:\d{1,2}\s*分?)?"
    r"(?:\s*(?:[:：]|(?<=分))\s*\d{1,2}(?:[.,]\d{1,9})?\s*秒?)?"
    r"(?:\s*[AaPp][Mm])?(?:\s*(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?)?"
)
# As interfaces written in .NET give it in JSON.
_DOTNET = re.compile(r"/Date\((\d{1,16})(?:[+-]\d{4})?\)/")


def moment_in(value: Any, zone: tzinfo) -> datetime | None:
    """Return the moment a page shows, also with words around it (发布时间：2026-11-20 10:00 来源…); None for a blank.

    Raises:
        BadDate: there is something, and no date in it; a date such as 3天前 is none.
    """
    if isinstance(value, str) and (stamp := _DOTNET.match(value)):
        value = int(stamp[1])
    try:
        return as_moment(value, zone)
    except BadDate:
        if not isinstance(value, str):
            raise
        match = _WITHIN.search(value[:2000])
        if match is None:
            raise
        return as_moment(match[0].strip(" ,，"), zone)


def latest(dates: Sequence[Any]) -> Any:
    """Return the latest of some dates as it was written, None of none; one that cannot be read is the earliest."""
    return max(dates, key=_comparable, default=None)


def _comparable(value: Any) -> float:
    try:
        moment = moment_in(value, UTC)
    except BadDate:
        return -math.inf
    return moment.timestamp() if moment else -math.inf
