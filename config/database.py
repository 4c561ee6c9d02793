"""The database: the base of all tables, the column types that guard values, and sessions that read or write.

SQLite (WAL, foreign keys) is inside; PostgreSQL is chosen by URL. Writers begin with the write lock taken
(`BEGIN IMMEDIATE`), because a reader that turns writer half-way is refused by SQLite without waiting.
"""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Dialect, Engine, ExceptionContext
from sqlalchemy.orm import DeclarativeBase, Session

from config.errors import DatabaseError, WenzhengError
from config.faults import fault_of
from config.vault import TEXT_PREFIX, Vault

_NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

_SEALED = "sealed"

BUSY_TIMEOUT_S = 30
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


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

    Plain text that happens to begin with the mark of sealed text is kept apart by a leading space. Characters that
    PostgreSQL or UTF-8 cannot hold, NUL and half surrogate pairs, are stored as U+FFFD on either database.
    """

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if isinstance(value, Sealed):
            return _vault_of(dialect).seal_text(value)
        value = _UNSTORABLE.sub("\ufffd", value)
        return " " + value if value.startswith(TEXT_PREFIX) else value

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        if value is not None and value.startswith(TEXT_PREFIX):
            return Sealed(_vault_of(dialect).unseal_text(value))
        return value


class SealedDict(dict[str, Any]):
    """A mapping that a `SealableJson` column must encrypt."""


class SealableJson(sa.TypeDecorator[dict[str, Any]]):
    """A mapping as JSON that is encrypted, whole, when it is given as `SealedDict`."""

    impl = sa.JSON
    cache_ok = True

    def process_bind_param(self, value: dict[str, Any] | None, dialect: Dialect) -> dict[str, Any] | None:
        if not isinstance(value, SealedDict):
            return value
        return {_SEALED: _vault_of(dialect).seal_text(json.dumps(value, ensure_ascii=False))}

    def process_result_value(self, value: dict[str, Any] | None, dialect: Dialect) -> dict[str, Any] | None:
        if value is not None and set(value) == {_SEALED}:
            return SealedDict(json.loads(_vault_of(dialect).unseal_text(value[_SEALED])))
        return value


class Database:
    """One engine and its sessions; faults of the database as a whole are raised as our own errors.

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
        """Give a session for reading; what is changed in it is rolled back.

        Raises:
            DatabaseError: the database cannot be reached, opened or trusted.
            KeyWrong: a sealed column does not open.
        """
        with Session(self.engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a session for writing: all of it is committed at the end, or none of it.

        Raises:
            StorageFull: the disk refused the write.
            DatabaseError: as for reading; or another process got in the way, and repeating helps.
            KeyWrong: a sealed column does not open.
        """
        with Session(self.engine, expire_on_commit=False) as session:
            session.connection(execution_options={"wenzheng_write": True})
            yield session
            session.commit()

    def forget_plain(self) -> None:
        """Empty SQLite's log, so that text which was sealed just now does not stay readable in it.

        As far as nobody is reading at this moment; the log is reused from its start otherwise. PostgreSQL clears old
        rows by its own vacuum.
        """
        if self.is_sqlite:
            # A plain driver connection, because a checkpoint cannot run inside a transaction.
            with closing(self.engine.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def shown_url(url: sa.URL) -> str:
    """Return the place of a database for people: the file of SQLite, else the URL without its password."""
    return (url.database or "memory") if url.get_backend_name() == "sqlite" else url.render_as_string()


def _make_engine(url: str) -> Engine:
    # A statement's values are personal data; they must not get into error texts and from there into logs.
    engine = sa.create_engine(url, pool_pre_ping=not url.startswith("sqlite"), hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    event.listen(engine, "handle_error", _say_fault)
    engine.dialect.wenzheng_place = shown_url(engine.url)  # type: ignore[attr-defined]
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, record: Any) -> None:
    connection.isolation_level = None  # We say BEGIN ourselves, so that it may be IMMEDIATE.
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_S * 1000}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",  # What was plain and is sealed now must not stay readable in a free page.
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("wenzheng_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _say_fault(context: ExceptionContext) -> WenzhengError | None:
    """Return our own error in the place of the driver's; None leaves it, without the values it quotes."""
    if context.is_pre_ping:
        return None  # The pool tries a dead connection, drops it and takes another; nothing failed yet.
    original = context.original_exception
    if isinstance(original, WenzhengError):
        # A sealed column refused. SQLAlchemy would wrap it into an error about the statement.
        return type(original)(original.what, item=original.item, todo=original.todo)
    fault = fault_of(original, lost=context.is_disconnect, item=context.dialect.wenzheng_place)  # type: ignore[attr-defined]
    if fault is None:
        _forget_values(original, context.sqlalchemy_exception)
    return fault


def _forget_values(original: BaseException, wrapped: BaseException | None) -> None:
    """Keep the first line of a PostgreSQL error only: its DETAIL quotes the whole row."""
    first = getattr(getattr(original, "diag", None), "message_primary", None)
    if first:
        original.args = (first,)
        if wrapped is not None:
            wrapped.args = (f"({type(original).__name__}) {first}",)
