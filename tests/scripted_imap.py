"""A tiny IMAP server for tests that says what a script tells it to, for what a sound server cannot be made to do."""

import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Answer = bytes | Callable[[str], bytes]
"""Lines before the tagged `OK`, with CRLF; `%TAG%` in them is the command's tag, and replaces that `OK`."""

USUAL: Mapping[str, Answer] = {
    "CAPABILITY": b"* CAPABILITY IMAP4rev1 UIDPLUS\r\n",
    "LOGIN": b"",
    "SELECT": b"* 2 EXISTS\r\n* OK [UIDVALIDITY 1] -\r\n* OK [UIDNEXT 3] -\r\n",
    "EXAMINE": b"* 2 EXISTS\r\n* OK [UIDVALIDITY 1] -\r\n* OK [UIDNEXT 3] -\r\n",
    "UID SEARCH": b"* SEARCH 1 2\r\n",
    "UID FETCH .* RFC822.SIZE": (
        b'* 1 FETCH (UID 1 RFC822.SIZE 90 INTERNALDATE "23-Nov-2026 09:00:00 +0800")\r\n'
        b'* 2 FETCH (UID 2 RFC822.SIZE 90 INTERNALDATE "23-Nov-2026 09:00:00 +0800")\r\n'
    ),
    "LOGOUT": b"* BYE -\r\n",
}

CLOSE = b"%CLOSE%"
"""At the end of an answer: the connection is closed there."""


@dataclass
class ScriptedImap:
    """A running server.

    Args:
        said: the commands that came, without their tags.
    """

    port: int
    said: list[str] = field(default_factory=list)


@contextmanager
def scripted_imap(script: Mapping[str, Answer], greeting: bytes = b"* OK -\r\n") -> Iterator[ScriptedImap]:
    """Serve on a loopback port until the block is left, one connection at a time.

    Args:
        script: answers by the beginning of the command, as a pattern; `USUAL` answers what it leaves out.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = ScriptedImap(listener.getsockname()[1])
        stop = threading.Event()

        def serve() -> None:
            while not stop.is_set():
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    connection.settimeout(10)
                    _talk(connection, {**script, **USUAL, **script}, greeting, server.said)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            stop.set()
            with suppress(OSError), socket.create_connection(("127.0.0.1", server.port), timeout=5):
                pass
            thread.join()


def _talk(connection: socket.socket, script: Mapping[str, Answer], greeting: bytes, said: list[str]) -> None:
    connection.sendall(greeting)
    with connection.makefile("rb") as lines:
        for line in lines:
            tag, _, command = line.decode("ascii", "replace").strip().partition(" ")
            if not command:  # The end of an IDLE, or of a log-in.
                said.append(tag)
                continue
            said.append(command)
            answer = next((one for pattern, one in script.items() if re.match(pattern, command)), b"%TAG% BAD -\r\n")
            if callable(answer):
                answer = answer(command)
            closes = answer.endswith(CLOSE)
            sent = answer.removesuffix(CLOSE)
            if b"%TAG%" not in sent and not closes:
                sent += b"%TAG% OK -\r\n"
            connection.sendall(sent.replace(b"%TAG%", tag.encode()))
            if closes or command == "LOGOUT":
                return
