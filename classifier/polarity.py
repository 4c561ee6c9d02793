"""The stance of a post, told by its emotion.

The question `sentiment` is learned from letters, which ask and complain; posts praise and curse, and their labels are
emotions. So a post's stance is read from these.
"""

from collections.abc import Sequence

import numpy as np

from classifier.store import Floats

POSITIVE = ("optimism", "gratitude")
NEUTRAL = ("surprise",)

POLARITY_THRESHOLD = 0.7
"""Under this confidence the stance of a post is left to a person."""


def polarity(labels: Sequence[str], chances: Floats) -> tuple[list[str], list[float]]:
    """Return the stance of each post, 正面 or 负面, and how sure it is.

    Surprise speaks for neither; where it is likely, the answer is unsure.

    Args:
        labels: the emotions.
        chances: one row a post, one column an emotion.
    """
    positive = chances[:, np.flatnonzero(np.isin(labels, POSITIVE))].sum(axis=1)
    neutral = chances[:, np.flatnonzero(np.isin(labels, NEUTRAL))].sum(axis=1)
    negative = 1 - positive - neutral
    said = np.where(positive > 1 - positive, "正面", "负面").tolist()
    return said, np.where(positive > 1 - positive, positive, negative).tolist()
