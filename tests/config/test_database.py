"""The database: values are guarded by their columns, steps are kept whole or not at all, faults are said clearly."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import Event, Thread

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from collector.access import restrict
from collector.tables import RESTRICTED, Attachment, Message, RawItem
from config.context import Context
from config.database import Database, Sealed, UtcDateTime
from config.errors import DatabaseError, KeyWrong, StorageFull
from config.faults import fault_of
from config.home import init_home, open_home
from config.settings import Settings
from config.tables import CalendarDay, Installation
from config.vault import TEXT_PREFIX, Vault
from tests.conftest import NOW
from tests.factories import make_message

NAME, TITLE, BODY = "欧阳明远", "密件的标题", "密件的正文"


def on_disk(home: Path) -> bytes:
    """Return every byte SQLite keeps of a home, its log included."""
    return b"".join(path.read_bytes() for path in sorted(home.glob("wenzheng.db*")))


def stored(ctx: Context, columns: str, message: int) -> tuple[str, ...]:
    """Return columns of a message as they stand in the table."""
    with ctx.database.reading() as session:
        row = session.execute(sa.text(f"select {columns} from messages where id = :id"), {"id": message}).one()
    return tuple(row)


# --- columns ------------------------------------------------------------------------------------------------


def test_naive_moment_is_refused(ctx: Context) -> None:
    """Nobody knows what a moment without a zone means; nothing is stored, and the error quotes no values."""
    with pytest.raises(sa.exc.StatementError, match="naive datetime") as caught:
        make_message(ctx, body=BODY, received_at=datetime(2026, 11, 23, 10, 0))  # noqa: DTZ001 - what is tested

    assert BODY not in str(caught.value)
    with ctx.database.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Message)) == 0


def test_times_come_back_aware_in_utc_and_compare_in_queries(ctx: Context) -> None:
    """Whatever zone a moment is given in, it comes back in UTC, to the microsecond, and conditions agree."""
    moment = datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
    message = make_message(ctx, received_at=moment)

    with ctx.database.reading() as session:
        back = session.get_one(Message, message).received_at
        assert back == moment
        assert back.tzinfo is UTC
        just = moment.astimezone(timezone(timedelta(hours=-5)))
        assert session.scalars(sa.select(Message.id).where(Message.received_at >= just)).all() == [message]
        later = just + timedelta(microseconds=1)
        assert session.scalars(sa.select(Message.id).where(Message.received_at >= later)).all() == []


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.timezones()))  # noqa: DTZ001
def test_any_aware_moment_survives(moment: datetime) -> None:
    """What goes to SQLite and back is the same moment in UTC."""
    column, dialect = UtcDateTime(), sa.create_engine("sqlite://").dialect
    back = column.process_result_value(column.process_bind_param(moment, dialect), dialect)

    assert back is not None
    assert back.astimezone(UTC) == moment.astimezone(UTC)
    assert back.tzinfo is UTC


def test_sealed_columns_do_not_lie_open_on_the_disk(tmp_path: Path) -> None:
    """The bytes of the file hold neither names, nor originals, nor restricted letters; open text is there."""
    ctx = init_home(Settings(home=tmp_path / "home"), clock=lambda: NOW)
    message = make_message(ctx, author_name=NAME, contact="13912345678", body="公开的正文")
    make_message(ctx, title=TITLE, body=BODY, answer_text=Sealed("密件的答复"), access=RESTRICTED)
    with ctx.database.writing() as session:
        session.add(
            Attachment(message_id=message, name="附件名", media_type="a/b", size=1, sha256="0", content=b"original")
        )
        session.execute(sa.update(RawItem).values(content="原件的字节".encode()))

    disk = on_disk(tmp_path / "home")
    for secret in (NAME, "13912345678", TITLE, BODY, "密件的答复", "附件名", "original", "原件的字节"):
        assert secret.encode() not in disk
        assert secret.encode("utf-16-le") not in disk
    assert "公开的正文".encode() in disk
    ctx.close()


def test_sealed_text_stays_sealed_when_it_is_saved_again(ctx: Context) -> None:
    """What was loaded from a sealable column and stored again, elsewhere too, is sealed again."""
    message = make_message(ctx, title=TITLE, body=BODY, access=RESTRICTED)
    with ctx.database.writing() as session:
        row = session.get_one(Message, message)
        assert (row.title, row.body) == (TITLE, BODY)
        assert isinstance(row.body, Sealed)
        row.answer_text = row.body
        row.title = Sealed(row.title + "补")

    title, answer = stored(ctx, "title, answer_text", message)
    assert title.startswith(TEXT_PREFIX)
    assert answer.startswith(TEXT_PREFIX)
    with ctx.database.reading() as session:
        row = session.get_one(Message, message)
        assert (row.title, row.answer_text) == (TITLE + "补", BODY)


def test_plain_text_stays_plain_and_cannot_pass_for_sealed(ctx: Context) -> None:
    """A stranger's text that begins like sealed text is stored as text and read back without an error."""
    message = make_message(ctx, title="标题", body="enc:AAAA")
    with ctx.database.reading() as session:
        row = session.get_one(Message, message)
        assert row.title == "标题"
        assert row.body == " enc:AAAA"
        assert not isinstance(row.body, Sealed)


