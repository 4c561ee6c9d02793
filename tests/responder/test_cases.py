"""Opening cases: which messages, once each, under gapless numbers, whatever is killed or run twice."""

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from collector.tables import RESTRICTED
from responder import cases
from responder.audit import verify
from responder.cases import FOLLOW_UP, OPENING, open_cases
from responder.lifecycle import State
from responder.tables import AuditEvent, Case, CaseMessage, Deadline
from tests.factories import make_message, make_prediction


def letter(ctx, predicted=None, **columns):
    """Store a message with its prediction."""
    message = make_message(ctx, **columns)
    make_prediction(ctx, message, **(predicted or {}))
    return message


def case_of(ctx, message):
    """Return the case of a message, or None."""
    with ctx.database.reading() as session:
        return session.scalar(
            sa.select(Case).join(CaseMessage, CaseMessage.case_id == Case.id).where(CaseMessage.message_id == message)
        )


def deadline_of(ctx, message):
    """Return the due date of a message's case, or None."""
    with ctx.database.reading() as session:
        return session.scalar(sa.select(Deadline).where(Deadline.case_id == case_of(ctx, message).id))


def all_of(ctx, column):
    """Return every value of a column, in the order of the rows."""
    with ctx.database.reading() as session:
        return session.scalars(sa.select(column).order_by(column.class_.id)).all()


def set_state(ctx, message, state, **columns):
    """Put the case of a message into a state."""
    with ctx.database.writing() as session:
        session.execute(sa.update(Case).where(Case.id == case_of(ctx, message).id).values(state=state, **columns))


def profile_with(ctx, channel, **changes):
    """Return the context with a channel changed."""
    channels = tuple(each.model_copy(update=changes) if each.id == channel else each for each in ctx.profile.channels)
    return replace(ctx, profile=ctx.profile.model_copy(update={"channels": channels}))


def test_a_letter_becomes_a_case_with_number_owner_deadline_and_audit(ctx):
    """Case, link, due date and event stand together, with proposal and urgency of the prediction."""
    message = letter(ctx, {"owner": "综合科", "urgency": "高"}, channel="site-board")

    assert open_cases(ctx) == {"opened": 1, "followed_up": 0, "reopened": 0, "without_deadline": 0}

    case, deadline = case_of(ctx, message), deadline_of(ctx, message)
    assert (case.number, case.state, case.owner, case.urgency) == ("2026-000001", State.TRIAGE, "综合科", "高")
    assert (case.received_at, case.opened_at) == (ctx.clock(), ctx.clock())
    assert all_of(ctx, CaseMessage.role) == [OPENING]
    assert (deadline.clock, deadline.due_on) == ("site-board", date(2026, 11, 30))
    assert all_of(ctx, AuditEvent.action) == ["case:open"]
    assert all_of(ctx, AuditEvent.detail) == [{"number": "2026-000001", "message": message}]
    assert verify(ctx).ok


def test_running_again_opens_nothing(ctx):
    """A message is taken once."""
    letter(ctx)
    open_cases(ctx)

    assert open_cases(ctx)["opened"] == 0
    assert len(all_of(ctx, Case.id)) == 1


@pytest.mark.parametrize(
    "columns",
    [
        {"channel": "posts"},
        {"channel": "consultation"},
        {"channel": "no-such-channel"},
        {"answer_text": "已答复。"},
        {"received_at": datetime(2026, 11, 22, 15, 59, tzinfo=UTC)},
    ],
)
def test_messages_that_open_no_case(ctx, columns):
    """Watched posts, unknown channels, answered letters and ones from before the day of `init` stay messages."""
    message = letter(ctx, **columns)

    assert open_cases(ctx)["opened"] == 0
    assert case_of(ctx, message) is None

    with ctx.database.writing() as session:
        session.execute(sa.text("update messages set open_case = true"))
    assert open_cases(ctx)["opened"] == 1


def test_the_day_of_init_counts_from_its_local_midnight(ctx):
    """A letter received earlier on the day of `init` opens a case."""
    message = letter(ctx, received_at=datetime(2026, 11, 22, 16, 0, tzinfo=UTC))

    open_cases(ctx)

    assert case_of(ctx, message) is not None


