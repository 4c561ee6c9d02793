"""Answers with confidence and reasons, or an abstention. Pure: nothing is read or written.

One look into the vocabulary and one sparse product answer every question of a batch; the words that weigh
most for the answer given are its reasons.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from classifier.confidence import chances_of, sureness
from classifier.dismissing import dismissible
from classifier.features import WORD, Read, clip, count, words_of
from classifier.owners import fitted
from classifier.polarity import POLARITY_THRESHOLD, polarity
from classifier.reasons import lone_surnames, masked, may_be, whole, without_names
from classifier.segment import dictionary
from classifier.simplify import simplified
from classifier.store import QUESTIONS, Bundle, Floats, Served
from classifier.urgency import Signal, reasons, signals_in
from config.logs import get_logger
from config.profile import INVALID, Profile

log = get_logger(__name__)

Ints = NDArray[np.int_]

POSTS = "posts"
NEUTRAL = "中性"
REASONS = 5
LOOKED_AT = 10
"""Of a text's features, the weightiest so many are turned into words; some become the same word, some none."""
LEAST_PART = 0.2
"""What a feature must weigh to be a reason, beside the weightiest of the text."""
LONGEST_REASON = 8
LONGEST_NAME = 3
"""Characters of a name, beginning with a surname that stands alone: what stands so near to it may be the rest."""
TOGETHER = 128
"""Texts looked at together: enough to share the work of an array operation, few enough to stay near the processor."""
LEAST_LENGTH = np.float32(1e-6)


@dataclass(frozen=True)
class TextIn:
    """A text to answer for; the channel, where known, decides whether its emotion is of interest."""

    title: str
    body: str
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The best guess to every question; those in `abstained` are for a person to decide.

    Args:
        emotion: None where it is not asked for: any channel but posts.
        abstained: questions whose confidence is under the threshold.
        why: of each question up to five words of the text that decided; none of a name, number or address.
    """

    category: str
    category_confidence: float
    owner: str
    owner_confidence: float
    kind: str
    kind_confidence: float
    sentiment: str
    sentiment_confidence: float
    emotion: str | None
    emotion_confidence: float | None
    urgency: str
    urgency_confidence: float
    abstained: tuple[str, ...]
    why: dict[str, list[str]]


NOTHING_SAID = {
    "category": "其他",
    "owner": INVALID,
    "kind": "咨询",
    "sentiment": "中性",
    "emotion": "surprise",
    "urgency": "低",
}
"""The guesses for a text without one known word."""


def predict(bundle: Bundle, profile: Profile, texts: Sequence[TextIn]) -> list[Answer]:
    """Answer every question for every text, in order.

    Owners are those of the profile, whatever the bundle learned. A text without a known word, or without any
    letter, is guessed 无效 and everything about it left to a person.
    """
    bundle = fitted(bundle, profile)
    return [
        answer
        for start in range(0, len(texts), TOGETHER)
        for answer in _answers(bundle, texts[start : start + TOGETHER])
    ]


def _answers(bundle: Bundle, texts: Sequence[TextIn]) -> Iterator[Answer]:
    served = bundle.served
    raws = [whole(f"{clip(text.title)}\n{clip(text.body)}") for text in texts]
    plains = [*map(simplified, raws)]
    found = [*map(signals_in, raws, plains)]
    reads = [
        Read(
            words_of(text.title, bundle.words),
            words_of(text.body, bundle.words),
            tuple([signal.feature for signal in told]),
        )
        for text, told in zip(texts, found, strict=True)
    ]
    counts = count(reads, served.vocabulary)
    columns, sure, emotions = _best(bundle, counts)
    names, features = list(bundle.questions), served.vocabulary.features
    without_emotion = [name for name in names if name != "emotion"]
    reasons_of = _weightiest(counts, served, columns, names if any(map(asks_emotion, texts)) else without_emotion)
    unknown = [name for name in QUESTIONS if name not in bundle.questions]
    known = dictionary(bundle.words)
    empty = (np.diff(counts.indptr) == 0).tolist()
    stances = None if emotions is None else polarity(bundle.questions["emotion"].labels, emotions)
    answers = dict(zip(names, columns.T.tolist(), strict=True))
    chances = dict(zip(names, sure.T.tolist(), strict=True))
    for row, (text, read) in enumerate(zip(texts, reads, strict=True)):
        if empty[row] or not any(map(str.isalnum, chain(read.title, read.body))):
            yield nothing_known(text)
            continue
        reader = _Reader(raws[row], plains[row], read.title + read.body, known)
        said, confidence, why = dict(NOTHING_SAID), dict.fromkeys(QUESTIONS, 0.0), {}
        abstained = list(unknown)
        for name in names if asks_emotion(text) else without_emotion:
            question = bundle.questions[name]
            said[name] = question.labels[answers[name][row] - served.columns[name].start]
            confidence[name] = round(chances[name][row], 4)
            why[name] = reader.phrases(map(features.__getitem__, reasons_of[name][row]))
            if chances[name][row] < question.threshold:
                abstained.append(name)
            if (
                name == "owner"
                and said[name] == INVALID
                and name not in abstained
                and not dismissible(reader.plain, chances[name][row])
            ):
                abstained.append(name)
        if text.channel == POSTS and stances:
            _take_stance(stances[0][row], stances[1][row], said, confidence, abstained, why)
        if "urgency" in why:
            why["urgency"] = _with_signals(found[row], said["urgency"], reader.plain, why["urgency"])
        yield _answer(text, said, confidence, abstained, why)


def scores_of(bundle: Bundle, counts: sparse.csr_matrix) -> dict[str, Floats]:
    """Return each question's scores, one row a text and one column a label; what the learner said in training.

    Args:
        counts: of the texts, over the vocabulary of `bundle.served`.
    """
    served = bundle.served
    squares = sparse.csr_matrix((counts.data * counts.data, counts.indices, counts.indptr), shape=counts.shape)
    lengths = np.maximum(np.sqrt(squares @ served.rarity), LEAST_LENGTH)
    products = counts @ served.weights
    return {
        name: products[:, served.columns[name]] / lengths[:, place : place + 1] + question.bias
        for place, (name, question) in enumerate(bundle.questions.items())
    }


def _best(bundle: Bundle, counts: sparse.csr_matrix) -> tuple[Ints, Floats, Floats | None]:
    """Return which column of the weights each question's best answer is, and how sure it is: one row a text.

    The third are the chances of all emotions; None where the bundle has none.
    """
    shape = counts.shape[0], len(bundle.questions)
    columns, sure = np.empty(shape, np.int64), np.empty(shape, np.float32)
    emotions = None
    for place, (name, scores) in enumerate(scores_of(bundle, counts).items()):
        question = bundle.questions[name]
        chances = chances_of(scores, question.slope)
        columns[:, place] = bundle.served.columns[name].start + chances.argmax(1)
        sure[:, place] = sureness(chances, question.trust)
        if name == "emotion":
            emotions = chances
    return columns, sure, emotions


def _take_stance(
    stance: str,
    sure: float,
    said: dict[str, str],
    confidence: dict[str, float],
    abstained: list[str],
    why: dict[str, list[str]],
) -> None:
    """Put the stance that a post's emotion tells in the place of the one that letters taught."""
    if sure < POLARITY_THRESHOLD and said["sentiment"] == NEUTRAL and "sentiment" not in abstained:
        return
    said["sentiment"], confidence["sentiment"], why["sentiment"] = stance, round(sure, 4), why["emotion"]
    if "sentiment" in abstained:
        abstained.remove("sentiment")
    if sure < POLARITY_THRESHOLD:
        abstained.append("sentiment")


