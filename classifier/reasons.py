"""What of a text may be shown as a reason: its words without personal data.

Reasons are seen by everyone who sees the answer, in tables and in the database, and so outlive the text.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from config.names import mask_names
from config.redact import NAME, mask

try:
    import rjieba
except ImportError:  # No wheel for this machine: no word is known to be ordinary, so that every one is looked at.
    rjieba = None  # type: ignore[assignment]

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


def names_possible(words: Sequence[str]) -> bool:
    """Tell whether a surname stands alone among the words of a text, so that any other word may be the name to it."""
    return not _SURNAMES.isdisjoint(words)


@lru_cache(maxsize=20_000)
def may_be_personal(words: str) -> bool:
    """Tell whether words may be part of a name, number or address; masking every text would cost a third more."""
    if rjieba is None or _NUMBER.search(words):
        return True
    return any(
        word in _SURNAMES or (mark.startswith(_NAMES) and word not in _ORDINARY) for word, mark in rjieba.tag(words)
    )


def masked(text: str) -> str:
    """Return a text as `mask` does, but with only a look for names where it holds nothing that numbers are made of."""
    text = whole(text)
    without_names = mask_names(text, NAME)
    return mask(text) if without_names != text or _NUMBERS.search(text) else text


def masked_words(words: str, text: str) -> str:
    """Return consecutive words of a text, without blanks and masked.

    What is a name or a number may be told only by what stands around the words; where the words alone do not tell
    it, nothing of them is returned.
    """
    words = _BLANKS.sub("", words)
    if not may_be_personal(words):
        return words
    shown = _BLANKS.sub("", masked(text))
    if words in shown:
        return words
    told = mask(words)
    return told if all(part in shown for part in _PLACEHOLDER.split(told)) else ""
