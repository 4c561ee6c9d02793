"""The audit chain: what it takes in, and which tampering it shows."""

import json
import threading
from datetime import timedelta
from enum import StrEnum

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from responder.audit import (
    HEADS_FILE,
    SYSTEM,
    AuditAction,
    Entry,
    check_entry,
    export_head,
    record,
    record_all,
    verify,
)
from responder.errors import AuditRefused, ResponderError
from responder.tables import AuditEvent


def write(ctx, count=1, **detail):
    """Record events, each in a transaction of its own."""
    for number in range(count):
        with ctx.database.writing() as session:
            record(session, ctx.vault, SYSTEM, AuditAction.CASE_OPEN, f"case:{number}", detail, ctx.clock())


def write_and_fail(ctx):
    """Record an event of an act that then fails."""
    with ctx.database.writing() as session:
        record(session, ctx.vault, SYSTEM, AuditAction.CASE_MOVE, "case:1", {}, ctx.clock())
        _ = 1 / 0


def tamper(ctx, statement):
    """Change the database behind the program's back."""
    with ctx.database.writing() as session:
        session.execute(statement)


def heads(ctx):
    """Return the exported lines."""
    return [json.loads(line) for line in (ctx.settings.home / HEADS_FILE).read_text("ascii").splitlines()]


def test_actions_are_in_order_and_well_formed():
    """Actions read `<resource>:<action>` and stand in alphabetical order."""
    assert list(AuditAction) == sorted(AuditAction)
    assert all(action.replace("_", "").replace(":", "", 1).isalpha() and ":" in action for action in AuditAction)


def test_an_empty_chain_is_whole(ctx):
    """A fresh home verifies, with nothing to export."""
    assert verify(ctx).ok
    assert verify(ctx).head is None
    assert export_head(ctx) == {"exported": 0}


def test_events_are_numbered_without_gaps_and_verify(ctx):
    """Single and bulk records follow each other; a rolled-back act leaves no gap."""
    write(ctx, 2, message=7, channel="foi")
    with pytest.raises(ZeroDivisionError):
        write_and_fail(ctx)
    with ctx.database.writing() as session:
        entries = [Entry(SYSTEM, AuditAction.CASE_OPEN, f"case:{number}") for number in range(3)]
        record_all(session, ctx.vault, entries, ctx.clock())
        record_all(session, ctx.vault, [], ctx.clock())

    verdict = verify(ctx)

    assert (verdict.ok, verdict.events, verdict.head.last_id) == (True, 5, 5)


def test_records_of_two_writers_form_one_chain(ctx):
    """Two threads that record at once get different numbers and one unbroken chain."""
    threads = [threading.Thread(target=write, args=(ctx, 20)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (verify(ctx).ok, verify(ctx).events) == (True, 40)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor", "staff:9"),
        ("action", "staff:login"),
        ("subject", "case:99"),
        ("detail", {"message": 8}),
        ("digest", "f" * 32),
        ("previous", "0" * 32),
    ],
)
def test_an_edit_is_found(ctx, column, value):
    """Whichever column of an event is changed, the event is named."""
    write(ctx, 3, message=7)

    tamper(ctx, sa.update(AuditEvent).where(AuditEvent.id == 2).values({column: value}))

    verdict = verify(ctx)
    assert not verdict.ok
    assert any("event 2" in fault for fault in verdict.faults)


def test_a_changed_time_is_found(ctx):
    """The moment of an act is part of its digest."""
    write(ctx, 1)

    tamper(ctx, sa.update(AuditEvent).values(at=ctx.clock() + timedelta(microseconds=1)))

    assert verify(ctx).faults == ("event 1 was changed",)


def test_a_gap_is_found(ctx):
    """A removed event leaves a gap in the numbers and in the chain."""
    write(ctx, 4)

    tamper(ctx, sa.delete(AuditEvent).where(AuditEvent.id.in_([2, 3])))

    assert verify(ctx).faults == ("events 2 to 3 are missing", "event 4 does not follow the event before it")


def test_a_new_order_is_found(ctx):
    """Two events that changed places no longer fit their digests."""
    write(ctx, 3)

    for old, new in ((1, 99), (2, 1), (99, 2)):
        tamper(ctx, sa.update(AuditEvent).where(AuditEvent.id == old).values(id=new))

    assert not verify(ctx).ok


