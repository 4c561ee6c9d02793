"""Figures of the weekly summary against small sets counted by hand."""

import json

import pytest
import sqlalchemy as sa

from classifier.tables import Label, ModelVersion, Prediction
from collector.access import PIPELINE
from config.context import Context
from responder.errors import WeekNotBegun
from responder.report_figures import weekly_figures
from tests.conftest import FixedClock
from tests.factories import make_message, make_prediction
from tests.responder.weekly import LINYI, WEEK, figures_of, item, linyi, make_case, numbers


def label(ctx: Context, message: int, question: str, value: str, day: int = 17) -> None:
    """Store what a person said of a message."""
    with ctx.database.writing() as session:
        session.add(
            Label(
                message_id=message,
                question=question,
                value=value,
                origin="corrected",
                by="clerk",
                labelled_at=linyi(11, day),
            )
        )


def test_the_borders_of_the_week_are_midnights_in_linyi(ctx: Context) -> None:
    """The last second of Sunday belongs to the week, Monday's first instant to the next."""
    before = make_message(ctx, received_at=linyi(11, 15, 23, 59, 59))
    first = make_message(ctx, received_at=linyi(11, 16, 0, 0, 0))
    last = make_message(ctx, received_at=linyi(11, 22, 23, 59, 59))
    make_message(ctx, received_at=linyi(11, 23, 0, 0, 0))

    figures = figures_of(ctx)

    assert figures["totals"]["normal"]["rows"] == [first, last]
    assert figures["totals"]["normal"]["previous_rows"] == [before]
    assert item(figures, "day", "2026-11-16")["rows"] == [first]
    assert item(figures, "day", "2026-11-22")["rows"] == [last]
    assert item(figures, "day", "2026-11-22")["previous_rows"] == [before]


def test_the_day_of_receipt_counts_not_the_day_of_writing(ctx: Context) -> None:
    """A letter written last week and received in this one is counted in this one."""
    message = make_message(ctx, posted_at=linyi(11, 10), received_at=linyi(11, 16))

    assert figures_of(ctx)["totals"]["normal"]["rows"] == [message]


def test_tables_count_by_hand_with_last_week_and_the_difference(ctx: Context) -> None:
    """Three messages this week and one last week give the numbers one counts by hand."""
    old = make_message(ctx, received_at=linyi(11, 10), channel="mailbox")
    make_prediction(ctx, old, category="统计", owner="综合科", kind="投诉", sentiment="负面", urgency="高")
    one = make_message(ctx, received_at=linyi(11, 17), channel="mailbox")
    make_prediction(ctx, one, category="统计", owner="外部:教育局", kind="咨询", sentiment="中性", urgency="低")
    two = make_message(ctx, received_at=linyi(11, 18), channel="site-board")
    make_prediction(ctx, two, category="教育文体", owner="外部:教育局", kind="咨询", sentiment="负面", urgency="低")
    three = make_message(ctx, received_at=linyi(11, 18), channel="posts")
    make_prediction(ctx, three, category="统计", owner="综合科", kind="建议", sentiment="中性", urgency="低")

    figures = figures_of(ctx)
    told = {
        (table, each["key"]): (each["value"], each["previous"], each["difference"], each["rows"])
        for table, items in figures["tables"].items()
        for each in items
        if each["value"] or each["previous"]
    }

    assert told == {
        ("channel", "mailbox"): (1, 1, 0, [one]),
        ("channel", "site-board"): (1, 0, 1, [two]),
        ("channel", "posts"): (1, 0, 1, [three]),
        ("category", "统计"): (2, 1, 1, [one, three]),
        ("category", "教育文体"): (1, 0, 1, [two]),
        ("owner", "外部:教育局"): (2, 0, 2, [one, two]),
        ("owner", "综合科"): (1, 1, 0, [three]),
        ("kind", "咨询"): (2, 0, 2, [one, two]),
        ("kind", "建议"): (1, 0, 1, [three]),
        ("kind", "投诉"): (0, 1, -1, []),
        ("sentiment", "中性"): (2, 0, 2, [one, three]),
        ("sentiment", "负面"): (1, 1, 0, [two]),
        ("urgency", "低"): (3, 0, 3, [one, two, three]),
        ("urgency", "高"): (0, 1, -1, []),
        ("day", "2026-11-17"): (1, 1, 0, [one]),
        ("day", "2026-11-18"): (2, 0, 2, [two, three]),
    }
    assert figures["totals"]["expects_reply"]["rows"] == [one, two]
    assert figures["totals"]["no_reply"]["rows"] == [three]
    assert item(figures, "owner", "外部:教育局")["group"] == "outside"


