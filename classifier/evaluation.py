"""How good answers are: figures of predictions against what is true. Pure."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

CURVE = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)
BINS = 10


def evaluate(
    truth: Sequence[str], answers: Sequence[str], confidences: Sequence[float], threshold: float
) -> dict[str, Any]:
    """Return the figures of one question as plain numbers, ready for JSON.

    Keys: `rows`; `accuracy`; `macro_f1` (mean over the labels that occur in the truth); `classes` with
    precision, recall, f1 and rows of each; `answered` (share at or over the threshold and its accuracy);
    `curve` (accuracy of the surest shares); `calibration` (expected calibration error and its bins).

    Args:
        truth: never empty, all three sequences in the same order.
        threshold: confidence from which an answer is not an abstention.
    """
    labels = sorted(set(truth) | set(answers))
    precision, recall, f1, rows = precision_recall_fscore_support(
        truth, answers, labels=labels, average=None, zero_division=0.0
    )
    right = np.array([said == true for said, true in zip(answers, truth, strict=True)])
    sure = np.array(confidences, float)
    answered = sure >= threshold
    return {
        "rows": len(truth),
        "accuracy": _round(accuracy_score(truth, answers)),
        "macro_f1": _round(f1[rows > 0].mean()),
        "classes": {
            label: {
                "precision": _round(precision[i]),
                "recall": _round(recall[i]),
                "f1": _round(f1[i]),
                "rows": int(rows[i]),
            }
            for i, label in enumerate(labels)
        },
        "answered": {
            "threshold": _round(threshold),
            "share": _round(answered.mean()),
            "accuracy": _round(right[answered].mean()) if answered.any() else None,
        },
        "curve": curve(right, sure),
        "calibration": calibration(right, sure),
    }


def curve(right: np.ndarray[Any, Any], sure: np.ndarray[Any, Any]) -> list[dict[str, float]]:
    """Return the accuracy of the surest tenth, fifth … of the answers, and the confidence that parts them."""
    order = np.argsort(-sure, kind="stable")
    points = []
    for share in CURVE:
        kept = order[: max(1, round(share * len(order)))]
        points.append(
            {
                "share": share,
                "accuracy": _round(right[kept].mean()),
                "confidence": _round(sure[kept[-1]]),
            }
        )
    return points


def calibration(right: np.ndarray[Any, Any], sure: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Return how far confidence and accuracy lie apart: ten bins, and their mean gap weighted by rows."""
    which = np.minimum((sure * BINS).astype(int), BINS - 1)
    bins, gap = [], 0.0
    for number in range(BINS):
        inside = which == number
        if not inside.any():
            continue
        confidence, accuracy = sure[inside].mean(), right[inside].mean()
        gap += abs(confidence - accuracy) * inside.mean()
        bins.append({"confidence": _round(confidence), "accuracy": _round(accuracy), "rows": int(inside.sum())})
    return {"error": _round(gap), "bins": bins}


def threshold_for(right: Sequence[bool], sure: Sequence[float], target: float, least_share: float) -> float:
    """Return the least confidence at which answers reach the target accuracy.

    Where the target is out of reach for the least share of texts, the confidence of the best share not
    smaller than that.

    Args:
        right: whether each answer to a text not trained on was right; not empty.
        target: accuracy wanted, 0 to 1.
        least_share: share of texts that must be answered at any rate, 0 to 1.
    """
    order = np.argsort(-np.array(sure, float), kind="stable")
    accuracy = np.cumsum(np.array(right)[order]) / np.arange(1, len(order) + 1)
    least = max(1, round(least_share * len(order)))
    reached = np.flatnonzero(accuracy[least - 1 :] >= target)
    last = least - 1 + (reached[-1] if len(reached) else int(np.argmax(accuracy[least - 1 :])))
    return float(np.array(sure, float)[order[last]])


def _round(number: float) -> float:
    return round(float(number), 4)
