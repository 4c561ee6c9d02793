"""A week beside the weeks before it: chance alone raises no alarm, a real shift does."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.shifts import (
    FALSE_ALARMS,
    LEAST_BEFORE,
    LEAST_NOW,
    WEEK,
    Floats,
    Series,
    compare,
    figures_of,
)

FIRST = date(2026, 10, 12)
DAYS = 5 * WEEK
WEEKDAYS = np.array([1.4, 1.2, 1.1, 1.0, 1.0, 0.5, 0.3] * 5)


def series(
    rng: np.random.Generator,
    a_day: float,
    shares: Floats,
    *,
    later: Floats | None = None,
    since: int = DAYS,
    sure: tuple[float, float] = (6.0, 2.0),
    sure_later: tuple[float, float] | None = None,
    left: float = 0.3,
    left_later: float | None = None,
    name: str = "owner",
) -> Series:
    """Draw the days of a question; from the day `since` on its shares, confidence and abstention may be others."""
    numbers = rng.poisson(a_day * WEEKDAYS)
    counts, abstained, sums, squares = [], [], [], []
    for day, number in enumerate(numbers):
        past = day >= since
        counts.append(rng.multinomial(number, later if past and later is not None else shares))
        abstained.append(rng.binomial(number, left_later if past and left_later is not None else left))
        confidence = rng.beta(*(sure_later if past and sure_later is not None else sure), number)
        sums.append(confidence.sum())
        squares.append((confidence**2).sum())
    values = tuple(f"答{place}" for place in range(len(shares)))
    return Series(name, FIRST, values, np.array(counts), np.array(abstained), np.array(sums), np.array(squares))


def six(rng: np.random.Generator, a_day: float) -> list[Series]:
    """Draw six questions with as many answers as ours have, all without any shift."""
    return [
        series(rng, a_day, rng.dirichlet(np.full(number, 0.8)), name=f"q{number}") for number in (9, 28, 8, 3, 7, 4)
    ]


@settings(derandomize=True, max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), a_day=st.sampled_from([6, 15, 60]))
def test_weeks_of_one_kind_raise_no_more_alarms_than_stated(seed: int, a_day: int) -> None:
    """Of a hundred looks at weeks from one and the same world, about one alarms; seven would be 1 in 10,000."""
    rng = np.random.default_rng(seed)
    alarms = sum(bool(compare(six(rng, a_day))[1]) for _ in range(100))

    assert pytest.approx(0.01) == FALSE_ALARMS
    assert alarms <= 6


@settings(derandomize=True, max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_days_of_one_world_dealt_anew_into_weeks_raise_no_alarm(seed: int) -> None:
    """The same days in any order of weeks stay quiet: a hundred deals of one month give next to no finding."""
    rng = np.random.default_rng(seed)
    one = series(rng, 20, np.array([0.5, 0.3, 0.15, 0.05]))
    alarms = 0
    for _ in range(100):
        # A day takes the place of the same weekday of another week.
        rows = np.array([rng.permutation(np.arange(day, DAYS, WEEK)) for day in range(WEEK)]).T.reshape(-1)
        dealt = replace(
            one,
            counts=one.counts[rows],
            abstained=one.abstained[rows],
            sums=one.sums[rows],
            squares=one.squares[rows],
        )
        alarms += bool(compare([dealt])[1])

    assert alarms <= 6


def test_a_weekday_pattern_is_no_shift() -> None:
    """Weekends that differ from working days in everything are in both sides alike."""
    counts = np.array([[30, 5], [30, 5], [30, 5], [30, 5], [30, 5], [2, 20], [2, 20]] * 5)
    sums = counts @ np.array([0.9, 0.4])
    squares = counts @ np.array([0.81, 0.16])
    pattern = Series("kind", FIRST, ("咨询", "投诉"), counts, counts[:, 1], sums, squares)

    (figure,), findings = compare([pattern])

    assert findings == []
    assert (figure.distance, figure.moves) == (0.0, ())


@pytest.mark.parametrize(
    ("what", "changed"),
    [
        ("shares", {"later": np.array([0.3, 0.5, 0.2])}),
        ("confidence", {"sure_later": (4.0, 3.0)}),
        ("abstained", {"left_later": 0.55}),
    ],
)
def test_a_real_shift_is_found_with_its_beginning(what: str, changed: dict[str, object]) -> None:
    """What moved is named alone, with both values, a tiny chance, and about the day on which it began."""
    rng = np.random.default_rng(7)
    shifted = series(rng, 40, np.array([0.6, 0.25, 0.15]), since=DAYS - WEEK, **changed)  # type: ignore[arg-type]

    _, findings = compare([*six(rng, 40), shifted])

    (finding,) = findings
    assert (finding.question, finding.what) == ("owner", what)
    assert finding.p < 0.001
    assert abs((finding.since - (FIRST + timedelta(days=DAYS - WEEK))).days) <= 2
    if what == "shares":
        assert finding.value in ("答0", "答1")
    assert finding.question in finding.words()


def test_a_new_answer_out_of_nothing_is_found() -> None:
    """An answer that was never given before has a share of nothing in the weeks before."""
    counts = np.array([[20, 0]] * 28 + [[15, 5]] * 7)
    sums, squares = counts.sum(1) * 0.9, counts.sum(1) * 0.81
    _, findings = compare([Series("owner", FIRST, ("综合科", "无效"), counts, counts[:, 0] * 0, sums, squares)])

    (finding,) = findings
    assert finding.since == FIRST + timedelta(days=28)
    assert {finding.before, finding.now} in ({0.0, 0.25}, {1.0, 0.75})


def test_a_surely_measured_but_small_move_is_no_finding() -> None:
    """Fifty thousand messages a week show a difference of one point as certain; it is of no use to anybody."""
    counts = np.array([[5000, 2000]] * 28 + [[5070, 1930]] * 7)
    sums, squares = counts.sum(1) * 0.9, counts.sum(1) * 0.85
    (figure,), findings = compare([Series("kind", FIRST, ("咨询", "投诉"), counts, counts[:, 1], sums, squares)])

    assert figure.compared
    assert findings == []


def test_weeks_that_differ_among_themselves_ask_for_more() -> None:
    """The same last week is a finding after even weeks, and none after weeks that went up and down as far."""
    steady = np.array([[20, 20]] * 28 + [[26, 14]] * 7)
    restless = np.array([[26, 14]] * 7 + [[14, 26]] * 7 + [[26, 14]] * 7 + [[14, 26]] * 7 + [[26, 14]] * 7)

    def found(counts: np.ndarray) -> int:
        return len(compare([Series("channel", FIRST, ("site-board", "mailbox"), counts)])[1])

    assert (found(steady), found(restless)) == (1, 0)


@pytest.mark.parametrize(("before", "now"), [(LEAST_BEFORE - 1, 5 * LEAST_NOW), (5 * LEAST_BEFORE, LEAST_NOW - 1)])
def test_small_numbers_are_not_compared(before: int, now: int) -> None:
    """A few messages may differ in everything: figures are given, but nothing is found, and that is said."""
    counts = np.zeros((DAYS, 2), np.int64)
    counts[3, 0], counts[30, 1] = before, now
    sums, squares = counts.sum(1) * 0.9, counts.sum(1) * 0.81
    (figure,), findings = compare([Series("owner", FIRST, ("综合科", "无效"), counts, counts[:, 1], sums, squares)])

    assert not figure.compared
    assert findings == []
    assert (figure.messages_before, figure.messages_now, figure.distance) == (before, now, 1.0)


def test_days_without_messages_have_no_figures() -> None:
    """Nothing is divided by nothing."""
    nothing = np.zeros((DAYS, 1), np.int64)
    (figure,), findings = compare(
        [Series("owner", FIRST, ("综合科",), nothing, nothing[:, 0], nothing[:, 0], nothing[:, 0])]
    )

    assert findings == []
    assert (figure.distance, figure.confidence_now, figure.abstained_before) == (None, None, None)


def test_confidences_without_any_spread_are_compared() -> None:
    """Rules give the same confidence to every message; a new one for all of them is certain, the same is nothing."""
    counts = np.full((DAYS, 1), 20)
    level = np.array([0.9] * 28 + [0.8] * 7)
    same = Series("urgency", FIRST, ("低",), counts, counts[:, 0] * 0, counts[:, 0] * 0.5, counts[:, 0] * 0.25)
    other = replace(same, sums=counts[:, 0] * level, squares=counts[:, 0] * level**2)

    assert compare([same])[1] == []
    (finding,) = compare([other])[1]
    assert (finding.what, finding.before, finding.now) == ("confidence", 0.9, 0.8)


@given(
    rows=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 3)), min_size=14, max_size=14),
    left=st.floats(0, 1),
)
@settings(deadline=None)
def test_any_counts_give_figures_in_their_range(rows: list[tuple[int, int, int]], left: float) -> None:
    """Whatever the counts: shares and chances lie between 0 and 1, and the order of answers is of no matter."""
    counts = np.array(rows)
    abstained = np.floor(counts.sum(1) * left).astype(np.int64)
    sums = counts @ np.array([0.9, 0.6, 0.3])
    squares = counts @ np.array([0.81, 0.36, 0.09])
    one = Series("kind", FIRST, ("甲", "乙", "丙"), counts, abstained, sums, squares)
    turned = replace(one, values=("丙", "乙", "甲"), counts=counts[:, ::-1])

    figures, findings = compare([one])
    other_figures, other_findings = compare([turned])

    for move in figures[0].moves:
        assert 0 <= move.before <= 1
        assert 0 <= move.now <= 1
    assert figures == other_figures
    assert [(f.what, f.value, f.since) for f in findings] == [(f.what, f.value, f.since) for f in other_findings]
    for finding in findings:
        assert 0 <= finding.p < FALSE_ALARMS
        assert FIRST + timedelta(days=WEEK) <= finding.since < FIRST + timedelta(days=12)


def test_figures_of_the_same_days_are_equal() -> None:
    """A set of days beside itself has moved nowhere."""
    one = series(np.random.default_rng(3), 20, np.array([0.5, 0.3, 0.2]))
    figure = figures_of(one, slice(0, 7), slice(0, 7))

    assert figure.moves == ()
    assert (figure.distance, figure.confidence_before) == (0.0, figure.confidence_now)
