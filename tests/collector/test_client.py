"""The polite client against real local servers: each promise with its fault."""

import gzip
import json
import random
import socket
import ssl
import threading
import tracemalloc
import zlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from zoneinfo import ZoneInfo

import pytest

from collector import addresses, connections
from collector.client import MIB, Client, ClientState, Request, Rules
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
from tests.conftest import NOW, FixedClock
from tests.webserver import Asked, Reply, make_authority, serving

ZONE = ZoneInfo("Asia/Shanghai")


class Bench:
    """Makes clients whose waits take no time, and closes them."""

    def __init__(self, folder, clock: FixedClock) -> None:
        self.folder, self.clock = folder, clock
        self.sleeps: list[float] = []
        self.state = ClientState()
        self.clients: list[Client] = []

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.clock.forward(timedelta(seconds=seconds))

    def client(self, *, stop=lambda: None, uniform=lambda low, high: high, **rules) -> Client:
        """Return a client of the loopback, without pace and robots.txt unless the rules say otherwise."""
        made = Client(
            Rules(**{"pace": 0.0, "private": True, "robots": False} | rules),
            self.state,
            now=self.clock,
            zone=ZONE,
            locks=self.folder / "locks",
            sleep=self.sleep,
            uniform=uniform,
            stop=stop,
        )
        self.clients.append(made)
        return made


@pytest.fixture
def bench(tmp_path, clock):
    """A bench at `NOW`."""
    made = Bench(tmp_path, clock)
    yield made
    for client in made.clients:
        client.close()


@pytest.fixture
def names(monkeypatch):
    """Names that lead to the loopback, added by tests; others are looked up as always."""
    known: dict[str, str] = {}
    real = socket.getaddrinfo

    def look_up(host, *args, **options):
        return real(known.get(host, host), *args, **options)

    monkeypatch.setattr(addresses.checked_addresses, "__kwdefaults__", {"resolve": look_up})
    return known


def in_turn(*replies):
    """Return a handler that gives one reply after the other, the last for ever."""
    left = list(replies)
    return lambda asked: left.pop(0) if len(left) > 1 else left[0]


# What is sent and what comes back


def test_a_page_comes_with_what_a_next_run_needs(bench):
    """Content, type, ETag and Last-Modified are handed on."""
    page = Reply("<p>好</p>", headers={"ETag": '"1"', "Last-Modified": "Mon, 23 Nov 2026 01:00:00 GMT"})
    with serving({"/list": page}) as server:
        got = bench.client().fetch(Request(f"{server.url}/list?a=1#top"))

    assert got.url == f"{server.url}/list?a=1"
    assert (got.status, got.content.decode(), got.content_type) == (200, "<p>好</p>", "text/html; charset=utf-8")
    assert (got.etag, got.last_modified) == ('"1"', "Mon, 23 Nov 2026 01:00:00 GMT")
    assert not got.not_modified


def test_a_page_that_did_not_change_costs_no_body(bench):
    """What is known is asked for conditionally, and 304 is an answer."""

    def page(asked):
        known = (asked.headers["If-None-Match"], asked.headers["If-Modified-Since"])
        return Reply(status=304) if known == ('"1"', "yesterday") else Reply("new")

    with serving({"/list": page}) as server:
        client = bench.client()
        got = client.fetch(Request(f"{server.url}/list", etag='"1"', last_modified="yesterday"))
        again = client.fetch(Request(f"{server.url}/list", etag='"2"'))

    assert (got.not_modified, got.content) == (True, b"")
    assert (again.not_modified, again.content) == (False, b"new")
    assert server.connections == 1


def test_an_unasked_304_is_refused(bench):
    """A server that says "not modified" to who knows nothing is not believed."""
    with serving(lambda asked: Reply(status=304)) as server, pytest.raises(HttpRefused) as caught:
        bench.client().fetch(Request(f"{server.url}/list"))

    assert caught.value.status == 304


def test_the_collector_says_who_it_is(bench):
    """The user agent names the collector; packings that can be undone are announced, no others."""
    with serving(lambda asked: "ok") as server:
        bench.client().fetch(Request(f"{server.url}/"))

    headers = server.requests[0].headers
    assert headers["User-Agent"].startswith("Wenzheng/")
    assert headers["User-Agent"].endswith("(+bureau collector)")
    assert headers["Accept-Encoding"] == "gzip, deflate"
    assert headers["Host"] == f"127.0.0.1:{server.port}"


def test_headers_of_source_and_request_replace_ours_in_any_case(bench):
    """A source may give another user agent; Chinese goes as UTF-8."""
    with serving(lambda asked: "ok") as server:
        client = bench.client(headers={"user-agent": "Mozilla/5.0", "X-From": "统计局"})
        client.fetch(Request(f"{server.url}/", headers={"accept": "application/json"}))

    headers = server.requests[0].headers
    assert headers.get_all("User-Agent") == ["Mozilla/5.0"]
    assert headers.get_all("Accept") == ["application/json"]
    assert headers["X-From"].encode("latin-1").decode() == "统计局"


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb"])
def test_a_header_with_a_line_break_is_refused(bench, value):
    """A token taken from a page cannot add headers of its own."""
    with serving(lambda asked: "ok") as server, pytest.raises(PageUnreadable, match="header"):
        bench.client().fetch(Request(f"{server.url}/", headers={"X-Token": value}))

    assert server.requests == []