def test_a_channel_may_name_its_own_first_day(ctx):
    """`cases_since` goes before the day of `init`, to both sides."""
    early = letter(ctx, channel="mailbox", received_at=datetime(2026, 11, 1, 2, 0, tzinfo=UTC))
    late = letter(ctx, channel="site-board")
    changed = profile_with(ctx, "mailbox", cases_since=date(2026, 11, 1))
    changed = profile_with(changed, "site-board", cases_since=date(2026, 11, 24))

    open_cases(changed)

    assert case_of(ctx, early) is not None
    assert case_of(ctx, late) is None


def test_a_message_waits_for_its_prediction_but_not_for_ever(ctx):
    """Without a prediction it is taken an hour after collection, for a clerk to decide."""
    message = make_message(ctx)
    ctx.clock.forward(timedelta(minutes=59))
    assert open_cases(ctx)["opened"] == 0

    ctx.clock.forward(timedelta(minutes=1))
    assert open_cases(ctx)["opened"] == 1
    assert (case_of(ctx, message).owner, case_of(ctx, message).urgency) == (None, "中")


def test_an_abstained_owner_is_left_to_the_clerk(ctx):
    """The best guess of an unsure model does not become the proposal."""
    message = letter(ctx, {"abstained": "owner;kind"})

    open_cases(ctx)

    assert case_of(ctx, message).owner is None


def test_an_orders_limit_and_old_rules(ctx):
    """A 12345 order keeps its own limit; a letter older than every rule opens without a due date."""
    order = letter(ctx, channel="hotline-12345", given_due_at=datetime(2026, 11, 24, 8, 0, tzinfo=UTC))
    old = letter(ctx, channel="site-board", received_at=datetime(2009, 1, 5, tzinfo=UTC), open_case=True)

    assert open_cases(ctx)["without_deadline"] == 1

    assert deadline_of(ctx, order).due_at == datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    assert deadline_of(ctx, old) is None


def test_a_post_that_a_person_asked_for_has_no_clock(ctx):
    """A channel without a clock opens a case without a due date, and that is no fault."""
    message = letter(ctx, channel="posts", open_case=True)

    assert open_cases(ctx) == {"opened": 1, "followed_up": 0, "reopened": 0, "without_deadline": 0}
    assert deadline_of(ctx, message) is None


def test_numbers_are_gapless_in_order_of_receipt_and_begin_anew_each_local_year(ctx):
    """The oldest letter gets the lowest number; the year is the bureau's."""
    second = letter(ctx)
    first = letter(ctx, received_at=ctx.clock() - timedelta(hours=1))
    open_cases(ctx)
    ctx.clock.set(datetime(2026, 12, 31, 16, 30, tzinfo=UTC))
    third = letter(ctx)
    open_cases(ctx)

    assert [case_of(ctx, message).number for message in (first, second, third)] == [
        "2026-000001",
        "2026-000002",
        "2027-000001",
    ]


def test_numbers_go_on_beyond_six_digits(ctx):
    """A number that outgrew its zeros still counts as the last."""
    message = letter(ctx)
    open_cases(ctx)
    with ctx.database.writing() as session:
        session.execute(sa.update(Case).values(number="2026-1000000"))
    message = letter(ctx)
    open_cases(ctx)

    assert case_of(ctx, message).number == "2026-1000001"


def test_a_follow_up_joins_the_case_of_its_thread(ctx):
    """A second letter of a thread is attached, raises the urgency and leaves the due date as it was."""
    first = letter(ctx, {"urgency": "低"}, thread_key="t-1")
    open_cases(ctx)
    due_on = deadline_of(ctx, first).due_on
    ctx.clock.forward(timedelta(days=1))
    second = letter(ctx, {"urgency": "高"}, thread_key="t-1")

    assert open_cases(ctx) == {"opened": 0, "followed_up": 1, "reopened": 0, "without_deadline": 0}

    assert case_of(ctx, second).id == case_of(ctx, first).id
    assert all_of(ctx, CaseMessage.role) == [OPENING, FOLLOW_UP]
    assert case_of(ctx, first).urgency == "高"
    assert deadline_of(ctx, first).due_on == due_on
    assert all_of(ctx, AuditEvent.action) == ["case:open", "case:follow_up"]


