"""Build the shipped model: `python benchmarks/base_model.py --data FOLDER`.

Learns every question from the seeds, the shipped profile and the data folder, writes classifier/models/base.npz
and prints the figures of held-out folds. With `--repeat N` the figures are measured N times with other folds
and nothing is written; `--question Q` looks at one question only.
The folder holds labelled.csv (author, title, body, category), emotions.csv (text, emotion), categories.xlsx (three
levels of topics) and, unlabelled, board.xlsx and answered.xlsx; `benchmarks/read.csv` says by their numbers what
readers took those letters for. Nothing of the folder enters the bundle but words that several of its authors share,
and their weights.
"""

import argparse
import csv
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl

from classifier import corpus, training
from classifier.corpus import Example
from classifier.segment import Words, own_words
from classifier.store import QUESTIONS, SHIPPED, load_bundle, save_bundle
from config.profile import CATEGORIES, EXTERNAL, Profile, load_profile
from config.redact import mask

SEED = 20261123

SEEDS_FOR_CATEGORY = 0.3
"""What an invented message is worth beside a real one where the category is learned."""
READ_WEIGHT = 0.15
"""What a letter is worth that one reader looked at once."""
READ = Path(__file__).parent / "read.csv"
"""Columns: table, number, owner, kind, sentiment, urgency; the number is the letter's in the table."""

_BREAKS = re.compile(r"_x000D_|\s+")

TOPICS = {
    "国家统计局临沂调查队": "统计",
    "住房和城乡建设局": "城乡建设",
    "交通运输局": "交通运输",
    "生态环境局": "环境保护",
    "教育局": "教育文体",
    "人力资源和社会保障局": "劳动和社会保障",
    "市场监督管理局": "商贸旅游",
    "卫生健康委员会": "卫生计生",
}
"""Bodies of the shipped profile whose duties are one category."""


def board_examples(folder: Path) -> list[Example]:
    """Return the labelled board messages for `category`, one group an author."""
    return [
        Example(mask(row["title"]), mask(row["body"]), row["category"], f"board:{row['author']}")
        for row in _rows(folder / "labelled.csv")
    ]


def post_examples(folder: Path) -> list[Example]:
    """Return the labelled posts for `emotion`."""
    return [
        Example("", mask(row["text"]), row["emotion"], f"post:{number}")
        for number, row in enumerate(_rows(folder / "emotions.csv"))
    ]


def duty_examples(profile: Profile) -> list[Example]:
    """Return the profile's duties and phrases for `category`, of owners that stand for one category."""
    topics = {EXTERNAL + body: topic for body, topic in TOPICS.items()}
    topics |= {section.name: "统计" for section in profile.sections}
    return [
        replace(one, label=topics[one.label], weight=0.2)
        for one in corpus.profile_examples(profile)
        if one.label in topics
    ]


def topic_examples(folder: Path) -> list[Example]:
    """Return the names of the topics' second and third level as texts of their category."""
    rows = _sheet(folder / "categories.xlsx")
    named = [(row[0], "".join(dict.fromkeys(name for name in row[1:3] if name and name != "其他"))) for row in rows]
    return [
        Example("", text, category, f"topic:{number}", measured=False)
        for number, (category, text) in enumerate(named)
        if text and category in CATEGORIES
    ]


def read_examples(folder: Path, question: str) -> list[Example]:
    """Return the letters that readers answered a question for; no figure is taken from them."""
    texts = {
        (table, str(row[0])): (mask(str(row[2] or "")), mask(_BREAKS.sub("", str(row[4] or ""))), str(row[1]))
        for table in ("answered", "board")
        for row in _sheet(folder / f"{table}.xlsx")
    }
    examples = []
    for row in _rows(READ):
        title, body, author = texts[row["table"], row["number"]]
        if row[question]:
            examples.append(Example(title, body, row[question], f"board:{author}", weight=READ_WEIGHT, measured=False))
    return examples


def gather(folder: Path, profile: Profile) -> dict[str, list[Example]]:
    """Return the examples of every question."""
    examples = {question: corpus.gather(question, profile) for question in QUESTIONS}
    # The figures of the category are those of real letters; of the invented ones the traps are too many.
    examples["category"] = [replace(one, weight=SEEDS_FOR_CATEGORY, measured=False) for one in examples["category"]]
    examples["category"] += board_examples(folder) + topic_examples(folder) + duty_examples(profile)
    for question in ("owner", "kind", "sentiment", "urgency"):
        examples[question] += read_examples(folder, question)
    examples["emotion"] += post_examples(folder)
    return examples


def measure(question: str, rows: list[Example], times: int, words: Words) -> None:
    """Print the mean and spread of the figures of held-out folds, measured anew so many times."""
    figures = []
    for number in range(times):
        held = training.train_question(question, rows, SEED + number, words=words).notes["held_out"]
        answered = held["answered"]
        figures.append(
            (
                held["accuracy"],
                held["macro_f1"],
                answered["share"],
                answered["accuracy"],
                held["calibration"]["error"],
            )
        )
    mean, spread = np.mean(figures, axis=0), np.std(figures, axis=0)
    names = ("accuracy", "macro_f1", "answered", "accuracy_answered", "calibration_error")
    said = "  ".join(f"{name} {m:.3f}±{s:.3f}" for name, m, s in zip(names, mean, spread, strict=True))
    print(f"{question:10} rows {sum(row.measured for row in rows)}  {said}", flush=True)


def _sheet(path: Path) -> list[tuple[Any, ...]]:
    sheet = openpyxl.load_workbook(path, read_only=True).worksheets[0]
    return [row for row in sheet.iter_rows(min_row=2, values_only=True) if row[0]]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def main() -> None:
    """Read the arguments, then measure or build."""
    parser = argparse.ArgumentParser(description="Build the shipped model.")
    parser.add_argument("--data", type=Path, required=True, help="folder with labelled.csv and emotions.csv")
    parser.add_argument("--repeat", type=int, default=0, help="measure so many times and write nothing")
    parser.add_argument("--question", choices=QUESTIONS, action="append", help="only this one")
    arguments = parser.parse_args()
    profile = load_profile()
    words = own_words(profile)
    examples = gather(arguments.data, profile)
    if arguments.repeat:
        for question in arguments.question or QUESTIONS:
            measure(question, examples[question], arguments.repeat, words)
        return
    questions = training.train_bundle(examples, None, SEED, words=words)
    path = save_bundle(questions, SHIPPED.parent, prefix="base", name=SHIPPED.name, words=words)
    bundle = load_bundle(path)
    print(f"{bundle.version}: {path.stat().st_size / 2**20:.2f} MiB, {len(bundle.served.vocabulary.features)} features")
    for name, notes in bundle.report.items():
        held = notes["held_out"]
        print(name, json.dumps({key: held[key] for key in ("rows", "accuracy", "macro_f1", "answered")}))


if __name__ == "__main__":
    main()
