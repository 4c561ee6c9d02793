"""Intake: each item ends in one of four counted ways, and a fault loses and doubles nothing."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from collector import intake
from collector.base import Blank, Fetched, FetchedAttachment, Item, Unreadable
from collector.batch import Batch
from collector.counts import Counts
from collector.intake import Raw, keep_raw, keep_raws, take_in
from collector.tables import Attachment, CollectionRun, Message, RawItem, SetAside
from config.context import Context
from config.errors import StorageFull

POSTED = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)


def item(number: int, **changes: object) -> Fetched:
    """Return an invented message."""
    return replace(
        Fetched(position=f"row {number}", body=f"第{number}封信", posted_at=POSTED, external_id=str(number)),
        **changes,  # type: ignore[arg-type]
    )


def raw(ctx: Context, content: bytes = b"bytes", channel: str = "site-board") -> int:
    """Keep a raw item and return its id."""
    return keep_raw(ctx, source=f"file:{channel}", channel=channel, name="board.csv", content=content, options={})


def take(ctx: Context, *items: Item, content: bytes = b"bytes", channel: str = "site-board") -> Counts:
    """Take items in as one raw item."""
    return take_in(ctx, raw(ctx, content, channel), items)


def bodies(ctx: Context) -> list[str]:
    """Return the stored texts in order."""
    with ctx.database.reading() as session:
        return list(session.scalars(sa.select(Message.body).order_by(Message.id)))


def test_every_item_is_counted_once(ctx: Context) -> None:
    """fetched = stored + duplicates + dropped + set_aside, and the run says the same."""
    counts = take(
        ctx,
        item(1),
        item(2),
        item(1),
        Blank("row 4", "blank"),
        item(5, body=" ", title=""),
        Unreadable("row 6", "bad-date", "row 6: 留言时间 is no date"),
    )

    assert (counts.fetched, counts.stored, counts.duplicates, counts.dropped, counts.set_aside) == (6, 2, 1, 2, 1)
    assert counts.reasons == {"blank": 1, "empty": 1, "bad-date": 1}
    with ctx.database.reading() as session:
        run = session.scalars(sa.select(CollectionRun)).one()
        assert (run.fetched, run.stored, run.duplicates, run.dropped, run.set_aside) == (6, 2, 1, 2, 1)
        assert run.finished_at == ctx.clock()
        assert session.scalars(sa.select(RawItem.state)).one() == "parsed"


def test_the_same_items_again_store_nothing(ctx: Context) -> None:
    """A second run over the same bytes counts duplicates only and keeps one raw item."""
    take(ctx, item(1), item(2))

    again = take(ctx, item(1), item(2))

    assert (again.stored, again.duplicates) == (0, 2)
    with ctx.database.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(RawItem)) == 1


def test_an_answer_that_comes_later_is_kept(ctx: Context) -> None:
    """A known message that comes back with an official answer gets it; a second answer does not overwrite it."""
    take(ctx, item(1))
    take(
        ctx, item(1, answer_text="已修好。", answered_at=POSTED + timedelta(days=2), answered_by="城管局"), content=b"2"
    )
    take(ctx, item(1, answer_text="别的答复。"), content=b"3")

    with ctx.database.reading() as session:
        message = session.scalars(sa.select(Message)).one()
    assert (message.answer_text, message.answered_by) == ("已修好。", "城管局")


def test_an_id_with_other_words_is_set_aside(ctx: Context) -> None:
    """A reused id loses nothing: the second text waits for a person."""
    take(ctx, item(1))

    counts = take(ctx, item(1, body="完全不同的事"), content=b"2")

    assert (counts.set_aside, counts.reasons) == (1, {"same-id-other-text": 1})
    assert bodies(ctx) == ["第1封信"]


@pytest.mark.parametrize("days", [3, 400, -20_000])
def test_an_impossible_date_is_set_aside(ctx: Context, days: int) -> None:
    """A date in the future, or before anyone wrote to a website, is a reading error."""
    counts = take(ctx, item(1, posted_at=ctx.clock() + timedelta(days=days)))

    assert (counts.stored, counts.set_aside) == (0, 1)


def test_a_stated_report_of_wrongdoing_is_restricted_and_sealed(ctx: Context) -> None:
    """A row whose own kind is 举报, or that asks for confidence, never lies open in the database."""
    take(ctx, item(1, kind="投诉举报", body="某企业虚报产值"), item(2, confidential=True, answer_text="收到"))

    with ctx.database.reading() as session:
        assert list(session.scalars(sa.select(Message.access))) == ["restricted", "restricted"]
        plain = session.execute(sa.text("select title, body, answer_text from messages order by id")).all()
    assert all(value is None or value.startswith("enc:") for row in plain for value in row)
    assert bodies(ctx) == ["某企业虚报产值", "第2封信"]


def test_contacts_and_originals_are_sealed(ctx: Context) -> None:
    """Name, contact, raw bytes and attachments are encrypted in the database and come back whole."""
    attachment = FetchedAttachment("照片.jpg", "image/jpeg", b"jpeg-bytes")
    take(
        ctx, item(1, author_name="李某某", contact="13900000012", attachments=[attachment]), content=b"secret-original"
    )

    with ctx.database.reading() as session:
        rows = session.execute(sa.text("select author_name, contact from messages")).one()
        blobs = session.execute(sa.text("select r.content, a.content from raw_items r, attachments a")).one()
        stored = session.scalars(sa.select(Attachment)).one()
        assert (stored.name, stored.content) == ("照片.jpg", b"jpeg-bytes")
        assert session.scalars(sa.select(Message.contact)).one() == "13900000012"
    assert all(value.startswith("enc:") for value in rows)
    assert b"secret-original" not in bytes(blobs[0])
    assert b"jpeg-bytes" not in bytes(blobs[1])


def failing(*items: Item) -> Iterator[Item]:
    """Yield the items, then fail as a broken reader would."""
    yield from items
    raise RuntimeError("张三 13900000012")


def test_a_reader_that_fails_keeps_what_it_gave_and_is_tried_three_times(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches before the failure stay; the third strike sets the raw item aside, and no error text is kept."""
    monkeypatch.setattr(intake, "BATCH", 2)
    raw_id = raw(ctx)
    for strike in (1, 2, 3):
        with pytest.raises(RuntimeError):
            take_in(ctx, raw_id, failing(item(1), item(2), item(3)))
        with ctx.database.reading() as session:
            kept = session.get_one(RawItem, raw_id)
            assert kept.state == ("set_aside" if strike == 3 else "new")
            assert kept.error == "RuntimeError"

    assert bodies(ctx) == ["第1封信", "第2封信"]
    with ctx.database.reading() as session:
        assert session.scalars(sa.select(SetAside.reason)).all() == ["unreadable"]