def test_a_form_is_sent_in_its_encoding(bench):
    """Fields keep their order; what the encoding lacks is sent as browsers do."""
    form = [("title", "路灯 坏了"), ("page", "2"), ("title", "𠮷")]
    with serving(lambda asked: "ok") as server:
        client = bench.client()
        client.fetch(Request(f"{server.url}/", method="POST", form=form))
        client.fetch(Request(f"{server.url}/", method="post", form=form, form_encoding="gbk"))
        client.fetch(Request(f"{server.url}/", method="POST"))

    utf8, gbk, empty = server.requests
    assert utf8.method == gbk.method == "POST"
    assert utf8.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert utf8.body == b"title=%E8%B7%AF%E7%81%AF+%E5%9D%8F%E4%BA%86&page=2&title=%F0%A0%AE%B7"
    assert gbk.body == b"title=%C2%B7%B5%C6+%BB%B5%C1%CB&page=2&title=%26%23134071%3B"
    assert (empty.body, empty.headers["Content-Length"]) == (b"", "0")


def test_json_is_sent_as_json(bench):
    """A body of JSON comes with its type, which a source may state more exactly."""
    with serving(lambda asked: "ok") as server:
        client = bench.client()
        client.fetch(Request(f"{server.url}/", method="POST", json={"页": 1}))
        client.fetch(Request(f"{server.url}/", method="POST", json=[], headers={"content-type": "text/json"}))

    first, second = server.requests
    assert (json.loads(first.body), first.headers["Content-Type"]) == ({"页": 1}, "application/json")
    assert (second.body, second.headers.get_all("Content-Type")) == (b"[]", ["text/json"])


# Cookies, log-in and redirects


def test_a_session_keeps_its_cookies(bench):
    """What a log-in sets is sent with the next request, beside a cookie of the source; another client has none."""
    routes = {
        "/login": Reply("ok", headers=[("Set-Cookie", "JSESSIONID=7; Path=/; HttpOnly"), ("Set-Cookie", "csrf=9")]),
        "/list": "ok",
    }
    with serving(routes) as server:
        client = bench.client(headers={"Cookie": "given=1"})
        client.fetch(Request(f"{server.url}/login"))
        client.fetch(Request(f"{server.url}/list"))
        bench.client().fetch(Request(f"{server.url}/list"))

    assert server.requests[1].headers["Cookie"] == "given=1; JSESSIONID=7; csrf=9"
    assert server.requests[2].headers["Cookie"] is None


def test_a_server_cannot_fill_the_memory_with_cookies(bench):
    """At most fifty cookies of a host are kept, none longer than 4096 characters; known ones are still renewed."""
    number = iter(range(10**6))

    def page(asked):
        many = [("Set-Cookie", f"c{next(number)}={'x' * 10}") for _ in range(60)]
        return Reply("ok", headers=[("Set-Cookie", "long=" + "x" * 5000), *many, ("Set-Cookie", "c0=new")])

    with serving(page) as server:
        client = bench.client()
        for _ in range(3):
            client.fetch(Request(f"{server.url}/"))

    sent = server.requests[-1].headers["Cookie"].split("; ")
    assert len(sent) == 50
    assert "c0=new" in sent
    assert not any(cookie.startswith("long=") for cookie in sent)


@pytest.mark.parametrize(
    ("status", "method", "body"),
    [(301, "GET", b""), (302, "GET", b""), (303, "GET", b""), (307, "POST", b"a=1"), (308, "POST", b"a=1")],
)
def test_a_redirected_form_becomes_a_plain_request_or_is_repeated(bench, status, method, body):
    """After 301, 302 and 303 the new address is asked plainly; 307 and 308 repeat the form."""
    routes = {"/form": Reply(status=status, headers={"Location": "/done?x=1"}), "/done": "done"}
    with serving(routes) as server:
        got = bench.client().fetch(Request(f"{server.url}/form", method="POST", form=[("a", "1")]))

    assert got.url == f"{server.url}/done?x=1"
    last = server.requests[-1]
    assert (last.method, last.path, last.body) == (method, "/done?x=1", body)
    assert (last.headers["Content-Type"] is None) == (method == "GET")


def test_a_chain_of_five_redirects_is_followed_and_no_more(bench):
    """Five redirects end well, six do not, and a circle is no trap."""

    def step(asked: Asked):
        left = int(asked.query["left"])
        return Reply(status=302, headers={"Location": f"?left={left - 1}"}) if left else "end"

    with serving({"/step": step, "/round": Reply(status=302, headers={"Location": "/round"})}) as server:
        client = bench.client()
        assert client.fetch(Request(f"{server.url}/step?left=5")).content == b"end"
        with pytest.raises(HttpRefused, match="redirected more than 5 times"):
            client.fetch(Request(f"{server.url}/step?left=6"))
        with pytest.raises(HttpRefused):
            client.fetch(Request(f"{server.url}/round"))

    assert len(server.requests) == 6 + 6 + 6


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_a_redirect_to_a_chinese_path_is_followed_as_it_came(bench, encoding):
    """The bytes of the header are asked for, in whichever encoding the server wrote them."""
    raw = b"HTTP/1.1 302 Found\r\nLocation: /" + "留言".encode(encoding) + b"?a=%20\r\nContent-Length: 0\r\n\r\n"
    with serving(lambda asked: Reply(raw=raw) if asked.path == "/" else "ok") as server:
        bench.client().fetch(Request(f"{server.url}/"))

    expected = "".join(f"%{byte:02X}" for byte in "留言".encode(encoding))
    assert server.paths[1] == f"/{expected}?a=%20"


