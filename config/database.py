"""The database: the base of all tables, the column types that guard values, and sessions that read or write.

SQLite (WAL, foreign keys) is inside; PostgreSQL is chosen by URL. Writers begin with the write lock taken
(`BEGIN IMMEDIATE`), because a reader that turns writer half-way is refused by SQLite without waiting.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.orm import DeclarativeBase, Session

from config.errors import DatabaseError, StorageFull
from config.vault import TEXT_PREFIX, Vault

_NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

BUSY_TIMEOUT_S = 30


class Base(DeclarativeBase):
    """The base of every table of every floor."""

    metadata = sa.MetaData(naming_convention=_NAMES)


class UtcDateTime(sa.TypeDecorator[datetime]):
    """An aware moment, stored in UTC; a naive datetime is refused, because nobody knows what it means."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}: give it a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Sealed(str):
    """Text that a `SealableText` column must encrypt; loading gives it back, so that saving keeps it sealed."""

    __slots__ = ()


def _vault_of(dialect: Dialect) -> Vault:
    vault: Vault | None = getattr(dialect, "wenzheng_vault", None)
    if vault is None:
        raise DatabaseError("this connection was opened without the key")
    return vault


class SealedText(sa.TypeDecorator[str]):
    """Text that is always encrypted (names, contacts)."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else _vault_of(dialect).seal_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else _vault_of(dialect).unseal_text(value)


class SealedBytes(sa.TypeDecorator[bytes]):
    """Bytes that are always encrypted (originals, attachments)."""

    impl = sa.LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        return None if value is None else _vault_of(dialect).seal(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        return None if value is None else _vault_of(dialect).unseal(bytes(value))


class SealableText(sa.TypeDecorator[str]):
    """Text that is encrypted when it is given as `Sealed` and plain otherwise.

    Plain text that happens to begin with the mark of sealed text is kept apart by a leading space.
    """

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if isinstance(value, Sealed):
            return _vault_of(dialect).seal_text(value)
        return " " + value if value.startswith(TEXT_PREFIX) else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        if value is not None and value.startswith(TEXT_PREFIX):
            return Sealed(_vault_of(dialect).unseal_text(value))
        return value


class Database:
    """One engine and its sessions.

    Args:
        url: an SQLAlchemy URL, sqlite or postgresql+psycopg.
        vault: opens the sealed columns; without it only open columns can be used.
    """

    def __init__(self, url: str, vault: Vault | None) -> None:
        self.engine = _make_engine(url)
        self.vault = vault
        # The column types are handed the dialect and nothing else, so the key travels on it.
        self.engine.dialect.wenzheng_vault = vault  # type: ignore[attr-defined]

    @property
    def is_sqlite(self) -> bool:
        """Whether the built-in SQLite is used."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session for reading; what is changed in it is rolled back."""
        with Session(self.engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a session for writing: all of it is committed at the end, or none of it.

        Raises:
            StorageFull: the disk refused the write; everything of this session was rolled back.
        """
        with Session(self.engine, expire_on_commit=False) as session:
            session.connection(execution_options={"wenzheng_write": True})
            try:
                yield session
                session.commit()
            except sa.exc.OperationalError as error:
                session.rollback()
                if is_disk_full(error):
                    raise StorageFull(
                        "the disk is full; nothing of this step was stored",
                        item=self.engine.url.database or "",
                        todo="Free some space and run the command again.",
                    ) from error
                raise

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def is_disk_full(error: sa.exc.DBAPIError) -> bool:
    """Tell whether a database error means that the disk is full."""
    original = error.orig
    if isinstance(original, sqlite3.Error):
        return getattr(original, "sqlite_errorname", "") == "SQLITE_FULL" or "disk is full" in str(original)
    return getattr(original, "sqlstate", None) == "53100"  # disk_full


def _make_engine(url: str) -> Engine:
    engine = sa.create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, record: Any) -> None:
    connection.isolation_level = None  # We say BEGIN ourselves, so that it may be IMMEDIATE.
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_S * 1000}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("wenzheng_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