def test_a_thread_within_one_batch_is_one_case(ctx):
    """Two letters of a thread that arrive together are one case, opened by the earlier one."""
    later = letter(ctx, thread_key="t-1")
    earlier = letter(ctx, thread_key="t-1", received_at=ctx.clock() - timedelta(minutes=5))

    assert open_cases(ctx)["followed_up"] == 1

    assert case_of(ctx, later).id == case_of(ctx, earlier).id
    with ctx.database.reading() as session:
        role = session.scalar(sa.select(CaseMessage.role).where(CaseMessage.message_id == earlier))
    assert role == OPENING


@pytest.mark.parametrize("state", [State.ANSWERED, State.GUIDED, State.DISMISSED, State.ARCHIVED])
def test_a_follow_up_reopens_a_closed_case_with_a_new_due_date(ctx, state):
    """Whoever writes again after the answer is back in the queue, and the clock starts at the new letter."""
    first = letter(ctx, thread_key="t-1")
    open_cases(ctx)
    set_state(ctx, first, state, closed_at=ctx.clock())
    ctx.clock.forward(timedelta(days=30))
    letter(ctx, thread_key="t-1")

    assert open_cases(ctx)["reopened"] == 1

    case, deadline = case_of(ctx, first), deadline_of(ctx, first)
    assert (case.state, case.closed_at, case.revision) == (State.TRIAGE, None, 2)
    assert deadline.due_on == date(2026, 12, 30)
    assert "重新计算" in deadline.steps[0]
    assert all_of(ctx, AuditEvent.action) == ["case:open", "case:follow_up", "case:move"]
    assert verify(ctx).ok


def test_a_follow_up_of_a_merged_case_goes_to_the_surviving_one(ctx):
    """What joins a case that was merged joins the one it was merged into."""
    first, other = letter(ctx, thread_key="t-1"), letter(ctx)
    open_cases(ctx)
    set_state(ctx, first, State.TRIAGE, merged_into=case_of(ctx, other).id)
    second = letter(ctx, thread_key="t-1")
    open_cases(ctx)

    assert case_of(ctx, second).id == case_of(ctx, other).id


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"channel": "foi"}, {"channel": "foi"}),
        ({"predicted": {"kind": "举报"}}, {}),
        ({}, {"predicted": {"kind": "举报"}}),
        ({"access": RESTRICTED}, {}),
        ({}, {"access": RESTRICTED}),
        ({"source": "one"}, {"source": "two"}),
    ],
)
def test_what_never_joins_another_letter(ctx, first, second):
    """Applications and tip-offs stay cases of their own, open and restricted ones apart, sources apart."""
    one, two = letter(ctx, thread_key="t-1", **first), letter(ctx, thread_key="t-1", **second)

    assert open_cases(ctx)["opened"] == 2
    assert case_of(ctx, one).id != case_of(ctx, two).id


@pytest.mark.parametrize("apart", [True, False])
def test_a_stranger_with_the_threads_key_gets_a_case_of_their_own(ctx, apart):
    """A forged thread reopens nothing; either writer's next letter goes on in their own case."""
    first = letter(ctx, thread_key="t-1", author_key="a")
    if apart:
        open_cases(ctx)
        set_state(ctx, first, State.ANSWERED, closed_at=ctx.clock())
    forged, nameless = letter(ctx, thread_key="t-1", author_key="b"), letter(ctx, thread_key="t-1")
    assert open_cases(ctx)["reopened"] == 0

    again, own = letter(ctx, thread_key="t-1", author_key="b"), letter(ctx, thread_key="t-1", author_key="a")
    open_cases(ctx)

    assert len({case_of(ctx, message).id for message in (first, forged, nameless)}) == 3
    assert case_of(ctx, again).id == case_of(ctx, forged).id
    assert case_of(ctx, own).id == case_of(ctx, first).id
    assert deadline_of(ctx, forged) is not None