def test_every_number_is_the_count_of_its_rows_and_tables_add_up(ctx: Context) -> None:
    """Wherever a value carries rows it is their number, and each table's rows are the week's, once each."""
    for count in range(30):
        message = make_message(ctx, received_at=linyi(11, 9 + count % 14), answered_at=linyi(11, 17))
        if count % 3:
            make_prediction(ctx, message, sentiment=("正面", "负面")[count % 2], abstained="owner;kind")
    make_case(ctx, linyi(11, 17), linyi(11, 18))

    figures = figures_of(ctx)

    for number in numbers(figures):
        assert number["value"] == len(number["rows"]) == len(set(number["rows"]))
        if number.get("previous") is not None:
            assert number["previous"] == len(number["previous_rows"])
            assert number["difference"] == number["value"] - number["previous"]
    shown = figures["totals"]["normal"]["rows"]
    for items in figures["tables"].values():
        assert sorted(row for each in items for row in each["rows"]) == sorted(shown)
    assert json.loads(json.dumps(figures)) == figures


def test_a_persons_label_beats_the_prediction_and_the_newest_label_counts(ctx: Context) -> None:
    """Of two labels of one question the newer one is the value; other questions keep the prediction."""
    message = make_message(ctx, received_at=linyi(11, 16))
    make_prediction(ctx, message, category="其他", owner="综合科")
    label(ctx, message, "category", "环境保护", day=19)
    label(ctx, message, "category", "统计", day=18)

    figures = figures_of(ctx)

    assert item(figures, "category", "环境保护")["rows"] == [message]
    assert item(figures, "owner", "综合科")["rows"] == [message]
    assert not any(each["key"] in ("统计", "其他") for each in figures["tables"]["category"])


def test_the_active_models_prediction_beats_a_newer_one_and_the_newest_stands_in(ctx: Context) -> None:
    """A trial model's newer answer does not count beside the active model's; alone, it does."""
    both = make_message(ctx, received_at=linyi(11, 16))
    only_trial = make_message(ctx, received_at=linyi(11, 16))
    make_prediction(ctx, both, category="统计", predicted_at=linyi(11, 16))
    with ctx.database.writing() as session:
        trial = ModelVersion(
            version="trial", file="", checksum="1" * 64, report={}, active=False, created_at=linyi(11, 20)
        )
        session.add(trial)
        session.flush()
        columns = {
            column.name: getattr(session.scalars(sa.select(Prediction)).one(), column.name)
            for column in Prediction.__table__.columns
            if column.name != "id"
        }
        for message in (both, only_trial):
            changes = {"message_id": message, "model_version_id": trial.id, "category": "其他"}
            session.add(Prediction(**columns | changes | {"predicted_at": linyi(11, 20)}))

    figures = figures_of(ctx)

    assert item(figures, "category", "统计")["rows"] == [both]
    assert item(figures, "category", "其他")["rows"] == [only_trial]


def test_a_message_without_prediction_and_label_is_unclassified_and_last(ctx: Context) -> None:
    """What nobody has classified is 未分类 in every table of answers, below all others."""
    message = make_message(ctx, received_at=linyi(11, 16))
    make_prediction(ctx, make_message(ctx, received_at=linyi(11, 16)))

    figures = figures_of(ctx)

    for table in ("category", "owner", "kind", "sentiment", "urgency"):
        assert figures["tables"][table][-1]["key"] == "未分类"
        assert figures["tables"][table][-1]["rows"] == [message]
    assert figures["totals"]["without_prediction"]["rows"] == [message]


