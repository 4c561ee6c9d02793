"""Labels as tables: what leaves, what comes in, what is refused, and that repeating changes nothing."""

import csv
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from classifier.corpus import label_examples
from classifier.errors import ClassifierError, LabelError
from classifier.label_files import (
    COLUMNS,
    DONE,
    REFUSED,
    SHOWN,
    Imported,
    export_labels,
    import_labels,
    quoted,
    unquoted,
)
from classifier.labels import add_label, newest_labels
from classifier.tables import Label
from collector.access import EVERYONE, PIPELINE, visible_to
from collector.errors import FileRefused
from collector.tables import RESTRICTED, Message
from config.context import Context
from config.home import init_home
from config.settings import Settings
from tests.conftest import FixedClock
from tests.factories import make_message


@pytest.fixture
def other(tmp_path: Path, clock: FixedClock) -> Iterator[Context]:
    """A second home."""
    context = init_home(Settings(home=tmp_path / "other"), clock=clock)
    yield context
    context.close()


def say(ctx: Context, message: int, value: str, origin: str = "corrected", question: str = "kind") -> None:
    """Add one label."""
    with ctx.database.writing() as session:
        add_label(session, message, question, value, origin, "staff:1", ctx.clock())


def table(tmp_path: Path, text: str) -> Path:
    """Write a CSV."""
    path = tmp_path / "labels.csv"
    path.write_text(text, "utf-8")
    return path


def took(ctx: Context, path: Path, *, dry_run: bool = False) -> Imported:
    """Import a table, and check that every row is counted in exactly one way."""
    result = import_labels(ctx, path, "test", dry_run=dry_run)
    assert result.counts["rows"] == sum(result.counts[key] for key in DONE + REFUSED)
    return result


def counted(result: Imported) -> dict[str, int]:
    """Return the counts that are not 0."""
    return {key: number for key, number in result.counts.items() if number}


def stored(ctx: Context) -> list[tuple[str, str, str, str]]:
    """Return id, question, value and origin of every label, in their order."""
    with ctx.database.reading() as session:
        rows = session.execute(
            sa.select(Message.external_id, Label.question, Label.value, Label.origin)
            .join(Label, Label.message_id == Message.id)
            .where(visible_to(PIPELINE))
            .order_by(Label.id)
        )
        return [tuple(row) for row in rows]


def cells(path: Path) -> list[dict[str, str]]:
    """Read what was exported."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_export_holds_the_label_that_counts(ctx: Context, tmp_path: Path) -> None:
    """One row a message and question with the newest value, who said so and when; a mark of byte order for Excel."""
    first = make_message(ctx, external_id="a1")
    second = make_message(ctx, external_id="a2")
    say(ctx, first, "咨询")
    say(ctx, first, "求助")
    say(ctx, second, "综合科", "blind", "owner")

    counts = export_labels(ctx, tmp_path / "out.csv")

    assert counts == {"labels": 2, "messages": 2}
    assert (tmp_path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbfsource,")
    rows = cells(tmp_path / "out.csv")
    assert tuple(rows[0]) == COLUMNS
    assert [tuple(row.values()) for row in rows] == [
        ("test", "a1", "kind", "求助", "corrected", "staff:1", "2026-11-23T10:00:00+08:00"),
        ("test", "a2", "owner", "综合科", "blind", "staff:1", "2026-11-23T10:00:00+08:00"),
    ]
    assert export_labels(ctx, tmp_path / "out.csv", question="owner") == {"labels": 1, "messages": 1}


def test_an_accept_that_repeats_a_statement_leaves_as_the_statement(ctx: Context, tmp_path: Path) -> None:
    """What makes a value usable is exported with it; a mere accept says that it is one."""
    backed, alone = make_message(ctx, external_id="b"), make_message(ctx, external_id="c")
    say(ctx, backed, "咨询", "blind")
    say(ctx, backed, "咨询", "accepted")
    say(ctx, alone, "咨询", "accepted")

    export_labels(ctx, tmp_path / "out.csv")

    assert [row["origin"] for row in cells(tmp_path / "out.csv")] == ["blind", "accepted"]


def test_restricted_messages_never_leave_and_never_match(ctx: Context, tmp_path: Path) -> None:
    """Neither the words nor the id of one is exported, and an import does not tell that it is there."""
    secret = make_message(ctx, external_id="secret", access=RESTRICTED)
    say(ctx, secret, "举报")

    assert export_labels(ctx, tmp_path / "out.csv", with_text=True) == {"labels": 0, "messages": 0}
    assert cells(tmp_path / "out.csv") == []
    result = took(ctx, table(tmp_path, "id,kind\nsecret,咨询\nnone,咨询\n"))
    assert counted(result) == {"rows": 2, "unknown_message": 2}
    assert result.refused[0].detail == result.refused[1].detail


def test_texts_leave_masked_and_safe_for_spreadsheets(ctx: Context, tmp_path: Path) -> None:
    """No phone, and no cell that a spreadsheet would run."""
    message = make_message(ctx, external_id="=1+1", title="=cmd|' /C calc'!A0", body="请回电13912345678，\n谢谢")
    say(ctx, message, "求助")

    export_labels(ctx, tmp_path / "out.csv", with_text=True)

    [row] = cells(tmp_path / "out.csv")
    assert row["external_id"] == "'=1+1"
    assert row["title"].startswith("'=")
    assert row["body"] == "请回电[电话]，\n谢谢"
    assert counted(took(ctx, tmp_path / "out.csv")) == {"rows": 1, "unchanged": 1}


@pytest.mark.parametrize("name", [".", "nowhere/out.csv"])
def test_an_export_that_cannot_be_written_says_so(ctx: Context, tmp_path: Path, name: str) -> None:
    """A folder and a missing folder are refused; nothing half written stays."""
    with pytest.raises(ClassifierError):
        export_labels(ctx, tmp_path / name)
    with pytest.raises(LabelError, match="no such question"):
        export_labels(ctx, tmp_path / "out.csv", question="mood")

    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_a_broken_export_leaves_the_earlier_file(ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new file takes the old one's place only when all of it is written."""
    say(ctx, make_message(ctx), "咨询")
    out = table(tmp_path, "before")

    def broken(text: str) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("classifier.label_files.quoted", broken)
    with pytest.raises(ClassifierError, match="No space left"):
        export_labels(ctx, out)

    assert out.read_text("utf-8") == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "labels.csv"]


