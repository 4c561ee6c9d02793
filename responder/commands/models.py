"""Commands of the classifier: classify, train, evaluate, models."""

import os
import signal
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from config.settings import load_settings
from responder.commands.base import AsJson, opened
from responder.commands.drift import models_drift

if TYPE_CHECKING:
    from classifier.tables import ModelVersion

app = typer.Typer()


def _pairs(mapping: list[str]) -> dict[str, str]:
    pairs = dict(pair.split("=", 1) for pair in mapping if "=" in pair)
    if len(pairs) != len(mapping):
        raise typer.BadParameter("write --map OLD=NEW")
    return pairs


NOTHING_IN_IT = ("empty-row", "no-text", "repeated-header")
"""Why a row may be left out without anything being lost."""


@app.command()
def classify(
    file: Annotated[Path | None, typer.Argument(help="Without it: every pending message.")] = None,
    out: Annotated[Path | None, typer.Option(help="CSV to write; needed with FILE, and another file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Classify what is pending and open its cases, or classify a file into a CSV (which needs no home).

    Ends with 1 if a row of the file could not be read; `skipped_REASON` says how many and why.
    """
    from responder.console import print_counts, progress

    if (file is None) != (out is None):
        raise typer.BadParameter("FILE and --out go together")
    with progress("classified") as tell:
        if file is not None and out is not None:
            from classifier.files import classify_file

            counts = classify_file(load_settings(), file, out, progress=tell)
        else:
            from classifier.jobs import classify_pending
            from responder.cases import open_cases

            with opened() as ctx:
                counts = classify_pending(ctx, progress=tell) | open_cases(ctx)
    print_counts(counts, as_json=as_json)
    if any(name.startswith("skipped_") and name.removeprefix("skipped_") not in NOTHING_IN_IT for name in counts):
        raise typer.Exit(1)


@app.command()
def train(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Tables; a column named after a question is its label.")
    ] = None,
    mapping: Annotated[
        list[str] | None, typer.Option("--map", help="OLD=NEW, rename a label; may be repeated.")
    ] = None,
    question: Annotated[str | None, typer.Option("--as", help="Which question the column `label` answers.")] = None,
    if_new: Annotated[
        bool, typer.Option("--if-new", help="Exit code 0 also where every label was learned already.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train a candidate from files, or from what people said, and compare it with the version in service.

    A fifth of the labelled texts is kept aside for comparing and never learned. Nothing is activated. No date
    column is needed.
    """
    from classifier.candidates import train_candidate
    from classifier.errors import NothingNew
    from responder.console import print_json, progress
    from responder.service import follow_parent

    follow_parent(partial(os.kill, os.getpid(), signal.SIGTERM))
    try:
        with opened() as ctx, progress("questions learned") as tell:
            report = train_candidate(ctx, files or [], rename=_pairs(mapping or []), question=question, progress=tell)
    except NothingNew as error:
        if not if_new:
            raise
        report = {"version": None, "reason": error.what}
    if as_json:
        print_json(report)
    else:
        _print_training(report)


def _print_training(report: Mapping[str, Any]) -> None:
    from classifier.comparing import told
    from responder.console import out

    if report["version"] is None:
        out.print(report["reason"], markup=False)
        return
    lines = [f"version: {report['version']}" + (", known already from the same data" if report["again"] else "")]
    for question, figures in report["learned"].items():
        lines.append(
            f"{question}: accuracy {figures['accuracy']:.3f}, macro-F1 {figures['macro_f1']:.3f}"
            f" on {figures['rows']} new rows, held out"
        )
        if before := figures["base"]:
            lines.append(
                f"  the version in service on the same rows: accuracy {before['accuracy']:.3f},"
                f" macro-F1 {before['macro_f1']:.3f}"
            )
        lines.append(f"  on {report['aside'][question]} rows kept aside: {_compared(report['compared'].get(question))}")
    lines += [f"{question}: not learned, {reason}" for question, reason in report["left_out"].items()]
    for question, number in report["copies"].items():
        lines.append(f"{question}: {number} rows not learned, because the same text is kept aside")
    for name, counts in report["rows"].items():
        used = ", ".join(f"{number} for {question}" for question, number in counts["used"].items())
        lines.append(f"{name}: {counts['rows']} rows, used {used}")
        others = ("without_label", "without_text", "unreadable", "contradictions")
        lines += [f"  {key.replace('_', ' ')}: {counts[key]}" for key in others if counts[key]]
        lines += [f"    {reason}: {number}" for reason, number in counts["faults"].items()]
        lines += [f"  no answer of ours: {label} {number}" for label, number in counts["unknown_labels"].items()]
    lines += [
        f"proposed: {told(report['compared'])}",
        f"next: wenzheng models compare {report['base']} {report['version']}",
        f"      wenzheng models activate {report['version']}",
    ]
    for line in lines:
        out.print(line, markup=False)


def _compared(found: Mapping[str, Any] | None) -> str:
    """Return what the rows kept aside say of a candidate, beside the version in service."""
    from classifier.comparing import TOO_FEW, in_points

    if found is None:
        return "not compared, only the candidate answers this question"
    if found["verdict"] == TOO_FEW:
        return f"{TOO_FEW} to compare, {found['least_rows']} are needed"
    low, high = (100 * bound for bound in found["interval"])
    before, now = found["serving"]["accuracy"], found["candidate"]["accuracy"]
    return (
        f"{found['verdict']} than the version in service, "
        if found["verdict"] in ("better", "worse")
        else f"{found['verdict']}, "
    ) + f"accuracy {now:.3f} instead of {before:.3f} ({in_points(found)}, 95 % between {low:+.1f} and {high:+.1f})"


@app.command()
def evaluate(
    file: Path,
    question: Annotated[str, typer.Option(help="category, owner, kind, sentiment, emotion or urgency.")],
    mapping: Annotated[
        list[str] | None, typer.Option("--map", help="OLD=NEW, rename a label; may be repeated.")
    ] = None,
) -> None:
    """Measure the model on a labelled file: per class, macro-F1, abstention curve (JSON).

    Figures on rows that the model learned are too good: give rows it has never seen.
    """
    from classifier.files import evaluate_file
    from responder.console import print_json

    print_json(evaluate_file(load_settings(), file, question, rename=_pairs(mapping or [])))


models = typer.Typer(help="Model versions: look, compare, activate, go back.", no_args_is_help=True)
app.add_typer(models, name="models")
models.command("drift")(models_drift)


@models.command("list")
def models_list(as_json: AsJson = False) -> None:
    """List model versions, newest first, with what was found about those that wait for a person."""
    from classifier.versions import list_versions
    from responder.console import print_json, print_table

    with opened() as ctx, ctx.database.reading() as session:
        versions = list_versions(session)
        serving = next((one.version for one in versions if one.active), None)
        rows = [
            (one.version, _state(one, serving), one.created_at.isoformat(timespec="seconds"), one.activated_by)
            for one in versions
        ]
    headers = ("version", "state", "created", "activated by")
    if as_json:
        print_json([dict(zip(headers, row, strict=True)) for row in rows])
    else:
        print_table(headers, rows)


def _state(version: "ModelVersion", serving: str | None) -> str:
    """Return where a version stands; a comparison with another version than the one in service says with which."""
    from classifier.proposals import proposal_of

    if version.active:
        return "active"
    proposal = proposal_of(version)
    if proposal is None or version.activated_at is not None:
        return ""
    return f"proposed: {proposal.told()}" + ("" if proposal.base == serving else f" (than {proposal.base})")


@models.command("compare")
def models_compare(first: str, second: str) -> None:
    """Compare two versions (JSON), the second with the first.

    Under `compared` and `labelled` both are on the same messages of this home, which are kept aside and were
    never learned; under `trained` each as it was measured at training, on rows that `measured_on` names.
    """
    from classifier.candidates import compare_versions
    from responder.console import print_json

    with opened() as ctx:
        print_json(compare_versions(ctx, first, second))


@models.command("activate")
def models_activate(version: str) -> None:
    """Let a version answer from now on."""
    from responder.settling import activate_model

    with opened() as ctx:
        activate_model(ctx, version)
    typer.echo(f"active: {version}")


@models.command("rollback")
def models_rollback() -> None:
    """Go back to the version that was active before; doing so twice returns to the present one."""
    from responder.settling import rollback_model

    with opened() as ctx:
        typer.echo(f"active: {rollback_model(ctx)} (rollback again returns; `models activate VERSION` for any other)")
