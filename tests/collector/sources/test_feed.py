"""Feeds end to end: from a local server to messages, through kills, faults and changes of the filter."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from collector.collecting import collect
from collector.counts import Counts
from collector.errors import HttpRefused, PageUnreadable, SecretMissing, SourceChanged, SourceUnknown, Unreachable
from collector.jobs import resume_raw
from collector.rereading import reread
from collector.setaside import list_set_aside
from collector.sources import feed
from collector.tables import CollectionRun, Message, RawItem, SourceCursor
from config.context import Context
from config.sources import Feed
from tests.conftest import FixedClock
from tests.dying import Killed, dying
from tests.webserver import Asked, Reply, WebServer, serving

OURS = "临沂市统计局"


class Hub:
    """A server of one feed whose pages a test writes."""

    def __init__(self) -> None:
        self.pages: dict[str, list[dict[str, object]]] = {"1": []}
        self.etags = True
        self.fault: Reply | None = None

    def answer(self, asked: Asked) -> Reply:
        """Answer with the page asked for; 304 for one that is known."""
        if asked.path == "/robots.txt":
            return Reply(status=404)
        if self.fault is not None:
            return self.fault
        number = asked.query.get("page", "1")
        if number not in self.pages:
            return Reply(status=410)
        following = str(int(number) + 1)
        content = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": "论坛",
            "items": self.pages[number],
            **({"next_url": f"?page={following}"} if following in self.pages else {}),
        }
        body = json.dumps(content).encode()
        etag = f'"{hash(body)}"'
        if self.etags and asked.headers.get("If-None-Match") == etag:
            return Reply(status=304, headers={"ETag": etag})
        kind = {"Content-Type": "application/feed+json"}
        return Reply(body, headers=kind | ({"ETag": etag} if self.etags else {}))


def entry(number: int, text: str = f"{OURS}的热线打不通", **more: object) -> dict[str, object]:
    """Return an entry of a JSON feed, an hour older than the one before it."""
    posted = datetime(2026, 11, 22, tzinfo=UTC) - timedelta(hours=number)
    return {"id": f"p{number}", "content_text": f"{text}{number}", "date_published": posted.isoformat(), **more}


@pytest.fixture
def hub() -> Hub:
    """A feed without entries."""
    return Hub()


@pytest.fixture
def server(hub: Hub) -> Iterator[WebServer]:
    """The server of the hub."""
    with serving(hub.answer) as running:
        yield running


def with_feed(ctx: Context, server: WebServer, **keys: object) -> Context:
    """Return the home with one feed in its profile."""
    source = Feed(
        **{
            "id": "forum",
            "kind": "feed",
            "channel": "posts",
            "url": f"{server.url}/feed",
            "private": True,
            "pace": 0,
            **keys,
        }
    )
    return replace(ctx, profile=ctx.profile.model_copy(update={"sources": (source,)}))


@pytest.fixture
def home(ctx: Context, server: WebServer) -> Context:
    """The home with the feed, as a channel of posts that are watched."""
    return with_feed(ctx, server)


def run(ctx: Context, since: date | None = None) -> Counts:
    """Collect the feed once, without waiting."""
    return collect(ctx, "forum", since=since, sleep=lambda seconds: None, uniform=lambda low, high: low)


def stored(ctx: Context) -> list[str]:
    """Return the ids of the messages in order of their writing."""
    with ctx.database.reading() as session:
        return list(session.scalars(sa.select(Message.external_id).order_by(Message.posted_at.desc())))


def count(ctx: Context, table: type) -> int:
    """Count the rows of a table."""
    with ctx.database.reading() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_new_entries_become_messages(home: Context, hub: Hub) -> None:
    """Each once, with the counts on record and the feed's bytes kept."""
    hub.pages["1"] = [entry(1, authors=[{"name": "甲"}]), entry(2)]

    counts = run(home)

    assert (counts.fetched, counts.stored) == (2, 2)
    with home.database.reading() as session:
        message = session.scalars(sa.select(Message).order_by(Message.id)).first()
        assert message is not None
        assert (message.channel, message.author_name, message.received_at) == ("posts", "甲", message.posted_at)
        raw = session.get_one(RawItem, message.raw_item_id)
        assert (raw.state, raw.options["kind"]) == ("parsed", "feed")
        assert b"p2" in (raw.content or b"")
        record = session.scalars(sa.select(CollectionRun)).one()
        assert (record.fetched, record.stored, record.error) == (2, 2, None)


def test_a_run_that_finds_nothing_new_costs_one_request_and_keeps_nothing(
    home: Context, hub: Hub, server: WebServer
) -> None:
    """With an ETag the server need not even send the feed; without one, what it sends again is forgotten."""
    hub.pages["1"] = [entry(1)]
    run(home)
    for hub.etags in (True, False):
        before = len(server.requests)

        counts = run(home)

        assert counts.fetched == 0
        assert len(server.requests) == before + 1
    # The same entry in other bytes: as hubs write the hour of building into each answer.
    hub.pages["1"] = [entry(1, tags=["新"])]
    run(home)
    assert (count(home, RawItem), stored(home)) == (1, ["p1"])


