"""The command that shows how confidence and shares of answers move."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from responder.commands.base import AsJson, opened

if TYPE_CHECKING:
    from classifier.drift_look import Drift
    from classifier.shifts import Figures


def models_drift(
    to: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Last day of the week looked at. Default: yesterday."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare a week's answers with the four weeks before: confidence, share left to people, shares of answers."""
    from classifier.drift import watch_drift
    from classifier.drift_look import look
    from responder.console import print_json

    with opened() as ctx:
        watch_drift(ctx)
        drift = look(ctx, to.date() if to else None)
    if as_json:
        print_json(drift.as_json())
    else:
        _print(drift)


def _print(drift: "Drift") -> None:
    from responder.console import out, print_table

    if drift.version is None:
        out.print("no model has answered yet")
        return
    week, reference = drift.week, drift.reference
    out.print(f"{drift.version}, {_days(week.first, week.last)}", markup=False)
    if reference is None:
        out.print("nothing to compare with: this version has not yet answered for a whole week before these days")
    else:
        out.print(f"compared with {_days(reference.first, reference.last)}")
        print_table(("question", "messages", "confidence", "left to people", "largest moves"), _rows(drift.figures))
        few = [figure.question for figure in drift.figures if not figure.compared]
        if few:
            least = drift.as_json()["least"]
            needed = f"{least['before']} before and {least['now']} now are needed"
            out.print(f"too few messages to tell: {', '.join(few)} ({needed})")
        for finding in drift.findings:
            out.print(f"moved: {finding.words()}", markup=False)
        if not drift.findings and len(few) < len(drift.figures):
            out.print("nothing moved beyond the thresholds")
    if drift.restricted_now or drift.restricted_before:
        out.print(f"restricted, in none of the figures: {drift.restricted_before} before, {drift.restricted_now} now")
    if drift.switch:
        switch = drift.switch
        out.print(
            f"\n{switch.now} took the place of {switch.before} on {switch.on}; both on the messages of"
            f" {_days(switch.days.first, switch.days.last)}. These moves are the model's, not the public's.",
            markup=False,
        )
        print_table(("question", "messages", "confidence", "left to people", "largest moves"), _rows(switch.figures))


def _rows(figures: "Sequence[Figures]") -> list[tuple[str, ...]]:
    return [
        (
            figure.question,
            f"{figure.messages_before} → {figure.messages_now}",
            _both(figure.confidence_before, figure.confidence_now, ".2f"),
            _both(figure.abstained_before, figure.abstained_now, ".0%"),
            ", ".join(f"{move.value} {move.before:.0%} → {move.now:.0%}" for move in figure.moves),
        )
        for figure in figures
    ]


def _both(before: float | None, now: float | None, form: str) -> str:
    return " → ".join("–" if one is None else format(one, form) for one in (before, now))


def _days(first: date, last: date) -> str:
    return f"{first} to {last}"
