"""A throw-away PostgreSQL for tests: its own cluster in a short folder, reached by a unix socket only."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from config.database import Database
from config.home import upgrade
from tests.parts import require_part

ROLE = "wenzheng"
START_TIMEOUT_S = 60

# Nothing of this cluster outlives the tests, so that it need not survive a power cut. The time zone is not UTC on
# purpose: a bureau's server has its own, and times must come back in UTC all the same.
OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "timezone": "Asia/Shanghai",
    "max_connections": "60",
    "deadlock_timeout": "20ms",
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
}


class Cluster:
    """One running cluster; `fresh` gives databases made from a template that is migrated once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._admin = psycopg.connect(host=str(folder), user=ROLE, dbname="postgres", autocommit=True)
        self._made = 0
        self.create("template_wenzheng")
        database = Database(self.url("template_wenzheng"), None)
        try:
            upgrade(database)
        finally:
            database.close()

    def url(self, name: str) -> str:
        """Return the SQLAlchemy URL of one of its databases."""
        return f"postgresql+psycopg://{ROLE}@/{name}?host={self.folder}"

    def create(self, name: str, options: str = "") -> str:
        """Create a database and return its URL."""
        self._admin.execute(f'CREATE DATABASE "{name}" {options}'.encode())
        return self.url(name)

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        self._admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())

    @contextmanager
    def fresh(self, *, migrated: bool = True) -> Iterator[str]:
        """Give the URL of a database of its own, dropped at the end."""
        self._made += 1
        name = f"test_{self._made}"
        url = self.create(name, "TEMPLATE template_wenzheng STRATEGY FILE_COPY" if migrated else "TEMPLATE template0")
        try:
            yield url
        finally:
            self.drop(name)

    def ask(self, question: str, *values: object) -> list[tuple[object, ...]]:
        """Run a query beside the tested connections."""
        return self._admin.execute(question.encode(), values).fetchall()

    def close(self) -> None:
        """Close the connection for administration."""
        self._admin.close()


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Start a cluster and stop it at the end, also on failure; skip where PostgreSQL is not installed."""
    initdb, postgres = require_part("initdb"), require_part("postgres")
    # A socket's path may have 107 characters, and pytest's own folder is closed to the server's user.
    folder = Path(tempfile.mkdtemp(prefix="wz-pg-", dir="/tmp"))
    try:
        user = _server_user()
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        data = folder / "data"
        init = [initdb, "-D", str(data), "-U", ROLE, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        done = subprocess.run(_as_user(user, init), cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.fail(f"initdb failed: {done.stderr[-500:]}")
        command = [postgres, "-D", str(data), "-k", str(folder)]
        command += [part for name, value in OPTIONS.items() for part in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(_as_user(user, command), cwd=folder, stdout=log, stderr=log)
        try:
            _wait_until_ready(server, folder)
            cluster = Cluster(folder)
            try:
                yield cluster
            finally:
                cluster.close()
        finally:
            server.send_signal(signal.SIGQUIT)  # immediate shutdown: the server ends its children and leaves
            server.wait(timeout=30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _server_user() -> pwd.struct_passwd | None:
    """Return whom to run the server as; PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip("root runs the tests and there is no user postgres or nobody to run PostgreSQL as")


def _as_user(user: pwd.struct_passwd | None, command: Sequence[str]) -> list[str]:
    """Prefix a command so that it runs as *user*, and dies with the tests even when they are killed."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        if user is not None:
            pytest.skip("root runs the tests and setpriv (Debian package util-linux) is missing")
        return list(command)
    change = [] if user is None else [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return [setpriv, *change, "--pdeathsig=QUIT", "--", *command]


def _wait_until_ready(server: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            psycopg.connect(host=str(folder), user=ROLE, dbname="postgres").close()
            return
        except psycopg.OperationalError:
            try:
                server.wait(timeout=0.05)
            except subprocess.TimeoutExpired:
                continue
            break
    pytest.fail(f"PostgreSQL did not start: {(folder / 'log').read_text(errors='replace')[-500:]}")
