"""From text to counts: the one vectoriser, used alike for training and for serving.

A text becomes its words and its runs of one to three characters. Digits are all written 0, so that the
length of a number remains and the number itself does not; full-width forms and capitals are folded.
The title counts twice.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import add

import numpy as np
from scipy import sparse

from classifier.segment import cut

FEATURES = 1
"""Number of this way of counting; a model made with another is refused, because its weights would not fit."""

HEAD_CHARS, TAIL_CHARS = 4000, 1000
"""Of a longer text only the beginning and the end are looked at: what is asked stands there."""

WORD, GRAM = "w", "g"

_DIGIT = re.compile("[1-9]")


def clip(text: str) -> str:
    """Return the part of a text that is looked at, in characters."""
    if len(text) <= HEAD_CHARS + TAIL_CHARS:
        return text
    return text[:HEAD_CHARS] + "\n" + text[-TAIL_CHARS:]


def fold(text: str) -> str:
    """Return a text with full-width forms, capitals and digits folded, and clipped."""
    folded = unicodedata.normalize("NFKC", clip(text)).lower()
    return _DIGIT.sub("0", clip(folded))


def words_of(text: str) -> list[str]:
    """Return the words of a text after folding, without blanks."""
    return [word for word in cut(fold(text)) if not word.isspace()]


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The known features in the order of their numbers, each with its mark: `w` word, `g` characters."""

    features: tuple[str, ...]

    @cached_property
    def words(self) -> dict[str, int]:
        """Numbers of the words."""
        return {name[1:]: number for number, name in enumerate(self.features) if name[0] == WORD}

    @cached_property
    def grams(self) -> dict[str, int]:
        """Numbers of the runs of characters."""
        return {name[1:]: number for number, name in enumerate(self.features) if name[0] == GRAM}

    @cached_property
    def longest_gram(self) -> int:
        """Length of the longest run of characters."""
        return max(map(len, self.grams), default=0)

    def numbers(self, words: Sequence[str]) -> list[int]:
        """Return the numbers of all known features of a text given as words, repeated as often as they occur."""
        found = [*map(self.words.get, words)]
        text = "".join(words)
        known = self.grams.get
        run: Iterable[str] = text
        for length in range(1, self.longest_gram + 1):
            if length > 1:
                run = [*map(add, run, text[length - 1 :])]
            found += map(known, run)
        return [number for number in found if number is not None]


def count(texts: Iterable[tuple[Sequence[str], Sequence[str]]], vocabulary: Vocabulary) -> sparse.csr_matrix:
    """Return one row a text: 1 + ln(times) of each known feature.

    Args:
        texts: title and body of each, as `words_of` gives them.
    """
    columns: list[int] = []
    starts = [0]
    for title, body in texts:
        if title:
            columns += vocabulary.numbers(title) * 2
        columns += vocabulary.numbers(body)
        starts.append(len(columns))
    matrix = sparse.csr_matrix(
        (np.ones(len(columns), np.float32), np.array(columns, np.int32), np.array(starts, np.int32)),
        shape=(len(starts) - 1, len(vocabulary.features)),
    )
    matrix.sum_duplicates()
    matrix.data = 1 + np.log(matrix.data)
    return matrix


def frequencies(groups: Iterable[Sequence[Sequence[str]]], longest_gram: int) -> Counter[str]:
    """Return in how many groups of texts each feature occurs; the stuff that vocabularies are chosen from.

    Args:
        groups: texts that tell of one matter or come from one author count once; each text as words.
        longest_gram: characters in the longest run.
    """
    seen: Counter[str] = Counter()
    for group in groups:
        features: set[str] = set()
        for words in group:
            text = "".join(words)
            features.update(WORD + word for word in words)
            for length in range(1, longest_gram + 1):
                features.update(GRAM + text[i : i + length] for i in range(len(text) - length + 1))
        seen.update(features)
    return seen
