"""Builders of rows for tests: every column has a default, a test names only what it is about."""

import hashlib
import itertools
from typing import Any

import sqlalchemy as sa

from classifier.tables import ModelVersion, Prediction
from collector.tables import RESTRICTED, Message, RawItem
from config.context import Context
from config.database import Sealed

_numbers = itertools.count(1)


def make_message(ctx: Context, **columns: Any) -> int:
    """Store one message with its raw item and return its id."""
    number = next(_numbers)
    now = ctx.clock()
    row: dict[str, Any] = {
        "source": "test",
        "channel": "site-board",
        "external_id": f"t{number}",
        "title": f"标题{number}",
        "body": f"正文{number}",
        "posted_at": columns.get("received_at", now),
        "received_at": now,
        "collected_at": now,
    } | columns
    if row.get("access") == RESTRICTED:
        row["title"], row["body"] = Sealed(row["title"]), Sealed(row["body"])
    with ctx.database.writing() as session:
        content = f"raw {number}".encode()
        raw = RawItem(
            source=row["source"],
            channel=row["channel"],
            name=f"test {number}",
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
            content=content,
            options={},
            state="parsed",
            collected_at=now,
        )
        session.add(raw)
        session.flush()
        message = Message(raw_item_id=raw.id, **row)
        session.add(message)
        session.flush()
        return message.id


def make_prediction(ctx: Context, message_id: int, **columns: Any) -> int:
    """Store one prediction, of an active model version made for tests, and return its id."""
    with ctx.database.writing() as session:
        version = session.scalar(sa.select(ModelVersion).where(ModelVersion.active))
        if version is None:
            version = ModelVersion(
                version="test",
                file="",
                checksum="0" * 64,
                report={},
                active=True,
                created_at=ctx.clock(),
                activated_at=ctx.clock(),
            )
            session.add(version)
            session.flush()
        row: dict[str, Any] = {
            "category": "统计",
            "category_confidence": 0.9,
            "owner": "综合科",
            "owner_confidence": 0.9,
            "kind": "咨询",
            "kind_confidence": 0.9,
            "sentiment": "中性",
            "sentiment_confidence": 0.9,
            "emotion": None,
            "emotion_confidence": None,
            "urgency": "低",
            "urgency_confidence": 0.9,
            "abstained": "",
            "why": {"owner": ["年鉴"], "category": ["统计"]},
            "predicted_at": ctx.clock(),
        } | columns
        prediction = Prediction(message_id=message_id, model_version_id=version.id, **row)
        session.add(prediction)
        session.flush()
        return prediction.id
