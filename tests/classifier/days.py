"""Many messages with predictions at once, for tests of what moves over days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from classifier.tables import ModelVersion, Prediction
from collector.tables import RESTRICTED, Message, RawItem
from config.context import Context
from config.database import Sealed

ANSWER = {
    "category": "统计",
    "owner": "综合科",
    "kind": "咨询",
    "sentiment": "中性",
    "emotion": None,
    "urgency": "低",
}


@dataclass(frozen=True)
class Said:
    """One message and what was predicted of it; what is not named is the ordinary answer, confidence 0.9."""

    received_at: datetime
    channel: str = "site-board"
    restricted: bool = False
    abstained: str = ""
    confidence: float = 0.9
    answers: tuple[tuple[str, str], ...] = ()


def store(ctx: Context, said: Sequence[Said]) -> list[int]:
    """Store messages without predictions and return their ids."""
    now = ctx.clock()
    with ctx.database.writing() as session:
        number = session.scalar(sa.select(sa.func.count()).select_from(RawItem)) or 0
        raw = RawItem(
            source="many",
            channel="site-board",
            name="many",
            sha256=f"{number:064}",
            size=1,
            content=b"x",
            options={},
            state="parsed",
            collected_at=now,
        )
        session.add(raw)
        session.flush()
        last = session.scalar(sa.select(sa.func.max(Message.id))) or 0
        rows: list[dict[str, Any]] = [
            {
                "id": last + place,
                "source": "many",
                "channel": one.channel,
                "external_id": f"many{last + place}",
                "title": Sealed("题") if one.restricted else "题",
                "body": Sealed("文") if one.restricted else "文",
                "posted_at": one.received_at,
                "received_at": one.received_at,
                "collected_at": now,
                "access": RESTRICTED if one.restricted else "normal",
                "raw_item_id": raw.id,
            }
            for place, one in enumerate(said, start=1)
        ]
        session.execute(sa.insert(Message), rows)
        return [row["id"] for row in rows]


def predict(ctx: Context, version: int, ids: Sequence[int], said: Sequence[Said]) -> None:
    """Store what a version said of messages."""
    now = ctx.clock()
    rows = [
        {
            "message_id": message,
            "model_version_id": version,
            **ANSWER,
            **dict(one.answers),
            **{f"{question}_confidence": one.confidence for question in ANSWER},
            "emotion_confidence": one.confidence if "emotion" in dict(one.answers) else None,
            "abstained": one.abstained,
            "why": {},
            "predicted_at": now,
        }
        for message, one in zip(ids, said, strict=True)
    ]
    with ctx.database.writing() as session:
        session.execute(sa.insert(Prediction), rows)


def make_version(ctx: Context, name: str, at: datetime, *, file: str = "") -> int:
    """Register a version, put it into service at a moment, and return its id."""
    with ctx.database.writing() as session:
        session.execute(sa.update(ModelVersion).values(active=False))
        version = ModelVersion(
            version=name,
            file=file,
            checksum="0" * 64,
            report={},
            active=True,
            created_at=at - timedelta(hours=1),
            activated_at=at,
        )
        session.add(version)
        session.flush()
        return version.id
