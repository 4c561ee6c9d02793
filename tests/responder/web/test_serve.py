"""Tests of the desk as a process: listening, being ready, ending."""

import logging
import signal
import socket
from contextlib import ExitStack

import pytest

from config.context import Context
from config.settings import Settings
from responder.errors import DeskUnavailable
from responder.web.app import Seldom, serve
from tests.responder.web.conftest import desk


def ask(family: socket.AddressFamily, host: str, port: int) -> bytes:
    """Ask for the health of a desk over a bare socket."""
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(10)
        connection.connect((host, port))
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: desk\r\nConnection: close\r\n\r\n")
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_desk_answers_when_ready_and_ends_cleanly(ctx: Context, number: signal.Signals):
    """The address it tells answers at once; a signal ends it with all that follows, and exit code 0."""
    with desk(ctx, "127.0.0.1") as (process, port):
        answer = ask(socket.AF_INET, "127.0.0.1", port)
        process.send_signal(number)
        rest, _ = process.communicate(timeout=20)

    assert b'{"live":true,"ready":true}' in answer
    assert b"server:" not in answer.lower()
    assert (rest, process.returncode) == ("ended\n", 0)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_two_colons_listen_on_both_protocols(ctx: Context):
    """`::` answers IPv6 and IPv4 alike."""
    with desk(ctx, "::") as (_, port):
        assert b"200 OK" in ask(socket.AF_INET6, "::1", port)
        assert b"200 OK" in ask(socket.AF_INET, "127.0.0.1", port)


def test_an_address_that_is_taken_is_named(ctx: Context):
    """The error says which address and what to do, and nothing was started."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        settings = Settings(home=ctx.settings.home, host="127.0.0.1", port=port)
        taken = Context(settings, ctx.profile, ctx.database, ctx.vault, ctx.clock)

        with pytest.raises(DeskUnavailable, match=f"127.0.0.1:{port}.*WENZHENG_PORT"):
            serve(taken)


def said(message: str, created: float) -> logging.LogRecord:
    """Return an entry of asyncio's logger at a moment."""
    record = logging.LogRecord("asyncio", logging.ERROR, __file__, 1, message, None, None)
    record.created = created
    return record


def test_the_server_says_the_same_once_a_minute():
    """A message is repeated after a minute, or when the clock was put back; another one is not held up."""
    seldom = Seldom()

    assert seldom.filter(said("no more files", 1000.0))
    assert not any(seldom.filter(said("no more files", 1000.0 + second)) for second in range(60))
    assert seldom.filter(said("something else", 1001.0))
    assert seldom.filter(said("no more files", 1060.0))
    assert seldom.filter(said("no more files", 500.0))


def test_connections_without_a_request_leave_the_log_alone(ctx: Context):
    """With more half-sent requests than the process may open files, the desk lives on and logs little."""
    with desk(ctx, "127.0.0.1", open_files=64) as (process, port), ExitStack() as held:
        for _ in range(100):
            connection = held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost:")
        held.close()
        answer = ask(socket.AF_INET, "127.0.0.1", port)
        process.terminate()
        process.communicate(timeout=20)

    assert b"200 OK" in answer
    assert len((ctx.settings.home / "stderr").read_text("utf-8").splitlines()) < 10
