"""What of a text may be shown as a reason: its words without personal data.

Reasons are seen by everyone who sees the answer, in tables and in the database, and so outlive the text.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from classifier.segment import Words, dictionary
from config.names import mask_names
from config.redact import NAME, mask

# A single one of these between the words of a text may be the surname of the next word.
_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑梁谢宋唐许韩冯邓曹彭肖田董袁潘蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金"
    "石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵严覃武戴莫孔汤阎傅洪季庞樊祝颜倪殷鲁解庄耿聂焦虞宁柴"
)
_NUMBER = re.compile(r"[\d@＠]|[A-Za-zＡ-Ｚａ-ｚ]{5}|[零〇○一二三四五六七八九幺]{4}")
_NUMBERS = re.compile(
    r"@|＠|\d{5}|\d(?:[^\d\n]\d){4}|\d[号栋幢座单室楼]|[A-Za-zＡ-Ｚａ-ｚ]{5}|[零〇○一二三四五六七八九幺\d]{7}"
)
# jieba's marks of names, of other proper names and of words it does not know.
_NAMES = ("nr", "nz", "x")
_ORDINARY = frozenset(("谢谢", "申报", "幼儿园", "老太太", "联网", "许可证", "盖章", "小姐姐", "养老", "多少", "张表"))
"""Words that jieba marks as names and that are frequent in messages."""
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_PLACEHOLDER = re.compile(r"\[[\u4e00-\u9fff]{2,3}\]")
_BLANKS = re.compile(r"\s+")


def whole(text: str) -> str:
    """Return a text with U+FFFD for halves of surrogate pairs, which broken exports hold and no file can store."""
    return _HALF_PAIR.sub("\ufffd", text)


def lone_surnames(words: Sequence[str]) -> list[int]:
    """Return which words of a text are a surname that stands alone, so that the next words may be the name to it."""
    if _SURNAMES.isdisjoint(words):
        return []
    return [place for place, word in enumerate(words) if word in _SURNAMES]


@lru_cache(maxsize=20_000)
def may_be(words: str, known: Any) -> str:
    """Tell what words may be part of: `number` (of a person, a house, an account), `name`, or nothing.

    They are looked at before the text is: masking every text would cost as much as everything else.

    Args:
        known: as `segment.dictionary` gives it; without one any word may be of a number or a name.
    """
    if known is None or _NUMBER.search(words):
        return "number"
    personal = any(
        word in _SURNAMES or (mark.startswith(_NAMES) and word not in _ORDINARY) for word, mark in known.tag(words)
    )
    return "name" if personal else ""


def without_names(text: str) -> str:
    """Return a text with its names masked, and nothing else."""
    once = mask_names(whole(text), NAME)
    # One mask may show where another name ends.
    return once if once == text else mask_names(once, NAME)


def masked(text: str) -> str:
    """Return a text as `mask` does, but with only a look for names where it holds nothing that numbers are made of."""
    text = whole(text)
    without_names = mask_names(text, NAME)
    return mask(text) if without_names != text or _NUMBERS.search(text) else text


def masked_words(words: str, text: str, own: Words = ()) -> str:
    """Return consecutive words of a text, without blanks and masked.

    What is a name or a number may be told only by what stands around the words; where the words alone do not tell
    it, nothing of them is returned.

    Args:
        own: the bureau's words, which are nobody's name.
    """
    words = _BLANKS.sub("", words)
    if not may_be(words, dictionary(own)):
        return words
    shown = _BLANKS.sub("", masked(text))
    if words in shown:
        return words
    told = mask(words)
    return told if all(part in shown for part in _PLACEHOLDER.split(told)) else ""