@pytest.mark.parametrize("location", [None, "", "http://[::1", "ftp://a.cn/", "http://u:p@a.cn/", "javascript:x"])
def test_a_redirect_to_no_address_is_refused(bench, location):
    """A redirect without a place, or to what is not asked, is an error of ours."""
    headers = {} if location is None else {"Location": location}
    with (
        serving(lambda asked: Reply(status=302, headers=headers)) as server,
        pytest.raises((AddressRefused, HttpRefused)) as caught,
    ):
        bench.client().fetch(Request(f"{server.url}/"))

    assert "u:p" not in str(caught.value)


def test_cookies_and_headers_do_not_follow_to_another_host(bench, names):
    """After a redirect to another name, or another port, no token or cookie goes along; coming back they are there."""
    names["other.example"] = "127.0.0.1"

    def page(asked):
        if asked.path == "/start":
            away = f"http://other.example:{server.port}/away"
            return Reply(status=302, headers={"Location": away, "Set-Cookie": "s=1"})
        if asked.path == "/away":
            return Reply(status=302, headers={"Location": f"{server.url}/back", "Set-Cookie": "other=2"})
        return Reply("ok")

    with serving(page) as server, serving(lambda asked: "ok") as neighbour:
        client = bench.client(headers={"X-Key": "secret"})
        client.fetch(Request(f"{server.url}/start", headers={"Authorization": "Bearer 1"}))
        client.fetch(Request(f"{neighbour.url}/"))

    sent = [[asked.headers[name] for name in ("X-Key", "Authorization", "Cookie")] for asked in server.requests]
    assert sent == [["secret", "Bearer 1", None], [None, None, None], ["secret", "Bearer 1", "s=1"]]
    assert neighbour.requests[0].headers["X-Key"] is None


def test_a_source_may_name_its_own_hosts(bench, names):
    """The extra headers go to all hosts a source names as its own, and to none but them."""
    names |= {"list.example": "127.0.0.1", "detail.example": "127.0.0.1", "stranger.example": "127.0.0.1"}
    with serving(lambda asked: "ok") as server:
        client = bench.client(headers={"X-Key": "secret"}, hosts=("list.example", "detail.example"))
        for name in ("list", "detail", "stranger"):
            client.fetch(Request(f"http://{name}.example:{server.port}/"))

    assert [asked.headers["X-Key"] for asked in server.requests] == ["secret", "secret", None]


def test_a_form_is_not_passed_on_to_another_host(bench, names):
    """A redirect that would repeat a form, perhaps with a password, elsewhere is refused."""
    names["other.example"] = "127.0.0.1"
    with (
        serving(lambda asked: Reply(status=307, headers={"Location": f"http://other.example:{server.port}/x"})) as server,
        pytest.raises(AddressRefused, match=r"other\.example"),
    ):
        bench.client().fetch(Request(f"{server.url}/", method="POST", form=[("password", "hunter2")]))

    assert len(server.requests) == 1


# Addresses


def test_private_addresses_are_refused_before_anything_is_sent(bench):
    """Without leave the loopback is not asked, neither for the page nor for its robots.txt."""
    with serving(lambda asked: "ok") as server:
        for robots in (True, False):
            with pytest.raises(AddressRefused, match="private network"):
                bench.client(private=False, robots=robots).fetch(Request(f"{server.url}/"))

    assert (server.requests, server.connections) == ([], 0)


def test_a_redirect_into_a_private_network_is_refused(bench, names, monkeypatch):
    """A public site cannot send the collector to this machine."""
    names["board.example"] = "127.0.0.1"
    real = addresses.refusal

    def as_if_public(address, *, private):
        return None if public else real(address, private=private)

    monkeypatch.setattr(addresses, "refusal", as_if_public)
    public = True

    def page(asked):
        nonlocal public
        public = False
        return Reply(status=302, headers={"Location": f"http://127.0.0.1:{server.port}/admin"})

    with serving(page) as server, pytest.raises(AddressRefused, match="private network"):
        bench.client(private=False).fetch(Request(f"http://board.example:{server.port}/"))

    assert server.paths == ["/"]


def test_a_metadata_address_is_refused_even_to_a_source_of_the_intranet(bench):
    """The address under which a cloud hands out passwords is never asked, by redirect or directly."""
    with serving({"/": Reply(status=302, headers={"Location": "http://169.254.169.254/latest/"})}) as server:
        client = bench.client()
        for url in (f"{server.url}/", "http://169.254.169.254/", "http://[fe80::1]/", "http://0.0.0.0/"):
            with pytest.raises(AddressRefused):
                client.fetch(Request(url))


