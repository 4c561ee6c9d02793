"""Commands over what comes in: import, setaside."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from collector.errors import CollectorError
from config.context import Context
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
    from responder.console import print_description, print_intake, print_json, progress

    with opened() as ctx:
        when = posted_at.replace(tzinfo=ctx.profile.zone) if posted_at else None
        if dry_run:
            description = describe_file(ctx, file, channel, posted_at=when)
            if as_json:
                print_json(asdict(description))
            else:
                print_description(description)
            return
        began = ctx.clock()
        with progress("imported") as tell:
            counts = import_file(ctx, file, channel, posted_at=when, open_cases=open_cases, progress=tell)
        print_intake(counts, as_json=as_json)
        if counts.stored and not open_cases:
            _tell_older(ctx, channel, began)
    if counts.set_aside:
        sys.stderr.write(f"{counts.set_aside} items were set aside: see `wenzheng setaside list`\n")
        raise typer.Exit(1)


def _tell_older(ctx: Context, channel: str, began: datetime) -> None:
    """Say how many of the messages stored since *began* are too old for a case."""
    from responder.cases import too_old

    older, since = too_old(ctx, channel, began)
    if older:
        sys.stderr.write(f"{older} older than {since}: no case; --open-cases asks for one\n")


setaside = typer.Typer(help="What could not be read: look, try again, or drop.", no_args_is_help=True)
app.add_typer(setaside, name="setaside")

MOST_ID = 2**31 - 1  # What a number column of PostgreSQL holds.
Number = Annotated[int, typer.Argument(min=1, max=MOST_ID)]
Numbers = Annotated[
    list[int], typer.Argument(min=1, max=MOST_ID, metavar="NUMBER...", help="As `setaside list` shows them.")
]


@setaside.command("list")
def setaside_list(as_json: AsJson = False) -> None:
    """List what waits for a person."""
    from collector.setaside import list_set_aside
    from responder.console import print_json, print_table

    with opened() as ctx, ctx.database.reading() as session:
        rows = [
            (one.id, one.source, name, one.position, one.reason, one.detail) for one, name in list_set_aside(session)
        ]
    headers = ("id", "source", "file", "position", "reason", "detail")
    if as_json:
        print_json([dict(zip(headers, row, strict=True)) for row in rows])
    else:
        print_table(headers, rows)


@setaside.command("show")
def setaside_show(number: Number) -> None:
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
def setaside_retry(numbers: Numbers, as_json: AsJson = False) -> None:
    """Read items again from their stored bytes."""
    from collector.counts import Counts
    from responder.console import print_intake
    from responder.settling import retry_set_aside

    total = Counts()
    waiting: list[int] = []
    with opened() as ctx:

        def retry(number: int) -> None:
            counts = retry_set_aside(ctx, number)
            total.add(counts)
            if not counts.fetched:
                sys.stderr.write(f"{number}: there is nothing at its place any more; look at it, and drop it\n")
            if counts.set_aside or not counts.fetched:
                waiting.append(number)

        failed = _each(numbers, retry)
    print_intake(total, as_json=as_json)
    if failed or waiting:
        raise typer.Exit(1)


@setaside.command("drop")
def setaside_drop(numbers: Numbers) -> None:
    """Settle items without a message."""
    from responder.settling import drop_set_aside

    with opened() as ctx:

        def drop(number: int) -> None:
            drop_set_aside(ctx, number)
            typer.echo(f"dropped {number}; its bytes stay stored until they are purged")

        failed = _each(numbers, drop)
    if failed:
        raise typer.Exit(1)


def _each(numbers: Sequence[int], settle: Callable[[int], None]) -> bool:
    """Settle one after the other and return whether any was refused; a refusal keeps nothing from the others."""
    failed = False
    for number in numbers:
        try:
            settle(number)
        except CollectorError as error:
            sys.stderr.write(f"error: {error}\n")
            failed = True
    return failed
