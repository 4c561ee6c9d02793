"""Proposing a new version from what people said, and comparing two versions. Nothing here activates."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from classifier.corpus import Example, gather, label_examples, newest_label
from classifier.errors import NothingNew, TrainingDataError
from classifier.keeping import RULE, Kept, kept_aside, split
from classifier.labelled import how_to_map, read_labelled, said_unknown
from classifier.owners import fitted
from classifier.predict import TextIn, predict
from classifier.proposals import find_proposal
from classifier.segment import own_words
from classifier.store import QUESTIONS, Bundle, load_bundle, save_bundle
from classifier.tables import ModelVersion
from classifier.versions import PROPOSAL, active_version, bundle_of, find_version, models_folder, register
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

    Questions without anything new keep what they were. A fixed fifth of the labelled texts is kept aside, not
    learned, and serves to compare the candidate with the version in service. The same data on the same version
    in service gives the same version again: it is not trained twice, only compared anew.

    Args:
        files: tables with a column named after a question, or one label column that `question` names.
        rename: label in the file -> our label.

    Returns:
        version, and `base`, the version in service; `again`, whether the version was there already; `learned`:
        for each question rows, accuracy and macro_f1 of the new rows in held-out folds, and `base`, the figures
        of the version in service on the same rows; `aside` and `copies`, by question, how many rows were kept
        aside, and how many not learned because a row kept aside has the same text; `compared`, as
        `classifier.comparing.compare` returns it, on the rows kept aside; `left_out`, why a question was not
        learned; `rows`, what became of each file's rows.

    Raises:
        NothingNew: every question with labels was learned from the same rows already.
        TrainingDataError: no question can be learned.
        FileRefused: a file cannot be read.
        ModelError: the version in service cannot be used.
    """
    from classifier.training import train_bundle

    new, rows = _read_files(ctx, files, rename, question)
    with ctx.database.reading() as session:
        last = newest_label(session)
        for name in QUESTIONS:
            new[name] += label_examples(session, name, ctx.profile)
    kept = {name: split(examples) for name, examples in new.items() if examples}
    serving = active_version(ctx)
    bundle = bundle_of(ctx, serving)
    base = fitted(bundle, ctx.profile)
    learned, left_out = _worth_learning(base, kept, ctx.profile)
    if not learned:
        raise _nothing_to_learn(files, rows, left_out)
    data = _digest(serving, learned)
    known = find_proposal(ctx, data)
    if known is None:
        words = own_words(ctx.profile)
        trained = train_bundle(learned, base, seed, progress, words)
        # Questions not learned stay as the version in service has them, not as they were fitted to the profile:
        # what the profile says of an owner is read anew at every answer.
        questions = {**bundle.questions, **{name: trained[name] for name in learned}}
        path = save_bundle(questions, models_folder(ctx), prefix=f"{ctx.clock():%Y%m%d}", words=words)
    else:
        path = models_folder(ctx) / known.file
    candidate = load_bundle(path)
    aside = {name: one.aside for name, one in kept.items()}
    compared = _compare(ctx.profile, candidate, bundle, {name: aside[name] for name in learned}, seed)
    proposal = {
        "base": serving.version,
        "data": data,
        "last_label": last,
        "keeping": RULE,
        "compared": compared,
    }
    version = register(ctx, path, proposal)
    return {
        "version": version.version,
        "base": serving.version,
        "again": known is not None,
        "learned": {name: _learned_figures(candidate.questions[name].notes) for name in learned},
        "aside": {name: len(examples) for name, examples in aside.items()},
        "copies": {name: one.copies for name, one in kept.items() if one.copies},
        "compared": compared,
        "left_out": left_out,
        "rows": rows,
    }


def compare_versions(ctx: Context, first: str, second: str) -> dict[str, Any]:
    """Return the figures of two versions: at training, and on the labelled messages of this home kept aside.

    `trained` holds for each version and question the held-out figures and, as `measured_on`, on which rows they
    were taken: figures on different rows say nothing of each other. Where a question was learned on top of
    another version, `base` is what that one reached on the same rows. `labelled` measures both on the same rows,
    which neither learned, and `compared` tests the second against the first on them, as
    `classifier.comparing.compare` does. `proposed` is what was found when a version was trained, where tables may
    have given further rows. `notes` says where a figure is not what it seems.

    Raises:
        ModelError: a version is not there or cannot be used.
    """
    from classifier.evaluation import evaluate

    versions = [find_version(ctx, name) for name in (first, second)]
    bundles = {version.version: bundle_of(ctx, version) for version in versions}
    with ctx.database.reading() as session:
        labelled = {name: label_examples(session, name, ctx.profile) for name in QUESTIONS}
    aside = {name: [one for one in examples if kept_aside(one.group)] for name, examples in labelled.items()}
    return {
        "trained": {
            name: {question: _at_training(notes) for question, notes in bundle.report.items()}
            for name, bundle in bundles.items()
        },
        "labelled": {
            question: {
                name: evaluate(*measured(ctx.profile, bundle, question, examples)) for name, bundle in bundles.items()
            }
            for question, examples in aside.items()
            if examples and all(question in bundle.questions for bundle in bundles.values())
        },
        "compared": _compare(ctx.profile, bundles[second], bundles[first], aside, SEED),
        "proposed": {
            version.version: {key: version.report[PROPOSAL][key] for key in ("base", "compared")}
            for version in versions
            if PROPOSAL in version.report
        },
        "notes": [note for version in versions if (note := _may_have_seen(version))],
    }


