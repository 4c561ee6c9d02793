"""One collection of one live source: what it keeps, takes in, and where it stands.

The order is always the same. The bytes are kept. Then what was read from them and the source's new cursor are stored
in one transaction. Only after that is the remote side touched.
"""

import json
import random
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from collector.access import PIPELINE, visible_to
from collector.base import Item, Unreadable
from collector.batch import Batch, Pair
from collector.client import Client, ClientState, Rules
from collector.counts import Counts
from collector.dedupe import position_of, stored_id
from collector.intake import Raw, keep_raws, save_counts
from collector.readers import Limits
from collector.secrets import revealed
from collector.sifting import sift
from collector.tables import Message, RawItem, SetAside, SourceCursor, SourceState
from config.context import Context, Progress
from config.errors import WenzhengError
from config.logs import get_logger
from config.sources import AnySource, Feed, Website, hosts_of

log = get_logger(__name__)


@dataclass
class Run:
    """What a kind of source works with; `collector.collecting.collect` makes it.

    Args:
        since: aware; older messages are dropped. None: all are taken.
        again: a person named `since` and wants what was stored already to be looked at again.
        cursor: how far the source was read; commit changes with `take`.
        sleep, uniform: of the machine; tests give their own.
    """

    ctx: Context
    source: AnySource
    run_id: int
    client_state: ClientState
    cursor: dict[str, Any]
    since: datetime | None = None
    again: bool = False
    progress: Progress | None = None
    sleep: Callable[[float], None] = time.sleep
    uniform: Callable[[float, float], float] = random.uniform
    counts: Counts = field(default_factory=Counts)
    stopped: bool = field(default=False, init=False)

    @property
    def limits(self) -> Limits:
        """The bounds of reading on this machine."""
        return Limits.of(self.ctx.settings)

    def step(self, more: int = 0) -> None:
        """Say how far the run is; raises when the service is told to stop.

        Args:
            more: items fetched beside those that are counted already.
        """
        if self.progress is None:
            return
        try:
            self.progress(self.counts.fetched + more, None)
        except BaseException:
            self.stopped = True
            raise

    def client(self) -> Client:
        """Return a polite client by the rules of this source, which is a website or a feed.

        Raises:
            SecretMissing: a header names a secret that is given nowhere.
        """
        source = self.source
        if not isinstance(source, Website | Feed):
            raise TypeError(f"{source.kind} needs no web client")
        rules = Rules(
            pace=source.pace,
            budget=source.budget,
            robots=source.robots,
            private=source.private,
            headers={name: revealed(text, source.id) for name, text in source.headers.items()},
            hosts=hosts_of(source),
            ca_file=Path(source.ca_file) if source.ca_file else None,
        )
        return Client(
            rules,
            self.client_state,
            now=self.ctx.clock,
            zone=self.ctx.profile.zone,
            locks=self.ctx.settings.home / "locks",
            sleep=self.sleep,
            uniform=self.uniform,
            stop=self.step,
        )

    def keep(self, raws: Sequence[Raw]) -> list[int]:
        """Store bytes as they came and return the ids of their raw items; the same bytes are the same raw item.

        Raises:
            StorageFull: nothing was stored.
        """
        raws = [replace(raw, options={"kind": self.source.kind, **raw.options}) for raw in raws]
        return keep_raws(self.ctx, self.source.id, self.source.channel, raws)

    def known(self, ids: Collection[str]) -> dict[str, bool]:
        """Return those of the external ids that came before, and whether anything more is to be had of them: True for
        a message whose answer is stored, and for what a person has to look at or has dropped.

        Args:
            ids: as sources write them; what was set aside is found by `position_of(id)`.
        """
        stored = {stored_id(one): one for one in ids}
        places = {position_of(one): one for one in ids}
        with self.ctx.database.reading() as session:
            rows = session.execute(
                sa.select(Message.external_id, Message.answer_text.is_not(None)).where(
                    Message.source == self.source.id, Message.external_id.in_(stored), visible_to(PIPELINE)
                )
            )
            aside = session.scalars(
                sa.select(SetAside.position).where(
                    SetAside.source == self.source.id, SetAside.position.in_(places), SetAside.state != "stored"
                )
            )
            return {places[place]: True for place in aside} | {stored[row[0]]: row[1] for row in rows}

    def take(self, pairs: Sequence[Pair], *, settled: Iterable[int] = ()) -> Counts:
        """Store what was read, and the cursor as it stands, in one transaction; return the counts of these items.

        An item that cannot be stored for a reason of its own is set aside; the others are stored.

        Args:
            settled: raw items that need no further reading, beside those of the pairs.
        Raises:
            StorageFull, DatabaseError: nothing of it was stored.
        """
        pairs = [(raw_id, self.sift(item)) for raw_id, item in pairs]
        try:
            done = self._commit(pairs, {*settled, *(raw_id for raw_id, _ in pairs)})
        except WenzhengError:
            raise
        except Exception as error:
            # One item a stranger wrote must not keep the others out; it is found by trying each by itself.
            log.warning("batch_failed", source=self.source.id, error=type(error).__name__)
            done = Counts()
            for pair in pairs:
                done.add(self._alone(pair))
            # The raw items are done with, and the cursor moves, when the last of them is stored.
            done.add(self._commit([], {*settled, *(raw_id for raw_id, _ in pairs)}))
        self.step()
        return done

    def forget(self, raw_ids: Collection[int]) -> None:
        """Delete raw items to which no message and nothing set aside refers: pages that brought nothing new."""
        with self.ctx.database.writing() as session:
            session.execute(
                sa.delete(RawItem).where(
                    RawItem.id.in_(raw_ids),
                    RawItem.state == "parsed",
                    ~sa.exists().where(Message.raw_item_id == RawItem.id, visible_to(PIPELINE)),
                    ~sa.exists().where(SetAside.raw_item_id == RawItem.id),
                )
            )

    def sift(self, item: Item) -> Item:
        """Return the item, or a blank in the place of a message that is too old or none of the bureau's concern."""
        return sift(item, self.source, self.ctx.profile, self.since)

    def _commit(self, pairs: Sequence[Pair], settled: Collection[int] | None) -> Counts:
        """Store items in one transaction; with *settled* given, the cursor and the state of those raw items as well."""
        batch = Batch(self.ctx, self.source.id, self.source.channel)
        with self.ctx.database.writing() as session:
            done = batch.store(session, pairs, Counts())
            total = self.counts.plus(done)
            save_counts(session, self.run_id, total)
            if settled is not None:
                session.execute(sa.update(RawItem).where(RawItem.id.in_(settled)).values(state="parsed", error=None))
                # Escaped: half a character, as broken sites write it, has no bytes.
                cursor = json.dumps(self.cursor)
                session.merge(SourceCursor(source=self.source.id, cursor=cursor, updated_at=batch.now))
                session.execute(
                    sa.update(SourceState)
                    .where(SourceState.source == self.source.id)
                    .values(client=self.client_state.to_json())
                )
        self.counts = total
        return done

    def _alone(self, pair: Pair) -> Counts:
        try:
            return self._commit([pair], None)
        except WenzhengError:
            raise
        except Exception as error:
            raw_id, item = pair
            detail = f"{item.position}: could not be stored ({type(error).__name__})"
            return self._commit([(raw_id, Unreadable(item.position, "unstorable", detail))], None)
