"""Raw items read once more from their stored bytes: after a kill, or when a person asks for it."""

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa

from collector import manual
from collector.base import Item
from collector.errors import CollectorError
from collector.importing import read_options
from collector.intake import take_in
from collector.readers import read_items
from collector.sources import KINDS
from collector.tables import RawItem
from config.context import Context
from config.errors import WenzhengError
from config.logs import get_logger

log = get_logger(__name__)

# What is neither of a live source nor an entry by hand is an imported file, and names no kind.
_READERS = {name: kind.reread for name, kind in KINDS.items()} | {manual.KIND: manual.reread}


def reread(ctx: Context, raw_id: int) -> Iterator[Item]:
    """Read a stored raw item once more, as it was read the first time."""
    with ctx.database.reading() as session:
        raw = session.get_one(RawItem, raw_id)
        session.expunge(raw)
    if (read := _READERS.get(raw.options.get("kind", ""))) is not None:
        yield from read(ctx, raw)
        return
    content, name, channel = raw.content or b"", raw.name, raw.channel
    text = raw.options.get("posted_at")
    posted_at = datetime.fromisoformat(text) if text else None
    yield from read_items(name, content, read_options(ctx, channel, posted_at))


def resume(ctx: Context, *, older_than: datetime) -> dict[str, int]:
    """Finish raw items that were stored but not read to the end, because the process was killed.

    Args:
        older_than: only items collected before; younger ones may still be in another process's hands.
    """
    with ctx.database.reading() as session:
        waiting = session.execute(
            sa.select(RawItem.id, RawItem.options)
            .where(RawItem.state == "new", RawItem.collected_at < older_than)
            .order_by(RawItem.id)
        ).all()
    total = {"resumed": 0, "stored": 0, "failed": 0}
    for raw_id, options in waiting:
        try:
            counts = take_in(ctx, raw_id, reread(ctx, raw_id), open_case=bool(options.get("open_cases")))
        except CollectorError:
            total["failed"] += 1  # `take_in` kept the reason with the raw item.
        except WenzhengError:
            raise  # The database or the disk: the next item would meet it too.
        except Exception as error:
            # One item never stops the rest; `take_in` counted the strike.
            log.error("resume_failed", raw_item=raw_id, error=type(error).__name__)
            total["failed"] += 1
        else:
            total["resumed"] += 1
            total["stored"] += counts.stored
    return total
