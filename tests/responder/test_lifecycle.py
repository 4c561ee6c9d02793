"""The table of moves: whole, without dead ends, and strict about what each channel forbids."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from config.context import Context
from responder.errors import MoveRefused
from responder.lifecycle import CLOSED, MOVES, OPEN, Move, State, allowed_moves, move, refusal
from responder.tables import AuditEvent, Case

CHANNELS = ("site-board", "foi", "hotline-12345", "walk-in", "proposals", "posts")


def make_case(ctx: Context, **columns: object) -> int:
    """Store one case and return its id."""
    row = {
        "number": "2026-000001",
        "state": State.TRIAGE,
        "channel": "site-board",
        "owner": "综合科",
        "urgency": "低",
        "received_at": ctx.clock(),
        "opened_at": ctx.clock(),
    } | columns
    with ctx.database.writing() as session:
        case = Case(**row)
        session.add(case)
        session.flush()
        return case.id


def make_move(ctx: Context, case_id: int, act: Move) -> Case:
    """Make one move in a transaction of its own and return the case."""
    with ctx.database.writing() as session:
        case = session.get_one(Case, case_id)
        move(session, ctx.vault, case, act, "staff:1", ctx.clock())
        return case


def reachable(start: State, channel: str) -> set[State]:
    """Return every state that some walk reaches."""
    found, new = {start}, [start]
    while new:
        state = new.pop()
        for act in allowed_moves(state, channel=channel):
            if (after := MOVES[state, act]) not in found:
                found.add(after)
                new.append(after)
    return found


def test_words_are_the_agreed_ones():
    """States and moves carry the words that the database and other floors rely on."""
    assert " ".join(State) == "待分办 办理中 待补正 暂停 待审核 待发送 已答复 已引导 不予受理 已归档"
    assert " ".join(Move) == "分办 提交 退回修改 批准 发送 补正 暂停 恢复 引导 不予受理 归档 重新办理"
    assert set(OPEN) | CLOSED == set(State)
    assert not set(OPEN) & CLOSED


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_state_is_reached_but_a_pause_where_clocks_never_pause(channel):
    """From 待分办 a case can come into every state; an order of 12345 never into 暂停."""
    expected = set(State) - ({State.PAUSED} if channel == "hotline-12345" else set())

    assert reachable(State.TRIAGE, channel) == expected


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("state", State)
def test_no_state_is_a_dead_end(state, channel):
    """Every state can be left and leads to 已归档, from where only 重新办理 leads back."""
    assert allowed_moves(state, channel=channel)
    assert State.ARCHIVED in reachable(state, channel)
    assert allowed_moves(State.ARCHIVED, channel=channel) == (Move.REOPEN,)


def test_every_move_is_used():
    """No word of `Move` is without a place in the table."""
    assert {act for _, act in MOVES} == set(Move)


def test_nothing_is_sent_without_a_signature():
    """已答复 is entered from 待发送 only, and 待发送 from 待审核 only."""
    assert {state for (state, _), after in MOVES.items() if after is State.ANSWERED} == {State.SENDING}
    assert {state for (state, _), after in MOVES.items() if after is State.SENDING} == {State.REVIEW}


@given(st.sampled_from(CHANNELS), st.lists(st.sampled_from(Move), max_size=60))
def test_random_walks_stay_lawful(channel, acts):
    """Whatever is tried in whatever order, a case of 12345 never pauses and a protected one is never just dismissed."""
    state = State.TRIAGE
    signed = False
    for act in acts:
        if refusal(state, act, channel=channel) is not None:
            assert act not in allowed_moves(state, channel=channel)
            continue
        before, state = state, MOVES[state, act]
        signed = before is State.SENDING
        if channel == "hotline-12345":
            assert state is not State.PAUSED
        if channel in ("foi", "hotline-12345", "walk-in") and act is Move.DISMISS:
            assert signed
        if channel == "foi" and act is Move.GUIDE:
            assert signed
    assert state in State


@pytest.mark.parametrize(
    ("channel", "act", "word"),
    [
        ("hotline-12345", Move.PAUSE, "延期"),
        ("foi", Move.DISMISS, "书面告知"),
        ("hotline-12345", Move.DISMISS, "书面告知"),
        ("walk-in", Move.DISMISS, "书面告知"),
        ("foi", Move.GUIDE, "书面告知"),
    ],
)
def test_a_channels_own_duty_refuses_with_its_reason(ctx, channel, act, word):
    """The refusal says why in Chinese and what can be done instead, and the case stays as it was."""
    case_id = make_case(ctx, channel=channel, state=State.WORKING)

    with pytest.raises(MoveRefused) as caught:
        make_move(ctx, case_id, act)

    assert word in str(caught.value)
    assert "提交" in caught.value.allowed
    assert act not in caught.value.allowed
    with ctx.database.reading() as session:
        assert session.get_one(Case, case_id).state == State.WORKING
        assert session.scalar(sa.select(sa.func.count()).select_from(AuditEvent)) == 0


def test_a_move_out_of_turn_names_what_is_allowed(ctx):
    """A case that is not yet assigned cannot be sent; the text names the case and the open moves."""
    case_id = make_case(ctx)

    with pytest.raises(MoveRefused) as caught:
        make_move(ctx, case_id, Move.SEND)

    assert str(caught.value) == "2026-000001：案件现处于“待分办”，不能“发送”。现在可以：分办、引导、不予受理。"


def test_a_move_is_stored_and_audited(ctx):
    """The new state, the moment of closing and the event come together; reopening clears the moment."""
    case_id = make_case(ctx, state=State.SENDING)

    assert make_move(ctx, case_id, Move.SEND).closed_at == ctx.clock()
    assert make_move(ctx, case_id, Move.REOPEN).closed_at is None
    with ctx.database.reading() as session:
        events = session.scalars(sa.select(AuditEvent).order_by(AuditEvent.id)).all()
        assert [(event.action, event.actor, event.subject) for event in events] == [
            ("case:move", "staff:1", f"case:{case_id}")
        ] * 2
        assert events[0].detail == {"move": "发送", "from": "待发送", "to": "已答复"}
        assert session.get_one(Case, case_id).state == State.TRIAGE


def test_archiving_keeps_the_moment_of_the_answer(ctx):
    """`closed_at` is when the case was answered, not when it was filed."""
    case_id = make_case(ctx, state=State.SENDING)
    answered = make_move(ctx, case_id, Move.SEND).closed_at
    ctx.clock.forward(timedelta(days=10))

    assert make_move(ctx, case_id, Move.ARCHIVE).closed_at == answered


def test_a_letter_called_invalid_stays_reviewable_for_thirty_days(ctx):
    """What one person set 无效 is not archived before 30 days are over; other dismissals are at once."""
    case_id = make_case(ctx, owner="无效")
    other_id = make_case(ctx, number="2026-000002")
    make_move(ctx, case_id, Move.DISMISS)
    make_move(ctx, other_id, Move.DISMISS)

    with pytest.raises(MoveRefused, match="30天") as caught:
        make_move(ctx, case_id, Move.ARCHIVE)
    assert caught.value.allowed == (Move.REOPEN,)
    assert make_move(ctx, other_id, Move.ARCHIVE).state == State.ARCHIVED

    ctx.clock.forward(timedelta(days=30))
    assert make_move(ctx, case_id, Move.ARCHIVE).state == State.ARCHIVED
