"""How pages are made: one Jinja environment that escapes everything, and the Chinese forms of dates and shares."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from config.profile import Profile
from responder.accounts import Visit
from responder.permissions import Permission, may

WEEKDAYS = "一二三四五六日"

_NAVIGATION = (
    ("/", "今日待办", Permission.QUEUE_READ),
    ("/reports", "民情周报", Permission.REPORT_READ),
    ("/staff", "人员账号", Permission.STAFF_READ),
    ("/audit", "操作记录", Permission.AUDIT_READ),
    ("/account", "我的账号", Permission.ACCOUNT_READ_OWN),
)

ERRORS = {
    400: ("请求有误", "提交的内容无法识别，请返回上一页重新操作。"),
    403: ("没有权限", "您的角色不能查看此页，或者页面已经过期。请返回首页重试，确需查看的请联系系统管理员。"),
    404: ("没有找到", "没有这个页面或案件，也可能是您无权查看。请核对地址或案件编号。"),
    405: ("操作有误", "此地址不支持这种操作，请从首页重新进入。"),
    411: ("请求有误", "提交的内容没有标明长度，系统没有处理。"),
    413: ("内容过大", "提交的内容超过了允许的大小，系统没有处理。"),
    500: ("系统出错", "系统出现错误，本次操作没有完成，数据没有改动。请稍后重试，仍不行的请联系系统管理员。"),
}


class Pages:
    """Renders templates for one bureau."""

    def __init__(self, profile: Profile) -> None:
        self.environment = Environment(
            loader=PackageLoader("responder.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.environment.globals["bureau"] = profile.bureau
        self.environment.filters |= {
            "moment": lambda value: chinese_moment(value, profile.zone),
            "day": chinese_day,
            "share": chinese_share,
            "channel": lambda value: _channel_name(profile, value),
            "owner": lambda value: value.replace(":", "：") if value else "待定",
        }

    def html(self, request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """Return a page; the head with navigation and log-out comes from the visit of the request."""
        found: Visit | None = getattr(request.state, "visit", None)
        role = found.staff.role if found else ""
        navigation = [(path, name) for path, name, right in _NAVIGATION if may(role, right)]
        page = self.environment.get_template(template)
        text = page.render(visit=found, navigation=navigation, path=request.url.path, **values)
        return HTMLResponse(text, status)

    def error(self, request: Request, status: int) -> HTMLResponse:
        """Return the page of a status; it says what to do and nothing about the inside."""
        title, text = ERRORS.get(status, ERRORS[500 if status >= 500 else 400])
        found: Visit | None = getattr(request.state, "visit", None)
        home = home_of(found.staff.role) if found else "/"
        return self.html(request, "error.html", status, code=status, title=title, text=text, home=home)


def home_of(role: str) -> str:
    """Return the first page a role may open."""
    return next((path for path, _, right in _NAVIGATION if may(role, right)), "/account")


def chinese_day(value: date) -> str:
    """Return a day as offices write it, such as 2026年11月23日（周一）."""
    return f"{value.year}年{value.month}月{value.day}日（周{WEEKDAYS[value.weekday()]}）"


def chinese_moment(value: datetime, zone: ZoneInfo) -> str:
    """Return an aware moment in the bureau's zone, such as 2026年11月23日 10:00."""
    local = value.astimezone(zone)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


def chinese_share(value: float) -> str:
    """Return a confidence from 0 to 1 as whole per cent; never 100 %, because no model is certain."""
    return f"{min(round(value * 100), 99)}%"


def _channel_name(profile: Profile, channel_id: str) -> str:
    channel = profile.channel(channel_id)
    return channel.name if channel else channel_id
