"""Proposing: what is kept aside is never learned, equal data gives one version, and a deleted section stays away."""

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from classifier import candidates, training
from classifier.candidates import compare_versions, train_candidate
from classifier.comparing import LEAST_ROWS
from classifier.corpus import Example, new_labels, newest_label
from classifier.errors import NothingNew, TrainingDataError
from classifier.evaluation import evaluate
from classifier.jobs import classify_pending
from classifier.keeping import author_group, kept_aside, text_group
from classifier.labels import add_label
from classifier.predict import TextIn, predict
from classifier.proposals import new_since_training, proposal_of, waiting_proposal
from classifier.store import Bundle, Question, load_bundle, save_bundle
from classifier.tables import ModelVersion, Prediction
from classifier.versions import (
    activate,
    active_version,
    find_version,
    list_versions,
    models_folder,
    prune,
    register,
    rollback,
)
from collector.errors import FileRefused
from collector.tables import RESTRICTED
from config.context import Context
from config.profile import SHIPPED, Profile, load_profile
from tests.classifier.test_training import examples
from tests.factories import make_message

PLACES = ("城东", "城西", "城南", "城北", "河东", "河西")
GONE = "信息化科"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the seeds and learn on top of little, because what is tested here does not depend on them."""
    monkeypatch.setattr(candidates, "gather", lambda question, profile, measured: [])


def letters(places: int = len(PLACES)) -> list[Example]:
    """Return eighty texts a place, each different, with two kinds."""
    return [replace(one, body=f"{place}{one.body}") for place in PLACES[:places] for one in examples()]


def table(
    path: Path, rows: Sequence[Example], question: str = "kind", columns: Mapping[str, str] | None = None
) -> Path:
    """Write labelled rows as CSV, with further columns of one value."""
    more = columns or {}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["body", question, *more])
        writer.writerows([one.body, one.label, *more.values()] for one in rows)
    return path


def say(ctx: Context, question: str, rows: Sequence[Example], origin: str = "corrected", **columns: Any) -> None:
    """Store one message a row with its label."""
    for one in rows:
        message = make_message(ctx, title="", body=one.body, **columns)
        with ctx.database.writing() as session:
            add_label(session, message, question, one.label, origin, "staff:1", ctx.clock())


@pytest.fixture
def learned(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, list[Example]]]:
    """What every training of the test was given to learn, in order."""
    told: list[dict[str, list[Example]]] = []
    learn: Callable[..., dict[str, Question]] = training.train_bundle

    def watched(rows: Mapping[str, Sequence[Example]], *rest: Any) -> dict[str, Question]:
        told.append({name: list(given) for name, given in rows.items()})
        return learn(rows, *rest)

    monkeypatch.setattr(training, "train_bundle", watched)
    return told


def small_version(ctx: Context, prefix: str, owners: tuple[str, str] = (GONE, "综合科")) -> ModelVersion:
    """Register a version whose owner question knows only two owners."""
    rows = examples(*owners)
    questions = {**load_bundle().questions, "owner": training.train_question("owner", rows, seed=1)}
    return register(ctx, save_bundle(questions, models_folder(ctx), prefix=prefix))


def without_section(folder: Path, name: str = GONE) -> Profile:
    """Return the shipped profile after a section was dissolved."""
    parts = re.split(r"(?m)^(?=\[\[)", SHIPPED.read_text("utf-8"))
    kept = [part for part in parts if not (part.startswith("[[sections]]") and f'"{name}"' in part)]
    path = folder / "dissolved.toml"
    path.write_text("".join(kept), "utf-8")
    profile = load_profile(path)
    assert name not in profile.owners
    return profile


def test_what_is_kept_aside_is_never_learned(
    ctx: Context, tmp_path: Path, quick: None, learned: list[dict[str, list[Example]]]
) -> None:
    """Rows of tables and labels alike; both versions are compared on them, and the result is kept with the version."""
    say(ctx, "kind", letters(2))
    report = train_candidate(ctx, [table(tmp_path / "t.csv", letters()[160:])])

    (given,) = learned
    assert not [one for one in given["kind"] if kept_aside(one.group)]
    assert len(given["kind"]) + report["aside"]["kind"] == 480
    assert 48 < report["aside"]["kind"] < 144
    found = report["compared"]["kind"]
    assert found["rows"] == report["aside"]["kind"]
    assert found["verdict"] in ("better", "worse", "no difference shown")
    version = find_version(ctx, report["version"])
    proposal = proposal_of(version)
    assert proposal is not None
    assert (proposal.base, proposal.compared) == (load_bundle().version, report["compared"])
    assert set(version.report) - set(load_bundle().questions) == {"proposal"}


def test_the_same_text_on_both_sides_is_kept_aside_only(
    ctx: Context, tmp_path: Path, quick: None, learned: list[dict[str, list[Example]]]
) -> None:
    """A table that repeats labelled letters under other groups does not bring what is kept aside into the training."""
    rows = letters(2)
    say(ctx, "kind", rows)
    author = next(name for name in ("老刘", "老李", "老孙") if not kept_aside(author_group(name) or ""))
    report = train_candidate(ctx, [table(tmp_path / "t.csv", rows, columns={"author": author})])

    texts = {text_group(one.title, one.body) for one in learned[0]["kind"]}
    aside = [one for one in rows if text_group("", one.body) not in texts]
    assert report["copies"]["kind"] == len(aside) == report["aside"]["kind"] > 0


def test_one_authors_rows_and_one_groups_rows_stay_together(
    ctx: Context, tmp_path: Path, learned: list[dict[str, list[Example]]]
) -> None:
    """A table's column of authors, or `group`, decides before the text does."""
    from classifier.labelled import read_labelled

    for column in ("author", "group"):
        path = table(tmp_path / f"{column}.csv", letters(1), columns={column: "青石桥的老刘"})
        read = read_labelled(ctx.settings, ctx.profile, path).examples["kind"]
        assert len({one.group for one in read}) == 1, column
    path = table(tmp_path / "nobody.csv", letters(1), columns={"author": "匿名"})
    assert len({one.group for one in read_labelled(ctx.settings, ctx.profile, path).examples["kind"]}) == 80


