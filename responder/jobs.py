"""The responder's jobs, as the worker's job table calls them: the context in, counts out."""

from config.context import Context, Progress
from responder import audit, cases, deadlines, reports, retraining
from responder.weeks import week_of


def open_cases(ctx: Context) -> dict[str, int]:
    """Open cases for the messages that need one; see `cases.open_cases`."""
    return cases.open_cases(ctx)


def export_audit_head(ctx: Context) -> dict[str, int]:
    """Write the end of the audit chain outside the database; see `audit.export_head`."""
    return audit.export_head(ctx)


def recompute_deadlines(ctx: Context) -> dict[str, int]:
    """Reckon provisional due dates anew; see `deadlines.recompute`."""
    return deadlines.recompute(ctx)


def draft_weekly_report(ctx: Context) -> dict[str, int]:
    """Draft the summary of the week that has ended, once; later changes are drafted by hand as a new version."""
    week = week_of(ctx.clock(), ctx.profile.zone).previous
    with ctx.database.reading() as session:
        if any(edition.week == week.label for edition in reports.list_editions(session)):
            return {"drafted": 0}
    reports.draft_edition(ctx, week)
    return {"drafted": 1}


def retrain(ctx: Context, progress: Progress | None = None) -> dict[str, int]:
    """Train a proposal at night, when enough is new; see `retraining.retrain`."""
    return retraining.retrain(ctx, progress)
