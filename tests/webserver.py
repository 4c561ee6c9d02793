"""A small web server for tests, on the loopback: what it answers, and how it breaks off, a test decides.

def page(request):
    return Reply("<p>好</p>", headers={"ETag": '"1"'})

with serving({"/list": page, "/gone": Reply(status=410)}) as server:
    client.fetch(Request(f"{server.url}/list"))
assert [request.path for request in server.requests] == ["/list"]
"""

import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str  # with its query
    headers: Message
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        """The fields of the query, UTF-8."""
        return dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        """The fields of a form, UTF-8."""
        return dict(parse_qsl(self.body.decode("ascii"), keep_blank_values=True))


@dataclass(frozen=True)
class Reply:
    """What is answered.

    Args:
        body: text is sent as UTF-8; pieces are sent chunked, as fast as they come.
        headers: pairs, where one comes twice; Content-Length is added unless given.
        drop_after: the connection is dropped after so many bytes of the body; 0 drops it after the headers.
        drop: the connection is dropped before anything is sent.
        raw: sent instead of everything else, headers included; then the connection is closed.
    """

    body: bytes | str | Iterable[bytes] = b""
    status: int = 200
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = ()
    drop_after: int | None = None
    drop: bool = False
    raw: bytes | Iterable[bytes] | None = None


Handler = Callable[[Asked], "Reply | bytes | str"]
Routes = Mapping[str, "Handler | Reply | bytes | str"]


@dataclass
class WebServer:
    """A running server.

    Args:
        url: such as http://127.0.0.1:40000, without a slash at the end.
        requests: all requests in the order they came.
        connections: how many connections were accepted.
        errors: what handlers raised; raised again when the server is closed.
    """

    url: str
    port: int
    requests: list[Asked] = field(default_factory=list)
    connections: int = 0
    errors: list[BaseException] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        """The paths asked for, queries included, in order."""
        return [request.path for request in self.requests]


@contextmanager
def serving(
    answers: Handler | Routes, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> Iterator[WebServer]:
    """Serve until the block is left; a free port of the loopback, a thread for each connection.

    Args:
        answers: a handler for everything, or by path (without query); other paths, robots.txt too, answer 404.
        tls: serve https with this context, see `make_authority`; then the URL names localhost.
    """
    http = _Http((host, 0), answers, tls)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield http.web
    finally:
        http.shutdown()
        thread.join()
        http.hang_up()
        http.server_close()
    if http.web.errors:
        raise http.web.errors[0]


def make_authority(folder: Path, *names: str, expired: bool = False) -> tuple[Path, ssl.SSLContext]:
    """Return the file of a new certificate authority, and a server's context with a certificate it signed.

    Args:
        names: host names or addresses the certificate is for; none: localhost and 127.0.0.1.
        expired: the certificate's time is over.
    """
    signer, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    today = datetime.now(UTC)
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])

    def build(subject: x509.Name, public: Any, last: datetime) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(today - timedelta(days=10))
            .not_valid_after(last)
        )

    authority = (
        build(issuer, signer.public_key(), today + timedelta(days=10))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(signer, hashes.SHA256())
    )
    alternatives: list[x509.GeneralName] = []
    for name in names or ("localhost", "127.0.0.1"):
        try:
            alternatives.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            alternatives.append(x509.DNSName(name))
    certificate = (
        build(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test server")]),
            key.public_key(),
            today + timedelta(days=-1 if expired else 10),
        )
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .sign(signer, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    ca_file, chain = folder / "authority.pem", folder / "server.pem"
    ca_file.write_bytes(authority.public_bytes(pem))
    chain.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(pem)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return ca_file, context


class _Http(ThreadingHTTPServer):
    daemon_threads = False  # So that leaving the block waits for the threads, and no socket is left open.
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], answers: Handler | Routes, tls: ssl.SSLContext | None) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Connection)
        self.answers, self.tls = answers, tls
        port = self.server_address[1]
        host = f"[{address[0]}]" if ":" in address[0] else address[0]
        self.web = WebServer(f"https://localhost:{port}" if tls else f"http://{host}:{port}", port)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def server_bind(self) -> None:
        # HTTPServer would look up this machine's name.
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
            self.web.connections += 1
        super().process_request(request, client_address)

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.tls is None:
            super().finish_request(request, client_address)
            return
        # Shaken in the connection's own thread, so that a client who does not shake stops nobody else.
        with self.tls.wrap_socket(request.dup(), server_side=True) as wrapped:
            super().finish_request(wrapped, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End all connections, so that their threads end."""
        with self._lock:
            for request in self._open:
                with suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients hang up and refuse certificates; that is no error of a test."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    server: _Http

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        self.close_connection = True
        if not self.raw_requestline or not self.parse_request():
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = Asked(self.command, self.path, self.headers, body)
        self.server.web.requests.append(asked)
        try:
            reply = self._answer(asked)
        except Exception as err:
            self.server.web.errors.append(err)
            reply = Reply(status=500)
        self._send(reply)
        self.wfile.flush()

    def _answer(self, asked: Asked) -> Reply:
        answers = self.server.answers
        if isinstance(answers, Mapping):
            found = answers.get(asked.path.partition("?")[0], Reply(status=404))
        else:
            found = answers
        reply = found(asked) if callable(found) else found
        return reply if isinstance(reply, Reply) else Reply(reply)

    def _send(self, reply: Reply) -> None:
        if reply.drop:
            self.close_connection = True
            return
        if reply.raw is not None:
            self.close_connection = True
            for piece in [reply.raw] if isinstance(reply.raw, bytes) else reply.raw:
                self.wfile.write(piece)
                self.wfile.flush()
            return
        body = reply.body.encode() if isinstance(reply.body, str) else reply.body
        pairs = list(reply.headers.items() if isinstance(reply.headers, Mapping) else reply.headers)
        names = {name.lower() for name, _ in pairs}
        bodiless = reply.status == HTTPStatus.NOT_MODIFIED or reply.status == HTTPStatus.NO_CONTENT
        chunked = not isinstance(body, bytes)
        if chunked:
            pairs.append(("Transfer-Encoding", "chunked"))
        elif "content-length" not in names and not bodiless:
            pairs.append(("Content-Length", str(len(body))))  # type: ignore[arg-type]
        if "content-type" not in names and body:
            pairs.append(("Content-Type", "text/html; charset=utf-8"))
        self.send_response_only(reply.status)
        for name, value in pairs:
            self.send_header(name, value)
        self.end_headers()
        if isinstance(body, bytes):
            if self.command != "HEAD":
                self.wfile.write(body if reply.drop_after is None else body[: reply.drop_after])
        else:
            sent = 0
            for piece in body:
                kept = piece if reply.drop_after is None else piece[: reply.drop_after - sent]
                if kept:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(kept), kept))
                    self.wfile.flush()
                sent += len(kept)
                if sent == reply.drop_after:
                    break
            else:
                self.wfile.write(b"0\r\n\r\n")
        if reply.drop_after is not None:
            self.close_connection = True

    def handle(self) -> None:
        with suppress(ConnectionError, ssl.SSLError, TimeoutError):
            super().handle()

    def finish(self) -> None:
        with suppress(ConnectionError, ssl.SSLError, ValueError):
            super().finish()

    def log_message(self, *args: Any) -> None:
        """Tests stay quiet."""
