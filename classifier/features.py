"""From text to counts: the one vectoriser, used alike for training and for serving.

A text becomes its words and its runs of one to three characters. Traditional characters are written as
simplified ones; digits are all written 0, so that the length of a number remains and the number itself does
not; full-width letters and capitals are folded.
The title counts twice. Beside them stand signals: names of rules that fit the text.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from classifier.segment import Words, cut
from classifier.simplify import simplified

FEATURES = 2
"""Number of this way of counting; a model made with another is refused, because its weights would not fit."""

HEAD_CHARS, TAIL_CHARS = 4000, 1000
"""Of a longer text only the beginning and the end are looked at: what is asked stands there."""

TITLE_TIMES = 2
"""How often a word of the title counts."""

WORD, GRAM, SIGNAL = "w", "g", "s"

Numbers = NDArray[np.int64]

_DIGIT = re.compile("[1-9]")

# Forms that NFKC would replace; most texts have none but the full-width marks, which are ordinary Chinese
# and are left as they are: normalising the whole text would cost as much as cutting it into words.
_FORMS = re.compile(
    "[\u00a0-\u00be\u2000-\u200a\u202f\u2070-\u209f\u2100-\u218f\u2460-\u24ff\u2e80-\u2fdf\u3000\u3130-\u318f"
    "\u3200-\u33ff\uf900-\ufaff\ufe30-\ufe6f\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff61-\uffef\ud800-\udfff]+"
)


class Read(NamedTuple):
    """A text as models see it: the words of its title and body, and its signals."""

    title: list[str]
    body: list[str]
    signals: tuple[str, ...] = ()


def clip(text: str) -> str:
    """Return the part of a text that is looked at, in characters."""
    if len(text) <= HEAD_CHARS + TAIL_CHARS:
        return text
    return text[:HEAD_CHARS] + "\n" + text[-TAIL_CHARS:]


def fold(text: str) -> str:
    """Return a text in simplified characters with full-width forms, capitals and digits folded, and clipped."""
    return _DIGIT.sub("0", simplified(clip(_FORMS.sub(_normal, clip(text)))).lower())


def _normal(match: re.Match[str]) -> str:
    # Half a surrogate pair is no character; broken exports hold such.
    return unicodedata.normalize("NFKC", match.group()).encode("utf-8", "ignore").decode()


def words_of(text: str, words: Words = ()) -> list[str]:
    """Return the words of a text after folding, without blanks.

    Args:
        words: a bureau's own, as `own_words` gives them.
    """
    # Blanks and controls sort before everything else; other rare blanks do no harm as words.
    return [word for word in cut(fold(text), words) if word > " "]


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The known features in the order of their numbers, each with its mark: `w` word, `g` characters, `s` signal."""

    features: tuple[str, ...]

    @cached_property
    def words(self) -> dict[str, int]:
        """Places of the words, counted from 1, so that a place is never taken for nothing."""
        return {name[1:]: place for place, name in enumerate(self.features, 1) if name[0] == WORD}

    @cached_property
    def signals(self) -> dict[str, int]:
        """Numbers of the signals."""
        return {name[1:]: number for number, name in enumerate(self.features) if name[0] == SIGNAL}

    @cached_property
    def grams(self) -> "GramTable":
        """The runs of characters."""
        return GramTable({name[1:]: number for number, name in enumerate(self.features) if name[0] == GRAM})


class GramTable:
    """Numbers of runs of one to three characters, found for a whole batch of texts at once.

    A run is one whole number, 21 bits a character; a table of slots says which known run may stand at the
    slot its hash names, or at one of the next few. This is twenty times faster than a dictionary of strings,
    which would have to make every run a string first.
    """

    def __init__(self, numbers: Mapping[str, int]) -> None:
        self.longest = max(map(len, numbers), default=0)
        # Place 0 stands for "none": no run has this key.
        self.numbers = np.array([-1, *numbers.values()], np.int64)
        self.keys = np.array([_NO_KEY, *map(_key, numbers)], np.uint64)
        self.shift = np.uint64(64 - max(10, len(numbers).bit_length() + 3))
        slots = self._slots(self.keys)
        self.table = np.zeros((1 << (64 - int(self.shift))) + len(numbers) + 1, np.int32)
        waiting = np.arange(1, len(numbers) + 1)
        self.steps = 0
        while len(waiting):
            there = slots[waiting] + self.steps
            free = self.table[there] == 0
            self.table[there[free]] = waiting[free]
            waiting = waiting[self.table[there] != waiting]
            self.steps += 1

    def find(self, texts: Sequence[str]) -> tuple[Numbers, Numbers]:
        """Return which text and which known run, for every place in the texts where a known run begins."""
        codes = np.frombuffer("\n".join([*texts, ""]).encode("utf-32-le"), np.uint32).astype(np.uint64)
        owner = np.repeat(np.arange(len(texts)), [len(text) + 1 for text in texts])
        keys = codes
        found = [self._look_up(keys)]
        for length in range(2, self.longest + 1):
            keys = (keys[:-1] << _CHAR_BITS) | codes[length - 1 :]
            found.append(self._look_up(keys))
        places = [np.flatnonzero(numbers >= 0) for numbers in found]
        return (
            np.concatenate([owner[place] for place in places]),
            np.concatenate([numbers[place] for numbers, place in zip(found, places, strict=True)]),
        )

    def _look_up(self, keys: NDArray[np.uint64]) -> Numbers:
        slots = self._slots(keys)
        places = self.table[slots]
        missed = self.keys[places] != keys
        # Where another run took the slot, the one looked for may stand in one of the next.
        waiting = np.flatnonzero(missed & (places > 0))
        places[missed] = 0
        for step in range(1, self.steps):
            there = self.table[slots[waiting] + step]
            hit = self.keys[there] == keys[waiting]
            places[waiting[hit]] = there[hit]
            waiting = waiting[~hit & (there > 0)]
        found: Numbers = self.numbers[places]
        return found

    def _slots(self, keys: NDArray[np.uint64]) -> Numbers:
        return ((keys * _SPREAD) >> self.shift).astype(np.int64)


