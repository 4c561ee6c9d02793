"""What is served is what was learned: the scores of a bundle are those of the learner it came from."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from classifier.corpus import seed_examples
from classifier.features import count
from classifier.pipelines import PIPELINES
from classifier.predict import scores_of
from classifier.reading import read
from classifier.segment import own_words
from classifier.store import Question, load_bundle, save_bundle
from classifier.training import learn
from config.profile import load_profile

PROFILE = load_profile()
WORDS = own_words(PROFILE)


@pytest.mark.parametrize(("question", "learner"), [("kind", "svm"), ("sentiment", "both")])
def test_served_scores_equal_the_learners(
    question: str, learner: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """From text to score, through file, vectoriser and sparse product, to a thousandth; the best answer is the same.

    `both` is the mean of one learner of all labels and one learner a label.
    """
    pipeline = replace(PIPELINES[question], learner=learner, most_features=4000)
    rows = seed_examples(question, PROFILE)[::8]
    labels = tuple(sorted({row.label for row in rows}))
    learned: list[tuple[Any, Any]] = []
    real = LinearSVC.fit

    def fit(self: Any, matrix: Any, *given: Any, **named: Any) -> Any:
        learned.append((self, matrix))
        return real(self, matrix, *given, **named)

    monkeypatch.setattr(LinearSVC, "fit", fit)
    model = learn(rows, [read(row.title, row.body, WORDS) for row in rows], labels, pipeline, 1)
    kept = Question(labels, model.vocabulary.features, model.weights[0], model.rarity, model.bias[0], 1.0, 0.5, {})
    bundle = load_bundle(save_bundle({question: kept}, tmp_path, prefix="t", words=WORDS))

    texts = [read(row.title, row.body, bundle.words) for row in rows]
    served = scores_of(bundle, count(texts, bundle.served.vocabulary))[question]
    (first, matrix), *others = learned
    said = first.decision_function(matrix)
    if others:
        assert len(others) == len(labels)
        said = (said + np.column_stack([one.decision_function(scaled) for one, scaled in others])) / 2

    # Taking the mean of the labels out of the weights moves all scores of a text alike.
    np.testing.assert_allclose(
        served - served.mean(1, keepdims=True), said - said.mean(1, keepdims=True), rtol=2e-3, atol=2e-3
    )
    np.testing.assert_array_equal(served.argmax(1), said.argmax(1))


def test_a_bundle_keeps_the_words_it_learned_with(tmp_path: Path) -> None:
    """They are part of the version, and a file without them is read as one without any."""
    question = Question(
        ("甲", "乙"),
        ("w联网直报", "g联"),
        np.ones((2, 2), np.float32),
        np.ones(2, np.float32),
        np.zeros(2, np.float32),
        1.0,
        0.5,
        {},
    )
    plain = load_bundle(save_bundle({"kind": question}, tmp_path, prefix="t"))
    worded = load_bundle(save_bundle({"kind": question}, tmp_path, prefix="t", words=("联网直报",)))

    assert (plain.words, worded.words) == ((), ("联网直报",))
    assert plain.version != worded.version
