"""Labels as tables: out of a home as CSV, for spreadsheets and other homes, and from tables back in.

docs/classifier.md says how rows find their message and what becomes of each.
"""

import csv
import hashlib
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from classifier.errors import LabelError
from classifier.labels import ACCEPTED, Said, check_question, decisive
from classifier.pipelines import ALL_QUESTIONS, answers_to
from classifier.tables import Label
from classifier.writing import appearing
from collector.access import EVERYONE, visible_to
from collector.base import Blank, Unreadable
from collector.errors import ColumnsUnknown
from collector.importing import name_of
from collector.opening import read_file
from collector.readers import Limits, Table, open_table
from collector.readers.values import as_identifier
from collector.tables import Message
from config.context import Context, Progress
from config.profile import Profile
from config.redact import mask

COLUMNS = ("source", "external_id", "question", "value", "origin", "by", "labelled_at")
TEXT_COLUMNS = ("title", "body")

IMPORTED = "imported"
DONE = ("stored", "unchanged", "repeated", "blank")
"""What becomes of a row that is not refused."""
REFUSED = (
    "without_id",
    "unknown_message",
    "ambiguous_message",
    "unknown_question",
    "unknown_value",
    "contradiction",
    "unreadable",
)
"""Why a row is refused."""

SHOWN = 20
"""Refused rows that are listed, at most; of an unknown value so many characters are shown."""
SHOWN_CHARS = 20
LONGEST_BY = 64
BATCH = 500

Note = Callable[[Session, str, int], None]
"""Called in each write transaction with the session, a name of the file's content and how many labels it stores."""

_SOURCES = ("source", "来源")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


def export_labels(ctx: Context, out: Path, *, question: str | None = None, with_text: bool = False) -> dict[str, int]:
    """Write the labels that count as CSV: UTF-8 with a byte order mark, as spreadsheets expect it.

    Of each message and question one row, the label that `decisive` names. Restricted messages never leave. The
    file appears whole or not at all.

    Args:
        question: only its labels.
        with_text: with columns title and body, masked.

    Returns:
        Counts: labels, and messages they are of.

    Raises:
        LabelError: no such question.
        ClassifierError: the file cannot be written.
    """
    if question is not None:
        check_question(question)
    counts = {"labels": 0, "messages": 0}
    with appearing(ctx.settings, out, "utf-8-sig") as file, ctx.database.reading() as session:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS + TEXT_COLUMNS if with_text else COLUMNS)
        for _, rows in groupby(_labels(session, question, with_text=with_text), key=lambda row: row.id):
            of_message = list(rows)
            first = of_message[0]
            text = [mask(first.title), mask(first.body)] if with_text else []
            counts["messages"] += 1
            for name, labels in groupby(of_message, key=lambda row: row.question):
                said = decisive([Said(row.value, row.origin, row.by, row.labelled_at) for row in labels])
                moment = said.labelled_at.astimezone(ctx.profile.zone).isoformat(timespec="seconds")
                cells = [first.source, first.external_id, name, said.value, said.origin, said.by, moment, *text]
                writer.writerow(map(quoted, cells))
                counts["labels"] += 1
    return counts


def quoted(text: str) -> str:
    """Return a cell so that a spreadsheet takes it for text; `unquoted` gives back what it was."""
    return "'" + text if text.startswith(_FORMULA) else text


