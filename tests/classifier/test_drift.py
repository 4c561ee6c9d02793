"""The numbers of each day: counted from the predictions, kept without repeating, and never of a restricted message."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from classifier import drift
from classifier.drift import watch_drift
from classifier.drift_look import look
from classifier.tables import Prediction, PredictionDay
from collector.access import PIPELINE, restrict, visible_to
from collector.tables import Message
from config.context import Context
from tests.classifier.days import Said, make_version, predict, store
from tests.conftest import NOW

NOON = datetime(2026, 11, 18, 4, 0, tzinfo=UTC)
"""Twelve o'clock in Linyi."""


def rows(ctx: Context, **where: Any) -> list[PredictionDay]:
    """Return what is kept, in order, of one question if it is named."""
    with ctx.database.reading() as session:
        query = sa.select(PredictionDay).order_by(*sa.inspect(PredictionDay).primary_key)
        return list(session.scalars(query.filter_by(**where)))


def told(ctx: Context) -> list[tuple[Any, ...]]:
    """Return all that is kept, as plain values."""
    columns = [column.key for column in sa.inspect(PredictionDay).columns]
    return [tuple(getattr(row, column) for column in columns) for row in rows(ctx)]


def in_zone(ctx: Context, zone: str) -> Context:
    """Return the same home for a bureau in another zone."""
    profile = ctx.profile.model_copy(update={"bureau": ctx.profile.bureau.model_copy(update={"timezone": zone})})
    vars(profile).pop("zone", None)  # It was reckoned for the old zone.
    return replace(ctx, profile=profile)


def add(ctx: Context, version: int, *said: Said) -> list[int]:
    """Store messages with their predictions."""
    ids = store(ctx, said)
    predict(ctx, version, ids, said)
    return ids


@pytest.fixture
def version(ctx: Context) -> int:
    """A shipped version in service since the spring."""
    return make_version(ctx, "base-1", datetime(2026, 3, 1, tzinfo=UTC))


def test_a_day_is_counted_by_channel_question_and_answer(ctx: Context, version: int) -> None:
    """Messages, those left to people, and the sums of confidence and its square stand in one row an answer."""
    add(
        ctx,
        version,
        Said(NOON, confidence=0.8),
        Said(NOON, confidence=0.5, abstained="category;owner"),
        Said(NOON, answers=(("owner", "办公室"),)),
        Said(NOON, channel="posts", answers=(("emotion", "anger"),)),
    )

    assert watch_drift(ctx) == {"days": 1, "removed": 0}

    owners = {(row.channel, row.value): row for row in rows(ctx, question="owner")}
    assert {key: row.messages for key, row in owners.items()} == {
        ("site-board", "综合科"): 2,
        ("site-board", "办公室"): 1,
        ("posts", "综合科"): 1,
    }
    two = owners["site-board", "综合科"]
    assert (two.abstained, owners["posts", "综合科"].abstained) == (1, 0)
    assert (two.confidence_sum, two.confidence_squares) == (pytest.approx(1.3), pytest.approx(0.89))
    assert {row.day for row in rows(ctx)} == {date(2026, 11, 18)}
    (emotion,) = rows(ctx, question="emotion")
    assert (emotion.channel, emotion.value, emotion.messages) == ("posts", "anger", 1)


def test_a_second_run_changes_nothing(ctx: Context, version: int) -> None:
    """The same predictions give the same rows, and a run without news writes none."""
    add(ctx, version, *(Said(NOON - timedelta(days=day), confidence=0.123 * (day % 7)) for day in range(40)))
    assert watch_drift(ctx)["days"] == 40
    before = told(ctx)

    assert watch_drift(ctx) == {"days": 0, "removed": 0}
    assert told(ctx) == before


