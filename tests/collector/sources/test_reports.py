"""Reports beside taken files: every reason has its words."""

import ast
import itertools
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from collector import batch, errors, sifting
from collector.counts import Counts
from collector.errors import FileRefused
from collector.readers import automatic
from collector.sources.reports import MOST_PLACES, REASONS, Outcome, Places, write_report

NOW = datetime(2026, 1, 5, 1, 7, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
WORD = re.compile(r"[a-z]+(-[a-z]+)*")
NAMERS = {"Unreadable", "Blank", "Fault", "_Faulty", "TooMuch", "_TooMuch", "drop"}


def report(outcome: Outcome, name: str = "报表.csv") -> str:
    """Return the report of an outcome."""
    return write_report(name, "网站留言板", outcome, NOW, ZONE)


def reasons() -> Iterator[str]:
    """Yield every reason that the readers of files, the filters and intake name."""
    folder = Path(batch.__file__).parent
    files = [*(folder / "readers").glob("*.py"), Path(batch.__file__), Path(sifting.__file__)]
    for node in itertools.chain.from_iterable(ast.walk(ast.parse(file.read_text("utf-8"))) for file in files):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in NAMERS:
            yield from filter(WORD.fullmatch, map(text_of, node.args[:2]))
    for node in ast.walk(ast.parse(Path(automatic.__file__).read_text("utf-8"))):
        if isinstance(node, ast.Return):
            value = node.value.body if isinstance(node.value, ast.IfExp) else node.value
            yield from filter(WORD.fullmatch, [text_of(value)])


def text_of(node: ast.AST | None) -> str:
    """Return a text that stands in the source, else nothing."""
    return str(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def test_every_reason_has_chinese_words() -> None:
    """A reader that learns a new reason must give its words here."""
    found = set(reasons())

    assert {"bad-date", "empty-row", "no-keyword", "auto-reply", "bounce", "receipt", "future-date", "empty"} <= found
    assert found <= REASONS.keys()


def test_every_refusal_has_chinese_words() -> None:
    """Also one that is added later, by the words of its family."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, FileRefused)]

    for kind in kinds:
        text = report(Outcome(refusal=kind("what happened", item="a.csv", todo="Do it.")))
        assert "原因：文件" in text or "原因：表格" in text or "原因：不是" in text
        assert "a.csv: what happened. Do it." in text


def test_many_places_are_not_all_listed() -> None:
    """The number says how many there are, the places where to begin."""
    places = Places()
    for number in range(1, MOST_PLACES + 3):
        places.add(f"sheet2 row {number}")

    text = report(Outcome(Counts(fetched=32, set_aside=32), aside={"bad-date": places}))

    assert f"{MOST_PLACES + 2} 条：第2张表第1行、" in text
    assert f"第2张表第{MOST_PLACES}行等" in text


def test_a_name_cannot_forge_lines() -> None:
    """Whatever a file is called, its name is one line; the time is the bureau's."""
    lines = report(Outcome(Counts(fetched=1, stored=1)), "a\n结果：假.csv").splitlines()

    assert lines[2] == "文件：a 结果：假.csv"
    assert lines[4] == "时间：2026年1月5日 09:07"


def test_what_intake_leaves_out_is_counted_without_a_place() -> None:
    """A row that is empty but for its date has no place in the counts."""
    counts = Counts(fetched=2, dropped=2)
    counts.drop_reasons = {"empty": 1, "empty-row": 1}

    text = report(Outcome(counts, dropped={"empty-row": Places(1, ["row 3"])}))

    assert "  没有内容，1 条\n" in text
    assert "  空行，1 条：第3行\n" in text
