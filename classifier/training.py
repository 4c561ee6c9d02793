"""Learning one question, or a whole bundle, from examples; measured on texts that were not learned from.

Retraining proposes: it returns a new bundle and touches none in service.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize, sparse
from scipy.special import log_expit, log_softmax
from sklearn.feature_selection import chi2
from sklearn.svm import LinearSVC

from classifier.confidence import chances_of, odds_of, sureness
from classifier.corpus import Example
from classifier.errors import TrainingDataError
from classifier.evaluation import evaluate, threshold_for
from classifier.features import Read, Vocabulary, count, frequencies
from classifier.pipelines import LEAST_SHARE, PIPELINES, Pipeline
from classifier.reading import read
from classifier.segment import Words
from classifier.store import Bundle, Floats, Question
from config.context import Progress

FOLDS = 5
LEAST_ROWS, LEAST_OF_LABEL = 20, 5
SCALED_C = 1.0
"""How closely the second learner of `both` follows the training texts."""
SURE_NO = -1.0
"""What a support vector machine says of a label that is out of the question."""
LEAST_LEAD = 1e-4
"""So far a raised label is put above the next one where the two would be equal."""
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, eq=False)
class Linear:
    """Two linear models over one vocabulary, the new one and the base, not yet mixed or calibrated.

    `weights` and `bias` hold the new one first, the base second (all zero where there is none).
    """

    vocabulary: Vocabulary
    weights: Floats
    rarity: Floats
    bias: Floats

    def scores(self, texts: Sequence[Read]) -> Floats:
        """Return the scores of both models, one row a text, one column a label."""
        counts = count(texts, self.vocabulary)
        length = lengths(counts, self.rarity)
        return np.stack(
            [(counts @ weights) / length + bias for weights, bias in zip(self.weights, self.bias, strict=True)]
        )


def lengths(counts: sparse.csr_matrix, rarity: Floats) -> Floats:
    """Return the length of each text as one column, never zero.

    Args:
        counts: as `count` gives them.
        rarity: squared inverse document frequency of each feature.
    """
    squares = counts.multiply(counts) @ rarity
    result: Floats = np.sqrt(np.maximum(squares, 1e-12))[:, None].astype(np.float32)
    return result


def mixed(both: Floats, share: float) -> Floats:
    """Return new and base mixed.

    Args:
        both: the new model's numbers, then the base's.
        share: the base's share, 0 to 1.
    """
    result: Floats = (1 - share) * both[0] + share * both[1]
    return result


def digest_of(examples: Sequence[Example]) -> str:
    """Return a hash of examples; the same data is not learned twice."""
    digest = hashlib.sha256()
    for example in examples:
        digest.update(repr(example).encode())
    return digest.hexdigest()


def train_question(
    question: str, examples: Sequence[Example], seed: int, base: Question | None = None, words: Words = ()
) -> Question:
    """Learn a question from all examples; its confidence, threshold and figures come from held-out folds.

    With a base, the result is base and new model mixed: the share of each is the one that fits the held-out
    rows best, so that a few labels mend a base learned from thousands, and many replace it.

    Args:
        base: the question in service; what it knows beyond the examples is kept.
        words: a bureau's own that are not cut apart.

    Raises:
        TrainingDataError: too few rows, or fewer than two labels with rows enough.
    """
    pipeline = PIPELINES[question]
    check_examples(question, examples)
    texts = [read(example.title, example.body, words) for example in examples]
    labels = tuple(sorted({example.label for example in examples} | set(base.labels if base else ())))
    truth = np.array([labels.index(example.label) for example in examples])
    measured = np.flatnonzero([example.measured for example in examples]).tolist()
    scores = held_out_scores(examples, texts, labels, pipeline, seed, base)[:, measured]
    share, _ = _fit(scores, truth[measured])
    lift = lift_of(mixed(scores, share), truth[measured], labels, pipeline)
    scores = scores + lift
    share, slope = _fit(scores, truth[measured], (share,))
    chances = chances_of(mixed(scores, share), slope)
    answers = chances.argmax(1)
    right = (answers == truth[measured]).tolist()
    trust = trust_in(chances, right)
    confidences = sureness(chances, trust).tolist()
    threshold = threshold_for(right, confidences, pipeline.target_accuracy, LEAST_SHARE)
    model = learn(examples, texts, labels, pipeline, seed, base)
    told = [labels[number] for number in truth[measured]]
    notes: dict[str, Any] = {
        "examples": len(examples),
        "labels": {label: int((truth == number).sum()) for number, label in enumerate(labels)},
        "base_share": share,
        "data": digest_of(examples),
        "held_out": evaluate(told, [labels[number] for number in answers], confidences, threshold),
    }
    if base is not None:
        # Beside figures of the same rows, so that nobody compares them with those of other rows.
        before = chances_of(scores[1] - lift, base.slope)
        sure = sureness(before, base.trust).tolist()
        figures = evaluate(told, [labels[number] for number in before.argmax(1)], sure, base.threshold)
        notes["base"] = {key: figures[key] for key in ("rows", "accuracy", "macro_f1")}
    return Question(
        labels=labels,
        features=model.vocabulary.features,
        weights=mixed(model.weights, share),
        rarity=model.rarity,
        bias=mixed(model.bias, share) + lift,
        slope=slope,
        threshold=threshold,
        notes=notes,
        trust=trust,
    )


def train_bundle(
    examples: Mapping[str, Sequence[Example]],
    serving: Bundle | None,
    seed: int,
    progress: Progress | None = None,
    words: Words = (),
) -> dict[str, Question]:
    """Learn the given questions on top of the bundle in service and keep its others; `save_bundle` takes it.

    Raises:
        TrainingDataError: as `train_question`; nothing is returned then.
    """
    questions = dict(serving.questions) if serving else {}
    for done, (question, rows) in enumerate(examples.items()):
        if progress:
            progress(done, len(examples))
        questions[question] = train_question(question, rows, seed, questions.get(question), words)
    if progress:
        progress(len(examples), len(examples))
    return questions


def check_examples(question: str, examples: Sequence[Example]) -> None:
    """Refuse examples from which nothing can be learned.

    Raises:
        TrainingDataError: says what is missing.
    """
    rows: dict[str, int] = defaultdict(int)
    for example in examples:
        if example.measured:
            rows[example.label] += 1
    enough = [label for label, number in rows.items() if number >= LEAST_OF_LABEL]
    if sum(rows.values()) < LEAST_ROWS or len(enough) < 2:
        raise TrainingDataError(
            f"{sum(rows.values())} usable labelled rows with {len(rows)} labels, {len(enough)} of them with "
            f"{LEAST_OF_LABEL} rows or more",
            item=question,
            todo=f"At least {LEAST_ROWS} rows are needed, and two labels with {LEAST_OF_LABEL} rows each.",
        )


def learn(
    examples: Sequence[Example],
    texts: Sequence[Read],
    labels: tuple[str, ...],
    pipeline: Pipeline,
    seed: int,
    base: Question | None = None,
) -> Linear:
    """Fit one linear model beside its base; a label without an example gets the score of a sure no."""
    truth = np.array([labels.index(example.label) for example in examples])
    worth = np.array([example.weight for example in examples])
    weight = worth
    if pipeline.balanced:
        weight = weight * (len(truth) / np.maximum(np.bincount(truth, minlength=len(labels)), 1))[truth]
        weight /= weight.mean()
    vocabulary, counts, rarity = _vocabulary(examples, texts, truth, pipeline, base)
    inverse = np.sqrt(rarity)
    rows = counts.multiply(1 / lengths(counts, rarity)).tocsr() @ sparse.diags(inverse)
    coefficients, intercepts, known = _separate(rows, truth, weight, pipeline.c, seed)
    if pipeline.learner == "both":
        scaled, offsets = _separate_scaled(rows, truth, worth, weight, known, seed)
        coefficients, intercepts = (coefficients + scaled) / 2, (intercepts + offsets) / 2
    # Only differences between labels decide; with the mean taken out a weight says what speaks for a label.
    coefficients = coefficients - coefficients.mean(0)
    weights = np.zeros((2, counts.shape[1], len(labels)), np.float32)
    bias = np.full((2, len(labels)), SURE_NO, np.float32)
    weights[0][:, known] = (coefficients * inverse).T
    bias[0][known] = intercepts
    if base is not None:
        columns = [labels.index(label) for label in base.labels]
        weights[1, : len(base.features), columns] = base.weights.T
        bias[1, columns] = base.bias
        # Of a label the examples do not have, the new model has no opinion: the base's stands.
        silent = [number for number in columns if number not in known]
        weights[0][:, silent], bias[0][silent] = weights[1][:, silent], bias[1][silent]
    return Linear(vocabulary, weights, rarity.astype(np.float32), bias)


def _separate(
    rows: sparse.csr_matrix, truth: np.ndarray[Any, Any], weight: np.ndarray[Any, Any], c: float, seed: int
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return coefficients and intercepts, one row a label that occurs, and the numbers of those labels."""
    learner = LinearSVC(C=c, random_state=seed)
    learner.fit(rows, truth, sample_weight=weight)
    coefficients, intercepts = learner.coef_, learner.intercept_
    if len(learner.classes_) == 2:
        # For two labels the learner gives one column: the second against the first.
        coefficients = np.vstack([-coefficients[0], coefficients[0]])
        intercepts = np.array([-intercepts[0], intercepts[0]])
    return coefficients, intercepts, learner.classes_


