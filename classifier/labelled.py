"""Tables of labelled messages: which column is the label, which rows can be used, what became of the others."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from classifier.corpus import Example
from classifier.errors import TrainingDataError
from classifier.features import clip
from classifier.pipelines import ALL_QUESTIONS, answers_to
from collector.errors import ColumnsUnknown
from collector.importing import read_file
from collector.readers import Limits, Table, open_table
from config.profile import Profile
from config.redact import mask
from config.settings import Settings

SHOWN = 5
"""Unknown labels named in a report, at most; each cut to so many characters, as a cell may hold anything."""
SHOWN_CHARS = 20


@dataclass(frozen=True)
class Labelled:
    """What a table taught.

    Args:
        examples: by question; texts are masked, and equal texts are one group.
        counts: rows read, used (by question), without a label, without text, unknown_labels (the value and how
            often), and contradictions (rows whose text has another label elsewhere in the table).
    """

    examples: dict[str, list[Example]] = field(default_factory=lambda: defaultdict(list))
    counts: dict[str, Any] = field(default_factory=dict)


def read_labelled(
    settings: Settings,
    profile: Profile,
    path: Path,
    *,
    rename: Mapping[str, str] | None = None,
    question: str | None = None,
) -> Labelled:
    """Read a table with labels.

    Args:
        rename: label in the file -> our label.
        question: which question the one label column answers; None: every column named after a question.

    Raises:
        TrainingDataError: no label column, or no row can be used; says what was found instead.
        FileRefused: the file cannot be read as a table.
    """
    limits = Limits.of(settings)
    table = open_texts(path, limits)
    columns = _label_columns(table, question, path)
    labelled = Labelled()
    used: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    unlabelled = blank = read = 0
    labels_of: dict[tuple[str, str], set[str]] = defaultdict(set)
    for _, cells in table.rows():
        read += 1
        title, body = (
            clip(table.text(cells, table.fields[name])).strip() if name in table.fields else ""
            for name in ("title", "body")
        )
        if not title and not body:
            blank += 1
            continue
        group = "text:" + hashlib.sha256(f"{title}\n{body}".encode("utf-8", "replace")).hexdigest()[:16]
        for name, column in columns.items():
            said = table.text(cells, column).strip()
            value = (rename or {}).get(said, said)
            if not value:
                unlabelled += 1
            elif value not in answers_to(name, profile):
                unknown[value[:SHOWN_CHARS]] += 1
            else:
                labelled.examples[name].append(Example(mask(title), mask(body), value, group))
                labels_of[name, group].add(value)
                used[name] += 1
    labelled.counts.update(
        rows=read,
        used=dict(used),
        without_label=unlabelled,
        without_text=blank,
        unreadable=sum(table.skipped.values()),
        unknown_labels=dict(unknown.most_common(SHOWN)),
        contradictions=sum(
            len(labels_of[name, one.group]) > 1 for name, rows in labelled.examples.items() for one in rows
        ),
    )
    if not used:
        name = next(iter(columns))
        raise TrainingDataError(
            f"none of {read} rows can be used: {sum(unknown.values())} with an unknown label"
            + (f" ({said_unknown(unknown)})" if unknown else "")
            + f", {unlabelled} without a label, {blank} without text",
            item=str(path),
            todo=f"Answers to {name} are {'、'.join(answers_to(name, profile))}. " + how_to_map(unknown),
        )
    return labelled


def open_texts(path: Path, limits: Limits) -> Table:
    """Open a table of texts, which needs no dates.

    Raises:
        FileRefused: the file cannot be read as a table, or no column is a text or a title.
    """
    try:
        return open_table(path.name, read_file(path, limits), limits)
    except ColumnsUnknown as error:
        raise ColumnsUnknown(
            error.what,
            item=error.item,
            todo="Name the column of the text 留言内容 (or body), the one of the title, if any, 留言主题 (or title).",
        ) from error


def said_unknown(unknown: Mapping[str, int]) -> str:
    """Return labels that were not usable, the most frequent first, with how often each occurs."""
    said = sorted(unknown.items(), key=lambda one: -one[1])[:SHOWN]
    return "、".join(f"{value} {number}" for value, number in said)


def how_to_map(unknown: Mapping[str, int]) -> str:
    """Return how to rename labels, with one that was met as the example."""
    old = max(unknown, key=lambda value: unknown[value], default="OLD")
    return f"Rename a label with --map {old}=NEW, once for each; NEW is one of our answers."


def _label_columns(table: Table, question: str | None, path: Path) -> dict[str, int]:
    """Return question -> number of its column."""
    names = [column.strip().lower() for column in table.columns]
    named = {name: names.index(name) for name in ALL_QUESTIONS if name in names}
    if question is None:
        if named:
            return named
        raise TrainingDataError(
            f"no column is named after a question; columns are {'、'.join(map(str, table.columns))[:200]}",
            item=str(path),
            todo=f"Name the column one of {', '.join(ALL_QUESTIONS)}, or say which it is with --as QUESTION.",
        )
    if question not in ALL_QUESTIONS:
        raise TrainingDataError(
            "there is no such question", item=question, todo=f"Use one of {', '.join(ALL_QUESTIONS)}."
        )
    if question in named:
        return {question: named[question]}
    meant = [names.index(name) for name in LABEL_NAMES if name in names]
    fields = set(table.fields.values())
    spare = [number for number, name in enumerate(names) if name and number not in fields]
    if meant or len(spare) == 1:
        return {question: (meant or spare)[0]}
    raise TrainingDataError(
        f"no column is named {question} or label; columns are {'、'.join(map(str, table.columns))[:200]}",
        item=str(path),
        todo=f"Name the column with the labels {question}.",
    )


LABEL_NAMES = ("label", "labels", "标签", "标注", "类别", "分类", "一级分类", "一级标签")
"""Headers of a label column that says what it is but not which question it answers; the first found counts."""
