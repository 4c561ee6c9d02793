"""Messages a second: `python benchmarks/throughput.py [--data FOLDER] [--messages N]`.

Times in one run, on the same texts: our whole path from text to all answers with reasons, on one core and on two;
the ordinary stack (jieba, TfidfVectorizer and one LinearSVC a question: answers without confidence or reasons), a
text at a time and all at once; snownlp's sentiment, where it is installed. Then what one message alone takes, what
loading takes, how long a fresh process needs to its first answer, the peak of memory, and the whole classify job
with its database writes. Ratios are of processor time, which other load on the machine hardly moves. Without a
folder the texts are the seeds; with one, its labelled.csv. Prints JSON.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from classifier.corpus import seed_rows
from classifier.jobs import classify_pending, ensure_base
from classifier.predict import TextIn, predict
from classifier.segment import cut_slowly
from classifier.store import load_bundle
from collector.tables import Message, RawItem
from config.home import init_home
from config.profile import load_profile
from config.settings import Settings

BATCH = 500
ROUNDS = 3
ALONE = 300
QUESTIONS = ("category", "owner", "kind", "sentiment", "urgency")


class Spent(NamedTuple):
    """The best of some rounds over so many texts, in seconds."""

    texts: int
    wall: float
    processor: float

    @property
    def a_second(self) -> int:
        """Messages a second by the clock."""
        return round(self.texts / self.wall)

    @property
    def microseconds(self) -> float:
        """Processor time of a message."""
        return round(self.processor / self.texts * 1e6, 1)


def spent(answer: Callable[[], object], texts: int, rounds: int = ROUNDS) -> Spent:
    """Time a call, best of some rounds."""
    walls, processors = [], []
    for _ in range(rounds):
        wall, processor = time.perf_counter(), time.process_time()
        answer()
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    return Spent(texts, min(walls), min(processors))


def ours(texts: Sequence[TextIn], rounds: int = ROUNDS) -> Spent:
    """Answer for all texts with the shipped bundle."""
    bundle, profile = load_bundle(), load_profile()
    predict(bundle, profile, texts[:BATCH])

    def answer() -> None:
        for start in range(0, len(texts), BATCH):
            predict(bundle, profile, texts[start : start + BATCH])

    return spent(answer, len(texts), rounds)


def alone(texts: Sequence[TextIn]) -> dict[str, float]:
    """Return what one message at a time takes, milliseconds."""
    bundle, profile = load_bundle(), load_profile()
    predict(bundle, profile, texts[:1])
    taken = []
    for text in texts[:ALONE]:
        started = time.perf_counter()
        predict(bundle, profile, [text])
        taken.append((time.perf_counter() - started) * 1000)
    return {"median_ms": round(statistics.median(taken), 2), "p95_ms": round(statistics.quantiles(taken, n=20)[-1], 2)}


def ordinary(texts: Sequence[TextIn], *, at_once: bool) -> Spent:
    """Answer five questions for all texts with jieba and scikit-learn alone."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    warnings.simplefilter("ignore")
    rows = [row for row in seed_rows() if all(row.get(question) for question in QUESTIONS)]
    vectoriser = TfidfVectorizer(tokenizer=cut_slowly, token_pattern=None, sublinear_tf=True)
    learned = vectoriser.fit_transform([f"{row['title']}\n{row['body']}" for row in rows])
    models = [LinearSVC(random_state=0).fit(learned, [row[question] for row in rows]) for question in QUESTIONS]
    written = [f"{text.title}\n{text.body}" for text in texts]

    def answer() -> None:
        for part in [written] if at_once else [[one] for one in written]:
            found = vectoriser.transform(part)
            for model in models:
                model.predict(found)

    return spent(answer, len(texts), 1)


def snow(texts: Sequence[TextIn]) -> Spent | None:
    """Return what snownlp takes for the sentiment alone; None where it is not installed."""
    try:
        from snownlp import SnowNLP
    except ImportError:
        return None

    def answer() -> None:
        for text in texts:
            _ = SnowNLP(f"{text.title}\n{text.body}").sentiments

    return spent(answer, len(texts), 1)


def on_two_cores(texts: Sequence[TextIn]) -> int:
    """Return the messages a second of two processes at once, added."""
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        return sum(one.a_second for one in pool.map(ours, [texts, texts], [ROUNDS * 2] * 2))