def test_letters_of_nobody_are_not_one_author(ctx: Context) -> None:
    """匿名 has a key like any name, and stands for many; with a phone number it is one person."""
    from classifier.corpus import label_examples

    key = ctx.vault.keyed_hash("匿名", "author")
    say(ctx, "kind", letters(1)[:3], author_key=key, author_name="匿名")
    say(ctx, "kind", letters(1)[3:6], author_key="p" * 32, author_name="匿名", contact="0539-1234567")

    with ctx.database.reading() as session:
        groups = [one.group for one in label_examples(session, "kind", ctx.profile)]
    assert len(set(groups)) == 4
    assert groups[3:] == ["author:" + "p" * 32] * 3


def test_the_same_data_gives_the_same_version(
    ctx: Context, tmp_path: Path, quick: None, learned: list[dict[str, list[Example]]]
) -> None:
    """On another day, nothing is trained and no second version is there; a damaged file is trained anew."""
    file = table(tmp_path / "t.csv", letters(2))
    first = train_candidate(ctx, [file])
    ctx.clock.set(ctx.clock().replace(month=12))  # type: ignore[attr-defined]
    second = train_candidate(ctx, [file])

    assert (first["again"], second["again"]) == (False, True)
    assert {key: first[key] for key in ("version", "learned", "compared")} == {
        key: second[key] for key in ("version", "learned", "compared")
    }
    assert len(learned) == 1

    path = models_folder(ctx) / find_version(ctx, first["version"]).file
    path.write_bytes(b"damaged")
    assert not train_candidate(ctx, [file])["again"]


