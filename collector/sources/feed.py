"""Feeds: RSS, Atom and JSON Feed, asked politely, page after page where they have pages.

The cursor is JSON: the `url` and `filter` it was made with, `etag` and `last_modified` of the first page, `pending`
(pages still to be read, each with the number of pages without anything new that are passed over from there), and
`passed` (digests of entries that were looked at and are of no concern).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from collector.base import Blank, Fetched, Item
from collector.batch import Pair
from collector.client import Client, Request, Response
from collector.errors import CollectorError, PageGone, SourceUnknown
from collector.intake import Raw
from collector.readers import Limits, ReadOptions
from collector.readers.feeds import FeedPage, read_feed
from collector.runs import Run
from collector.sifting import first_moment, keywords_of, sift
from collector.tables import RawItem
from config.context import Context
from config.logs import get_logger
from config.sources import Feed

log = get_logger(__name__)

MOST_PAGES = 100
"""Pages of one feed in one run; the next run goes on from there."""

MOST_PASSED = 2000
"""Entries of no concern that are remembered, so that each is counted once while it stays in the feed."""

_BATCH = 200


def collect(run: Run) -> None:
    """Take the entries that are new, following the feed's further pages while they hold new ones.

    Raises:
        SourceChanged: there is no feed at the address any more; the cursor stays.
        SecretMissing: a header names a secret that is given nowhere.
        SourceFailed: as `Client.fetch` and `read_feed`.
    """
    source = run.source
    if not isinstance(source, Feed):
        raise TypeError(f"{source.kind} is no feed")
    client = run.client()
    try:
        _Walk(run, source, client).go()
    finally:
        client.close()


def reread(ctx: Context, raw: RawItem) -> Iterator[Item]:
    """Read a kept feed once more, with the source's filters of today.

    Raises:
        SourceUnknown: the profile has no such feed any more.
        SourceChanged, PageUnreadable: what is kept is no feed.
    """
    source = ctx.profile.source(raw.source)
    if not isinstance(source, Feed):
        raise SourceUnknown("the profile has no such feed any more", item=raw.source, todo="Put it back, or drop this.")
    page = _read(ctx, source, raw.content or b"", raw.options, raw.collected_at)
    since = first_moment(source, ctx.profile)
    for _, item in page.entries:
        yield sift(item, source, ctx.profile, since)


def _read(ctx: Context, source: Feed, content: bytes, options: Mapping[str, Any], now: datetime) -> FeedPage:
    limits = Limits.of(ctx.settings)
    return read_feed(
        content,
        ReadOptions(source.channel, ctx.profile.zone, posted_at=now, limits=limits),
        url=options["url"],
        content_type=options["type"],
        encoding=source.encoding,
    )


class _Walk:
    """One walk over the pages of a feed.

    A page that is still to be read is stored together with the entries of the page that named it, so a walk that is
    killed goes on where it stood although the first page has nothing new by then. Meanwhile new entries push the old
    ones on to later pages: what was taken in front of a pending page may now fill as many pages from there on, and
    those do not end the walk.
    """

    def __init__(self, run: Run, source: Feed, client: Client) -> None:
        self.run, self.source, self.client = run, source, client
        # Keywords may have changed since: what was of no concern then is looked at again.
        self.filter = _digest(
            json.dumps([keywords_of(source, run.ctx.profile), source.exclude, str(source.since)], ensure_ascii=False)
        )
        # A day named by a person asks for known pages again, and leaves the cursor as it is.
        kept = run.cursor if run.cursor.get("url") == source.url and not run.again else {}
        same = kept.get("filter") == self.filter
        self.etag: str | None = kept.get("etag") if same else None
        self.last_modified: str | None = kept.get("last_modified") if same else None
        self.passed: list[str] = list(kept.get("passed", ())) if same else []
        self.pending: dict[str, int] = dict(kept.get("pending", {}))
        self.asked: set[str] = set()

    def go(self) -> None:
        """Read the first page, then what is pending."""
        url = self.source.url
        response = self._ask(Request(url, etag=self.etag, last_modified=self.last_modified))
        if not response.not_modified:
            self._take(url, response)
        while self.pending and len(self.asked) < MOST_PAGES:
            url = next(iter(self.pending))
            try:
                response = self._ask(Request(url))
            except PageGone:
                log.warning("feed_page_gone", source=self.source.id)
                del self.pending[url]
                self._commit([])
            else:
                self._take(url, response)

    def _ask(self, request: Request) -> Response:
        self.asked.add(request.url)
        return self.client.fetch(request)

    def _take(self, url: str, response: Response) -> None:
        """Keep a page, take what is new in it, and note which page comes next."""
        run = self.run
        options = {"url": response.url, "type": response.content_type}
        [raw_id] = run.keep([Raw(response.url, response.content, options)])
        try:
            page = _read(run.ctx, self.source, response.content, options, run.ctx.clock())
        except CollectorError as error:
            run.take([], settled=[raw_id])  # With the cursor as it was: read again, it would be no other.
            error.todo += f" What came is kept as raw item {raw_id}."
            raise
        fresh = self._fresh(page)
        *early, last = _batches([(raw_id, item) for _, item in fresh])
        if fresh:
            self.pending = {one: slack + (one != url) for one, slack in self.pending.items()}
        # The page itself stays as it was, pending or with its old ETag, until the last of its entries is stored.
        brought = sum(map(self._commit, early))
        self._turn(url, response, page, is_new=bool(fresh))
        dropped = [_digest(key) for key, item in fresh if isinstance(item, Blank)]
        self.passed = list(dict.fromkeys([*self.passed, *dropped]))[-MOST_PASSED:]
        brought += self._commit(last, [raw_id])
        if not brought:
            run.forget([raw_id])

    def _turn(self, url: str, response: Response, page: FeedPage, *, is_new: bool) -> None:
        """Put the next page in the place of one that is read."""
        if url == self.source.url:
            self.etag, self.last_modified = response.etag, response.last_modified
        slack = self.pending.pop(url, 0) - (not is_new)
        following = page.next_url
        if following and following not in self.asked and slack >= 0 and not self._is_old(page):
            slack = max(slack, self.pending.pop(following, 0))
            self.pending = {following: slack, **self.pending}

    def _fresh(self, page: FeedPage) -> list[tuple[str, Item]]:
        """Return the entries that were not taken or passed before, sifted."""
        entries = [(key, self.run.sift(item)) for key, item in page.entries]
        if self.run.again:
            return entries
        known = set(self.passed)
        rest = iter(entries)
        while batch := list(islice(rest, _BATCH)):
            known.update(map(_digest, self.run.known([key for key, _ in batch])))
        return [(key, item) for key, item in entries if _digest(key) not in known]

    def _is_old(self, page: FeedPage) -> bool:
        """Tell whether all dated entries of a page are from before the first day that is asked for."""
        since = self.run.since
        dates = [item.posted_at for _, item in page.entries if isinstance(item, Fetched)]
        return since is not None and bool(dates) and max(dates) < since

    def _commit(self, pairs: Sequence[Pair], settled: Sequence[int] = ()) -> int:
        """Store entries together with the cursor; return how many of them are kept."""
        if not self.run.again:
            self.run.cursor = {
                "url": self.source.url,
                "filter": self.filter,
                "etag": self.etag,
                "last_modified": self.last_modified,
                "pending": dict(self.pending),
                "passed": self.passed,
            }
        done = self.run.take(pairs, settled=settled)
        return done.stored + done.set_aside


def _batches(pairs: Sequence[Pair]) -> list[Sequence[Pair]]:
    """Return the pairs in batches, at least one, perhaps empty."""
    return [pairs[start : start + _BATCH] for start in range(0, max(len(pairs), 1), _BATCH)]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
