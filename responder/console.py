"""What the command line prints: tables for eyes, JSON for programs, progress on standard error."""

import json
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from config.context import Progress as ProgressCallback

if TYPE_CHECKING:
    from collector.counts import Counts
    from collector.readers import Description
    from responder.queue import QueueRow

out = Console(soft_wrap=True, highlight=False)
_COLOURS = {"overdue": "bold red", "today": "red", "soon": "yellow", "later": "green"}
_EVERY_S = 5.0
_PIPE_COLUMNS = 160
_TABLE_COLUMNS = 120
"""The least width at which the triage list is readable as a table."""
_OPEN = "（待定）"


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


def print_intake(counts: "Counts", *, as_json: bool) -> None:
    """Print what became of the items of a run, each with its own reasons."""
    if as_json:
        print_json(counts.as_dict())
        return
    aside = Counter(counts.reasons)
    aside.subtract(counts.drop_reasons)
    reasons = {"dropped": counts.drop_reasons, "set_aside": +aside}
    for key in ("fetched", "stored", "duplicates", "dropped", "set_aside"):
        said = ", ".join(f"{reason} {number}" for reason, number in reasons.get(key, {}).items())
        out.print(f"{key}: {getattr(counts, key)}" + (f" ({escape(said)})" if said else ""))


def print_table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under headers."""
    table = Table(*headers, header_style="bold", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
    out.print(table)


def print_description(description: "Description") -> None:
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
        for field, moment in description.dates[number - 1].items():
            out.print(f"  {field} {moment}")
    print_counts({**description.counts, "reasons": description.reasons}, as_json=False)
    for fault in description.faults:
        out.print(escape(f"{fault['reason']}: {fault['detail'] or fault['position']}"))
    for note in description.notes:
        out.print(f"note: {escape(note)}")
    out.print("nothing was stored")


def print_queue(rows: "Sequence[QueueRow]", counts: Mapping[str, int], hidden: int, zone: ZoneInfo) -> None:
    """Print the triage list: overdue first, then urgency, then due date; what it leaves out is said below it."""
    from responder.lifecycle import State

    # A pipe has no width of its own; what is cut there is lost to the reader.
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _PIPE_COLUMNS
    console = Console(highlight=False, width=width)
    if width < _TABLE_COLUMNS:
        for row in rows:
            owner, kind, urgency, due = _shown(row)
            for line in (f"[bold]{row.number}[/]  {due}  {urgency}  {owner}  {kind}", f"  {escape(row.title)}"):
                console.print(line, no_wrap=True, overflow="ellipsis")
    elif rows:
        console.print(_queue_table(rows, zone))
    if len(rows) < counts[State.TRIAGE]:
        out.print(f"以上为前{len(rows)}件，待分办共{counts[State.TRIAGE]}件。")
    states = "，".join(f"{state} {number} 件" for state, number in counts.items() if number)
    out.print(escape(states or "今日没有待办。"))
    if hidden:
        out.print(f"另有限制查看件 {hidden} 件未列出，请有权限的人员登录工作台办理。")


def _queue_table(rows: "Sequence[QueueRow]", zone: ZoneInfo) -> Table:
    table = Table(
        "编号", "渠道", "收到", "标题", "建议承办", "把握", "性质", "紧急", "到期", header_style="bold", box=None
    )
    for place in (0, 2, 5, 6, 7):
        table.columns[place].no_wrap = True
    table.columns[3].max_width = 44
    for row in rows:
        owner, kind, urgency, due = _shown(row)
        sure = row.owner_confidence if row.owner else None
        table.add_row(
            escape(row.number),
            escape(row.channel_name),
            f"{row.received_at.astimezone(zone):%m-%d %H:%M}",
            escape(row.title),
            owner,
            "" if sure is None else f"{sure:.0%}",
            kind,
            urgency,
            due,
        )
    return table


def _shown(row: "QueueRow") -> tuple[str, str, str, str]:
    """Return owner, kind, urgency and due date as marked up words; a guess below its threshold is marked."""
    owner = escape(row.owner) if row.owner else "[dim]待定[/]"
    kind = (row.kind or "未分类") + (_OPEN if "kind" in row.abstained else "")
    urgency = f"[bold red]{row.urgency}[/]" if row.urgency == "高" else escape(row.urgency)
    urgency += _OPEN if "urgency" in row.abstained else ""
    due = f"{row.due_on:%m-%d} " if row.due_on else ""
    colour = _COLOURS[row.colour]
    return (
        owner,
        escape(kind),
        urgency,
        f"[{colour}]{due}{escape(row.left)}[/]" + ("（暂定）" if row.provisional else ""),
    )


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
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

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
