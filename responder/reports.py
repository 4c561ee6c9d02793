"""Editions of the weekly summary (民情周报): figures frozen when drafted, and files written from them."""

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collector.access import EVERYONE
from config.context import Context
from responder.audit import SYSTEM, AuditAction, record
from responder.errors import EditionMissing, ReportFormatUnknown, ReportUnwritable
from responder.locks import Turn, take_turn
from responder.report_figures import Figures, weekly_figures
from responder.report_page import annex_lines, render_html
from responder.tables import WeeklyReport
from responder.weeks import Week, parse_week, week_of

__all__ = [
    "FORMATS",
    "EditionEntry",
    "Week",
    "draft_edition",
    "edition_html",
    "edition_json",
    "list_editions",
    "load_edition",
    "parse_week",
    "report",
    "week_of",
    "weekly_figures",
]

FORMATS = ("html", "json")


@dataclass(frozen=True)
class EditionEntry:
    """One line of the list of editions; the figures are not loaded for it.

    Attributes:
        messages: how many messages the week had when it was drafted.
        complete: the week was over when it was drafted.
    """

    week: str
    version: int
    drafted_at: datetime
    messages: int
    complete: bool


def draft_edition(ctx: Context, week: Week, *, actor: str = SYSTEM) -> WeeklyReport:
    """Freeze the figures of a week as a new edition, or return the newest one if nothing has changed since.

    An earlier edition is never altered: a correction is a version of its own.

    Args:
        actor: user name of who asked for it, for the audit.

    Raises:
        WeekNotBegun: the week lies in the future.
    """
    now = ctx.clock()
    # Counting a large week takes seconds; nobody else should wait for the write lock meanwhile.
    with ctx.database.reading() as session:
        figures = weekly_figures(session, ctx.profile, week, EVERYONE, now)
    with ctx.database.writing() as session:
        # Two who draft the same week at once come one after the other, so that the second finds the first's.
        take_turn(session, Turn.AUDIT)
        newest = session.scalar(_editions(week).limit(1))
        if newest is not None and _substance(newest.figures) == _substance(figures):
            return newest
        edition = WeeklyReport(
            week=week.label,
            version=newest.version + 1 if newest else 1,
            figures=figures,
            drafted_at=now,
        )
        session.add(edition)
        session.flush()
        detail = {"version": edition.version, "figures_sha256": _sha256(figures)}
        record(session, ctx.vault, actor, AuditAction.REPORT_DRAFT, f"report:{week.label}", detail, now)
        return edition


def load_edition(session: Session, week: Week, version: int | None = None) -> WeeklyReport:
    """Return an edition as it was frozen; without a version the newest.

    Raises:
        EditionMissing: the week, or this version of it, was never drafted.
    """
    query = _editions(week)
    if version is not None:
        query = query.where(WeeklyReport.version == version)
    edition = session.scalar(query.limit(1))
    if edition is None:
        item = week.label if version is None else f"{week.label} version {version}"
        raise EditionMissing("there is no such edition", item=item, todo="Draft it with `wenzheng report`.")
    return edition


def list_editions(session: Session) -> list[EditionEntry]:
    """Return every edition, newest week and version first."""
    columns = (
        WeeklyReport.week,
        WeeklyReport.version,
        WeeklyReport.drafted_at,
        WeeklyReport.figures["totals", "total", "value"].as_integer(),
        WeeklyReport.figures["week", "complete"].as_boolean(),
    )
    query = sa.select(*columns).order_by(WeeklyReport.week.desc(), WeeklyReport.version.desc())
    return [EditionEntry(*row) for row in session.execute(query)]


def report(ctx: Context, week: Week, format: str, out: Path) -> Path:
    """Draft the week if its figures have changed, and write the newest edition to a file.

    The file appears whole or not at all.

    Args:
        format: one of `FORMATS`.

    Returns:
        The path that was written.

    Raises:
        ReportFormatUnknown: another format.
        ReportUnwritable: the file could not be written; the edition is kept.
        WeekNotBegun: the week lies in the future.
    """
    if format not in FORMATS:
        raise ReportFormatUnknown(
            "the summary is not written in this format", item=format, todo=f"Take one of: {', '.join(FORMATS)}."
        )
    edition = draft_edition(ctx, week)
    if format == "json":
        text = edition_json(edition)
    else:
        with ctx.database.reading() as session:
            text = edition_html(session, edition, standalone=True)
    _write_whole(out, text)
    return out


def edition_html(session: Session, edition: WeeklyReport, *, standalone: bool) -> str:
    """Return the page of an edition: its frozen figures, and the titles that everyone may read now."""
    lines = annex_lines(session, edition.figures)
    return render_html(
        edition.figures,
        standalone=standalone,
        version=edition.version,
        drafted_at=edition.drafted_at,
        lines=lines,
    )


def edition_json(edition: WeeklyReport) -> str:
    """Return an edition as JSON: its figures with every id, and no message's text."""
    head = {"version": edition.version, "drafted_at": edition.drafted_at.isoformat()}
    return json.dumps(head | edition.figures, ensure_ascii=False) + "\n"


def _editions(week: Week) -> sa.Select[WeeklyReport]:
    query = sa.select(WeeklyReport).where(WeeklyReport.week == week.label)
    return query.order_by(WeeklyReport.version.desc())


def _substance(figures: Mapping[str, Any]) -> Figures:
    """Return the figures without the moment they were counted at.

    Within a week that moment is another at every draft, and would alone make a new version.
    """
    week = {key: value for key, value in figures["week"].items() if key != "as_of"}
    cases = {key: value for key, value in figures["cases"].items() if key not in ("as_of", "due_until")}
    return {**figures, "week": week, "cases": cases}


def _sha256(figures: Figures) -> str:
    text = json.dumps(figures, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _write_whole(out: Path, text: str) -> None:
    # Beside its target, because a rename is atomic within one file system only.
    unfinished = out.parent / f".{secrets.token_hex(8)}.tmp"
    try:
        if out.exists() and not out.is_file():
            raise ReportUnwritable("this is not an ordinary file", item=str(out), todo="Name a file to write to.")
        try:
            with unfinished.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(out)
        except BaseException:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ReportUnwritable(
            f"the file cannot be written ({error.strerror or type(error).__name__})",
            item=str(out),
            todo="Check that the folder exists, has room and may be written by this user.",
        ) from error