def _weightiest(
    counts: sparse.csr_matrix, served: Served, columns: Ints, names: Sequence[str]
) -> dict[str, list[list[int]]]:
    """Return for each of some questions and each text the features that speak most for the answer, weightiest first.

    Features without meaning to a reader (marks, numbers) are left out, and those that weigh little beside the
    weightiest one.
    """
    rows, width = counts.shape[0], served.weights.shape[1]
    told = np.flatnonzero(served.readable[counts.indices])
    numbers, values = counts.indices[told], counts.data[told]
    of = np.repeat(np.arange(rows), np.diff(counts.indptr))[told]
    starts = np.flatnonzero(np.diff(of, prepend=-1))
    if not len(starts):
        return {name: [[]] * rows for name in names}
    lengths = np.diff(starts, append=len(of))
    places, weights = numbers * np.int64(width), served.weights.ravel()
    found = {}
    for name in names:
        column = columns[:, list(served.columns).index(name)]
        shares = weights.take(places + column.take(of)) * values
        least = np.maximum(np.maximum.reduceat(shares, starts) * LEAST_PART, LEAST_LENGTH)
        chosen = np.flatnonzero(shares > np.repeat(least, lengths))
        owners = of[chosen]
        order = np.lexsort((-shares[chosen], owners))
        edges = np.searchsorted(owners, np.arange(rows + 1)).tolist()
        ranked = numbers[chosen[order]].tolist()
        found[name] = [ranked[start : min(end, start + LOOKED_AT)] for start, end in pairwise(edges)]
    return found


def _with_signals(found: Sequence[Signal], level: str, plain: str, words: Sequence[str]) -> list[str]:
    """Return the reasons of urgency: signals of the level first, then the words that they do not tell already."""
    told = reasons(found, level, plain)
    already = simplified("".join(told))
    return [*told, *(word for word in words if simplified(word) not in already)][:REASONS]


