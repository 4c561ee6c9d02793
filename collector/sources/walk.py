"""The walk over a website's list: from the first page to what is known, and on from where an earlier walk was cut off.

Three rules keep it whole. A walk ends at a page whose rows were all stored before it began, never at what it stored
itself. A walk over several pages that shift is repeated until it brings nothing, because rows slip between pages while
others are added or removed. The place of a walk is stored together with the rows of its page, so that the next run
goes on from there, one page back.
"""

from collections.abc import Sequence
from datetime import datetime

from collector.base import Blank, Fetched, Item
from collector.client import Client
from collector.errors import SourceFailed
from collector.pages.paging import Place, before, can_return, shifts
from collector.runs import Run
from collector.sources.bookmark import Bookmark, Walk, digest
from collector.sources.lists import Lists, Version
from collector.sources.taking import Seen, Taker
from collector.sources.visit import Session
from config.sources import Website

ROUNDS = 3
"""Times that a walk is made at most."""

MOST_WALKS = 4
"""Walks that may wait to be finished; with so many, the youngest is begun anew instead of another."""


LOOK_BACK = 5
"""Pages on which answers are looked for on a day's first run, as long as they hold letters without one: letters that
wait for an answer move off the first page."""


class Walker:
    """Collects one website once."""

    def __init__(self, run: Run, source: Website, client: Client) -> None:
        self._run = run
        self._bookmark = Bookmark.from_json(run.cursor)
        described = _digest_of(source)
        if self._bookmark.described != described:
            self._bookmark.begin_anew(described)
        session = Session(run.ctx, source, client, run.since)
        self._lists = Lists(run, source, session)
        self._taker = Taker(run, source, session, self._bookmark)

    def collect(self) -> None:
        """Bring what is new, then what was left over from earlier runs.

        Raises:
            SourceFailed: what was read before is stored, and the next run goes on from there.
            StorageFull, DatabaseError: the last batch is not stored.
        """
        try:
            if self._run.again:
                self._look_again()
            else:
                self._bring_new()
        except SourceFailed:
            self._taker.clean_up()
            raise

    def _bring_new(self) -> None:
        bookmark = self._bookmark
        known = self._known_version()
        self._begin()
        walks = bookmark.walks
        left_over: list[Walk] = []
        while walks:
            if not self._walk(walks[-1], known):
                walks.pop()
                return
            known = None
            if self._may_have_slipped(walks[-1]) and walks[-1].round < ROUNDS:
                walks[-1].again()
                continue
            walk = walks.pop()
            bookmark.complete = bookmark.complete or walk.whole
            if self._may_have_slipped(walk):
                # The list never came to rest. The next run looks once more at what is new since this one began.
                left_over.append(self._new_walk() if walk.whole else walk)
        for walk in left_over[:1]:
            walk.again()
            walk.round = 1
            walks.append(walk)
        self._taker.retry_missing(self._new_walk())
        version = Version() if bookmark.missing else self._lists.version
        bookmark.asked, bookmark.etag, bookmark.last_modified = version.asked, version.etag, version.last_modified
        self._taker.finish()

    def _look_again(self) -> None:
        """Look at everything since the day that a person named; cut off, it goes on when the day is named again."""
        # What this walk stores must not end the next one for what is new, so that one is begun here.
        self._begin()
        since = self._run.since.isoformat() if self._run.since else ""
        walk = self._bookmark.resumable
        if walk is None or walk.since != since:
            walk = self._bookmark.resumable = self._new_walk(since=since)
        self._walk(walk)
        while self._may_have_slipped(walk) and walk.round < ROUNDS:
            walk.again()
            self._walk(walk)
        self._bookmark.resumable = None
        self._taker.retry_missing(self._new_walk())
        self._taker.finish()

    def _begin(self) -> None:
        """Begin a walk for what is new, at the first page, unless one waits there already."""
        walks = self._bookmark.walks
        if walks and (walks[-1].place is None or len(walks) >= MOST_WALKS):
            walks[-1].place = None
        else:
            whole = not self._bookmark.complete and not any(walk.whole for walk in walks)
            walks.append(self._new_walk(whole=whole))

    def _new_walk(self, *, whole: bool = False, since: str = "") -> Walk:
        marks = self._taker.marks
        return Walk(marks.message, marks.aside, self._run.run_id, whole=whole, since=since)

    def _known_version(self) -> Version | None:
        """Return the first page as it was seen at the end of the last walk, if nothing else is to be looked for."""
        mark = self._bookmark
        if not mark.complete or mark.walks or mark.missing or self._taker.daily:
            return None
        return Version(mark.asked, mark.etag, mark.last_modified)

    def _may_have_slipped(self, walk: Walk) -> bool:
        paging = self._lists.paging
        moved = paging is not None and shifts(paging) and walk.pages > 1 and walk.stored
        # Rows that could not be remembered would all be fetched again.
        return moved and not walk.forgot

    def _walk(self, walk: Walk, known: Version | None = None) -> bool:
        """Go over the pages of a walk until its end; False where the site says that its first page has not changed."""
        start = self._start_of(walk)
        place = start or Place()
        resuming = start is not None
        seen: set[str] = set()
        stale = 0
        ending = _Ending(self._run.since)
        while True:
            page = self._lists.page(place, known)
            if page is None:
                return False
            known = None
            rows = self._taker.look_up(page, walk, seen)
            if resuming and not any(row.known for row in rows) and (back := self._back(place)) is not None:
                # Rows were removed since, and what follows the last known one has moved up.
                self._taker.discard(page)
                place = back
                continue
            resuming = False
            keys = [row.key for row in rows]
            # Behind the end some sites show the last page again, or the first. One such page may also come of rows that
            # were added meanwhile; the second is the end.
            stale = stale + 1 if seen.issuperset(keys) else 0
            if not rows or stale > 1:
                walk.pages += 1
                self._taker.discard(page)
                return True
            seen.update(keys)
            following = self._lists.next_place(page, None if start else len(seen))
            is_known = self._ends_at(rows, walk)
            if (following is None or is_known) and not any(row.wanted for row in rows):
                walk.pages += 1
                self._taker.discard(page)
                return True
            items = self._taker.take_page(page, rows, walk, deeper=start is not None)
            if following is None or is_known or ending.is_reached(rows, items):
                return True
            place = following

    def _ends_at(self, rows: Sequence[Seen], walk: Walk) -> bool:
        """Tell whether a walk for what is new ends at a page; once a day it goes a little further, for answers."""
        if walk.whole or walk.since or not all(row.before for row in rows):
            return False
        return not self._taker.daily or walk.pages + 1 >= LOOK_BACK or not any(row.unanswered for row in rows)

    def _start_of(self, walk: Walk) -> Place | None:
        """Return where a walk goes on; None: at the first page."""
        paging = self._lists.paging
        if walk.place is None or walk.place.index == 0 or paging is None or not can_return(paging):
            return None
        if not self._lists.window.url:
            # The first page says how many there are, and from where addresses start.
            first = self._lists.page(Place())
            if first is not None:
                self._taker.discard(first)
        return walk.place

    def _back(self, place: Place) -> Place | None:
        return None if self._lists.paging is None else before(place, self._lists.paging)


