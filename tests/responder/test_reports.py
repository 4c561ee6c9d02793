"""Editions of the weekly summary: frozen figures, versions, and files that appear whole or not at all."""

import json
import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from config.context import Context
from responder import audit
from responder.errors import EditionMissing, ReportFormatUnknown, ReportUnwritable, WeekNotBegun
from responder.reports import draft_edition, list_editions, load_edition, report
from responder.tables import AuditEvent
from responder.weeks import parse_week
from tests.conftest import FixedClock
from tests.factories import make_message, make_prediction
from tests.responder.weekly import LINYI, WEEK, linyi


def test_an_edition_stays_as_it_was_and_a_correction_is_a_new_version(ctx: Context, clock: FixedClock) -> None:
    """New data do not touch a drafted edition; drafting anew makes version 2 beside it."""
    make_message(ctx, received_at=linyi(11, 16))
    first = draft_edition(ctx, WEEK)
    make_message(ctx, received_at=linyi(11, 17))
    clock.set(linyi(11, 24))

    with ctx.database.reading() as session:
        assert load_edition(session, WEEK).figures == first.figures
    second = draft_edition(ctx, WEEK)

    assert (first.version, second.version) == (1, 2)
    assert second.figures["totals"]["total"]["value"] == 2
    with ctx.database.reading() as session:
        assert load_edition(session, WEEK).version == 2
        assert load_edition(session, WEEK, 1).figures == first.figures
        assert [(each.week, each.version) for each in list_editions(session)] == [("2026-W47", 2), ("2026-W47", 1)]


def test_the_list_tells_empty_weeks_and_drafts_within_the_week(ctx: Context, clock: FixedClock) -> None:
    """Each line says how many messages the week had and whether it was over."""
    clock.set(linyi(11, 18, 9))
    make_message(ctx, received_at=linyi(11, 16))
    draft_edition(ctx, WEEK)
    draft_edition(ctx, parse_week("1999-W35", LINYI))

    with ctx.database.reading() as session:
        told = [(each.week, each.messages, each.complete) for each in list_editions(session)]
    assert told == [("2026-W47", 1, False), ("1999-W35", 0, True)]


def test_unchanged_figures_give_the_same_edition(ctx: Context, clock: FixedClock) -> None:
    """Drafting again later, with nothing changed, returns the edition that is there and records nothing."""
    make_message(ctx, received_at=linyi(11, 16))
    first = draft_edition(ctx, WEEK)
    clock.set(linyi(12, 1))

    again = draft_edition(ctx, WEEK)

    assert (again.id, again.version, again.drafted_at) == (first.id, 1, first.drafted_at)
    with ctx.database.reading() as session:
        assert session.scalar(sa.select(sa.func.count(AuditEvent.id))) == 1


def test_within_the_week_time_alone_makes_no_version(ctx: Context, clock: FixedClock) -> None:
    """An hour later the same numbers are the same edition; the end of the week makes a new one."""
    clock.set(linyi(11, 18, 9))
    make_message(ctx, received_at=linyi(11, 16))
    draft_edition(ctx, WEEK)
    clock.set(linyi(11, 18, 10))
    assert draft_edition(ctx, WEEK).version == 1

    clock.set(linyi(11, 23, 1))

    assert draft_edition(ctx, WEEK).version == 2


def test_drafting_is_in_the_audit_with_the_hash_of_the_figures(ctx: Context) -> None:
    """The audit holds who drafted which week and version, and the chain is whole."""
    draft_edition(ctx, WEEK, actor="leader")

    with ctx.database.reading() as session:
        event = session.scalars(sa.select(AuditEvent)).one()
    assert (event.actor, event.action, event.subject) == ("leader", "report:draft", "report:2026-W47")
    assert event.detail["version"] == 1
    assert len(event.detail["figures_sha256"]) == 64
    assert audit.verify(ctx).ok


