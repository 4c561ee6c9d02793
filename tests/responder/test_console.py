"""What the command line prints: the triage list on wide and narrow terminals, and the counts of a run."""

import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from rich.cells import cell_len

from collector.counts import Counts
from responder.console import print_intake, print_queue
from responder.queue import QueueRow
from responder.routing import Basis

ROW = QueueRow(
    case_id=1,
    number="2026-000001",
    state="待分办",
    channel="site-board",
    channel_name="网站留言板",
    received_at=datetime(2026, 11, 23, 2, tzinfo=UTC),
    title="年鉴在哪里买",
    owner="综合科",
    owner_confidence=0.83,
    owner_basis=Basis.MODEL,
    owner_why="年鉴",
    kind="咨询",
    sentiment="中性",
    urgency="低",
    urgency_why="",
    due_on=date(2026, 11, 30),
    left="还剩5个工作日",
    colour="later",
    provisional=False,
    abstained=(),
)


def show(*rows: QueueRow, waiting: int | None = None, hidden: int = 0) -> None:
    """Print a list."""
    print_queue(rows, {"待分办": len(rows) if waiting is None else waiting}, hidden, ZoneInfo("Asia/Shanghai"))


def test_a_row_shows_what_is_sure(capsys: pytest.CaptureFixture[str]) -> None:
    """Sure answers stand without a mark, the owner with its share."""
    show(ROW)

    said = capsys.readouterr().out
    assert "综合科" in said
    assert "83%" in said
    assert "待定" not in said
    assert "以上为前" not in said


def test_what_is_not_sure_is_marked(capsys: pytest.CaptureFixture[str]) -> None:
    """A guess below its threshold is marked as on the desk; an open owner has no percentage beside it."""
    show(replace(ROW, owner=None, abstained=("owner", "kind", "urgency")))

    said = capsys.readouterr().out
    assert "咨询（待定）" in said
    assert "低（待定）" in said
    assert " 待定 " in said
    assert "%" not in said


def test_a_narrow_terminal_gets_two_lines_a_case(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On 80 columns no line is broken, and number, title, owner and due date are there."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")

    show(replace(ROW, title="年" * 40, abstained=("kind",)), ROW)

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert all(cell_len(line) <= 80 for line in lines)
    assert "2026-000001  11-30 还剩5个工作日  低  综合科  咨询（待定）" in lines[0]
    assert lines[3].strip() == "年鉴在哪里买"


def test_a_cut_list_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """What is not shown is counted: cut by the limit, or restricted."""
    show(ROW, waiting=94, hidden=2)

    said = capsys.readouterr().out
    assert "以上为前1件，待分办共94件" in said
    assert "另有限制查看件 2 件" in said


def test_reasons_stand_beside_their_count(capsys: pytest.CaptureFixture[str]) -> None:
    """One word may stand for dropped and for set-aside rows; they are told apart, and the JSON keeps its keys."""
    counts = Counts(fetched=4, stored=1, set_aside=2)
    counts.drop("no-text")
    for reason in ("no-text", "bad-date"):
        counts.note(reason)

    print_intake(counts, as_json=False)

    said = capsys.readouterr().out
    assert "dropped: 1 (no-text 1)" in said
    assert "set_aside: 2 (no-text 1, bad-date 1)" in said
    assert list(counts.as_dict()) == ["fetched", "stored", "duplicates", "dropped", "set_aside", "reasons"]
    assert counts.as_dict()["reasons"] == {"no-text": 2, "bad-date": 1}
