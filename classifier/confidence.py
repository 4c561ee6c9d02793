"""From the scores of one question to chances of its answers, and to how sure the likeliest is. Pure."""

import numpy as np

from classifier.store import Floats

AS_IT_IS = (1.0, 0.0)
"""The trust that leaves a chance what it is."""

_LEAST = np.float32(1e-6)


def chances_of(scores: Floats, slope: float) -> Floats:
    """Return the chances of each row's labels: the softmax of slope times score."""
    powers = np.exp(np.float32(slope) * (scores - scores.max(axis=1, keepdims=True)))
    chances: Floats = powers / powers.sum(axis=1, keepdims=True)
    return chances


def odds_of(chances: Floats) -> Floats:
    """Return the log-odds of each row's likeliest label, kept finite."""
    likeliest = np.clip(chances.max(axis=1), _LEAST, 1 - _LEAST)
    odds: Floats = np.log(likeliest / (1 - likeliest))
    return odds


def sureness(chances: Floats, trust: tuple[float, float]) -> Floats:
    """Return how sure each row's likeliest label is.

    Args:
        trust: factor and offset of its log-odds, as texts not learned from taught them; the order of the rows is
            that of the chances.
    """
    if trust == AS_IT_IS:
        likeliest: Floats = chances.max(axis=1)
        return likeliest
    sure: Floats = 1 / (1 + np.exp(-(np.float32(trust[0]) * odds_of(chances) + np.float32(trust[1]))))
    return sure