def test_too_few_rows_kept_aside_give_no_verdict(ctx: Context, tmp_path: Path, quick: None) -> None:
    """Thirty rows can be learned from and not be compared on; the report says so."""
    report = train_candidate(ctx, [table(tmp_path / "t.csv", letters(1))])

    assert report["aside"]["kind"] < LEAST_ROWS
    assert report["compared"]["kind"]["verdict"] == "too few rows"
    waiting = waiting_proposal(ctx)
    assert waiting is not None
    assert waiting.told() == "too few rows on kind"


def test_rows_that_are_short_only_because_some_are_kept_aside_say_so(ctx: Context, tmp_path: Path, quick: None) -> None:
    """The error counts both."""
    rows = letters(1)[30:52]
    with pytest.raises(TrainingDataError, match=r"more are kept aside for comparing.*At least 20 rows"):
        train_candidate(ctx, [table(tmp_path / "t.csv", rows)])


def test_every_question_of_the_bundle_can_be_learned(ctx: Context, tmp_path: Path, quick: None) -> None:
    """Urgency like the others, and in one table."""
    path = tmp_path / "t.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["body", "kind", "urgency", "emotion"])
        writer.writerows(
            [one.body, one.label, *(("高", "anger") if one.label == "投诉" else ("低", "gratitude"))]
            for one in letters(1)
        )

    report = train_candidate(ctx, [path])

    assert set(report["learned"]) == set(report["compared"]) == {"kind", "urgency", "emotion"}


def test_versions_are_compared_on_what_neither_learned(ctx: Context, quick: None) -> None:
    """`models compare` shows both on the labels kept aside, and what training found stands beside it."""
    say(ctx, "kind", letters(3))
    report = train_candidate(ctx, [])
    found = compare_versions(ctx, report["base"], report["version"])

    assert found["labelled"]["kind"][report["base"]]["rows"] == report["aside"]["kind"]
    assert found["compared"]["kind"] == report["compared"]["kind"]
    assert found["proposed"][report["version"]]["compared"] == report["compared"]
    assert found["notes"] == []


def test_a_version_of_an_older_program_is_named_as_an_unfair_measure(ctx: Context) -> None:
    """It may have learned what is kept aside now."""
    old = small_version(ctx, "old")

    (note,) = compare_versions(ctx, active_version(ctx).version, old.version)["notes"]
    assert old.version in note


def test_new_labels_are_counted_once_and_only_where_they_say_something_new(ctx: Context) -> None:
    """A confirmed answer, a mere accept, a restricted letter and an owner outside the profile are nothing new."""
    rows = letters(1)[:5]
    say(ctx, "kind", rows)
    with ctx.database.reading() as session:
        before = newest_label(session)
    with ctx.database.writing() as session:
        add_label(session, 1, "kind", rows[0].label, "blind", "staff:2", ctx.clock())
        add_label(session, 2, "kind", "求助", "corrected", "staff:2", ctx.clock())
        add_label(session, 3, "owner", "撤销的科室", "corrected", "staff:2", ctx.clock())
        add_label(session, 3, "owner", "综合科", "accepted", "staff:2", ctx.clock())
    say(ctx, "kind", letters(1)[5:6], access=RESTRICTED)

    with ctx.database.reading() as session:
        assert new_labels(session, ctx.profile, 0) == {"kind": 5}
        assert new_labels(session, ctx.profile, before) == {"kind": 1}
        assert new_labels(session, ctx.profile, newest_label(session)) == {}


def test_a_training_is_the_new_start_of_counting(ctx: Context, quick: None) -> None:
    """Whether its version serves or waits; a version on another base does not count."""
    say(ctx, "kind", letters(1))
    assert new_since_training(ctx) == {"kind": 80}

    version = train_candidate(ctx, [])["version"]
    assert new_since_training(ctx) == {}
    say(ctx, "kind", letters(2)[80:90])
    assert new_since_training(ctx) == {"kind": 10}

    activate(ctx, version, by="test")
    assert new_since_training(ctx) == {"kind": 10}
    other = small_version(ctx, "other")
    activate(ctx, other.version, by="test")
    assert new_since_training(ctx) == {"kind": 90}