def test_only_days_with_news_are_counted_anew(ctx: Context, version: int) -> None:
    """A late import into an old day is added to that day, and to no other."""
    add(ctx, version, *(Said(NOON - timedelta(days=day)) for day in range(10)))
    watch_drift(ctx)
    add(ctx, version, Said(NOON - timedelta(days=9)), Said(NOON - timedelta(days=400)))

    assert watch_drift(ctx) == {"days": 2, "removed": 0}

    counts = {row.day: row.messages for row in rows(ctx, question="category")}
    assert (counts[date(2026, 11, 9)], counts[date(2026, 11, 10)]) == (2, 1)
    assert counts[date(2025, 10, 14)] == 1


def test_messages_without_a_prediction_count_nowhere(ctx: Context, version: int) -> None:
    """A day of which nothing is predicted yet has no rows."""
    store(ctx, [Said(NOON)])

    assert watch_drift(ctx) == {"days": 0, "removed": 0}
    assert rows(ctx) == []


def test_each_version_has_its_own_rows(ctx: Context, version: int) -> None:
    """A new version answers anew for old days; what the earlier one said of them stays."""
    said = Said(NOON)
    ids = add(ctx, version, said)
    watch_drift(ctx)
    later = make_version(ctx, "base-2", NOW)
    predict(ctx, later, ids, [replace(said, answers=(("owner", "办公室"),))])

    assert watch_drift(ctx) == {"days": 1, "removed": 0}

    owners = [(row.model_version_id, row.value, row.messages) for row in rows(ctx, question="owner")]
    assert owners == [(version, "综合科", 1), (later, "办公室", 1)]


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        ("Asia/Shanghai", datetime(2026, 11, 17, 15, 59, 59, 999_999, tzinfo=UTC), date(2026, 11, 17)),
        ("Asia/Shanghai", datetime(2026, 11, 17, 16, 0, tzinfo=UTC), date(2026, 11, 18)),
        ("Asia/Kathmandu", datetime(2026, 11, 17, 18, 14, 59, tzinfo=UTC), date(2026, 11, 17)),
        ("Asia/Kathmandu", datetime(2026, 11, 17, 18, 15, tzinfo=UTC), date(2026, 11, 18)),
        # A day of 25 hours in New York, and one that begins at one o'clock in Cairo.
        ("America/New_York", datetime(2026, 11, 1, 4, 0, tzinfo=UTC), date(2026, 11, 1)),
        ("America/New_York", datetime(2026, 11, 2, 4, 59, 59, tzinfo=UTC), date(2026, 11, 1)),
        ("America/New_York", datetime(2026, 11, 2, 5, 0, tzinfo=UTC), date(2026, 11, 2)),
        ("Africa/Cairo", datetime(2026, 4, 23, 21, 59, 59, tzinfo=UTC), date(2026, 4, 23)),
        ("Africa/Cairo", datetime(2026, 4, 23, 22, 0, tzinfo=UTC), date(2026, 4, 24)),
    ],
)
def test_a_day_is_the_bureaus_own(ctx: Context, version: int, zone: str, moment: datetime, day: date) -> None:
    """Days begin at the local midnight, also where a day has 23 or 25 hours or an odd offset."""
    add(ctx, version, Said(moment))

    assert watch_drift(in_zone(ctx, zone))["days"] == 1
    assert {row.day for row in rows(ctx)} == {day}


def test_a_changed_zone_moves_what_is_kept(ctx: Context, version: int) -> None:
    """After a correction of the profile's zone the days are counted anew, and the old ones are gone."""
    add(ctx, version, Said(datetime(2026, 11, 17, 17, 0, tzinfo=UTC)))
    watch_drift(ctx)

    assert watch_drift(in_zone(ctx, "Europe/Berlin")) == {"days": 1, "removed": 1}
    assert {row.day for row in rows(ctx)} == {date(2026, 11, 17)}


def test_a_restricted_message_is_in_no_row(ctx: Context, version: int) -> None:
    """Neither its answers nor its channel are counted, alone on its day or not."""
    add(ctx, version, Said(NOON), Said(NOON, restricted=True, answers=(("kind", "举报"),)))
    add(ctx, version, Said(NOON - timedelta(days=1), channel="mailbox", restricted=True))

    watch_drift(ctx)

    assert [(row.channel, row.value, row.messages) for row in rows(ctx, question="kind")] == [("site-board", "咨询", 1)]


