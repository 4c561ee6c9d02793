"""Turns: work of which only one transaction at a time may be under way in the whole database."""

from enum import IntEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session


class Turn(IntEnum):
    """What is done one at a time; the numbers are PostgreSQL advisory lock keys.

    Who needs both takes them in this order, so that two transactions never wait for each other.
    """

    CASES = 0x57_5A_01
    AUDIT = 0x57_5A_02


def take_turn(session: Session, turn: Turn) -> None:
    """Wait for the turn and hold it until the transaction ends.

    SQLite needs nothing: `Database.writing` has begun with its only write lock. On PostgreSQL the statements
    after this one see what earlier holders committed, because each takes its own snapshot (READ COMMITTED).
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(int(turn))))
