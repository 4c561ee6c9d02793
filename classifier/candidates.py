"""Proposing a new version from what people said, and comparing two versions. Nothing here activates."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from classifier.corpus import Example, gather, label_examples
from classifier.errors import TrainingDataError
from classifier.labelled import how_to_map, read_labelled, said_unknown
from classifier.owners import fitted
from classifier.predict import TextIn, predict
from classifier.store import QUESTIONS, Bundle, save_bundle
from classifier.versions import active_version, bundle_of, find_version, models_folder, register
from config.context import Context, Progress
from config.profile import Profile

SEED = 20261123


def train_candidate(
    ctx: Context,
    files: Sequence[Path],
    *,
    rename: Mapping[str, str] | None = None,
    question: str | None = None,
    progress: Progress | None = None,
    seed: int = SEED,
) -> dict[str, Any]:
    """Learn from labels in the database and from tables, on top of the version in service, and register it.

    Questions without anything new keep what they were. The same data gives the same version again.

    Args:
        files: tables with a column named after a question, or one label column that `question` names.
        rename: label in the file -> our label.

    Returns:
        version, and `base`, the version in service; `learned`: for each question rows, accuracy and macro_f1
        of the new rows in held-out folds, and `base`, the figures of the version in service on the same rows;
        `left_out`, why a question was not learned; `rows`, what became of each file's rows.

    Raises:
        TrainingDataError: no question can be learned.
        FileRefused: a file cannot be read.
        ModelError: the version in service cannot be used.
    """
    from classifier.training import LEAST_OF_LABEL, LEAST_ROWS, check_examples, digest_of, train_bundle

    new: dict[str, list[Example]] = {name: [] for name in QUESTIONS}
    rows: dict[str, Any] = {}
    for path in files:
        labelled = read_labelled(ctx.settings, ctx.profile, path, rename=rename, question=question)
        rows[path.name] = labelled.counts
        for name, examples in labelled.examples.items():
            if name in new:
                new[name] += examples
    with ctx.database.reading() as session:
        for name in QUESTIONS:
            new[name] += label_examples(session, name, ctx.profile)
    serving = active_version(ctx)
    base = fitted(bundle_of(ctx, serving), ctx.profile)
    learned: dict[str, list[Example]] = {}
    left_out: dict[str, str] = {}
    for name, examples in new.items():
        if not examples:
            continue
        together = gather(name, ctx.profile, measured=False) + examples
        try:
            check_examples(name, together)
        except TrainingDataError as error:
            left_out[name] = error.what
            continue
        if base.questions[name].notes.get("data") != digest_of(together):
            learned[name] = together
        else:
            left_out[name] = "unchanged since the version in service was trained"
    if not learned:
        unknown = {label: number for counts in rows.values() for label, number in counts["unknown_labels"].items()}
        said = [f"{name}: {reason}" for name, reason in left_out.items()]
        said += [f"labels that are no answer: {said_unknown(unknown)}"] if unknown else []
        raise TrainingDataError(
            "nothing to learn: " + ("; ".join(said) or "no labelled rows"),
            item=", ".join(path.name for path in files) or "labels",
            todo=f"At least {LEAST_ROWS} rows are needed, and two labels with {LEAST_OF_LABEL} rows each. "
            + (how_to_map(unknown) if unknown else "Give a table with a column named after a question."),
        )
    questions = train_bundle(learned, base, seed, progress)
    path = save_bundle(questions, models_folder(ctx), prefix=f"{ctx.clock():%Y%m%d}")
    version = register(ctx, path)
    figures = {
        name: {
            **{key: questions[name].notes["held_out"][key] for key in ("rows", "accuracy", "macro_f1")},
            "base": questions[name].notes.get("base"),
        }
        for name in learned
    }
    return {
        "version": version.version,
        "base": serving.version,
        "learned": figures,
        "left_out": left_out,
        "rows": rows,
    }


def compare_versions(ctx: Context, first: str, second: str) -> dict[str, Any]:
    """Return the figures of two versions: at training, and on every labelled message of this home.

    `trained` holds for each version and question the held-out figures and, as `measured_on`, on which rows they
    were taken: figures on different rows say nothing of each other. Where a question was learned on top of
    another version, `base` is what that one reached on the same rows. `labelled` measures both on the same rows.

    Raises:
        ModelError: a version is not there or cannot be used.
    """
    from classifier.evaluation import evaluate

    versions = [find_version(ctx, name) for name in (first, second)]
    bundles = {version.version: bundle_of(ctx, version) for version in versions}
    result: dict[str, Any] = {
        "trained": {
            name: {question: _at_training(notes) for question, notes in bundle.report.items()}
            for name, bundle in bundles.items()
        },
        "labelled": {},
    }
    with ctx.database.reading() as session:
        labelled = {name: label_examples(session, name, ctx.profile) for name in QUESTIONS}
    for question, examples in labelled.items():
        if examples:
            result["labelled"][question] = {
                name: evaluate(*measured(ctx.profile, bundle, question, examples)) for name, bundle in bundles.items()
            }
    return result


def _at_training(notes: Mapping[str, Any]) -> dict[str, Any]:
    rows = notes["held_out"]["rows"]
    if "base" not in notes:
        return {"measured_on": f"{rows} rows of its own training, held out in folds", **notes["held_out"]}
    only = f"{rows} new rows only, held out in folds; compare with `base`, on the same rows"
    return {"measured_on": only, "base": notes["base"], **notes["held_out"]}


def measured(
    profile: Profile, bundle: Bundle, question: str, examples: Sequence[Example]
) -> tuple[list[str], list[str], list[float], float]:
    """Return truth, answers, confidences and threshold of a bundle on examples, as `evaluate` takes them."""
    answers = predict(bundle, profile, [TextIn(one.title, one.body) for one in examples])
    threshold = bundle.questions[question].threshold
    return (
        [one.label for one in examples],
        [str(getattr(answer, question)) for answer in answers],
        [float(getattr(answer, f"{question}_confidence")) for answer in answers],
        threshold,
    )