def test_abstained_counts_what_was_left_to_people_and_what_still_waits(ctx: Context) -> None:
    """A question under its threshold is counted; a label takes it off those still undecided."""
    one, two = (make_message(ctx, received_at=linyi(11, 16)) for _ in range(2))
    make_prediction(ctx, one, abstained="owner;category")
    make_prediction(ctx, two, abstained="owner")
    label(ctx, two, "owner", "办公室")

    told = {each["key"]: (each["rows"], each["undecided_rows"]) for each in figures_of(ctx)["abstained"]}

    assert told["owner"] == ([one, two], [one])
    assert told["category"] == ([one], [one])
    assert told["kind"] == ([], [])


def test_an_unsure_owner_is_undecided_until_a_person_decides(ctx: Context) -> None:
    """Below the threshold no section, body or 无效 gets the message; a label does; other questions keep the guess."""
    unsure, decided = (make_message(ctx, received_at=linyi(11, 16)) for _ in range(2))
    for message in (unsure, decided):
        make_prediction(ctx, message, owner="无效", category="统计", abstained="owner;category")
    label(ctx, decided, "owner", "办公室")
    make_message(ctx, received_at=linyi(11, 16))

    figures = figures_of(ctx)

    assert [(each["key"], each["group"], each["value"]) for each in figures["tables"]["owner"]] == [
        ("办公室", "section", 1),
        ("待定", "undecided", 1),
        ("未分类", "none", 1),
    ]
    assert item(figures, "owner", "待定")["rows"] == [unsure]
    assert item(figures, "category", "统计")["rows"] == [unsure, decided]


def test_restricted_messages_are_one_count_and_in_no_table(ctx: Context) -> None:
    """Whoever asks, a restricted message adds one to the total and to the separate number, and nothing else."""
    normal = make_message(ctx, received_at=linyi(11, 16))
    secret = make_message(ctx, received_at=linyi(11, 16), access="restricted", answered_at=linyi(11, 17))
    make_prediction(ctx, secret, kind="举报")
    make_message(ctx, received_at=linyi(11, 9), access="restricted")

    figures = figures_of(ctx)
    with ctx.database.reading() as session:
        seen_by_pipeline = weekly_figures(session, ctx.profile, WEEK, PIPELINE, ctx.clock())

    assert figures["restricted"] == 1
    assert figures["totals"]["total"] == {"value": 2, "previous": 1, "difference": 1}
    assert figures["totals"]["normal"]["rows"] == [normal]
    assert all(secret not in number["rows"] for number in numbers(figures))
    assert seen_by_pipeline == figures


def test_an_empty_week_is_all_zeros_and_a_first_week_has_no_last_one(ctx: Context) -> None:
    """Without anything earlier there is nothing to compare with; zeros are not invented for it."""
    figures = figures_of(ctx)

    assert figures["totals"]["total"] == {"value": 0, "previous": None, "difference": None}
    assert figures["previous_week"] is None
    assert figures["shares"]["given"] is False
    assert all(number["value"] == 0 for number in numbers(figures))


def test_an_empty_week_before_counts_as_nothing_received(ctx: Context) -> None:
    """If there were messages earlier, an empty week before this one is a zero to compare with."""
    make_message(ctx, received_at=linyi(10, 1))
    make_message(ctx, received_at=linyi(11, 16))

    figures = figures_of(ctx)

    assert figures["totals"]["total"] == {"value": 1, "previous": 0, "difference": 1}
    assert figures["previous_week"]["label"] == "2026-W46"


@pytest.mark.parametrize(("count", "share"), [(19, None), (20, 100.0)])
def test_shares_are_given_from_twenty_messages_on(ctx: Context, count: int, share: float | None) -> None:
    """Nineteen messages are not turned into percentages, twenty are."""
    for _ in range(count):
        make_message(ctx, received_at=linyi(11, 16))

    assert item(figures_of(ctx), "channel", "site-board")["share_percent"] == share


def test_answers_are_counted_in_the_week_they_were_given(ctx: Context) -> None:
    """An answer of this week to an older message belongs to this week."""
    old = make_message(ctx, received_at=linyi(10, 1), answered_at=linyi(11, 16, 0, 0, 0))
    make_message(ctx, received_at=linyi(11, 17), answered_at=linyi(11, 23, 0, 0, 0))
    earlier = make_message(ctx, received_at=linyi(10, 1), answered_at=linyi(11, 15))

    answered = figures_of(ctx)["totals"]["answered"]

    assert (answered["rows"], answered["previous_rows"]) == ([old], [earlier])


