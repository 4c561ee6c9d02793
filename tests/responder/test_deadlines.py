"""Due dates: the right day by the right rule, and a reason for it in every step."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from config.calendars import CalendarFile, store_calendar
from config.profile import load_profile
from config.workdays import WorkCalendar
from responder.deadlines import due, explain, recompute, store_deadline
from responder.errors import NoRule
from responder.lifecycle import State
from responder.tables import AuditEvent, Case, Deadline

PROFILE = load_profile()
CALENDAR = WorkCalendar.standard()
ZONE = ZoneInfo("Asia/Shanghai")
CLOCKS = sorted({rule.id for rule in PROFILE.clocks})


def local(*parts: int) -> datetime:
    """Return a moment in Linyi."""
    return datetime(*parts, tzinfo=ZONE)


def make_case(ctx, number="2026-000001", **columns):
    """Store one case and return its id."""
    row = {
        "number": number,
        "state": State.TRIAGE,
        "channel": "foi",
        "urgency": "低",
        "received_at": ctx.clock(),
        "opened_at": ctx.clock(),
    } | columns
    with ctx.database.writing() as session:
        case = Case(**row)
        session.add(case)
        session.flush()
        return case.id


def put(ctx, case_id, found):
    """Store a due date of a case."""
    with ctx.database.writing() as session:
        store_deadline(session, session.get_one(Case, case_id), found, ctx.clock())


def stored(ctx, case_id):
    """Return the due dates of a case."""
    with ctx.database.reading() as session:
        return session.scalars(sa.select(Deadline).where(Deadline.case_id == case_id)).all()


@pytest.mark.parametrize(
    ("clock", "start", "expected"),
    [
        ("site-board", date(2026, 9, 18), date(2026, 9, 24)),
        ("mailbox", date(2026, 2, 11), date(2026, 2, 25)),
        ("foi", date(2026, 2, 11), date(2026, 3, 17)),
        ("foi", date(2026, 12, 1), date(2026, 12, 29)),
        ("foi-correction", date(2026, 4, 30), date(2026, 5, 13)),
        ("site-error", date(2026, 9, 29), date(2026, 10, 9)),
        ("proposals", date(2026, 3, 10), date(2026, 6, 10)),
    ],
)
def test_due_days_follow_the_published_calendar(clock, start, expected):
    """The n-th working day, or the day some months later, counted from the day after receipt."""
    found = due(clock, start, PROFILE, CALENDAR)

    assert found.due_on == expected
    assert found.due_at == datetime.combine(expected + timedelta(days=1), datetime.min.time(), tzinfo=ZONE)
    assert not found.provisional


def test_the_explanation_names_rule_law_and_holidays():
    """The steps begin with the rule and its law, name what was skipped, and end with the day."""
    found = due("site-board", date(2026, 9, 18), PROFILE, CALENDAR)

    assert found.steps[0].startswith("适用规则：网站留言答复，5个工作日；依据：《政府网站与政务新媒体检查指标》")
    assert found.steps[0].endswith("（依据待核）")
    assert any("调休上班" in step for step in found.steps)
    assert explain(found).splitlines()[0] == "截止日：2026年9月24日"
    assert explain(found).splitlines()[1] == f"1. {found.steps[0]}"


def test_a_checked_law_is_printed_without_a_reservation():
    """依据待核 stands only where the text was not compared with the official one."""
    assert "依据待核" not in due("foi", date(2026, 12, 1), PROFILE, CALENDAR).steps[0]


def test_a_year_without_a_calendar_gives_a_provisional_day():
    """A limit that runs into 2027 is marked and says which year is missing."""
    found = due("foi", date(2026, 12, 10), PROFILE, CALENDAR)

    assert found.provisional
    assert found.due_on.year == 2027
    assert "2027年" in found.steps[-1]
    assert explain(found).splitlines()[0].endswith("（暂定）")


def test_the_local_day_of_receipt_counts():
    """Late on Thursday in UTC is Friday in Linyi."""
    moment = datetime(2026, 9, 17, 16, 30, tzinfo=UTC)

    assert due("site-board", moment, PROFILE, CALENDAR) == due("site-board", date(2026, 9, 18), PROFILE, CALENDAR)


def test_an_orders_own_limit_wins_and_says_so():
    """A 12345 order is overdue at the exact moment it states."""
    found = due("hotline-12345", date(2026, 11, 23), PROFILE, CALENDAR, given=datetime(2026, 11, 25, 9, 30, tzinfo=UTC))

    assert (found.due_on, found.due_at) == (date(2026, 11, 25), local(2026, 11, 25, 17, 30))
    assert "工单自带办理时限为2026年11月25日17:30" in found.steps[-1]
    assert explain(found).splitlines()[0] == "截止日：2026年11月25日17:30"


def test_an_orders_limit_that_is_a_bare_date_includes_that_day():
    """Midnight stands for a date without an hour; the day itself is still in time."""
    found = due("hotline-12345", date(2026, 11, 23), PROFILE, CALENDAR, given=local(2026, 11, 25))

    assert (found.due_on, found.due_at) == (date(2026, 11, 25), local(2026, 11, 26))
    assert "工单自带办理时限为2026年11月25日，" in found.steps[-1]


@pytest.mark.parametrize(
    ("start", "given", "early"),
    [
        (local(2026, 11, 23, 10), local(2026, 11, 23, 9, 30), True),
        (local(2026, 11, 23, 10), local(2026, 11, 23, 10, 30), False),
        (local(2026, 11, 23, 10), local(2026, 11, 23), False),
        (date(2026, 11, 23), local(2026, 11, 22), True),
        (date(2026, 11, 23), local(2026, 11, 23, 8), False),
    ],
)
def test_an_orders_limit_before_its_receipt_is_to_be_checked(start, given, early):
    """The limit is taken as it stands, and the last step asks a person to look at it."""
    found = due("hotline-12345", start, PROFILE, CALENDAR, given=given)

    assert found.due_on == given.date()
    assert (found.steps[-1] == "工单所附时限早于收到时间，请核对") is early


def test_other_clocks_ignore_a_stated_limit():
    """Nobody outside shortens or lengthens a legal limit."""
    assert due("foi", date(2026, 12, 1), PROFILE, CALENDAR, given=local(2026, 12, 2)).due_on == date(2026, 12, 29)


def test_hour_clocks_end_at_the_exact_hour():
    """Clock hours run through nights and weekends from the moment itself, or from the beginning of a bare day."""
    from_moment = due("opinion-24h", local(2026, 11, 27, 21, 15), PROFILE, CALENDAR)
    from_day = due("opinion-5h", date(2026, 11, 28), PROFILE, CALENDAR)

    assert (from_moment.due_at, from_moment.due_on) == (local(2026, 11, 28, 21, 15), date(2026, 11, 28))
    assert explain(from_moment).splitlines()[0] == "截止日：2026年11月28日21:15"
    assert from_day.due_at == local(2026, 11, 28, 5)


def test_an_hour_clock_that_ends_at_midnight_ends_with_the_day_before():
    """24 hours from the beginning of a day are that day."""
    found = due("opinion-24h", date(2026, 11, 28), PROFILE, CALENDAR)

    assert (found.due_on, found.due_at) == (date(2026, 11, 28), local(2026, 11, 29))
    assert explain(found).splitlines()[0] == "截止日：2026年11月28日24时"
    assert found.steps[-1] == "满24小时为2026年11月28日（周六）24时，即截止时间"


def test_the_rule_in_force_on_the_day_of_receipt_applies():
    """A rule that begins later does not touch earlier receipts."""
    old = PROFILE.clock("site-board", date(2026, 1, 1))
    new = old.model_copy(update={"since": date(2026, 7, 1), "amount": 3, "law": "新规"})
    profile = PROFILE.model_copy(update={"clocks": (*PROFILE.clocks, new)})

    assert due("site-board", date(2026, 6, 30), profile, CALENDAR).rule == old
    assert due("site-board", date(2026, 7, 1), profile, CALENDAR).due_on == date(2026, 7, 6)


@pytest.mark.parametrize(
    ("clock", "day", "said"),
    [
        (
            "nosuch",
            date(2026, 11, 23),
            r"nosuch: the profile has no such clock\. Use one of consultation, .*site-error\.",
        ),
        (
            "foi",
            date(2001, 1, 1),
            r"foi: no rule of this clock is in force on 2001-01-01\. Its first begins on 2019-05-15",
        ),
    ],
)
def test_no_rule_is_an_error_that_says_what_can_be_used(clock, day, said):
    """An unknown clock names the known ones; a day before its first rule names that rule's day."""
    with pytest.raises(NoRule, match=said):
        due(clock, day, PROFILE, CALENDAR)


