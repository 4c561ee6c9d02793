"""A home: the folder that holds one installation's database, models and files. Made by `init`, opened by all."""

from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError

from config.clock import Clock, system_clock
from config.context import Context
from config.database import Database
from config.errors import DatabaseBehind, DatabaseError, DatabaseTooNew, KeyWrong, NotInitialised
from config.profile import load_profile
from config.settings import Settings
from config.tables import Installation
from config.vault import Vault

MIGRATIONS = Path(__file__).parent / "migrations"
_KEY_WORD = "wenzheng"


def init_home(settings: Settings, *, clock: Clock = system_clock, demo: bool = False) -> Context:
    """Make a home: folder, key, database at the newest schema; repeating it changes nothing.

    Raises:
        KeyMissing: there is a database with sealed values, but its key is gone; no new key is made for it.
        DatabaseTooNew: the database was written by a newer program.
    """
    profile = load_profile(settings.profile)
    settings.home.mkdir(parents=True, exist_ok=True)
    for folder in ("models", "reports"):
        (settings.home / folder).mkdir(exist_ok=True)
    if not settings.key_path.exists():
        if _has_installation(settings):
            Vault.open(settings.key_path)  # Says which key is missing; a new one would not open what is there.
        Vault.create(settings.key_path)
    vault = Vault.open(settings.key_path)
    database = Database(settings.url, vault)
    try:
        upgrade(database)
        with database.writing() as session:
            if session.get(Installation, 1) is None:
                session.add(Installation(id=1, initialised_at=clock(), key_check=_KEY_WORD, demo=demo))
            elif session.scalar(sa.select(Installation.key_check)) != _KEY_WORD:
                raise KeyWrong("the key does not fit this database", item=str(settings.key_path))
    except BaseException:
        database.close()
        raise
    return Context(settings, profile, database, vault, clock)


def open_home(settings: Settings, *, clock: Clock = system_clock) -> Context:
    """Open a home that `init` made, checking profile, key and schema.

    Raises:
        NotInitialised, DatabaseBehind, DatabaseTooNew, KeyMissing, KeyWrong, ProfileError: each says what to do.
    """
    profile = load_profile(settings.profile)
    if settings.database_url is None and not (settings.home / "wenzheng.db").exists():
        raise NotInitialised("there is no database here", item=str(settings.home), todo="Run `wenzheng init` first.")
    vault = Vault.open(settings.key_path)
    database = Database(settings.url, vault)
    try:
        check_schema(database)
        with database.reading() as session:
            if session.scalar(sa.select(Installation.key_check)) != _KEY_WORD:
                raise NotInitialised(
                    "the database was never initialised",
                    item=str(settings.home),
                    todo="Run `wenzheng init` first.",
                )
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
    """Bring the schema to a revision, by default the newest.

    Raises:
        DatabaseTooNew: the schema is from a newer program.
    """
    _check_known(database)
    command.upgrade(_alembic(database), revision)


def downgrade(database: Database, revision: str) -> None:
    """Take the schema back to an older revision; `base` removes every table."""
    _check_known(database)
    command.downgrade(_alembic(database), revision)


def check_schema(database: Database) -> None:
    """Check that the schema is the one this program was written for.

    Raises:
        NotInitialised, DatabaseBehind, DatabaseTooNew.
    """
    current = _check_known(database)
    if current is None:
        raise NotInitialised("the database is empty", item=_where(database), todo="Run `wenzheng init` first.")
    if current != _scripts().get_current_head():
        raise DatabaseBehind(
            f"the database is at schema {current}, older than the program",
            item=_where(database),
            todo="Back it up and run `wenzheng migrate`.",
        )


def _check_known(database: Database) -> str | None:
    try:
        with database.engine.connect() as connection:
            current: str | None = MigrationContext.configure(connection).get_current_revision()
    except sa.exc.OperationalError as error:
        raise DatabaseError(
            f"the database cannot be opened ({type(error.orig).__name__})",
            item=_where(database),
            todo="Check that it exists, runs and lets this user in.",
        ) from error
    except sa.exc.DatabaseError as error:
        raise DatabaseError(
            "the file is not a database", item=_where(database), todo="Restore it from a backup."
        ) from error
    if current is None:
        return None
    try:
        _scripts().get_revision(current)
    except CommandError as error:
        raise DatabaseTooNew(
            f"the database is at schema {current}, which this program does not know",
            item=_where(database),
            todo="Run the newer program, or restore a backup made before the upgrade.",
        ) from error
    return current


def _has_installation(settings: Settings) -> bool:
    database = Database(settings.url, None)
    try:
        with database.engine.connect() as connection:
            if not sa.inspect(connection).has_table(Installation.__tablename__):
                return False
            return bool(connection.scalar(sa.select(sa.func.count()).select_from(Installation)))
    except sa.exc.DatabaseError:
        return False  # `upgrade` meets the same fault and says it in full.
    finally:
        database.close()


def _where(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=True)


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(MIGRATIONS))


def _alembic(database: Database) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["engine"] = database.engine
    return config
