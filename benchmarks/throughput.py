"""Messages a second: `python benchmarks/throughput.py [--data FOLDER] [--messages N]`.

Times our whole path from text to all answers and reasons, on one core and on two, next to the plain stack
(jieba, TfidfVectorizer and one LinearSVC a question: answers without confidence or reasons) in the same run; and the
whole classify job with its database writes. Without a folder the texts are the seeds; with one, labelled.csv.
"""

import argparse
import csv
import json
import os
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

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


def ours(texts: Sequence[TextIn]) -> int:
    """Answer for all texts with the shipped bundle."""
    bundle, profile = load_bundle(), load_profile()
    predict(bundle, profile, texts[:1])
    started = time.perf_counter()
    for start in range(0, len(texts), BATCH):
        predict(bundle, profile, texts[start : start + BATCH])
    return round(len(texts) / (time.perf_counter() - started))


def plain_stack(texts: Sequence[TextIn]) -> int:
    """Answer five questions for all texts with jieba and scikit-learn alone."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    warnings.simplefilter("ignore")
    rows = seed_rows()
    vectoriser = TfidfVectorizer(tokenizer=cut_slowly, token_pattern=None, sublinear_tf=True)
    learned = vectoriser.fit_transform([f"{row['title']}\n{row['body']}" for row in rows])
    models = [
        LinearSVC(random_state=0).fit(learned, [row[question] for row in rows])
        for question in ("category", "owner", "kind", "sentiment", "urgency")
    ]
    started = time.perf_counter()
    for start in range(0, len(texts), BATCH):
        found = vectoriser.transform([f"{text.title}\n{text.body}" for text in texts[start : start + BATCH]])
        for model in models:
            model.predict(found)
    return round(len(texts) / (time.perf_counter() - started))


def job(texts: Sequence[TextIn]) -> int:
    """Classify stored messages, writes included."""
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


def on_two_cores(measure: Callable[[Sequence[TextIn]], int], texts: Sequence[TextIn]) -> int:
    """Return the rates of two processes at once, added."""
    with ProcessPoolExecutor(2) as pool:
        return sum(pool.map(measure, [texts, texts]))


def cpu_us(measure: Callable[[Sequence[TextIn]], int], texts: Sequence[TextIn]) -> int:
    """Return the processor time of a message, microseconds, start-up taken out; other load hardly moves it."""
    started = time.process_time()
    measure(texts[:BATCH])
    once = time.process_time()
    measure([*texts, *texts[:BATCH]])
    return round((time.process_time() - once - (once - started)) / len(texts) * 1e6)


def peak_mib(measure: Callable[[Sequence[TextIn]], int], texts: Sequence[TextIn]) -> float:
    """Return the peak memory of a process of its own that measures, MiB."""
    with ProcessPoolExecutor(1) as pool:
        pool.submit(measure, texts).result()
        return round(pool.submit(_peak).result() / 1024, 1)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


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
    few = texts[: max(BATCH, len(texts) // 5)]
    started = time.perf_counter()
    load_bundle()
    loaded = time.perf_counter() - started
    figures = {
        "messages": len(texts),
        "mean_characters": round(sum(len(text.title) + len(text.body) for text in texts) / len(texts)),
        "load_bundle_ms": round(loaded * 1000, 1),
        "ours_one_core": ours(texts),
        "ours_two_cores": on_two_cores(ours, texts),
        "ours_peak_mib": peak_mib(ours, texts),
        "plain_one_core": plain_stack(few),
        "plain_two_cores": on_two_cores(plain_stack, few),
        "plain_peak_mib": peak_mib(plain_stack, few),
        "classify_job_one_process": job(texts),
        "ours_cpu_us_per_message": cpu_us(ours, texts),
        "plain_cpu_us_per_message": cpu_us(plain_stack, few),
        "load_average": round(os.getloadavg()[0], 1),
    }
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
