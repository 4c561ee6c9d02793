"""Alembic's entry: runs the migrations on the engine that `config.home` hands over, in one transaction."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext

from config.database import Base


def render_plain(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write our guarded column types as the plain types beneath: a migration is history, our types may change."""
    if kind == "type" and isinstance(item, sa.TypeDecorator):
        if isinstance(item.impl, sa.DateTime):
            return "sa.DateTime(timezone=True)"
        return f"sa.{type(item.impl).__name__}()"
    return False


engine = context.config.attributes["engine"]

with engine.connect().execution_options(wenzheng_write=True) as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=render_plain,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()
