"""The house keeps its shape: imports go one way, and messages are read through one door."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = ("config", "collector", "classifier", "responder", "worker")


def modules(floor: str) -> list[Path]:
    """Return the Python files of one floor."""
    single = ROOT / f"{floor}.py"
    return [single] if single.exists() else sorted((ROOT / floor).rglob("*.py"))


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the first word of every imported module, those under TYPE_CHECKING and in functions included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("floor", FLOORS)
def test_a_floor_never_imports_a_higher_one(floor: str) -> None:
    """Imports go config <- collector <- classifier <- responder <- worker, and nothing imports the tests."""
    higher = set(FLOORS[FLOORS.index(floor) + 1 :]) | {"tests", "benchmarks"}
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(floor)
        for name in imported(ast.parse(path.read_text("utf-8")))
        if name in higher
    ]

    assert wrong == []


def test_only_the_clock_asks_the_machine_for_the_time() -> None:
    """`datetime.now`, `date.today` and `time.time` stand in config/clock.py alone."""
    forbidden = {("datetime", "now"), ("datetime", "utcnow"), ("date", "today"), ("time", "time")}
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for floor in FLOORS
        for path in modules(floor)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in forbidden
        and path.name != "clock.py"
    ]

    assert wrong == []


def reads_messages(function: ast.AST) -> bool:
    """Whether a function builds a query over message rows."""
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute | ast.Name)
        and (node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id)
        in {"select", "join", "outerjoin", "select_from", "get", "get_one", "query"}
        and any(isinstance(part, ast.Name) and part.id == "Message" for part in ast.walk(node))
        for node in ast.walk(function)
    )


# Where a message is looked up only to be stored or labelled, not to be shown.
STORING = {"collector/intake.py": {"drop_known"}, "classifier/labels.py": {"add_label"}}

# A function may be handed the condition by a caller in its own file, under one of these names.
HANDED = {"shown", "visible", "within"}


def test_every_query_over_messages_asks_visible_to() -> None:
    """A function that selects or joins messages names `visible_to` or is handed its condition; storing is excepted."""
    wrong = []
    for floor in FLOORS:
        for path in modules(floor):
            if path.parts[-2:] == ("collector", "access.py") or "migrations" in path.parts:
                continue
            allowed = STORING.get(path.relative_to(ROOT).as_posix(), set())
            text = path.read_text("utf-8")
            for function in ast.walk(ast.parse(text)):
                if not isinstance(function, ast.FunctionDef) or function.name in allowed:
                    continue
                names = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
                handed = HANDED & {argument.arg for argument in function.args.args} and "visible_to(" in text
                if reads_messages(function) and "visible_to" not in names and not handed:
                    wrong.append(f"{path.relative_to(ROOT)}: {function.name}")

    assert wrong == []
