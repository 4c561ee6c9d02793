"""Comparing: chance is told from a difference, on the same rows, and too few rows give no verdict."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.comparing import LEAST_ROWS, Answers, compare, told


def answers(right: list[bool], sure: float = 0.9) -> Answers:
    """Return answers of which these are right."""
    return Answers(["对" if one else "错" for one in right], [sure] * len(right), 0.5)


def verdict(first: list[bool], second: list[bool], groups: list[str] | None = None) -> str:
    """Return the verdict on a candidate that was right there, where the serving version was right here."""
    groups = groups or [str(number) for number in range(len(first))]
    return str(compare(["对"] * len(first), answers(first), answers(second), groups, seed=1)["verdict"])


def test_a_clear_gain_is_better_and_its_reverse_worse() -> None:
    """Twelve rows mended and none spoiled is no chance."""
    good, bad = [True] * 100, [True] * 88 + [False] * 12

    assert verdict(good, bad) == "better"
    assert verdict(bad, good) == "worse"
    assert verdict(good, good) == verdict(bad, bad) == "no difference shown"


def test_a_gain_that_chance_explains_is_not_shown() -> None:
    """Four rows mended and two spoiled may be chance."""
    first = [True] * 98 + [False] * 2
    second = [True] * 94 + [False] * 4 + [True] * 2

    assert verdict(first, second) == "no difference shown"


def test_the_figures_add_up() -> None:
    """Rows both, one or none answer rightly; the difference lies within its interval; all of it is JSON."""
    first = [True] * 60 + [True] * 15 + [False] * 5 + [False] * 20
    second = [True] * 60 + [False] * 15 + [True] * 5 + [False] * 20
    found = compare(["对"] * 100, answers(first, 0.4), answers(second), [str(i) for i in range(100)], seed=1)

    assert [found[key] for key in ("both", "only_candidate", "only_serving", "neither")] == [60, 15, 5, 20]
    assert found["difference"] == 0.1
    assert found["interval"][0] < 0.1 < found["interval"][1]
    # The binomial tail of 5 of 20 at one half, both sides.
    assert found["p"] == pytest.approx(0.041389, abs=1e-6)
    assert (found["candidate"]["accuracy"], found["serving"]["accuracy"]) == (0.75, 0.65)
    assert (found["candidate"]["answered"], found["candidate"]["accuracy_of_answered"]) == (0.0, None)
    assert found["serving"]["answered"] == 1.0
    assert json.loads(json.dumps(found)) == found
    assert found == compare(["对"] * 100, answers(first, 0.4), answers(second), [str(i) for i in range(100)], seed=1), (
        "the same seed, the same interval"
    )


def test_one_author_cannot_decide_alone() -> None:
    """Twelve mended near-copies of one author are one piece of evidence, not twelve."""
    good, bad = [True] * 100, [True] * 88 + [False] * 12
    groups = [str(number) for number in range(88)] + ["one"] * 12

    assert verdict(good, bad, groups) == "no difference shown"


@pytest.mark.parametrize("rows", [0, 1, LEAST_ROWS - 1])
def test_few_rows_give_no_verdict(rows: int) -> None:
    """However clear it looks, and how many are needed is said."""
    found = compare(["对"] * rows, answers([True] * rows), answers([False] * rows), ["g"] * rows, seed=1)

    assert found == {"rows": rows, "verdict": "too few rows", "least_rows": LEAST_ROWS}


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=LEAST_ROWS, max_size=80), st.integers(1, 80))
def test_turned_round_it_says_the_opposite(rows: list[tuple[bool, bool]], groups: int) -> None:
    """Candidate and serving version are treated alike."""
    first, second = [one for one, _ in rows], [one for _, one in rows]
    names = [str(number % groups) for number in range(len(rows))]
    opposite = {"better": "worse", "worse": "better"}

    there, back = verdict(first, second, names), verdict(second, first, names)

    assert there == opposite.get(back, back)


def test_equal_versions_are_seldom_told_apart() -> None:
    """Of 400 comparisons of equally good versions at most a twentieth finds a difference."""
    chance = np.random.default_rng(5)
    found = [verdict((chance.random(150) < 0.8).tolist(), (chance.random(150) < 0.8).tolist()) for _ in range(400)]

    assert found.count("better") + found.count("worse") <= 20


def test_ten_points_are_mostly_found() -> None:
    """With 300 rows, 80 and 90 of a hundred right, and independent faults, the better one is mostly named."""
    chance = np.random.default_rng(5)
    found = [verdict((chance.random(300) < 0.9).tolist(), (chance.random(300) < 0.8).tolist()) for _ in range(40)]

    assert found.count("better") >= 34
    assert "worse" not in found


def test_a_line_for_a_person() -> None:
    """Better first, then worse, then what was not shown."""
    assert told(
        {
            "kind": {"verdict": "no difference shown"},
            "category": {"verdict": "too few rows"},
            "owner": {"verdict": "better", "difference": 0.0312, "p": 0.0101},
            "sentiment": {"verdict": "worse", "difference": -0.1, "p": 0.00001},
        }
    ) == (
        "better on owner (+3.1 points, p 0.01); worse on sentiment (-10.0 points, p < 0.001); "
        "no difference shown on kind; too few rows on category"
    )
    assert told({}) == "too few rows kept aside"