@pytest.mark.parametrize("named", ["2026-000001", "HD-778899", "letter-1"])
def test_a_letter_that_names_a_number_joins_the_case_of_its_author(ctx, named):
    """A new thread joins by the case's number, or by receipt number or id of an earlier message of its source."""
    first = letter(ctx, author_key="a", thread_key="t-1", receipt_no="HD-778899", external_id="letter-1")
    open_cases(ctx)
    set_state(ctx, first, State.ANSWERED, closed_at=ctx.clock())
    second = letter(ctx, author_key="a", thread_key="t-2", receipt_no=named)
    third = letter(ctx, author_key="a", thread_key="t-2")

    counts = open_cases(ctx)

    assert (counts["opened"], counts["followed_up"], counts["reopened"]) == (0, 2, 1)
    assert case_of(ctx, third).id == case_of(ctx, second).id == case_of(ctx, first).id


def test_a_case_named_by_its_number_may_have_come_by_another_way(ctx):
    """A letter of the same author joins by the case's number from any source; by a receipt number only from its own."""
    first = letter(ctx, source="board", author_key="a", receipt_no="HD-778899")
    open_cases(ctx)
    by_number = letter(ctx, source="mail", author_key="a", receipt_no="2026-000001")
    by_receipt = letter(ctx, source="mail", author_key="a", receipt_no="HD-778899")
    open_cases(ctx)

    assert case_of(ctx, by_number).id == case_of(ctx, first).id
    assert case_of(ctx, by_receipt).id != case_of(ctx, first).id


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {"author_key": "b"}),
        ({}, {"author_key": None}),
        ({"author_key": None}, {"author_key": None}),
        ({"channel": "foi"}, {}),
        ({}, {"channel": "foi"}),
        ({"predicted": {"kind": "举报"}}, {}),
        ({}, {"predicted": {"kind": "举报"}}),
        ({"access": RESTRICTED}, {}),
        ({}, {"access": RESTRICTED}),
        ({}, {"receipt_no": "2026-000002"}),
    ],
)
def test_a_number_alone_opens_nobodys_case(ctx, first, second):
    """Numbers can be guessed: strangers, nameless letters, applications, tip-offs and other access stay apart."""
    one = letter(ctx, **{"author_key": "a", **first})
    open_cases(ctx)
    two = letter(ctx, **{"author_key": "a", "receipt_no": "2026-000001", **second})
    open_cases(ctx)

    assert case_of(ctx, two).id != case_of(ctx, one).id


def test_a_kill_between_batches_loses_nothing_and_doubles_nothing(ctx, monkeypatch):
    """What a killed run committed stays; the next run does the rest under the next numbers."""
    messages = [letter(ctx) for _ in range(7)]
    monkeypatch.setattr(cases, "_BATCH", 3)

    def die(done, total):
        assert total == 7
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_cases(ctx, die)
    assert len(all_of(ctx, Case.id)) == 6

    assert open_cases(ctx)["opened"] == 1
    assert [case_of(ctx, message).number for message in messages] == [f"2026-{n:06d}" for n in range(1, 8)]


def test_a_kill_within_a_batch_leaves_no_half_case(ctx, monkeypatch):
    """Case, link, due date and event are one transaction: dying before the last of them leaves none."""
    letter(ctx)
    with monkeypatch.context() as patch:
        patch.setattr(cases, "record_all", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            open_cases(ctx)

    assert [all_of(ctx, column) for column in (Case.id, CaseMessage.id, Deadline.id, AuditEvent.id)] == [[]] * 4
    assert open_cases(ctx)["opened"] == 1


def test_two_runs_at_once_open_each_case_once(ctx, monkeypatch):
    """Concurrent runs share the work; numbers stay unique and gapless."""
    for _ in range(30):
        letter(ctx)
    monkeypatch.setattr(cases, "_BATCH", 4)
    found = []
    threads = [threading.Thread(target=lambda: found.append(open_cases(ctx))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(counts["opened"] for counts in found) == 30
    assert sorted(all_of(ctx, Case.number)) == [f"2026-{number:06d}" for number in range(1, 31)]
    assert verify(ctx).ok
