"""Restricted stays restricted: a marked letter is looked for in everything that anyone can read."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
import typer
from typer.core import TyperGroup
from typer.testing import CliRunner

import worker
from classifier.corpus import label_examples
from classifier.jobs import classify_pending
from classifier.labels import add_label
from classifier.tables import Prediction
from classifier.versions import ensure_base
from collector.access import EVERYONE, PIPELINE, visible_to
from collector.importing import import_file
from collector.tables import Message
from config.context import Context
from responder.cases import open_cases
from responder.reports import report
from responder.weeks import week_of

MARKS = ("暗记甲乙", "暗记丙丁", "13700000099", "暗记戊己")
"""Words that stand in the restricted letter's title, body, contact and author, and nowhere else."""


@pytest.fixture
def home(ctx: Context, tmp_path: Path) -> Context:
    """A home with an ordinary letter and a restricted one, classified, in cases and in a summary."""
    letters = [
        {
            "id": "1",
            "title": "年鉴",
            "body": "请问去年的统计年鉴在哪里可以买到？",
            "posted_at": "2026-11-23T08:00:00+08:00",
        },
        {
            "id": "2",
            "title": f"关于{MARKS[0]}的情况",
            "body": f"{MARKS[1]}要求企业编造产值，请查处。",
            "posted_at": "2026-11-23T08:30:00+08:00",
            "contact": MARKS[2],
            "author": MARKS[3],
            "诉求类型": "举报",
        },
    ]
    path = tmp_path / "letters.json"
    path.write_text(json.dumps(letters, ensure_ascii=False), "utf-8")
    ensure_base(ctx)
    assert import_file(ctx, path, "mailbox").stored == 2
    assert classify_pending(ctx)["classified"] == 2
    assert open_cases(ctx)["opened"] == 2
    with ctx.database.writing() as session:
        for message_id in session.scalars(sa.select(Message.id).where(visible_to(PIPELINE))):
            add_label(session, message_id, "owner", "综合科", "corrected", "test", ctx.clock())
    return ctx


def leaks(text: str) -> list[str]:
    """Return the marks that a text shows."""
    return [mark for mark in MARKS if mark in text]


def test_the_letter_is_restricted_and_lies_sealed(home: Context) -> None:
    """The word 举报 in the source's own kind makes it restricted, and no file of the home holds its words."""
    with home.database.reading() as session:
        assert session.scalars(sa.select(Message.access).order_by(Message.id)).all() == ["normal", "restricted"]
    home.close()
    for path in home.settings.home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [mark for mark in MARKS if mark.encode() in content], path


def test_what_the_classifier_finds_to_be_a_report_is_sealed_and_leaves_nothing_behind(
    ctx: Context, tmp_path: Path
) -> None:
    """A letter that came open and reads as a tip-off is restricted; no file keeps its words, reasons included."""
    words = ("青石桥建材厂", "虚报产值")
    letter = {
        "id": "9",
        "title": "举报统计造假",
        "body": f"我要举报：{words[0]}连续三年向统计局{words[1]}，编造假报表，老板指使会计造假，请依法查处并为我保密。",
        "posted_at": "2026-11-23T08:00:00+08:00",
    }
    path = tmp_path / "letter.json"
    path.write_text(json.dumps([letter], ensure_ascii=False), "utf-8")
    ensure_base(ctx)
    import_file(ctx, path, "mailbox")

    assert classify_pending(ctx)["restricted"] == 1

    with ctx.database.reading() as session:
        assert session.scalars(sa.select(Message.access)).one() == "restricted"
        assert words[1][:2] in str(session.scalars(sa.select(Prediction.why)).one())
    ctx.close()
    for file in ctx.settings.home.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            written = [word for word in words if word.encode() in content or json.dumps(word)[1:-1].encode() in content]
            assert written == [], file


def test_a_query_for_everyone_leaves_it_out(home: Context) -> None:
    """`visible_to(EVERYONE)` returns the ordinary letter only; the pipeline sees both."""
    with home.database.reading() as session:
        assert session.scalars(sa.select(Message.external_id).where(visible_to(EVERYONE))).all() == ["1"]
        assert len(session.scalars(sa.select(Message.id).where(visible_to(PIPELINE))).all()) == 2


def test_no_training_set_holds_it(home: Context) -> None:
    """A label on a restricted message is kept, but its text never trains a model."""
    with home.database.reading() as session:
        rows = label_examples(session, "owner", home.profile)

    assert len(rows) == 1
    assert leaks(repr(rows)) == []


@pytest.mark.parametrize("form", ["html", "json"])
def test_no_summary_tells_of_it_but_as_a_number(home: Context, tmp_path: Path, form: str) -> None:
    """The weekly summary shows nothing of it, and says that there is one."""
    path = report(home, week_of(home.clock(), home.profile.zone), form, tmp_path / f"week.{form}")
    text = path.read_text("utf-8")

    assert leaks(text) == []
    if form == "json":
        assert json.loads(text)["restricted"] == 1


def command_lines(group: TyperGroup, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield every command of the command line."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from command_lines(command, (*words, name))
        else:
            yield (*words, name)


# How each command is called; None: it starts or changes the service and prints no rows.
CALLS: dict[tuple[str, ...], list[str] | None] = {
    ("audit", "verify"): ["--json"],
    ("calendar", "import"): None,
    ("check",): ["--json"],
    ("classify",): ["--json"],
    ("collect",): ["--json"],
    ("demo",): None,
    ("desk",): None,
    ("due",): ["--clock", "foi", "--from", "2026-11-23"],
    ("evaluate",): None,
    ("import",): None,
    ("init",): [],
    ("labels", "export"): ["{out}", "--text"],
    ("labels", "import"): None,
    ("labels", "next"): ["--json"],
    ("migrate",): [],
    ("models", "activate"): None,
    ("models", "compare"): None,
    ("models", "drift"): ["--json"],
    ("models", "list"): ["--json"],
    ("models", "rollback"): None,
    ("queue",): ["--json"],
    ("report",): ["--week", "2026-W48", "--out", "{out}"],
    ("run",): None,
    ("setaside", "drop"): None,
    ("setaside", "list"): ["--json"],
    ("setaside", "retry"): None,
    ("setaside", "show"): None,
    ("source", "list"): ["--json"],
    ("source", "propose"): None,
    ("source", "try"): None,
    ("staff", "add"): None,
    ("staff", "disable"): None,
    ("staff", "list"): ["--json"],
    ("staff", "passwd"): None,
    ("staff", "role"): None,
    ("train",): None,
    ("work",): None,
}


def test_no_command_prints_it(home: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command that prints rows is called, in both forms; a new command must be added to the table."""
    root = typer.main.get_command(worker.app)
    assert isinstance(root, TyperGroup)
    assert sorted(command_lines(root)) == sorted(CALLS)
    monkeypatch.setenv("WENZHENG_HOME", str(home.settings.home))
    if home.settings.database_url is not None:
        monkeypatch.setenv("WENZHENG_DATABASE_URL", home.settings.database_url.get_secret_value())
    out = tmp_path / "out.html"
    for words, arguments in CALLS.items():
        if arguments is None:
            continue
        given = [str(out) if argument == "{out}" else argument for argument in arguments]
        for form in (given, [one for one in given if one != "--json"]):
            result = CliRunner().invoke(worker.app, [*words, *form])
            assert result.exit_code == 0, (words, result.output, result.exception)
            assert leaks(result.output) == [], words
            assert not out.exists() or leaks(out.read_text("utf-8")) == [], words
    assert leaks(out.read_text("utf-8")) == []
