"""The polite client against answers without end, and packed ones: bytes, memory and time stay bounded."""

import gzip
import threading
import tracemalloc
import zlib

import pytest

from collector import connections
from collector.client import MIB, Request
from collector.errors import (
    PageGone,
    PageTooLarge,
    PageUnreadable,
    Unreachable,
)
from tests.webserver import Reply, serving


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
        Reply(
            [gzip.compress(b"text" * 1000)[:20], gzip.compress(b"text" * 1000)[20:]],
            headers={"Content-Encoding": "gzip"},
        ),
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