_CHAR_BITS = np.uint64(21)
_NO_KEY = 2**64 - 1
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
"""An odd number near the golden ratio of 2 to the 64th: its product's high bits spread neighbouring keys."""


def _key(run: str) -> int:
    key = 0
    for character in run:
        key = key << int(_CHAR_BITS) | ord(character)
    return key


def count(texts: Sequence[Read], vocabulary: Vocabulary) -> sparse.csr_matrix:
    """Return one row a text: 1 + ln(times) of each known feature."""
    if not texts:
        return sparse.csr_matrix((0, len(vocabulary.features)), dtype=np.float32)
    get = vocabulary.words.get
    signals = vocabulary.signals
    places: list[int] = []
    lengths: list[int] = []
    joined: list[str] = []
    told: list[tuple[int, int]] = []
    for row, text in enumerate(texts):
        for words in (text.title, text.body):
            found = [*filter(None, map(get, words))]
            places += found
            lengths.append(len(found))
            joined.append("".join(words))
        # A signal counts once, as a word of the body does.
        told += [(2 * row + 1, signals[name]) for name in text.signals if name in signals]
    gram_parts, gram_numbers = vocabulary.grams.find(joined)
    signal_parts, signal_numbers = np.array(told, np.int64).reshape(-1, 2).T
    parts = np.concatenate([np.repeat(np.arange(len(lengths)), lengths), gram_parts, signal_parts])
    numbers = np.concatenate([np.array(places, np.int64) - 1, gram_numbers, signal_numbers])
    return _summed(parts, numbers, len(texts), len(vocabulary.features))


def _summed(parts: Numbers, numbers: Numbers, rows: int, width: int) -> sparse.csr_matrix:
    """Return the matrix of 1 + ln(times) from single occurrences.

    The occurrences come in a few runs, each in the order of the texts and of features of its own. So all entries
    of a column are in the order of the texts once they are dealt out by columns, and equal ones stand together:
    nothing is ever sorted, which would cost more than everything else here.

    Args:
        parts: of which part each occurrence is; even parts are titles.
    """
    texts = parts >> 1
    # A new run begins where the texts begin anew; each has rows of its own until the columns are dealt.
    runs = np.cumsum(np.diff(texts, prepend=0) < 0)
    most = int(runs[-1]) + 1 if len(runs) else 1
    starts = np.append(0, np.cumsum(np.bincount(runs * rows + texts, minlength=most * rows)))
    times = np.where(parts & 1, np.float32(1), np.float32(TITLE_TIMES))
    dealt = sparse.csr_matrix((times, numbers.astype(np.int32), starts), shape=(most * rows, width)).tocsc()
    columns = sparse.csc_matrix((dealt.data, dealt.indices % rows, dealt.indptr), shape=(rows, width))
    columns.has_sorted_indices = True
    columns.sum_duplicates()
    matrix = columns.tocsr()
    matrix.data = 1 + np.log(matrix.data)
    return matrix


def frequencies(groups: Iterable[Sequence[Read]], longest_gram: int) -> Counter[str]:
    """Return in how many groups of texts each feature occurs; the stuff that vocabularies are chosen from.

    Args:
        groups: texts that tell of one matter or come from one author count once.
        longest_gram: characters in the longest run.
    """
    seen: Counter[str] = Counter()
    for group in groups:
        features: set[str] = set()
        for text in group:
            features.update(SIGNAL + name for name in text.signals)
            for words in (text.title, text.body):
                joined = "".join(words)
                features.update(WORD + word for word in words)
                for length in range(1, longest_gram + 1):
                    features.update(GRAM + joined[i : i + length] for i in range(len(joined) - length + 1))
        seen.update(features)
    return seen
