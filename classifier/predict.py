"""Answers with confidence and reasons, or an abstention. Pure: nothing is read or written.

One look into the vocabulary and one sparse product answer every question of a batch; the words that weigh
most for the answer given are its reasons.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from classifier.features import WORD, Read, clip, count, words_of
from classifier.owners import fitted
from classifier.reasons import masked, may_be_personal, names_possible
from classifier.store import QUESTIONS, Bundle, Floats
from classifier.urgency import reasons, signals
from config.logs import get_logger
from config.profile import INVALID, Profile

log = get_logger(__name__)

Ints = NDArray[np.int_]

POSTS = "posts"
REASONS = 5
LOOKED_AT = 10
"""Of a text's features, the weightiest so many are turned into words; some become the same word, some none."""
LONGEST_REASON = 8


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
    if not texts:
        return []
    bundle = fitted(bundle, profile)
    served = bundle.served
    found = [signals(text.title, text.body) for text in texts]
    reads = [
        Read(words_of(text.title), words_of(text.body), tuple([signal.feature for signal in told]))
        for text, told in zip(texts, found, strict=True)
    ]
    counts = count(reads, served.vocabulary)
    lengths = np.sqrt(counts.multiply(counts) @ served.rarity)
    products = counts @ served.weights
    columns = np.empty((len(texts), len(bundle.questions)), np.int64)
    best: dict[str, list[int]] = {}
    sure: dict[str, list[float]] = {}
    for number, (name, question) in enumerate(bundle.questions.items()):
        length = np.maximum(lengths[:, number : number + 1], 1e-6)
        scores = products[:, served.columns[name]] / length + question.bias
        chances = softmax(question.slope * scores, axis=1)
        best[name] = chances.argmax(1).tolist()
        sure[name] = chances.max(1).tolist()
        columns[:, number] = served.columns[name].start + chances.argmax(1)
    features = served.vocabulary.features
    questions = list(bundle.questions.items())
    everything = list(range(len(questions)))
    without_emotion = [place for place in everything if questions[place][0] != "emotion"]
    answers = []
    for row, (text, read) in enumerate(zip(texts, reads, strict=True)):
        inside = slice(counts.indptr[row], counts.indptr[row + 1])
        if inside.start == inside.stop or not any(map(str.isalnum, chain(read.title, read.body))):
            answers.append(nothing_known(text))
            continue
        reader = _Reader(text, read.title + read.body)
        said, confidence, why = dict(NOTHING_SAID), dict.fromkeys(QUESTIONS, 0.0), {}
        abstained = [name for name in QUESTIONS if name not in bundle.questions]
        asked = everything if asks_emotion(text) else without_emotion
        weightiest = _weightiest(counts.indices[inside], counts.data[inside], served.readable, columns[row][asked])
        for place, numbers in zip(asked, weightiest, strict=True):
            name, question = questions[place]
            said[name] = question.labels[best[name][row]]
            confidence[name] = round(sure[name][row], 4)
            why[name] = reader.phrases([features[number] for number in numbers])
            if sure[name][row] < question.threshold:
                abstained.append(name)
        if "urgency" in why:
            told = reasons(found[row], said["urgency"], reader.raw)
            why["urgency"] = [*told, *(word for word in why["urgency"] if word not in "".join(told))][:REASONS]
        answers.append(_answer(text, said, confidence, abstained, why))
    return answers


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


def _weightiest(numbers: Ints, values: Floats, readable: Floats, columns: Ints) -> list[list[int]]:
    """Return for each column the features of a text that speak most for it, weightiest first."""
    shares = readable[columns[:, None], numbers] * values
    if len(numbers) > LOOKED_AT:
        top = np.argpartition(shares, -LOOKED_AT, axis=1)[:, -LOOKED_AT:]
    else:
        top = np.broadcast_to(np.arange(len(numbers)), shares.shape)
    order = np.argsort(-np.take_along_axis(shares, top, 1), axis=1, kind="stable")
    found: list[list[int]] = numbers[np.take_along_axis(top, order, 1)].tolist()
    return found


class _Reader:
    """Turns features back into words of the text as its author wrote them."""

    def __init__(self, text: TextIn, words: list[str]) -> None:
        self.raw = f"{clip(text.title)}\n{clip(text.body)}"
        self.names_possible = names_possible(words)
        self.words = words
        self.joined = "".join(words)
        self.starts = [0, *accumulate(map(len, words))]
        self.known: dict[str, str] = {}

    def phrases(self, features: Sequence[str]) -> list[str]:
        """Return the first few different words behind features, in their order."""
        found: list[str] = []
        for feature in features:
            phrase = self.known.get(feature)
            if phrase is None:
                phrase = self.known[feature] = self._phrase(feature)
            if phrase and not any(phrase in other or other in phrase for other in found):
                found.append(phrase)
                if len(found) == REASONS:
                    break
        return found

    def _phrase(self, feature: str) -> str:
        """Return the word, or the words next to each other, around a feature; nothing if unreadable."""
        name = feature[1:]
        if feature[0] != WORD or len(name) < 2:
            start = self.joined.find(name)
            first = bisect_right(self.starts, start) - 1
            last = bisect_right(self.starts, start + len(name) - 1)
            name = "".join(self.words[first:last]) if last - first > 1 else self.words[first]
        if not 2 <= len(name) <= LONGEST_REASON or not name.isalpha():
            return ""
        if name in self.raw:
            return name if self._may_show(name) else ""
        # Folding wrote capitals small.
        start = self.raw.lower().find(name)
        written = self.raw[start : start + len(name)]
        return written if start >= 0 and self._may_show(written) else ""

    def _may_show(self, phrase: str) -> bool:
        return not (self.names_possible or may_be_personal(phrase)) or phrase in self._masked

    @cached_property
    def _masked(self) -> str:
        return masked(self.raw)
