"""Files for the command line: a table in, answers or figures out. Needs neither a home nor a database."""

import csv
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from classifier.errors import ClassifierError, TrainingDataError
from classifier.opening import open_texts
from classifier.parallel import answer_all
from classifier.predict import Answer, TextIn
from classifier.reasons import whole
from classifier.store import Bundle, load_bundle
from classifier.writing import appearing, unwritable
from collector.readers import Limits, Table
from config.context import Progress
from config.errors import NotInitialised
from config.profile import load_profile
from config.settings import Settings

COLUMNS = (
    "id",
    "category",
    "category_confidence",
    "owner",
    "owner_confidence",
    "kind",
    "sentiment",
    "emotion",
    "urgency",
    "abstained",
    "why",
)
BATCH = 500

LEARNED_ROWS = "Figures on rows that the model learned are too good; measure on rows it has never seen."

_CHANNELS = ("channel", "渠道", "来源渠道")
_NUMBER = re.compile(r"[+-]?[\d.,]+")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_SEPARATORS = re.compile(r"[,;=\s]+")


def classify_file(settings: Settings, path: Path, out: Path, progress: Progress | None = None) -> dict[str, int]:
    """Answer for every row of a table and write them as CSV (UTF-8, columns `COLUMNS`).

    Every answer column holds the best guess; `abstained` names the questions under their threshold, joined
    by `;`; `why` is question=word,word;…. Emotion is filled for channel posts, or where the table has no
    channel column. A row without an id gets its position. The file appears whole or not at all.

    Returns:
        Counts: rows = classified + skipped (blank or unreadable rows); failed, of the classified; and of the
        skipped, `skipped_REASON` for each reason.

    Raises:
        FileRefused: the table cannot be read.
        ClassifierError: OUT cannot be written, is the table itself or the service's own, or no ordinary file.
        ModelError: the model cannot be used.
    """
    _refuse_target(path, out)
    limits = Limits.of(settings)
    profile = load_profile(settings.profile)
    bundle = bundle_in_service(settings)
    table = open_texts(path, limits)
    counts = {"rows": 0, "classified": 0, "skipped": 0, "failed": 0}
    with appearing(settings, out) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        rows = _texts(table)
        ids: deque[list[str]] = deque()
        for answers, failed in answer_all(bundle, profile, _batches(rows, ids)):
            writer.writerows(
                [whole(safe(row_id)), *cells_of(answer)] for row_id, answer in zip(ids.popleft(), answers, strict=True)
            )
            counts["classified"] += len(answers)
            counts["failed"] += len(failed)
            if progress:
                progress(counts["classified"], None)
    counts["skipped"] = sum(table.skipped.values())
    counts["rows"] = counts["classified"] + counts["skipped"]
    return counts | {f"skipped_{reason}": number for reason, number in table.skipped.items()}


def _batches(rows: Iterator[tuple[str, TextIn]], ids: deque[list[str]]) -> Iterator[list[TextIn]]:
    """Yield the texts by the batch, and note the ids of each, which nobody else has to carry."""
    while batch := list(islice(rows, BATCH)):
        ids.append([row_id for row_id, _ in batch])
        yield [text for _, text in batch]


def evaluate_file(
    settings: Settings, path: Path, question: str, *, rename: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the figures of the model in service on a labelled table, ready for JSON.

    Keys are those of `classifier.evaluation.evaluate`, and `question`, `version`, `table` (what became of the
    rows) and `note`: a bundle does not hold the texts it learned, so that rows among them cannot be told.

    Raises:
        TrainingDataError: no label column, or no row can be used.
        FileRefused: the table cannot be read.
        ModelError: the model cannot be used.
    """
    from classifier.candidates import measured
    from classifier.evaluation import evaluate
    from classifier.labelled import read_labelled

    profile = load_profile(settings.profile)
    bundle = bundle_in_service(settings)
    labelled = read_labelled(settings, profile, path, rename=rename, question=question)
    if question not in bundle.questions:
        raise TrainingDataError("the model never learned this question", item=question, todo="Train it first.")
    figures = evaluate(*measured(profile, bundle, question, labelled.examples[question]))
    return {"question": question, "version": bundle.version, **figures, "table": labelled.counts, "note": LEARNED_ROWS}


def bundle_in_service(settings: Settings) -> Bundle:
    """Return the bundle in service in this home, or the shipped one where no home was initialised."""
    if not settings.may_have_database():
        return load_bundle()
    # Whoever has no home has no use for a database, and does not wait for its libraries.
    from classifier.versions import active_bundle
    from config.home import open_home

    try:
        ctx = open_home(settings)
    except NotInitialised:
        return load_bundle()
    try:
        return active_bundle(ctx)
    finally:
        ctx.close()


def cells_of(answer: Answer) -> list[str]:
    """Return the cells of an answer in the order of `COLUMNS`, without the id."""
    return [
        answer.category,
        f"{answer.category_confidence:.4f}",
        answer.owner,
        f"{answer.owner_confidence:.4f}",
        answer.kind,
        answer.sentiment,
        answer.emotion or "",
        answer.urgency,
        ";".join(answer.abstained),
        ";".join(f"{name}={_listed(words)}" for name, words in answer.why.items() if words),
    ]


def safe(text: str) -> str:
    """Return a copied cell so that a spreadsheet takes it for text; numbers stay as they are."""
    return "'" + text if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def _refuse_target(path: Path, out: Path) -> None:
    """Refuse that the finished file takes the place of the table."""
    try:
        same = path.exists() and out.exists() and path.samefile(out)
    except OSError as error:
        raise unwritable(out, error) from error
    if same:
        raise ClassifierError(
            "the table to read and the file to write are the same; nothing was written",
            item=str(out),
            todo="Give --out another name.",
        )


def _listed(words: Sequence[str]) -> str:
    return ",".join(_SEPARATORS.sub(" ", word) for word in words)


def _texts(table: Table) -> Iterator[tuple[str, TextIn]]:
    """Yield id and text of every row."""
    names = [str(column).strip().lower() for column in table.columns]
    channel = next((names.index(name) for name in _CHANNELS if name in names), None)
    for position, cells in table.rows():
        told = {
            name: table.text(cells, table.fields[name]) if name in table.fields else ""
            for name in ("external_id", "title", "body")
        }
        where = None if channel is None else table.text(cells, channel).strip()
        yield told["external_id"].strip() or position, TextIn(told["title"], told["body"], where)
