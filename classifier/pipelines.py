"""How each question is learned: the settings that `docs/experiments.md` argues for, one table."""

from dataclasses import dataclass

from config.profile import CATEGORIES, EMOTIONS, KINDS, SENTIMENTS, URGENCIES, Profile


@dataclass(frozen=True)
class Pipeline:
    """The settings of one question's model.

    Args:
        learner: `svm`, one linear support vector machine a label, or `both`, the mean of that and of a second
            one whose features are scaled by how much more often they occur under the label than elsewhere
            (Wang and Manning 2012, "Baselines and Bigrams").
        c: how closely the training texts are followed; larger is closer.
        longest_gram: characters in the longest run.
        least_groups: a feature must occur in this many groups; two keeps out what one author alone wrote.
        most_features: of those, the ones that tell the labels apart best are kept.
        target_accuracy: the threshold is set where answers reach this accuracy on texts not trained on.
        balanced: whether rare labels weigh as much as frequent ones.
        raised: a label that must not be missed, and the precision it may fall to for that: its answers are made
            as frequent as that allows on texts not trained on.
    """

    learner: str
    c: float
    longest_gram: int
    least_groups: int
    most_features: int
    target_accuracy: float
    balanced: bool = False
    raised: tuple[str, float] | None = None


PIPELINES = {
    "category": Pipeline("both", 1.0, 2, 2, 30_000, 0.98, balanced=True),
    "owner": Pipeline("both", 1.0, 2, 2, 30_000, 0.90, balanced=True),
    "kind": Pipeline("both", 1.0, 2, 2, 30_000, 0.90, balanced=True),
    "sentiment": Pipeline("both", 1.0, 2, 2, 30_000, 0.90, balanced=True),
    "emotion": Pipeline("both", 0.3, 2, 2, 30_000, 0.80, balanced=True),
    "urgency": Pipeline("both", 1.0, 2, 2, 30_000, 0.85, balanced=True, raised=("高", 0.6)),
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