def test_everything_learned_already_is_told_apart(ctx: Context, tmp_path: Path, quick: None) -> None:
    """Once the version serves, its own rows are nothing new."""
    file = table(tmp_path / "t.csv", letters(1))
    activate(ctx, train_candidate(ctx, [file])["version"], by="test")

    with pytest.raises(NothingNew, match="unchanged"):
        train_candidate(ctx, [file])


def test_old_proposals_are_removed_and_what_served_stays(ctx: Context) -> None:
    """The newest ones never activated are kept; row and file of the others go."""
    served = small_version(ctx, "served").version
    activate(ctx, served, by="test")
    rollback_to = active_version(ctx).version
    waiting = [small_version(ctx, f"v{number}") for number in range(5)]
    answered = waiting[0]
    message = make_message(ctx)
    classify_pending(ctx)
    with ctx.database.writing() as session:
        session.get_one(Prediction, 1).model_version_id = answered.id

    removed = prune(ctx, keep=3)

    assert removed == [waiting[1].version]
    with ctx.database.reading() as session:
        names = [one.version for one in list_versions(session)]
    assert (
        names
        == [*(one.version for one in reversed(waiting[2:])), answered.version, served, load_bundle().version][
            : len(names)
        ]
    )
    assert rollback_to in names
    files = {path.name for path in models_folder(ctx).iterdir()}
    assert files == {f"{name}.npz" for name in names if name != load_bundle().version}
    assert message == 1


def test_a_section_that_was_dissolved_never_comes_back(ctx: Context, tmp_path: Path, quick: None) -> None:
    """Not from the version that learned it, not by rollback, not by training on top, not by labels that name it."""
    asks = [TextIn("", one.body) for one in letters(1) if one.label == "咨询"]
    first, second = small_version(ctx, "first"), small_version(ctx, "second", (GONE, "办公室"))
    for version in (first, second):
        activate(ctx, version.version, by="test")
    assert GONE in {one.owner for one in predict(bundle(ctx), ctx.profile, asks)}
    now = replace(ctx, profile=without_section(tmp_path))

    assert GONE not in {one.owner for one in predict(bundle(now), now.profile, asks)}
    assert rollback(now, by="test") == first.version
    assert GONE not in {one.owner for one in predict(bundle(now), now.profile, asks)}

    # Labels and a table that still name it, beside enough that do not.
    gone = [replace(one, label=GONE) for one in letters(1) if one.label == "咨询"]
    kept = [replace(one, label="综合科" if one.label == "咨询" else "办公室") for one in letters(2)]
    say(now, "owner", gone)
    say(now, "owner", kept[:80])
    report = train_candidate(now, [table(tmp_path / "t.csv", [*gone, *kept[80:]], "owner")])

    assert report["rows"]["t.csv"]["unknown_labels"] == {GONE: 40}
    activate(now, report["version"], by="test")
    assert GONE not in bundle(now).labels("owner")
    assert GONE not in {one.owner for one in predict(bundle(now), now.profile, asks)}
    compared = compare_versions(now, first.version, report["version"])["labelled"]["owner"]
    assert GONE not in str(compared)
    for one in asks[:3]:
        make_message(now, title="", body=one.body)
    classify_pending(now)
    with now.database.reading() as session:
        assert GONE not in {row.owner for row in session.query(Prediction)}


def bundle(ctx: Context) -> Bundle:
    """Return the bundle in service."""
    from classifier.versions import active_bundle

    return active_bundle(ctx)


def test_owners_known_by_their_duties_are_not_frozen_by_training_something_else(
    ctx: Context, tmp_path: Path, quick: None
) -> None:
    """Training `kind` leaves the owner question as the version in service has it; duties are read anew."""
    activate(ctx, small_version(ctx, "small").version, by="test")
    report = train_candidate(ctx, [table(tmp_path / "t.csv", letters(1))])
    activate(ctx, report["version"], by="test")

    assert set(bundle(ctx).labels("owner")) == {GONE, "综合科"}