def _separate_scaled(
    rows: sparse.csr_matrix,
    truth: np.ndarray[Any, Any],
    worth: np.ndarray[Any, Any],
    weight: np.ndarray[Any, Any],
    known: np.ndarray[Any, Any],
    seed: int,
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return what `_separate` does, each label against the rest over features scaled by their log-count ratio."""
    present = sparse.diags_array(worth) @ rows.astype(bool).astype(np.float64)
    total = np.asarray(present.sum(0)).ravel()
    coefficients, intercepts = np.zeros((len(known), rows.shape[1])), np.zeros(len(known))
    for place, label in enumerate(known):
        inside = np.asarray(present[np.flatnonzero(truth == label)].sum(0)).ravel()
        outside = total - inside
        # One more than counted, so that a feature never seen under a label does not rule it out.
        ratio = np.log((inside + 1) / (inside + 1).sum()) - np.log((outside + 1) / (outside + 1).sum())
        learner = LinearSVC(C=SCALED_C, random_state=seed)
        learner.fit(rows @ sparse.diags_array(ratio), truth == label, sample_weight=weight)
        coefficients[place], intercepts[place] = learner.coef_[0] * ratio, learner.intercept_[0]
    return coefficients, intercepts


def _vocabulary(
    examples: Sequence[Example],
    texts: Sequence[Read],
    truth: np.ndarray[Any, Any],
    pipeline: Pipeline,
    base: Question | None,
) -> tuple[Vocabulary, sparse.csr_matrix, np.ndarray[Any, Any]]:
    """Choose the features, the base's first; return them with counts and squared inverse document frequencies."""
    groups: dict[str, list[Read]] = defaultdict(list)
    ours: dict[str, list[Read]] = defaultdict(list)
    for example, text in zip(examples, texts, strict=True):
        groups[example.group].append(text)
        if example.ours:
            ours[example.group].append(text)
    # A group of our own counts twice, so that its words need no second witness.
    seen = frequencies([*groups.values(), *ours.values()], pipeline.longest_gram)
    names = sorted(name for name, number in seen.items() if number >= pipeline.least_groups and "\n" not in name)
    if len(names) > pipeline.most_features:
        tells = chi2(count(texts, Vocabulary(tuple(names))), truth)[0]
        kept = np.sort(np.argsort(-tells, kind="stable")[: pipeline.most_features])
        names = [names[number] for number in kept]
    known = set(base.features) if base else set()
    names = [*(base.features if base else ()), *(name for name in names if name not in known)]
    vocabulary = Vocabulary(tuple(names))
    counts = count(texts, vocabulary)
    present = np.bincount(counts.indices, minlength=counts.shape[1])
    rarity = (np.log((1 + counts.shape[0]) / (1 + present)) + 1) ** 2
    if base is not None:
        # The base's weights were learned with these lengths; they stay as they are.
        rarity[: len(base.features)] = base.rarity
    return vocabulary, counts, rarity


def folds_of(examples: Sequence[Example], folds: int, seed: int) -> np.ndarray[Any, Any]:
    """Return the number of each example's fold: groups stay whole, labels are spread evenly."""
    label_of: dict[str, str] = {}
    for example in examples:
        label_of.setdefault(example.group, example.label)
    groups = sorted(label_of)
    np.random.default_rng(seed).shuffle(groups)
    groups.sort(key=lambda group: label_of[group])
    fold_of = {group: number % folds for number, group in enumerate(groups)}
    return np.array([fold_of[example.group] for example in examples])


def held_out_scores(
    examples: Sequence[Example],
    texts: Sequence[Read],
    labels: tuple[str, ...],
    pipeline: Pipeline,
    seed: int,
    base: Question | None = None,
) -> Floats:
    """Return the scores of every measured example, by new models that have not seen its fold and by the base.

    The scores of examples that are not measured stay zero.
    """
    measured = np.array([example.measured for example in examples])
    fold = folds_of(examples, FOLDS, seed)
    scores = np.zeros((2, len(examples), len(labels)), np.float32)
    for number in range(FOLDS):
        out = np.flatnonzero((fold == number) & measured).tolist()
        kept = np.flatnonzero((fold != number) | ~measured).tolist()
        if not out or len({examples[i].label for i in kept}) < 2:
            continue
        model = learn([examples[i] for i in kept], [texts[i] for i in kept], labels, pipeline, seed, base)
        scores[:, out] = model.scores([texts[i] for i in out])
        if base is None:
            scores[1, out] = 0
    return scores


def lift_of(scores: Floats, truth: np.ndarray[Any, Any], labels: Sequence[str], pipeline: Pipeline) -> Floats:
    """Return what is added to the scores of each label so that the raised one is missed as rarely as may be.

    Args:
        scores: of texts not learned from, one row a text, one column a label.
        truth: the number of each text's label.
    """
    lift = np.zeros(len(labels), np.float32)
    if pipeline.raised is None or pipeline.raised[0] not in labels:
        return lift
    label, precision = labels.index(pipeline.raised[0]), pipeline.raised[1]
    lead = scores[:, label] - np.delete(scores, label, axis=1).max(axis=1)
    order = np.argsort(-lead, kind="stable")
    right = np.cumsum(truth[order] == label) / np.arange(1, len(order) + 1)
    reached = np.flatnonzero(right >= precision)
    if len(reached):
        lift[label] = max(0.0, -float(lead[order[reached[-1]]]) + LEAST_LEAD)
    return lift


def _fit(scores: Floats, truth: np.ndarray[Any, Any], shares: Sequence[float] = SHARES) -> tuple[float, float]:
    """Return the base's share and the slope under which the truth is likeliest (temperature scaling)."""
    rows = np.arange(len(truth))

    def surprise(slope: float, mix: Floats) -> float:
        return -float(log_softmax(slope * mix, axis=1)[rows, truth].mean())

    best: tuple[float, float, float] | None = None
    for share in shares if scores[1].any() else (0.0,):
        found = optimize.minimize_scalar(surprise, bounds=(0.05, 50), args=(mixed(scores, share),), method="bounded")
        if best is None or found.fun < best[0]:
            best = float(found.fun), share, float(found.x)
    return (best[1], best[2]) if best else (0.0, 1.0)


def trust_in(chances: Floats, right: Sequence[bool]) -> tuple[float, float]:
    """Return the factor and offset of log-odds under which the likeliest answers are right as often as they are sure
    (Platt scaling).

    A few rows move them little: each is drawn to what leaves the chances as they are, as if by one row.
    """
    odds, signs = odds_of(chances).astype(np.float64), np.where(right, 1.0, -1.0)

    def surprise(trust: np.ndarray[Any, Any]) -> float:
        kept = 0.5 * ((trust[0] - 1) ** 2 + trust[1] ** 2)
        return float(kept - log_expit(signs * (trust[0] * odds + trust[1])).sum())

    found = optimize.minimize(surprise, np.array([1.0, 0.0]), bounds=((0.05, 20), (-20, 20)), method="L-BFGS-B")
    return float(found.x[0]), float(found.x[1])
