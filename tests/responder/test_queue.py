"""The triage queue: the most pressing first, with reasons, and only what the reader may see."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from collector.access import EVERYONE, PIPELINE
from collector.tables import RESTRICTED
from config.workdays import WorkCalendar
from responder.cases import open_cases
from responder.lifecycle import State
from responder.queue import counts, hidden_restricted, time_left, triage
from responder.routing import Basis
from responder.tables import Case, Deadline
from tests.factories import make_message, make_prediction

ZONE = ZoneInfo("Asia/Shanghai")
CALENDAR = WorkCalendar.standard()


def letter(ctx, predicted=None, **columns):
    """Store a message with its prediction."""
    message = make_message(ctx, **columns)
    make_prediction(ctx, message, **(predicted or {}))
    return message


def rows_of(ctx, viewer=EVERYONE, **options):
    """Open what waits and return the queue."""
    open_cases(ctx)
    with ctx.database.reading() as session:
        return triage(session, viewer, ctx.profile, ctx.clock(), **options)


def test_an_empty_queue_is_empty(ctx):
    """A fresh home has no rows, and every open state counts nought."""
    assert rows_of(ctx) == []
    with ctx.database.reading() as session:
        assert set(counts(session, EVERYONE).values()) == {0}
        assert hidden_restricted(session, EVERYONE) == 0


def test_a_row_carries_what_the_clerk_decides_by(ctx):
    """Proposal with its words and confidence, kind, urgency with its reason, due date in words."""
    letter(
        ctx,
        {
            "owner": "综合科",
            "urgency": "高",
            "abstained": "kind",
            "why": {"owner": ["年鉴"], "urgency": ["停水", "三天"]},
        },
        title="年鉴在哪里买",
        author_name="张某某",
    )

    (row,) = rows_of(ctx)

    assert (row.number, row.state, row.channel, row.channel_name) == (
        "2026-000001",
        "待分办",
        "site-board",
        "网站留言板",
    )
    assert (row.title, row.received_at) == ("年鉴在哪里买", ctx.clock())
    assert (row.owner, row.owner_confidence, row.owner_basis, row.owner_why) == ("综合科", 0.9, Basis.MODEL, "年鉴")
    assert (row.kind, row.sentiment, row.urgency, row.urgency_why) == ("咨询", "中性", "高", "停水、三天")
    assert (row.due_on, row.left, row.colour) == (date(2026, 11, 30), "还剩5个工作日", "later")
    assert (row.provisional, row.abstained) == (False, ("kind",))
    assert "张某某" not in repr(row)


def test_the_order_is_overdue_then_urgency_then_due_date(ctx):
    """An overdue matter of low urgency stands above everything that is still in time."""
    day, order = ctx.clock(), "hotline-12345"
    titles = {
        "低": letter(ctx, {"urgency": "低"}, title="低", channel=order, given_due_at=day + timedelta(hours=1)),
        "高迟": letter(ctx, {"urgency": "高"}, title="高迟", channel="foi"),
        "高早": letter(ctx, {"urgency": "高"}, title="高早"),
        "中": letter(ctx, {"urgency": "中"}, title="中"),
        "高无": letter(ctx, {"urgency": "高"}, title="高无", channel="posts", open_case=True),
        "逾期": letter(ctx, {"urgency": "低"}, title="逾期", channel=order, given_due_at=day - timedelta(days=1)),
    }
    expected = ["逾期", "高早", "高迟", "高无", "中", "低"]

    assert [row.title for row in rows_of(ctx)] == expected
    assert [row.title for row in rows_of(ctx, limit=2)] == expected[:2]
    assert [row.title for row in rows_of(ctx, limit=2, offset=3)] == expected[3:5]
    assert len(titles) == len(expected)


def test_a_letter_without_a_title_shows_its_first_words(ctx):
    """The first forty characters stand for a title, in one line."""
    letter(ctx, title="", body="请问\n年鉴" + "数" * 60)

    (row,) = rows_of(ctx)

    assert row.title == "请问 年鉴" + "数" * 35 + "…"


def test_a_letter_without_a_prediction_is_in_the_queue(ctx):
    """A broken classifier leaves the columns empty, and the letter visible."""
    make_message(ctx)
    ctx.clock.forward(timedelta(hours=2))

    (row,) = rows_of(ctx)

    assert (row.owner, row.owner_confidence, row.kind, row.sentiment, row.abstained) == (None, None, None, None, ())
    assert (row.owner_basis, row.owner_why, row.urgency, row.urgency_why) == (Basis.NONE, "尚未完成自动分类", "中", "")


def test_a_convention_says_so_instead_of_a_confidence(ctx):
    """An application is the office's by the bureau's convention."""
    letter(ctx, channel="foi")

    (row,) = rows_of(ctx)

    assert (row.owner, row.owner_confidence, row.owner_basis) == ("办公室", None, Basis.CONVENTION)


def test_an_owner_set_otherwise_is_not_dressed_in_the_models_reasons(ctx):
    """If the case proposes somebody else than the newest prediction, its words are not shown."""
    letter(ctx)
    rows_of(ctx)
    with ctx.database.writing() as session:
        session.execute(sa.update(Case).values(owner="农村统计科"))

    (row,) = rows_of(ctx)

    assert (row.owner, row.owner_confidence, row.owner_why) == ("农村统计科", None, "")


def test_restricted_cases_are_counted_but_not_shown(ctx):
    """Who may not read restricted letters learns how many there are and nothing else."""
    letter(ctx, title="公开")
    letter(ctx, {"kind": "举报"}, title="举报", access=RESTRICTED)

    assert [row.title for row in rows_of(ctx)] == ["公开"]
    assert {row.title for row in rows_of(ctx, viewer=PIPELINE)} == {"公开", "举报"}
    with ctx.database.reading() as session:
        assert (hidden_restricted(session, EVERYONE), hidden_restricted(session, PIPELINE)) == (1, 0)
        assert counts(session, EVERYONE)["待分办"] == 1
        assert counts(session, PIPELINE)["待分办"] == 2


def test_counts_tell_every_open_state(ctx):
    """Assigned cases leave the triage list and are counted where they stand; closed and merged ones are not."""
    for _ in range(5):
        letter(ctx)
    rows_of(ctx)
    with ctx.database.writing() as session:
        ids = session.scalars(sa.select(Case.id).order_by(Case.id)).all()
        for case_id, values in zip(
            ids, ({"state": State.WORKING}, {"state": State.ANSWERED}, {"merged_into": ids[4]}), strict=False
        ):
            session.execute(sa.update(Case).where(Case.id == case_id).values(**values))

    assert len(rows_of(ctx)) == 2
    with ctx.database.reading() as session:
        found = counts(session, EVERYONE)
    assert (found["待分办"], found["办理中"], sum(found.values())) == (2, 1, 3)
    assert next(iter(found)) == "待分办"


def test_the_earliest_of_several_due_dates_is_shown(ctx):
    """A case with two clocks is as pressing as the nearer one."""
    letter(ctx, channel="foi")
    rows_of(ctx)
    with ctx.database.writing() as session:
        first = session.scalars(sa.select(Deadline)).one()
        session.add(
            Deadline(
                case_id=first.case_id,
                clock="foi-correction",
                due_on=date(2026, 11, 24),
                due_at=datetime(2026, 11, 24, 16, tzinfo=UTC),
                provisional=True,
                rule=first.rule,
                steps=first.steps,
                computed_at=ctx.clock(),
            )
        )

    (row,) = rows_of(ctx)

    assert (row.due_on, row.provisional, row.colour) == (date(2026, 11, 24), True, "soon")


@pytest.mark.parametrize(
    ("due_on", "working", "words", "colour"),
    [
        (date(2026, 9, 30), True, "还剩3个工作日", "later"),
        (date(2026, 9, 29), True, "还剩2个工作日", "soon"),
        (date(2026, 9, 24), True, "今天到期", "today"),
        (date(2026, 9, 23), True, "已逾期1个工作日", "overdue"),
        (date(2026, 9, 17), True, "已逾期6个工作日", "overdue"),
        (date(2026, 10, 24), False, "还剩30天", "later"),
        (date(2026, 9, 26), False, "还剩2天", "soon"),
        (date(2026, 9, 20), False, "已逾期4天", "overdue"),
        (date(2026, 9, 26), True, "还剩2天", "soon"),
    ],
)
def test_time_left_is_counted_as_the_rule_counts(due_on, working, words, colour):
    """Working days where the rule means those (holidays and make-up days known), calendar days elsewhere."""
    now = datetime(2026, 9, 24, 10, 0, tzinfo=ZONE)
    due_at = datetime.combine(due_on + timedelta(days=1), datetime.min.time(), tzinfo=ZONE)

    assert time_left(due_on, due_at, now, CALENDAR, working=working) == (words, colour)


def test_the_day_after_a_friday_is_overdue_by_less_than_a_working_day():
    """On the weekend after the last day the matter is overdue, though no working day has passed."""
    now = datetime(2026, 11, 28, 10, 0, tzinfo=ZONE)

    assert time_left(date(2026, 11, 27), datetime(2026, 11, 28, tzinfo=ZONE), now, CALENDAR, working=True) == (
        "已逾期不足1个工作日",
        "overdue",
    )


def test_an_exact_hour_is_told_on_its_day():
    """Before the hour the row names it; after the hour it is overdue the same day."""
    day, due_at = date(2026, 11, 23), datetime(2026, 11, 23, 17, 30, tzinfo=ZONE)

    assert time_left(day, due_at, datetime(2026, 11, 23, 17, 29, tzinfo=ZONE), CALENDAR, working=True) == (
        "今天17:30到期",
        "today",
    )
    assert time_left(day, due_at, datetime(2026, 11, 23, 17, 30, tzinfo=ZONE), CALENDAR, working=True) == (
        "已逾期",
        "overdue",
    )
