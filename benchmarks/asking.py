"""Whether labelling what `wenzheng labels next` asks for teaches more than labelling at random.

    python benchmarks/asking.py [--question owner] [--copies 4] [--rounds 5]

A plain linear model starts with 300 seeds, and four times the labels of 50 more are given to it: chosen at random, the
least sure ones, or by the rule of `classifier/asking.py`. It is measured on `benchmarks/measured.csv`.
"""

import argparse
import csv
import random
from pathlib import Path

import numpy as np
from scipy.special import softmax
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from classifier import asking
from classifier.corpus import seed_rows

START, STEP, STEPS = 300, 50, 4
SLOPE = 4


def main() -> None:
    """Print the accuracy after each step, the mean of all rounds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--question", default="owner")
    parser.add_argument("--copies", type=int, default=0, help="how often a fifth of the letters was sent again")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    question = arguments.question
    seeds = [row for row in seed_rows() if row.get(question)]
    with (Path(__file__).parent / "measured.csv").open(encoding="utf-8-sig", newline="") as file:
        kept = [row for row in csv.DictReader(file) if row.get(question)]
    vectoriser = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    texts = vectoriser.fit_transform([f"{row['title']}\n{row['body']}" for row in seeds])
    measured = vectoriser.transform([f"{row['title']}\n{row['body']}" for row in kept])
    labels = np.array([row[question] for row in seeds])
    truth = np.array([row[question] for row in kept])
    words = [asking._words(row["title"], row["body"]) for row in seeds]

    def learn(places: list[int]) -> LinearSVC:
        return LinearSVC(class_weight="balanced").fit(texts[places], labels[places])

    def choose(way: str, model: LinearSVC, pool: list[int], labelled: list[int], rnd: random.Random) -> list[int]:
        if way == "random":
            return rnd.sample(range(len(pool)), STEP)
        sure = softmax(SLOPE * model.decision_function(texts[pool]), axis=1).max(axis=1)
        order = np.argsort(sure, kind="stable").tolist()
        if way == "least sure":
            return order[:STEP]
        once = list({pool[place]: place for place in reversed(order[: asking.LEAST_SURE])}.values())[::-1]
        pooled, known = once[: asking.POOL], labelled[-asking.KNOWN :]
        weighted = asking._weighted([words[pool[place]] for place in pooled] + [words[place] for place in known])
        chosen = asking.spread(1 - sure[pooled], weighted[: len(pooled)], weighted[len(pooled) :], STEP)
        return [pooled[place] for place in chosen]

    for way in ("random", "least sure", "labels next"):
        curves = []
        for number in range(arguments.rounds):
            order = list(range(len(seeds)))
            random.Random(number).shuffle(order)
            labelled, pool = order[:START], order[START:]
            pool += [place for place in pool[: len(pool) // 5] for _ in range(arguments.copies)]
            rnd = random.Random(number)
            model = learn(labelled)
            curve = [(model.predict(measured) == truth).mean()]
            for _ in range(STEPS):
                taken = set(choose(way, model, pool, labelled, rnd))
                labelled = labelled + [pool[place] for place in sorted(taken)]
                pool = [one for place, one in enumerate(pool) if place not in taken]
                model = learn(labelled)
                curve.append((model.predict(measured) == truth).mean())
            curves.append(curve)
        print(f"{way:12}", *(f"{value:.3f}" for value in np.mean(curves, axis=0)))


if __name__ == "__main__":
    main()
