"""The page of the weekly summary: it shows frozen figures and adds no number of its own."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
import sqlalchemy as sa
from markupsafe import Markup
from sqlalchemy.orm import Session

from collector.access import EVERYONE, visible_to
from collector.tables import Message
from config.profile import URGENCIES
from config.redact import mask
from responder.report_figures import UNCLASSIFIED, UNDECIDED, Figures
from responder.tables import CaseMessage

MOST_LINES = 2_000
"""A list of a page ends here and says how many it leaves out; a browser and a printer can bear no more."""

MOST_URGENT = 5
"""So many letters of urgency 高 are listed on page one; the others are a number."""

TITLE_LENGTH = 60
_BAR_WIDTH = 52  # as in the template's viewBox
_IDS_AT_ONCE = 500
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")
_WEB = Path(__file__).parent / "web"
_STATUS = {
    "paused": "计时暂停",
    "overdue": "逾期",
    "due_soon": "即将到期",
    "open": "在办",
    "closed": "本周办结",
}
_OWNER_PARTS = (
    ("section", "本局科室"),
    ("outside", "外部单位"),
    ("invalid", "无效"),
    ("undecided", UNDECIDED),
    ("none", UNCLASSIFIED),
)


@dataclass(frozen=True)
class Line:
    """What the annex shows of a message beside its frozen values; read when the page is made."""

    received_at: datetime
    title: str


@dataclass(frozen=True)
class Readable:
    """What everyone may read now of what an edition counts.

    Attributes:
        lines: by message, those that the page lists.
        before: messages of the week before, which the page names by their ids alone.
        cases: the cases that the page lists and that hold no restricted message.
    """

    lines: Mapping[int, Line]
    before: frozenset[int]
    cases: frozenset[int]


@dataclass
class _Index:
    """Every linked number of the page with the rows it counts, as far as everyone may read them now.

    What was restricted since is no more than part of a number: its place in the lists of category and owner would
    tell what its blank line does not.
    """

    places: dict[int, int]
    readable: Readable
    entries: list[dict[str, Any]] = field(default_factory=list)

    def link(self, anchor: str, name: str, number: Figures) -> dict[str, Any]:
        """Enter a number, and return what a cell needs to show it as a link to its entry."""
        if number["value"] or number.get("previous"):
            self.entries.append({"anchor": anchor, "name": name} | self._rows(number) | self._before(number))
        return {**number, "anchor": anchor}

    def _rows(self, number: Figures) -> dict[str, Any]:
        entry: dict[str, Any] = {"value": number["value"], "cases": [], "places": [], "elsewhere": []}
        if "cases" in number:
            entry["cases"] = [case for case in number["cases"] if case in self.readable.cases]
            return entry | {"more": number["value"] - len(entry["cases"])}
        rows = [row for row in number["rows"] if row in self.readable.lines]
        # A message of an earlier week has no line in the list of this one.
        entry["elsewhere"] = [row for row in rows if row not in self.places][:MOST_LINES]
        here = sorted(self.places[row] for row in rows if row in self.places)
        shown = [place for place in here if place <= MOST_LINES]
        entry["places"] = _runs(shown)
        return entry | {"more": number["value"] - len(shown) - len(entry["elsewhere"])}

    def _before(self, number: Figures) -> dict[str, Any]:
        rows = number.get("previous_rows") or ()
        shown = sorted(row for row in rows if row in self.readable.before)[:MOST_LINES]
        return {"before": _runs(shown), "before_value": len(rows), "before_more": len(rows) - len(shown)}


def annex_lines(session: Session, figures: Figures) -> Readable:
    """Return what everyone may read now of the messages and cases a page lists.

    Titles are read when the page is made and not frozen with the figures: a message that was restricted
    since must not be read in an old edition.
    """
    wanted = set(figures["totals"]["normal"]["rows"][:MOST_LINES])
    wanted.update(line["message"] for line in figures["cases"]["lines"][:MOST_LINES])
    wanted.update(figures["totals"]["answered"]["rows"][:MOST_LINES])
    wanted.update(_most_urgent(figures))
    lines: dict[int, Line] = {}
    for some in _in_parts(sorted(wanted), _IDS_AT_ONCE):
        query = sa.select(Message.id, Message.received_at, Message.title)
        for row in session.execute(query.where(visible_to(EVERYONE), Message.id.in_(some))):
            lines[row.id] = Line(row.received_at, row.title)
    return Readable(lines, _before(session, figures), _open_cases(session, figures, lines))


def _before(session: Session, figures: Figures) -> frozenset[int]:
    totals = figures["totals"]
    wanted = {row for name in ("normal", "answered") for row in totals[name].get("previous_rows") or ()}
    found: set[int] = set()
    for some in _in_parts(sorted(wanted), _IDS_AT_ONCE):
        found.update(session.scalars(sa.select(Message.id).where(visible_to(EVERYONE), Message.id.in_(some))))
    return frozenset(found)


def _open_cases(session: Session, figures: Figures, lines: Mapping[int, Line]) -> frozenset[int]:
    listed = [line["case"] for line in figures["cases"]["lines"][:MOST_LINES] if line["message"] in lines]
    sealed: set[int] = set()
    for some in _in_parts(listed, _IDS_AT_ONCE):
        query = sa.select(CaseMessage.case_id).join(Message, Message.id == CaseMessage.message_id)
        sealed.update(session.scalars(query.where(~visible_to(EVERYONE), CaseMessage.case_id.in_(some))))
    return frozenset(listed) - sealed


def render_html(
    figures: Figures,
    *,
    standalone: bool,
    version: int,
    drafted_at: datetime,
    lines: Readable,
) -> str:
    """Return the whole page.

    Args:
        standalone: True for a file that carries its styles; False for the desk, whose policy allows only
            styles of its own address.
        lines: from `annex_lines`; a message without a line, or a case not among its cases, is a blank row.
    """
    zone = ZoneInfo(figures["week"]["timezone"])
    rows = figures["totals"]["normal"]["rows"]
    index = _Index(places={row: place for place, row in enumerate(rows, start=1)}, readable=lines)
    week = figures["week"]
    totals = {
        name: index.link(f"rows-{name}", title, figures["totals"][name])
        for name, title in (
            ("normal", "列入各表的来件"),
            ("expects_reply", "需答复渠道来件"),
            ("no_reply", "仅关注渠道来件"),
            ("without_prediction", "尚未分类的来件"),
            ("answered", "本周答复的来件"),
        )
    }
    abstained = _abstained(figures, index)
    view = {
        "figures": figures,
        "dates": _dates(week),
        "as_of": _moment(datetime.fromisoformat(week["as_of"])),
        "drafted_at": _moment(drafted_at.astimezone(zone)),
        "version": version,
        "total": figures["totals"]["total"],
        "totals": totals,
        "tables": _tables(figures, index),
        "owner_parts": _owner_parts(figures, index),
        "cases": _cases(figures, index),
        "abstained": abstained,
        "guesses": {item["key"]: item["undecided"] for item in abstained},
        "unsure": _unsure(figures, index),
        "urgent": _urgent(figures, index, lines.lines),
        "lines": _message_lines(figures, index, lines.lines, rows[:MOST_LINES]),
        "lines_more": max(0, len(rows) - MOST_LINES),
        "case_lines": _case_lines(figures, lines, zone),
        "case_lines_more": max(0, len(figures["cases"]["lines"]) - MOST_LINES),
        "earlier_lines": _earlier_lines(figures, index, lines.lines, zone),
        "case_numbers": {line["case"]: line["number"] for line in figures["cases"]["lines"]},
        "index": index.entries,
        "standalone": standalone,
        "css": Markup(_css()) if standalone else "",  # noqa: S704 - our own style sheet
    }
    return _environment().get_template("report.html").render(view)


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_WEB / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["chinese_day"] = lambda text: _day(date.fromisoformat(text))
    return environment


def _css() -> str:
    return (_WEB / "static" / "report.css").read_text("utf-8")


def _tables(figures: Figures, index: _Index) -> dict[str, list[dict[str, Any]]]:
    titles = {
        "channel": "渠道",
        "category": "主题分类",
        "owner": "承办单位",
        "kind": "诉求性质",
        "sentiment": "情感",
        "urgency": "紧急程度",
        "day": "日期",
    }
    tables = {}
    for table, title in titles.items():
        items = figures["tables"][table]
        most = max((item["value"] for item in items), default=0)
        tables[table] = [
            index.link(_anchor(table, item["key"], place), f"{title}·{item['name']}", item)
            | {"bar": round(_BAR_WIDTH * item["value"] / most) if most else 0}
            for place, item in enumerate(items, start=1)
        ]
    return tables


def _anchor(table: str, key: str, place: int) -> str:
    # An id may hold no blank, and a value may be any text; its place in the table is always plain.
    return f"rows-{table}-{key if _PLAIN_KEY.fullmatch(key) else f'no{place}'}"


def _owner_parts(figures: Figures, index: _Index) -> list[dict[str, Any]]:
    """Return the owners in their parts, each with its own sum."""
    parts = []
    for group, title in _OWNER_PARTS:
        items = [item for item in figures["tables"]["owner"] if item["group"] == group]
        if not items:
            continue
        sums: Figures = {"value": sum(item["value"] for item in items), "previous": None, "difference": None}
        sums |= {"rows": [row for item in items for row in item["rows"]], "previous_rows": None}
        if figures["previous_week"]:
            sums["previous"] = sum(item["previous"] for item in items)
            sums["difference"] = sums["value"] - sums["previous"]
            sums["previous_rows"] = [row for item in items for row in item["previous_rows"]]
        parts.append(
            index.link(f"rows-owners-{group}", f"承办单位·{title}小计", sums) | {"name": title, "group": group}
        )
    return parts


def _cases(figures: Figures, index: _Index) -> dict[str, Any]:
    names = {"opened": "本周新立", "closed": "本周办结", "open": "在办", "paused": "计时暂停"}
    names |= {"overdue": "逾期", "due_soon": "即将到期"}
    cases = figures["cases"]
    view: dict[str, Any] = {
        name: index.link(f"rows-cases-{name}", f"办件·{title}", cases[name]) for name, title in names.items()
    }
    view["by_owner"] = [
        {"name": row["name"]}
        | {
            name: index.link(f"rows-cases-{place}-{name}", f"办件·{row['name']}·{names[name]}", row[name])
            for name in ("open", "paused", "overdue", "due_soon")
        }
        for place, row in enumerate(cases["by_owner"], start=1)
    ]
    view["restricted"] = sum(cases[name]["restricted"] for name in ("open", "closed"))
    return view


def _abstained(figures: Figures, index: _Index) -> list[dict[str, Any]]:
    rows = []
    for item in figures["abstained"]:
        undecided: Figures = {"value": item["undecided"], "rows": item["undecided_rows"], "share_percent": None}
        if figures["shares"]["given"]:
            undecided["share_percent"] = round(100 * item["undecided"] / figures["totals"]["normal"]["value"], 1)
        rows.append(
            index.link(f"rows-abstained-{item['key']}", f"把握不足·{item['name']}", item)
            | {"undecided": index.link(f"rows-undecided-{item['key']}", f"尚未核定·{item['name']}", undecided)}
        )
    return rows


def _unsure(figures: Figures, index: _Index) -> dict[str, Any]:
    """Return the messages of which at least one answer is the classifier's unsure guess."""
    rows = sorted({row for item in figures["abstained"] for row in item["undecided_rows"]})
    return index.link("rows-unsure", "至少一项把握不足、尚未核定的来件", {"value": len(rows), "rows": rows})


