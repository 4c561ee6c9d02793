"""Chinese words as jieba cuts them, at the speed of its Rust twin.

rjieba knows the same dictionary and the same model of unknown words, and differs from jieba in two places:
it leaves runs of Latin letters, digits and marks in one piece, and it takes rare ideographs for ordinary
ones. Both are put right here, so that the tokens are jieba's own. Where rjieba has no build for the
machine, jieba itself is used.

A bureau's own words (names, places, terms of statistics) are added to a dictionary of their own: those of one
model never reach another, nor anybody else's jieba.
"""

import logging
import re
import warnings
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

from classifier.simplify import simplified
from config.profile import Profile


def _load() -> ModuleType | None:
    """Return the compiled part of rjieba, whose package would make a dictionary of its own at import."""
    package = find_spec("rjieba")
    spec = PathFinder.find_spec("rjieba.rjieba", package.submodule_search_locations) if package else None
    if spec is None or spec.loader is None:
        return None  # No wheel for this machine; slower, with the same words.
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


rjieba = _load()

# The three patterns are jieba's: what a block is, how Latin runs are cut, and which blanks stay whole.
_BLOCK = re.compile(r"([\u4E00-\u9FD5a-zA-Z0-9+#&\._%\-]+)")
_LATIN = re.compile(r"([a-zA-Z0-9]+(?:\.\d+)?%?)")
_BLANK = re.compile(r"(\r\n|\s)")
# Only runs with a mark in them are cut differently.
_MARKED = re.compile(r"[+#&._%\-][a-zA-Z0-9+#&._%\-]|[a-zA-Z0-9][+#&._%\-]")
_RARE = re.compile(r"[\u3400-\u4DBF\u9FD6-\u9FFF\uF900-\uFAFF\U00020000-\U0003FFFF]")


_OWN = re.compile(r"[\u4E00-\u9FD5]{2,16}")

FORCED = 2000
"""Times that an own word is said to occur: more than any two words of the dictionary would need to be preferred
(the most frequent one occurs 318,825 times in 60 million, and 318,825 squared over 60 million is 1,691)."""

_TAG = "n"
"""The part of speech of an own word: a noun, so that it is never taken for a person's name."""

Words = tuple[str, ...]


def own_words(profile: Profile) -> Words:
    """Return the words that a bureau adds to the dictionary: its list, its names, those of sections and bodies.

    They are written as texts are when they are cut, in order and without repetition; a name with anything but
    ideographs in it is left out, because no dictionary is asked about such runs.
    """
    bureau = profile.bureau
    owners = [one.name for one in profile.sections] + [one.name for one in profile.bodies]
    return _written({*bureau.words, bureau.name, bureau.short_name, bureau.region, *owners})


def _written(words: Iterable[str]) -> Words:
    return tuple(sorted(word for word in map(simplified, words) if _OWN.fullmatch(word)))


def cut(text: str, words: Words = ()) -> list[str]:
    """Return the words of a text in order; joined again they are the text.

    Args:
        words: added to the dictionary, as `own_words` gives them.
    """
    if rjieba is None:
        return cut_slowly(text, words)
    if _RARE.search(text):
        found = []
        for block in _BLOCK.split(text):
            if _BLOCK.match(block):
                found += _cut_block(block, words)
            else:
                for part in _BLANK.split(block):
                    found += [part] if _BLANK.match(part) else list(part)
        return found
    return _cut_block(text, words)


def cut_slowly(text: str, words: Words = ()) -> list[str]:
    """Return what jieba itself says; the measure of `cut`, and its stand-in."""
    found: list[str] = _jieba(words).lcut(text)
    return found


def _cut_block(text: str, words: Words) -> list[str]:
    known = dictionary(words)
    found: list[str] = known.cut(text)
    if not _MARKED.search(text):
        return found
    again = []
    for word in found:
        if len(word) > 1 and _MARKED.search(word) and not known.has_word(word):
            again += [part for part in _LATIN.split(word) if part]
        else:
            again.append(word)
    return again


@lru_cache(maxsize=4)
def dictionary(words: Words = ()) -> Any:
    """Return rjieba with a bureau's own words; None where rjieba has no build for this machine."""
    if rjieba is None:
        return None
    found = rjieba.Jieba()
    for word in words:
        # What the dictionary cuts whole already keeps its own frequency.
        if found.cut(word, hmm=False) != [word]:
            found.add_word(word, FORCED, _TAG)
    return found


@lru_cache(maxsize=4)
def _jieba(words: Words) -> Any:
    plain = _plain_jieba()
    if not words:
        return plain
    tokenizer = type(plain)()
    tokenizer.FREQ, tokenizer.total, tokenizer.initialized = dict(plain.FREQ), plain.total, True
    for word in words:
        if tokenizer.lcut(word, HMM=False) != [word]:
            # As above: a word whose frequency changes is counted once.
            tokenizer.total -= tokenizer.FREQ.get(word, 0)
            tokenizer.add_word(word, FORCED)
    return tokenizer


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
    tokenizer.FREQ, _ = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    # jieba adds a word that stands twice in its dictionary twice, rjieba once; between two ways to cut that are
    # equally likely (掏|心掏, 掏心|掏) the last digit of the total decides.
    tokenizer.total = sum(tokenizer.FREQ.values())
    tokenizer.initialized = True
    return tokenizer
