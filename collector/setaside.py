"""What was set aside: listed, looked at, tried once more, or dropped by a person."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collector.counts import Counts
from collector.errors import NothingSetAside
from collector.intake import take_in
from collector.rereading import reread
from collector.tables import RawItem, SetAside
from config.context import Context


def list_set_aside(session: Session) -> list[tuple[SetAside, str]]:
    """Return what waits for a person, each with the name of the file or page it came from, oldest first."""
    rows = session.execute(
        sa.select(SetAside, RawItem.name)
        .join(RawItem, RawItem.id == SetAside.raw_item_id)
        .where(SetAside.state == "waiting")
        .order_by(SetAside.id)
    )
    return [(row.SetAside, row.name) for row in rows]


def get_set_aside(session: Session, aside_id: int) -> tuple[SetAside, str]:
    """Return one row and the name of the file or page it came from.

    Raises:
        NothingSetAside: there is no such row.
    """
    row = session.execute(
        sa.select(SetAside, RawItem.name)
        .join(RawItem, RawItem.id == SetAside.raw_item_id)
        .where(SetAside.id == aside_id)
    ).one_or_none()
    if row is None:
        raise NothingSetAside("nothing of this number is set aside", item=str(aside_id), todo="See `setaside list`.")
    return row[0], row[1]


def retry(ctx: Context, aside_id: int) -> Counts:
    """Read a set-aside item once more from its stored bytes; what can be stored now is stored.

    It waits on if it is set aside again, or if there is nothing at its place any more (`fetched` is 0).

    Raises:
        NothingSetAside: there is no such row, or it was settled already.
        FileRefused: the raw item still cannot be read at all.
    """
    with ctx.database.reading() as session:
        row, _ = get_set_aside(session, aside_id)
        if row.state != "waiting":
            raise NothingSetAside(f"it is settled already ({row.state})", item=str(aside_id))
        raw_id, position = row.raw_item_id, row.position
        options = session.scalar(sa.select(RawItem.options).where(RawItem.id == raw_id)) or {}
    items = (item for item in reread(ctx, raw_id) if position in ("", item.position))
    counts = take_in(ctx, raw_id, items, open_case=bool(options.get("open_cases")), whole=position == "")
    with ctx.database.writing() as session:
        aside = session.get_one(SetAside, aside_id)
        aside.strikes += 1
        if position == "" or counts.stored or counts.duplicates:
            aside.state, aside.resolved_at = "stored", ctx.clock()
        elif counts.dropped:
            aside.state, aside.resolved_at = "dropped", ctx.clock()
    return counts


def drop(ctx: Context, aside_id: int) -> None:
    """Settle a set-aside item without a message; its bytes stay with the raw item until they are purged.

    Raises:
        NothingSetAside: there is no such row, or it was settled already.
    """
    with ctx.database.writing() as session:
        row, _ = get_set_aside(session, aside_id)
        if row.state != "waiting":
            raise NothingSetAside(f"it is settled already ({row.state})", item=str(aside_id))
        row.state, row.resolved_at = "dropped", ctx.clock()