def test_only_what_names_the_bureau_is_kept_of_a_watched_feed(home: Context, hub: Hub) -> None:
    """Other posts are counted once, not in every run they stay in the feed, and leave no bytes behind."""
    hub.pages["1"] = [entry(1, "今天天气不错"), entry(2, "太原市统计局在哪里"), entry(3, "临沂的统计局在哪里")]

    first = run(home)
    hub.pages["1"].insert(0, entry(0, "周末去哪儿玩"))
    second = run(home)

    assert (first.dropped, first.stored, stored(home)) == (2, 1, ["p3"])
    assert (second.fetched, second.dropped, second.reasons) == (1, 1, {"no-keyword": 1})
    assert count(home, RawItem) == 1


def test_a_channel_that_is_answered_takes_every_entry(ctx: Context, hub: Hub, server: WebServer) -> None:
    """What is written to the bureau need not name it."""
    hub.pages["1"] = [entry(1, "今天天气不错")]

    assert run(with_feed(ctx, server, channel="weibo")).stored == 1


def test_changed_keywords_look_at_the_feed_again(ctx: Context, hub: Hub, server: WebServer) -> None:
    """An entry that was of no concern yesterday may be today, though the feed did not change."""
    hub.pages["1"] = [entry(1, "入户调查员证件"), entry(2, "天气")]
    run(with_feed(ctx, server, keywords=("人口普查",)))

    counts = run(with_feed(ctx, server, keywords=("入户 调查",), exclude=("天气",)))

    assert (counts.stored, counts.dropped, stored(ctx)) == (1, 1, ["p1"])


def test_further_pages_are_read_while_they_hold_new_entries(home: Context, hub: Hub, server: WebServer) -> None:
    """The first run reads all of them, the next only as far as it must."""
    hub.pages = {str(page): [entry(page * 10), entry(page * 10 + 1)] for page in (1, 2, 3)}
    assert run(home).stored == 6

    hub.pages["1"].insert(0, entry(1))
    before = len(server.requests)
    assert run(home).stored == 1

    asked = [request.query.get("page", "1") for request in server.requests[before:]]
    assert asked == ["1", "2"]


def test_pages_older_than_the_first_day_are_not_asked_for(ctx: Context, hub: Hub, server: WebServer) -> None:
    """Of the page on which it falls, the older entries are dropped."""
    hub.pages = {str(page): [entry(page * 24), entry(page * 24 + 1)] for page in range(1, 9)}

    counts = run(with_feed(ctx, server, since=date(2026, 11, 20)))

    # The twentieth began in Linyi 56 hours before the moment from which the entries' hours are counted.
    assert stored(ctx) == ["p24", "p25", "p48", "p49"]
    assert counts.reasons == {"before-since": 2}
    assert len(server.requests) == 1 + 3