def test_characters_no_database_holds_are_stored_as_unknown(ctx: Context) -> None:
    """NUL and half surrogate pairs become U+FFFD in plain text on both databases; sealed text keeps them."""
    plain = make_message(ctx, body="a\x00b\ud800c")
    sealed = make_message(ctx, body="a\x00b\ud800c", access=RESTRICTED)

    with ctx.database.reading() as session:
        assert session.get_one(Message, plain).body == "a\ufffdb\ufffdc"
        assert session.get_one(Message, sealed).body == "a\x00b\ud800c"


def test_restricted_message_with_plain_text_is_refused(ctx: Context) -> None:
    """The table itself refuses a restricted message whose text lies open; sealing it first is accepted."""
    message = make_message(ctx, title=TITLE, body=BODY)

    def open_restricted() -> None:
        with ctx.database.writing() as session:
            session.execute(sa.update(Message).where(Message.id == message).values(access=RESTRICTED))

    with pytest.raises(sa.exc.IntegrityError, match="restricted_is_sealed") as caught:
        open_restricted()
    assert BODY not in str(caught.value)
    with ctx.database.writing() as session:
        restrict(session, session.get_one(Message, message))
    assert all(value.startswith(TEXT_PREFIX) for value in stored(ctx, "title, body", message))


def test_row_of_nothing_is_refused(ctx: Context) -> None:
    """Foreign keys are enforced."""

    def orphan() -> None:
        with ctx.database.writing() as session:
            session.add(Attachment(message_id=999, name="x", media_type="a/b", size=1, sha256="0", content=b""))

    with pytest.raises(sa.exc.IntegrityError, match=r"(?i)foreign key"):
        orphan()


def test_another_key_surfaces_as_such_from_a_query(ctx: Context) -> None:
    """A sealed column read with another key raises KeyWrong itself, not an error about the statement."""
    message = make_message(ctx, author_name=NAME, title=TITLE, body=BODY, access=RESTRICTED)
    other = Database(ctx.settings.url, Vault(bytes(32)))
    try:
        for column in (Message.author_name, Message.body, RawItem.content):
            with other.reading() as session, pytest.raises(KeyWrong, match="another key"):
                session.scalars(sa.select(column)).all()
        with other.reading() as session, pytest.raises(KeyWrong, match="another key"):
            session.get_one(Message, message)
    finally:
        other.close()


def test_sealed_column_without_a_key_says_so(ctx: Context) -> None:
    """A database opened without the key gives open columns and refuses sealed ones, reading and writing."""
    message = make_message(ctx, author_name=NAME)
    keyless = Database(ctx.settings.url, None)

    def write() -> None:
        with keyless.writing() as session:
            session.execute(sa.update(Message).values(author_name=NAME))

    try:
        with keyless.reading() as session:
            assert session.scalars(sa.select(Message.id)).all() == [message]
        with keyless.reading() as session, pytest.raises(DatabaseError, match="without the key"):
            session.scalars(sa.select(Message.author_name)).all()
        with pytest.raises(DatabaseError, match="without the key") as caught:
            write()
        assert NAME not in str(caught.value)
    finally:
        keyless.close()


