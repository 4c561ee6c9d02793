"""robots.txt: kept to, kept for a day, and asked for again."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.addresses import parse_target
from collector.errors import (
    AddressRefused,
    BudgetSpent,
    HttpRefused,
    PageGone,
    PageTooLarge,
    PageUnreadable,
    RobotsRefused,
    Unreachable,
)
from collector.robots import MAX_BYTES, Robots
from tests.conftest import NOW, FixedClock

LIST = parse_target("http://a.cn/list?page=1")


class Site:
    """Answers for robots.txt with bytes or an error, and counts how often it was asked."""

    def __init__(self, answer: bytes | BaseException) -> None:
        self.answer, self.asked = answer, []

    def __call__(self, url: str) -> bytes:
        self.asked.append(url)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


def robots(site: Site, clock: FixedClock, kept: dict | None = None) -> Robots:
    """Return the robots.txt files of a source."""
    return Robots({} if kept is None else kept, now=clock, get=site)


def rules(text: str, clock: FixedClock) -> Robots:
    """Return the rules of a text."""
    return robots(Site(text.encode()), clock)


def test_what_is_disallowed_is_refused_and_the_rest_asked(clock):
    """The rules for everybody hold, with wildcards, and the error names the page without its query."""
    files = rules("User-agent: *\nDisallow: /list?*secret\nDisallow: /admin/\n", clock)

    assert files.delay(LIST) == 0
    with pytest.raises(RobotsRefused, match="forbids") as caught:
        files.delay(parse_target("http://a.cn/list?secret=1"))
    assert caught.value.item == "http://a.cn/list"
    assert "robots = false" in caught.value.todo


def test_rules_for_the_collector_by_name_go_before_those_for_all(clock):
    """A site may address the collector by its name."""
    text = "User-agent: *\nDisallow: /\n\nUser-agent: Wenzheng\nAllow: /\nCrawl-delay: 7\n"

    assert rules(text, clock).delay(LIST) == 7


@pytest.mark.parametrize(("said", "delay"), [("5", 5), ("0.5", 0.5), ("86400", 30), ("-3", 0), ("nan", 0), ("x", 0)])
def test_a_crawl_delay_is_honoured_up_to_half_a_minute(clock, said, delay):
    """What a site wants between two requests holds within bounds; nonsense is passed over."""
    assert rules(f"User-agent: *\nCrawl-delay: {said}\n", clock).delay(LIST) == delay


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418, 301])
def test_a_site_without_the_file_allows_all(clock, status):
    """Any 4xx means that there are no rules, and is kept for a day."""
    kind = PageGone if status in (404, 410) else HttpRefused
    site = Site(kind("the server answered", status=status))
    files = robots(site, clock)

    assert files.delay(LIST) == 0
    clock.forward(timedelta(hours=23))
    assert files.delay(LIST) == 0
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    "fault",
    [
        HttpRefused("the server answered 503", status=503),
        HttpRefused("the server answered 429", status=429),
        Unreachable("no connection"),
        PageTooLarge("the answer did not end"),
        PageUnreadable("the answer is packed as 'br'"),
    ],
)
def test_while_the_file_cannot_be_read_nothing_else_is_asked(clock, fault):
    """A failing site is left alone for ten minutes, then asked again."""
    site = Site(fault)
    files = robots(site, clock)

    for _ in range(3):
        with pytest.raises(RobotsRefused, match=fault.what):
            files.delay(LIST)
    clock.forward(timedelta(minutes=10))
    site.answer = b""
    files.delay(LIST)

    assert len(site.asked) == 2


def test_a_site_that_wants_an_hour_of_rest_gets_it(clock):
    """A failing site that says when to come back is left alone until then, a day at most."""
    for wanted, lasting in [(3600, 3600), (30, 600), (10**9, 86400)]:
        kept = {}
        with pytest.raises(RobotsRefused):
            robots(Site(HttpRefused("503", status=503, retry_after=wanted)), clock, kept).delay(LIST)
        assert kept["http://a.cn"]["until"] == (NOW + timedelta(seconds=lasting)).isoformat()


@pytest.mark.parametrize("fault", [BudgetSpent("spent"), AddressRefused("private"), KeyboardInterrupt()])
def test_what_is_no_fault_of_the_site_is_not_kept(clock, fault):
    """A spent budget, a refused address or a stop passes through, and the file is asked for again."""
    site, kept = Site(fault), {}

    with pytest.raises(type(fault)):
        robots(site, clock, kept).delay(LIST)

    assert kept == {}


def test_the_file_is_asked_for_once_a_day_over_processes(clock):
    """A second process with the kept state asks nothing; after a day the rules are new."""
    site, kept = Site(b"User-agent: *\nDisallow: /x"), {}
    robots(site, clock, kept).delay(LIST)
    clock.forward(timedelta(hours=23))
    robots(site, clock, kept).delay(LIST)
    clock.forward(timedelta(hours=1))
    site.answer = b"User-agent: *\nDisallow: /"

    with pytest.raises(RobotsRefused):
        robots(site, clock, kept).delay(LIST)
    assert site.asked == ["http://a.cn/robots.txt"] * 2


def test_a_clock_set_back_does_not_keep_a_file_for_years(clock):
    """An end that lies more than a day ahead is none."""
    site, kept = Site(b""), {}
    clock.set(NOW + timedelta(days=4000))
    robots(site, clock, kept).delay(LIST)
    clock.set(NOW)

    robots(site, clock, kept).delay(LIST)

    assert len(site.asked) == 2


def test_each_origin_has_a_file_of_its_own_and_old_ones_go(clock):
    """Another port or scheme is another site; what is no longer fresh is not carried along."""
    site, kept = Site(b""), {}
    files = robots(site, clock, kept)
    for url in ("http://a.cn/", "https://a.cn/", "http://a.cn:81/"):
        files.delay(parse_target(url))
    assert len(site.asked) == 3
    clock.forward(timedelta(days=2))

    files.delay(LIST)

    assert list(kept) == ["http://a.cn"]


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffUser-agent: *\r\nDisallow: /list".encode(),
        b"User-agent: *\nDisallow: /list # not the list\nSitemap: http://a.cn/s.xml",
        "# 不许\nUser-agent: *\n# 名单\nDisallow: /list".encode("gbk"),
        b"User-agent: *\nDisallow: /list\n" + b"# filling\n" * MAX_BYTES,
        b"User-agent: *\nDis\0allow: /x\nDisallow: /list",
    ],
)
def test_a_file_is_read_as_it_comes(clock, content):
    """A mark at the beginning, comments, another encoding, NUL bytes and too many lines hide no rule before them."""
    kept = {}

    with pytest.raises(RobotsRefused):
        robots(Site(content), clock, kept).delay(LIST)

    assert "\0" not in kept["http://a.cn"]["text"]
    assert "Sitemap" not in kept["http://a.cn"]["text"]


def test_a_page_in_place_of_the_file_is_no_rule(clock):
    """A site that answers 200 with a page of its own has no rules, and the page is not kept."""
    kept = {}

    assert robots(Site(b"\n<!DOCTYPE html>\nUser-agent: *\nDisallow: /\n"), clock, kept).delay(LIST) == 0
    assert kept["http://a.cn"]["text"] == ""


def test_many_wildcards_cost_no_time(clock):
    """A pattern built to be matched in every way there is answers at once."""
    files = rules("User-agent: *\nDisallow: /" + "*a" * 2000 + "*b$\n", clock)

    assert files.delay(parse_target("http://a.cn/" + "a" * 4000)) == 0


@given(st.binary(max_size=300))
def test_any_bytes_are_rules_or_none(content):
    """Whatever a site sends, it is allowed or refused."""
    files = robots(Site(b"User-agent: *\n" + content), FixedClock())

    with suppress(RobotsRefused):
        assert 0 <= files.delay(LIST) <= 30
