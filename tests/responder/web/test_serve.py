"""Tests of the desk as a process: listening, being ready, ending."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from config.context import Context
from config.settings import Settings
from responder.errors import DeskUnavailable
from responder.web.app import serve

PROGRAM = """
import sys, urllib.request
from pathlib import Path
from config.home import open_home
from config.settings import Settings
from responder.web.app import serve

ctx = open_home(Settings(home=Path(sys.argv[1]), host=sys.argv[2], port=0, cookie_secure=False))
serve(ctx, lambda address: print(address, flush=True))
print("ended", flush=True)
"""


def start(ctx: Context, host: str) -> tuple[subprocess.Popen[str], int]:
    """Start a desk in a process of its own and return it with its port once it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(ctx.settings.home), host],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    assert address.startswith("http://"), address
    return process, int(address.rstrip("/").rsplit(":", 1)[1])


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
    process, port = start(ctx, "127.0.0.1")
    try:
        answer = ask(socket.AF_INET, "127.0.0.1", port)
        process.send_signal(number)
        rest, _ = process.communicate(timeout=20)
    finally:
        process.kill()

    assert b'{"live":true,"ready":true}' in answer
    assert b"server:" not in answer.lower()
    assert (rest, process.returncode) == ("ended\n", 0)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_two_colons_listen_on_both_protocols(ctx: Context):
    """`::` answers IPv6 and IPv4 alike."""
    process, port = start(ctx, "::")
    try:
        assert b"200 OK" in ask(socket.AF_INET6, "::1", port)
        assert b"200 OK" in ask(socket.AF_INET, "127.0.0.1", port)
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_an_address_that_is_taken_is_named(ctx: Context):
    """The error says which address and what to do, and nothing was started."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        settings = Settings(home=ctx.settings.home, host="127.0.0.1", port=port)
        taken = Context(settings, ctx.profile, ctx.database, ctx.vault, ctx.clock)

        with pytest.raises(DeskUnavailable, match=f"127.0.0.1:{port}.*WENZHENG_PORT"):
            serve(taken)
