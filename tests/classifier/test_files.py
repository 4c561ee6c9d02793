"""Tables in, answers and figures out; no home, no database."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from classifier import jobs
from classifier.errors import ClassifierError, TrainingDataError
from classifier.files import COLUMNS, classify_file, evaluate_file, safe
from classifier.labels import add_label
from classifier.predict import TextIn
from classifier.store import load_bundle
from classifier.versions import active_bundle
from classifier.writing import appearing
from collector.errors import FileRefused
from config.context import Context
from config.settings import Settings
from tests.classifier.test_training import examples
from tests.factories import make_message


def table(path: Path, columns: list[str], rows: list[list[str]]) -> Path:
    """Write a CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
    return path


def answers(path: Path) -> list[dict[str, str]]:
    """Read what was written."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_columns_are_the_agreed_ones(settings: Settings, tmp_path: Path) -> None:
    """Ids stay text exactly, guesses stand in every column, reasons are question=word,word."""
    file = table(tmp_path / "in.csv", ["id", "title", "body"], [["007", "", "请问去年的GDP是多少"], ["1e5", "", "。"]])

    assert classify_file(settings, file, tmp_path / "out.csv") == {
        "rows": 2,
        "classified": 2,
        "skipped": 0,
        "failed": 0,
    }
    first, second = answers(tmp_path / "out.csv")
    assert tuple(first) == COLUMNS
    assert (first["id"], first["category"], first["kind"]) == ("007", "统计", "咨询")
    assert 0 <= float(first["owner_confidence"]) <= 1
    assert "GDP" in dict(part.split("=") for part in first["why"].split(";"))["owner"].split(",")
    assert first["emotion"]
    assert (second["id"], second["owner"]) == ("1e5", "无效")
    assert set(second["abstained"].split(";")) == {"category", "owner", "kind", "sentiment", "emotion", "urgency"}
    assert not settings.home.exists()


def test_emotion_is_for_posts_where_a_channel_is_given(settings: Settings, tmp_path: Path) -> None:
    """Other channels, and an empty cell, have none."""
    rows = [["1", "太好了，开心！", "posts"], ["2", "太好了，开心！", "mailbox"], ["3", "太好了，开心！", ""]]
    classify_file(settings, table(tmp_path / "in.csv", ["id", "body", "channel"], rows), tmp_path / "out.csv")

    assert [bool(row["emotion"]) for row in answers(tmp_path / "out.csv")] == [True, False, False]


def test_synonyms_and_missing_ids(settings: Settings, tmp_path: Path) -> None:
    """The columns of an export are known; a row without an id is named by its position."""
    rows = [["", "主题", "请问年鉴在哪里买"], ["A9", "", "感谢"]]
    classify_file(
        settings, table(tmp_path / "in.csv", ["留言编号", "留言主题", "留言详情"], rows), tmp_path / "out.csv"
    )

    assert [row["id"] for row in answers(tmp_path / "out.csv")] == ["row 2", "A9"]


@pytest.mark.parametrize(
    ("cell", "copied"), [("=1+1", "'=1+1"), ("@x", "'@x"), ("-5", "-5"), ("+86", "+86"), ("007", "007"), ("", "")]
)
def test_copied_ids_are_formula_safe(cell: str, copied: str) -> None:
    """A spreadsheet computes nothing; numbers stay as they are."""
    assert safe(cell) == copied


def test_an_output_that_cannot_be_written_is_told(settings: Settings, tmp_path: Path) -> None:
    """The error names the place."""
    file = table(tmp_path / "in.csv", ["id", "body"], [["1", "正文"]])

    with pytest.raises(ClassifierError, match="cannot be written"):
        classify_file(settings, file, tmp_path / "no" / "out.csv")
    with pytest.raises(FileRefused):
        classify_file(settings, tmp_path / "missing.csv", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("way", ["same", "relative", "link", "hard link"])
def test_the_table_itself_is_not_overwritten(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """OUT that is FILE, by whatever path, is refused and the table is untouched."""
    file = table(tmp_path / "in.csv", ["id", "body"], [["1", "正文"]])
    before = file.read_bytes()
    monkeypatch.chdir(tmp_path)
    out = {"same": file, "relative": Path("../" + tmp_path.name) / "in.csv"}.get(way, tmp_path / "other.csv")
    if way == "link":
        out.symlink_to(file)
    elif way == "hard link":
        out.hardlink_to(file)

    with pytest.raises(ClassifierError, match="are the same"):
        classify_file(settings, file, out)
    assert file.read_bytes() == before


def test_a_table_without_texts_is_not_asked_for_dates(settings: Settings, tmp_path: Path) -> None:
    """Neither answering nor learning needs a date."""
    file = table(tmp_path / "in.csv", ["甲", "乙"], [["1", "2"]])

    with pytest.raises(FileRefused, match="留言内容") as refused:
        evaluate_file(settings, file, "kind")
    assert "date" not in str(refused.value)


def test_a_home_answers_with_its_own_model(ctx: Context, tmp_path: Path) -> None:
    """Where there is a home, the version in service there is used."""
    file = table(tmp_path / "t.csv", ["body", "kind"], [[one.body, one.label] for one in examples()])
    report = jobs.train_candidate(ctx, [file])
    assert active_bundle(ctx).version == load_bundle().version
    jobs.activate(ctx, report["version"], by="test")

    assert evaluate_file(ctx.settings, file, "kind")["version"] == report["version"]


def test_evaluate_gives_figures_as_json(settings: Settings, tmp_path: Path) -> None:
    """Per class, macro-F1, curve and what became of the rows; labels can be renamed."""
    rows = [
        ["请问年鉴在哪里买", "问"],
        ["感谢你们，点赞", "谢"],
        ["举报虚报产值", "举报"],
        ["正文", "别的"],
        ["", "问"],
    ]
    file = table(tmp_path / "in.csv", ["body", "标签"], rows)

    figures = evaluate_file(settings, file, "kind", rename={"问": "咨询", "谢": "感谢"})

    assert json.loads(json.dumps(figures)) == figures
    assert (figures["question"], figures["rows"], figures["accuracy"]) == ("kind", 3, 1.0)
    assert figures["table"]["unknown_labels"] == {"别的": 1}
    assert "never seen" in figures["note"]
    assert {"macro_f1", "classes", "curve", "calibration", "answered", "version"} <= set(figures)


def test_urgency_can_be_measured_though_not_learned(settings: Settings, tmp_path: Path) -> None:
    """Rules are measured like models."""
    file = table(tmp_path / "in.csv", ["body", "urgency"], [["楼道里燃气味很重", "高"], ["请问年鉴在哪里买", "低"]])

    assert evaluate_file(settings, file, "urgency")["accuracy"] == 1.0


@pytest.mark.parametrize(
    ("columns", "rows", "question", "said"),
    [
        (["body", "kind"], [["正文", "瞎写"]] * 30, "kind", "unknown label"),
        (["body", "a", "b"], [["正文", "咨询", "1"]], "kind", "no column is named kind"),
        (["body", "kind"], [["正文", ""]], "kind", "without a label"),
        (["body", "mood"], [["正文", "好"]], "mood", "no such question"),
    ],
)
def test_unusable_tables_are_refused_with_the_reason(
    settings: Settings, tmp_path: Path, columns: list[str], rows: list[list[str]], question: str, said: str
) -> None:
    """What was found and what is wanted stand in the message; there is no traceback."""
    with pytest.raises(TrainingDataError, match=said):
        evaluate_file(settings, table(tmp_path / "in.csv", columns, rows), question)


def test_training_from_a_table_registers_a_candidate(ctx: Context, tmp_path: Path) -> None:
    """Figures come back; nothing is activated; the same data is not learned again once it serves."""
    file = table(tmp_path / "t.csv", ["内容", "label"], [[one.body, one.label] for one in examples("问", "骂")])

    report = jobs.train_candidate(ctx, [file], rename={"问": "咨询", "骂": "投诉"}, question="kind")

    assert report["learned"]["kind"]["rows"] + report["aside"]["kind"] == 80
    assert report["rows"]["t.csv"]["used"] == {"kind": 80}
    with ctx.database.reading() as session:
        assert [row.active for row in jobs.list_versions(session)] == [False, True]
    jobs.activate(ctx, report["version"], by="test")
    with pytest.raises(TrainingDataError, match="unchanged"):
        jobs.train_candidate(ctx, [file], rename={"问": "咨询", "骂": "投诉"}, question="kind")


@pytest.mark.parametrize(
    "rows", [[["正文", "咨询"]] * 3, [[f"正文{i}", "咨询"] for i in range(60)]], ids=["three", "one"]
)
def test_a_table_too_small_to_learn_from_is_refused(ctx: Context, tmp_path: Path, rows: list[list[str]]) -> None:
    """Three rows or one label: the message counts what there is."""
    with pytest.raises(TrainingDataError, match="At least 20 rows are needed"):
        jobs.train_candidate(ctx, [table(tmp_path / "t.csv", ["body", "kind"], rows)])


def test_labels_left_unmapped_are_named_with_their_numbers(ctx: Context, tmp_path: Path) -> None:
    """Some labels fit and some do not: the message counts the latter and shows how to map them."""
    rows = [[one.body, one.label] for one in examples("问", "投诉")]

    with pytest.raises(TrainingDataError) as refused:
        jobs.train_candidate(ctx, [table(tmp_path / "t.csv", ["body", "kind"], rows)])

    assert "问 40" in str(refused.value)
    assert "--map 问=NEW" in str(refused.value)
    assert ".." not in str(refused.value).replace("...", "")


def test_figures_say_on_which_rows_they_were_measured(ctx: Context, tmp_path: Path) -> None:
    """The candidate's figures stand beside those of the version in service on the same new rows."""
    file = table(tmp_path / "t.csv", ["body", "kind"], [[one.body, one.label] for one in examples()])

    report = jobs.train_candidate(ctx, [file])
    trained = jobs.compare_versions(ctx, report["base"], report["version"])["trained"]

    rows = report["learned"]["kind"]["rows"]
    assert report["learned"]["kind"]["base"]["rows"] == rows == 80 - report["aside"]["kind"]
    assert trained[report["version"]]["kind"]["base"] == report["learned"]["kind"]["base"]
    assert f"{rows} new rows only" in trained[report["version"]]["kind"]["measured_on"]
    assert "its own training" in trained[report["base"]]["kind"]["measured_on"]