def test_a_naive_moment_is_refused():
    """Nobody knows which day a naive moment belongs to."""
    with pytest.raises(ValueError, match="naive"):
        due("foi", datetime(2026, 11, 23, 10), PROFILE, CALENDAR)  # noqa: DTZ001 - the fault itself


@given(st.sampled_from(CLOCKS), st.dates(date(2025, 4, 1), date(2029, 12, 31)))
def test_every_due_date_is_later_explained_and_local(clock, start):
    """Whatever the clock and day: due not before the start, overdue after the due day began, law in the first step."""
    found = due(clock, start, PROFILE, CALENDAR)

    assert found.due_on >= start
    assert found.due_at > datetime.combine(found.due_on, datetime.min.time(), tzinfo=ZONE)
    assert found.rule.law in found.steps[0]
    assert len(found.steps) >= 2


def test_storing_again_replaces_the_earlier_date(ctx):
    """A case has one due date a clock; the rule it was born under is kept whole."""
    case_id = make_case(ctx)
    put(ctx, case_id, due("foi", date(2026, 11, 2), PROFILE, CALENDAR))
    put(ctx, case_id, due("foi", date(2026, 12, 1), PROFILE, CALENDAR))

    (row,) = stored(ctx, case_id)

    assert (row.due_on, row.clock, row.computed_at) == (date(2026, 12, 29), "foi", ctx.clock())
    assert row.due_at == local(2026, 12, 30)
    assert row.rule["law"].endswith("第三十三条")
    assert (row.rule["from"], row.rule["start"]) == ("2019-05-15", "2026-12-01")


