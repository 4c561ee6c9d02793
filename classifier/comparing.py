"""Two versions on the very same rows: is one better, or is it chance? Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import binomtest

from classifier.evaluation import evaluate

BETTER, WORSE, NO_DIFFERENCE, TOO_FEW = "better", "worse", "no difference shown", "too few rows"

LEAST_ROWS = 30
"""Under so many rows nothing is said: an interval would span everything from far worse to far better."""

SURE = 0.05
"""A difference counts as shown where chance alone would bring it about less often than this."""

RESAMPLES = 2000
_AT_ONCE = 100


class Answers(NamedTuple):
    """What one version said of the rows, in their order; the threshold under which it abstains."""

    values: Sequence[str]
    confidences: Sequence[float]
    threshold: float


def compare(
    truth: Sequence[str], candidate: Answers, serving: Answers, groups: Sequence[str], seed: int
) -> dict[str, Any]:
    """Compare two versions row by row; the result is ready for JSON.

    Keys: `rows`; `verdict`, of the candidate: better, worse, no difference shown, too few rows. Where there are
    rows enough also `both`, `only_candidate`, `only_serving` and `neither`, how many rows are answered rightly by
    whom; `difference` of the accuracies, candidate less serving, and its `interval`: 95 % of the resamples lie in
    it, groups being drawn and not rows, since texts of one author are right or wrong together; `p` of McNemar's
    exact test; and for `candidate` and `serving` each accuracy, macro_f1, and the share answered with its
    accuracy. A difference is shown where `p` is under 0.05 and the interval leaves out zero.

    Args:
        truth: what is true of each row.
        groups: the group of each row, as in `classifier.corpus.Example`.
        seed: of the resamples.
    """
    rows = len(truth)
    if rows < LEAST_ROWS:
        return {"rows": rows, "verdict": TOO_FEW, "least_rows": LEAST_ROWS}
    true = np.array(truth)
    first, second = np.array(candidate.values) == true, np.array(serving.values) == true
    only_first, only_second = int((first & ~second).sum()), int((~first & second).sum())
    differing = only_first + only_second
    p = float(binomtest(only_first, differing).pvalue) if differing else 1.0
    difference = (only_first - only_second) / rows
    low, high = _interval(first.astype(np.int64) - second, groups, seed)
    shown = p < SURE and not low <= 0 <= high
    return {
        "rows": rows,
        "verdict": NO_DIFFERENCE if not shown else BETTER if difference > 0 else WORSE,
        "both": int((first & second).sum()),
        "only_candidate": only_first,
        "only_serving": only_second,
        "neither": int((~first & ~second).sum()),
        "difference": round(difference, 4),
        "interval": [round(low, 4), round(high, 4)],
        "p": round(p, 6),
        "candidate": _figures(truth, candidate),
        "serving": _figures(truth, serving),
    }


def told(compared: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the verdicts of all questions as one line, such as `better on owner (+3.1 points, p 0.01)`."""
    parts = []
    for verdict in (BETTER, WORSE, NO_DIFFERENCE, TOO_FEW):
        said = [
            question + (f" ({in_points(found)})" if verdict in (BETTER, WORSE) else "")
            for question, found in compared.items()
            if found["verdict"] == verdict
        ]
        if said:
            parts.append(f"{verdict} on {', '.join(said)}")
    return "; ".join(parts) or f"{TOO_FEW} kept aside"


def in_points(found: Mapping[str, Any]) -> str:
    """Return the difference of one question in points with its p, such as `+3.1 points, p 0.01`."""
    p = found["p"]
    return f"{100 * found['difference']:+.1f} points, p " + ("< 0.001" if p < 0.001 else f"{p:.2g}")


def _interval(gains: np.ndarray[Any, Any], groups: Sequence[str], seed: int) -> tuple[float, float]:
    """Return between which bounds the difference lies in 95 % of the resamples of groups.

    Args:
        gains: 1 where only the candidate is right, -1 where only the serving version is, else 0.
    """
    _, which = np.unique(np.array(groups), return_inverse=True)
    sizes = np.bincount(which)
    sums = np.bincount(which, weights=gains)
    chance = np.random.default_rng(seed)
    found: list[np.ndarray[Any, Any]] = []
    for _ in range(RESAMPLES // _AT_ONCE):
        drawn = chance.integers(len(sizes), size=(_AT_ONCE, len(sizes)))
        found.append(sums[drawn].sum(1) / sizes[drawn].sum(1))
    low, high = np.quantile(np.concatenate(found), (0.025, 0.975))
    return float(low), float(high)


def _figures(truth: Sequence[str], said: Answers) -> dict[str, Any]:
    figures = evaluate(truth, said.values, said.confidences, said.threshold)
    return {
        "accuracy": figures["accuracy"],
        "macro_f1": figures["macro_f1"],
        "answered": figures["answered"]["share"],
        "accuracy_of_answered": figures["answered"]["accuracy"],
    }