def unquoted(text: str) -> str:
    """Return what `quoted` was given."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text


@dataclass(frozen=True)
class Refusal:
    """A row that was refused: where it stands, why, and what to do about it."""

    row: str
    reason: str
    detail: str


@dataclass(frozen=True)
class Imported:
    """What became of a table of labels.

    Args:
        counts: rows; of them each of `DONE` and `REFUSED`, which add up to rows; labels: how many were stored.
        refused: the first refused rows, at most `SHOWN`.
        notes: what the reader of the file found worth saying.
    """

    counts: dict[str, int]
    refused: tuple[Refusal, ...]
    notes: tuple[str, ...]

    @property
    def refusals(self) -> int:
        """How many rows were refused."""
        return sum(self.counts[reason] for reason in REFUSED)


@dataclass(slots=True)
class _Line:
    """A row on its way: what it says, and in the end what became of it."""

    position: str
    source: str = ""
    ids: tuple[str, ...] = ()
    said: dict[str, str] = field(default_factory=dict)
    accepted: bool = False
    message: int = 0
    outcome: str = ""
    detail: str = ""


def import_labels(
    ctx: Context,
    path: Path,
    by: str,
    *,
    dry_run: bool = False,
    note: Note | None = None,
    progress: Progress | None = None,
) -> Imported:
    """Take labels from a table; taking it again changes nothing.

    Columns are an id (external_id, id or another known name), source where ids of several sources are alike, and
    either question and value or columns named after questions. A row is taken whole or refused whole. Labels are
    stored as imported; only a row whose origin is accepted stays a mere accept, so that travelling makes no truth
    of it. Labels go in batches, each a transaction of its own; after a kill the same command does the rest.

    Args:
        by: who says so, as text.
        dry_run: tell what would become of the rows; store nothing.

    Raises:
        FileRefused: the file cannot be read as a table; nothing was stored.
        LabelError: columns are missing, the table holds guesses of a model, or `by` is no name; nothing was stored.
    """
    if not by.strip() or len(by) > LONGEST_BY or not by.isprintable():
        raise LabelError("who gave the labels is not said", item="by", todo=f"Give 1 to {LONGEST_BY} characters.")
    limits = Limits.of(ctx.settings)
    content = read_file(path, limits)
    table = _open(path, content, limits)
    lines = list(_lines(table, _Layout.of(table, path), ctx.profile))
    _find_messages(ctx, lines)
    agreed = _agree(lines)
    stored = 0
    waiting = [line for line in lines if not line.outcome]
    name, now = hashlib.sha256(content).hexdigest()[:16], ctx.clock()
    for start in range(0, len(waiting), BATCH):
        batch = waiting[start : start + BATCH]
        with ctx.database.reading() if dry_run else ctx.database.writing() as session:
            rows = _news(session, batch, agreed)
            if rows and not dry_run:
                session.execute(sa.insert(Label), [{**row, "by": by, "labelled_at": now} for row in rows])
                if note:
                    note(session, name, len(rows))
        stored += len(rows)
        if progress:
            progress(start + len(batch), len(waiting))
    outcomes = Counter(line.outcome for line in lines)
    refused = islice((line for line in lines if line.outcome in REFUSED), SHOWN)
    return Imported(
        counts={"rows": len(lines), **{key: outcomes[key] for key in DONE + REFUSED}, "labels": stored},
        refused=tuple(Refusal(line.position, line.outcome, line.detail) for line in refused),
        notes=tuple(dict.fromkeys(table.notes)),
    )


def _labels(session: Session, question: str | None, *, with_text: bool) -> Iterator[sa.Row[Any]]:
    """Yield every label that may leave, those of one message and question together and in their order."""
    said = (Label.question, Label.value, Label.origin, Label.by, Label.labelled_at)
    text = (Message.title, Message.body) if with_text else ()
    query = (
        sa.select(Message.id, Message.source, Message.external_id, *said, *text)
        .join(Label, Label.message_id == Message.id)
        .where(visible_to(EVERYONE))
        .order_by(Message.id, Label.question, Label.id)
        .execution_options(yield_per=BATCH)
    )
    if question is not None:
        query = query.where(Label.question == question)
    yield from session.execute(query)


def _open(path: Path, content: bytes, limits: Limits) -> Table:
    # The reader wants a column of text to know a header by; a table of labels may have none, and then the labels
    # themselves stand in for it.
    labels = {form: "title" for name in ("value", *ALL_QUESTIONS) for form in (name, name.upper(), name.capitalize())}
    try:
        return open_table(name_of(path), content, limits, rename=labels)
    except ColumnsUnknown as error:
        raise _no_labels(path) from error


def _no_labels(path: Path) -> LabelError:
    return LabelError(
        "no column holds labels",
        item=str(path),
        todo=f"Name the columns question and value, or name columns after questions: {', '.join(ALL_QUESTIONS)}.",
    )


@dataclass(frozen=True)
class _Layout:
    """Where in a row its parts stand.

    Args:
        wide: question -> its column; empty where a row names its question.
    """

    external_id: int
    source: int | None
    origin: int | None
    question: int | None
    value: int | None
    wide: dict[str, int]

    @classmethod
    def of(cls, table: Table, path: Path) -> "_Layout":
        """Find the columns of a table.

        Raises:
            LabelError: no id or no label, or guesses of a model.
        """
        places: dict[str, int] = {}
        for number, column in enumerate(table.columns):
            places.setdefault(column.strip().lower(), number)
        # Taken for labels, guesses would come back as truth and the model would learn from itself.
        if guessed := [name for name in places if name == "abstained" or name.endswith("_confidence")]:
            raise LabelError(
                f"this table holds guesses of a model (column {guessed[0]}), not what a person said",
                item=str(path),
                todo="Keep the rows and answers that a person has checked, and remove the columns of the model:"
                " every *_confidence, abstained and why.",
            )
        named = "question" in places and "value" in places
        wide = {} if named else {name: places[name] for name in ALL_QUESTIONS if name in places}
        if not named and not wide:
            raise _no_labels(path)
        if "external_id" not in table.fields:
            raise LabelError(
                "no column holds the ids of the messages",
                item=str(path),
                todo="Name it external_id or id; where ids of several sources are alike, add the column source.",
            )
        return cls(
            external_id=table.fields["external_id"],
            source=next((places[name] for name in _SOURCES if name in places), None),
            origin=places.get("origin"),
            question=places["question"] if named else None,
            value=places["value"] if named else None,
            wide=wide,
        )


def _lines(table: Table, layout: _Layout, profile: Profile) -> Iterator[_Line]:
    """Yield every row of a table; those that can only be refused, and blank ones, with their outcome."""
    answers = {name: {_folded(answer): answer for answer in answers_to(name, profile)} for name in ALL_QUESTIONS}
    for item in table.items():
        if isinstance(item, Blank):
            yield _Line(item.position, outcome="blank")
        elif isinstance(item, Unreadable):
            yield _Line(item.position, outcome="unreadable", detail=item.detail)
        else:
            line = _Line(item.position)
            _read(line, table, item.cells, layout, answers)
            yield line


def _read(
    line: _Line,
    table: Table,
    cells: Sequence[object],
    layout: _Layout,
    answers: Mapping[str, Mapping[str, str]],
) -> None:
    def text(column: int | None) -> str:
        return "" if column is None else table.text(cells, column)

    if layout.value is not None:
        told = {_folded(text(layout.question)).lower(): _folded(text(layout.value))}
    else:
        told = {name: _folded(text(column)) for name, column in layout.wide.items()}
    told = {name: value for name, value in told.items() if value}
    if not told:
        line.outcome = "blank"
        return
    for name, value in told.items():
        if name not in answers:
            line.outcome = "unknown_question"
            line.detail = f"questions are {', '.join(ALL_QUESTIONS)}"
            return
        if value not in answers[name]:
            line.outcome = "unknown_value"
            line.detail = f"{mask(value[:SHOWN_CHARS])!r} is no answer to {name} in this profile"
            return
        line.said[name] = answers[name][value]
    written = unquoted(text(layout.external_id))
    mended = as_identifier(written)
    # Spreadsheets change long numbers; what stands there is tried first, then what it was before.
    line.ids = tuple(one for one in dict.fromkeys((written, mended)) if one and one.isprintable())
    line.source = unquoted(text(layout.source)).strip()
    line.accepted = text(layout.origin).strip().lower() == ACCEPTED
    if not line.ids:
        line.outcome, line.detail = "without_id", "the row has a label and no id"


def _folded(text: str) -> str:
    """Return a word as it is compared: blanks around it and full-width forms do not matter."""
    return unicodedata.normalize("NFKC", text).strip()


def _find_messages(ctx: Context, lines: Sequence[_Line]) -> None:
    """Give each row its message, or refuse it."""
    waiting = [line for line in lines if not line.outcome]
    with ctx.database.reading() as session:
        sources = session.scalars(sa.select(Message.source).where(visible_to(EVERYONE)).distinct()).all()
        for start in range(0, len(waiting), BATCH):
            batch = waiting[start : start + BATCH]
            # The sources are named because the index of ids begins with them.
            query = (
                sa.select(Message.id, Message.source, Message.external_id)
                .where(Message.source.in_(sources))
                .where(Message.external_id.in_({one for line in batch for one in line.ids}))
                .where(visible_to(EVERYONE))
            )
            there: dict[str, dict[str, int]] = defaultdict(dict)
            for row in session.execute(query):
                there[row.external_id][row.source] = row.id
            for line in batch:
                _match(line, there)


def _match(line: _Line, there: Mapping[str, Mapping[str, int]]) -> None:
    for one in line.ids:
        found = [message for source, message in there.get(one, {}).items() if not line.source or source == line.source]
        if len(found) == 1:
            line.message = found[0]
            return
        if found:
            line.outcome, line.detail = "ambiguous_message", "several sources have this id; name the source"
            return
    line.outcome, line.detail = "unknown_message", "no message here has this id, or not from this source"


def _agree(lines: Sequence[_Line]) -> dict[tuple[int, str], str]:
    """Refuse rows that contradict each other, and leave of several that say the same only the first.

    Returns:
        For each message and question the origin its label gets: rows that say the same back each other.
    """
    values: dict[tuple[int, str], str] = {}
    origins: dict[tuple[int, str], str] = {}
    disputed: set[tuple[int, str]] = set()
    waiting = [line for line in lines if not line.outcome]
    for line in waiting:
        for question, value in line.said.items():
            key = line.message, question
            if values.setdefault(key, value) != value:
                disputed.add(key)
    taken: set[tuple[int, str]] = set()
    for line in waiting:
        keys = {(line.message, question) for question in line.said}
        if keys & disputed:
            line.outcome, line.detail = "contradiction", "another row says otherwise of the same message"
            continue
        for key in keys:
            origins[key] = IMPORTED if not line.accepted else origins.get(key, ACCEPTED)
        if keys <= taken:
            line.outcome = "repeated"
            continue
        line.said = {question: value for question, value in line.said.items() if (line.message, question) not in taken}
        taken |= keys
    return origins


def _news(
    session: Session, batch: Sequence[_Line], origins: Mapping[tuple[int, str], str]
) -> list[dict[str, int | str]]:
    """Return the labels of rows that are not there already, and note on each row what becomes of it."""
    standing = _standing(session, {line.message for line in batch})
    news: list[dict[str, int | str]] = []
    for line in batch:
        line.outcome = "unchanged"
        for question, value in line.said.items():
            key = line.message, question
            now = standing.get(key)
            if now is None or now.value != value or (now.origin == ACCEPTED and origins[key] != ACCEPTED):
                news.append({"message_id": line.message, "question": question, "value": value, "origin": origins[key]})
                line.outcome = "stored"
    return news


def _standing(session: Session, messages: set[int]) -> dict[tuple[int, str], Said]:
    """Return the label that counts of each message and question."""
    labels: dict[tuple[int, str], list[Said]] = defaultdict(list)
    for one in session.scalars(sa.select(Label).where(Label.message_id.in_(messages)).order_by(Label.id)):
        labels[one.message_id, one.question].append(Said(one.value, one.origin, one.by, one.labelled_at))
    return {key: decisive(said) for key, said in labels.items()}