def import_2027(ctx, *days):
    """Import a calendar for 2027 with these days off."""
    days = days or (date(2027, 1, 1),)
    with ctx.database.writing() as session:
        file = CalendarFile(2027, dict.fromkeys(days, "off"), dict.fromkeys(days, "元旦"))
        store_calendar(session, file, "2027.json", ctx.clock())


def test_a_new_calendar_moves_provisional_dates_of_open_cases(ctx):
    """After the import the date is final, its last step and the audit tell the change; closed cases keep theirs."""
    reason = "来信人再次来件"
    moved, closed = make_case(ctx), make_case(ctx, "2026-000002", state=State.ANSWERED)
    provisional = due("foi", date(2026, 12, 10), PROFILE, CALENDAR)
    put(ctx, moved, provisional)
    put(ctx, closed, provisional)
    with ctx.database.writing() as session:
        row = session.scalars(sa.select(Deadline).where(Deadline.case_id == moved)).one()
        row.steps = [reason, *row.steps]
    import_2027(ctx, date(2027, 1, 1), date(2027, 1, 4))

    assert recompute(ctx) == {"examined": 1, "moved": 1, "confirmed": 1}

    (row,), (kept,) = stored(ctx, moved), stored(ctx, closed)
    assert row.due_on > provisional.due_on
    assert not row.provisional
    assert row.steps[0] == reason
    assert row.steps[1].startswith("适用规则：依申请公开答复")
    assert "按新导入的放假调休安排重新计算" in row.steps[-1]
    assert (kept.due_on, kept.provisional) == (provisional.due_on, True)
    with ctx.database.reading() as session:
        (event,) = session.scalars(sa.select(AuditEvent)).all()
    assert (event.action, event.subject) == ("deadline:recompute", f"case:{moved}")
    assert event.detail["to"] == row.due_on.isoformat()
    assert recompute(ctx) == {"examined": 0, "moved": 0, "confirmed": 0}


def test_a_corrected_calendar_moves_final_dates_but_no_orders_limit(ctx):
    """With the year even a confirmed date is reckoned anew; orders, hours and unchanged dates stay as they are."""
    cases = [make_case(ctx, f"2026-{number:06d}") for number in range(1, 6)]
    start = date(2026, 12, 10)
    import_2027(ctx, date(2027, 1, 1))
    put(ctx, cases[0], due("foi", start, PROFILE, CALENDAR))
    put(ctx, cases[1], due("site-board", date(2026, 11, 20), PROFILE, CALENDAR))
    put(ctx, cases[2], due("hotline-12345", start, PROFILE, CALENDAR, given=local(2027, 1, 4, 9)))
    put(ctx, cases[3], due("opinion-24h", local(2026, 12, 31, 9), PROFILE, CALENDAR))
    put(ctx, cases[4], due("site-board", start, PROFILE, CALENDAR))
    recompute(ctx)
    before = [stored(ctx, case)[0] for case in cases]
    import_2027(ctx, date(2027, 1, 1), date(2027, 1, 4), date(2027, 1, 5), date(2027, 1, 6), date(2027, 1, 7))

    assert recompute(ctx)["examined"] == 0
    assert recompute(ctx, year=2027) == {"examined": 2, "moved": 1, "confirmed": 0}

    after = [stored(ctx, case)[0] for case in cases]
    assert not before[0].provisional
    assert after[0].due_on > before[0].due_on
    assert "按新导入的放假调休安排重新计算" in after[0].steps[-1]
    assert [row.steps for row in after[1:]] == [row.steps for row in before[1:]]
    assert recompute(ctx, year=2027)["moved"] == 0


def test_without_a_new_calendar_nothing_is_written(ctx):
    """Provisional dates stay as they are, and no event is recorded."""
    case_id = make_case(ctx)
    put(ctx, case_id, due("foi", date(2026, 12, 10), PROFILE, CALENDAR))
    before = stored(ctx, case_id)[0].steps

    assert recompute(ctx) == {"examined": 1, "moved": 0, "confirmed": 0}

    assert stored(ctx, case_id)[0].steps == before
    with ctx.database.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(AuditEvent)) == 0


def test_a_case_keeps_the_rule_it_was_born_under(ctx):
    """A profile changed meanwhile does not change the amount of a running clock."""
    case_id = make_case(ctx)
    put(ctx, case_id, due("foi", date(2026, 12, 10), PROFILE, CALENDAR))
    rule = PROFILE.clock("foi", date(2026, 12, 10)).model_copy(update={"amount": 1})
    changed = replace(ctx, profile=PROFILE.model_copy(update={"clocks": (rule,)}))
    import_2027(ctx)

    recompute(changed)

    (row,) = stored(ctx, case_id)
    assert row.rule["amount"] == 20
    assert row.due_on.year == 2027
