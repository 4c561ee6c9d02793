"""Commands over live sources: collect, source."""

import sys
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from responder.commands.base import AsJson, opened

app = typer.Typer()
source = typer.Typer(
    help="Live sources: how they stand, a look at one, a suggestion for a new one.", no_args_is_help=True
)
app.add_typer(source, name="source")


@app.command()
def collect(
    sources: Annotated[list[str] | None, typer.Argument(metavar="[SOURCE]...", help="Ids; none: all.")] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Look at everything since this day again.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Collect from live sources now, whether or not they rest after failures."""
    from collector.collecting import collect as collect_one
    from collector.collecting import find_source
    from collector.counts import Counts
    from collector.errors import SourceFailed
    from collector.standing import last_counts
    from responder.console import print_intake, print_json, progress

    total, each, failed = Counts(), {}, False
    with opened() as ctx:
        named = [find_source(ctx.profile, one).id for one in dict.fromkeys(sources or [])]
        for source_id in named or [one.id for one in ctx.profile.sources]:
            try:
                with progress(source_id) as tell:
                    counts = collect_one(ctx, source_id, since=since.date() if since else None, progress=tell)
            except SourceFailed as error:
                sys.stderr.write(f"error: {source_id}: {error}\n")
                failed = True
                counts = last_counts(ctx, source_id)
            each[source_id] = counts.as_dict()
            total.add(counts)
        if not ctx.profile.sources:
            sys.stderr.write("the profile has no live source; docs/sources.md tells how to describe one\n")
    if as_json:
        print_json(total.as_dict() | {"sources": each})
    else:
        print_intake(total, as_json=False)
    if total.set_aside:
        sys.stderr.write(f"{total.set_aside} items were set aside: see `wenzheng setaside list`\n")
    if failed or total.set_aside:
        raise typer.Exit(1)


@source.command("list")
def source_list(as_json: AsJson = False) -> None:
    """List the sources: last good run, counts, last failure, next run."""
    from collector.standing import standings
    from responder.console import print_json

    with opened() as ctx:
        rows, zone, now = standings(ctx), ctx.profile.zone, ctx.clock()
    if as_json:
        print_json([asdict(row) | {"lag": None if row.lag is None else row.lag.total_seconds()} for row in rows])
        return
    for row in rows:
        typer.echo(f"{row.id}  {row.kind} -> {row.channel}  {row.messages} messages")
        counts = ", ".join(f"{name} {number}" for name, number in row.counts.items() if number) or "nothing"
        when = "due" if row.next_at <= now else _moment(row.next_at, zone)
        good = "never" if row.good_at is None else f"{_moment(row.good_at, zone)}, {_span(row.lag)} ago"
        typer.echo(f"    good run  {good}")
        typer.echo(f"    last run  {counts}")
        typer.echo(f"    next run  {when}")
        if row.waiting:
            typer.echo(f"    waiting   {row.waiting} rows whose page could not be read; the next runs try again")
        if row.error:
            typer.echo(f"    fault     {row.error}" + (f"  ({row.failures} in a row)" if row.failures > 1 else ""))


@source.command("try")
def source_try(
    source_id: Annotated[str, typer.Argument(metavar="SOURCE")],
    from_: Annotated[
        Path | None, typer.Option("--from", metavar="FOLDER", help="Read a saved fixture; ask nobody.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch one page and a few letters of a source, show what each field caught, and store no message."""
    from collector.trying import lines, try_source
    from responder.console import print_json

    with opened() as ctx:
        trial = try_source(ctx, source_id, from_fixture=from_)
    if as_json:
        print_json(asdict(trial))
    else:
        for line in lines(trial):
            typer.echo(line)


@source.command("propose")
def source_propose(url: str) -> None:
    """Look at a page and print a block for the profile that describes it as a source."""
    from collector.propose import propose_site

    with opened() as ctx:
        proposal = propose_site(ctx, url)
    typer.echo(proposal.toml)
    if not proposal.recognised:
        sys.stderr.write("no list of messages was recognised; the block has to be filled in by hand\n")
        raise typer.Exit(1)


def _moment(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


def _span(span: timedelta | None) -> str:
    if span is None:
        return ""
    minutes = int(span.total_seconds()) // 60
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h" if minutes < 2880 else f"{minutes // 1440} d"
