"""Which rows of a list page are new, and how they are taken in: rows, bookmark and counts together."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from collector.base import Blank, Fetched, Item, Unreadable
from collector.dedupe import author_key, identity
from collector.errors import PageUnreadable, SourceChanged, SourceFailed
from collector.pages.paging import Place
from collector.runs import Run
from collector.sources.bookmark import Bookmark, Missing, Walk, digest
from collector.sources.details import BATCH, Batch, Details, Wanted
from collector.sources.lists import ListPage, read_list
from collector.sources.rows import (
    Entry,
    bare_entry,
    expects_answers,
    item_of,
    read_entries,
    row_moment,
    says_answered,
    tells_answers,
)
from collector.sources.stored import Stored, high_water, load_raw, stored_rows
from collector.sources.visit import Session
from config.sources import Website

TRIES = 3
"""Runs in which a row's page may fail before the list's words stand for it."""

MOST_MISSING = 200
"""Rows whose page may wait to be read; more than that is no fault of single pages."""

_ROWS = 5000
"""Rows of one page that are stored together: a command to the database names 65,535 values at most."""

_QUIET = 10
"""Pages without news in a row after which the place of the walk is stored."""

_WASTE = 20
"""Pages that brought nothing and are deleted at once."""


@dataclass(frozen=True)
class Seen:
    """A row of a page and what is known of it.

    Args:
        key: digest of the entry's key.
        before: nothing new is to be expected of it since before the walk began.
        unanswered: its message is stored since before the walk began, and has no answer.
        wanted: it is to be read.
        again: its message is stored, and only an answer is looked for.
        moment: when it was posted, where a first day is wanted and the list says it.
    """

    entry: Entry
    key: str
    known: bool
    before: bool
    unanswered: bool
    wanted: bool
    again: bool
    moment: datetime | None


class Taker:
    """Takes in the rows of one source, for one run.

    Args:
        bookmark: changed in place, and stored with each batch of rows.
    """

    def __init__(self, run: Run, source: Website, session: Session, bookmark: Bookmark) -> None:
        self._run, self._source, self._session, self._bookmark = run, source, session, bookmark
        self._details = Details(run, source, session) if source.details else None
        self._zone, self._limits = run.ctx.profile.zone, run.limits
        self._today = run.ctx.clock().astimezone(self._zone).date().isoformat()
        self.marks = high_water(run)
        # What is new, and what was left over, comes before what may have changed: the day's requests are counted.
        settled = bookmark.complete and not bookmark.walks
        self.daily = settled and tells_answers(source) and bookmark.checked != self._today
        self._failed_now: set[str] = set()
        self._used: set[int] = set()
        self._quiet = 0
        self._idle: list[int] = []
        self._waste: list[int] = []

    def look_up(self, page: ListPage, walk: Walk, seen: Collection[str]) -> list[Seen]:
        """Return the rows of a page with what is known of them.

        Args:
            seen: digests of the rows that were looked at in this walk already.
        """
        known = stored_rows(self._run, {entry.key: self._stored_as(entry) for entry in page.entries})
        if self._details is not None and len(self._details.samples) < TRIES:
            self._details.samples += [
                self._wanted(entry, page)
                for entry in page.entries
                if (one := known.get(entry.key)) and 0 < one.message <= self.marks.message
            ][:TRIES]
        return [self._look_at(entry, known.get(entry.key), walk, seen) for entry in page.entries]

    def take_page(self, page: ListPage, rows: Sequence[Seen], walk: Walk, *, deeper: bool) -> dict[str, Item]:
        """Read and take in the wanted rows of a page, and its place with the last of them; return what became of each.

        Args:
            deeper: the page lies behind all that was read in earlier runs.
        Raises:
            SourceFailed: what was read before is stored.
            StorageFull, DatabaseError: the last batch is not stored.
        """
        wanted = [self._wanted(row.entry, page, known=row.again) for row in rows if row.wanted]
        items: dict[str, Item] = {}
        chunks = list(_chunks(wanted, BATCH if self._details else _ROWS))
        for number, chunk in enumerate(chunks, start=1):
            batch = self._read(chunk)
            self._commit(batch, chunk, walk, page.place if number == len(chunks) else None, deeper=deeper)
            items |= batch.items
        if not chunks:
            walk.place, walk.pages = page.place, walk.pages + 1
            self._quiet += 1
        if page.raw_id not in self._used:
            self.discard(page)
        # To walk over a few pages once more costs less than to store the place of each that brings nothing.
        if self._quiet >= _QUIET:
            self._commit(Batch(), (), None, None, deeper=deeper)
        return items

    def discard(self, page: ListPage) -> None:
        """Note that a page brought nothing, so that its bytes are deleted with the next commit."""
        if page.raw_id:
            self._idle.append(page.raw_id)

    def retry_missing(self, walk: Walk) -> None:
        """Try the rows whose page could not be read in earlier runs; at last the list's words stand for them.

        Raises:
            SourceFailed: what was read before is stored.
        """
        waiting = [(key, one) for key, one in self._bookmark.missing.items() if key not in self._failed_now]
        for raw_id in dict.fromkeys(one.list for _, one in waiting):
            wanted = self._missing_rows(raw_id, {key: one for key, one in waiting if one.list == raw_id})
            for chunk in _chunks(wanted, BATCH):
                batch = self._read(chunk)
                failed, batch.failed = batch.failed, []
                for one in failed:
                    self._try_later(one, batch)
                for key in batch.items:
                    self._bookmark.missing.pop(key, None)
                self._commit(batch, chunk, walk, None, deeper=False)

    def finish(self) -> None:
        """Store the bookmark as it is at the end of a run, and delete what brought nothing."""
        self._bookmark.checked = self._today
        self._commit(Batch(), (), None, None, deeper=False)
        self._delete_waste()

    def clean_up(self) -> None:
        """Store the place behind the last whole page, and delete what brought nothing, in a run that failed."""
        if self._quiet:
            self._run.cursor = self._bookmark.to_json()
        if self._quiet or self._idle:
            self._run.take([], settled=self._idle)
        self._waste += self._idle
        self._delete_waste()

    def _look_at(self, entry: Entry, stored: Stored | None, walk: Walk, seen: Collection[str]) -> Seen:
        mark, since = self._bookmark, self._run.since
        key, moment = digest(entry.key), None if since is None else row_moment(entry, self._zone)
        too_old = since is not None and moment is not None and moment < since
        unanswered = again = wanted = False
        if stored is not None:
            older = 0 < stored.message <= walk.message
            before = older or 0 < stored.aside <= walk.aside
            unanswered = older and not stored.settled
            again = wanted = unanswered and not too_old and self._wants_answer(entry, key, walk)
        else:
            before = mark.passed.get(key, walk.run) < walk.run or too_old
            wanted = not too_old and (key not in mark.passed or self._run.again)
        if key in seen or entry.key in mark.missing:
            wanted = False
        return Seen(entry, key, stored is not None or key in mark.passed, before, unanswered, wanted, again, moment)

    def _wants_answer(self, entry: Entry, key: str, walk: Walk) -> bool:
        """Tell whether a message without an answer may have one now."""
        listed = bool(entry.row.values.get("answer_text"))
        if self._run.again:
            return walk.round == 1 and (listed or self._details is not None)
        if self._bookmark.looked.get(key) == self._today:
            return False
        if listed or not expects_answers(self._source.details):
            return listed
        said = says_answered(entry.row.values["status"]) if "status" in entry.row.values else None
        return self.daily if said is None else said

    def _stored_as(self, entry: Entry) -> str | None:
        """Return the external id under which a row's message would be stored; None if the row makes none."""
        if entry.named:
            aliases = self._bookmark.aliases
            return aliases.get(digest(entry.key), entry.key) if aliases else entry.key
        item = item_of(entry, {}, self._source, self._zone, self._limits)
        return identity(item, author_key(item, self._run.ctx.vault), self._zone) if isinstance(item, Fetched) else None

    def _wanted(self, entry: Entry, page: ListPage, *, known: bool = False) -> Wanted:
        return Wanted(entry, page.raw_id, page.document.url if page.document else "", known)

    def _read(self, chunk: Sequence[Wanted]) -> Batch:
        if self._details is not None:
            return self._details.read(chunk)
        batch = Batch()
        for wanted in chunk:
            item = self._from_list(wanted)
            if wanted.known and not (isinstance(item, Fetched) and item.answer_text):
                batch.looked.append(wanted.entry.key)
            else:
                batch.pairs.append((wanted.list_raw, item))
                batch.items[wanted.entry.key] = item
        return batch

    def _from_list(self, wanted: Wanted) -> Item:
        return self._run.sift(item_of(wanted.entry, {}, self._source, self._zone, self._limits))

    def _commit(
        self, batch: Batch, chunk: Sequence[Wanted], walk: Walk | None, place: Place | None, *, deeper: bool
    ) -> None:
        """Store what came of some rows with the bookmark, then raise what stopped them.

        Args:
            place: of the page, if these were its last rows.
        """
        if isinstance(batch.fault, SourceChanged):
            # The bookmark stays as it was stored last.
            self._run.take([], settled=batch.settled)
            raise batch.fault
        if walk is not None:
            self._remember(batch, chunk, walk, deeper=deeper)
            if place is not None and batch.fault is None:
                walk.place, walk.pages = place, walk.pages + 1
        self._run.cursor = self._bookmark.to_json()
        self._run.take(batch.pairs, settled=[*batch.settled, *self._idle])
        for wanted in chunk:
            if (
                isinstance(batch.items.get(wanted.entry.key), Fetched | Unreadable)
                or wanted.entry.key in self._bookmark.missing
            ):
                self._used.add(wanted.list_raw)
        self._used.update(raw_id for raw_id, item in batch.pairs if not isinstance(item, Blank))
        self._waste += [*self._idle, *batch.idle]
        self._idle.clear()
        self._quiet = 0
        if len(self._waste) >= _WASTE:
            self._delete_waste()
        if batch.fault is not None:
            raise batch.fault
        if len(self._bookmark.missing) > MOST_MISSING:
            raise SourceFailed(
                f"the pages of {len(self._bookmark.missing)} rows could not be read",
                item=self._source.id,
                todo="Open some of them in a browser: the site may keep collectors out, or be failing.",
            )

    def _remember(self, batch: Batch, chunk: Sequence[Wanted], walk: Walk, *, deeper: bool) -> None:
        """Note in the bookmark what leaves no trace, or not enough of one, in the database."""
        mark = self._bookmark
        for one in batch.failed:
            self._try_later(one, batch)
        for key in batch.looked:
            mark.look_at(key, self._today)
        passed, aliases = [], {}
        for one in chunk:
            item = batch.items.get(one.entry.key)
            if isinstance(item, Blank):
                # A day that a person named says nothing of what is wanted otherwise.
                if not (self._run.again and item.reason == "before-since"):
                    passed.append(one.entry.key)
            elif isinstance(item, Fetched):
                if one.entry.named and item.external_id not in (None, one.entry.key):
                    aliases[one.entry.key] = item.external_id
                if not item.answer_text and self._wants_answer(one.entry, "", walk):
                    mark.look_at(one.entry.key, self._today)
        walk.stored = walk.stored or any(not one.known for one in chunk if one.entry.key in batch.items)
        mark.pass_by(passed, walk, deeper=deeper)
        mark.name(aliases, walk, deeper=deeper)

    def _try_later(self, wanted: Wanted, batch: Batch) -> None:
        """Put a row whose page failed off to the next run; after several runs take what else was said of it."""
        if wanted.known:
            return
        key, row = wanted.entry.key, wanted.entry.row
        self._failed_now.add(key)
        missing = self._bookmark.missing.setdefault(
            key, Missing(wanted.list_raw, row.number, str(row.values.get("link", "")))
        )
        missing.tries += 1
        if missing.tries >= TRIES:
            said = batch.partly.get(key, {})
            item = self._run.sift(item_of(wanted.entry, said, self._source, self._zone, self._limits))
            batch.pairs.append((wanted.list_raw, item))
            batch.items[key] = item
            del self._bookmark.missing[key]

    def _missing_rows(self, raw_id: int, rows: dict[str, Missing]) -> list[Wanted]:
        """Return rows whose page is tried once more, out of their kept list page; else of their address alone."""
        raw = load_raw(self._run.ctx, self._run.source.id, raw_id)
        found: dict[str, Entry] = {}
        url = ""
        if raw is not None and raw.content is not None:
            url = raw.options.get("url", "")
            # A description that was changed meanwhile may not fit what was kept under another.
            with suppress(PageUnreadable):
                document = read_list(self._source, raw.content, raw.options.get("type", ""), url)
                found = {entry.key: entry for entry in read_entries(self._source, document, self._session.variables())}
        for key, one in rows.items():
            if key not in found:
                found[key] = bare_entry(key, one.row, one.link)
        return [Wanted(found[key], raw_id, url) for key in rows]

    def _delete_waste(self) -> None:
        # What an earlier run kept may be referred to by the pages of its rows.
        waste = [raw_id for raw_id in self._waste if raw_id > self.marks.raw and raw_id not in self._used]
        self._waste.clear()
        if waste:
            self._run.forget(waste)


def _chunks(wanted: Sequence[Wanted], size: int) -> Iterator[list[Wanted]]:
    left = iter(wanted)
    while chunk := list(islice(left, max(1, size))):
        yield chunk