def test_rows_name_their_question_or_columns_do(ctx: Context, tmp_path: Path) -> None:
    """Both forms are read; full-width colons and blanks do not matter, blank cells say nothing."""
    for name in ("1", "2", "3"):
        make_message(ctx, external_id=name)

    long = took(ctx, table(tmp_path, "Source,ID,Question,Value\ntest,1,kind,咨询\ntest,2,Kind, 求助 \n,3,kind,\n"))
    wide = took(ctx, table(tmp_path, "id,owner,kind\n1,外部：公安局,投诉\n2,,\n3,综合科,\n"))

    assert counted(long) == {"rows": 3, "stored": 2, "blank": 1, "labels": 2}
    assert counted(wide) == {"rows": 3, "stored": 2, "blank": 1, "labels": 3}
    assert stored(ctx) == [
        ("1", "kind", "咨询", "imported"),
        ("2", "kind", "求助", "imported"),
        ("1", "owner", "外部:公安局", "imported"),
        ("1", "kind", "投诉", "imported"),
        ("3", "owner", "综合科", "imported"),
    ]
    with ctx.database.reading() as session:
        label = session.scalars(sa.select(Label)).first()
        assert label is not None
        assert (label.by, label.labelled_at) == ("test", ctx.clock())


def test_workbooks_and_office_encodings_are_read(ctx: Context, tmp_path: Path) -> None:
    """A workbook whose ids became numbers, and a CSV in GB18030 with semicolons."""
    make_message(ctx, external_id="1024")
    book = openpyxl.Workbook()
    book.active.append(["留言编号", "owner"])
    book.active.append([1024, "综合科"])
    book.save(tmp_path / "labels.xlsx")
    (tmp_path / "gb.csv").write_bytes("id;owner\n1024;办公室\n".encode("gb18030"))

    assert counted(took(ctx, tmp_path / "labels.xlsx")) == {"rows": 1, "stored": 1, "labels": 1}
    assert counted(took(ctx, tmp_path / "gb.csv")) == {"rows": 1, "stored": 1, "labels": 1}
    assert [row[2] for row in stored(ctx)] == ["综合科", "办公室"]


def test_an_id_of_several_sources_needs_its_source(ctx: Context, tmp_path: Path) -> None:
    """Alone it is refused as ambiguous; with its source it is found."""
    make_message(ctx, source="web", external_id="7")
    make_message(ctx, source="mail", external_id="7")

    result = took(ctx, table(tmp_path, "source,id,kind\n,7,咨询\nmail,7,求助\nfax,7,咨询\n"))

    assert counted(result) == {"rows": 3, "stored": 1, "labels": 1, "ambiguous_message": 1, "unknown_message": 1}
    assert [(one.row, one.reason) for one in result.refused] == [
        ("row 2", "ambiguous_message"),
        ("row 4", "unknown_message"),
    ]