def _digest_of(source: Website) -> str:
    """Return a digest of what decides which rows there are and which of them are wanted."""
    parts = source.model_dump_json(include={"base", "params", "list", "keywords", "exclude", "since"})
    return digest(parts)


class _Ending:
    """Tells when a walk has come to messages older than the first day that is wanted."""

    def __init__(self, since: datetime | None) -> None:
        self._since = since
        self._oldest: datetime | None = None
        self._old_pages = 0

    def is_reached(self, rows: Sequence[Seen], items: dict[str, Item]) -> bool:
        """Tell it after each page. One page is enough where rows stand in the order of time, otherwise two."""
        if self._since is None:
            return False
        moments = [row.moment for row in rows if row.moment is not None]
        in_order = moments == sorted(moments, reverse=True) and (
            not moments or self._oldest is None or moments[0] <= self._oldest
        )
        if moments:
            self._oldest = moments[-1]
        old = [one for row in rows if (one := self._is_old(row, items)) is not None]
        self._old_pages = self._old_pages + 1 if old and all(old) else 0
        return self._old_pages > 1 or (self._old_pages == 1 and in_order and bool(moments))

    def _is_old(self, row: Seen, items: dict[str, Item]) -> bool | None:
        if row.moment is not None and self._since is not None:
            return row.moment < self._since
        match items.get(row.entry.key):
            case Blank(reason="before-since"):
                return True
            case Fetched():
                return False
        return None
