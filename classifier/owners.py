"""Fitting the owners of a bundle to the profile in force.

An owner that the profile no longer names is never proposed. An owner the bundle never learned is proposed
by the words of its duties and phrases, until messages of its own have been labelled and learned.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from classifier.features import Read, Vocabulary, count, frequencies, words_of
from classifier.segment import Words
from classifier.store import Bundle, Question
from config.profile import Profile

LIKENESS = 4.0
"""Score of a message that is wholly the duties of an owner, over one that has nothing of them. Learned
owners score about -1 when they are out of the question and about 0 when they are right; a message shares
some quarter of its weight with the duties that fit it."""
UNLIKE = -1.1


@lru_cache(maxsize=8)
def fitted(bundle: Bundle, profile: Profile) -> Bundle:
    """Return the bundle with exactly the owners of a profile; the same bundle where nothing differs."""
    question = bundle.questions.get("owner")
    if question is None or set(question.labels) == set(profile.owners):
        return bundle
    return replace(bundle, questions={**bundle.questions, "owner": fit_owners(question, profile, bundle.words)})


def fit_owners(question: Question, profile: Profile, words: Words = ()) -> Question:
    """Return the owner question without the owners the profile lacks and with those the bundle lacks.

    Args:
        words: the bundle's own, by which texts will be cut.
    """
    kept = [number for number, label in enumerate(question.labels) if label in profile.owners]
    known = replace(
        question,
        labels=tuple(question.labels[number] for number in kept),
        weights=question.weights[:, kept],
        bias=question.bias[kept],
    )
    new = [owner for owner in profile.owners if owner not in question.labels]
    return _with_duties(known, new, profile, words) if new else known


def _with_duties(known: Question, new: Sequence[str], profile: Profile, words: Words) -> Question:
    # Only a profile with owners of its own pays for the libraries of the labels' tables.
    from classifier.corpus import profile_examples

    texts: dict[str, list[Read]] = {owner: [] for owner in profile.owners}
    for example in profile_examples(profile):
        texts[example.label].append(Read([], words_of(example.body, words)))
    seen = frequencies([texts[owner] for owner in new], longest_gram=2)
    told = [name for name in seen if len(name) > 2]  # A mark and two characters; single ones say nothing.
    features = known.features + tuple(sorted(set(told) - set(known.features)))
    added = len(features) - len(known.features)
    rarest = known.rarity.max(initial=1.0)
    rarity = np.concatenate([known.rarity, np.full(added, rarest, np.float32)])
    documents = [Read([], [word for text in texts[owner] for word in text.body]) for owner in profile.owners]
    counts = count(documents, Vocabulary(features))
    values = counts.toarray() * np.sqrt(rarity)
    values /= np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)
    # What all owners do alike (工作, 管理) tells none of them apart.
    values -= values.mean(axis=0)
    columns = [profile.owners.index(owner) for owner in new]
    duties = (LIKENESS * values[columns] * np.sqrt(rarity)).T.astype(np.float32)
    padded = np.vstack([known.weights, np.zeros((added, len(known.labels)), np.float32)])
    bias = np.concatenate([known.bias, np.full(len(new), UNLIKE, np.float32)])
    return replace(
        known,
        labels=known.labels + tuple(new),
        features=features,
        weights=np.hstack([padded, duties]).astype(np.float32),
        rarity=rarity.astype(np.float32),
        bias=bias.astype(np.float32),
    )