def peak_mb(texts: Sequence[TextIn]) -> float:
    """Return the peak memory of a process of its own that answers."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        pool.submit(ours, texts, 1).result()
        return round(pool.submit(_peak_kb).result() / 1024, 1)


def _peak_kb() -> int:
    # What `getrusage` tells begins with the peak of the process this one was started by.
    status = Path("/proc/self/status").read_text("ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")))


def load_ms() -> float:
    """Return what reading the bundle and laying it out takes, after the imports."""

    def load() -> None:
        served = load_bundle().served
        _ = served.vocabulary.words, served.vocabulary.grams, served.readable

    return round(spent(load, 1).wall * 1000, 1)


def first_answer_s() -> dict[str, float]:
    """Return how long `wenzheng classify FILE` takes for one row in a fresh process, without a home."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "one.csv"
        table.write_text("id,title,body\n1,,请问去年的GDP是多少\n", "utf-8")
        arguments = [sys.executable, "-m", "worker", "classify", str(table), "--out", str(Path(folder) / "out.csv")]
        environment = {**os.environ, "WENZHENG_HOME": str(Path(folder) / "home")}
        taken = []
        for _ in range(5):
            started = time.perf_counter()
            subprocess.run(arguments, env=environment, check=True, capture_output=True)
            taken.append(time.perf_counter() - started)
    return {"median": round(statistics.median(taken), 2), "best": round(min(taken), 2)}


def job(texts: Sequence[TextIn]) -> int:
    """Classify stored messages, writes included; return messages a second."""
    with tempfile.TemporaryDirectory() as folder:
        ctx = init_home(Settings(home=Path(folder) / "home"))
        ensure_base(ctx)
        now = ctx.clock()
        with ctx.database.writing() as session:
            raw = RawItem(
                source="benchmark",
                channel="site-board",
                name="-",
                sha256="0" * 64,
                size=0,
                options={},
                collected_at=now,
            )
            session.add(raw)
            session.flush()
            session.add_all(
                Message(
                    source="benchmark",
                    channel="site-board",
                    external_id=str(number),
                    title=text.title,
                    body=text.body,
                    posted_at=now,
                    received_at=now,
                    collected_at=now,
                    raw_item_id=raw.id,
                )
                for number, text in enumerate(texts)
            )
        started = time.perf_counter()
        classify_pending(ctx)
        rate = round(len(texts) / (time.perf_counter() - started))
        ctx.close()
    return rate


def read(folder: Path | None, number: int) -> list[TextIn]:
    """Return so many texts, repeated as often as needed."""
    if folder is None:
        rows: Sequence[dict[str, Any]] = seed_rows()
    else:
        with (folder / "labelled.csv").open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    return [
        TextIn(row["title"], row["body"], "site-board") for row in (list(rows) * (number // len(rows) + 1))[:number]
    ]


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description="Messages a second.")
    parser.add_argument("--data", type=Path, help="folder with labelled.csv; without it the seeds")
    parser.add_argument("--messages", type=int, default=3000, help="texts to answer for")
    arguments = parser.parse_args()
    texts = read(arguments.data, arguments.messages)
    few = texts[: max(100, len(texts) // 6)]
    one_by_one, at_once = ordinary(few, at_once=False), ordinary(few, at_once=True)
    mine, snowed = ours(texts), snow(few[:100])
    figures = {
        "messages": len(texts),
        "mean_characters": round(sum(len(text.title) + len(text.body) for text in texts) / len(texts)),
        "a_second": {
            "ordinary_one_by_one": one_by_one.a_second,
            "ordinary_in_one_batch": at_once.a_second,
            "snownlp_sentiment_only": snowed.a_second if snowed else "not installed",
            "ours_one_core": mine.a_second,
            "ours_two_cores": on_two_cores(texts),
            "ours_job_with_writes": job(texts),
        },
        "processor_us": {
            "ordinary_one_by_one": one_by_one.microseconds,
            "ordinary_in_one_batch": at_once.microseconds,
            "ours": mine.microseconds,
        },
        "times_faster": {
            "than_one_by_one": round(one_by_one.microseconds / mine.microseconds, 1),
            "than_in_one_batch": round(at_once.microseconds / mine.microseconds, 1),
            "than_snownlp": round(snowed.microseconds / mine.microseconds, 1) if snowed else None,
        },
        "one_message_alone": alone(texts),
        "load_ms": load_ms(),
        "first_answer_s": first_answer_s(),
        "peak_mb": peak_mb(texts),
        "load_average": round(os.getloadavg()[0], 1),
    }
    sys.stdout.write(json.dumps(figures, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
