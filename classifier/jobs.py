"""Jobs of the classifier, for the worker's job table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from classifier.candidates import compare_versions, train_candidate
from classifier.predict import Answer, TextIn, predict_each
from classifier.tables import Prediction
from classifier.versions import (
    activate,
    active_bundle,
    active_version,
    bundle_of,
    ensure_base,
    list_versions,
    rollback,
)
from collector.access import PIPELINE, restrict, visible_to
from collector.tables import NORMAL, RESTRICTED, Message
from config.context import Context, Progress
from config.database import SealedDict
from config.logs import get_logger
from config.profile import Profile

__all__ = [
    "activate",
    "active_bundle",
    "classify_pending",
    "compare_versions",
    "ensure_base",
    "list_versions",
    "rollback",
    "train_candidate",
]

log = get_logger(__name__)

BATCH = 500
"""Messages a write transaction: about a fifth of a second on a small machine."""

WRONGDOING = "举报"


@dataclass(frozen=True)
class _Pending:
    id: int
    text: TextIn
    restricted: bool


def classify_pending(ctx: Context, progress: Progress | None = None, limit: int | None = None) -> dict[str, int]:
    """Answer for every message that the version in service has not answered for yet, in the order of ids.

    Each batch is one write transaction. Killed and repeated, or run twice at once, it stores every answer
    once. A message reported as wrongdoing on a channel that expects a reply is restricted together with its
    answer.

    Args:
        limit: at most so many messages; None: all.

    Returns:
        Counts: classified; failed, of those the ones that could not be looked at and were left to a person
        on every question; restricted.

    Raises:
        ModelError: the model in service cannot be used; nothing was stored.
    """
    version = active_version(ctx)
    version_id, bundle = version.id, bundle_of(ctx, version)
    counts = {"classified": 0, "failed": 0, "restricted": 0}
    total = None
    if progress:
        with ctx.database.reading() as session:
            total = session.scalar(sa.select(sa.func.count()).select_from(_pending(version_id).subquery()))
            total = total if limit is None else min(limit, total or 0)
    last = 0
    while limit is None or counts["classified"] < limit:
        size = BATCH if limit is None else min(BATCH, limit - counts["classified"])
        with ctx.database.reading() as session:
            query = _pending(version_id).where(Message.id > last).order_by(Message.id).limit(size)
            batch = [
                _Pending(row.id, TextIn(row.title, row.body, row.channel), row.access == RESTRICTED)
                for row in session.execute(query)
            ]
        if not batch:
            break
        answers, failed = predict_each(bundle, ctx.profile, [item.text for item in batch])
        for place in failed:
            log.error("message_failed", message=batch[place].id)
        with ctx.database.writing() as session:
            reports = _new_reports(session, version_id, batch, answers, ctx.profile)
            for message in reports:
                restrict(session, message)
            _seal_reasons(session, [message.id for message in reports])
            _store(session, version_id, batch, answers, {message.id for message in reports}, ctx)
            counts["restricted"] += len(reports)
        last = batch[-1].id
        counts["classified"] += len(batch)
        counts["failed"] += len(failed)
        if progress:
            progress(counts["classified"], total)
    if counts["restricted"]:
        ctx.database.forget_plain()
    return counts


def _pending(version_id: int) -> sa.Select[int, str, str, str, str]:
    answered = sa.exists().where(Prediction.message_id == Message.id, Prediction.model_version_id == version_id)
    return (
        sa.select(Message.id, Message.title, Message.body, Message.channel, Message.access)
        .where(~answered)
        .where(visible_to(PIPELINE))
    )


def _store(
    session: Session,
    version_id: int,
    batch: Sequence[_Pending],
    answers: Sequence[Answer],
    reports: set[int],
    ctx: Context,
) -> None:
    """Store the answers; the deciding words of a restricted message are its own words, and sealed like them."""
    now = ctx.clock()
    rows: list[dict[str, Any]] = [
        {
            "message_id": item.id,
            "model_version_id": version_id,
            "category": answer.category,
            "category_confidence": answer.category_confidence,
            "owner": answer.owner,
            "owner_confidence": answer.owner_confidence,
            "kind": answer.kind,
            "kind_confidence": answer.kind_confidence,
            "sentiment": answer.sentiment,
            "sentiment_confidence": answer.sentiment_confidence,
            "emotion": answer.emotion,
            "emotion_confidence": answer.emotion_confidence,
            "urgency": answer.urgency,
            "urgency_confidence": answer.urgency_confidence,
            "abstained": ";".join(answer.abstained),
            "why": SealedDict(answer.why) if item.restricted or item.id in reports else answer.why,
            "predicted_at": now,
        }
        for item, answer in zip(batch, answers, strict=True)
    ]
    insert = sqlite.insert if ctx.database.is_sqlite else postgresql.insert
    # Another run at the same time may have stored the same answers; the unique key decides.
    session.connection().execute(insert(Prediction).on_conflict_do_nothing(), rows)


def _seal_reasons(session: Session, message_ids: Sequence[int]) -> None:
    """Seal what earlier versions gave as reasons: they are words of messages that are restricted from now on."""
    for earlier in session.scalars(sa.select(Prediction).where(Prediction.message_id.in_(message_ids))):
        earlier.why = SealedDict(earlier.why)
        # SQLAlchemy compares old and new as equal mappings and would skip the write.
        sa.orm.attributes.flag_modified(earlier, "why")
    session.flush()


def _new_reports(
    session: Session, version_id: int, batch: Sequence[_Pending], answers: Sequence[Answer], profile: Profile
) -> Sequence[Message]:
    """Return the reports of wrongdoing that are not restricted yet; one that an earlier version already found is left
    as it is, because since then a person may have lifted the restriction."""
    expecting = {channel.id for channel in profile.channels if channel.expects_reply}
    found = [
        item.id
        for item, answer in zip(batch, answers, strict=True)
        if answer.kind == WRONGDOING and "kind" not in answer.abstained and item.text.channel in expecting
    ]
    if not found:
        return []
    before = sa.exists().where(
        Prediction.message_id == Message.id,
        Prediction.model_version_id != version_id,
        Prediction.kind == WRONGDOING,
        Prediction.abstained.not_like("%kind%"),
    )
    return session.scalars(
        sa.select(Message).where(Message.id.in_(found), Message.access == NORMAL, ~before).where(visible_to(PIPELINE))
    ).all()
