"""The names of columns: which header of an export means which field of a message.

docs/importing.md shows this table; a test compares the two.
"""

import difflib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

SYNONYMS: dict[str, tuple[str, ...]] = {
    # The number of an order; it is the id of the message as well. Within a field the earlier name wins.
    "receipt_no": (
        "工单编号", "工单号", "热线单号", "受理编号", "受理单号", "事件编号", "诉求编号", "平台单号",
        "信件编号", "来信编号", "信件编码", "办件编号", "办理编号", "信访编号", "登记编号", "回执编号",
        "查询编号", "申请编号", "提案编号", "建议编号", "receipt_no", "order_no", "hotlineNo", "platformNo",
        "编号",
    ),
    "external_id": (
        "external_id", "id", "留言编号", "留言id", "消息编号", "消息id", "评论id", "微博id", "message_id",
        "msgid", "thread_id", "tid", "mid", "uuid", "user_comment_id",
    ),
    "body": (
        "留言详情", "留言内容", "诉求内容", "工单内容", "事项描述", "诉求描述", "问题描述", "事件描述",
        "来信内容", "信件内容", "信访内容", "反映内容", "反映问题", "咨询内容", "投诉内容", "建议内容",
        "举报内容", "信件正文", "来信正文", "留言正文", "申请内容", "所需信息内容描述", "提问内容",
        "问题内容", "评论内容", "微博正文", "微博内容", "消息内容", "意见内容", "详细内容", "正文", "内容",
        "详情", "body", "content", "text", "message", "comment", "review", "appealContent", "contents",
    ),
    "title": (
        "留言主题", "留言标题", "工单标题", "诉求标题", "来信主题", "信件主题", "信件标题", "来信标题",
        "信件名称", "信访标题", "咨询主题", "咨询标题", "问题标题", "事项标题", "主题", "标题", "title",
        "subject", "topic",
    ),
    "received_at": (
        "区交办时间", "县交办时间", "县区交办时间", "区县交办时间", "交办时间", "派单时间", "转办时间",
        "派发时间", "市交办时间", "收到时间", "接收时间", "收件时间", "签收时间", "受理时间", "受理日期",
        "received_at",
    ),
    "posted_at": (
        "留言时间", "留言日期", "来信时间", "来信日期", "写信时间", "写信日期", "发信时间", "信件时间",
        "来电时间", "诉求时间", "反映时间", "提交时间", "提交日期", "发布时间", "发布日期", "发表时间",
        "评论时间", "咨询时间", "提问时间", "投诉时间", "申请时间", "申请日期", "信访日期", "登记时间",
        "登记日期", "创建时间", "时间", "日期", "posted_at", "created_at", "published_at", "create_time",
        "publish_time", "submit_time", "post_time", "datetime", "timestamp", "date", "time", "dateline",
        "createDateline",
    ),
    "given_due_at": (
        "区交办办结期限", "县交办办结期限", "区县交办办结期限", "市交办办结期限", "办结期限", "办结时限",
        "办理时限", "办理期限", "截止时间", "截止日期", "反馈时限", "反馈期限", "答复期限", "回复期限",
        "given_due_at", "due_at", "due_date", "deadline", "limittime",
    ),
    "author_name": (
        "留言用户", "留言人", "求助人员", "求助人", "诉求人", "诉求人姓名", "来电人", "来电人姓名",
        "来信人", "来信人姓名", "写信人", "发信人", "来信者", "留言者", "咨询者", "留言网友", "咨询人",
        "投诉人", "举报人", "反映人", "信访人", "申请人", "申请人姓名", "联系人", "联系人姓名", "提问人",
        "用户名", "用户昵称", "用户", "昵称", "网名", "姓名", "作者", "署名", "author_name", "author",
        "userid", "user_name", "user", "nickname", "nick", "screen_name", "contactName", "from", "uid",
    ),
    "contact": (
        "求助号码", "来电号码", "联系电话", "联系号码", "联系方式", "手机号码", "手机号", "手机", "电话号码",
        "电话", "移动电话", "电子邮箱", "电子邮件", "邮箱", "contact", "phone", "telephone", "mobile", "email",
        "contactPhone",
    ),
    "likes": (
        "点赞数", "点赞", "赞数", "点赞量", "支持数", "赞成数", "获赞数", "likes", "like_count",
        "attitudes_count", "favNum",
    ),
    "dislikes": ("反对数", "反对", "踩数", "反对量", "dislikes", "dislike_count"),
    "answer_text": (
        "公开答复内容", "答复意见", "答复内容", "答复详情", "答复正文", "回复内容", "回复意见", "回复详情",
        "回复正文", "回复信息", "官方回复", "官方答复", "办理结果", "办理意见", "处理意见", "处理结果",
        "办理情况", "处理情况", "反馈内容", "回复", "答复", "answer_text", "answer", "reply",
        "reply_content", "handleResult", "answerContent",
    ),
    "answered_at": (
        "答复时间", "答复日期", "回复时间", "回复日期", "办结时间", "办结日期", "办理完成时间", "完成时间",
        "反馈时间", "反馈日期", "回信时间", "answered_at", "replied_at", "reply_time", "finishTime",
        "answerDateline",
    ),
    "answered_by": (
        "答复单位", "答复部门", "答复机构", "答复机关", "回复单位", "回复部门", "回复机构", "回复机关",
        "回复人", "答复人", "承办单位", "办理单位", "主办单位", "市交办主办单位", "承办部门", "办理部门",
        "处理单位", "处理部门", "办理机构", "受理单位", "受理部门", "受理机构", "answered_by", "replied_by",
        "acceptDeptName", "answerOrganization",
    ),
    "kind": (
        "诉求类型", "工单类型", "信件类型", "来信类型", "留言类型", "留言类别", "信件类别", "来信类别",
        "业务类型", "诉求类别", "事项类型", "kind", "appealTypeName",
    ),
    "publish_consent": (
        "是否公开", "是否同意公开", "是否愿意公开", "公开意愿", "同意公开", "publish_consent", "public_record",
    ),
    "confidential": ("是否保密", "保密", "是否要求保密", "信息保密", "confidential"),
    "place": (
        "诉求详细地址", "详细地址", "事发详细地址", "事发地址", "事件地址", "事件发生地", "事发地点", "事发地",
        "问题地点", "事发区域", "place", "areaName",
    ),
}  # fmt: skip
"""Field name -> header names, the stronger first."""