def _read_files(
    ctx: Context, files: Sequence[Path], rename: Mapping[str, str] | None, question: str | None
) -> tuple[dict[str, list[Example]], dict[str, Any]]:
    """Return the examples of every question that tables give, and what became of each table's rows."""
    new: dict[str, list[Example]] = {name: [] for name in QUESTIONS}
    rows: dict[str, Any] = {}
    for path in files:
        labelled = read_labelled(ctx.settings, ctx.profile, path, rename=rename, question=question)
        rows[path.name] = labelled.counts
        for name, examples in labelled.examples.items():
            if name in new:
                new[name] += examples
    return new, rows


def _worth_learning(
    base: Bundle, kept: Mapping[str, Kept], profile: Profile
) -> tuple[dict[str, list[Example]], dict[str, str]]:
    """Return what to learn, by question, and why the others are left out."""
    from classifier.training import check_examples, digest_of

    learned: dict[str, list[Example]] = {}
    left_out: dict[str, str] = {}
    for name, one in kept.items():
        together = gather(name, profile, measured=False) + one.learned
        try:
            check_examples(name, together)
        except TrainingDataError as error:
            more = f"; {len(one.aside)} more are kept aside for comparing" if one.aside else ""
            left_out[name] = error.what + more
            continue
        if name in base.questions and base.questions[name].notes.get("data") == digest_of(together):
            left_out[name] = UNCHANGED
        else:
            learned[name] = together
    return learned, left_out


UNCHANGED = "unchanged since the version in service was trained"


def _nothing_to_learn(files: Sequence[Path], rows: Mapping[str, Any], left_out: Mapping[str, str]) -> TrainingDataError:
    from classifier.training import LEAST_OF_LABEL, LEAST_ROWS

    unknown = {label: number for counts in rows.values() for label, number in counts["unknown_labels"].items()}
    said = [f"{name}: {reason}" for name, reason in left_out.items()]
    said += [f"labels that are no answer: {said_unknown(unknown)}"] if unknown else []
    kind = NothingNew if left_out and set(left_out.values()) == {UNCHANGED} else TrainingDataError
    return kind(
        "nothing to learn: " + ("; ".join(said) or "no labelled rows"),
        item=", ".join(path.name for path in files) or "labels",
        todo=f"At least {LEAST_ROWS} rows are needed, and two labels with {LEAST_OF_LABEL} rows each. "
        + (how_to_map(unknown) if unknown else "Give a table with a column named after a question."),
    )


def _digest(serving: ModelVersion, learned: Mapping[str, Sequence[Example]]) -> str:
    """Return a hash of everything that a training begins with."""
    from classifier.training import digest_of

    parts = [serving.checksum, *(f"{name} {digest_of(learned[name])}" for name in sorted(learned))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _compare(
    profile: Profile, candidate: Bundle, serving: Bundle, aside: Mapping[str, Sequence[Example]], seed: int
) -> dict[str, Any]:
    """Compare two bundles on examples that neither learned; a question that only one answers is left out."""
    from classifier.comparing import Answers, compare

    compared = {}
    for name, examples in aside.items():
        if name not in candidate.questions or name not in serving.questions:
            continue
        truth = [one.label for one in examples]
        first, second = (Answers(*measured(profile, bundle, name, examples)[1:]) for bundle in (candidate, serving))
        compared[name] = compare(truth, first, second, [one.group for one in examples], seed)
    return compared


def _learned_figures(notes: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{key: notes["held_out"][key] for key in ("rows", "accuracy", "macro_f1")},
        "base": notes.get("base"),
    }


def _may_have_seen(version: ModelVersion) -> str | None:
    """Return a note on a version of this home that was trained before texts were kept aside."""
    if not version.file or version.report.get(PROPOSAL, {}).get("keeping") == RULE:
        return None
    return f"{version.version} was trained before these rows were kept aside and may have learned some of them"


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
