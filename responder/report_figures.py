"""The figures of one week: every number with the rows it counts, apart from any page that shows them.

Each figure is defined in docs/reports.md. The dictionaries hold only what JSON knows, so that an edition can be
frozen, compared and read back without loss.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from classifier.tables import Label, ModelVersion, Prediction
from collector.access import PIPELINE, Viewer, visible_to
from collector.tables import NORMAL, RESTRICTED, Message
from config.profile import CATEGORIES, EXTERNAL, INVALID, KINDS, SENTIMENTS, URGENCIES, Profile
from responder.errors import WeekNotBegun
from responder.report_cases import case_figures
from responder.weeks import Week

Figures = dict[str, Any]

FORMAT = 1
"""Number of this shape of the figures; a change that old readers would misread raises it."""

LEAST_FOR_SHARES = 20
"""Below this many messages a percentage says more than is known, and none is given."""

UNCLASSIFIED = "未分类"
UNDECIDED = "待定"
"""The owner of a message that the classifier was not sure of and no person has decided."""

QUESTIONS = {
    "category": "主题分类",
    "owner": "承办单位",
    "kind": "诉求性质",
    "sentiment": "情感",
    "urgency": "紧急程度",
}
_WEEKDAYS = "一二三四五六日"
_STEP = 2_000  # rows fetched at once


@dataclass
class _Tally:
    """What one pass over the messages of a week collects: their ids, in order of receipt."""

    shown: list[int] = field(default_factory=list)
    expected: dict[bool, list[int]] = field(default_factory=lambda: {True: [], False: []})
    by: dict[str, dict[str, list[int]]] = field(
        default_factory=lambda: {name: defaultdict(list) for name in ("channel", *QUESTIONS)}
    )
    days: list[list[int]] = field(default_factory=lambda: [[] for _ in range(7)])
    without_prediction: list[int] = field(default_factory=list)
    abstained: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in QUESTIONS})
    undecided: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in QUESTIONS})
    answered: list[int] = field(default_factory=list)
    restricted: int = 0


def weekly_figures(session: Session, profile: Profile, week: Week, viewer: Viewer, now: datetime) -> Figures:
    """Return every figure of a week, with last week's beside it.

    Restricted messages are one count and in no table, whoever asks: the summary is made to be handed round.

    Args:
        now: of a week that is not over, what is known at this moment is counted.

    Raises:
        WeekNotBegun: the week lies in the future.
    """
    if now < week.start:
        raise WeekNotBegun("this week has not begun yet", item=week.label, todo="Take a week up to this one.")
    this = _count(session, profile, week, viewer)
    last = _count(session, profile, week.previous, viewer) if _has_earlier(session, week) else None
    of_all = len(this.shown)
    as_of = min(now, week.end).astimezone(week.start.tzinfo)
    return {
        "format": FORMAT,
        "bureau": {"name": profile.bureau.name, "short_name": profile.bureau.short_name},
        "week": _week_part(week, profile) | {"complete": now >= week.end, "as_of": as_of.isoformat()},
        "previous_week": _week_part(week.previous, profile) if last else None,
        "shares": {"given": of_all >= LEAST_FOR_SHARES, "least": LEAST_FOR_SHARES},
        "totals": _totals(this, last),
        "restricted": this.restricted,
        "tables": _tables(profile, week, this, last),
        "abstained": [
            {"key": key, "name": name, "value": len(this.abstained[key]), "rows": this.abstained[key]}
            | {"undecided": len(this.undecided[key]), "undecided_rows": this.undecided[key]}
            for key, name in QUESTIONS.items()
        ],
        "cases": case_figures(session, profile, week, as_of),
    }


def _totals(this: _Tally, last: _Tally | None) -> Figures:
    def number(pick: Callable[[_Tally], list[int]]) -> Figures:
        return _number(pick(this), pick(last) if last else None)

    before = len(last.shown) + last.restricted if last else None
    return {
        "total": _count_only(len(this.shown) + this.restricted, before),
        "normal": number(lambda tally: tally.shown),
        "expects_reply": number(lambda tally: tally.expected[True]),
        "no_reply": number(lambda tally: tally.expected[False]),
        "without_prediction": number(lambda tally: tally.without_prediction),
        "answered": number(lambda tally: tally.answered),
    }


def _tables(profile: Profile, week: Week, this: _Tally, last: _Tally | None) -> dict[str, list[Figures]]:
    of_all = len(this.shown)

    def item(key: str, name: str, now: list[int], before: list[int]) -> Figures:
        share = round(100 * len(now) / of_all, 1) if of_all >= LEAST_FOR_SHARES else None
        return {"key": key, "name": name} | _number(now, before if last else None) | {"share_percent": share}

    def table(name: str, known: Sequence[str], *, whole: bool = False) -> list[Figures]:
        now, before = this.by[name], last.by[name] if last else {}
        keys = _in_scale(now | before, known) if whole else _by_size(now, before, known)
        return [item(key, key, now.get(key, []), before.get(key, [])) for key in keys]

    channels = {channel.id: channel.name for channel in profile.channels}
    return {
        "channel": [
            each | {"name": channels.get(each["key"], each["key"])} for each in table("channel", list(channels))
        ],
        "category": table("category", CATEGORIES),
        "owner": [
            each | {"name": each["key"].removeprefix(EXTERNAL), "group": owner_group(each["key"])}
            for each in table("owner", profile.owners)
        ],
        "kind": table("kind", KINDS),
        "sentiment": table("sentiment", SENTIMENTS, whole=True),
        "urgency": table("urgency", URGENCIES, whole=True),
        "day": [
            item(
                day.isoformat(),
                f"{day.month}月{day.day}日（周{_WEEKDAYS[count]}）",
                this.days[count],
                last.days[count] if last else [],
            )
            for count, day in enumerate(week.days)
        ],
    }


def owner_group(owner: str) -> str:
    """Return which part of the owners' table an owner stands in: section, outside, invalid, undecided or none."""
    if owner.startswith(EXTERNAL):
        return "outside"
    return {INVALID: "invalid", UNDECIDED: "undecided", UNCLASSIFIED: "none"}.get(owner, "section")


