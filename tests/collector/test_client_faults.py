"""The polite client against servers that fail: what is tried again, and what is said in the end."""

import gzip
import random
import socket
import threading
import zlib
from datetime import timedelta
from email.utils import format_datetime

import pytest

from collector.client import Request
from collector.errors import (
    HttpRefused,
    PageGone,
    Unreachable,
)
from tests.clientbench import in_turn
from tests.conftest import NOW
from tests.webserver import Reply, serving

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
    "half a deflate": Reply(
        zlib.compress(random.Random(1).randbytes(9000))[:5000], headers={"Content-Encoding": "deflate"}
    ),
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


@pytest.mark.parametrize(
    "said", ["", "soon", "-5", "9" * 5000, "1e9", "Mon, 99 Nov 2026", "²", "Mon, 23 Nov 2026 02:00:00"]
)
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
        with pytest.raises(
            Unreachable, match=r"no connection to the host \(connection refused\), 3 times in a row"
        ) as caught:
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
