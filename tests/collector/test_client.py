"""The polite client against local servers: what is sent, where it goes, and how often."""

import gzip
import json
import socket
import threading
from datetime import UTC, datetime

import pytest

from collector import addresses
from collector.client import ClientState, Request
from collector.errors import (
    AddressRefused,
    BudgetSpent,
    HttpRefused,
    PageUnreadable,
    RobotsRefused,
    Unreachable,
)
from tests.clientbench import in_turn
from tests.conftest import NOW
from tests.webserver import Asked, Reply, serving

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
        serving(
            lambda asked: Reply(status=307, headers={"Location": f"http://other.example:{server.port}/x"})
        ) as server,
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

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
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

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with serving(lambda asked: "ok") as server:
        assert bench.client().fetch(Request(f"http://two.example:{server.port}/")).content == b"ok"


@pytest.mark.parametrize("host", ["nowhere.invalid", "a" * 70 + ".cn", "a..cn"])
def test_a_name_that_leads_nowhere_is_unreachable(bench, host, monkeypatch):
    """A name without an address, or none at all, is said as such."""

    def look_up(host, port, **options):
        host.encode("idna")
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(Unreachable, match="name could not be resolved"):
        bench.client().fetch(Request(f"http://{host}/"))


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
def test_a_board_is_reached_over_ipv6(bench):
    """An address of IPv6 is asked, and named in brackets."""
    with serving(lambda asked: "ok", host="::1") as server:
        assert bench.client().fetch(Request(f"{server.url}/")).url == f"http://[::1]:{server.port}/"

    assert server.requests[0].headers["Host"] == f"[::1]:{server.port}"


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


# State


def test_a_state_survives_as_json():
    """What a process kept, the next reads; nothing kept is a fresh state."""
    state = ClientState("2026-11-23", 7, {"http://a.cn": {"until": NOW.isoformat(), "text": "User-agent: *"}})

    assert ClientState.from_json(json.loads(json.dumps(state.to_json()))) == state
    assert ClientState.from_json(None) == ClientState.from_json({}) == ClientState()
