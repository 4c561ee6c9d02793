"""Chinese words as jieba cuts them, at the speed of its Rust twin.

rjieba knows the same dictionary and the same model of unknown words, and differs from jieba in two places:
it leaves runs of Latin letters, digits and marks in one piece, and it takes rare ideographs for ordinary
ones. Both are put right here, so that the tokens are jieba's own. Where rjieba has no build for the
machine, jieba itself is used.
"""

import logging
import re
import warnings
from functools import cache
from typing import Any

try:
    import rjieba
except ImportError:  # No wheel for this machine; slower, with the same words.
    rjieba = None  # type: ignore[assignment]

# The three patterns are jieba's: what a block is, how Latin runs are cut, and which blanks stay whole.
_BLOCK = re.compile(r"([\u4E00-\u9FD5a-zA-Z0-9+#&\._%\-]+)")
_LATIN = re.compile(r"([a-zA-Z0-9]+(?:\.\d+)?%?)")
_BLANK = re.compile(r"(\r\n|\s)")
# Only runs with a mark in them are cut differently.
_MARKED = re.compile(r"[+#&._%\-][a-zA-Z0-9+#&._%\-]|[a-zA-Z0-9][+#&._%\-]")
_RARE = re.compile(r"[\u3400-\u4DBF\u9FD6-\u9FFF\uF900-\uFAFF\U00020000-\U0003FFFF]")


def cut(text: str) -> list[str]:
    """Return the words of a text in order; joined again they are the text."""
    if rjieba is None:
        return cut_slowly(text)
    if _RARE.search(text):
        words = []
        for block in _BLOCK.split(text):
            if _BLOCK.match(block):
                words += _cut_block(block)
            else:
                for part in _BLANK.split(block):
                    words += [part] if _BLANK.match(part) else list(part)
        return words
    return _cut_block(text)


def cut_slowly(text: str) -> list[str]:
    """Return what jieba itself says; the measure of `cut`, and its stand-in."""
    words: list[str] = _plain_jieba().lcut(text)
    return words


def _cut_block(text: str) -> list[str]:
    words: list[str] = rjieba.cut(text)
    if not _MARKED.search(text):
        return words
    again = []
    for word in words:
        if len(word) > 1 and _MARKED.search(word) and not _dictionary().has_word(word):
            again += [part for part in _LATIN.split(word) if part]
        else:
            again.append(word)
    return again


@cache
def _dictionary() -> Any:
    return rjieba.Jieba()


@cache
def _plain_jieba() -> Any:
    with warnings.catch_warnings():
        # jieba 0.42 was written for older Pythons: its patterns and its use of pkg_resources warn at import.
        warnings.simplefilter("ignore")
        import jieba

    jieba.setLogLevel(logging.ERROR)
    tokenizer = jieba.Tokenizer()
    # jieba keeps its prefix table under a name that everybody on the machine may write, and reads it back
    # with marshal; building it anew costs half a second and trusts nobody.
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    return tokenizer
