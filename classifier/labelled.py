"""Tables of labelled messages: which column is the label, which rows can be used, what became of the others."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from classifier.corpus import Example
from classifier.errors import TrainingDataError
from classifier.features import clip
from classifier.keeping import author_group, text_group
from classifier.opening import open_texts
from classifier.pipelines import ALL_QUESTIONS, answers_to
from collector.readers import Limits, Table
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
        examples: by question; texts are masked. Rows with the same cell in a column `group`, or else of one
            author, or else with equal texts, are one group.
        counts: rows read, used (by question), without a label, without text, unreadable and why (`faults`),
            unknown_labels (the value and how often), and contradictions (rows whose text has another label
            elsewhere in the table).
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
    texts: dict[str, list[str]] = defaultdict(list)
    for _, cells in table.rows():
        read += 1
        title, body = (
            clip(table.text(cells, table.fields[name])).strip() if name in table.fields else ""
            for name in ("title", "body")
        )
        if not title and not body:
            blank += 1
            continue
        text = text_group(title, body)
        group = _group(table, cells) or text
        for name, column in columns.items():
            said = table.text(cells, column).strip()
            value = (rename or {}).get(said, said)
            if not value:
                unlabelled += 1
            elif value not in answers_to(name, profile):
                unknown[mask(value)[:SHOWN_CHARS]] += 1
            else:
                labelled.examples[name].append(Example(mask(title), mask(body), value, group))
                labels_of[name, text].add(value)
                texts[name].append(text)
                used[name] += 1
    contradictions = 0
    for name, said_of in texts.items():
        # Whichever of them were true, the others would be taught as well.
        clear = [len(labels_of[name, text]) == 1 for text in said_of]
        contradictions += clear.count(False)
        used[name] -= clear.count(False)
        labelled.examples[name] = [one for one, kept in zip(labelled.examples[name], clear, strict=True) if kept]
    used += Counter()
    labelled.counts.update(
        rows=read,
        used=dict(used),
        without_label=unlabelled,
        without_text=blank,
        unreadable=sum(table.skipped.values()),
        faults=dict(table.skipped),
        unknown_labels=dict(unknown.most_common(SHOWN)),
        contradictions=contradictions,
    )
    if not used:
        name = next(iter(columns))
        raise TrainingDataError(
            f"none of {read} rows can be used: {sum(unknown.values())} with an unknown label"
            + (f" ({said_unknown(unknown)})" if unknown else "")
            + f", {unlabelled} without a label, {blank} without text"
            + (f", {contradictions} whose text has another label in another row" if contradictions else "")
            + (f"; {said_faults(table.skipped)} could not be read" if table.skipped else ""),
            item=str(path),
            todo=f"Answers to {name} are {'、'.join(answers_to(name, profile))}. " + how_to_map(unknown),
        )
    return labelled


def said_unknown(unknown: Mapping[str, int]) -> str:
    """Return labels that were not usable, the most frequent first, with how often each occurs."""
    said = sorted(unknown.items(), key=lambda one: -one[1])[:SHOWN]
    return "、".join(f"{value} {number}" for value, number in said)


def said_faults(faults: Mapping[str, int]) -> str:
    """Return why rows could not be read, with how often each, such as `2 too-long`."""
    return ", ".join(f"{number} {reason}" for reason, number in faults.items())


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
            f"no column is named after a question; columns are {mask('、'.join(map(str, table.columns)))[:200]}",
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
    taken = {*table.fields.values(), *named.values()}
    spare = [number for number, name in enumerate(names) if name and number not in taken and name != GROUP]
    if meant or len(spare) == 1:
        return {question: (meant or spare)[0]}
    others = f"; {', '.join(named)} answers another question" if named else ""
    raise TrainingDataError(
        f"no column is named {question} or label; columns are {mask('、'.join(map(str, table.columns)))[:200]}{others}",
        item=str(path),
        todo=f"Name the column with the labels {question}.",
    )


def _group(table: Table, cells: Sequence[object]) -> str | None:
    """Return what a table itself says belongs together: rows of one group, or of one author."""
    names = [column.strip().lower() for column in table.columns]
    said = table.text(cells, names.index(GROUP)).strip() if GROUP in names else ""
    if said:
        return f"group:{said}"
    author = table.text(cells, table.fields["author_name"]) if "author_name" in table.fields else ""
    return author_group(author)


GROUP = "group"
"""Header of a column that says which rows belong together, such as those of one matter."""

LABEL_NAMES = ("label", "labels", "标签", "标注", "类别", "分类", "一级分类", "一级标签")
"""Headers of a label column that says what it is but not which question it answers; the first found counts."""
