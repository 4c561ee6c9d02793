"""A look at drift: of the version in service, against its own weeks, with a change of versions told apart."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from classifier.drift import watch_drift
from classifier.drift_look import Drift, Period, look
from classifier.errors import DayNotOver
from config.context import Context
from tests.classifier.days import Said, make_version, predict, store
from tests.conftest import NOW, FixedClock

SPRING = datetime(2026, 3, 1, tzinfo=UTC)
WEEK = Period(date(2026, 11, 16), date(2026, 11, 22))
BEFORE = Period(date(2026, 10, 19), date(2026, 11, 15))

Answering = Callable[[int, int], Said]
"""What is said by the days before the 23rd and the message's number within its day."""


def moment(ago: int, number: int = 0) -> datetime:
    """Return a moment of a local day so many days before Monday 2026-11-23."""
    return NOW - timedelta(days=ago) + timedelta(minutes=number)


def ordinary(ago: int, number: int) -> Said:
    """Every third message is left to people, every fourth a 投诉."""
    return Said(
        moment(ago, number),
        abstained="owner" if number % 3 == 0 else "",
        confidence=(0.7, 0.8, 0.9)[number % 3],
        answers=(("kind", "投诉"),) if number % 4 == 0 else (),
    )


def said(answering: Answering, days: range, a_day: int = 12) -> Iterator[Said]:
    """Yield a month of messages, so many a day."""
    for ago in days:
        for number in range(a_day):
            yield answering(ago, number)


def month(ctx: Context, version: int, answering: Answering = ordinary, a_day: int = 12) -> list[int]:
    """Store five weeks up to yesterday with their predictions, and count them."""
    rows = list(said(answering, range(1, 36), a_day))
    ids = store(ctx, rows)
    predict(ctx, version, ids, rows)
    watch_drift(ctx)
    return ids


def words(seen: Drift) -> list[tuple[str, str]]:
    """Return what moved, in short."""
    return [(finding.question, finding.what) for finding in seen.findings]


def test_a_quiet_month_has_figures_and_no_finding(ctx: Context) -> None:
    """Last week is compared with the 28 days before; every question that was asked has its line."""
    month(ctx, make_version(ctx, "base-1", SPRING))

    seen = look(ctx)

    assert (seen.version, seen.week, seen.reference, seen.findings, seen.switch) == ("base-1", WEEK, BEFORE, (), None)
    assert [figure.question for figure in seen.figures] == [
        *("category", "owner", "kind", "sentiment", "urgency", "channel")
    ]
    owner = seen.figures[1]
    assert (owner.messages_before, owner.messages_now, owner.compared) == (336, 84, True)
    assert owner.abstained_now == pytest.approx(1 / 3, abs=1e-4)
    assert owner.confidence_before == owner.confidence_now == pytest.approx(0.8)


def test_what_the_public_changes_is_found(ctx: Context) -> None:
    """Half of last week's letters ask about something else, and nobody is sure of them."""

    def changed(ago: int, number: int) -> Said:
        if ago > 7 or number % 2:
            return ordinary(ago, number)
        return Said(moment(ago, number), abstained="owner", confidence=0.4, answers=(("owner", "外部:教育局"),))

    month(ctx, make_version(ctx, "base-1", SPRING), changed)

    seen = look(ctx)

    assert {("owner", "shares"), ("owner", "abstained"), ("owner", "confidence")} <= set(words(seen))
    (shares,) = (one for one in seen.findings if (one.question, one.what) == ("owner", "shares"))
    assert shares.value in ("综合科", "外部:教育局")
    assert shares.since == WEEK.first
    assert all(one.question != "channel" for one in seen.findings)


def test_another_mix_of_channels_is_said_to_be_that(ctx: Context) -> None:
    """A new channel moves no question by itself, but is a finding of its own."""

    def changed(ago: int, number: int) -> Said:
        one = ordinary(ago, number)
        return (
            one
            if ago > 7 or number < 6
            else Said(one.received_at, "wechat", False, one.abstained, one.confidence, one.answers)
        )

    month(ctx, make_version(ctx, "base-1", SPRING), changed)

    assert words(look(ctx)) == [("channel", "shares")]


def test_a_look_back_sees_what_was_to_be_seen_then(ctx: Context) -> None:
    """The week may end on any past day; the present and the future are refused."""
    month(ctx, make_version(ctx, "base-1", SPRING))

    seen = look(ctx, date(2026, 11, 15))

    assert seen.week == Period(date(2026, 11, 9), date(2026, 11, 15))
    assert seen.reference == Period(date(2026, 10, 19), date(2026, 11, 8))
    for day in (date(2026, 11, 23), date(2027, 1, 1)):
        with pytest.raises(DayNotOver, match="2026-11-22"):
            look(ctx, day)


def test_yesterday_is_the_bureaus_yesterday(ctx: Context, clock: FixedClock) -> None:
    """At 23:59 in Linyi the day before is the last whole one, a minute later this day is."""
    clock.set(datetime(2026, 11, 23, 15, 59, tzinfo=UTC))
    assert look(ctx).week.last == date(2026, 11, 22)

    clock.set(datetime(2026, 11, 23, 16, 0, tzinfo=UTC))
    assert look(ctx).week.last == date(2026, 11, 23)


