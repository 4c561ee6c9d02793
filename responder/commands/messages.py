"""Commands over what comes in: import, setaside."""

import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from responder.commands.base import AsJson, opened

app = typer.Typer()


@app.command("import")
def import_(
    file: Path,
    channel: Annotated[str, typer.Option(help="The channel's id in the profile.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell how the file is read; store nothing.")] = False,
    posted_at: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="Date of rows without one.")
    ] = None,
    open_cases: Annotated[bool, typer.Option("--open-cases", help="Open cases whatever the messages' age.")] = False,
    as_json: AsJson = False,
) -> None:
    """Import a workbook, CSV, mail or JSON file into a channel."""
    from collector.importing import describe_file, import_file
    from responder.console import print_counts, print_description, print_json, progress

    with opened() as ctx:
        when = posted_at.replace(tzinfo=ctx.profile.zone) if posted_at else None
        if dry_run:
            description = describe_file(ctx, file, channel, posted_at=when)
            if as_json:
                print_json(asdict(description))
            else:
                print_description(description)
            return
        with progress("imported") as tell:
            counts = import_file(ctx, file, channel, posted_at=when, open_cases=open_cases, progress=tell)
    print_counts(counts.as_dict(), as_json=as_json)
    if counts.set_aside:
        sys.stderr.write(f"{counts.set_aside} items were set aside: see `wenzheng setaside list`\n")
        raise typer.Exit(1)


setaside = typer.Typer(help="What could not be read: look, try again, or drop.", no_args_is_help=True)
app.add_typer(setaside, name="setaside")


@setaside.command("list")
def setaside_list(as_json: AsJson = False) -> None:
    """List what waits for a person."""
    from collector.setaside import list_set_aside
    from responder.console import print_json, print_table

    with opened() as ctx, ctx.database.reading() as session:
        rows = [(one.id, one.source, one.position, one.reason, one.detail) for one in list_set_aside(session)]
    headers = ("id", "source", "position", "reason", "detail")
    if as_json:
        print_json([dict(zip(headers, row, strict=True)) for row in rows])
    else:
        print_table(headers, rows)


@setaside.command("show")
def setaside_show(number: int) -> None:
    """Show one item: where it came from, and why it stands aside."""
    from collector.setaside import get_set_aside

    with opened() as ctx, ctx.database.reading() as session:
        row, name = get_set_aside(session, number)
        for label, value in (
            ("from", f"{name} ({row.source})"),
            ("position", row.position or "the whole file"),
            ("reason", row.reason),
            ("detail", row.detail),
            ("attempts", row.strikes),
            ("state", row.state),
            ("since", row.created_at.astimezone(ctx.profile.zone).isoformat(" ", "minutes")),
        ):
            typer.echo(f"{label:<10}{value}")


@setaside.command("retry")
def setaside_retry(number: int, as_json: AsJson = False) -> None:
    """Read one item again from its stored bytes."""
    from responder.console import print_counts
    from responder.settling import retry_set_aside

    with opened() as ctx:
        counts = retry_set_aside(ctx, number)
    print_counts(counts.as_dict(), as_json=as_json)
    if counts.set_aside:
        raise typer.Exit(1)


@setaside.command("drop")
def setaside_drop(number: int) -> None:
    """Settle one item without a message."""
    from responder.settling import drop_set_aside

    with opened() as ctx:
        drop_set_aside(ctx, number)
    typer.echo(f"dropped {number}; its bytes stay stored until they are purged")