LABELS = (
    "category", "owner", "sentiment", "emotion", "urgency", "label", "channel", "abstained",
    "一级分类", "二级分类", "三级分类", "分类", "类别", "标签",
)  # fmt: skip
"""Headers that are no field of a message, and yet tell that a row is a header."""

ORDER_NUMBERS = frozenset(
    {
        "工单编号",
        "工单号",
        "热线单号",
        "受理编号",
        "受理单号",
        "事件编号",
        "诉求编号",
        "平台单号",
        "hotlineNo",
        "order_no",
    }
)
"""Numbers given by the hotline: a table with one of them is read by the conventions of 12345 orders."""

DATES = ("posted_at", "received_at")
TEXTS = ("body", "title")

_BRACKETED = re.compile(r"[(\[【〔{<《][^)\]】〕}>》]*[)\]】〕}>》]")
_IGNORED = re.compile(r"[\s_\-*:：;；、,，.。'\"“”/\\()\[\]【】〔〕{}<>《》]+")
_LONGEST_HEADER = 40
# Beyond it a cell is no header, and brackets that are never closed take the square of their number to search.
_MOST_CHARS = 60


def normalise(header: str) -> str:
    """Return a header without what varies: width, case, blanks, marks, and remarks in brackets.

    A header that consists of a bracket only keeps what stands in it. Only the first 60 characters count.
    """
    text = unicodedata.normalize("NFKC", header[:_MOST_CHARS]).lower()
    return _IGNORED.sub("", _BRACKETED.sub("", text)) or _IGNORED.sub("", text)


_KNOWN = {normalise(name): (field, rank) for field, names in SYNONYMS.items() for rank, name in enumerate(names)}
_LABELS = frozenset(map(normalise, LABELS))
_ORDER_NUMBERS = frozenset(map(normalise, ORDER_NUMBERS))


@dataclass(frozen=True)
class Match:
    """What the columns of a table mean.

    Args:
        fields: field name -> index of its column.
        spares: field name -> further columns of the same meaning, used in rows where the first is empty.
        is_order: the table holds 12345 orders.
        score: how many columns were understood; compares rows that might be the header.
    """

    fields: dict[str, int]
    spares: dict[str, tuple[int, ...]]
    is_order: bool
    score: int

    @property
    def has_text(self) -> bool:
        """Whether there is a text or a title."""
        return any(name in self.fields for name in TEXTS)

    @property
    def has_date(self) -> bool:
        """Whether there is a date of writing or of receipt."""
        return any(name in self.fields for name in DATES)


def match(columns: Sequence[str]) -> Match:
    """Find the field of each column; of several columns for one field the strongest name wins."""
    ranked: dict[str, list[tuple[int, int]]] = {}
    labels = 0
    is_order = False
    for index, column in enumerate(columns):
        name = normalise(column) if len(column) <= _LONGEST_HEADER else ""
        is_order = is_order or name in _ORDER_NUMBERS
        labels += name in _LABELS
        if name in _KNOWN:
            field, rank = _KNOWN[name]
            ranked.setdefault(field, []).append((rank, index))
    fields = {field: min(found)[1] for field, found in ranked.items()}
    spares = {
        field: tuple(index for _, index in sorted(found)[1:]) for field, found in ranked.items() if len(found) > 1
    }
    # A hotline's number is the order everywhere; an `id` beside it may only count the rows of this export.
    if "receipt_no" in fields and (is_order or "external_id" not in fields):
        fields["external_id"] = fields["receipt_no"]
        spares.pop("external_id", None)
    return Match(fields, spares, is_order, len(ranked) + labels)


def nearest(columns: Sequence[str]) -> list[tuple[str, str]]:
    """Return pairs of a column and the known name of a text or title that is spelt most like it."""
    known = {normalise(name): name for field in TEXTS for name in SYNONYMS[field]}
    pairs = []
    for column in columns:
        close = difflib.get_close_matches(normalise(column)[:_LONGEST_HEADER], known, n=1, cutoff=0.5)
        if close:
            pairs.append((column, known[close[0]]))
    return pairs
