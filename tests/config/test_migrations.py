"""Migrations: they build exactly what the tables say, go back to nothing, and keep a database whole when they fail."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import Script

import classifier.tables
import collector.tables
import responder.staff_tables
import responder.tables
from collector.tables import Attachment
from config import home
from config.context import Context
from config.database import Base, Database
from config.errors import DatabaseBehind, DatabaseError, DatabaseTooNew, NotInitialised
from config.home import check_schema, downgrade, init_home, open_home, upgrade
from config.settings import Settings
from tests.factories import make_message

FLOORS: tuple[ModuleType, ...] = (classifier.tables, collector.tables, responder.tables, responder.staff_tables)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without a table, on each of the two kinds."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'wenzheng.db'}", None)
        yield database
        database.close()
    else:
        with request.getfixturevalue("postgres_cluster").fresh(migrated=False) as url:
            database = Database(url, None)
            yield database
            database.close()


def tables(database: Database) -> set[str]:
    """Return the names of the tables that are there."""
    with database.engine.connect() as connection:
        return set(sa.inspect(connection).get_table_names())


def differences(database: Database) -> list[object]:
    """Return what Alembic would change to make the database equal the tables in the code."""
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, Base.metadata))


def checks(database: Database) -> set[tuple[str, str | None]]:
    """Return the check constraints that are there; Alembic does not compare them."""
    with database.engine.connect() as connection:
        inspector = sa.inspect(connection)
        return {(name, check["name"]) for name in tables(database) for check in inspector.get_check_constraints(name)}


def test_head_equals_the_tables_and_base_is_empty(empty: Database) -> None:
    """From nothing to head gives the tables of the code, back to base leaves none, and up again gives them again."""
    expected = {table.name for table in Base.metadata.tables.values()} | {"alembic_version"}
    constraints = {
        (table.name, str(constraint.name))
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, sa.CheckConstraint)
    }
    for _ in range(2):
        upgrade(empty)
        assert tables(empty) == expected
        assert differences(empty) == []
        assert checks(empty) == constraints
        check_schema(empty)

        downgrade(empty, "base")
        assert tables(empty) <= {"alembic_version"}


def test_upgrade_of_the_newest_schema_changes_nothing(ctx: Context) -> None:
    """Repeating the upgrade keeps every row."""
    message = make_message(ctx)
    upgrade(ctx.database)

    with ctx.database.reading() as session:
        assert session.scalar(sa.select(collector.tables.Message.id)) == message


def test_schema_of_a_newer_program_is_refused(ctx: Context) -> None:
    """An unknown revision: nothing opens or changes the database, and the advice is the newer program or a backup."""
    with ctx.database.writing() as session:
        session.execute(sa.text("update alembic_version set version_num = '9999'"))

    for step in (open_home, init_home):
        with pytest.raises(DatabaseTooNew, match=r"at schema 9999, which this program does not know\. Run the newer"):
            step(ctx.settings)
    for change in (lambda: upgrade(ctx.database), lambda: downgrade(ctx.database, "base")):
        with pytest.raises(DatabaseTooNew):
            change()
    with ctx.database.reading() as session:
        assert session.execute(sa.text("select version_num from alembic_version")).scalar() == "9999"


@pytest.fixture
def next_revision(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A copy of the migrations with room for one more; return where the next one is written."""
    scripts = tmp_path / "migrations"
    versions = scripts / "versions"
    versions.mkdir(parents=True)
    for name in ("env.py", "script.py.mako"):
        (scripts / name).write_text((home.MIGRATIONS / name).read_text("utf-8"), "utf-8")
    for path in (home.MIGRATIONS / "versions").glob("*.py"):
        (versions / path.name).write_text(path.read_text("utf-8"), "utf-8")
    monkeypatch.setattr(home, "MIGRATIONS", scripts)
    return versions / "next.py"


def write_revision(path: Path, body: str) -> None:
    """Write a revision after the newest one, with *body* as its upgrade."""
    newest = home._scripts().get_current_head()
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    path.write_text(
        f"import sqlalchemy as sa\nfrom alembic import op\n\nrevision = 'next'\ndown_revision = {newest!r}\n\n"
        f"def upgrade():\n{lines}\n\ndef downgrade():\n    pass\n",
        "utf-8",
    )


