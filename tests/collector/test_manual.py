"""Entries by hand: stored once, refused with a clear word, restricted where they must be."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from collector import manual
from collector.base import FetchedAttachment
from collector.errors import EntryRefused, FileDamaged
from collector.jobs import resume_raw
from collector.manual import enter
from collector.rereading import reread
from collector.tables import Attachment, CollectionRun, Message, RawItem
from config.context import Context
from tests.conftest import FixedClock
from tests.dying import dying

ENTRY = UUID("6f0e8a52-0b7e-4a5c-9d0c-2f8a4f1f8f10")


def put(ctx: Context, **changes: Any) -> int:
    """Enter a visit, with what a test changes of it."""
    return enter(
        ctx,
        **{
            "entry_id": ENTRY,
            "channel": "walk-in",
            "title": "路灯不亮",
            "body": "来访人反映小区门口路灯不亮。",
            "entered_by": "值班员",
            **changes,
        },
    )


def message(ctx: Context, message_id: int) -> Message:
    """Return a stored message."""
    with ctx.database.reading() as session:
        found = session.get_one(Message, message_id)
        session.expunge(found)
        return found


def count(ctx: Context, table: type) -> int:
    """Count the rows of a table."""
    with ctx.database.reading() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_an_entry_becomes_a_message(ctx: Context) -> None:
    """With its day of receipt, its author's key and its files; the run is on record under a source of its own."""
    when = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)

    stored = message(
        ctx,
        put(
            ctx,
            author_name=" 李某 ",
            contact="139-0000-0012",
            received_at=when,
            receipt_no="LX-7",
            publish_consent=False,
            attachments=[FetchedAttachment("来信.jpg", "image/jpeg", b"jpeg"), FetchedAttachment("", "", b"2")],
        ),
    )

    assert (stored.source, stored.channel, stored.external_id) == ("manual:walk-in", "walk-in", str(ENTRY))
    assert (stored.title, stored.body, stored.author_name) == ("路灯不亮", "来访人反映小区门口路灯不亮。", "李某")
    assert (stored.posted_at, stored.received_at, stored.collected_at) == (when, when, ctx.clock())
    assert (stored.receipt_no, stored.publish_consent, stored.access) == ("LX-7", False, "normal")
    assert stored.author_key == message(ctx, put(ctx, entry_id=uuid4(), contact="13900000012")).author_key
    with ctx.database.reading() as session:
        assert list(session.scalars(sa.select(Attachment.name).order_by(Attachment.id))) == ["来信.jpg", "附件2"]
        run = session.scalars(sa.select(CollectionRun).order_by(CollectionRun.id)).first()
        assert run is not None
        assert (run.source, run.fetched, run.stored, run.finished_at) == ("manual:walk-in", 1, 1, ctx.clock())


def test_it_is_received_now_unless_it_is_said(ctx: Context) -> None:
    """A call is mostly written down while it lasts; a title alone is the text."""
    stored = message(ctx, put(ctx, body=" \n"))

    assert stored.received_at == ctx.clock()
    assert (stored.title, stored.body) == ("", "路灯不亮")


def test_a_form_sent_twice_is_one_entry(ctx: Context, clock: FixedClock) -> None:
    """The second time, a minute later, gives the same message and keeps nothing."""
    first = put(ctx)
    clock.forward(timedelta(minutes=1))

    assert put(ctx) == first
    assert (count(ctx, Message), count(ctx, RawItem), count(ctx, CollectionRun)) == (1, 1, 1)


def test_a_form_sent_again_with_other_words_is_refused(ctx: Context) -> None:
    """They would be lost without a word."""
    put(ctx)

    with pytest.raises(EntryRefused, match="other words"):
        put(ctx, body="来访人反映的是另一件事。")


def test_the_same_words_on_two_forms_are_two_entries(ctx: Context) -> None:
    """Two people may say the same."""
    assert put(ctx) != put(ctx, entry_id=uuid4())


@pytest.mark.parametrize("changes", [{"kind": "举报"}, {"confidential": True}])
def test_what_must_be_restricted_is(ctx: Context, changes: dict[str, object]) -> None:
    """By its kind or at its author's wish; neither message nor original lies open."""
    put(ctx, **changes)

    with ctx.database.reading() as session:
        access, body = session.execute(sa.text("select access, body from messages")).one()
        raw = session.execute(sa.text("select content, name from raw_items")).one()
    assert access == "restricted"
    assert body.startswith("enc:")
    assert "路灯".encode() not in bytes(raw.content)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": " ", "body": "\u200b"}, "body"),
        ({"body": "长" * 200_001}, "body"),
        ({"channel": "pigeon"}, "channel"),
        ({"received_at": datetime(2026, 11, 23, 2, 1, tzinfo=UTC)}, "received_at"),
        ({"received_at": datetime(1899, 1, 1, tzinfo=UTC)}, "received_at"),
        ({"received_at": datetime(2026, 11, 20)}, "received_at"),  # noqa: DTZ001
        ({"entered_by": " "}, "entered_by"),
        ({"author_name": "名" * 201}, "author_name"),
        ({"contact": "1" * 201}, "contact"),
        ({"receipt_no": "1" * 65}, "receipt_no"),
        ({"attachments": [FetchedAttachment("a", "b", b"x" * (2 << 20))]}, "attachments"),
    ],
)
def test_what_cannot_be_entered_is_refused(ctx: Context, changes: dict[str, object], field: str) -> None:
    """Naming the field, quoting nothing that was said, and storing nothing."""
    ctx = replace(ctx, settings=ctx.settings.model_copy(update={"max_file_mib": 1}))

    with pytest.raises(EntryRefused) as caught:
        put(ctx, **changes)

    assert caught.value.item == field
    assert caught.value.todo
    assert "长" not in str(caught.value)
    assert (count(ctx, RawItem), count(ctx, Message)) == (0, 0)


def test_a_kill_at_any_line_stores_it_once(ctx: Context, clock: FixedClock) -> None:
    """Sent again, or finished by the service: in either case there is one message, whole."""
    photo = [FetchedAttachment("来信.jpg", "image/jpeg", b"jpeg")]
    ids = []
    for moment in range(1, 12):
        ids.append(uuid4())
        with dying(moment):
            put(ctx, entry_id=ids[-1], attachments=photo)
        if moment % 2:
            put(ctx, entry_id=ids[-1], attachments=photo)
    clock.forward(timedelta(hours=1))
    resume_raw(ctx)

    with ctx.database.reading() as session:
        found = list(session.scalars(sa.select(Message.external_id)))
        assert set(session.scalars(sa.select(RawItem.state))) == {"parsed"}
    # Of an entry that was not sent again, nothing may have been kept before the kill.
    assert len(found) == len(set(found))
    assert {str(one) for one in ids[::2]} <= set(found)
    assert count(ctx, Attachment) == len(found)


def test_an_original_is_read_again_as_it_was(ctx: Context) -> None:
    """What a person retries is what the clerk wrote; a purged original is said to be gone."""
    put(ctx, attachments=[FetchedAttachment("来信.jpg", "image/jpeg", b"jpeg")])
    with ctx.database.writing() as session:
        raw = session.scalars(sa.select(RawItem)).one()

    [item] = reread(ctx, raw.id)

    assert item.position == manual.POSITION
    assert item.attachments == (FetchedAttachment("来信.jpg", "image/jpeg", b"jpeg"),)
    with ctx.database.writing() as session:
        session.execute(sa.update(RawItem).values(content=None))
    with pytest.raises(FileDamaged):
        list(reread(ctx, raw.id))
