"""A throw-away Dovecot for tests: a real IMAP server on loopback ports, with accounts and Maildir folders."""

import grp
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from imap_tools.imap_utf7 import utf7_encode

from tests.parts import require_part
from tests.webserver import make_authority

ACCOUNTS = 100
START_TIMEOUT_S = 30

_CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 0
mail_uid = {uid}
mail_gid = {gid}
mail_location = maildir:~/Maildir
mail_fsync = never
# The login processes of an installed server live in a chroot, which takes root to enter.
service anvil {{
  chroot =
  # A wrong password costs no pause here.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  service_count = 0
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
ssl = yes
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.pem
disable_plaintext_auth = no
auth_failure_delay = 0
auth_mechanisms = plain login {mechanisms}
passdb {{
  driver = passwd-file
  args = scheme=plain {folder}/users
}}
{further}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/homes/%u
}}
"""

_OAUTH2 = """
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
"""


@dataclass(frozen=True)
class Account:
    """One mailbox of the server, empty at first.

    Args:
        home: the folder that holds its Maildir.
    """

    name: str
    password: str
    home: Path

    def folder(self, name: str = "INBOX") -> Path:
        """Return the Maildir of a folder, made when missing."""
        root = self.home / "Maildir"
        path = root if name == "INBOX" else root / f".{utf7_encode(name).decode()}"
        for part in (self.home, root, path, *(path / each for each in ("cur", "new", "tmp"))):
            if not part.is_dir():
                part.mkdir()
                _give(part)
        return path


class Dovecot:
    """A running server.

    Args:
        port, tls_port: of plain IMAP with STARTTLS, and of IMAP within TLS.
        ca_file: the authority to trust, PEM; the server's certificate names `localhost` and 127.0.0.1.
    """

    def __init__(self, folder: Path, ports: tuple[int, int], server: subprocess.Popen[bytes]) -> None:
        self._folder, self._server = folder, server
        self.port, self.tls_port = ports
        self.ca_file = folder / "authority.pem"
        self._accounts = itertools.count(1)
        self._mails = itertools.count(1)

    def account(self) -> Account:
        """Return an account that nobody used yet."""
        number = next(self._accounts)
        name = f"user{number}@test.example"
        return Account(name, _password(number), self._folder / "homes" / name)

    def deliver(
        self,
        account: Account,
        *mails: bytes,
        folder: str = "INBOX",
        received: datetime = datetime(2026, 11, 23, 1, 0, tzinfo=UTC),
    ) -> None:
        """Put mails into a folder as a delivery program does; their UIDs follow the order.

        Args:
            received: becomes the INTERNALDATE.
        """
        box = account.folder(folder)
        for mail in mails:
            # Dovecot gives UIDs in the order of the names.
            path = box / "tmp" / f"{1_700_000_000 + next(self._mails):010d}.M1P1.test"
            path.write_bytes(mail)
            _give(path)
            os.utime(path, (received.timestamp(), received.timestamp()))
            path.rename(box / "new" / path.name)

    def seen(self, account: Account, folder: str = "INBOX") -> list[bool]:
        """Return for each mail of a folder, in the order of arrival, whether it is marked as read."""
        box = account.folder(folder)
        # A name ends in its flags, and before them Dovecot writes sizes.
        files = sorted([*(box / "cur").iterdir(), *(box / "new").iterdir()], key=lambda file: file.name.split(".")[0])
        return ["S" in file.name.partition(":2,")[2] for file in files]

    def renumber(self, account: Account, folder: str = "INBOX") -> None:
        """Make the server lose its numbering, as a restored backup does: UIDVALIDITY changes, and UIDs begin anew."""
        # The last value is kept in a file of its own, by which the next one differs also within the same second.
        for file in account.folder(folder).glob("dovecot*"):
            if not file.name.startswith("dovecot-uidvalidity"):
                file.unlink()

    def kick(self) -> None:
        """Kill the server's processes that serve connections which have logged in."""
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                name, parent = stat.read_text().partition("(")[2].rpartition(") ")[::2]
            except OSError:
                continue  # It ended meanwhile.
            if name == "imap" and int(parent.split()[1]) == self._server.pid:
                os.kill(int(stat.parent.name), signal.SIGKILL)


@contextmanager
def running_dovecot(introspection_url: str | None = None) -> Iterator[Dovecot]:
    """Start a server and stop it at the end, also on failure; skip where Dovecot is not installed.

    Args:
        introspection_url: asked with an access token appended, it answers with JSON that holds `email` if the token
            is good; turns OAuth2 on.
    """
    dovecot = require_part("dovecot")
    folder = Path(tempfile.mkdtemp(prefix="wz-dovecot-", dir="/tmp"))
    try:
        ports = _free_ports()
        _write_files(folder, ports, introspection_url)
        with (folder / "output").open("wb") as output:
            command = _as_user([dovecot, "-F", "-c", str(folder / "dovecot.conf")])
            server = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)
        try:
            _wait_until_ready(server, folder, ports[0])
            yield Dovecot(folder, ports, server)
        finally:
            server.terminate()
            server.wait(timeout=30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_files(folder: Path, ports: tuple[int, int], introspection_url: str | None) -> None:
    user = _server_user()
    (folder / "homes").mkdir()
    (folder / "run").mkdir()
    further = mechanisms = ""
    if introspection_url is not None:
        further, mechanisms = _OAUTH2.format(folder=folder), "xoauth2 oauthbearer"
        settings = {"introspection_mode": "get", "introspection_url": introspection_url, "username_attribute": "email"}
        (folder / "oauth2.conf").write_text("".join(f"{key} = {value}\n" for key, value in settings.items()))
    numbers = range(1, ACCOUNTS + 1)
    (folder / "users").write_text("".join(f"user{n}@test.example:{{PLAIN}}{_password(n)}\n" for n in numbers))
    (folder / "dovecot.conf").write_text(
        _CONFIG.format(
            folder=folder,
            port=ports[0],
            tls_port=ports[1],
            user=user.pw_name,
            group=grp.getgrgid(user.pw_gid).gr_name,
            uid=user.pw_uid,
            gid=user.pw_gid,
            mechanisms=mechanisms,
            further=further,
        )
    )
    make_authority(folder)
    for path in (folder, *folder.iterdir()):
        _give(path)


def _password(number: int) -> str:
    return f"invented-{number}"


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


def _server_user() -> pwd.struct_passwd:
    """Return whom the server runs as: the tests' own user, or nobody where that is root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())


def _give(path: Path) -> None:
    """Hand a file or folder to the server's user."""
    if os.geteuid() == 0:
        user = _server_user()
        os.chown(path, user.pw_uid, user.pw_gid)


def _as_user(command: Sequence[str]) -> list[str]:
    """Prefix a command so that it runs as the server's user, and dies with the tests even when they are killed."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        if os.geteuid() == 0:
            pytest.skip("root runs the tests and setpriv (Debian package util-linux) is missing")
        return list(command)
    user = _server_user()
    change = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"] if os.geteuid() == 0 else []
    return [setpriv, *change, "--pdeathsig=TERM", "--", *command]


def _wait_until_ready(server: subprocess.Popen[bytes], folder: Path, port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=START_TIMEOUT_S) as connection:
                if connection.recv(100).startswith(b"* OK"):
                    return
        except OSError:
            pass
        try:
            server.wait(timeout=0.02)
        except subprocess.TimeoutExpired:
            continue
        break
    files = [file for file in (folder / "output", folder / "log") if file.exists()]
    said = "".join(file.read_text(errors="replace")[-500:] for file in files)
    pytest.fail(f"Dovecot did not start: {said}")
