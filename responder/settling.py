"""Acts of the operator that change lower floors: each is done there and recorded in the audit here."""

from pathlib import Path

from sqlalchemy.orm import Session

from classifier import label_files
from classifier.versions import activate, rollback
from collector import setaside
from collector.counts import Counts
from config.calendars import read_calendar, store_calendar
from config.context import Context, Progress
from responder.audit import AuditAction, record
from responder.deadlines import recompute

OPERATOR = "cli"


def retry_set_aside(ctx: Context, aside_id: int) -> Counts:
    """Read a set-aside item once more; raises as `collector.setaside.retry` does."""
    counts = setaside.retry(ctx, aside_id)
    _note(ctx, AuditAction.SETASIDE_RETRY, f"setaside:{aside_id}", {"stored": counts.stored})
    return counts


def drop_set_aside(ctx: Context, aside_id: int) -> None:
    """Settle a set-aside item without a message; raises as `collector.setaside.drop` does."""
    setaside.drop(ctx, aside_id)
    _note(ctx, AuditAction.SETASIDE_DROP, f"setaside:{aside_id}", {})


def activate_model(ctx: Context, version: str) -> None:
    """Let a model version answer from now on; raises as `classifier.jobs.activate` does."""
    activate(ctx, version, by=OPERATOR)
    _note(ctx, AuditAction.MODEL_ACTIVATE, f"model:{version}", {})


def rollback_model(ctx: Context) -> str:
    """Go back to the model version that was active before and return it."""
    version = rollback(ctx, by=OPERATOR)
    _note(ctx, AuditAction.MODEL_ACTIVATE, f"model:{version}", {})
    return version


def import_labels(
    ctx: Context, path: Path, by: str, *, dry_run: bool = False, progress: Progress | None = None
) -> label_files.Imported:
    """Take labels from a table; raises as `classifier.label_files.import_labels` does.

    Each batch of labels is one event, committed with it; the subject names the content of the file by its hash.
    """

    def note(session: Session, content: str, stored: int) -> None:
        subject = f"labels:{content}"
        record(session, ctx.vault, OPERATOR, AuditAction.LABELS_IMPORT, subject, {"stored": stored}, ctx.clock())

    return label_files.import_labels(ctx, path, by, dry_run=dry_run, note=note, progress=progress)


def import_calendar(ctx: Context, path: Path) -> dict[str, int]:
    """Store a year's calendar and reckon anew the due dates it bears on, and the provisional ones.

    Returns:
        year; days: of the file; replaced: days of an earlier import of the year; and those of `recompute`.

    Raises:
        CalendarError: the file cannot be used; nothing was stored.
    """
    file = read_calendar(path)
    with ctx.database.writing() as session:
        replaced = store_calendar(session, file, path.name, ctx.clock())
        counts = {"days": len(file.days), "replaced": replaced}
        record(
            session,
            ctx.vault,
            OPERATOR,
            AuditAction.CALENDAR_IMPORT,
            f"calendar:{file.year}",
            counts,
            ctx.clock(),
        )
    return {"year": file.year, **counts, **recompute(ctx, year=file.year)}


def _note(ctx: Context, action: AuditAction, subject: str, detail: dict[str, int]) -> None:
    with ctx.database.writing() as session:
        record(session, ctx.vault, OPERATOR, action, subject, detail, ctx.clock())
