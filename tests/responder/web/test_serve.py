"""Tests of the desk as a process: listening, being ready, ending."""

import signal
import socket

import pytest

from config.context import Context
from config.settings import Settings
from responder.errors import DeskUnavailable
from responder.web.app import serve
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