def test_cases_opened_closed_open_overdue_and_due_soon(ctx: Context) -> None:
    """Each case stands where it stood when the week ended, whatever happened after."""
    overdue, _ = make_case(ctx, linyi(11, 9), linyi(11, 22), owner="综合科")
    friday, friday_message = make_case(ctx, linyi(11, 17), linyi(11, 27), owner="办公室")
    later, _ = make_case(ctx, linyi(11, 17), linyi(11, 28), owner=None)
    closed, _ = make_case(ctx, linyi(11, 10), linyi(11, 12), closed_at=linyi(11, 20), state="已答复")
    closed_after, _ = make_case(ctx, linyi(11, 10), linyi(11, 12), closed_at=linyi(11, 23, 1), state="已答复")
    paused, _ = make_case(ctx, linyi(11, 10), linyi(11, 12), state="暂停")
    make_case(ctx, linyi(11, 10), linyi(11, 12), merged_into=overdue)
    make_case(ctx, linyi(11, 1), linyi(11, 5), closed_at=linyi(11, 12), state="已答复")
    make_case(ctx, linyi(11, 23, 1), linyi(11, 24))

    cases = figures_of(ctx)["cases"]

    assert cases["opened"]["cases"] == [friday, later]
    assert cases["opened"]["rows"][0] == friday_message
    assert cases["closed"]["cases"] == [closed]
    assert cases["open"]["cases"] == [overdue, friday, later, closed_after, paused]
    assert cases["overdue"]["cases"] == [overdue, closed_after]
    assert cases["due_soon"]["cases"] == [friday]
    assert cases["paused"]["cases"] == [paused]
    assert cases["due_until"] == "2026-11-27"
    assert {row["key"]: row["overdue"]["value"] for row in cases["by_owner"]} == {
        "办公室": 0,
        "综合科": 2,
        "待分办": 0,
    }


def test_a_case_with_a_restricted_message_is_counted_apart(ctx: Context) -> None:
    """A leader learns that a restricted case is overdue, and nothing about it."""
    case, message = make_case(ctx, linyi(11, 9), linyi(11, 12), access="restricted")

    cases = figures_of(ctx)["cases"]

    assert (cases["overdue"]["value"], cases["overdue"]["restricted"]) == (0, 1)
    assert cases["lines"] == []
    assert all(message not in number["rows"] and case not in number["cases"] for number in numbers(cases))


def test_within_the_week_what_is_known_now_is_counted(ctx: Context, clock: FixedClock) -> None:
    """A week that is not over says so; due dates are seen from this moment."""
    clock.set(linyi(11, 18, 10))
    case, _ = make_case(ctx, linyi(11, 9), linyi(11, 17))
    soon, _ = make_case(ctx, linyi(11, 9), linyi(11, 22))
    make_case(ctx, linyi(11, 9), linyi(11, 23))

    figures = figures_of(ctx)

    assert figures["week"]["complete"] is False
    assert figures["week"]["as_of"] == linyi(11, 18, 10).isoformat()
    assert figures["cases"]["overdue"]["cases"] == [case]
    assert figures["cases"]["due_soon"]["cases"] == [soon]


def test_a_future_week_is_refused(ctx: Context) -> None:
    """There are no figures of a week that has not begun."""
    assert ctx.clock().astimezone(LINYI).isocalendar().week == 48
    with pytest.raises(WeekNotBegun, match="2026-W49"):
        figures_of(ctx, "2026-W49")


def test_a_value_the_profile_does_not_know_is_counted_under_its_own_name(ctx: Context) -> None:
    """A section that was renamed, or a channel that was removed, loses no message."""
    message = make_message(ctx, received_at=linyi(11, 16), channel="fax")
    make_prediction(ctx, message, owner="旧科室", sentiment="复杂")

    figures = figures_of(ctx)

    assert item(figures, "channel", "fax")["name"] == "fax"
    assert item(figures, "owner", "旧科室")["group"] == "section"
    assert item(figures, "sentiment", "复杂")["rows"] == [message]