def test_a_name_is_looked_up_once_and_that_address_connected_to(bench, monkeypatch):
    """A name that leads elsewhere at the second look-up gains nothing: there is none."""
    asked = []
    real = socket.getaddrinfo

    def look_up(host, port, **options):
        asked.append(host)
        return real("127.0.0.1" if len(asked) == 1 else "127.0.0.2", port, **options)

    monkeypatch.setattr(addresses.checked_addresses, "__kwdefaults__", {"resolve": look_up})
    with serving(lambda asked: "ok") as server:
        client = bench.client()
        for _ in range(3):
            client.fetch(Request(f"http://rebinding.example:{server.port}/"))

    assert asked == ["rebinding.example"]
    assert {request.headers["Host"] for request in server.requests} == {f"rebinding.example:{server.port}"}


def test_the_next_address_is_tried_when_one_is_down(bench, monkeypatch):
    """A host with several addresses is reached by the one that answers."""

    def look_up(host, port, **options):
        return [(socket.AF_INET, 1, 6, "", (where, port)) for where in ("127.0.0.9", "127.0.0.1")]

    monkeypatch.setattr(addresses.checked_addresses, "__kwdefaults__", {"resolve": look_up})
    with serving(lambda asked: "ok") as server:
        assert bench.client().fetch(Request(f"http://two.example:{server.port}/")).content == b"ok"


@pytest.mark.parametrize("host", ["nowhere.invalid", "a" * 70 + ".cn", "a..cn"])
def test_a_name_that_leads_nowhere_is_unreachable(bench, host, monkeypatch):
    """A name without an address, or none at all, is said as such."""

    def look_up(host, port, **options):
        host.encode("idna")
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(addresses.checked_addresses, "__kwdefaults__", {"resolve": look_up})
    with pytest.raises(Unreachable, match="name could not be resolved"):
        bench.client().fetch(Request(f"http://{host}/"))


# robots.txt


def test_robots_are_asked_once_and_kept_to(bench):
    """A run asks robots.txt once; the next, with the kept state, asks for the page alone."""
    routes = {"/robots.txt": "User-agent: *\nDisallow: /admin\nCrawl-delay: 4", "/list": "ok"}
    with serving(routes) as server:
        client = bench.client(robots=True)
        client.fetch(Request(f"{server.url}/list"))
        client.fetch(Request(f"{server.url}/list"))
        with pytest.raises(RobotsRefused):
            client.fetch(Request(f"{server.url}/admin"))
        bench.state = ClientState.from_json(json.loads(json.dumps(bench.state.to_json())))
        bench.client(robots=True).fetch(Request(f"{server.url}/list"))

    assert server.paths == ["/robots.txt", "/list", "/list", "/list"]
    assert bench.state.requests == 4
    # No pace of the source, but the site's own between three pages; the first page did not yet know it.
    assert sum(bench.sleeps) == pytest.approx(12)


def test_the_site_redirected_to_has_its_own_say(bench, names):
    """A redirect to another site obeys that site's robots.txt."""
    names["other.example"] = "127.0.0.1"

    def page(asked):
        if asked.headers["Host"].startswith("other"):
            return "User-agent: *\nDisallow: /"
        if asked.path == "/robots.txt":
            return Reply(status=404)
        return Reply(status=302, headers={"Location": f"http://other.example:{server.port}/x"})

    with serving(page) as server, pytest.raises(RobotsRefused):
        bench.client(robots=True).fetch(Request(f"{server.url}/"))

    assert server.paths == ["/robots.txt", "/", "/robots.txt"]


def test_a_failing_robots_file_stops_the_run_without_asking_on(bench):
    """A site whose robots.txt answers 500 three times is asked nothing else for ten minutes."""
    with serving({"/robots.txt": Reply(status=500), "/": "ok"}) as server:
        for _ in range(2):
            with pytest.raises(RobotsRefused, match="500"):
                bench.client(robots=True).fetch(Request(f"{server.url}/"))

    assert server.paths == ["/robots.txt"] * 3


@pytest.mark.parametrize("packed", [False, True])
def test_a_robots_file_without_end_is_read_in_part(bench, packed):
    """Half a mebibyte of rules is read, the rest not."""
    content = b"User-agent: *\nDisallow: /admin\n" + b"# more\n" * 10**6
    robots = Reply(gzip.compress(content), headers={"Content-Encoding": "gzip"}) if packed else Reply(content)
    with serving({"/robots.txt": robots, "/list": "ok"}) as server:
        client = bench.client(robots=True, max_bytes=100)
        client.fetch(Request(f"{server.url}/list"))
        with pytest.raises(RobotsRefused):
            client.fetch(Request(f"{server.url}/admin"))


# Pace and budget


def test_the_pace_lies_between_two_requests(bench):
    """Three requests at a pace of two and a half seconds wait five, in pieces of a second at most."""
    with serving(lambda asked: "ok") as server:
        client = bench.client(pace=2.5)
        for _ in range(3):
            client.fetch(Request(f"{server.url}/"))

    assert sum(bench.sleeps) == pytest.approx(5)
    assert max(bench.sleeps) <= 1


def test_the_pace_holds_over_clients_of_one_machine(bench):
    """Another source of the same host waits for the pace of the first."""
    with serving(lambda asked: "ok") as server:
        bench.client(pace=3).fetch(Request(f"{server.url}/"))
        bench.client(pace=3).fetch(Request(f"{server.url}/"))

    assert sum(bench.sleeps) == pytest.approx(3)


