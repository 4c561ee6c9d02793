"""The audit for eyes: its newest events with Chinese names."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from responder.tables import AuditEvent

ACTION_NAMES = {
    "calendar:import": "导入放假安排",
    "case:follow_up": "追加来信",
    "case:move": "案件流转",
    "case:open": "立案",
    "deadline:recompute": "重算期限",
    "labels:import": "导入标注",
    "model:activate": "启用模型",
    "report:draft": "生成民情周报",
    "setaside:drop": "放弃搁置件",
    "setaside:retry": "重试搁置件",
    "staff:add": "新增账号",
    "staff:disable": "停用账号",
    "staff:locked": "账号锁定",
    "staff:login": "登录",
    "staff:login_failed": "登录失败",
    "staff:logout": "退出",
    "staff:password": "重置密码",
    "staff:revoke": "强制退出",
    "staff:role": "变更角色",
}


@dataclass(frozen=True)
class EventLine:
    """One event in words."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: str


def newest_events(session: Session, limit: int) -> Sequence[EventLine]:
    """Return the newest events, newest first."""
    events = session.scalars(sa.select(AuditEvent).order_by(AuditEvent.id.desc()).limit(limit))
    return [
        EventLine(
            event.id,
            event.at,
            event.actor,
            ACTION_NAMES.get(event.action, event.action),
            event.subject,
            "；".join(f"{name}={value}" for name, value in sorted(event.detail.items())),
        )
        for event in events
    ]