def test_small_numbers_say_so(ctx: Context) -> None:
    """Two letters a day are too few, whatever they say."""
    month(ctx, make_version(ctx, "base-1", SPRING), lambda ago, number: ordinary(ago, number + (ago < 8)), a_day=2)

    seen = look(ctx)

    assert [figure.compared for figure in seen.figures] == [False] * 6
    assert seen.findings == ()
    assert seen.as_json()["least"] == {"before": 100, "now": 30}


def test_a_home_without_predictions_has_nothing_to_tell(ctx: Context) -> None:
    """Neither a missing version nor one that has not answered is an error."""
    assert look(ctx).version is None

    make_version(ctx, "base-1", SPRING)
    seen = look(ctx)
    assert (seen.version, seen.reference, seen.figures) == ("base-1", None, ())


def test_restricted_messages_are_one_number(ctx: Context) -> None:
    """They are counted beside the figures and stand in none of them, whatever they say."""

    def some(ago: int, number: int) -> Said:
        hidden = (ago, number) in {(1, 0), (2, 0), (9, 0)}
        kind = "举报" if hidden else "咨询"
        return Said(moment(ago, number), restricted=hidden, answers=(("kind", kind),))

    month(ctx, make_version(ctx, "base-1", SPRING), some)

    seen = look(ctx)

    assert (seen.restricted_before, seen.restricted_now) == (1, 2)
    assert "举报" not in json.dumps(seen.as_json(), default=str, ensure_ascii=False)
    assert seen.figures[0].messages_now == 82


def test_a_new_version_starts_a_new_reference(ctx: Context) -> None:
    """Days that a version of the bureau's own may have learned from are no reference; with whole weeks it begins."""
    older = make_version(ctx, "base-1", SPRING)
    ids = month(ctx, older)
    own = make_version(ctx, "own-1", moment(17), file="own-1.npz")  # Trained and activated on Friday, 11-06.
    predict(ctx, own, ids, list(said(ordinary, range(1, 36))))
    watch_drift(ctx)

    seen = look(ctx)
    assert (seen.version, seen.reference) == ("own-1", Period(date(2026, 11, 9), date(2026, 11, 15)))
    assert look(ctx, date(2026, 11, 15)).reference is None

    assert look(ctx, date(2026, 11, 5)).version == "base-1"


def test_what_a_switch_of_versions_does_is_no_drift_of_the_public(ctx: Context) -> None:
    """The same letters by both versions are shown apart; the comparison over time stays quiet."""
    older = make_version(ctx, "base-1", SPRING)
    rows = list(said(ordinary, range(1, 36)))
    ids = month(ctx, older)
    newer = make_version(ctx, "base-2", moment(7))
    surer = [replace(one, abstained="", confidence=0.95, answers=(("owner", "办公室"), *one.answers)) for one in rows]
    predict(ctx, newer, ids, surer)
    watch_drift(ctx)

    seen = look(ctx)

    assert seen.findings == ()
    assert seen.reference == BEFORE
    assert seen.switch is not None
    assert (seen.switch.before, seen.switch.now, seen.switch.on) == ("base-1", "base-2", date(2026, 11, 16))
    assert seen.switch.days == BEFORE
    (owner,) = (figure for figure in seen.switch.figures if figure.question == "owner")
    assert (owner.messages_before, owner.messages_now, owner.distance) == (336, 336, 1.0)
    assert (owner.confidence_now, owner.abstained_now) == (0.95, 0.0)
    assert {move.value for move in owner.moves} == {"综合科", "办公室"}
    assert [figure.question for figure in seen.switch.figures] == ["category", "owner", "kind", "sentiment", "urgency"]


def test_a_switch_counts_only_days_that_both_have_answered(ctx: Context) -> None:
    """While the new version still answers for old days, half a day is not held against a whole one."""
    older = make_version(ctx, "base-1", SPRING)
    rows = list(said(ordinary, range(1, 36)))
    ids = month(ctx, older)
    newer = make_version(ctx, "base-2", moment(7))
    watch_drift(ctx)
    assert look(ctx).switch is None

    some = 12 * 14 + 5  # All of the last 14 days and a part of the one before.
    predict(ctx, newer, ids[:some], rows[:some])
    watch_drift(ctx)

    switch = look(ctx).switch
    assert switch is not None
    assert switch.days == Period(date(2026, 11, 9), date(2026, 11, 15))
    assert switch.figures[0].messages_before == switch.figures[0].messages_now == 84


def test_a_switch_long_ago_is_not_told_again(ctx: Context) -> None:
    """Once all days looked at are the newer version's own time, the switch is history."""
    older = make_version(ctx, "base-1", SPRING)
    ids = month(ctx, older)
    newer = make_version(ctx, "base-2", moment(36))
    predict(ctx, newer, ids, list(said(ordinary, range(1, 36))))
    watch_drift(ctx)

    assert look(ctx).switch is None