def test_damaged_sealed_value_asks_for_a_backup(ctx: Context) -> None:
    """Bytes of a sealed column that were changed are told apart from a wrong key."""
    make_message(ctx)
    with ctx.database.writing() as session:
        content = session.scalar(sa.select(sa.type_coerce(RawItem.content, sa.LargeBinary)))
        assert content is not None
        broken = content[:-1] + bytes([content[-1] ^ 1])
        session.execute(sa.text("update raw_items set content = :broken"), {"broken": broken})

    with ctx.database.reading() as session, pytest.raises(KeyWrong, match=r"changed or cut\. .*backup"):
        session.scalars(sa.select(RawItem.content)).all()


# --- sessions -----------------------------------------------------------------------------------------------


def test_writing_keeps_all_or_nothing(ctx: Context) -> None:
    """An exception in a writing session leaves no row of it."""

    def stop() -> None:
        with ctx.database.writing() as session:
            session.execute(sa.update(Installation).values(demo=True))
            session.flush()
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        stop()
    with ctx.database.reading() as session:
        assert session.scalar(sa.select(Installation.demo)) is False


def test_reading_keeps_nothing(ctx: Context) -> None:
    """What is changed in a reading session is gone after it."""
    with ctx.database.reading() as session:
        session.execute(sa.update(Installation).values(demo=True))
    with ctx.database.reading() as session:
        assert session.scalar(sa.select(Installation.demo)) is False


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Context]:
    """A fresh home on SQLite, whatever the other tests run on."""
    context = init_home(Settings(home=tmp_path / "home"), clock=lambda: NOW)
    yield context
    context.close()


def pragma(database: Database, text: str) -> object:
    """Ask or set one of SQLite's switches on the connection the pool gives next."""
    with database.engine.connect() as connection:
        return connection.connection.cursor().execute(f"PRAGMA {text}").fetchone()


def test_sqlite_is_opened_as_promised(on_sqlite: Context) -> None:
    """Every connection writes ahead, waits for the disk, enforces foreign keys and waits for other writers."""
    with on_sqlite.database.reading() as one, on_sqlite.database.reading() as other:
        for session in (one, other):
            asked = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            assert [session.execute(sa.text(f"PRAGMA {name}")).scalar() for name in asked] == ["wal", 2, 1, 30_000]


def test_second_writer_waits_for_the_first(ctx: Context) -> None:
    """Two writers at once: the second gets its turn after the first, and neither is refused."""
    begun, may_end, order = Event(), Event(), []

    def first() -> None:
        with ctx.database.writing() as session:
            session.execute(sa.update(Installation).values(demo=True))
            begun.set()
            assert may_end.wait(10)
            order.append("first")

    def second() -> None:
        assert begun.wait(10)
        may_end.set()
        with ctx.database.writing() as session:
            session.execute(sa.update(Installation).values(demo=sa.not_(Installation.demo)))
            order.append("second")

    threads = [Thread(target=first), Thread(target=second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert order == ["first", "second"]
    with ctx.database.reading() as session:
        assert session.scalar(sa.select(Installation.demo)) is False


def test_reader_is_not_held_up_by_a_writer(ctx: Context) -> None:
    """While a writer is at work, a reader sees what was there before."""
    with ctx.database.writing() as writer:
        writer.execute(sa.update(Installation).values(demo=True))
        with ctx.database.reading() as reader:
            assert reader.scalar(sa.select(Installation.demo)) is False


def test_writer_that_waits_too_long_is_told(on_sqlite: Context) -> None:
    """A lock that is not given up in time is named, with what to do."""
    patient = Database(on_sqlite.settings.url, None)
    pragma(patient, "busy_timeout=1")

    def write() -> None:
        with patient.writing():
            pass

    with on_sqlite.database.writing(), pytest.raises(DatabaseError, match=r"kept the database locked\. Run") as caught:
        write()
    assert caught.value.item.endswith("wenzheng.db")
    patient.close()


def fill(ctx: Context, rows: int) -> None:
    """Write so much that a small disk is full on the way."""
    with ctx.database.writing() as session:
        for number in range(rows):
            day = (NOW + timedelta(days=number)).date()
            session.add(CalendarDay(year=number, day=day, kind="off", source="x" * 200, imported_at=NOW))
            session.flush()


def test_full_disk_is_said_and_leaves_nothing_half_written(on_sqlite: Context) -> None:
    """The step fails with StorageFull and is rolled back whole; with space again it succeeds."""
    (pages,) = pragma(on_sqlite.database, "page_count")  # type: ignore[misc]
    pragma(on_sqlite.database, f"max_page_count={pages + 2}")
    with pytest.raises(StorageFull, match=r"wenzheng\.db: the disk is full.*Free some space") as caught:
        fill(on_sqlite, 200)

    assert "xxx" not in str(caught.value)
    with on_sqlite.database.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(CalendarDay)) == 0
        assert session.scalar(sa.text("PRAGMA integrity_check")) == "ok"
    pragma(on_sqlite.database, "max_page_count=1000000")
    fill(on_sqlite, 200)
    with on_sqlite.database.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(CalendarDay)) == 200