def test_two_clients_never_ask_a_host_at_once(bench):
    """While one client reads an answer, another waits for its turn."""
    inside, most = 0, 0

    def page(asked):
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        threading.Event().wait(0.002)
        inside -= 1
        return "ok"

    with serving(page) as server:

        def ask(client):
            for _ in range(10):
                client.fetch(Request(f"{server.url}/"))

        bench.sleep = lambda seconds: threading.Event().wait(0.001)
        threads = [threading.Thread(target=ask, args=(bench.client(),)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert (most, len(server.requests)) == (1, 30)


def test_a_stop_is_obeyed_during_a_wait(bench):
    """Told to stop, a client with a long pace ends within a second and sends nothing more."""

    class Stop(Exception):
        pass

    def stop():
        if len(bench.sleeps) == 2:
            raise Stop

    with serving(lambda asked: "ok") as server:
        client = bench.client(pace=3600, stop=stop)
        client.fetch(Request(f"{server.url}/"))
        with pytest.raises(Stop):
            client.fetch(Request(f"{server.url}/"))

    assert len(server.requests) == 1
    assert sum(bench.sleeps) <= 2


def test_the_budget_of_a_day_is_kept_over_processes(bench):
    """The budget counts robots.txt, redirects and every try; the bureau's next day begins anew."""
    routes = {"/go": Reply(status=302, headers={"Location": "/list"}), "/list": in_turn(Reply(status=500), "ok")}
    with serving(routes) as server:
        bench.client(robots=True, budget=5).fetch(Request(f"{server.url}/go"))  # robots, go, list, list again
        bench.state = ClientState.from_json(bench.state.to_json())
        client = bench.client(robots=True, budget=5)
        client.fetch(Request(f"{server.url}/list"))
        with pytest.raises(BudgetSpent, match="the 5 requests of the day") as caught:
            client.fetch(Request(f"{server.url}/list?who=1"))
        bench.clock.set(datetime(2026, 11, 23, 15, 59, tzinfo=UTC))
        with pytest.raises(BudgetSpent):
            client.fetch(Request(f"{server.url}/list"))
        bench.clock.set(datetime(2026, 11, 23, 16, 0, tzinfo=UTC))  # midnight at the bureau
        client.fetch(Request(f"{server.url}/list"))

    assert len(server.requests) == 6
    assert (bench.state.day, bench.state.requests) == ("2026-11-24", 1)
    assert "who" not in str(caught.value)


# Faults and tries


BROKEN = {
    "dropped before the answer": Reply(drop=True),
    "dropped after the headers": Reply("a" * 100, drop_after=0),
    "dropped in the body": Reply("a" * 100_000, drop_after=70_000),
    "dropped in a chunk": Reply([b"a" * 100, b"b" * 100], drop_after=150),
    "longer than it is": Reply("a" * 10, headers={"Content-Length": "11"}, drop_after=10),
    "no HTTP": Reply(raw=b"SSH-2.0-OpenSSH_9.2\r\n"),
    "half a status line": Reply(raw=b"HTTP/1.1 20"),
    "half the headers": Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Le"),
    "a bad chunk": Reply(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n0\r\n\r\n"),
    "too many headers": Reply(raw=b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 200 + b"Content-Length: 0\r\n\r\n"),
    "not gzip": Reply(b"<p>plain</p>", headers={"Content-Encoding": "gzip"}),
    "half a gzip": Reply(gzip.compress(random.Random(1).randbytes(9000))[:5000], headers={"Content-Encoding": "gzip"}),
    "a wrong checksum": Reply(gzip.compress(b"abc")[:-8] + b"\1" * 8, headers={"Content-Encoding": "gzip"}),
    "half a deflate": Reply(zlib.compress(random.Random(1).randbytes(9000))[:5000], headers={"Content-Encoding": "deflate"}),
    "status 500": Reply(status=500),
    "status 502": Reply(status=502),
    "status 503": Reply(status=503),
    "status 504": Reply(status=504),
    "status 429": Reply(status=429),
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("fault", BROKEN)
def test_a_passing_fault_is_tried_again(bench, fault, method):
    """Two broken answers and a sound one give the sound one, after a back-off that grows."""
    with serving(in_turn(BROKEN[fault], BROKEN[fault], Reply("sound"))) as server:
        got = bench.client().fetch(Request(f"{server.url}/", method=method, form=[("a", "1")]))

    assert got.content == b"sound"
    assert [request.body for request in server.requests] == [b"a=1"] * 3
    assert bench.sleeps == [1, 1, 1]  # one second, then two
    assert bench.state.requests == 3


@pytest.mark.parametrize("fault", BROKEN)
def test_a_lasting_fault_ends_after_three_tries(bench, fault):
    """A fault that stays is an error of ours, which names the page and not its query."""
    with serving(lambda asked: BROKEN[fault]) as server, pytest.raises((Unreachable, HttpRefused)) as caught:
        bench.client().fetch(Request(f"{server.url}/list?token=1"))

    assert isinstance(caught.value, HttpRefused) == fault.startswith("status")
    assert caught.value.item == f"{server.url}/list"
    assert "token" not in str(caught.value)
    assert caught.value.todo
    assert len(server.requests) == 3


def test_tries_jitter_over_the_whole_back_off(bench):
    """The wait is drawn between nothing and the back-off, so that sources do not come back together."""
    drawn = []

    def uniform(low, high):
        drawn.append((low, high))
        return 0.25

    with serving(lambda asked: Reply(status=503)) as server, pytest.raises(HttpRefused):
        bench.client(uniform=uniform).fetch(Request(f"{server.url}/"))

    assert drawn == [(0, 1), (0, 2)]
    assert bench.sleeps == [0.25, 0.25]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, HttpRefused), (401, HttpRefused), (403, HttpRefused), (404, PageGone), (410, PageGone), (501, HttpRefused)],
)
def test_a_refusal_is_not_repeated(bench, status, kind):
    """What another try would not better is said at once, with the status."""
    with serving(lambda asked: Reply("no", status=status)) as server, pytest.raises(HttpRefused) as caught:
        bench.client().fetch(Request(f"{server.url}/"))

    assert type(caught.value) is kind
    assert caught.value.status == status
    assert str(status) in str(caught.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [300, 305, 306, 299, 599, 999])
def test_an_odd_status_is_an_answer_or_an_error(bench, status):
    """2xx is an answer whatever it is called; what nobody knows is refused."""
    with serving(lambda asked: Reply("x", status=status)) as server:
        client = bench.client()
        if status == 299:
            assert client.fetch(Request(f"{server.url}/")).status == 299
        else:
            with pytest.raises(HttpRefused, match=str(status)):
                client.fetch(Request(f"{server.url}/"))


@pytest.mark.parametrize(
    "said", ["20", format_datetime(NOW + timedelta(seconds=20), usegmt=True), "Mon, 23 Nov 2026 10:00:20 +0800"]
)
def test_retry_after_is_waited_for(bench, said):
    """Twenty seconds, as a number or a date, are waited before the next try."""
    with serving(in_turn(Reply(status=429, headers={"Retry-After": said}), Reply("ok"))) as server:
        assert bench.client().fetch(Request(f"{server.url}/")).content == b"ok"

    assert sum(bench.sleeps) == pytest.approx(20)


def test_a_long_retry_after_ends_the_run_at_once(bench):
    """A server that wants an hour gets it: the error carries the seconds, and nothing is asked meanwhile."""
    with (
        serving(lambda asked: Reply(status=503, headers={"Retry-After": "3600"})) as server,
        pytest.raises(HttpRefused) as caught,
    ):
        bench.client().fetch(Request(f"{server.url}/"))

    assert (caught.value.status, caught.value.retry_after) == (503, 3600)
    assert (len(server.requests), bench.sleeps) == (1, [])


@pytest.mark.parametrize("said", ["", "soon", "-5", "9" * 5000, "1e9", "Mon, 99 Nov 2026", "²", "Mon, 23 Nov 2026 02:00:00"])
def test_a_retry_after_that_says_nothing_is_passed_over(bench, said):
    """What is no number and no date leaves the usual back-off."""
    raw = f"HTTP/1.1 429 X\r\nRetry-After: {said}\r\nContent-Length: 0\r\n\r\n".encode()
    with serving(in_turn(Reply(raw=raw), Reply("ok"))) as server:
        bench.client().fetch(Request(f"{server.url}/"))

    assert bench.sleeps == [1]


def test_a_date_in_the_past_is_no_wait(bench):
    """A Retry-After that is over leaves the usual back-off."""
    past = format_datetime(NOW - timedelta(days=1), usegmt=True)
    with serving(in_turn(Reply(status=503, headers={"Retry-After": past}), Reply("ok"))) as server:
        bench.client().fetch(Request(f"{server.url}/"))

    assert bench.sleeps == [1]


def test_nobody_there_is_unreachable(bench):
    """A refused connection is tried three times and said in words."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(Unreachable, match="no connection to the host, 3 times in a row") as caught:
            bench.client().fetch(Request(f"http://127.0.0.1:{port}/x?y=1"))

    assert caught.value.item == f"http://127.0.0.1:{port}/x"
    assert bench.state.requests == 3


def test_a_server_that_is_silent_is_given_up(bench):
    """No byte within the time of a read counts as a fault and is tried again."""
    silent = threading.Event()

    def page(asked):
        silent.wait(5)
        return "late"

    with serving(page) as server:
        with pytest.raises(Unreachable, match="no answer within the time"):
            bench.client(timeout=0.05).fetch(Request(f"{server.url}/"))
        silent.set()

    assert len(server.requests) == 3


def test_a_kept_connection_that_was_closed_meanwhile_is_opened_anew(bench):
    """A server that hangs up between two requests costs a connection, not a try."""
    with serving(lambda asked: Reply("ok", headers={"Connection": "close"})) as server:
        client = bench.client()
        for _ in range(3):
            client.fetch(Request(f"{server.url}/"))

    assert (server.connections, len(server.requests)) == (3, 3)


def test_what_follows_an_answer_is_not_taken_for_the_next(bench):
    """Bytes beyond Content-Length spoil the connection; the next answer is the right one."""
    first = Reply("ab", headers={"Content-Length": "1"})
    with serving(in_turn(first, Reply("second"))) as server:
        client = bench.client()
        assert client.fetch(Request(f"{server.url}/")).content == b"a"
        assert client.fetch(Request(f"{server.url}/")).content == b"second"


def test_neither_environment_nor_netrc_reaches_a_request(bench, monkeypatch, tmp_path):
    """A proxy or a password of the machine's user is not used."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login clerk password hunter2\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    with serving(lambda asked: "ok") as server:
        bench.client().fetch(Request(f"{server.url}/"))

    assert server.requests[0].headers["Authorization"] is None


# Bounds


def packed(content: bytes, encoding: str) -> Reply:
    """Return a packed answer."""
    return Reply(content, headers={"Content-Encoding": encoding})


def raw_deflate(content: bytes) -> bytes:
    """Return deflate without the zlib header, as some servers send it."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(content) + packer.flush()


@pytest.mark.parametrize(
    "reply",
    [
        packed(gzip.compress(b"text" * 1000), "gzip"),
        packed(gzip.compress(b"text" * 1000), "X-GZIP"),
        packed(gzip.compress(b"text" * 400) + gzip.compress(b"text" * 600), "gzip"),
        packed(gzip.compress(b"text" * 1000) + b"\0" * 50, "gzip"),
        packed(zlib.compress(b"text" * 1000), "deflate"),
        packed(raw_deflate(b"text" * 1000), "deflate"),
        packed(b"text" * 1000, "identity"),
        Reply([gzip.compress(b"text" * 1000)[:20], gzip.compress(b"text" * 1000)[20:]], headers={"Content-Encoding": "gzip"}),
        Reply([b"text"] * 1000),
    ],
)
def test_packed_and_chunked_answers_are_unpacked(bench, reply):
    """gzip, also in members, and deflate, also without its header, come out whole."""
    with serving(lambda asked: reply) as server:
        assert bench.client().fetch(Request(f"{server.url}/")).content == b"text" * 1000


def test_an_empty_answer_is_an_answer(bench):
    """No body at all, even if it is called packed, is empty content."""
    with serving({"/a": packed(b"", "gzip"), "/b": Reply(status=204)}) as server:
        client = bench.client()
        assert client.fetch(Request(f"{server.url}/a")).content == b""
        assert client.fetch(Request(f"{server.url}/b")).content == b""


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress"])
def test_a_packing_that_was_not_asked_for_is_refused(bench, encoding):
    """What cannot be unpacked is not handed on as if it were a page."""
    with serving(lambda asked: packed(b"xyz", encoding)) as server, pytest.raises(PageUnreadable, match="packed"):
        bench.client().fetch(Request(f"{server.url}/"))

    assert len(server.requests) == 1


def endless(piece: bytes):
    """Yield for ever; ends with the connection."""
    while True:
        yield piece


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"x" * (MIB + 1)),
        Reply(endless(b"x" * 65536)),
        Reply(raw=(piece for part in ([b"HTTP/1.1 200 OK\r\n\r\n"], endless(b"x" * 65536)) for piece in part)),
        packed(gzip.compress(b"x" * (MIB + 1)), "gzip"),
        packed(zlib.compress(b"x" * (MIB + 1)), "deflate"),
        packed(gzip.compress(b"x" * MIB) + gzip.compress(b"x"), "gzip"),
        Reply(b"x", headers={"Content-Length": str(10**15)}, drop_after=1),
    ],
    ids=["large", "endless chunks", "endless", "gzip", "deflate", "members", "announced"],
)
def test_an_answer_beyond_the_limit_is_refused(bench, reply):
    """More bytes than the rules allow, packed or not, announced or not, are not read and not tried again."""
    with serving(lambda asked: reply) as server, pytest.raises(PageTooLarge, match="larger than 1 MiB"):
        bench.client(max_bytes=MIB).fetch(Request(f"{server.url}/"))

    assert len(server.requests) == 1


def test_an_answer_at_the_limit_is_taken(bench):
    """Exactly as many bytes as allowed are no fault."""
    with serving({"/a": Reply(b"x" * MIB), "/b": packed(gzip.compress(b"x" * MIB), "gzip")}) as server:
        client = bench.client(max_bytes=MIB)
        assert len(client.fetch(Request(f"{server.url}/a")).content) == MIB
        assert len(client.fetch(Request(f"{server.url}/b")).content) == MIB


def test_a_bomb_costs_no_memory(bench):
    """A kilobyte that unpacks to a gibibyte is given up at the limit; memory stays near it."""
    packer = zlib.compressobj(9, wbits=31)
    block = b"\0" * MIB
    bomb = b"".join(packer.compress(block) for _ in range(256)) + packer.flush()
    with serving(lambda asked: packed(bomb, "gzip")) as server:
        client = bench.client(max_bytes=2 * MIB)
        tracemalloc.start()
        with pytest.raises(PageTooLarge):
            client.fetch(Request(f"{server.url}/"))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert peak < 12 * MIB


def test_thousands_of_empty_members_are_refused(bench):
    """A gzip of countless empty members would take minutes to take apart."""
    with serving(lambda asked: packed(gzip.compress(b"") * 50_000, "gzip")) as server, pytest.raises(Unreachable):
        bench.client().fetch(Request(f"{server.url}/"))


def drip(first: bytes, piece: bytes, over: threading.Event):
    """Yield a beginning, and then a piece every hundredth of a second."""
    yield first
    while not over.wait(0.01):
        yield piece


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
    ],
    ids=["status", "header", "body", "chunk size", "chunks", "continue", "unbounded"],
)
def test_an_answer_that_drips_is_given_up(bench, first, piece):
    """A byte now and then, anywhere in an answer, ends with the time of the answer as a whole."""
    over = threading.Event()
    with serving(lambda asked: Reply(raw=drip(first, piece, over))) as server:
        with pytest.raises(PageTooLarge, match=r"did not end within 0\.15 seconds"):
            bench.client(longest=0.15).fetch(Request(f"{server.url}/"))
        over.set()

    assert len(server.requests) == 1


def test_the_body_of_a_redirect_or_an_error_is_not_read(bench):
    """A body without end behind a redirect or an error costs neither time nor memory."""
    routes = {
        "/go": lambda asked: Reply(endless(b"x" * 1000), status=302, headers={"Location": "/gone"}),
        "/gone": lambda asked: Reply(endless(b"x" * 1000), status=404),
    }
    with serving(routes) as server, pytest.raises(PageGone):
        bench.client().fetch(Request(f"{server.url}/go"))

    assert server.paths == ["/go", "/gone"]


def test_links_to_many_hosts_keep_few_connections(bench, names, monkeypatch):
    """A page that links to host after host does not use up the sockets."""
    monkeypatch.setattr(connections, "_POOLS", 3)
    names |= {f"h{number}.example": "127.0.0.1" for number in range(6)}
    with serving(lambda asked: "ok") as server:
        client = bench.client()
        for name in names:
            client.fetch(Request(f"http://{name}:{server.port}/"))

    assert len(client._connections._pools) == 3


# TLS


def test_a_site_with_an_authority_of_its_own_is_verified_by_it(bench, tmp_path):
    """With the authority's file the site is asked, and connections are kept."""
    ca_file, context = make_authority(tmp_path)
    with serving(lambda asked: "ok", tls=context) as server:
        client = bench.client(ca_file=ca_file)
        for _ in range(3):
            assert client.fetch(Request(f"{server.url}/")).content == b"ok"

    assert server.connections == 1


@pytest.mark.parametrize("fault", ["unknown", "name", "expired"])
def test_a_certificate_that_does_not_hold_is_refused_at_once(bench, tmp_path, fault):
    """An unknown authority, another name or a certificate that is over ends the run; nothing is sent, nothing retried."""
    names = ["elsewhere.example"] if fault == "name" else []
    ca_file, context = make_authority(tmp_path, *names, expired=fault == "expired")
    with serving(lambda asked: "ok", tls=context) as server:
        client = bench.client(ca_file=None if fault == "unknown" else ca_file)
        with pytest.raises(Unreachable, match="certificate is not valid") as caught:
            client.fetch(Request(f"{server.url}/"))

    assert "ca_file" in caught.value.todo
    assert (server.requests, bench.state.requests) == ([], 1)


def test_the_certificate_is_checked_against_the_name_not_the_address(bench, tmp_path, names):
    """Connected by address, the site must still prove its name, which it is told (SNI)."""
    names["board.example"] = "127.0.0.1"
    ca_file, context = make_authority(tmp_path, "board.example")
    told = []
    context.sni_callback = lambda sock, name, context: told.append(name)
    with serving(lambda asked: "ok", tls=context) as server:
        client = bench.client(ca_file=ca_file)
        client.fetch(Request(f"https://board.example:{server.port}/"))
        with pytest.raises(Unreachable, match="certificate"):
            client.fetch(Request(f"https://127.0.0.1:{server.port}/"))

    assert told[0] == "board.example"


def test_old_tls_is_refused_in_words(bench, tmp_path):
    """A site that speaks only what is no longer safe is refused, and not three times."""
    ca_file, context = make_authority(tmp_path)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("PSK")
    with serving(lambda asked: "ok", tls=context) as server, pytest.raises(Unreachable, match="TLS"):
        bench.client(ca_file=ca_file).fetch(Request(f"{server.url}/"))

    assert bench.state.requests == 1


def test_a_plain_server_behind_https_is_refused_in_words(bench):
    """https asked of a server that speaks http is a fault of TLS."""
    with serving(lambda asked: "ok") as server, pytest.raises(Unreachable):
        bench.client().fetch(Request(f"https://127.0.0.1:{server.port}/"))


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_an_authority_file_of_no_use_is_named(bench, tmp_path, content):
    """A missing or wrong ca_file is said, with its name."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(Unreachable, match="certificate authority") as caught:
        bench.client(ca_file=path).fetch(Request("https://127.0.0.1:9/"))

    assert caught.value.item == str(path)


# State


def test_a_state_survives_as_json():
    """What a process kept, the next reads; nothing kept is a fresh state."""
    state = ClientState("2026-11-23", 7, {"http://a.cn": {"until": NOW.isoformat(), "text": "User-agent: *"}})

    assert ClientState.from_json(json.loads(json.dumps(state.to_json()))) == state
    assert ClientState.from_json(None) == ClientState.from_json({}) == ClientState()