@pytest.mark.parametrize("others", [0, 1])
def test_what_is_restricted_later_is_taken_out(ctx: Context, version: int, others: int) -> None:
    """The next run takes a message out again, even if another came to the same day and the number is the same."""
    (secret,) = add(ctx, version, Said(NOON, confidence=0.7, answers=(("kind", "举报"),)))
    watch_drift(ctx)
    with ctx.database.writing() as session:
        restrict(session, session.scalars(sa.select(Message).where(Message.id == secret, visible_to(PIPELINE))).one())
    if others:
        add(ctx, version, Said(NOON))

    counts = watch_drift(ctx)

    assert counts == ({"days": 1, "removed": 0} if others else {"days": 0, "removed": 1})
    assert rows(ctx, value="举报") == []


def test_messages_that_are_gone_leave_no_numbers(ctx: Context, version: int) -> None:
    """What was purged from the predictions is in no day any more."""
    add(ctx, version, Said(NOON))
    watch_drift(ctx)
    with ctx.database.writing() as session:
        session.execute(sa.delete(Prediction))

    assert watch_drift(ctx) == {"days": 0, "removed": 1}
    assert rows(ctx) == []


def test_stopped_between_two_days_it_goes_on_later(ctx: Context, version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that stops loses nothing: what was written stays, the next run does the rest."""
    monkeypatch.setattr(drift, "DAYS_A_WRITE", 2)
    add(ctx, version, *(Said(NOON - timedelta(days=day)) for day in range(7)))

    def stop(done: int, total: int | None) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watch_drift(ctx, progress=stop)
    assert len(rows(ctx, question="category")) == 4

    assert watch_drift(ctx) == {"days": 3, "removed": 0}
    assert len(rows(ctx, question="category")) == 7


def test_two_runs_at_once_count_everything_once(ctx: Context, version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job and a person's look may fall together; both write the same numbers and neither fails."""
    add(ctx, version, *(Said(NOON - timedelta(days=day)) for day in range(5)))
    both_have_counted = threading.Barrier(2, timeout=30)
    write: Callable[..., None] = drift._replace

    def late(*arguments: Any) -> None:
        both_have_counted.wait()
        write(*arguments)

    monkeypatch.setattr(drift, "_replace", late)
    failures: list[BaseException] = []

    def run() -> None:
        try:
            watch_drift(ctx)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert [row.messages for row in rows(ctx, question="category")] == [1] * 5


@pytest.mark.slow
def test_a_hundred_thousand_predictions_take_seconds(ctx: Context, version: int) -> None:
    """The first run over a year of 100,000 messages, a nightly run with one new message, and a look.

    Processor time, because other tests may run beside it.
    """
    random = Random(1)
    kinds, owners = ("咨询", "求助", "投诉", "建议"), ctx.profile.owners
    said = [
        Said(
            NOW - timedelta(minutes=5 * place),
            random.choice(("site-board", "mailbox", "posts", "wechat")),
            confidence=round(random.random(), 4),
            abstained=random.choice(("", "owner", "category;kind")),
            answers=(("kind", random.choice(kinds)), ("owner", random.choice(owners))),
        )
        for place in range(1, 100_001)
    ]
    add(ctx, version, *said)

    start = time.process_time()
    counts = watch_drift(ctx)
    first = time.process_time() - start
    add(ctx, version, said[0])
    start = time.process_time()
    again = watch_drift(ctx)
    night = time.process_time() - start
    start = time.process_time()
    seen = look(ctx)
    view = time.process_time() - start

    print(f"first {first:.2f} s, night {night:.2f} s, look {view:.3f} s")
    assert counts["days"] == 348
    assert again["days"] == 1
    assert [figure.compared for figure in seen.figures if figure.question == "owner"] == [True]
    assert first < 5
    assert night < 2
    assert view < 1