def test_refused_rows_are_told_with_number_and_reason(ctx: Context, tmp_path: Path) -> None:
    """The others are stored; a section outside the profile is an unknown value, and no cell is quoted at length."""
    make_message(ctx, external_id="1")
    text = (
        "id,question,value\n1,owner,撤销的科室\n1,mood,好\n,kind,咨询\n9,kind,咨询\n"
        f"1,kind,请回电13912345678{'好' * 50}\n1,kind,咨询\n"
    )

    result = took(ctx, table(tmp_path, text))

    assert [one.reason for one in result.refused] == [
        "unknown_value",
        "unknown_question",
        "without_id",
        "unknown_message",
        "unknown_value",
    ]
    assert result.refusals == 5
    assert stored(ctx) == [("1", "kind", "咨询", "imported")]
    shown = result.refused[4].detail
    assert "13912345678" not in shown
    assert "好" * 20 not in shown


def test_at_most_twenty_refused_rows_are_listed(ctx: Context, tmp_path: Path) -> None:
    """The count tells of all."""
    make_message(ctx, external_id="1")

    result = took(ctx, table(tmp_path, "id,kind\n" + "9,咨询\n" * 50))

    assert (len(result.refused), result.refusals) == (SHOWN, 50)


def test_rows_that_contradict_each_other_are_both_refused(ctx: Context, tmp_path: Path) -> None:
    """Which of them is right only a person knows; rows that agree are stored once."""
    make_message(ctx, external_id="1")
    make_message(ctx, external_id="2")

    result = took(ctx, table(tmp_path, "id,kind\n1,咨询\n2,求助\n1,投诉\n2,求助\n"))

    assert counted(result) == {"rows": 4, "stored": 1, "repeated": 1, "contradiction": 2, "labels": 1}
    assert stored(ctx) == [("2", "kind", "求助", "imported")]


def test_a_row_is_taken_whole_or_not_at_all(ctx: Context, tmp_path: Path) -> None:
    """Of a row with one wrong answer the right one waits too."""
    make_message(ctx, external_id="1")

    assert counted(took(ctx, table(tmp_path, "id,kind,owner\n1,咨询,谁\n"))) == {"rows": 1, "unknown_value": 1}
    assert stored(ctx) == []


def test_repeating_an_import_changes_nothing(ctx: Context, tmp_path: Path) -> None:
    """The newest value is there already; an older one that came back is stored as new."""
    message = make_message(ctx, external_id="1")
    path = table(tmp_path, "id,kind\n1,咨询\n")

    assert counted(took(ctx, path, dry_run=True)) == {"rows": 1, "stored": 1, "labels": 1}
    assert stored(ctx) == []
    took(ctx, path)
    assert counted(took(ctx, path)) == {"rows": 1, "unchanged": 1}
    say(ctx, message, "求助")
    assert counted(took(ctx, path)) == {"rows": 1, "stored": 1, "labels": 1}
    assert [row[2] for row in stored(ctx)] == ["咨询", "求助", "咨询"]


def test_an_accept_does_not_become_truth_by_travelling(ctx: Context, other: Context, tmp_path: Path) -> None:
    """It arrives as an accept and trains nothing; a statement of the same value then makes it usable."""
    say(ctx, make_message(ctx, external_id="1"), "咨询", "accepted")
    make_message(other, external_id="1")
    export_labels(ctx, tmp_path / "out.csv")

    took(other, tmp_path / "out.csv")
    assert stored(other) == [("1", "kind", "咨询", "accepted")]
    assert counted(took(other, tmp_path / "out.csv")) == {"rows": 1, "unchanged": 1}
    path = table(tmp_path, "id,kind\n1,咨询\n")
    took(other, path)
    assert counted(took(other, path)) == {"rows": 1, "unchanged": 1}

    with other.database.reading() as session:
        assert [one.label for one in label_examples(session, "kind", other.profile)] == ["咨询"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,body\n1,正文\n", "no column holds labels"),
        ("id,question\n1,kind\n", "no column holds labels"),
        ("名称,kind\n1,咨询\n", "no column holds the ids"),
        ("id,owner,owner_confidence\n1,综合科,0.3\n", "guesses of a model"),
        ("id,owner,abstained\n1,综合科,\n", "guesses of a model"),
    ],
)
def test_tables_that_hold_no_labels_are_refused_whole(ctx: Context, tmp_path: Path, text: str, said: str) -> None:
    """Columns are missing, or the answers are the model's own: the error says what to do."""
    make_message(ctx, external_id="1")

    with pytest.raises(LabelError, match=said) as caught:
        took(ctx, table(tmp_path, text))

    assert caught.value.todo
    assert stored(ctx) == []


