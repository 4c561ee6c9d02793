"""Commands over cases and time: queue, due, calendar, report."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from config.context import Context
from config.settings import load_settings
from responder.commands.base import AsJson, opened

app = typer.Typer()


def show_queue(ctx: Context, *, limit: int | None, as_json: bool = False) -> None:
    """Print the triage list as everyone may see it."""
    from collector.access import EVERYONE
    from responder.console import print_json, print_queue
    from responder.queue import counts, hidden_restricted, triage

    with ctx.database.reading() as session:
        rows = triage(session, EVERYONE, ctx.profile, ctx.clock(), limit)
        states, hidden = counts(session, EVERYONE), hidden_restricted(session, EVERYONE)
    if as_json:
        print_json({"rows": [asdict(row) for row in rows], "counts": states, "restricted": hidden})
    else:
        print_queue(rows, states, hidden, ctx.profile.zone)


@app.command()
def queue(
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many rows.")] = None, as_json: AsJson = False
) -> None:
    """Print today's triage list: overdue first, then urgency, then due date."""
    with opened() as ctx:
        show_queue(ctx, limit=limit, as_json=as_json)


@app.command()
def due(
    clock: Annotated[str, typer.Option(help="The clock's id in the profile.")],
    start: Annotated[
        datetime,
        typer.Option(
            "--from", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="Day of receipt; with a time for clocks in hours."
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Reckon a due date and explain it; a home is used for its imported calendars, if there is one."""
    from config.calendars import load_calendar
    from config.profile import load_profile
    from responder.console import print_json
    from responder.deadlines import due as reckon
    from responder.deadlines import explain

    settings = load_settings()
    profile = load_profile(settings.profile)
    moment = start.replace(tzinfo=profile.zone)
    if settings.database_url is None and not settings.home.exists():
        found = reckon(clock, moment, profile, load_calendar(None))
    else:
        with opened(settings) as ctx, ctx.database.reading() as session:
            found = reckon(clock, moment, profile, load_calendar(session))
    if as_json:
        print_json({**asdict(found), "rule": found.rule.model_dump(mode="json", by_alias=True)})
    else:
        typer.echo(explain(found))


calendar = typer.Typer(help="Working-day calendars.", no_args_is_help=True)
app.add_typer(calendar, name="calendar")


@calendar.command("import")
def calendar_import(file: Path, as_json: AsJson = False) -> None:
    """Take in a year's days off and make-up working days, and reckon provisional due dates anew."""
    from responder.console import print_counts
    from responder.settling import import_calendar

    with opened() as ctx:
        counts = import_calendar(ctx, file)
    print_counts(counts, as_json=as_json)


@app.command()
def report(
    week: Annotated[str, typer.Option(help="ISO week such as 2026-W47.")],
    out: Annotated[Path, typer.Option(help="File to write.")],
    form: Annotated[str, typer.Option("--format", help="html or json.")] = "html",
) -> None:
    """Draft the weekly summary and write it to a file."""
    from responder import reports
    from responder.weeks import parse_week

    with opened() as ctx:
        path = reports.report(ctx, parse_week(week, ctx.profile.zone), form, out)
    typer.echo(str(path))
