"""The report beside a file that was taken from a watched folder, for the people who put it there; pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from collector.counts import Counts
from collector.errors import (
    ColumnsUnknown,
    DateMissing,
    FileDamaged,
    FileEmpty,
    FileKindUnknown,
    FileProtected,
    FileRefused,
    FileTooLarge,
)

MOST_PLACES = 30
"""Rows listed for one reason; the rest is counted."""

REASONS: Mapping[str, str] = {
    "auto-reply": "自动回复的邮件",
    "bad-date": "日期认不出来",
    "bad-encoding": "有乱码，字符编码不对",
    "bad-json": "不是完整的 JSON 数据",
    "bad-mail": "邮件格式有错",
    "before-since": "早于设定的起始日期",
    "bounce": "退信",
    "early-date": "日期过早，应是填错了",
    "empty": "没有内容",
    "empty-row": "空行",
    "future-date": "日期在将来，应是填错了",
    "loop": "本局自己发出的邮件",
    "no-date": "没有日期",
    "no-keyword": "与设定的关键词无关",
    "no-text": "没有正文",
    "receipt": "已读回执",
    "repeated-header": "重复的表头",
    "same-id-other-text": "编号已经用过，内容却不一样",
    "too-deep": "邮件嵌套层数过多",
    "too-long": "文字过长",
    "unreadable": "读不出来",
    "unstorable": "存不进去",
}
"""Each reason for setting aside or leaving out, as its readers know it."""

_ADVICE: Mapping[str, str] = {
    "bad-date": "日期写成“2026-11-20 09:30”的样式。",
    "no-date": "补上“留言时间”一栏，写成“2026-11-20 09:30”的样式。",
    "early-date": "核对日期。",
    "future-date": "核对日期。",
    "same-id-other-text": "核对编号：两件不同的事不能用同一个编号。",
    "too-long": "把过长的内容拆开，或作为附件另行登记。",
    "bad-encoding": "用 Excel 或 WPS 打开，另存为 .xlsx。",
}

_REFUSALS: tuple[tuple[type[FileRefused], str, str], ...] = (
    (FileEmpty, "文件是空的，或者只有表头。", "请重新导出后再放进来。"),
    (FileProtected, "文件设了打开密码。", "请用 Excel 或 WPS 打开，取消密码，另存后再放进来。"),
    (FileTooLarge, "文件过大，或者行数过多。", "请拆成几个文件再放进来；确需整个收取的，请联系信息化人员调整上限。"),
    (FileDamaged, "文件已损坏，或者没有传完。", "请重新导出或重新拷贝后再放进来。"),
    (
        ColumnsUnknown,
        "表格里找不到写着留言内容的一栏。",
        "请把内容那一栏的表头改为“留言内容”，时间那一栏改为“留言时间”，再放进来。",
    ),
    (DateMissing, "表格里没有日期一栏。", "请补上“留言时间”一栏，写成“2026-11-20 09:30”的样式，再放进来。"),
    (
        FileKindUnknown,
        "不是能收取的文件。",
        "能收的有：.xlsx、.xls、.csv、.csv.gz、.eml、.mbox、.json、.jsonl。请换成其中一种再放进来。",
    ),
    (FileRefused, "文件读不了。", "请检查文件能否打开，重新导出后再放进来；还是不行的，请联系信息化人员。"),
)
_PLACE = re.compile(r"(?:sheet(\d+) )?(row|line|item|mail) (\d+)")
_WORDS = {"row": "行", "line": "行", "item": "条", "mail": "封"}


@dataclass
class Places:
    """How many items one reason met, and where the first of them stood."""

    number: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, position: str) -> None:
        """Count one more."""
        self.number += 1
        if len(self.first) < MOST_PLACES:
            self.first.append(position)


@dataclass
class Outcome:
    """What became of a file.

    Args:
        counts: of its items.
        aside: where stands what is set aside, by reason.
        dropped: where stands what was left out, by reason.
        refusal: why the file as a whole was refused, at once or in the middle.
    """

    counts: Counts = field(default_factory=Counts)
    aside: dict[str, Places] = field(default_factory=dict)
    dropped: dict[str, Places] = field(default_factory=dict)
    refusal: FileRefused | None = None


def write_report(name: str, channel: str, outcome: Outcome, now: datetime, zone: tzinfo) -> str:
    """Return the report as text.

    Args:
        name: of the file as it came.
        channel: the channel's name for people.
    """
    counts, moment = outcome.counts, now.astimezone(zone)
    lines = [
        "收取报告",
        "",
        f"文件：{' '.join(name.split())}",
        f"渠道：{channel}",
        f"时间：{moment:%Y}年{moment.month}月{moment.day}日 {moment:%H:%M}",
    ]
    if outcome.refusal is not None:
        what, todo = next((what, todo) for kind, what, todo in _REFUSALS if isinstance(outcome.refusal, kind))
        lines += ["结果：未能收取" if not counts.fetched else "结果：只收取了一部分", f"原因：{what}", ""]
        if counts.fetched:
            lines += [_figures(counts), "文件从中间起读不下去，前面已经入库的有效。", ""]
    else:
        lines += ["结果：已收取", "", _figures(counts), *_same(counts), ""]
        todo = ""
    lines += _listed("搁置", "原文已保存，等待人工处理", outcome.aside)
    lines += _listed("未收", "不作为来信入库", _without_places(counts) | outcome.dropped)
    lines += ["怎么办："] + [f"  {number}．{step}" for number, step in enumerate(_steps(outcome, todo), start=1)]
    if outcome.refusal is not None:
        lines += ["", f"供信息化人员参考：{outcome.refusal}"]
    return "\n".join(lines) + "\n"


def _figures(counts: Counts) -> str:
    return (
        f"收到 {counts.fetched} 条：入库 {counts.stored} 条，重复 {counts.duplicates} 条，"
        f"未收 {counts.dropped} 条，搁置 {counts.set_aside} 条。"
    )


def _same(counts: Counts) -> list[str]:
    known = counts.duplicates and counts.duplicates + counts.dropped == counts.fetched
    return ["这些内容以前都收过，这次没有新增。"] if known else []


def _without_places(counts: Counts) -> dict[str, Places]:
    """Return what was left out by intake, which tells no places."""
    return {reason: Places(number) for reason, number in counts.drop_reasons.items()}


def _listed(word: str, meaning: str, places: Mapping[str, Places]) -> list[str]:
    if not places:
        return []
    lines = [f"{word}的（{meaning}）："]
    for reason, found in places.items():
        where = "、".join(filter(None, map(_place, found.first)))
        more = "等" if where and found.number > len(found.first) else ""
        lines.append(f"  {REASONS.get(reason, reason)}，{found.number} 条" + (f"：{where}{more}" if where else ""))
    return [*lines, ""]


def _place(position: str) -> str:
    match = _PLACE.fullmatch(position)
    if match is None:
        return ""
    return (f"第{match[1]}张表" if match[1] else "") + f"第{match[3]}{_WORDS[match[2]]}"


def _steps(outcome: Outcome, todo: str) -> list[str]:
    steps = [todo] if todo else []
    steps += dict.fromkeys(_ADVICE[reason] for reason in outcome.aside if reason in _ADVICE)
    if outcome.aside:
        steps.append("改好的文件可以整个再放进来，已经入库的不会重复。")
        steps.append("不需要的搁置内容，请信息化人员用 wenzheng setaside list 查看后销去。")
    return steps or ["不用处理，本报告可以删除。"]
