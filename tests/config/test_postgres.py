"""The ground floor on PostgreSQL, also without the switch that runs every test there."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import Event, Thread

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collector.tables import RESTRICTED, Message
from config.context import Context
from config.database import Database
from config.errors import DatabaseError, KeyMissing, KeyWrong, NotInitialised, StorageFull
from config.home import check_schema, init_home, initialised_at, open_home
from config.settings import Settings
from config.tables import CalendarDay, Installation
from config.vault import Vault
from tests.conftest import NOW, FixedClock
from tests.factories import make_message
from tests.postgres import Cluster

NAME = "欧阳明远"


@pytest.fixture
def on_postgres(tmp_path: Path, postgres_url: str, clock: FixedClock) -> Iterator[Context]:
    """A fresh, initialised home whose database is on PostgreSQL."""
    context = init_home(Settings(home=tmp_path / "home", database_url=postgres_url), clock=clock)
    yield context
    context.close()


class Refusal(psycopg.OperationalError):
    """What a server says that refuses with a state of our choice."""

    def __init__(self, state: str) -> None:
        super().__init__(f"refused, and DETAIL quotes {NAME}")
        self.sqlstate = state


def failing(database: Database, error: Exception) -> None:
    """Let every later INSERT fail in the driver's place with *error*."""

    def fail(cursor: object, statement: str, parameters: object, context: object) -> None:
        if statement.startswith("INSERT"):
            raise error

    sa.event.listen(database.engine, "do_execute", fail)


def test_init_and_open_work_and_repeating_init_changes_nothing(on_postgres: Context, clock: FixedClock) -> None:
    """A home on PostgreSQL is made once; a second `init` keeps its day."""
    clock.forward(timedelta(days=3))
    init_home(on_postgres.settings, clock=clock).close()
    again = open_home(on_postgres.settings, clock=clock)
    try:
        assert initialised_at(again) == NOW
    finally:
        again.close()


def test_database_that_was_never_initialised_asks_for_init(tmp_path: Path, postgres_url: str) -> None:
    """Without a key and without an installation the advice is to run init, not to look for a key."""
    with pytest.raises(NotInitialised, match="wenzheng init"):
        open_home(Settings(home=tmp_path / "home", database_url=postgres_url))


def test_lost_key_makes_no_new_one(on_postgres: Context) -> None:
    """Neither open nor init puts another key in the place of a lost one."""
    on_postgres.settings.key_path.unlink()

    for start in (open_home, init_home):
        with pytest.raises(KeyMissing, match="WENZHENG_KEY_FILE"):
            start(on_postgres.settings)
    assert not on_postgres.settings.key_path.exists()


def test_another_key_is_said_to_be_wrong(on_postgres: Context) -> None:
    """The key of another home is refused when the home is opened."""
    on_postgres.settings.key_path.unlink()
    Vault.create(on_postgres.settings.key_path)

    for start in (open_home, init_home):
        with pytest.raises(KeyWrong, match="does not fit this database"):
            start(on_postgres.settings)


def test_sealed_column_is_sealed_in_the_table(on_postgres: Context) -> None:
    """The server never sees a sealed value in the clear."""
    message = make_message(on_postgres, author_name=NAME, access=RESTRICTED, title="密件标题", body="密件正文")

    with on_postgres.database.reading() as session:
        stored = session.execute(sa.text("select title, body, author_name from messages")).one()
        row = session.get_one(Message, message)
        assert (row.title, row.body, row.author_name) == ("密件标题", "密件正文", NAME)
    assert all(value.startswith("enc:") for value in stored)


def test_restricted_message_with_plain_text_is_refused_without_quoting_it(on_postgres: Context) -> None:
    """The check constraint holds, and the error does not carry PostgreSQL's `Failing row contains …`."""
    message = make_message(on_postgres, body="这是一段明文")
    with pytest.raises(sa.exc.IntegrityError) as caught, on_postgres.database.writing() as session:
        session.execute(sa.update(Message).where(Message.id == message).values(access=RESTRICTED))

    assert "restricted_is_sealed" in str(caught.value)
    assert "明文" not in str(caught.value)
    assert "明文" not in str(caught.value.orig)


def test_times_come_back_aware_in_utc(on_postgres: Context) -> None:
    """Whatever zone a moment is given in, and whatever the server's zone is, it comes back in UTC."""
    with on_postgres.database.reading() as session:
        assert session.scalar(sa.text("show timezone")) == "Asia/Shanghai"
    moment = datetime(2026, 11, 23, 10, 0, tzinfo=timezone(timedelta(hours=8)))
    message = make_message(on_postgres, received_at=moment)

    with on_postgres.database.reading() as session:
        back = session.get_one(Message, message).received_at
    assert back == moment
    assert back.tzinfo is UTC


def test_writing_keeps_all_or_nothing_and_reading_keeps_nothing(on_postgres: Context) -> None:
    """An exception in a writing session leaves no row, and neither does a reading session."""

    def stop() -> None:
        with on_postgres.database.writing() as session:
            session.execute(sa.update(Installation).values(demo=True))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        stop()
    with on_postgres.database.reading() as session:
        session.execute(sa.update(Installation).values(demo=True))
    with on_postgres.database.reading() as session:
        assert session.scalar(sa.select(Installation.demo)) is False