def _week_part(week: Week, profile: Profile) -> Figures:
    return {
        "label": week.label,
        "year": int(week.label[:4]),
        "number": int(week.label[-2:]),
        "first_day": week.days[0].isoformat(),
        "last_day": week.days[-1].isoformat(),
        "start": week.start.isoformat(),
        "end": week.end.isoformat(),
        "timezone": profile.bureau.timezone,
    }


def _count_only(value: int, previous: int | None) -> Figures:
    difference = None if previous is None else value - previous
    return {"value": value, "previous": previous, "difference": difference}


def _number(now: list[int], before: list[int] | None) -> Figures:
    counts = _count_only(len(now), None if before is None else len(before))
    return counts | {"rows": now, "previous_rows": before}


def _by_size(now: Mapping[str, list[int]], before: Mapping[str, list[int]], known: Sequence[str]) -> list[str]:
    """Return the values that either week holds, the most frequent first, 待定 and 未分类 last."""
    place = {key: position for position, key in enumerate(known)}

    def order(key: str) -> tuple[bool, bool, int, int, str]:
        return key == UNCLASSIFIED, key == UNDECIDED, -len(now.get(key, ())), place.get(key, len(place)), key

    return sorted(now.keys() | before.keys(), key=order)


def _in_scale(found: Mapping[str, list[int]], known: Sequence[str]) -> list[str]:
    """Return a whole scale in its own order, and after it what else was found, 未分类 last."""
    others = sorted(found.keys() - set(known), key=lambda key: (key == UNCLASSIFIED, key))
    return [*known, *others]


def _has_earlier(session: Session, week: Week) -> bool:
    earlier = sa.select(Message.id).where(visible_to(PIPELINE), Message.received_at < week.start).limit(1)
    return session.execute(earlier).first() is not None


def _restricted(session: Session, week: Week) -> int:
    # The service counts what it shows to nobody; no row leaves this query.
    counted = sa.select(sa.func.count(Message.id)).where(
        visible_to(PIPELINE),
        Message.access == RESTRICTED,
        Message.received_at >= week.start,
        Message.received_at < week.end,
    )
    return session.scalar(counted) or 0


def _answered(session: Session, week: Week, shown: sa.ColumnElement[bool]) -> list[int]:
    within = sa.and_(shown, Message.answered_at >= week.start, Message.answered_at < week.end)
    query = sa.select(Message.id).where(within).order_by(Message.answered_at, Message.id)
    return list(session.scalars(query))


def _count(session: Session, profile: Profile, week: Week, viewer: Viewer) -> _Tally:
    """Pass once over the messages of a week; what is kept in memory is their ids."""
    shown = sa.and_(visible_to(viewer), Message.access == NORMAL)
    within = sa.and_(shown, Message.received_at >= week.start, Message.received_at < week.end)
    expecting = {channel.id for channel in profile.channels if channel.expects_reply}
    tally = _Tally(answered=_answered(session, week, shown), restricted=_restricted(session, week))
    labels = _newest_labels(session, within)
    by_channel = tally.by["channel"]
    by_question = [(question, tally.by[question], labels[question]) for question in QUESTIONS]
    found = session.execute(_with_prediction(week, within).execution_options(yield_per=_STEP))
    for message, channel, day, abstained, *answers in found:
        tally.shown.append(message)
        tally.days[day].append(message)
        tally.expected[channel in expecting].append(message)
        by_channel[channel].append(message)
        if abstained is None:
            tally.without_prediction.append(message)
        unsure = abstained.split(";") if abstained else ()
        for (question, values, said), answer in zip(by_question, answers, strict=True):
            label = said.get(message)
            if question == "owner" and question in unsure and answer:
                # A guess must charge no section with a letter, and dismiss none as 无效.
                answer = UNDECIDED
            values[label or answer or UNCLASSIFIED].append(message)
            if question in unsure:
                tally.abstained[question].append(message)
                if label is None:
                    tally.undecided[question].append(message)
    return tally


def _newest_labels(session: Session, within: sa.ColumnElement[bool]) -> dict[str, dict[int, str]]:
    newest: dict[str, dict[int, str]] = {question: {} for question in QUESTIONS}
    query = (
        sa.select(Label.message_id, Label.question, Label.value)
        .join(Message, Message.id == Label.message_id)
        .where(within, Label.question.in_(QUESTIONS))
        .order_by(Label.labelled_at, Label.id)
        .execution_options(yield_per=_STEP)
    )
    for message, question, value in session.execute(query):
        newest[question][message] = value
    return newest


def _with_prediction(week: Week, within: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Select the messages, each with its day (0 is Monday) and the prediction that counts.

    That is the active model's, else the newest.
    """
    # Each day begins at its own local midnight. The database compares them, because turning a hundred
    # thousand times into Python's and back to a day costs a second.
    ends = week.days[1:]
    day = sa.case(
        *(
            (Message.received_at < datetime.combine(end, time(), week.start.tzinfo), count)
            for count, end in enumerate(ends)
        ),
        else_=len(ends),
    )
    # One look into the index per message; ranking all predictions by a window took twice as long.
    other = aliased(Prediction)
    chosen = (
        sa.select(other.id)
        .join(ModelVersion, ModelVersion.id == other.model_version_id)
        .where(other.message_id == Message.id)
        .order_by(ModelVersion.active.desc(), other.predicted_at.desc(), other.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    answers = [getattr(Prediction, question) for question in QUESTIONS]
    return (
        sa.select(Message.id, Message.channel, day, Prediction.abstained, *answers)
        .outerjoin(Prediction, Prediction.id == chosen)
        .where(within)
        .order_by(Message.received_at, Message.id)
    )
