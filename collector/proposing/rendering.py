"""A proposal as TOML with remarks in Chinese, as an operator puts it into the profile; pure."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from collector.proposing.cells import ordered
from collector.proposing.words import CHINESE, Part

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_KEY_REMARKS = {
    "url": "列表网址",
    "rows": "哪些是“一封信一行”；表头、空行程序自己会跳过",
    "header": "有这几列表头的那张表",
    "at": "信件在答复数据里的位置",
    "format": "数据形式",
    "variable": "数据所在的脚本变量",
}
_PAGING_REMARKS = {
    "url": "第二页起的网址，{page} 是页码",
    "first": "{page} 从几开始",
    "step": "每翻一页加几",
    "size": "每页几条",
    "next": "“下一页”链接",
    "cursor": "下一页的标记取自哪里",
    "form": "翻页时提交的表单",
    "hidden": "表单里随同提交的隐藏项",
    "pages": "页面上写明的总页数",
    "total": "页面上写明的总条数",
}


def toml_value(value: Any) -> str:
    """Return a value as TOML writes it on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        plain = value.isprintable() and "\\" in value and "'" not in value
        return f"'{value}'" if plain else json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{toml_key(key)} = {toml_value(inner)}" for key, inner in value.items()) + " }"
    return "[" + ", ".join(map(toml_value, value)) + "]"


def toml_key(key: str) -> str:
    """Return a key as TOML writes it."""
    return key if _BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False)


def comment(text: str) -> list[str]:
    """Return a text as lines of comments; nothing a page wrote can break out of them."""
    return ["# " + " ".join(line.split()) for line in text.splitlines() if line.strip()]


def render(head: Mapping[str, tuple[Any, str]], notes: Sequence[str], listing: Part, details: Sequence[Part]) -> str:
    """Return one block `[[sources]]`.

    Args:
        head: keys of the source itself, each with its remark.
        notes: what stands above the block.
    """
    lines = [line for note in notes for line in comment(note)]
    lines.append("[[sources]]")
    lines += [_line(key, value, remark) for key, (value, remark) in head.items()]
    if listing.keys:
        lines += ["", "[sources.list]", *_block(listing, "sources.list")]
    for part in details:
        lines += ["", "[[sources.details]]", *_block(part, "sources.details")]
    return "\n".join(lines) + "\n"


def _block(part: Part, name: str) -> list[str]:
    lines: list[str] = []
    for key in ("url", "method", "form", "format", "variable", "at", "rows", "header", "within"):
        if key in part.keys:
            lines += _doubt(part, key)
            lines.append(_line(key, part.keys[key], part.remarks.get(key) or _KEY_REMARKS.get(key, "")))
    if "paging" not in part.keys:
        lines += _doubt(part, "paging")
        lines += comment(part.remarks.get("paging", ""))
    if replies := part.keys.get("replies"):
        lines.append(_line("replies", replies, "一封信有几条答复时，每条一块"))
    if fields := part.keys.get("fields"):
        lines += ["", f"[{name}.fields]"]
        for field, pick in ordered(fields).items():
            lines += _doubt(part, f"fields.{field}")
            lines.append(_line(field, pick, part.remarks.get(f"fields.{field}") or CHINESE[field]))
    if paging := part.keys.get("paging"):
        lines += ["", f"[{name}.paging]"]
        lines += _doubt(part, "paging")
        for key, value in paging.items():
            lines += _doubt(part, f"paging.{key}")
            lines.append(_line(key, value, _PAGING_REMARKS.get(key, "")))
    return lines


def _doubt(part: Part, key: str) -> list[str]:
    return comment(f"请核对：{part.doubts[key]}") if key in part.doubts else []


def _line(key: str, value: Any, remark: str) -> str:
    text = f"{toml_key(key)} = {toml_value(value)}"
    return f"{text} {comment(remark)[0]}" if remark else text
