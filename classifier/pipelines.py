"""How each question is learned: the settings that `docs/experiments.md` argues for, one table."""

from dataclasses import dataclass

from config.profile import CATEGORIES, EMOTIONS, KINDS, SENTIMENTS, URGENCIES, Profile


@dataclass(frozen=True)
class Pipeline:
    """The settings of one question's model.

    Args:
        learner: `svm` (one linear support vector machine a label) or `logistic` (all labels at once).
        c: how closely the training texts are followed; larger is closer.
        longest_gram: characters in the longest run.
        least_groups: a feature must occur in this many groups; two keeps out what one author alone wrote.
        most_features: of those, the ones that tell the labels apart best are kept.
        target_accuracy: the threshold is set where answers reach this accuracy on texts not trained on.
        balanced: whether rare labels weigh as much as frequent ones.
    """

    learner: str
    c: float
    longest_gram: int
    least_groups: int
    most_features: int
    target_accuracy: float
    balanced: bool = False


PIPELINES = {
    "category": Pipeline("svm", 1.0, 2, 2, 20_000, 0.95, balanced=True),
    "owner": Pipeline("svm", 3.0, 2, 2, 30_000, 0.90, balanced=True),
    "kind": Pipeline("svm", 2.0, 2, 2, 30_000, 0.90, balanced=True),
    "sentiment": Pipeline("svm", 1.0, 2, 2, 15_000, 0.90, balanced=True),
    "emotion": Pipeline("svm", 0.3, 2, 2, 20_000, 0.80, balanced=True),
    "urgency": Pipeline("logistic", 10.0, 2, 2, 20_000, 0.85, balanced=True),
}

LEAST_SHARE = 0.2
"""Share of texts that must be answered: a question that never answers helps nobody, so where the target
accuracy is out of reach the surest fifth is answered and the report says how accurately."""


FIXED_ANSWERS: dict[str, tuple[str, ...]] = {
    "category": CATEGORIES,
    "kind": KINDS,
    "sentiment": SENTIMENTS,
    "emotion": EMOTIONS,
    "urgency": URGENCIES,
}
"""The lawful answers of the questions whose answers are the same in every bureau."""

ALL_QUESTIONS = tuple(PIPELINES)
"""Every question that can be labelled, learned and measured."""


def answers_to(question: str, profile: Profile) -> tuple[str, ...]:
    """Return the lawful answers to a question; owners are the profile's.

    Raises:
        KeyError: no such question.
    """
    return profile.owners if question == "owner" else FIXED_ANSWERS[question]