def write(path: Path, text: str) -> Path:
    """Write a file."""
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("content", "as_question", "said"),
    [
        ("", None, "empty"),
        ("body,kind\n", None, "header"),
        ("body,kind\n" + "正文,瞎写\n" * 30, None, "30 with an unknown label (瞎写 30)"),
        ("body,kind\n" + "正文,咨询\n" * 3, None, "3 usable labelled rows"),
        ("body,kind\n" + "".join(f"正文{i},咨询\n" for i in range(60)), None, "1 labels"),
        ("body,kind\n" + "".join(f"正文{i},咨询\n" for i in range(60)), "owner", "kind answers another question"),
        ("body,kind\n" + "".join(f"正文{i},综合科\n" for i in range(60)), None, "综合科 60"),
        ("body,kind\n" + "长" * 300_000 + ",咨询\n", None, "1 too-long could not be read"),
    ],
    ids=["empty", "header", "wrong", "three", "one class", "other question", "other answers", "huge"],
)
def test_bad_training_files_are_refused_with_the_reason(
    ctx: Context, tmp_path: Path, quick: None, content: str, as_question: str | None, said: str
) -> None:
    """What is wrong and what is wanted stand in one message; nothing is registered."""
    with pytest.raises((TrainingDataError, FileRefused), match=re.escape(said)) as refused:
        train_candidate(ctx, [write(tmp_path / "t.csv", content)], question=as_question)

    assert refused.value.todo
    with ctx.database.reading() as session:
        assert all(version.file == "" for version in list_versions(session))


def test_a_cell_of_fifty_megabytes_is_one_unreadable_row(ctx: Context, tmp_path: Path, quick: None) -> None:
    """The rest of the table is learned, and the report says why the row was not."""
    rows = "".join(f"{one.body},{one.label}\n" for one in letters(1))
    path = write(tmp_path / "t.csv", f"body,kind\n{rows}{'长' * 17_000_000},咨询\n{'长' * 190_000},咨询\n")

    counts = train_candidate(ctx, [path])["rows"]["t.csv"]

    assert (counts["unreadable"], counts["faults"]) == (1, {"too-long": 1})
    assert counts["used"] == {"kind": 81}


def test_contradicting_rows_are_counted_and_not_learned(ctx: Context, tmp_path: Path, quick: None) -> None:
    """Labels that deny each other teach nothing; a table of nothing else is refused, with their number."""
    turned = {"咨询": "投诉", "投诉": "咨询"}
    denied = [replace(one, label=turned[one.label]) for one in letters()]

    with pytest.raises(TrainingDataError, match="960 whose text has another label in another row"):
        train_candidate(ctx, [table(tmp_path / "bad.csv", [*letters(), *denied])])
    report = train_candidate(ctx, [table(tmp_path / "mixed.csv", [*letters(), *denied[:40]])])

    assert report["rows"]["mixed.csv"]["contradictions"] == 80
    assert report["rows"]["mixed.csv"]["used"] == {"kind": 440}


def test_figures_on_rows_kept_aside_are_those_of_evaluate(ctx: Context, tmp_path: Path, quick: None) -> None:
    """The comparison's accuracy is what the candidate really answers on exactly those rows."""
    report = train_candidate(ctx, [table(tmp_path / "t.csv", letters())])
    aside = [one for one in letters() if kept_aside(text_group("", one.body))]
    candidate = load_bundle(models_folder(ctx) / find_version(ctx, report["version"]).file)

    figures = evaluate(*candidates.measured(ctx.profile, candidate, "kind", aside))

    assert len(aside) == report["compared"]["kind"]["rows"]
    assert report["compared"]["kind"]["candidate"]["accuracy"] == figures["accuracy"]