def _most_urgent(figures: Figures) -> list[int]:
    """Return the first letters of urgency 高: what is certain before the classifier's unsure guesses."""
    high: list[int] = next(item["rows"] for item in figures["tables"]["urgency"] if item["key"] == URGENCIES[0])
    guesses = _urgency_guesses(figures)
    return sorted(high, key=lambda row: row in guesses)[:MOST_URGENT]


def _urgency_guesses(figures: Figures) -> set[int]:
    return {row for item in figures["abstained"] if item["key"] == "urgency" for row in item["undecided_rows"]}


def _urgent(figures: Figures, index: _Index, lines: Mapping[int, Line]) -> list[dict[str, Any]]:
    guesses = _urgency_guesses(figures)
    # Page one has no room for a line that says no more than that a message may not be seen now.
    rows = [row for row in _most_urgent(figures) if row in lines]
    return [
        entry | {"guess": row in guesses, "linked": entry["place"] <= MOST_LINES}
        for row, entry in zip(rows, _message_lines(figures, index, lines, rows), strict=True)
    ]


def _message_lines(
    figures: Figures, index: _Index, lines: Mapping[int, Line], rows: Sequence[int]
) -> list[dict[str, Any]]:
    wanted = set(rows)
    values: dict[str, dict[int, str]] = {}
    for table in ("channel", "category", "owner", "sentiment", "day"):
        values[table] = {
            row: item["name"] for item in figures["tables"][table] for row in item["rows"] if row in wanted
        }
    view = []
    for row in rows:
        line = lines.get(row)
        entry = {"place": index.places[row], "day": values["day"][row].partition("（")[0], "title": _title(line)}
        for table in ("channel", "category", "owner", "sentiment"):
            entry[table] = values[table][row] if line else "—"
        view.append(entry)
    return view


