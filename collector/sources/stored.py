"""What the database knows of the rows of a list."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collector.access import PIPELINE, visible_to
from collector.dedupe import position_of, stored_id
from collector.runs import Run
from collector.tables import Message, RawItem, SetAside
from config.context import Context

_ASKED = 5000
"""Ids asked for at once: a command to the database names 65,535 values at most."""


@dataclass(frozen=True)
class Stored:
    """What became of a row before.

    Args:
        message: id of its message; 0 if there is none.
        aside: id of its set-aside row; 0 if there is none.
        settled: nothing more is to be had of it: it has its answer, or it waits for a person, or one dropped it.
    """

    message: int = 0
    aside: int = 0
    settled: bool = False


@dataclass(frozen=True)
class HighWater:
    """The highest ids at a moment."""

    message: int
    aside: int
    raw: int


def high_water(run: Run) -> HighWater:
    """Return the highest ids that are stored now, of all sources."""
    with run.ctx.database.reading() as session:
        message = session.scalar(sa.select(sa.func.max(Message.id)).where(visible_to(PIPELINE)))
        aside = session.scalar(sa.select(sa.func.max(SetAside.id)))
        raw = session.scalar(sa.select(sa.func.max(RawItem.id)))
    return HighWater(message or 0, aside or 0, raw or 0)


def stored_rows(run: Run, ids: Mapping[str, str | None]) -> dict[str, Stored]:
    """Return what became of rows, by their keys; those of which nothing is known are left out.

    Args:
        ids: the external ids under which messages of the rows would be stored, by key.
    """
    found: dict[str, Stored] = {}
    left = iter(ids.items())
    with run.ctx.database.reading() as session:
        while batch := dict(islice(left, _ASKED)):
            found |= _stored_rows(session, run.source.id, batch)
    return found


def _stored_rows(session: Session, source: str, ids: Mapping[str, str | None]) -> dict[str, Stored]:
    external = {stored_id(one): key for key, one in ids.items() if one is not None}
    places = {position_of(key): key for key in ids}
    found: dict[str, Stored] = {}
    for place, aside in session.execute(
        sa.select(SetAside.position, sa.func.max(SetAside.id))
        .where(SetAside.source == source, SetAside.position.in_(places), SetAside.state != "stored")
        .group_by(SetAside.position)
    ):
        found[places[place]] = Stored(aside=aside, settled=True)
    for external_id, message, answered in session.execute(
        sa.select(Message.external_id, Message.id, Message.answer_text.is_not(None)).where(
            Message.source == source, Message.external_id.in_(external), visible_to(PIPELINE)
        )
    ):
        key = external[external_id]
        aside = found[key].aside if key in found else 0
        found[key] = Stored(message, aside, bool(answered) or aside > 0)
    return found


def owners(run: Run, raw_ids: Iterable[int]) -> dict[int, str]:
    """Return the place of the row for which each raw item was kept; empty for one that was kept for no row."""
    with run.ctx.database.reading() as session:
        rows = session.execute(sa.select(RawItem.id, RawItem.options).where(RawItem.id.in_(set(raw_ids))))
        return {row.id: row.options.get("at", "") for row in rows}


def load_raw(ctx: Context, source: str, raw_id: int) -> RawItem | None:
    """Return a raw item of a source with its bytes, apart from any session; None if there is none of this id."""
    with ctx.database.reading() as session:
        raw = session.get(RawItem, raw_id)
        if raw is None or raw.source != source:
            return None
        session.expunge(raw)
        return raw
