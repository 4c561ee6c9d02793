"""Figures of predictions against the truth."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.evaluation import evaluate, threshold_for


def test_figures_of_a_small_case() -> None:
    """Per class, macro-F1 over the labels of the truth, abstention and curve are what one counts by hand."""
    figures = evaluate(["甲", "甲", "乙", "乙"], ["甲", "乙", "乙", "丙"], [0.9, 0.8, 0.7, 0.2], threshold=0.5)

    assert (figures["rows"], figures["accuracy"]) == (4, 0.5)
    assert figures["classes"]["甲"] == {"precision": 1.0, "recall": 0.5, "f1": 0.6667, "rows": 2}
    assert figures["classes"]["丙"]["rows"] == 0
    assert figures["macro_f1"] == pytest.approx((2 / 3 + 0.5) / 2, abs=1e-3)
    assert figures["answered"] == {"threshold": 0.5, "share": 0.75, "accuracy": 0.6667}
    assert figures["curve"][0] == {"share": 1.0, "accuracy": 0.5, "confidence": 0.2}
    assert figures["curve"][-1] == {"share": 0.1, "accuracy": 1.0, "confidence": 0.9}
    assert json.loads(json.dumps(figures)) == figures


def test_nothing_answered_is_no_accuracy() -> None:
    """Over an unreachable threshold there is no accuracy to tell."""
    assert evaluate(["甲"], ["甲"], [0.3], threshold=0.5)["answered"]["accuracy"] is None


def test_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    """Half right at full confidence is off by half."""
    assert evaluate(["甲"] * 4, ["甲", "甲", "乙", "乙"], [1.0] * 4, 0.5)["calibration"]["error"] == 0.5


def test_threshold_reaches_the_target_on_as_many_as_possible() -> None:
    """The least confidence whose answers keep the target; otherwise the best of the least share."""
    right, sure = [True, True, True, False, True], [0.9, 0.8, 0.7, 0.6, 0.5]

    assert threshold_for(right, sure, 0.95, 0.2) == 0.7
    assert threshold_for(right, sure, 0.80, 0.2) == 0.5
    assert threshold_for([False, True, False, False], [0.9, 0.8, 0.7, 0.6], 0.99, 0.5) == 0.8


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=50), st.floats(0.5, 1))
def test_threshold_is_one_of_the_confidences(pairs: list[tuple[bool, float]], target: float) -> None:
    """Whatever the answers, the threshold lets at least the least share through."""
    right, sure = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    threshold = threshold_for(right, sure, target, 0.2)

    assert threshold in sure
    assert sum(one >= threshold for one in sure) >= max(1, round(0.2 * len(sure)))
