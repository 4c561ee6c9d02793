"""What the command line prints: tables for eyes, JSON for programs, progress on standard error."""

import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from collector.readers import Description
from config.context import Progress as ProgressCallback
from responder.queue import QueueRow

out = Console(soft_wrap=True, highlight=False)
_COLOURS = {"overdue": "bold red", "today": "red", "soon": "yellow", "later": "green"}
_EVERY_S = 5.0


def print_json(value: object) -> None:
    """Print one JSON document."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


def print_counts(counts: Mapping[str, Any], *, as_json: bool) -> None:
    """Print the counts of a run."""
    if as_json:
        print_json(counts)
        return
    for key, value in counts.items():
        if isinstance(value, Mapping):
            for reason, number in value.items():
                out.print(f"  {escape(str(reason))}: {number}")
        else:
            out.print(f"{key}: {value}")


def print_table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under headers."""
    table = Table(*headers, header_style="bold", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
    out.print(table)


def print_description(description: Description) -> None:
    """Print how a file would be read: kind, columns and what they are taken for, and what would become of its rows."""
    kind = description.kind + (f" in {description.encoding}" if description.encoding else "")
    out.print(f"read as   {escape(kind)}")
    if description.sheets:
        out.print(f"sheets    {escape(', '.join(description.sheets))}")
    if description.header_row is not None:
        out.print(f"header    row {description.header_row}")
    for column, field in description.columns:
        out.print(f"  {escape(column)} -> {escape(field) if field else '[dim]not used[/]'}")
    for number, fields in enumerate(description.filled, start=1):
        out.print(f"message {number} has {escape(', '.join(fields))}")
    print_counts({**description.counts, "reasons": description.reasons}, as_json=False)
    for note in description.notes:
        out.print(f"note: {escape(note)}")
    out.print("nothing was stored")


def print_queue(rows: Sequence[QueueRow], counts: Mapping[str, int], hidden: int, zone: ZoneInfo) -> None:
    """Print the triage list: overdue first, then urgency, then due date; what it leaves out is said below it."""
    table = Table(
        "编号", "渠道", "收到", "标题", "建议承办", "把握", "性质", "紧急", "到期", header_style="bold", box=None
    )
    for place in (0, 2, 5, 6, 7):
        table.columns[place].no_wrap = True
    table.columns[3].max_width = 44
    for row in rows:
        colour = _COLOURS[row.colour]
        due = f"{row.due_on:%m-%d} " if row.due_on else ""
        table.add_row(
            escape(row.number),
            escape(row.channel_name),
            f"{row.received_at.astimezone(zone):%m-%d %H:%M}",
            escape(row.title),
            escape(row.owner) if row.owner else "[dim]待定[/]",
            "" if row.owner_confidence is None else f"{row.owner_confidence:.0%}",
            escape(row.kind or ""),
            f"[bold red]{row.urgency}[/]" if row.urgency == "高" else escape(row.urgency),
            f"[{colour}]{due}{escape(row.left)}[/]" + ("（暂定）" if row.provisional else ""),
        )
    # A pipe has no width of its own; what is cut there is lost to the reader.
    Console(highlight=False, width=None if sys.stdout.isatty() else 160).print(table)
    states = "，".join(f"{state} {number} 件" for state, number in counts.items() if number)
    out.print(escape(states or "今日没有待办。"))
    if hidden:
        out.print(f"另有限制知悉件 {hidden} 件未列出，请有权限的人员登录工作台办理。")


@contextmanager
def progress(label: str) -> Iterator[ProgressCallback]:
    """Show how far long work is: a bar on a terminal, else a line on standard error now and then."""
    if not sys.stderr.isatty():
        last = time.monotonic()

        def tell(done: int, total: int | None) -> None:
            nonlocal last
            if time.monotonic() - last >= _EVERY_S:
                last = time.monotonic()
                sys.stderr.write(f"{label}: {done}" + (f" of {total}\n" if total else "\n"))

        yield tell
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
