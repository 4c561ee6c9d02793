"""The words by which boards are recognised: labels, states, offices, dates, next pages; pure."""

import re
from dataclasses import dataclass, field
from typing import Any

from collector.readers.headers import match, normalise

DATE = re.compile(
    r"(?:19|20)\d{2}\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}(?!\d)\s?日?"
    r"(?:[\sT]*(?:上午|下午)?\s?\d{1,2}\s?[:时点](?:\s?\d{1,2}\s?分?)?(?::\d{1,2})?(?:\s?\d{1,2}秒)?)?"
)

DATE_PATTERN = r"((?:19|20)\d{2}\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}[日\d:： 时分秒上下午]*)"
"""A date in a text, as the `pattern` of a description."""

DATE_ATTRIBUTES = ("datetime", "data-time", "data-date")
"""Where pages keep a date that they show as 前天 or 3小时前."""

_STATUS = re.compile(
    r"(?:(?:办理|处理|回复|答复|信件|当前)?状态[:：]?)?[\[【(（〔]?"
    r"(?:待|未|已|正在|拟)?(?:审查|审核|处理|受理|办理|办结|回复|答复|反馈|解决|采纳|转办|交办|完成)(?:中|完毕|完成)?"
    r"[\]】)）〕]?"
)
_OFFICE = re.compile(
    r"[\u4e00-\u9fff（）()、·\s]{1,40}(?:局|委|会|办|科|室|处|队|中心|镇|乡|街道|政府|部门|部|院|公司|站|所|大厅|单位)"
)

_CUT = re.compile(r"(?:\.{2,}|…+)$")

_NAMES: dict[str, tuple[str, ...]] = {
    "status": ("状态", "办理状态", "处理状态", "回复状态", "答复状态", "信件状态", "当前状态", "办理进度", "办理进展"),
    "answered_by": (
        "受理单位", "受理部门", "处理部门", "责任单位", "责任部门", "回复机构", "办理科室", "承办科室", "答复科室",
        "回复科室", "回复者", "答复者", "部门", "单位", "收件部门", "收信部门",
    ),
    "answered_at": ("办理时间", "处理时间", "办复时间", "反馈日期", "处理日期"),
    "posted_at": (
        "写信日期", "发信时间", "发信日期", "提问日期", "咨询日期", "投诉日期", "信访时间", "反映日期",
        "发表日期",
    ),
    "title": ("信件名称", "事项名称", "留言题目", "题目", "信件题目", "事由", "诉求主题", "建议标题", "提问标题"),
    "body": (
        "详细描述", "来信正文", "信件正文", "留言正文", "问题详情", "信件详情", "诉求详情", "内容描述", "主要内容",
        "具体内容", "写信内容", "投诉详情", "诉求", "问题",
    ),
    "answer_text": (
        "回复正文", "答复正文", "官方答复", "部门回复", "部门答复", "单位回复", "单位答复", "局办回复", "办理答复",
        "反馈意见", "处理答复", "回复信息", "答复信息",
    ),
    "author_name": ("发信人", "来信者", "写信者", "留言者", "发件人", "提问者", "网友", "来信人姓名", "写信人姓名"),
    "receipt_no": ("信件号", "受理号", "查询号", "流水号"),
}  # fmt: skip
_FURTHER = {normalise(name): found for found, names in _NAMES.items() for name in names}

NEXT = ("下一页", "下页", "后一页", "下一頁", "next", "next page", ">", "›", "»", "下一页>", "下一页>>", "下一页»")

CHINESE = {
    "title": "标题",
    "body": "信件内容",
    "link": "详情页地址",
    "external_id": "信件编号（判断是不是同一封信）",
    "receipt_no": "受理编号",
    "posted_at": "来信时间",
    "received_at": "受理时间",
    "given_due_at": "办理期限",
    "author_name": "来信人",
    "contact": "联系方式",
    "status": "办理状态",
    "answer_text": "答复内容",
    "answered_at": "答复时间",
    "answered_by": "答复单位",
    "likes": "点赞数",
    "dislikes": "反对数",
    "kind": "信件类型",
    "publish_consent": "是否公开",
    "confidential": "是否保密",
    "place": "地点",
}
"""What a field is called in the remarks of a proposal."""

FIELD_ORDER = tuple(CHINESE)


@dataclass
class Part:
    """One block of a description as it grows.

    Args:
        keys: as they will stand in TOML.
        remarks: key (dotted below `keys`) -> what stands beside it, in Chinese.
        doubts: key -> what a person has to check; written above it.
        detail_url: template of the address of a row's page, where a script opens it; empty if links lead there.
        title_is_cut: the titles of the list are shortened.
    """

    keys: dict[str, Any] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)
    detail_url: str = ""
    title_is_cut: bool = False

    def put(self, name: str, value: Any, doubt: str = "") -> None:
        """Add a field, with what is doubtful about it."""
        self.keys.setdefault("fields", {})[name] = value
        if doubt:
            self.doubts[f"fields.{name}"] = doubt

    def has(self, name: str) -> bool:
        """Whether the field was found."""
        return name in self.keys.get("fields", {})


def field_of(name: str) -> str | None:
    """Return the field that a label, header or key names."""
    if not name or len(name) > 40:
        return None
    plain = normalise(name)
    found = match([name]).fields
    return next(iter(found), None) or _FURTHER.get(plain)


def is_cut(text: str) -> bool:
    """Tell whether a text was shortened to fit."""
    return _CUT.search(text) is not None


def is_status(text: str) -> bool:
    """Tell whether a text is nothing but the site's word for how far an answer is."""
    return len(text) <= 14 and _STATUS.fullmatch(text.strip()) is not None


def is_office(text: str) -> bool:
    """Tell whether a text is nothing but the name of an office."""
    return 2 <= len(text) <= 40 and _OFFICE.fullmatch(text.strip()) is not None


def is_date(text: str) -> bool:
    """Tell whether a text is nothing but a date, brackets aside."""
    return DATE.fullmatch(text.strip(" \t\r\n\xa0\u3000[]()（）【】")) is not None
