"""A home: the folder that holds one installation's database, models and files. Made by `init`, opened by all."""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy.orm import Session

from config.clock import Clock, system_clock
from config.context import Context
from config.database import Database, shown_url
from config.errors import (
    DatabaseBehind,
    DatabaseError,
    DatabaseTooNew,
    KeyMissing,
    KeyWrong,
    NotInitialised,
    SettingsError,
)
from config.profile import load_profile
from config.settings import Settings
from config.tables import Installation
from config.vault import Vault

MIGRATIONS = Path(__file__).parent / "migrations"
_KEY_WORD = "wenzheng"
_INIT = "Run `wenzheng init` first."


def init_home(settings: Settings, *, clock: Clock = system_clock, demo: bool = False) -> Context:
    """Make a home: folder, key, database at the newest schema; repeating it changes nothing.

    Raises:
        SettingsError: the folder cannot be made.
        KeyMissing: there is a database with sealed values, but its key is gone; no new key is made for it.
        KeyWrong: there is a database, and the key in place is not its key.
        DatabaseError: the database cannot be used; DatabaseTooNew: it was written by a newer program.
    """
    profile = load_profile(settings.profile)
    _make_folders(settings)
    vault = _open_or_make_key(settings)
    database = Database(settings.url, vault)
    try:
        upgrade(database)
        with database.writing() as session:
            if session.scalar(sa.select(sa.func.count()).select_from(Installation)) == 0:
                session.add(Installation(id=1, initialised_at=clock(), key_check=_KEY_WORD, demo=demo))
            else:
                _check_key(session, settings)
        try_writing(database)
    except BaseException:
        database.close()
        raise
    return Context(settings, profile, database, vault, clock)


def try_writing(database: Database) -> None:
    """Write a row as it is and take it back: a file that may only be read fails here, not at the first message.

    Raises:
        DatabaseError, StorageFull: what any write would meet.
    """
    with database.writing() as session:
        session.execute(sa.update(Installation).values(demo=Installation.demo))
        session.rollback()


def open_home(settings: Settings, *, clock: Clock = system_clock) -> Context:
    """Open a home that `init` made, checking profile, key and schema.

    Raises:
        NotInitialised, DatabaseBehind, DatabaseTooNew, KeyMissing, KeyWrong, ProfileError: each says what to do.
        DatabaseError: the database cannot be opened or reached.
    """
    profile = load_profile(settings.profile)
    if not settings.may_have_database():
        raise NotInitialised("there is no database here", item=str(settings.home), todo=_INIT)
    try:
        vault = Vault.open(settings.key_path)
    except KeyMissing:
        if not _has_installation(settings):
            raise NotInitialised("the database is empty", item=str(settings.home), todo=_INIT) from None
        raise
    database = Database(settings.url, vault)
    try:
        check_schema(database)
        with database.reading() as session:
            if session.scalar(sa.select(sa.func.count()).select_from(Installation)) == 0:
                raise NotInitialised("the database was never initialised", item=_where(database), todo=_INIT)
            _check_key(session, settings)
    except BaseException:
        database.close()
        raise
    return Context(settings, profile, database, vault, clock)


def initialised_at(context: Context) -> datetime:
    """Return when this home was initialised; cases open for messages received from that day on."""
    with context.database.reading() as session:
        moment = session.scalar(sa.select(Installation.initialised_at))
    return moment or datetime.max.replace(tzinfo=UTC)


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the schema to a revision, by default the newest; all steps are taken or none.

    Raises:
        DatabaseTooNew: the schema is from a newer program.
        DatabaseError: the database cannot hold Chinese text.
    """
    _check_known(database)
    _check_encoding(database)
    command.upgrade(_alembic(database), revision)


def downgrade(database: Database, revision: str) -> None:
    """Take the schema back to an older revision; `base` removes every table.

    Raises:
        DatabaseTooNew: the schema is from a newer program.
    """
    _check_known(database)
    command.downgrade(_alembic(database), revision)


def check_schema(database: Database) -> None:
    """Check that the schema is the one this program was written for.

    Raises:
        NotInitialised, DatabaseBehind, DatabaseTooNew.
    """
    current = _check_known(database)
    if current is None:
        raise NotInitialised("the database is empty", item=_where(database), todo=_INIT)
    if current != _scripts().get_current_head():
        raise DatabaseBehind(
            f"the database is at schema {current}, older than the program",
            item=_where(database),
            todo="Back it up and run `wenzheng migrate`.",
        )


def _check_known(database: Database) -> str | None:
    with database.engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_heads()
    if not found:
        return None
    current = ", ".join(found)
    try:
        _scripts().get_revision(current)
    except CommandError as error:
        raise DatabaseTooNew(
            f"the database is at schema {current}, which this program does not know",
            item=_where(database),
            todo="Run the newer program, or restore a backup made before the upgrade.",
        ) from error
    return current


def _check_encoding(database: Database) -> None:
    if database.is_sqlite:
        return
    with database.engine.connect() as connection:
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
    if encoding != "UTF8":
        raise DatabaseError(
            f"the database is encoded in {encoding} and cannot hold Chinese text",
            item=_where(database),
            todo="Create it anew: createdb --encoding=UTF8 --template=template0 NAME.",
        )


def _make_folders(settings: Settings) -> None:
    try:
        for folder in (settings.home, settings.home / "models", settings.home / "reports"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # Ordinary letters lie open in it.
    except OSError as error:
        raise SettingsError(
            f"the folder cannot be made: {error.strerror}",
            item=f"WENZHENG_HOME={settings.home}",
            todo="Name a folder the service's user may write.",
        ) from error


def _open_or_make_key(settings: Settings) -> Vault:
    """Open the key, or make one for a database that answers and is empty; any other may hold sealed values."""
    try:
        return Vault.open(settings.key_path)
    except KeyMissing:
        if _has_installation(settings):
            # Another `init` may have made both since we looked; a key that is truly lost is still missing.
            return Vault.open(settings.key_path)
    with suppress(FileExistsError):  # Another `init` made it in this moment.
        Vault.create(settings.key_path)
    return Vault.open(settings.key_path)


def _check_key(session: Session, settings: Settings) -> None:
    """Open the sealed word of the installation.

    Raises:
        KeyWrong: the key in place is another one.
    """
    try:
        fits = session.scalar(sa.select(Installation.key_check)) == _KEY_WORD
    except KeyWrong:
        fits = False
    if not fits:
        raise KeyWrong(
            "the key does not fit this database",
            item=str(settings.key_path),
            todo="Put the key this database was made with in place, or point WENZHENG_KEY_FILE at it.",
        )


def _has_installation(settings: Settings) -> bool:
    """Tell whether the database holds an installation; asks open columns only and needs no key."""
    if not settings.may_have_database():
        return False
    database = Database(settings.url, None)
    try:
        with database.engine.connect() as connection:
            if not sa.inspect(connection).has_table(Installation.__tablename__):
                return False
            return bool(connection.scalar(sa.select(sa.func.count()).select_from(Installation)))
    finally:
        database.close()


def _where(database: Database) -> str:
    return shown_url(database.engine.url)


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(MIGRATIONS))


def _alembic(database: Database) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["engine"] = database.engine
    return config
