"""Whether a week differs from the weeks before it. Pure: counts of days in, figures and findings out.

Whole weeks are compared, so that each weekday stands in both sides. A finding needs both: a move large enough to
matter, and a small chance that weeks of the same kind differ as much. Weeks that differ a lot among themselves
ask for a larger move (the tests are divided by that dispersion, as in a quasi-likelihood).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2, ttest_ind_from_stats

WEEK = 7

LEAST_NOW, LEAST_BEFORE = 30, 100
"""Fewer messages in the week, or in the weeks before it, are not compared."""

FALSE_ALARMS = 0.01
"""The chance of any finding at one look, over all questions, when nothing but chance moves the figures."""

CONFIDENCE_MOVE, ABSTAINED_MOVE, SHARES_MOVE = 0.03, 0.05, 0.08
"""Least moves that count: of mean confidence, of the share left to people, and the Jensen-Shannon distance of shares.

A distance of 0.08 is one answer's share going from 5 to 10 %, from 20 to 28 %, or from 50 to 60 %.
"""

LEAST_EXPECTED = 5
"""Answers expected more rarely than this in either side are tested together (Cochran's rule for chi-square)."""

SHOWN_MOVES = 3

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
What = Literal["confidence", "abstained", "shares"]


@dataclass(frozen=True, eq=False)
class Series:
    """The days of one question, oldest first: whole weeks, of which the last is compared with the others.

    Args:
        values: the answers, in the order of the columns.
        counts: messages, one row a day and one column an answer.
        abstained: messages a day that were left to people; None where there is no confidence, only counts.
        sums, squares: of the confidences of a day, and of their squares.
    """

    question: str
    first: date
    values: tuple[str, ...]
    counts: Ints
    abstained: Ints | None = None
    sums: Floats | None = None
    squares: Floats | None = None


@dataclass(frozen=True)
class Move:
    """One answer and its share of the messages, before and now."""

    value: str
    before: float
    now: float


@dataclass(frozen=True)
class Figures:
    """One question in two sets of messages; shares and confidences between 0 and 1.

    Args:
        compared: whether there were enough messages to look for a finding.
        distance: Jensen-Shannon distance of the shares, 0 for equal and 1 for nothing in common.
        moves: the answers whose shares differ most, largest first.
    """

    question: str
    messages_before: int
    messages_now: int
    compared: bool
    confidence_before: float | None
    confidence_now: float | None
    abstained_before: float | None
    abstained_now: float | None
    distance: float | None
    moves: tuple[Move, ...]


@dataclass(frozen=True)
class Finding:
    """One thing that moved.

    Args:
        value: with shares, the answer whose share moved most, which `before` and `now` are of.
        p: the chance of so large a difference by accident, corrected for all that was looked at (Holm).
        since: the day that parts the days into the most different before and after: an estimate.
    """

    question: str
    what: What
    value: str | None
    before: float
    now: float
    p: float
    since: date

    def words(self) -> str:
        """Return the finding as a clause."""
        sure = "p < 0.001" if self.p < 0.001 else f"p = {self.p:.3f}"
        if self.what == "confidence":
            moved = f"mean confidence {self.before:.2f} → {self.now:.2f}"
        else:
            share = "left to people" if self.what == "abstained" else f"share of {self.value}"
            moved = f"{share} {self.before:.1%} → {self.now:.1%}"
        return f"{self.question}, {moved}, {sure}, since about {self.since}"


def figures_of(series: Series, before: slice, now: slice) -> Figures:
    """Return the figures of two sets of days, given as rows."""
    counts_before, counts_now = series.counts[before].sum(0), series.counts[now].sum(0)
    n_before, n_now = int(counts_before.sum()), int(counts_now.sum())
    moves: list[Move] = []
    distance = None
    if n_before and n_now:
        shares = zip(series.values, counts_before / n_before, counts_now / n_now, strict=True)
        moves = [Move(value, round(float(a), 4), round(float(b), 4)) for value, a, b in shares if a != b]
        moves.sort(key=lambda move: (-abs(move.now - move.before), move.value))
        distance = _distance(counts_before, counts_now)
    return Figures(
        question=series.question,
        messages_before=n_before,
        messages_now=n_now,
        compared=n_before >= LEAST_BEFORE and n_now >= LEAST_NOW,
        confidence_before=_mean(series.sums, before, n_before),
        confidence_now=_mean(series.sums, now, n_now),
        abstained_before=_mean(series.abstained, before, n_before),
        abstained_now=_mean(series.abstained, now, n_now),
        distance=distance,
        moves=tuple(moves[:SHOWN_MOVES]),
    )


def compare(all_series: Sequence[Series]) -> tuple[list[Figures], list[Finding]]:
    """Compare the last week of each series with the weeks before it.

    Returns:
        The figures of every series, and what moved, the surest first.
    """
    figures = [figures_of(series, slice(0, -WEEK), slice(-WEEK, None)) for series in all_series]
    tests = [
        (series, figure, what, _chance(series, what))
        for series, figure in zip(all_series, figures, strict=True)
        if figure.compared
        for what in _asked(series)
    ]
    corrected = _holm([chance for *_, chance in tests])
    findings = [
        _finding(series, figure, what, p)
        for (series, figure, what, _), p in zip(tests, corrected, strict=True)
        if p < FALSE_ALARMS and _matters(figure, what)
    ]
    return figures, sorted(findings, key=lambda finding: finding.p)


def _asked(series: Series) -> tuple[What, ...]:
    return ("shares",) if series.sums is None else ("confidence", "abstained", "shares")


def _matters(figure: Figures, what: What) -> bool:
    if what == "shares":
        return (figure.distance or 0.0) >= SHARES_MOVE
    before, now = _ends(figure, what)
    return abs(now - before) >= (CONFIDENCE_MOVE if what == "confidence" else ABSTAINED_MOVE)


def _ends(figure: Figures, what: What) -> tuple[float, float]:
    if what == "shares":
        return figure.moves[0].before, figure.moves[0].now
    if what == "confidence":
        return figure.confidence_before or 0.0, figure.confidence_now or 0.0
    return figure.abstained_before or 0.0, figure.abstained_now or 0.0


def _finding(series: Series, figure: Figures, what: What, p: float) -> Finding:
    before, now = _ends(figure, what)
    value = figure.moves[0].value if what == "shares" else None
    return Finding(series.question, what, value, before, now, p, _since(series, what))


def _chance(series: Series, what: What) -> float:
    """Return the chance that weeks of the same kind differ as much as the last from those before it."""
    if what == "confidence":
        return _chance_of_mean(series)
    weeks = _table(series, what).reshape(-1, WEEK, _table(series, what).shape[1]).sum(1)
    weeks = _pooled(weeks)
    if weeks.shape[1] < 2:
        return 1.0
    freedom = weeks.shape[1] - 1
    statistic = _pearson(np.stack([weeks[:-1].sum(0), weeks[-1]]))
    known = weeks[:-1][weeks[:-1].sum(1) > 0]
    dispersion = _pearson(known) / (freedom * (len(known) - 1)) if len(known) > 1 else 1.0
    return float(chi2.sf(statistic / max(1.0, dispersion), freedom))


def _table(series: Series, what: What) -> Ints:
    """Return the counts that are tested, one row a day: of answers, or of left to people and answered."""
    if what == "shares" or series.abstained is None:
        return series.counts
    return np.stack([series.abstained, series.counts.sum(1) - series.abstained], axis=1)


def _chance_of_mean(series: Series) -> float:
    """Return Welch's p of the mean confidence; unequal means without any spread have none."""
    numbers, sums, squares = _weekly(series)
    sides = [_mean_and_variance(*(part[side].sum() for part in (numbers, sums, squares))) for side in _SIDES]
    (mean_before, spread_before), (mean_now, spread_now) = sides
    if spread_before + spread_now <= 0:
        return 1.0 if mean_before == mean_now else 0.0
    held = numbers[:-1] > 0
    between = numbers[:-1][held] * (sums[:-1][held] / numbers[:-1][held] - mean_before) ** 2
    dispersion = between.sum() / (held.sum() - 1) / spread_before if held.sum() > 1 and spread_before > 0 else 1.0
    scale = np.sqrt(max(1.0, dispersion))
    result = ttest_ind_from_stats(
        mean_before,
        np.sqrt(spread_before) * scale,
        numbers[:-1].sum(),
        mean_now,
        np.sqrt(spread_now) * scale,
        numbers[-1],
        equal_var=False,
    )
    return float(result.pvalue)


_SIDES = (slice(0, -1), slice(-1, None))


def _weekly(series: Series) -> tuple[Floats, Floats, Floats]:
    """Return messages, and sums and squares of confidence, of each week."""
    if series.sums is None or series.squares is None:
        raise ValueError(f"{series.question} has no confidence")
    days = (series.counts.sum(1).astype(np.float64), series.sums, series.squares)
    numbers, sums, squares = (part.reshape(-1, WEEK).sum(1) for part in days)
    return numbers, sums, squares


def _mean_and_variance(number: float, total: float, squares: float) -> tuple[float, float]:
    mean = total / number
    # Rounding can leave a tiny negative where all confidences are equal.
    return mean, max(0.0, (squares - total * mean) / (number - 1))


def _since(series: Series, what: What) -> date:
    """Return the day from which the days differ most from those before it: the split of greatest likelihood.

    A week at least stands before it and three days from it on, so that one odd day is not taken for a change.
    """
    if what == "confidence":
        measure: Callable[[int], float] = _split_of_mean(series)
    else:
        table = _table(series, what)
        groups = _groups(table.reshape(-1, WEEK, table.shape[1]).sum(1))
        pooled = np.stack([table[:, group].sum(1) for group in groups], axis=1)

        def measure(day: int) -> float:
            return _pearson(np.stack([pooled[:day].sum(0), pooled[day:].sum(0)]))

    splits = range(WEEK, len(series.counts) - 2)
    return series.first + timedelta(days=max(splits, key=measure))


def _split_of_mean(series: Series) -> Callable[[int], float]:
    numbers, sums = series.counts.sum(1), series.sums

    def measure(day: int) -> float:
        """The variance between the two sides, up to a factor."""
        before, now = numbers[:day].sum(), numbers[day:].sum()
        if sums is None or not before or not now:
            return 0.0
        difference = sums[:day].sum() / before - sums[day:].sum() / now
        return float(difference**2 * before * now)

    return measure


def _pooled(weeks: Ints) -> Ints:
    """Return the table of weeks with rare answers taken together."""
    groups = _groups(weeks)
    return np.stack([weeks[:, group].sum(1) for group in groups], axis=1)


def _groups(weeks: Ints) -> list[list[int]]:
    """Return which columns are tested as one: each frequent answer for itself, the rare ones together."""
    total = weeks.sum()
    smaller_side = min(weeks[-1].sum(), weeks[:-1].sum()) / total if total else 0.0
    expected = weeks.sum(0) * smaller_side
    order = np.argsort(-expected, kind="stable").tolist()
    groups = [[column] for column in order if expected[column] >= LEAST_EXPECTED]
    rest = [column for column in order if expected[column] < LEAST_EXPECTED]
    if rest and groups and expected[rest].sum() < LEAST_EXPECTED:
        groups[-1] += rest
    elif rest:
        groups.append(rest)
    return groups


def _pearson(table: Ints) -> float:
    """Return the chi-square statistic of a table; a row or column without counts adds nothing."""
    total = table.sum()
    if not total:
        return 0.0
    expected = np.outer(table.sum(1), table.sum(0)) / total
    held = expected > 0
    return float((((table - expected) ** 2)[held] / expected[held]).sum())


def _holm(chances: Sequence[float]) -> list[float]:
    """Return the chances corrected for their number.

    Source: Holm, A simple sequentially rejective multiple test procedure, 1979.
    """
    corrected = [1.0] * len(chances)
    least = 0.0
    for rank, place in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        least = max(least, min(1.0, chances[place] * (len(chances) - rank)))
        corrected[place] = least
    return corrected


def _distance(before: Ints, now: Ints) -> float:
    distance = float(jensenshannon(before, now, base=2))
    # Rounding can leave the root of a tiny negative where the shares are equal.
    return 0.0 if np.isnan(distance) else round(distance, 4)


def _mean(sums: Ints | Floats | None, days: slice, number: int) -> float | None:
    return None if sums is None or not number else round(float(sums[days].sum() / number), 4)