def test_a_cut_tail_shows_against_the_exported_head(ctx):
    """Events cut off the end leave a chain that is whole in itself; the export tells that more was there."""
    write(ctx, 3)
    assert export_head(ctx) == {"exported": 1}

    tamper(ctx, sa.delete(AuditEvent).where(AuditEvent.id == 3))

    assert verify(ctx).faults == ("the end is missing: event 3 was exported, the last stored is 2",)


def test_a_tail_rewritten_with_the_key_shows_against_the_exported_head(ctx):
    """Even the holder of the key cannot put another event in the place of an exported one."""
    write(ctx, 2, message=1)
    export_head(ctx)
    tamper(ctx, sa.delete(AuditEvent).where(AuditEvent.id == 2))
    write(ctx, 1, message=2)

    assert verify(ctx).faults == ("event 2 is not the one whose digest was exported",)


def test_a_cut_tail_still_shows_after_the_next_act_and_export(ctx):
    """An event in the place of an exported one stops the export, and stays a fault whatever is exported later."""
    write(ctx, 10, message=1)
    export_head(ctx)
    tamper(ctx, sa.delete(AuditEvent).where(AuditEvent.id == 10))
    write(ctx, 2, message=2)

    with pytest.raises(ResponderError, match=r"event 10: .*audit verify"):
        export_head(ctx)
    assert [line["last_id"] for line in heads(ctx)] == [10]
    assert verify(ctx).faults == ("event 10 is not the one whose digest was exported",)

    with ctx.database.reading() as session:
        digest = session.scalar(sa.select(AuditEvent.digest).where(AuditEvent.id == 10))
    with (ctx.settings.home / HEADS_FILE).open("a") as file:
        file.write(json.dumps({"last_id": 10, "digest": digest}) + "\n")
    assert verify(ctx).faults == ("event 10 was exported with different digests",)


def test_a_shorter_chain_is_not_exported(ctx):
    """After a cut without a new act no earlier end is written behind the later one."""
    write(ctx, 3)
    export_head(ctx)
    tamper(ctx, sa.delete(AuditEvent).where(AuditEvent.id == 3))

    with pytest.raises(ResponderError, match="event 3"):
        export_head(ctx)
    assert len(heads(ctx)) == 1


@pytest.mark.parametrize(
    ("column", "literal"),
    [
        ("detail", "'{broken'"),
        pytest.param("detail", f"'{'[' * 3_000}{']' * 3_000}'", id="deep"),
        ("at", "'yesterday at noon'"),
        ("at", "'infinity'"),
        ("at", "7"),
        ("actor", "x'78'"),
    ],
)
def test_a_row_that_cannot_be_read_is_a_fault(ctx, column, literal):
    """A broken value names its event; every other event is checked all the same."""
    write(ctx, 5)
    try:
        tamper(ctx, sa.text(f"update audit_events set {column} = {literal} where id = 2"))
    except sa.exc.DBAPIError:
        pytest.skip("this database refuses the value itself")
    tamper(ctx, sa.update(AuditEvent).where(AuditEvent.id == 4).values(actor="other"))

    verdict = verify(ctx)

    assert verdict.events == 5
    assert [fault[:7] for fault in verdict.faults] == ["event 2", "event 4"]


@pytest.mark.parametrize(
    "line",
    [
        '{"last_id": 1e999, "digest": "a"}',
        '{"last_id": 99999999999999999999, "digest": "a"}',
        '{"last_id": 1, "digest": 7}',
        "[" * 100_000,
        "[]",
    ],
)
def test_a_strange_line_among_the_heads_is_a_fault(ctx, line):
    """Whatever stands in the file, the line is named and the export goes on."""
    write(ctx, 1)
    (ctx.settings.home / HEADS_FILE).write_text(line + "\n", "ascii")

    assert verify(ctx).faults == (f"line 1 of {HEADS_FILE} is not readable",)
    assert export_head(ctx) == {"exported": 1}


def test_missing_heads_are_a_warning(ctx):
    """Without the file a cut end would not show, which is said; the chain itself may be whole."""
    assert verify(ctx).warnings == ()
    write(ctx, 1)

    assert (verify(ctx).ok, len(verify(ctx).warnings)) == (True, 1)
    export_head(ctx)
    assert verify(ctx).warnings == ()