@pytest.mark.parametrize(
    ("state", "error", "words"),
    [
        ("53100", StorageFull, "disk is full.*Free some space"),
        ("40001", DatabaseError, "another process changed the same rows.*again"),
        ("40P01", DatabaseError, "two processes waited for each other.*again"),
        ("57P01", DatabaseError, "connection broke.*again"),
        ("08006", DatabaseError, "connection broke.*again"),
        ("25006", DatabaseError, "cannot be written"),
        ("28P01", DatabaseError, "refuses this user"),
        ("42501", DatabaseError, "refuses this user"),
        ("53300", DatabaseError, "no free connection"),
        ("XX001", DatabaseError, "damaged.*backup"),
    ],
)
def test_fault_of_the_server_is_said_in_our_words(
    on_postgres: Context, state: str, error: type[Exception], words: str
) -> None:
    """What the server reports becomes an error with the database, a cause and a next step, and nothing is stored."""
    failing(on_postgres.database, Refusal(state))

    def write() -> None:
        with on_postgres.database.writing() as session:
            session.execute(sa.update(Installation).values(demo=True))
            session.add(CalendarDay(year=2026, day=NOW.date(), kind="off", source="test", imported_at=NOW))

    with pytest.raises(error, match=words) as caught:
        write()

    assert NAME not in str(caught.value)
    assert "test_" in caught.value.item
    with on_postgres.database.reading() as session:
        assert session.scalar(sa.select(Installation.demo)) is False


def test_connection_that_breaks_in_a_step_is_said_and_the_next_step_works(
    on_postgres: Context, postgres_cluster: Cluster
) -> None:
    """The server ends a connection in the middle: nothing of that step is kept, the next takes a new connection."""
    database = on_postgres.database

    def write() -> None:
        with database.writing() as session:
            session.execute(sa.update(Installation).values(demo=True))
            end_connections(postgres_cluster, on_postgres)
            session.execute(sa.select(Installation.demo))

    with pytest.raises(DatabaseError, match="cannot be reached"):
        write()

    with database.writing() as session:
        assert session.scalar(sa.select(Installation.demo)) is False
    # An idle connection that broke meanwhile is replaced before anybody notices.
    end_connections(postgres_cluster, on_postgres)
    with database.reading() as session:
        assert session.scalar(sa.select(Installation.demo)) is False


def end_connections(cluster: Cluster, context: Context) -> None:
    """End every connection to the context's database, as a restart of the server does."""
    name = context.database.engine.url.database
    ended = cluster.ask("select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s", name)
    assert ended


def test_deadlock_is_said_as_a_step_to_repeat(on_postgres: Context) -> None:
    """Two transactions that wait for each other: the one PostgreSQL ends says that repeating helps."""
    database = on_postgres.database
    first, second = make_message(on_postgres), make_message(on_postgres)
    locked, failures = Event(), []

    def likes(session: Session, message: int) -> None:
        session.execute(sa.update(Message).where(Message.id == message).values(likes=Message.likes + 1))

    def other() -> None:
        try:
            with database.writing() as session:
                likes(session, second)
                locked.set()
                likes(session, first)
        except DatabaseError as error:
            failures.append(error)

    thread = Thread(target=other)
    try:
        with database.writing() as session:
            likes(session, first)
            thread.start()
            assert locked.wait(10)
            likes(session, second)
    except DatabaseError as error:
        failures.append(error)
    thread.join(10)

    assert [error.what for error in failures] == [
        "two processes waited for each other; nothing of this step was stored"
    ]
    with database.reading() as session:
        assert session.scalars(sa.select(Message.likes)).all() == [1, 1]


def test_server_that_is_not_there_is_said_without_the_password(tmp_path: Path) -> None:
    """No server at the address: the error names it, hides the password and makes no key."""
    settings = Settings(
        home=tmp_path / "home", database_url=f"postgresql+psycopg://clerk:geheim-7@/bureau?host={tmp_path}"
    )
    for start in (open_home, init_home):
        with pytest.raises(DatabaseError, match="cannot be reached") as caught:
            start(settings)
        assert "geheim-7" not in str(caught.value)
        assert "bureau" in str(caught.value)
    assert not settings.key_path.exists()


def test_database_in_another_encoding_is_refused(tmp_path: Path, postgres_cluster: Cluster) -> None:
    """A database that cannot hold Chinese text is refused before anything is made in it."""
    url = postgres_cluster.create("latin", "TEMPLATE template0 ENCODING 'LATIN1'")
    try:
        with pytest.raises(DatabaseError, match=r"LATIN1.*createdb --encoding=UTF8"):
            init_home(Settings(home=tmp_path / "home", database_url=url))
    finally:
        postgres_cluster.drop("latin")


def test_schema_of_a_fresh_database_is_checked(postgres_cluster: Cluster) -> None:
    """An empty database is told apart from one of an older program."""
    with postgres_cluster.fresh(migrated=False) as url:
        database = Database(url, None)
        try:
            with pytest.raises(NotInitialised, match="is empty"):
                check_schema(database)
        finally:
            database.close()