def test_database_that_may_not_be_written_is_said(on_sqlite: Context) -> None:
    """Reading works, and a write names the file and the right that is missing."""
    pragma(on_sqlite.database, "query_only=ON")
    with on_sqlite.database.reading() as session:
        assert session.scalar(sa.select(Installation.demo)) is False
    with pytest.raises(DatabaseError, match=r"wenzheng\.db: the database cannot be written\. Give"):
        fill(on_sqlite, 1)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_file_that_may_not_be_written_is_said(on_sqlite: Context) -> None:
    """A file whose mode forbids writing is a clear error."""
    on_sqlite.close()
    path = on_sqlite.settings.home / "wenzheng.db"
    path.chmod(stat.S_IREAD)

    with pytest.raises(DatabaseError, match="cannot be written"):
        init_home(on_sqlite.settings)


def test_damaged_file_asks_for_a_backup(on_sqlite: Context) -> None:
    """A database whose pages were overwritten is said to be damaged."""
    for _ in range(30):
        make_message(on_sqlite, body="长" * 2000)
    pragma(on_sqlite.database, "wal_checkpoint(TRUNCATE)")
    on_sqlite.close()
    path = on_sqlite.settings.home / "wenzheng.db"
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))

    with pytest.raises(DatabaseError, match=r"wenzheng\.db: the database is damaged\. .*backup"):
        open_home(on_sqlite.settings)


def test_cut_file_asks_for_a_backup(on_sqlite: Context) -> None:
    """A file that lost its second half is said to be damaged."""
    for _ in range(30):
        make_message(on_sqlite, body="长" * 2000)
    pragma(on_sqlite.database, "wal_checkpoint(TRUNCATE)")
    on_sqlite.close()
    path = on_sqlite.settings.home / "wenzheng.db"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    def read_all() -> None:
        context = open_home(on_sqlite.settings)
        try:
            with context.database.reading() as session:
                session.scalars(sa.select(Message)).all()
        finally:
            context.close()

    with pytest.raises(DatabaseError, match="is damaged"):
        read_all()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("SQLITE_FULL", "disk is full"),
        ("SQLITE_BUSY_SNAPSHOT", "kept the database locked"),
        ("SQLITE_READONLY_DIRECTORY", "cannot be written"),
        ("SQLITE_IOERR_WRITE", "disk reported an error"),
        ("SQLITE_CANTOPEN", "cannot be opened"),
        ("SQLITE_CORRUPT_INDEX", "is damaged"),
        ("SQLITE_NOTADB", "is not a database"),
    ],
)
def test_faults_of_sqlite_are_known_with_their_extensions(code: str, words: str) -> None:
    """Each fault of the file or the disk has words, the file's name and advice."""
    error = sqlite3.OperationalError("text of the library")
    error.sqlite_errorname = code
    said = fault_of(error, lost=False, item="wenzheng.db")

    assert said is not None
    assert words in said.what
    assert said.item == "wenzheng.db"
    assert said.todo
    assert "library" not in str(said)


@pytest.mark.parametrize("code", ["SQLITE_CONSTRAINT_UNIQUE", "SQLITE_ERROR", "SQLITE_MISMATCH", ""])
def test_faults_of_our_own_statements_stay_what_they_are(code: str) -> None:
    """A broken constraint or a wrong statement is not blamed on the database."""
    error = sqlite3.IntegrityError("text of the library")
    if code:
        error.sqlite_errorname = code

    assert fault_of(error, lost=False, item="wenzheng.db") is None
    assert fault_of(ValueError("x"), lost=False, item="wenzheng.db") is None
    assert fault_of(None, lost=False, item="wenzheng.db") is None