def test_an_edition_that_was_never_drafted_is_named(ctx: Context) -> None:
    """Asking for a missing week or version says which."""
    draft_edition(ctx, WEEK)
    with ctx.database.reading() as session:
        with pytest.raises(EditionMissing, match="2026-W46"):
            load_edition(session, WEEK.previous)
        with pytest.raises(EditionMissing, match="2026-W47 version 7"):
            load_edition(session, WEEK, 7)


def test_a_future_week_drafts_nothing(ctx: Context, tmp_path: Path) -> None:
    """A week that has not begun leaves neither edition nor file."""
    with pytest.raises(WeekNotBegun):
        report(ctx, parse_week("2026-W50", LINYI), "html", tmp_path / "out.html")

    assert list(tmp_path.glob("*.html")) == []
    with ctx.database.reading() as session:
        assert list_editions(session) == []


def test_the_json_file_holds_every_figure_and_no_text(ctx: Context, tmp_path: Path) -> None:
    """The file reads back as the frozen figures with version and moment, without titles or bodies."""
    message = make_message(ctx, received_at=linyi(11, 16), title="题目甲", body="内容甲")

    path = report(ctx, WEEK, "json", tmp_path / "out.json")

    text = path.read_text("utf-8")
    told = json.loads(text)
    assert told["version"] == 1
    assert told["drafted_at"] == "2026-11-23T02:00:00+00:00"
    assert told["totals"]["normal"]["rows"] == [message]
    assert "题目甲" not in text
    assert "内容甲" not in text


def test_restricted_text_reaches_neither_file(ctx: Context, tmp_path: Path) -> None:
    """A restricted message is one in the totals of both files, and its id, title and body are in none."""
    make_message(ctx, received_at=linyi(11, 16), title="可见标题")
    secret = make_message(ctx, received_at=linyi(11, 16), title="机密标题", body="机密内容", access="restricted")
    make_prediction(ctx, secret)

    page = report(ctx, WEEK, "html", tmp_path / "out.html").read_text("utf-8")
    figures = report(ctx, WEEK, "json", tmp_path / "out.json").read_text("utf-8")

    assert "可见标题" in page
    assert "限制查看1件" in page
    assert json.loads(figures)["restricted"] == 1
    assert "机密" not in page + figures
    assert f'rows": [{secret}]' not in figures


def test_other_formats_are_refused_by_name(ctx: Context, tmp_path: Path) -> None:
    """A format that is not written yet is refused before anything is drafted, naming those that are."""
    with pytest.raises(ReportFormatUnknown, match=r"docx.*html, json"):
        report(ctx, WEEK, "docx", tmp_path / "out.docx")

    with ctx.database.reading() as session:
        assert list_editions(session) == []


def test_a_folder_that_is_not_there_is_named(ctx: Context, tmp_path: Path) -> None:
    """A path that cannot be written is told with what to check."""
    with pytest.raises(ReportUnwritable, match="nowhere"):
        report(ctx, WEEK, "html", tmp_path / "nowhere" / "out.html")
    with pytest.raises(ReportUnwritable, match="not an ordinary file"):
        report(ctx, WEEK, "html", tmp_path)


def test_a_failed_write_leaves_the_earlier_file_and_no_rest(
    ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the disk fails before the rename, yesterday's file still stands and no unfinished one is left."""
    folder = tmp_path / "out"
    folder.mkdir()
    out = folder / "report.html"
    out.write_text("yesterday", "utf-8")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ReportUnwritable, match="No space left"):
        report(ctx, WEEK, "html", out)

    assert out.read_text("utf-8") == "yesterday"
    assert list(folder.iterdir()) == [out]


def test_writing_twice_replaces_the_file(ctx: Context, tmp_path: Path) -> None:
    """The second report of a week stands where the first stood."""
    out = tmp_path / "report.html"
    report(ctx, WEEK, "html", out)
    make_message(ctx, received_at=linyi(11, 16), title="后来的一件")

    report(ctx, WEEK, "html", out)

    text = out.read_text("utf-8")
    assert "后来的一件" in text
    assert "第2版" in text