def _case_lines(figures: Figures, readable: Readable, zone: ZoneInfo) -> list[dict[str, Any]]:
    view = []
    blank = {"case": None, "number": "—", "owner": "—", "due_on": None, "status": "—"}
    for line in figures["cases"]["lines"][:MOST_LINES]:
        shown = readable.lines[line["message"]] if line["case"] in readable.cases else None
        entry = {**line, "status": _STATUS[line["status"]]} if shown else blank
        view.append(entry | {"received": _received(shown, zone), "title": _title(shown)})
    # The rows stand by their due dates, so a blank one left in its place would still tell its own.
    return sorted(view, key=lambda entry: entry["case"] is None)


def _earlier_lines(figures: Figures, index: _Index, lines: Mapping[int, Line], zone: ZoneInfo) -> list[dict[str, Any]]:
    answered = figures["totals"]["answered"]["rows"]
    earlier = [row for row in answered if row not in index.places][:MOST_LINES]
    return [
        {"id": row, "received": _received(lines.get(row), zone), "title": _title(lines.get(row))} for row in earlier
    ]


def _title(line: Line | None) -> str:
    if line is None:
        return "（现已限制查看或者清除，不列标题）"
    # Masked before it is cut, because half a telephone number is not recognised as one.
    title = mask(" ".join(line.title.split()))
    if not title:
        return "（无标题）"
    return title if len(title) <= TITLE_LENGTH else title[:TITLE_LENGTH] + "…"


def _received(line: Line | None, zone: ZoneInfo) -> str:
    return _day(line.received_at.astimezone(zone).date()) if line else "—"


def _day(day: date) -> str:
    return f"{day.month}月{day.day}日"


def _moment(moment: datetime) -> str:
    return f"{moment.year}年{_day(moment)}{moment.hour}时{moment.minute:02d}分"


def _dates(week: Mapping[str, Any]) -> str:
    first, last = date.fromisoformat(week["first_day"]), date.fromisoformat(week["last_day"])
    year = f"{last.year}年" if last.year != first.year else ""
    return f"{first.year}年{_day(first)}—{year}{_day(last)}"


def _runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Return ascending numbers as runs of (first, last); most lists hold long ones."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def _in_parts(ids: Sequence[int], size: int) -> Iterable[Sequence[int]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))