def test_older_schema_asks_for_migrate(ctx: Context, next_revision: Path) -> None:
    """A database behind the program is not opened until it is migrated; then it is."""
    write_revision(next_revision, "op.add_column('messages', sa.Column('extra', sa.Text()))")

    with pytest.raises(DatabaseBehind, match=r"Back it up and run `wenzheng migrate`"):
        open_home(ctx.settings)
    upgrade(ctx.database)
    open_home(ctx.settings).close()


def test_migration_that_fails_half_way_changes_nothing(ctx: Context, next_revision: Path) -> None:
    """Tables made before the failure are gone again, and the old program goes on with the old schema."""
    message, before = make_message(ctx), tables(ctx.database)
    write_revision(
        next_revision,
        "op.create_table('half', sa.Column('id', sa.Integer(), primary_key=True))\n"
        "op.execute('update messages set likes = 99')\n"
        "raise RuntimeError('power cut')",
    )
    with pytest.raises(RuntimeError, match="power cut"):
        upgrade(ctx.database)

    assert tables(ctx.database) == before
    with ctx.database.reading() as session:
        assert session.get_one(collector.tables.Message, message).likes == 0
    next_revision.unlink()
    check_schema(ctx.database)


def test_migration_may_rebuild_a_table_others_point_at(ctx: Context, next_revision: Path) -> None:
    """Changing a column of messages, which SQLite does by a copy, keeps its rows and those that point at them."""
    message = make_message(ctx, body="正文")
    with ctx.database.writing() as session:
        session.add(Attachment(message_id=message, name="x", media_type="a/b", size=1, sha256="0", content=b"x"))
    write_revision(
        next_revision,
        "with op.batch_alter_table('messages') as batch:\n"
        "    batch.alter_column('receipt_no', existing_type=sa.String(64), type_=sa.String(200))",
    )
    upgrade(ctx.database)

    with ctx.database.reading() as session:
        assert session.scalars(sa.select(Attachment.message_id)).all() == [message]
        assert session.get_one(collector.tables.Message, message).body == "正文"

    def orphan() -> None:
        with ctx.database.writing() as session:
            session.execute(sa.update(Attachment).values(message_id=999))

    with pytest.raises(sa.exc.IntegrityError):
        orphan()
    assert ("messages", "ck_messages_restricted_is_sealed") in checks(ctx.database)


def test_migration_that_would_leave_orphans_is_refused(tmp_path: Path, next_revision: Path) -> None:
    """On SQLite, where keys are not enforced while tables are rebuilt, they are checked before the commit."""
    ctx = init_home(Settings(home=tmp_path / "home"))
    message = make_message(ctx)
    with ctx.database.writing() as session:
        session.add(Attachment(message_id=message, name="x", media_type="a/b", size=1, sha256="0", content=b"x"))
    write_revision(next_revision, "op.execute('delete from messages')")
    with pytest.raises(DatabaseError, match=r"rows of the table attachments point at .* nothing was migrated"):
        upgrade(ctx.database)

    with ctx.database.reading() as session:
        assert session.scalar(sa.select(collector.tables.Message.id)) == message
    ctx.close()


def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """Something else under the database's name is left as it is, and no key is made beside it."""
    settings = Settings(home=tmp_path / "home")
    settings.home.mkdir()
    path = settings.home / "wenzheng.db"
    path.write_bytes(b"this is a letter, not a database\n" * 100)

    for step in (open_home, init_home):
        with pytest.raises(DatabaseError, match=r"wenzheng\.db: the file is not a database\. Restore"):
            step(settings)
    assert path.read_bytes().startswith(b"this is a letter")
    assert not settings.key_path.exists()


def test_empty_file_counts_as_not_initialised(tmp_path: Path) -> None:
    """An empty file asks for init, and init takes it."""
    settings = Settings(home=tmp_path / "home")
    settings.home.mkdir()
    (settings.home / "wenzheng.db").touch()

    with pytest.raises(NotInitialised, match="Run `wenzheng init` first"):
        open_home(settings)
    init_home(settings).close()
    open_home(settings).close()


def test_revisions_form_one_line() -> None:
    """There is one newest revision and one first, so that every database has one way up."""
    scripts = home._scripts()
    revisions: list[Script] = list(scripts.walk_revisions())

    assert len(scripts.get_heads()) == 1
    assert len(scripts.get_bases()) == 1
    assert all(not revision.is_branch_point for revision in revisions)
