"""Tests of the audit as a list for eyes."""

from config.context import Context
from responder.audit import AuditAction, record
from responder.audit_list import ACTION_NAMES, newest_events


def test_every_act_has_a_chinese_name():
    """An act that somebody adds is shown in words from the first day."""
    assert set(ACTION_NAMES) == set(AuditAction)


def test_the_newest_events_come_first_and_no_more_than_asked(ctx: Context):
    """The list is cut at its end, never at its beginning."""
    with ctx.database.writing() as session:
        for number in range(5):
            detail = {"number": number, "at": "x"}
            record(session, ctx.vault, "wang", AuditAction.CASE_OPEN, f"case:{number}", detail, ctx.clock())

    with ctx.database.reading() as session:
        events = newest_events(session, 3)

    assert [event.subject for event in events] == ["case:4", "case:3", "case:2"]
    assert (events[0].actor, events[0].action, events[0].detail) == ("wang", "立案", "at=x；number=4")
