"""The audit for eyes: its newest events with Chinese names."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from responder.audit import AuditAction
from responder.tables import AuditEvent

ACTION_NAMES: dict[str, str] = {
    AuditAction.CALENDAR_IMPORT: "导入放假安排",
    AuditAction.CASE_FOLLOW_UP: "追加来信",
    AuditAction.CASE_MOVE: "案件流转",
    AuditAction.CASE_OPEN: "立案",
    AuditAction.DEADLINE_RECOMPUTE: "重算期限",
    AuditAction.MESSAGE_RESTRICT: "设为限制查看",
    AuditAction.MODEL_ACTIVATE: "启用模型",
    AuditAction.MODEL_ROLLBACK: "退回旧模型",
    AuditAction.REPORT_DRAFT: "生成每周摘要",
    AuditAction.SETASIDE_DROP: "放弃搁置件",
    AuditAction.SETASIDE_RETRY: "重试搁置件",
    AuditAction.STAFF_ADD: "新增账号",
    AuditAction.STAFF_DISABLE: "停用账号",
    AuditAction.STAFF_LOCKED: "账号锁定",
    AuditAction.STAFF_LOGIN: "登录",
    AuditAction.STAFF_LOGIN_FAILED: "登录失败",
    AuditAction.STAFF_LOGOUT: "退出",
    AuditAction.STAFF_PASSWORD: "重置密码",
    AuditAction.STAFF_REVOKE: "强制退出",
    AuditAction.STAFF_ROLE: "变更角色",
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