def test_files_that_are_no_tables_are_refused(ctx: Context, tmp_path: Path) -> None:
    """A missing file, an empty one, a picture, and a header without rows."""
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4)
    for path in (tmp_path / "none.csv", tmp_path / "picture.png", table(tmp_path, ""), tmp_path):
        with pytest.raises(FileRefused):
            took(ctx, path)
    with pytest.raises(FileRefused):
        took(ctx, table(tmp_path, "id,kind\n"))
    for by in ("", " ", "x" * 65, "a\nb"):
        with pytest.raises(LabelError):
            import_labels(ctx, table(tmp_path, "id,kind\n1,咨询\n"), by)


def test_strange_cells_are_refused_and_nothing_breaks(ctx: Context, tmp_path: Path) -> None:
    """Control characters, overlong ids, a ragged row, a row that is too long, and one that is blank between others."""
    make_message(ctx, external_id="1")
    text = f"id,kind\n\x001\x02,咨询\n{'9' * 300},咨询\n1\n\n{'x' * 200_001},咨询\n\U0001f600,咨询\n"

    result = took(ctx, table(tmp_path, text))

    assert counted(result) == {
        "rows": 6,
        "stored": 1,
        "labels": 1,
        "blank": 2,
        "unknown_message": 2,
        "unreadable": 1,
    }


def test_a_kill_between_batches_is_mended_by_the_next_run(
    ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was committed stays, the batch that broke leaves nothing, and the same command does the rest."""
    for number in range(5):
        make_message(ctx, external_id=f"{number}")
    path = table(tmp_path, "id,kind\n" + "".join(f"{number},咨询\n" for number in range(5)))
    monkeypatch.setattr("classifier.label_files.BATCH", 2)
    batches = 0

    def dies(session: Session, content: str, number: int) -> None:
        nonlocal batches
        batches += 1
        if batches == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_labels(ctx, path, "test", note=dies)
    assert len(stored(ctx)) == 2
    assert counted(took(ctx, path)) == {"rows": 5, "unchanged": 2, "stored": 3, "labels": 3}
    assert len(stored(ctx)) == 5


@given(st.text("=+-@'\t\r1一,\" ", max_size=6))
def test_quoting_is_undone(text: str) -> None:
    """Whatever a cell holds, it comes back, and never begins like a formula in between."""
    assert unquoted(quoted(text)) == text
    assert not quoted(text).startswith(("=", "+", "-", "@", "\t", "\r"))


IDS = st.text("=+-@'`ab017 .,;\"一<>:", min_size=1, max_size=8).filter(lambda text: bool(text.strip()))
ORIGINS = st.sampled_from(["corrected", "accepted", "blind", "imported"])
VALUES = st.sampled_from(
    [("kind", "咨询"), ("kind", "求助"), ("owner", "综合科"), ("owner", "外部:公安局"), ("urgency", "高")]
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from(["web", "=mail"]), IDS), unique=True, min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 3), VALUES, ORIGINS), max_size=12),
    st.booleans(),
)
def test_labels_survive_the_way_into_another_home(
    ctx: Context,
    other: Context,
    tmp_path: Path,
    names: list[tuple[str, str]],
    labels: list[tuple[int, tuple[str, str], str]],
    with_text: bool,
) -> None:
    """Exported, and imported where the same messages are: the same newest labels, and the same training set."""
    for home in (ctx, other):
        with home.database.writing() as session:
            session.execute(sa.delete(Label))
            session.execute(sa.delete(Message))
    messages = {
        home: [make_message(home, source=source, external_id=name, body=f"正文 {name}") for source, name in names]
        for home in (ctx, other)
    }
    for place, (question, value), origin in labels:
        say(ctx, messages[ctx][place % len(names)], value, origin, question)

    export_labels(ctx, tmp_path / "out.csv", with_text=with_text)
    # A table without rows is refused by its reader.
    if labels:
        result = took(other, tmp_path / "out.csv")
        assert result.refusals == 0
        assert took(other, tmp_path / "out.csv").counts["labels"] == 0

    assert newest(ctx, messages[ctx]) == newest(other, messages[other])
    for question in ("kind", "owner", "urgency"):
        assert learned(ctx, question) == learned(other, question)


def newest(ctx: Context, messages: list[int]) -> list[dict[str, str]]:
    """Return question -> newest value of each message."""
    with ctx.database.reading() as session:
        return [
            {question: label.value for question, label in newest_labels(session, message, EVERYONE).items()}
            for message in messages
        ]


def learned(ctx: Context, question: str) -> list[tuple[str, str]]:
    """Return text and label of the training set."""
    with ctx.database.reading() as session:
        return [(one.body, one.label) for one in label_examples(session, question, ctx.profile)]