def test_a_run_goes_no_further_than_its_limit_and_the_next_goes_on(
    home: Context, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A feed without end neither holds the service up nor is left half read."""
    monkeypatch.setattr(feed, "MOST_PAGES", 2)
    hub.pages = {str(page): [entry(page)] for page in range(1, 7)}

    for expected in (2, 3, 4, 5, 6):
        run(home)
        assert len(stored(home)) == expected


def test_a_pending_page_that_is_gone_is_let_go(home: Context, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would fail every run from now on."""
    monkeypatch.setattr(feed, "MOST_PAGES", 1)
    hub.pages = {"1": [entry(1)], "2": [entry(2)]}
    run(home)
    del hub.pages["2"]
    monkeypatch.setattr(feed, "MOST_PAGES", 2)

    assert run(home).fetched == 0

    with home.database.reading() as session:
        assert json.loads(session.scalars(sa.select(SourceCursor.cursor)).one())["pending"] == {}


def test_pages_in_a_circle_come_to_an_end(home: Context, hub: Hub, server: WebServer) -> None:
    """Each address is asked once a run."""
    hub.pages["1"] = [entry(1)]
    circle = {"version": "https://jsonfeed.org/version/1", "next_url": "/feed", "items": [entry(1)]}
    hub.fault = Reply(json.dumps(circle))

    run(home)

    assert server.paths == ["/robots.txt", "/feed"]


def test_a_day_named_by_hand_looks_at_known_entries_again(home: Context, hub: Hub, server: WebServer) -> None:
    """They are duplicates, one that says something else now is set aside, and the cursor stays."""
    hub.pages["1"] = [entry(1), entry(2)]
    run(home)
    with home.database.reading() as session:
        cursor = session.scalars(sa.select(SourceCursor.cursor)).one()
    hub.pages["1"] = [entry(1), entry(2, f"{OURS}改口了")]

    counts = run(home, since=date(2026, 11, 1))

    assert (counts.fetched, counts.duplicates, counts.reasons) == (2, 1, {"same-id-other-text": 1})
    with home.database.reading() as session:
        assert session.scalars(sa.select(SourceCursor.cursor)).one() == cursor


def test_a_secret_in_a_header_is_sent_as_what_it_stands_for(
    ctx: Context, hub: Hub, server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some hubs want a key; without it nothing is asked."""
    home = with_feed(ctx, server, headers={"X-Key": "secret:hub"}, robots=False, robots_reason="the hub is our own")
    with pytest.raises(SecretMissing):
        run(home)
    assert server.requests == []

    monkeypatch.setenv("WENZHENG_SECRET_HUB", "k-1")
    run(home)

    assert [request.headers["X-Key"] for request in server.requests] == ["k-1"]


def test_what_cannot_be_read_is_set_aside_once(home: Context, hub: Hub) -> None:
    """It does not come up again in each run, and its neighbours are stored."""
    hub.pages["1"] = [entry(1), entry(2, "长" * 200_001), {"nothing": "at all"}]
    first = run(home)
    hub.pages["1"].insert(0, entry(0))

    second = run(home)

    assert (first.stored, first.set_aside, first.dropped) == (1, 1, 1)
    assert (second.fetched, second.stored) == (1, 1)
    with home.database.reading() as session:
        ((row, _),) = list_set_aside(session)
    assert (row.reason, row.position) == ("too-long", "p2")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Reply("<!DOCTYPE html><html><body>请登录</body></html>"), SourceChanged),
        (Reply(""), SourceChanged),
        (Reply('{"version": "https://jsonfeed.org/version/1", "items": ['), PageUnreadable),
        (Reply(status=500), HttpRefused),
        (Reply("x" * 100, drop_after=50), Unreachable),
    ],
)
def test_a_feed_that_fails_leaves_everything_as_it_was(
    home: Context, hub: Hub, fault: Reply, error: type[Exception]
) -> None:
    """Rows and cursor stay, the failure is on record, and the next good run takes what came meanwhile."""
    hub.pages["1"] = [entry(2)]
    run(home)
    with home.database.reading() as session:
        cursor = session.scalars(sa.select(SourceCursor.cursor)).one()
    hub.pages["1"].insert(0, entry(1))
    hub.fault = fault

    with pytest.raises(error):
        run(home)

    with home.database.reading() as session:
        assert session.scalars(sa.select(SourceCursor.cursor)).one() == cursor
        assert session.scalars(sa.select(CollectionRun.error).order_by(CollectionRun.id.desc())).first()
        assert set(session.scalars(sa.select(RawItem.state))) == {"parsed"}
    hub.fault = None
    assert run(home).stored == 1
    assert stored(home) == ["p1", "p2"]


def test_a_kill_at_any_line_loses_and_doubles_nothing(
    home: Context, hub: Hub, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each run dies a little later than the one before, while the feed moves on; what is left over is finished."""
    monkeypatch.setattr(feed, "_BATCH", 2)
    written: list[dict[str, object]] = []
    deaths = 0
    for moment in itertools.count(1):
        for _ in range(3):
            written.insert(0, entry(1000 - len(written)))
        hub.pages = {str(at // 3 + 1): written[at : at + 3] for at in range(0, len(written), 3)}
        with dying(moment) as death:
            run(home)
        if not death.came:
            break
        deaths += 1
    assert deaths >= 10
    clock.forward(timedelta(hours=1))

    run(home)
    resume_raw(home)

    assert sorted(stored(home)) == sorted(str(one["id"]) for one in written)
    with home.database.reading() as session:
        assert set(session.scalars(sa.select(RawItem.state))) == {"parsed"}
        assert list_set_aside(session) == []


def test_what_a_killed_run_kept_is_read_again_with_the_filters(
    home: Context, hub: Hub, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Finishing it stores no post that is of no concern."""
    hub.pages["1"] = [entry(1), entry(2, "天气")]

    def die(*arguments: object, **options: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("collector.sources.feed.read_feed", die)
        with pytest.raises(Killed):
            run(home)
    clock.forward(timedelta(hours=1))

    assert resume_raw(home) == {"resumed": 1, "stored": 1, "failed": 0}
    assert stored(home) == ["p1"]


def test_a_feed_that_left_the_profile_cannot_be_read_again(ctx: Context, home: Context, hub: Hub) -> None:
    """Nobody knows any more how it was meant."""
    hub.pages["1"] = [entry(1)]
    run(home)
    with home.database.reading() as session:
        raw_id = session.scalars(sa.select(RawItem.id)).one()

    assert [item.position for item in reread(home, raw_id)] == ["p1"]
    with pytest.raises(SourceUnknown):
        list(reread(ctx, raw_id))
