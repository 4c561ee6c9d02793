"""The life of a case: its states, the moves between them, and the only table of which move is allowed where.

What leads out of the bureau goes 提交 -> 批准 -> 发送: a person signs before anything is sent.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from config.profile import INVALID
from config.vault import Vault
from responder.audit import AuditAction, record
from responder.errors import MoveRefused
from responder.tables import Case


class State(StrEnum):
    """Where a case stands."""

    TRIAGE = "待分办"
    WORKING = "办理中"
    CORRECTION = "待补正"
    PAUSED = "暂停"
    REVIEW = "待审核"
    SENDING = "待发送"
    ANSWERED = "已答复"
    GUIDED = "已引导"
    DISMISSED = "不予受理"
    ARCHIVED = "已归档"


class Move(StrEnum):
    """What a person does to a case."""

    ASSIGN = "分办"
    SUBMIT = "提交"
    SEND_BACK = "退回修改"
    APPROVE = "批准"
    SEND = "发送"
    ASK_CORRECTION = "补正"
    PAUSE = "暂停"
    RESUME = "恢复"
    GUIDE = "引导"
    DISMISS = "不予受理"
    ARCHIVE = "归档"
    REOPEN = "重新办理"


MOVES: dict[tuple[State, Move], State] = {
    (State.TRIAGE, Move.ASSIGN): State.WORKING,
    (State.TRIAGE, Move.GUIDE): State.GUIDED,
    (State.TRIAGE, Move.DISMISS): State.DISMISSED,
    # A section that was given the wrong case hands it on.
    (State.WORKING, Move.ASSIGN): State.WORKING,
    (State.WORKING, Move.SUBMIT): State.REVIEW,
    (State.WORKING, Move.ASK_CORRECTION): State.CORRECTION,
    (State.WORKING, Move.PAUSE): State.PAUSED,
    (State.WORKING, Move.GUIDE): State.GUIDED,
    (State.WORKING, Move.DISMISS): State.DISMISSED,
    (State.CORRECTION, Move.RESUME): State.WORKING,
    # Who does not correct within the time given is taken to have withdrawn (政府信息公开条例 第三十条).
    (State.CORRECTION, Move.ARCHIVE): State.ARCHIVED,
    (State.PAUSED, Move.RESUME): State.WORKING,
    (State.REVIEW, Move.SEND_BACK): State.WORKING,
    # The move is made when the last of the sign-off chain has signed.
    (State.REVIEW, Move.APPROVE): State.SENDING,
    (State.SENDING, Move.SEND_BACK): State.WORKING,
    (State.SENDING, Move.SEND): State.ANSWERED,
    # The signed letter may be a guidance or a refusal with its reason.
    (State.SENDING, Move.GUIDE): State.GUIDED,
    (State.SENDING, Move.DISMISS): State.DISMISSED,
    (State.ANSWERED, Move.ARCHIVE): State.ARCHIVED,
    (State.ANSWERED, Move.REOPEN): State.TRIAGE,
    (State.GUIDED, Move.ARCHIVE): State.ARCHIVED,
    (State.GUIDED, Move.REOPEN): State.TRIAGE,
    (State.DISMISSED, Move.ARCHIVE): State.ARCHIVED,
    (State.DISMISSED, Move.REOPEN): State.TRIAGE,
    (State.ARCHIVED, Move.REOPEN): State.TRIAGE,
}

CLOSED = frozenset({State.ANSWERED, State.GUIDED, State.DISMISSED, State.ARCHIVED})
"""States in which nobody has to act; every other state is open."""

OPEN = tuple(state for state in State if state not in CLOSED)

NEVER_PAUSED = frozenset({"hotline-12345"})
"""Channels whose clock runs on: an order's time can be extended on request, never stopped."""

NEVER_DISMISSED = frozenset({"foi", "hotline-12345", "walk-in"})
"""Channels whose letters are answered, returned, or refused by a signed notice that gives the reason."""

NEVER_GUIDED = frozenset({"foi"})
"""Channels where "not ours" is itself a written answer (政府信息公开条例 第三十六条第五项)."""

INVALID_REVIEW = timedelta(days=30)
"""How long a letter that one person called 无效 stays open to review before it can be archived."""


def refusal(state: State, move: Move, *, channel: str) -> str | None:
    """Return in Chinese why a move is not allowed in a state, or None if it is.

    Args:
        channel: channel id of the case; some channels have duties of their own (docs/rules.md).
    """
    if (state, move) not in MOVES:
        return f"案件现处于“{state}”，不能“{move}”"
    if move is Move.PAUSE and channel in NEVER_PAUSED:
        return "12345热线工单的办理时限不得暂停，确需更多时间的应申请延期"
    if state is not State.SENDING:
        if move is Move.DISMISS and channel in NEVER_DISMISSED:
            return "此类来件不得直接不予受理，应当答复、退回，或者经审批后书面告知理由"
        if move is Move.GUIDE and channel in NEVER_GUIDED:
            return "依申请公开不得直接引导了结，不属于本机关负责的应当经审批后书面告知并说明理由"
    return None


def allowed_moves(state: State, *, channel: str) -> tuple[Move, ...]:
    """Return the moves open to a case of this channel in this state, in the order of `Move`."""
    return tuple(move for move in Move if refusal(state, move, channel=channel) is None)


def move(session: Session, vault: Vault, case: Case, move: Move, by: str, now: datetime) -> None:
    """Make one move of a case and record it in the audit; the caller commits.

    Args:
        by: user name of who does it, or `system`.

    Raises:
        MoveRefused: the move is not allowed; the text says why and what is.
    """
    state = State(case.state)
    why = refusal(state, move, channel=case.channel) or _too_early(case, state, move, now)
    if why is not None:
        others = [other for other in allowed_moves(state, channel=case.channel) if other is not move]
        raise MoveRefused(why, case=case.number, allowed=others)
    after = MOVES[state, move]
    case.state = after
    if after not in CLOSED:
        case.closed_at = None
    elif state not in CLOSED:
        case.closed_at = now
    session.flush()
    detail = {"move": move, "from": state, "to": after}
    record(session, vault, by, AuditAction.CASE_MOVE, f"case:{case.id}", detail, now)


def _too_early(case: Case, state: State, move: Move, now: datetime) -> str | None:
    if state is not State.DISMISSED or move is not Move.ARCHIVE or case.owner != INVALID:
        return None
    if case.closed_at is None or now >= case.closed_at + INVALID_REVIEW:
        return None
    return f"判为无效的来件保留{INVALID_REVIEW.days}天供复核，期满后方可归档"
