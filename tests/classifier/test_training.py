"""Learning: repeatable, grouped, clear about too little data, and kind to what the base already knows."""

from dataclasses import replace

import numpy as np
import pytest

from classifier.corpus import Example
from classifier.errors import TrainingDataError
from classifier.features import words_of
from classifier.pipelines import PIPELINES
from classifier.predict import TextIn, predict
from classifier.store import Bundle, Question, load_bundle
from classifier.training import check_examples, folds_of, lift_of, train_bundle, train_question
from config.profile import load_profile

ASKING = ("请问{}怎么办理", "想咨询一下{}的规定", "{}在哪里查询，谢谢", "{}需要什么材料吗", "请教{}的口径")
BLAMING = ("投诉{}态度恶劣", "{}推诿扯皮让人气愤", "对{}非常不满，要求道歉", "{}办事拖拉，投诉", "{}骗人，差评")
THINGS = ("年鉴", "公积金", "落户", "医保", "公交卡", "学区", "发票", "网报")


def examples(asking: str = "咨询", blaming: str = "投诉") -> list[Example]:
    """Return eighty invented texts with two labels."""
    return [
        Example("", pattern.format(thing), label, f"{label}{number}{thing}")
        for patterns, label in ((ASKING, asking), (BLAMING, blaming))
        for number, pattern in enumerate(patterns)
        for thing in THINGS
    ]


def kind_of(question: Question, body: str) -> str:
    """Return what a bundle with this one question says."""
    bundle = Bundle("t", {"kind": question})
    return predict(bundle, load_profile(), [TextIn("", body)])[0].kind


def test_the_same_data_and_seed_give_the_same_model() -> None:
    """Weights, threshold and figures are repeatable."""
    first, second = (train_question("kind", examples(), seed=1) for _ in range(2))

    np.testing.assert_array_equal(first.weights, second.weights)
    assert (first.threshold, first.slope, first.notes) == (second.threshold, second.slope, second.notes)
    assert first.notes["held_out"]["accuracy"] > 0.9
    assert kind_of(first, "请问驾照怎么换") == "咨询"
    assert kind_of(first, "窗口态度恶劣，投诉") == "投诉"


def test_what_one_group_alone_said_is_no_feature() -> None:
    """A word of one author, however often repeated, does not enter the vocabulary."""
    rows = [*examples(), *(Example("", "请问张三丰的事", "咨询", "one") for _ in range(5))]

    features = train_question("kind", rows, seed=1).features

    assert "w请问" in features
    assert not [name for name in features if "三丰" in name]


def test_groups_are_never_split() -> None:
    """All texts of a group are in one fold, and labels are spread."""
    rows = [Example("", str(i), "甲" if i % 2 else "乙", f"g{i // 4}") for i in range(80)]
    folds = folds_of(rows, 5, seed=3)

    for group in {row.group for row in rows}:
        assert len({fold for fold, row in zip(folds, rows, strict=True) if row.group == group}) == 1
    assert set(folds) == set(range(5))


@pytest.mark.parametrize(
    "rows",
    [[], examples()[:3], examples("咨询", "咨询"), [*examples()[:40], *examples()[-4:]]],
    ids=["none", "three", "one", "few"],
)
def test_too_little_is_refused_with_counts(rows: list[Example]) -> None:
    """Three rows, one label, or a second label with four rows cannot be learned from."""
    with pytest.raises(TrainingDataError, match="At least 20 rows are needed"):
        check_examples("kind", rows)


def test_contradictory_rows_are_learned_without_breaking() -> None:
    """The same texts under two labels give a poor model that says so, not a traceback."""
    rows = examples()
    twice = [*rows, *(Example("", row.body, "求助", row.group) for row in rows)]

    assert train_question("kind", twice, seed=1).notes["held_out"]["accuracy"] < 0.7


def test_a_few_labels_mend_a_base_and_do_not_replace_it() -> None:
    """Labels of two kinds leave the other kinds of the base alive."""
    base = load_bundle().questions["kind"]
    mended = train_question("kind", examples(), seed=1, base=base)

    assert set(mended.labels) == set(base.labels)
    assert kind_of(mended, "感谢科室同志耐心解答，点赞") == "感谢"


def test_many_labels_replace_a_base_that_knows_nothing_of_them() -> None:
    """Where the base is wrong throughout, held-out rows give it little say."""
    wrong = train_question("kind", examples("投诉", "咨询"), seed=1)
    mended = train_question("kind", examples(), seed=1, base=wrong)

    assert mended.notes["base_share"] < 0.5
    assert kind_of(mended, "请问驾照怎么换") == "咨询"


def test_other_questions_are_kept_from_the_bundle_in_service() -> None:
    """Retraining one question leaves the rest as it was, object for object."""
    serving = load_bundle()
    told: list[tuple[int, int | None]] = []
    questions = train_bundle(
        {"kind": examples()}, serving, seed=1, progress=lambda done, total: told.append((done, total))
    )

    assert questions["owner"] is serving.questions["owner"]
    assert questions["kind"] is not serving.questions["kind"]
    assert told == [(0, 1), (1, 1)]


def test_a_huge_text_is_only_long() -> None:
    """200,000 characters are clipped before they are cut."""
    assert len(words_of("统计" * 100_000)) < 5_001


def test_a_raised_label_is_missed_less_and_not_below_its_precision() -> None:
    """Of scores without order every answer may become the raised one, until its precision falls to the one agreed."""
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 600)
    scores = (rng.normal(size=(600, 3)) + 1.2 * np.eye(3)[truth]).astype(np.float32)
    scores[:, 2] -= 1.5
    pipeline = replace(PIPELINES["urgency"], raised=("高", 0.6))

    lift = lift_of(scores, truth, ("中", "低", "高"), pipeline)
    before, after = scores.argmax(1) == 2, (scores + lift).argmax(1) == 2

    assert lift[:2].tolist() == [0, 0]
    assert lift[2] > 0
    assert (truth[after] == 2).mean() >= 0.6
    assert (after & (truth == 2)).sum() > (before & (truth == 2)).sum()
    assert not lift_of(scores, truth, ("中", "低", "高"), replace(pipeline, raised=None)).any()
