"""Alembic's entry: runs the migrations on the engine that `config.home` hands over, in one transaction."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext

from config.database import Base, shown_url
from config.errors import DatabaseError


def render_plain(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write our guarded column types as the plain types beneath: a migration is history, our types may change."""
    if kind == "type" and isinstance(item, sa.TypeDecorator):
        if isinstance(item.impl, sa.DateTime):
            return "sa.DateTime(timezone=True)"
        return f"sa.{type(item.impl).__name__}()"
    return False


engine = context.config.attributes["engine"]
TURN = 0x57_5A_00  # a PostgreSQL advisory lock: of two `init` at once the second waits and finds the work done


def keep_foreign_keys(connection: sa.Connection, word: str) -> None:
    """Switch SQLite's foreign keys ON or OFF; inside a transaction the pragma would do nothing.

    A batch migration puts a copy in a table's place. With foreign keys on, dropping the old table is refused as soon
    as another table's rows point at it.
    """
    if connection.dialect.name == "sqlite":
        connection.connection.cursor().execute(f"PRAGMA foreign_keys={word}")


with engine.connect().execution_options(wenzheng_write=True) as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=render_plain,
        # Alembic takes SQLite for unable to roll back a CREATE TABLE. It can, when BEGIN is said as we say it.
        transactional_ddl=True,
        transaction_per_migration=False,
    )
    keep_foreign_keys(connection, "OFF")
    try:
        with context.begin_transaction():
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(TURN)))
            context.run_migrations()
            if connection.dialect.name == "sqlite":
                orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchone()
                if orphans is not None:
                    raise DatabaseError(
                        f"rows of the table {orphans[0]} point at rows that are not there; nothing was migrated",
                        item=shown_url(engine.url),
                        todo="Restore the database from a backup.",
                    )
    finally:
        keep_foreign_keys(connection, "ON")
