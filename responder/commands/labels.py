"""Commands over labels, what people say is true: export, import, what to label next."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from responder.commands.base import AsJson, opened

app = typer.Typer()
labels = typer.Typer(help="What people say is true: out, in, and what to label next.", no_args_is_help=True)
app.add_typer(labels, name="labels")

_QUESTIONS = "category, owner, kind, sentiment, emotion or urgency."


@labels.command("export")
def labels_export(
    out: Annotated[Path, typer.Argument(help="CSV to write.")],
    question: Annotated[str | None, typer.Option(help=f"Only labels of this question: {_QUESTIONS}")] = None,
    text: Annotated[bool, typer.Option("--text", help="With title and body, masked.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the labels that count as CSV, one row a message and question; restricted messages are left out."""
    from classifier.label_files import export_labels
    from responder.console import print_counts

    with opened() as ctx:
        counts = export_labels(ctx, out, question=question, with_text=text)
    print_counts(counts, as_json=as_json)


@labels.command("import")
def labels_import(
    file: Path,
    by: Annotated[str, typer.Option(help="Who says so; stored with each label.")] = "cli",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be stored; store nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take labels from a table: an id, and question and value or columns named after questions."""
    from dataclasses import asdict

    from classifier.label_files import REFUSED
    from responder.console import print_counts, print_json, progress
    from responder.settling import import_labels

    with opened() as ctx, progress("labels") as tell:
        result = import_labels(ctx, file, by, dry_run=dry_run, progress=tell)
    if as_json:
        refused = [asdict(one) for one in result.refused]
        print_json({**result.counts, "dry_run": dry_run, "refused": refused, "notes": result.notes})
    else:
        counts = {key: number for key, number in result.counts.items() if number or key not in REFUSED}
        print_counts(counts, as_json=False)
        for line in result.notes:
            sys.stderr.write(f"note: {line}\n")
        for one in result.refused:
            sys.stderr.write(f"{one.row}: {one.reason}, {one.detail}\n")
        if result.refusals > len(result.refused):
            sys.stderr.write(f"and {result.refusals - len(result.refused)} more rows were refused\n")
        if dry_run:
            typer.echo("nothing was stored")
    if result.refusals:
        raise typer.Exit(1)


@labels.command("next")
def labels_next(
    question: Annotated[str, typer.Option(help=_QUESTIONS)] = "owner",
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many messages.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the messages from whose labels the model would learn most, the most useful first."""
    from classifier.asking import most_useful
    from collector.access import EVERYONE
    from responder.console import print_json, print_table

    with opened() as ctx:
        rows = [
            (one.external_id, one.source, one.channel, one.guess, one.confidence, one.title)
            for one in most_useful(ctx, question, limit, EVERYONE)
        ]
    headers = ("id", "source", "channel", "guess", "confidence", "title")
    if as_json:
        print_json([dict(zip(headers, row, strict=True)) for row in rows])
    elif rows:
        print_table(headers, rows)
    else:
        typer.echo("nothing to label: every message with an answer has its label, or `wenzheng classify` comes first")
