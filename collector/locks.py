"""One process at a time collects a source: flock on this machine, an advisory lock where several share PostgreSQL."""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import sqlalchemy as sa

from collector.errors import SourceBusy
from config.context import Context
from config.errors import DatabaseError


@contextmanager
def source_lock(ctx: Context, source: str) -> Iterator[None]:
    """Hold the lock of a source; it dies with its holder.

    Raises:
        SourceBusy: another process holds it.
    """
    folder = ctx.settings.home / "locks"
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / f"source-{source}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _busy(source) from error
        if ctx.database.is_sqlite:
            yield
        else:
            with _advisory_lock(ctx, source):
                yield


@contextmanager
def _advisory_lock(ctx: Context, source: str) -> Iterator[None]:
    number = int.from_bytes(hashlib.sha256(f"source {source}".encode()).digest()[:8], "big", signed=True)
    with ctx.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(number))):
            raise _busy(source)
        # A session lock: closing gives the connection back to the pool alive, and the lock with it.
        connection.detach()
        try:
            yield
        finally:
            # The server notices a closed connection a little later, and the next run may begin at once. Where the
            # connection broke, the lock is gone with it.
            with suppress(DatabaseError, sa.exc.DBAPIError):
                connection.execute(sa.select(sa.func.pg_advisory_unlock(number)))


def _busy(source: str) -> SourceBusy:
    return SourceBusy("another process collects this source just now", item=source, todo="Wait, or stop it first.")
