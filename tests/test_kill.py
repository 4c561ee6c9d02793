"""Killing the process at any point of import, classify and open-cases loses no message and doubles none."""

import csv
import json
import random
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from config.clock import system_clock
from config.home import init_home
from config.settings import Settings

ROWS = 330
POINTS = 50
NOW = system_clock().astimezone()


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """A board export of `ROWS` fresh messages."""
    path = tmp_path / "board.csv"
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["留言编号", "留言用户", "留言主题", "留言时间", "留言详情"])
        for number in range(ROWS):
            time = (NOW - timedelta(minutes=number + 1)).strftime("%Y/%m/%d %H:%M:%S")
            writer.writerow([10_000 + number, f"U{number % 40}", f"第{number}号问题", time, f"第{number}条路灯不亮了"])
    return path


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_at_fifty_random_points_nothing_is_missing_or_double(tmp_path: Path, board: Path) -> None:
    """After a kill and a second run every id of the source is there once, with one prediction, case and deadline."""
    template = tmp_path / "template"
    # In service since two days ago: every message of the file opens a case.
    init_home(Settings(home=template), clock=lambda: NOW - timedelta(days=2)).close()
    shares = sorted(random.Random(20261123).random() for _ in range(POINTS))
    driver = Path(__file__).parent / "killing.py"
    run = subprocess.run(
        [sys.executable, str(driver), str(template), str(board), json.dumps(shares)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    first, *rounds = [json.loads(line) for line in run.stdout.splitlines()]
    expected = sorted(str(10_000 + number) for number in range(ROWS))

    assert first["state"]["ids"] == expected
    assert len(rounds) == POINTS
    assert sum(one["killed"] for one in rounds) == POINTS
    for one in rounds:
        state = one["state"]
        assert state["ids"] == expected, one["die_at"]
        assert state["predictions"] == state["predicted_messages"] == ROWS, one["die_at"]
        assert state["case_messages"] == state["distinct_case_messages"] == ROWS, one["die_at"]
        assert state["cases"] == state["deadlines"] == ROWS, one["die_at"]