def test_the_head_is_exported_once_with_its_local_day(ctx):
    """A line holds the bureau's day, the last number and its digest; without new events none is added."""
    write(ctx, 2)

    assert (export_head(ctx), export_head(ctx)) == ({"exported": 1}, {"exported": 0})
    ctx.clock.forward(timedelta(hours=15))
    write(ctx, 1)
    assert export_head(ctx) == {"exported": 1}

    assert [(line["date"], line["last_id"]) for line in heads(ctx)] == [("2026-11-23", 2), ("2026-11-24", 3)]
    assert heads(ctx)[-1]["digest"] == verify(ctx).head.digest
    assert (ctx.settings.home / HEADS_FILE).stat().st_mode & 0o077 == 0


def test_a_line_left_unfinished_is_ignored_and_replaced(ctx):
    """A power cut in the middle of an export is no fault; a broken line further up is."""
    path = ctx.settings.home / HEADS_FILE
    write(ctx, 1)
    export_head(ctx)
    with path.open("a") as file:
        file.write('{"date": "2026-11-2')
    assert verify(ctx).ok
    write(ctx, 1)
    export_head(ctx)
    assert [line["last_id"] for line in heads(ctx)] == [1, 2]

    path.write_text("nonsense\n" + path.read_text("ascii"), "ascii")

    assert verify(ctx).faults == (f"line 1 of {HEADS_FILE} is not readable",)


def test_another_key_does_not_verify(ctx, tmp_path):
    """Without the home's key nobody can write an event that fits."""
    from dataclasses import replace

    from config.vault import Vault

    write(ctx, 1)

    assert not verify(replace(ctx, vault=Vault.create(tmp_path / "other.key"))).ok


class Word(StrEnum):
    """An enumeration of ours."""

    ONE = "办理中"


@pytest.mark.parametrize(
    "detail",
    [
        {},
        {"message": 17, "number": "2026-000123", "ok": True, "section": None},
        {"fields": ["title", "body"], "sha256": "a" * 64, "week": "2026-W47"},
        {"state": Word.ONE, "section": "外部:国家统计局临沂调查队"},
        {"section": "执法监督科（综合行政执法大队）", "owner": "人口·就业、社会-科技统计科"},
    ],
)
def test_ids_counts_names_and_hashes_are_taken(ctx, detail):
    """What the audit is for is stored and verifies."""
    write(ctx, 1, **detail)

    assert verify(ctx).ok


@pytest.mark.parametrize(
    "value",
    [
        "这是一封来信的正文，不应当进入审计记录，因为审计记录永远不能删除",
        "来信人反映其所在小区夜间施工噪声扰民多次投诉未果希望有关部门尽快处理并给予书面答复",
        "综合科（" * 20,
        "someone@example.org",
        "two words",
        13800001111,
        "13800001111",
        1.5,
        b"bytes",
        {"nested": 1},
        [["nested"]],
        list(range(101)),
        "a" * 65,
    ],
)
def test_text_and_unknown_types_are_refused_without_being_quoted(value):
    """Free text, addresses, long numbers and other types are refused; the error names the field only."""
    with pytest.raises(AuditRefused) as caught:
        check_entry(Entry(SYSTEM, AuditAction.CASE_OPEN, "case:1", {"note": value}))

    assert "note" in str(caught.value)
    assert str(value) not in str(caught.value)


@pytest.mark.parametrize(
    ("actor", "subject", "detail"),
    [
        ("", "case:1", {}),
        ("x" * 65, "case:1", {}),
        (SYSTEM, "case", {}),
        (SYSTEM, "case:张某", {}),
        (SYSTEM, "case:" + "1" * 64, {}),
        (SYSTEM, "case:1", {"字段": 1}),
        (SYSTEM, "case:1", {7: 1}),
    ],
)
def test_malformed_entries_are_refused(actor, subject, detail):
    """Actor, subject and field names have their forms."""
    with pytest.raises(AuditRefused):
        check_entry(Entry(actor, AuditAction.CASE_OPEN, subject, detail))


@given(st.text(min_size=65))
def test_no_long_text_is_ever_taken(text):
    """Whatever is written in it, a long text stays out."""
    with pytest.raises(AuditRefused):
        check_entry(Entry(SYSTEM, AuditAction.CASE_OPEN, "case:1", {"note": text}))
