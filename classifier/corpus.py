"""Where labelled texts come from: the shipped seeds, the profile's own words, and people's labels."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from classifier.keeping import author_group, text_group
from classifier.tables import Label
from collector.access import EVERYONE, visible_to
from collector.tables import Message
from config.profile import EXTERNAL, Profile
from config.redact import mask


@dataclass(frozen=True)
class Example:
    """One text with one true answer.

    Args:
        group: texts of one group (one author, one matter) are never split between training and measuring.
        weight: how much it counts in training; 1 is ordinary.
        measured: whether figures and thresholds may be taken from it; false for texts unlike messages.
        ours: an invented or official text that holds nobody's data; its words may be learned from it alone.
    """

    title: str
    body: str
    label: str
    group: str
    weight: float = 1.0
    measured: bool = True
    ours: bool = False


SEEDS = Path(__file__).parent / "seeds"

DUTY_WEIGHT = 0.5
"""A duty or phrase of the profile is shorter and surer than a message; half a message is what it is worth."""


@cache
def seed_rows() -> tuple[dict[str, str], ...]:
    """Return the shipped invented messages, in the order of their files and rows."""
    rows: list[dict[str, str]] = []
    for path in sorted(SEEDS.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows += csv.DictReader(file)
    return tuple(rows)


def seed_examples(question: str, profile: Profile) -> list[Example]:
    """Return the seeds labelled for a question; an owner that is not in the profile is left out."""
    owners = set(profile.owners)
    return [
        Example(row["title"], row["body"], row[question], row["group"], ours=True)
        for row in seed_rows()
        if row.get(question) and (question != "owner" or row["owner"] in owners)
    ]


def profile_examples(profile: Profile) -> list[Example]:
    """Return each duty and phrase of the profile as a text of its owner."""
    owned = [(section.name, section.duties + section.phrases) for section in profile.sections]
    owned += [(EXTERNAL + body.name, body.duties + body.phrases) for body in profile.bodies]
    return [
        Example("", text, owner, f"profile:{owner}:{number}", DUTY_WEIGHT, measured=False, ours=True)
        for owner, texts in owned
        for number, text in enumerate(texts)
    ]


def label_examples(session: Session, question: str, profile: Profile) -> list[Example]:
    """Return what people said is true, masked: of each message the newest label.

    A mere accept is never used alone: it counts only where an older label of another origin says the same.
    Restricted messages are left out, and owners that are no longer in the profile. Messages of one author are one
    group, and so are equal texts of nobody.
    """
    query = (
        sa.select(
            Message.id,
            Message.author_key,
            Message.author_name,
            Message.contact,
            Message.title,
            Message.body,
            Label.value,
            Label.origin,
        )
        .join(Label, Label.message_id == Message.id)
        .where(Label.question == question)
        .where(visible_to(EVERYONE))
        .order_by(Message.id, Label.id)
    )
    examples = []
    for _, rows in groupby(session.execute(query), key=lambda row: row.id):
        said = list(rows)
        value = _usable(question, [(row.value, row.origin) for row in said], profile)
        if value is not None:
            last = said[-1]
            # A name such as 匿名 has a key as well; under it stand the letters of many people.
            named = last.author_key and ((last.contact or "").strip() or author_group(last.author_name or ""))
            group = f"author:{last.author_key}" if named else text_group(last.title, last.body)
            examples.append(Example(mask(last.title), mask(last.body), value, group))
    return examples


def new_labels(session: Session, profile: Profile, since: int) -> dict[str, int]:
    """Return for each question how many messages have a usable answer now that they had not had before.

    Args:
        since: number of the newest label that is not new; 0: every one is.
    """
    query = (
        sa.select(Label.message_id, Label.question, Label.id, Label.value, Label.origin)
        .join(Message, Message.id == Label.message_id)
        .where(visible_to(EVERYONE))
        .order_by(Label.message_id, Label.question, Label.id)
    )
    counts: dict[str, int] = {}
    for (_, question), rows in groupby(session.execute(query), key=lambda row: (row.message_id, row.question)):
        said = list(rows)
        value = _usable(question, [(row.value, row.origin) for row in said], profile)
        before = _usable(question, [(row.value, row.origin) for row in said if row.id <= since], profile)
        if value is not None and value != before:
            counts[question] = counts.get(question, 0) + 1
    return counts


def newest_label(session: Session) -> int:
    """Return the number of the newest label of all, 0 where there is none."""
    return session.scalar(sa.select(sa.func.max(Label.id))) or 0


def _usable(question: str, said: Sequence[tuple[str, str]], profile: Profile) -> str | None:
    """Return the answer that the labels of one message give, values and origins in their order; None if none."""
    if not said:
        return None
    last = said[-1][0]
    backed = any(origin != "accepted" and value == last for value, origin in said)
    return last if backed and (question != "owner" or last in profile.owners) else None


def gather(question: str, profile: Profile, measured: bool = True) -> list[Example]:
    """Return what the program itself brings for a question: the seeds, and for owners the profile's words.

    Args:
        measured: whether figures and thresholds may be taken from the seeds.
    """
    examples = [replace(example, measured=measured) for example in seed_examples(question, profile)]
    return examples + (profile_examples(profile) if question == "owner" else [])