def test_a_full_disk_rolls_the_batch_back_and_counts_no_strike(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full the batch is not there at all; a later run stores it once."""
    raw_id = raw(ctx)
    original = Batch.insert

    def full(self: Batch, *arguments: object) -> int:
        original(self, *arguments)  # type: ignore[arg-type]
        raise StorageFull("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Batch, "insert", full)
        with pytest.raises(StorageFull):
            take_in(ctx, raw_id, [item(1)])
    assert bodies(ctx) == []
    assert take_in(ctx, raw_id, [item(1)]).stored == 1
    with ctx.database.reading() as session:
        assert session.get_one(RawItem, raw_id).strikes == 0


def test_progress_is_told_batch_by_batch(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long work says how far it is."""
    monkeypatch.setattr(intake, "BATCH", 2)
    seen: list[int] = []

    take_in(ctx, raw(ctx), [item(n) for n in range(5)], progress=lambda done, total: seen.append(done))

    assert seen == [2, 4, 5]


def test_opening_cases_by_hand_is_kept_with_the_message(ctx: Context) -> None:
    """`--open-cases` travels with each message to the responder."""
    take_in(ctx, raw(ctx), [item(1)], open_case=True)

    with ctx.database.reading() as session:
        assert session.scalars(sa.select(Message.open_case)).one() is True


def test_an_answer_in_the_same_file_is_kept(ctx: Context) -> None:
    """A row that comes twice, the second time with its answer, is stored with it; of two answers the first stays."""
    take(ctx, item(1), item(1, answer_text="已修好。"), item(1, answer_text="另一答复。"))
    take(ctx, item(2), content=b"2")
    take(ctx, item(2, answer_text="甲。"), item(2, answer_text="乙。"), content=b"3")

    with ctx.database.reading() as session:
        assert session.scalars(sa.select(Message.answer_text).order_by(Message.id)).all() == ["已修好。", "甲。"]


def test_asking_for_cases_later_is_kept_too(ctx: Context) -> None:
    """Importing known messages again with `--open-cases` asks for their cases."""
    take(ctx, item(1))

    take_in(ctx, raw(ctx), [item(1)], open_case=True)

    with ctx.database.reading() as session:
        assert session.scalars(sa.select(Message.open_case)).one() is True


def test_a_fault_that_no_column_can_hold_is_kept_readable(ctx: Context) -> None:
    """A strange column name in a fault does not stop the import."""
    assert take(ctx, Unreadable("row 2", "too-long", "row 2: a\ud800\x00b is too long"), item(3)).stored == 1

    with ctx.database.reading() as session:
        assert session.scalars(sa.select(SetAside.detail)).one() == "row 2: ab is too long"


def test_file_names_lie_sealed(ctx: Context) -> None:
    """A letter's file is often named by its subject."""
    keep_raw(ctx, source="file:mailbox", channel="mailbox", name="举报某某.eml", content=b"x", options={})

    with ctx.database.reading() as session:
        assert session.scalars(sa.select(RawItem.name)).one() == "举报某某.eml"
        assert session.scalar(sa.text("select name from raw_items")).startswith("enc:")


def raw_items(ctx: Context) -> dict[int, RawItem]:
    """Return the kept raw items by id."""
    with ctx.database.reading() as session:
        found = {one.id: one for one in session.scalars(sa.select(RawItem))}
        session.expunge_all()
        return found


def test_several_raws_are_kept_in_one_call(ctx: Context) -> None:
    """The ids come in the order of the raws, and each row holds its own bytes, name and options."""
    raws = [Raw(f"page {number}", f"bytes {number}".encode(), {"row": number}) for number in range(5)]

    ids = keep_raws(ctx, "board", "site-board", raws)

    rows = raw_items(ctx)
    assert sorted(ids) == sorted(rows)
    kept = [(rows[one].name, rows[one].content, rows[one].options) for one in ids]
    assert kept == [(one.name, one.content, one.options) for one in raws]
    assert {(one.source, one.channel, one.size, one.state) for one in rows.values()} == {
        ("board", "site-board", 7, "new")
    }
    assert keep_raws(ctx, "board", "site-board", []) == []


@pytest.mark.parametrize("order", ["aa", "aba", "abba", "abcabc", "aaab"])
def test_the_same_bytes_twice_in_one_call_are_one_row(ctx: Context, order: str) -> None:
    """Ids are the same where the bytes are; name and options of the first stand."""
    raws = [Raw(f"page {place}", letter.encode(), {"place": place}) for place, letter in enumerate(order)]

    ids = keep_raws(ctx, "board", "site-board", raws)

    rows = raw_items(ctx)
    assert len(rows) == len(set(order))
    for one, letter in zip(ids, order, strict=True):
        first = order.index(letter)
        assert (rows[one].content, rows[one].name) == (letter.encode(), f"page {first}")
        assert rows[one].options == {"place": first}


def test_bytes_kept_before_stay_as_they_were(ctx: Context) -> None:
    """A later call gives their id and changes nothing; the same bytes of another source are a row of their own."""
    (known,) = keep_raws(ctx, "board", "site-board", [Raw("old", b"a", {"at": 1})])

    ids = keep_raws(ctx, "board", "site-board", [Raw("b", b"b", {}), Raw("new", b"a", {"at": 2}, settled=True)])

    row = raw_items(ctx)[known]
    assert ids[1] == known != ids[0]
    assert (row.name, row.options, row.state) == ("old", {"at": 1}, "new")
    assert keep_raws(ctx, "mirror", "site-board", [Raw("other", b"a", {})])[0] not in {known, *ids}


def test_a_settled_raw_is_kept_as_parsed(ctx: Context) -> None:
    """Nothing reads it again; the others of the call wait to be read, and of the same bytes twice the first decides."""
    raws = [
        Raw("list", b"list", {}, settled=True),
        Raw("page", b"page", {}),
        Raw("list again", b"list", {}),
        Raw("page again", b"page", {}, settled=True),
    ]

    ids = keep_raws(ctx, "board", "site-board", raws)

    rows = raw_items(ctx)
    assert [rows[one].state for one in ids] == ["parsed", "new", "parsed", "new"]
