"""Measure the urgency rules on the seeds: `python benchmarks/urgency.py`."""

import json
import sys

from classifier.corpus import seed_rows
from classifier.evaluation import evaluate
from classifier.urgency import URGENCY_THRESHOLD, judge


def main() -> None:
    """Print the figures as JSON."""
    rows = seed_rows()
    found = [judge(row["title"], row["body"]) for row in rows]
    figures = evaluate(
        [row["urgency"] for row in rows],
        [one.urgency for one in found],
        [one.confidence for one in found],
        URGENCY_THRESHOLD,
    )
    shown = {key: figures[key] for key in ("rows", "accuracy", "macro_f1", "classes", "answered")}
    sys.stdout.write(json.dumps(shown, ensure_ascii=False, indent=2) + "\n")


if __name__ == "__main__":
    main()
