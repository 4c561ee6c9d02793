"""Confidence means what it says: answers are right as often as they are sure."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from classifier.confidence import AS_IT_IS, chances_of, sureness
from classifier.evaluation import calibration
from classifier.training import trust_in

_SCORES = arrays(np.float32, (6, 4), elements=st.floats(-50, 50, width=32))


@given(_SCORES, st.floats(0.05, 50), st.floats(0.05, 5), st.floats(-5, 5))
def test_trust_changes_how_sure_and_not_in_which_order(
    scores: np.ndarray, slope: float, factor: float, offset: float
) -> None:
    """Chances add up to one; confidences are lawful; a surer answer stays at least as sure as a less sure one."""
    chances = chances_of(scores, slope)
    sure = sureness(chances, (factor, offset))

    np.testing.assert_allclose(chances.sum(1), 1, rtol=1e-4)
    np.testing.assert_array_equal(sureness(chances, AS_IT_IS), chances.max(1))
    assert ((sure >= 0) & (sure <= 1)).all()
    order = np.argsort(chances.max(1), kind="stable")
    assert (np.diff(sure[order]) >= -1e-6).all()


def test_too_modest_chances_are_trusted_more_and_too_bold_ones_less() -> None:
    """Of three labels, right in nine of ten cases when 0.6 is said, and in six of ten when 0.9 is said."""
    rng = np.random.default_rng(3)
    for said, true in ((0.6, 0.9), (0.9, 0.6)):
        top = np.clip(rng.normal(said, 0.04, 4000), 0.4, 0.97)
        chances = np.stack([top, (1 - top) / 2, (1 - top) / 2], axis=1).astype(np.float32)
        right = (rng.random(4000) < true).tolist()

        sure = sureness(chances, trust_in(chances, right))

        assert calibration(np.array(right), sure)["error"] < 0.03
        assert calibration(np.array(right), chances.max(1))["error"] > 0.2


def test_a_few_rows_move_the_trust_little() -> None:
    """Three right answers do not make everything certain."""
    chances = np.array([[0.6, 0.4]] * 3, np.float32)

    assert sureness(chances, trust_in(chances, [True] * 3)).max() < 0.85
