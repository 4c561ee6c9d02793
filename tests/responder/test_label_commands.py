"""The commands over labels: exit codes, what they print, and the audit."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

import worker
from classifier.labels import add_label
from config.context import Context
from responder.audit import verify
from responder.settling import import_labels
from responder.tables import AuditEvent
from tests.conftest import variables
from tests.factories import make_message, make_prediction


@pytest.fixture
def home(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> Context:
    """A home that the command line opens too."""
    for name in ("WENZHENG_HOME", "WENZHENG_DATABASE_URL"):
        if value := variables(ctx.settings).get(name):
            monkeypatch.setenv(name, value)
    return ctx


def table(tmp_path: Path, text: str) -> Path:
    """Write a CSV."""
    path = tmp_path / "labels.csv"
    path.write_text(text, "utf-8")
    return path


def events(ctx: Context) -> list[tuple[str, dict[str, int]]]:
    """Return action and detail of every import of labels in the audit."""
    with ctx.database.reading() as session:
        rows = session.execute(
            sa.select(AuditEvent.subject, AuditEvent.detail).where(AuditEvent.action == "labels:import")
        )
        return [(row.subject, row.detail) for row in rows]


def test_an_import_stands_in_the_audit_and_a_look_does_not(ctx: Context, tmp_path: Path) -> None:
    """One event a batch with the number of labels; a dry run and a repetition change nothing and leave none."""
    make_message(ctx, external_id="1")
    path = table(tmp_path, "id,kind,owner\n1,咨询,综合科\n")

    import_labels(ctx, path, "王科长", dry_run=True)
    assert events(ctx) == []
    import_labels(ctx, path, "王科长")
    import_labels(ctx, path, "王科长")

    [(subject, detail)] = events(ctx)
    assert subject.startswith("labels:")
    assert detail == {"stored": 2}
    assert verify(ctx).ok


def test_refused_rows_end_with_1_and_are_listed(home: Context, tmp_path: Path) -> None:
    """The others are stored; JSON holds the same list."""
    make_message(home, external_id="1")
    path = table(tmp_path, "id,kind\n1,咨询\n2,咨询\n" + "1,随便\n" * 30)

    said = CliRunner().invoke(worker.app, ["labels", "import", str(path), "--dry-run"])
    assert said.exit_code == 1
    assert "stored: 1" in said.output
    assert "row 3: unknown_message" in said.output
    assert "and 11 more rows were refused" in said.output
    assert "nothing was stored" in said.output

    said = CliRunner().invoke(worker.app, ["labels", "import", str(path), "--by", "王", "--json"])
    told = json.loads(said.stdout)
    assert said.exit_code == 1
    assert (told["rows"], told["stored"], told["unknown_message"], told["unknown_value"]) == (32, 1, 1, 30)
    assert told["refused"][0] == {
        "row": "row 3",
        "reason": "unknown_message",
        "detail": "no message here has this id, or not from this source",
    }
    assert len(told["refused"]) == 20


def test_an_import_without_refusals_ends_with_0(home: Context, tmp_path: Path) -> None:
    """Blank and repeated rows are no fault."""
    make_message(home, external_id="1")
    path = table(tmp_path, "id,kind\n1,咨询\n1,咨询\n1,\n")

    said = CliRunner().invoke(worker.app, ["labels", "import", str(path)])

    assert said.exit_code == 0, said.output
    assert said.output.split("\n")[:5] == ["rows: 3", "stored: 1", "unchanged: 0", "repeated: 1", "blank: 1"]


def test_what_is_next_can_be_labelled_in_a_table_and_imported(home: Context, tmp_path: Path) -> None:
    """The columns id and source of the list are those that an import looks for; labelled messages leave the list."""
    for name, body in (("=7", "请问统计年鉴在哪里买"), ("8", "小区夜里施工噪音扰民")):
        make_prediction(home, make_message(home, external_id=name, title="", body=body), owner_confidence=0.3)

    listed = CliRunner().invoke(worker.app, ["labels", "next", "--json", "--limit", "1"])
    [row] = json.loads(listed.stdout)
    assert row == {
        "id": "=7",
        "source": "test",
        "channel": "site-board",
        "guess": "综合科",
        "confidence": 0.3,
        "title": "请问统计年鉴在哪里买",
    }
    path = table(tmp_path, f"id,source,owner\n{row['id']},{row['source']},办公室\n")
    assert CliRunner().invoke(worker.app, ["labels", "import", str(path)]).exit_code == 0
    listed = CliRunner().invoke(worker.app, ["labels", "next"])
    assert "=7" not in listed.output
    assert "小区夜里" in listed.output


def test_an_export_says_how_much_it_wrote(home: Context, tmp_path: Path) -> None:
    """An empty home gives a header; what cannot be written ends with an error of ours."""
    out = tmp_path / "out.csv"
    assert "labels: 0" in CliRunner().invoke(worker.app, ["labels", "export", str(out)]).output
    message = make_message(home)
    with home.database.writing() as session:
        add_label(session, message, "kind", "咨询", "blind", "test", home.clock())

    said = CliRunner().invoke(worker.app, ["labels", "export", str(out), "--text", "--question", "kind", "--json"])

    assert json.loads(said.stdout) == {"labels": 1, "messages": 1}
    assert out.read_text("utf-8-sig").startswith("source,external_id,question,value,origin,by,labelled_at,title,body\n")
    assert CliRunner().invoke(worker.app, ["labels", "export", str(tmp_path)]).exit_code != 0
    assert "nothing to label" in CliRunner().invoke(worker.app, ["labels", "next"]).output