def test_training_without_any_label_is_refused(ctx: Context) -> None:
    """An empty home has nothing to learn from."""
    with pytest.raises(TrainingDataError, match="nothing to learn"):
        jobs.train_candidate(ctx, [])


def test_contradictions_and_long_texts_are_counted_not_fatal(ctx: Context, tmp_path: Path) -> None:
    """The report says how many rows contradict each other."""
    rows = [[one.body, one.label] for one in examples()] + [
        ["很长" * 50_000, "咨询"],
        ["又来", "咨询"],
        ["又来", "投诉"],
    ]

    report = jobs.train_candidate(ctx, [table(tmp_path / "t.csv", ["body", "kind"], rows)])

    assert report["rows"]["t.csv"]["contradictions"] == 2


def test_labels_of_the_desk_are_learned_and_compared(ctx: Context) -> None:
    """Corrections train a candidate, and both versions are measured on them."""
    for one in examples():
        message = make_message(ctx, title="", body=one.body)
        with ctx.database.writing() as session:
            add_label(session, message, "kind", one.label, "corrected", "staff:1", ctx.clock())
    base = load_bundle().version

    report = jobs.train_candidate(ctx, [])
    compared = jobs.compare_versions(ctx, base, report["version"])

    assert report["learned"]["kind"]["rows"] + report["aside"]["kind"] == 80
    assert set(compared["labelled"]["kind"]) == {base, report["version"]}
    assert compared["labelled"]["kind"][report["version"]]["accuracy"] >= compared["labelled"]["kind"][base]["accuracy"]


