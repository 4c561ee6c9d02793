"""Intake: the one way by which a raw item becomes messages.

The bytes are stored first. Then the item is read in batches, and each batch is one transaction with its messages,
attachments, set-aside rows and counts. Unique keys make repeating harmless, so a process that is killed at
any line is followed by a run that stores what is missing and nothing twice.
Every item ends in exactly one of four counted ways: fetched = stored + duplicates + dropped + set_aside.
"""

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collector.base import Item
from collector.batch import Batch, aside_row, insert_absent, line_of
from collector.counts import Counts
from collector.tables import CollectionRun, RawItem, SetAside
from config.context import Context, Progress
from config.errors import WenzhengError
from config.logs import get_logger

log = get_logger(__name__)

BATCH = 500
"""Items a transaction: long enough to be quick, short enough that nobody waits for the write lock."""

STRIKES = 3
"""Failed attempts to read a whole raw item before it is set aside."""


@dataclass(frozen=True)
class Raw:
    """Bytes to be kept.

    Args:
        name: address, mail or file, for people.
        options: what reading them again needs; JSON, without personal data.
        settled: nothing has to be read from these bytes later on.
    """

    name: str
    content: bytes
    options: Mapping[str, Any]
    settled: bool = False


def keep_raws(ctx: Context, source: str, channel: str, raws: Sequence[Raw]) -> list[int]:
    """Store bytes as they came and return the ids of their raw items; the same bytes are the same raw item.

    Raises:
        StorageFull: nothing was stored.
    """
    digests = [hashlib.sha256(raw.content).hexdigest() for raw in raws]
    with ctx.database.writing() as session:
        rows = session.execute(
            sa.select(RawItem.sha256, RawItem.id).where(RawItem.source == source, RawItem.sha256.in_(digests))
        )
        known: dict[str, int] = {row.sha256: row.id for row in rows}
        fresh = {
            digest: RawItem(
                source=source,
                channel=channel,
                name=raw.name,
                sha256=digest,
                size=len(raw.content),
                content=raw.content,
                options=dict(raw.options),
                state="parsed" if raw.settled else "new",
                collected_at=ctx.clock(),
            )
            # Of the same bytes twice the first stand.
            for raw, digest in reversed(list(zip(raws, digests, strict=True)))
            if digest not in known
        }
        session.add_all(reversed(fresh.values()))
        session.flush()
        known |= {digest: item.id for digest, item in fresh.items()}
    return [known[digest] for digest in digests]


def keep_raw(ctx: Context, *, source: str, channel: str, name: str, content: bytes, options: Mapping[str, Any]) -> int:
    """Store the bytes of one raw item, as `keep_raws`."""
    return keep_raws(ctx, source, channel, [Raw(name, content, options)])[0]


def take_in(
    ctx: Context,
    raw_id: int,
    items: Iterable[Item],
    *,
    progress: Progress | None = None,
    open_case: bool = False,
    whole: bool = True,
    part_of: tuple[int, Counts] | None = None,
) -> Counts:
    """Turn the items of a raw item into messages, batch by batch, and mark the raw item as parsed.

    Args:
        items: read lazily; an error while reading leaves what was stored and counts a strike.
        open_case: cases are opened whatever the age of the messages.
        whole: the items are all of the raw item; otherwise it stays as it is, read to the end or not.
        part_of: the id of a run's record and its counts so far, to which these are added; none: a record of its own.
    Raises:
        StorageFull: the running batch was not stored; repeat later.
        Exception: whatever reading raised, after the strike was counted.
    """
    with ctx.database.writing() as session:
        raw = session.get_one(RawItem, raw_id, options=[sa.orm.defer(RawItem.content)])
        source, channel = raw.source, raw.channel
        if part_of is None:
            run = CollectionRun(source=source, name=raw.name, started_at=ctx.clock())
            session.add(run)
            session.flush()
            run_id, before = run.id, Counts()
        else:
            run_id, before = part_of
    counts = Counts()
    batches = _batched(_guarded(items, ctx, raw_id, run_id), BATCH)
    for batch in batches:
        outcome = Batch(ctx, source, channel, open_case=open_case)
        try:
            with ctx.database.writing() as session:
                done = outcome.store(session, [(raw_id, item) for item in batch], counts)
                save_counts(session, run_id, before.plus(done))
        except WenzhengError:
            raise  # The database or the disk: the raw item is not to blame, a later run repeats the batch.
        except Exception as error:
            _strike(ctx, raw_id, run_id, error)
            raise
        counts = done
        if progress:
            progress(counts.fetched, None)
    with ctx.database.writing() as session:
        if whole:
            session.execute(sa.update(RawItem).where(RawItem.id == raw_id).values(state="parsed", error=None))
        save_counts(session, run_id, before.plus(counts))
        if part_of is None:
            session.execute(sa.update(CollectionRun).where(CollectionRun.id == run_id).values(finished_at=ctx.clock()))
    if part_of is None:
        log.info("collected", source=source, run=run_id, **counts.figures())
    return counts


def _guarded(items: Iterable[Item], ctx: Context, raw_id: int, run_id: int) -> Iterator[Item]:
    """Yield the items; an error of the reader is a strike against the raw item, an error of the database is not."""
    iterator = iter(items)
    while True:
        try:
            item = next(iterator)
        except StopIteration:
            return
        except Exception as error:
            _strike(ctx, raw_id, run_id, error)
            raise
        yield item


def _strike(ctx: Context, raw_id: int, run_id: int, error: Exception) -> None:
    # An error's text may quote what it choked on; only our own errors are written to be read.
    words = line_of(getattr(error, "what", None), 1000) or type(error).__name__
    final = getattr(error, "final", False)
    with ctx.database.writing() as session:
        raw = session.get_one(RawItem, raw_id, options=[sa.orm.defer(RawItem.content)])
        raw.strikes += 1
        raw.error = words
        run = session.get_one(CollectionRun, run_id)
        run.finished_at, run.error = ctx.clock(), words
        if raw.strikes >= STRIKES or final:
            raw.state = "set_aside"
            insert_absent(session, SetAside, [aside_row(raw_id, raw.source, "", "unreadable", words, ctx.clock())])
    log.warning("raw_item_failed", raw_item=raw_id, error=type(error).__name__)


def save_counts(session: Session, run_id: int, counts: Counts) -> None:
    """Write the counts so far into the record of a run."""
    session.execute(sa.update(CollectionRun).where(CollectionRun.id == run_id).values(**counts.figures()))


def _batched(items: Iterator[Item], size: int) -> Iterator[list[Item]]:
    while batch := list(itertools.islice(items, size)):
        yield batch
