"""Which messages to label next: those from whose labels the model in service would learn most."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from scipy import sparse
from sqlalchemy.orm import Session

from classifier.features import clip, fold, words_of
from classifier.labels import ACCEPTED, check_question
from classifier.tables import Label, ModelVersion, Prediction
from collector.access import EVERYONE, Viewer, visible_to
from collector.tables import Message
from config.context import Context
from config.redact import mask

LEAST_SURE = 3_000
"""So many of the least sure messages are looked at, so that copies of one letter do not fill the pool."""
POOL = 400
"""Of them, once equal texts are one, so many are compared by their words."""
KNOWN = 400
"""So many of the newest labelled messages are compared too: a copy of one teaches little."""
NEAR = 0.5
"""Texts at least so alike, as the cosine of their weighted words, are one matter."""

TITLE_CHARS = 40


@dataclass(frozen=True)
class Useful:
    """A message worth labelling.

    Args:
        message_id: its number in the database.
        guess, confidence: the answer of the version in service.
        title: masked; the first words of the body where it has none.
    """

    message_id: int
    source: str
    external_id: str
    channel: str
    guess: str
    confidence: float
    title: str


def most_useful(ctx: Context, question: str, limit: int, viewer: Viewer) -> list[Useful]:
    """Return the unlabelled messages from whose labels the model would learn most, the most useful first.

    The rule: the messages of which the version in service is least sure form a pool, equal texts counted once.
    From it the message with the greatest doubt times distance is taken again and again. Doubt is 1 - confidence.
    Distance is 1 - likeness to the nearest message that was taken before or is labelled already, by words weighted
    by their rarity; what is nearly a copy of one of these is never taken, even if fewer than *limit* remain. Doubt
    alone would ask for one matter many times; distance alone would ask for oddities of which the model is sure.

    A mere accept leaves a message unlabelled, since nothing is learned from it. A message of which nothing could be
    said (no known word) is taken only where the version says nothing of any. Restricted messages are never returned,
    whoever asks, because they are never learned from. Same data, same answer.

    Raises:
        LabelError: no such question.
    """
    check_question(question)
    with ctx.database.reading() as session:
        pool = _pool(session, question, viewer)
        known = _known(session, question, viewer)
    if not pool:
        return []
    words = [_words(row.title, row.body) for row in pool] + [_words(row.title, row.body) for row in known]
    weighted = _weighted(words)
    doubt = np.array([1 - row.confidence for row in pool])
    chosen = spread(doubt, weighted[: len(pool)], weighted[len(pool) :], limit)
    return [
        Useful(
            message_id=row.id,
            source=row.source,
            external_id=row.external_id,
            channel=row.channel,
            guess=row.guess,
            confidence=row.confidence,
            title=_title(row.title, row.body),
        )
        for row in (pool[place] for place in chosen)
    ]


def spread(doubt: NDArray[np.float64], pool: sparse.csr_matrix, known: sparse.csr_matrix, limit: int) -> list[int]:
    """Return places of the pool, the greatest doubt times distance first; of equal ones the earlier.

    Args:
        doubt: of each text of the pool, 0 to 1.
        pool, known: a row of length 1 a text.
    """
    likeness = np.zeros(len(doubt))
    if known.shape[0]:
        likeness = (pool @ known.T).max(axis=1).toarray().ravel()
    chosen: list[int] = []
    while len(chosen) < min(limit, len(doubt)):
        worth = np.where(likeness < NEAR, doubt * (1 - likeness), -1.0)
        place = int(worth.argmax())
        if worth[place] < 0:
            break
        chosen.append(place)
        likeness = np.maximum(likeness, (pool @ pool[place].T).toarray().ravel())
        # A text without words is like nothing, itself included.
        likeness[place] = 1.0
    return chosen


def _pool(session: Session, question: str, viewer: Viewer) -> list[sa.Row[Any]]:
    """Return unlabelled messages with what the version in service says, the least sure first, equal texts once."""
    guess, confidence = getattr(Prediction, question), getattr(Prediction, f"{question}_confidence")
    labelled = sa.exists().where(
        Label.message_id == Prediction.message_id, Label.question == question, Label.origin != ACCEPTED
    )
    least_sure = (
        sa.select(Prediction.message_id, guess.label("guess"), confidence.label("confidence"))
        .join(ModelVersion, ModelVersion.id == Prediction.model_version_id)
        .join(Message, Message.id == Prediction.message_id)
        .where(ModelVersion.active, guess.is_not(None), ~labelled)
        .where(visible_to(viewer), visible_to(EVERYONE))
        .order_by(confidence == 0, confidence, Prediction.message_id)
        .limit(LEAST_SURE)
        .subquery()
    )
    columns = (Message.id, Message.source, Message.external_id, Message.channel, Message.title, Message.body)
    query = (
        sa.select(*columns, least_sure.c.guess, least_sure.c.confidence)
        .join(least_sure, least_sure.c.message_id == Message.id)
        .where(visible_to(viewer), visible_to(EVERYONE))
        .order_by(least_sure.c.confidence == 0, least_sure.c.confidence, Message.id)
    )
    seen: set[str] = set()
    pool: list[sa.Row[Any]] = []
    for row in session.execute(query):
        if pool and row.confidence == 0 and pool[0].confidence > 0:
            break
        # Letters sent again often differ by a date or a number only, and digits are folded into one.
        text = "".join(fold(clip(f"{row.title}\n{row.body}")).split())
        if text not in seen:
            seen.add(text)
            pool.append(row)
            if len(pool) == POOL:
                break
    return pool


def _known(session: Session, question: str, viewer: Viewer) -> Sequence[sa.Row[str, str]]:
    """Return the texts of the messages labelled last."""
    newest = (
        sa.select(Label.message_id, sa.func.max(Label.id).label("last"))
        .where(Label.question == question, Label.origin != ACCEPTED)
        .group_by(Label.message_id)
        .order_by(sa.desc("last"))
        .limit(KNOWN)
        .subquery()
    )
    query = (
        sa.select(Message.title, Message.body)
        .join(newest, newest.c.message_id == Message.id)
        .where(visible_to(viewer), visible_to(EVERYONE))
        .order_by(Message.id)
    )
    return session.execute(query).all()


def _words(title: str, body: str) -> list[str]:
    return sorted({*words_of(title), *words_of(body)})


def _weighted(texts: Sequence[Sequence[str]]) -> sparse.csr_matrix:
    """Return one row of length 1 a text: its words, weighted by their rarity among these texts."""
    frequency = Counter(word for words in texts for word in words)
    numbers = {word: number for number, word in enumerate(frequency)}
    # Never near 0: where one matter fills the pool, its words are common and must still make its copies alike.
    rarity = 1 + np.log((1 + len(texts)) / (1 + np.array([*frequency.values()], float)))
    columns = np.array([numbers[word] for words in texts for word in words], np.int64)
    rows = np.repeat(np.arange(len(texts)), [len(words) for words in texts])
    matrix = sparse.csr_matrix((rarity[columns], (rows, columns)), shape=(len(texts), max(1, len(numbers))))
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    scale: sparse.csr_matrix = sparse.diags(1 / np.maximum(lengths, 1e-9)) @ matrix
    return scale.tocsr()


def _title(title: str, body: str) -> str:
    text = " ".join(mask(title if title.strip() else clip(body)).split())
    return text if len(text) <= TITLE_CHARS else text[:TITLE_CHARS] + "…"