def predict_each(bundle: Bundle, profile: Profile, texts: Sequence[TextIn]) -> tuple[list[Answer], list[int]]:
    """Answer as `predict` does, but let no text hold up the others.

    Returns:
        The answers, and the places of the texts that could not be looked at and were left to a person.
    """
    try:
        return predict(bundle, profile, texts), []
    except Exception as error:
        if len(texts) == 1:
            log.error("text_failed", error=type(error).__name__)
            return [nothing_known(texts[0])], [0]
    answers, failed = [], []
    for place, text in enumerate(texts):
        answer, broken = predict_each(bundle, profile, [text])
        answers += answer
        failed += [place] * len(broken)
    return answers, failed


def asks_emotion(text: TextIn) -> bool:
    """Tell whether the emotion of a text is of interest: of posts, and where no channel is known."""
    return text.channel in (None, POSTS)


def nothing_known(text: TextIn) -> Answer:
    """Return the answer for a text of which nothing is known: guesses, all left to a person."""
    return _answer(text, NOTHING_SAID, dict.fromkeys(QUESTIONS, 0.0), list(QUESTIONS), {})


def _answer(
    text: TextIn,
    said: Mapping[str, str],
    confidence: Mapping[str, float],
    abstained: Sequence[str],
    why: dict[str, list[str]],
) -> Answer:
    asked = asks_emotion(text)
    left = [name for name in QUESTIONS if name in abstained and (name != "emotion" or asked)]
    return Answer(
        category=said["category"],
        category_confidence=confidence["category"],
        owner=said["owner"],
        owner_confidence=confidence["owner"],
        kind=said["kind"],
        kind_confidence=confidence["kind"],
        sentiment=said["sentiment"],
        sentiment_confidence=confidence["sentiment"],
        emotion=said["emotion"] if asked else None,
        emotion_confidence=confidence["emotion"] if asked else None,
        urgency=said["urgency"],
        urgency_confidence=confidence["urgency"],
        abstained=tuple(left),
        why=why,
    )


class _Reader:
    """Turns features back into words of the text as its author wrote them."""

    def __init__(self, raw: str, plain: str, words: list[str], known: Any) -> None:
        self.raw = raw
        self.plain = plain
        self.dictionary = known
        self.words = words
        self.joined = "".join(words)
        self.starts = [0, *accumulate(map(len, words))]
        self.surnames = [self.starts[place] for place in lone_surnames(words)]
        self.known: dict[str, str] = {}
        self.written: dict[str, str] = {}

    def phrases(self, features: Iterable[str]) -> list[str]:
        """Return the first few different words behind features, in their order."""
        found: list[str] = []
        for feature in features:
            phrase = self.known.get(feature)
            if phrase is None:
                phrase = self.known[feature] = self._phrase(feature)
            if phrase and not _told(phrase, found):
                found.append(phrase)
                if len(found) == REASONS:
                    break
        return found

    def _phrase(self, feature: str) -> str:
        """Return the word, or the words next to each other, around a feature; nothing if unreadable."""
        name = feature[1:]
        at = self.joined.find(name)
        if feature[0] != WORD or len(name) < 2:
            first = bisect_right(self.starts, at) - 1
            last = bisect_right(self.starts, at + len(name) - 1)
            name = "".join(self.words[first:last]) if last - first > 1 else self.words[first]
            at = self.starts[first]
        # A word, its characters and its pairs of characters all lead here.
        phrase = self.written.get(name)
        if phrase is None:
            phrase = self.written[name] = self._written(name, at)
        return phrase

    def _written(self, name: str, at: int) -> str:
        """Return how words of the folded text stand in the text itself; nothing if they may not be shown.

        Args:
            at: where they stand in the folded text.
        """
        if not 2 <= len(name) <= LONGEST_REASON or not name.isalpha():
            return ""
        start = self.plain.find(name)
        if start < 0:
            # Folding wrote capitals small.
            start = self.plain.lower().find(name)
        # Whether it is personal is told by simplified characters; it is shown as it was written.
        end = start + len(name)
        return self.raw[start:end] if start >= 0 and self._may_show(self.plain[start:end], at) else ""

    def _may_show(self, phrase: str, at: int) -> bool:
        kind = may_be(phrase, self.dictionary)
        if kind == "number":
            return phrase in self._masked
        if kind == "name" or (self.surnames and self._near_a_surname(at, at + len(phrase))):
            return phrase in self._without_names
        return True

    def _near_a_surname(self, start: int, end: int) -> bool:
        return any(surname < end and start < surname + LONGEST_NAME for surname in self.surnames)

    @cached_property
    def _masked(self) -> str:
        return masked(self.plain)

    @cached_property
    def _without_names(self) -> str:
        return without_names(self.plain)


def _told(phrase: str, found: Sequence[str]) -> bool:
    """Tell whether a phrase says, or is said by, one that is there already."""
    for other in found:  # noqa: SIM110 - a generator for `any` costs more than the search.
        if phrase in other or other in phrase:
            return True
    return False