def test_what_is_no_ordinary_file_is_not_replaced(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device, a pipe or a folder as OUT is refused in one line and stays."""
    file = table(tmp_path / "in.csv", ["id", "body"], [["1", "正文"]])
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    monkeypatch.chdir(tmp_path)

    for out in (pipe, tmp_path, Path(), Path("/dev/null")):
        with pytest.raises(ClassifierError, match="not an ordinary file"):
            classify_file(settings, file, out)
    assert pipe.is_fifo()


def test_half_a_surrogate_pair_is_written_as_a_replacement_character(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken ids do not stop the table."""
    file = table(tmp_path / "in.csv", ["id", "body"], [["1", "正文"]])
    rows = iter([("a\ud800", TextIn("", "我们的信息\udfff被倒卖"))])
    monkeypatch.setattr("classifier.files._texts", lambda table: rows)
    classify_file(settings, file, tmp_path / "out.csv")

    (row,) = answers(tmp_path / "out.csv")
    assert row["id"] == "a\ufffd"
    assert "信息\ufffd被倒卖" in row["why"]


def test_a_table_waits_for_no_library_it_does_not_use(tmp_path: Path) -> None:
    """Without a home, `classify FILE` loads neither database nor learner nor readers of other files: they take longer
    than the answer."""
    file = table(tmp_path / "in.csv", ["id", "body"], [["1", "请问去年的GDP是多少"]])
    code = (
        "import sys, worker\n"
        f"sys.argv = ['wenzheng', 'classify', {str(file)!r}, '--out', {str(tmp_path / 'out.csv')!r}]\n"
        "try:\n    worker.main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "slow = {'sqlalchemy', 'alembic', 'sklearn', 'openpyxl', 'xlrd', 'bs4', 'opencc', 'jieba', 'rjieba'}\n"
        "print(sorted(slow & set(sys.modules)))"
    )
    environment = {"WENZHENG_HOME": str(tmp_path / "none"), "PATH": os.environ["PATH"]}
    root = Path(__file__).parent.parent.parent
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "[]"
    assert answers(tmp_path / "out.csv")[0]["kind"] == "咨询"


def test_the_services_own_files_are_never_replaced(settings: Settings, tmp_path: Path) -> None:
    """Key, database, chain heads and models stay, whatever OUT says; a new file in the home may be written."""
    file = table(tmp_path / "in.csv", ["id", "body"], [["1", "正文"]])
    (settings.home / "models").mkdir(parents=True, exist_ok=True)
    own = [settings.key_path, *(settings.home / name for name in ("wenzheng.db", "audit-heads.jsonl", "models/a.npz"))]
    for place in own[:3]:
        place.write_bytes(b"mine")

    for place in own:
        with pytest.raises(ClassifierError, match="belongs to the service"), appearing(settings, place):
            raise AssertionError("opened")
    with appearing(settings, settings.home / "new.csv") as out:
        out.write("x")

    assert [place.read_bytes() for place in own[:3]] == [b"mine"] * 3
    assert not own[3].exists()
    assert classify_file(settings.model_copy(update={"home": tmp_path / "none"}), file, tmp_path / "o.csv")["rows"] == 1


def test_a_name_as_long_as_may_be_is_written(settings: Settings, tmp_path: Path) -> None:
    """The file beside its place has a short name of its own."""
    out = tmp_path / ("x" * 251 + ".csv")
    with appearing(settings, out) as file:
        file.write("1")
    with pytest.raises(ClassifierError, match="cannot be written"), appearing(settings, tmp_path / ("x" * 256)):
        pass

    assert out.read_text() == "1"
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []
