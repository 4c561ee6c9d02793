"""The figures of one week: every number with the rows it counts, apart from any page that shows them.

Each figure is defined in docs/reports.md. The dictionaries hold only what JSON knows, so that an edition can be
frozen, compared and read back without loss.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

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
QUESTIONS = {
    "category": "主题分类",
    "owner": "承办单位",
    "kind": "诉求性质",
    "sentiment": "情感",
    "urgency": "紧急程度",
}
_WEEKDAYS = "一二三四五六日"
_STEP = 5_000  # rows fetched at once


@dataclass
class _Pair:
    """The rows of one number in this week and in the week before, in order of receipt."""

    now: list[int] = field(default_factory=list)
    before: list[int] = field(default_factory=list)

    def add(self, message: int, this_week: bool) -> None:
        (self.now if this_week else self.before).append(message)


@dataclass
class _Tally:
    """What one pass over both weeks collects."""

    shown: _Pair = field(default_factory=_Pair)
    expected: dict[bool, _Pair] = field(default_factory=lambda: {True: _Pair(), False: _Pair()})
    by: dict[str, dict[str, _Pair]] = field(
        default_factory=lambda: {name: defaultdict(_Pair) for name in ("channel", *QUESTIONS)}
    )
    days: list[_Pair] = field(default_factory=lambda: [_Pair() for _ in range(7)])
    without_prediction: _Pair = field(default_factory=_Pair)
    abstained: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in QUESTIONS})
    undecided: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in QUESTIONS})


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
    shown = sa.and_(visible_to(viewer), Message.access == NORMAL)
    compared = _has_earlier(session, week)
    tally = _count(session, week, shown, {channel.id for channel in profile.channels if channel.expects_reply})
    restricted = [_restricted(session, part) for part in (week, week.previous)]
    of_all = len(tally.shown.now)

    def rows(pair: _Pair) -> Figures:
        return _number(pair.now, pair.before if compared else None)

    def item(key: str, pair: _Pair, **more: Any) -> Figures:
        share = round(100 * len(pair.now) / of_all, 1) if of_all >= LEAST_FOR_SHARES else None
        return {"key": key, "name": key} | more | rows(pair) | {"share_percent": share}

    totals = {
        "total": _count_only(
            of_all + restricted[0], len(tally.shown.before) + restricted[1] if compared else None
        ),
        "normal": rows(tally.shown),
        "expects_reply": rows(tally.expected[True]),
        "no_reply": rows(tally.expected[False]),
        "without_prediction": rows(tally.without_prediction),
        "answered": rows(_answered(session, week, shown)),
    }
    names = {channel.id: channel.name for channel in profile.channels}
    tables = {
        "channel": [
            item(key, pair, name=names.get(key, key))
            for key, pair in _ordered(tally.by["channel"], tuple(names), by_size=True)
        ],
        "category": [
            item(key, pair) for key, pair in _ordered(tally.by["category"], CATEGORIES, by_size=True)
        ],
        "owner": [
            item(key, pair, name=key.removeprefix(EXTERNAL), group=owner_group(key))
            for key, pair in _ordered(tally.by["owner"], profile.owners, by_size=True)
        ],
        "kind": [item(key, pair) for key, pair in _ordered(tally.by["kind"], KINDS, by_size=True)],
        "sentiment": [item(key, pair) for key, pair in _ordered(tally.by["sentiment"], SENTIMENTS)],
        "urgency": [item(key, pair) for key, pair in _ordered(tally.by["urgency"], URGENCIES)],
        "day": [
            item(day.isoformat(), pair, name=f"{day.month}月{day.day}日（周{_WEEKDAYS[day.weekday()]}）")
            for day, pair in zip(week.days, tally.days, strict=True)
        ],
    }
    as_of = min(now, week.end).astimezone(week.start.tzinfo)
    return {
        "format": FORMAT,
        "bureau": {"name": profile.bureau.name, "short_name": profile.bureau.short_name},
        "week": _week_part(week, profile) | {"complete": now >= week.end, "as_of": as_of.isoformat()},
        "previous_week": _week_part(week.previous, profile) if compared else None,
        "shares": {"given": of_all >= LEAST_FOR_SHARES, "least": LEAST_FOR_SHARES},
        "totals": totals,
        "restricted": restricted[0],
        "tables": tables,
        "abstained": [
            {"key": key, "name": name, "value": len(tally.abstained[key]), "rows": tally.abstained[key]}
            | {"undecided": len(tally.undecided[key]), "undecided_rows": tally.undecided[key]}
            for key, name in QUESTIONS.items()
        ],
        "cases": case_figures(session, profile, week, as_of),
    }


def owner_group(owner: str) -> str:
    """Return which part of the owners' table an owner stands in: section, outside, invalid or none."""
    if owner.startswith(EXTERNAL):
        return "outside"
    return {INVALID: "invalid", UNCLASSIFIED: "none"}.get(owner, "section")


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


def _ordered(
    found: dict[str, _Pair], known: Sequence[str], *, by_size: bool = False
) -> Iterator[tuple[str, _Pair]]:
    """Yield the values of one table: a scale whole and in its order, other values only if there are any."""
    place = {key: position for position, key in enumerate(known)}
    keys = [key for key in found if key != UNCLASSIFIED]
    if by_size:
        keys.sort(key=lambda key: (-len(found[key].now), place.get(key, len(place)), key))
    else:
        keys = list(known) + sorted(key for key in keys if key not in place)
    if UNCLASSIFIED in found:
        keys.append(UNCLASSIFIED)
    for key in keys:
        yield key, found.get(key, _Pair())


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


def _answered(session: Session, week: Week, shown: sa.ColumnElement[bool]) -> _Pair:
    pair = _Pair()
    query = (
        sa.select(Message.id, Message.answered_at)
        .where(shown, Message.answered_at >= week.previous.start, Message.answered_at < week.end)
        .order_by(Message.answered_at, Message.id)
    )
    for message, answered_at in session.execute(query):
        (pair.now if answered_at >= week.start else pair.before).append(message)
    return pair


def _count(session: Session, week: Week, shown: sa.ColumnElement[bool], expecting: set[str]) -> _Tally:
    """Pass once over the messages of both weeks; what is kept in memory is their ids.

    Args:
        expecting: ids of the channels that expect a reply.
    """
    within = sa.and_(shown, Message.received_at >= week.previous.start, Message.received_at < week.end)
    labels = _newest_labels(session, within)
    tally = _Tally()
    by_question = [(question, tally.by[question], labels[question]) for question in QUESTIONS]
    found = session.execute(_with_prediction(week, within).execution_options(yield_per=_STEP))
    for message, channel, day, abstained, *answers in found:
        this_week = day >= 7
        tally.shown.add(message, this_week)
        tally.days[day % 7].add(message, this_week)
        tally.by["channel"][channel].add(message, this_week)
        tally.expected[channel in expecting].add(message, this_week)
        if abstained is None:
            tally.without_prediction.add(message, this_week)
        unsure = abstained.split(";") if this_week and abstained else ()
        for (question, values, said), answer in zip(by_question, answers, strict=True):
            label = said.get(message)
            values[label or answer or UNCLASSIFIED].add(message, this_week)
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
    """Select the messages, each with its day (7 is this Monday) and the prediction that counts.

    That is the active model's, else the newest.
    """
    # Each day begins at its own local midnight. The database compares them, because turning a hundred
    # thousand times into Python's and back to a day costs a second.
    ends = [*week.previous.days, *week.days][1:]
    day = sa.case(
        *(
            (Message.received_at < datetime.combine(end, time(), week.start.tzinfo), count)
            for count, end in enumerate(ends)
        ),
        else_=len(ends),
    )
    # One look into the index per message; ranking all predictions by a window took twice as long.
    other = sa.orm.aliased(Prediction)
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
