"""Writes the invented messages of the demo as the files that real channels deliver.

The files carry the quirks of the real ones (a title row above the header, phones stored as numbers, old
encodings, mixed date styles), so that the demo goes through the same doors as a bureau's own data.
"""

import csv
import gzip
import io
import re
import tomllib
import zipfile
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from email.header import Header
from email.message import EmailMessage, Message
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from openpyxl import Workbook

CHANNELS = ("mailbox", "hotline-12345", "site-board", "posts")
MAILBOX_ADDRESS = ("局长信箱", "mailbox@demo.invalid")

# One row of a file; its keys, in their order, are the file's header.
Row: TypeAlias = dict[str, str | int | float | datetime | None]

SAVED_AT = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


@dataclass(frozen=True)
class DemoInput:
    """One file of the demo and the channel to import it into."""

    path: Path
    channel: str


@dataclass(frozen=True, kw_only=True)
class DemoMessage:
    """One invented message, its days turned into dates.

    `number` counts from 1 within its channel, oldest first. It depends on the list alone, not on today, so the
    identifiers made from it stay the same from one day to the next. `messages.toml` explains the other fields.
    """

    number: int
    channel: str
    posted_at: datetime
    author: str
    body: str
    contact: str = ""
    title: str = ""
    format: str = "plain"
    type: str = ""
    place: str = ""
    due_at: datetime | None = None
    likes: int = 0
    dislikes: int = 0
    answer: str = ""
    answered_at: datetime | None = None


def read_messages(today: date, zone: ZoneInfo) -> dict[str, list[DemoMessage]]:
    """Return the invented messages of each channel, oldest first, as if they had come in lately.

    Args:
        today: the local day that the list counts from; every message is of an earlier one.
        zone: the bureau's time zone; the times of the list are local.
    """
    text = resources.files(__package__).joinpath("messages.toml").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = tomllib.loads(text)["message"]
    rows.sort(key=lambda row: (row["day"], row["time"]))
    found: dict[str, list[DemoMessage]] = {channel: [] for channel in CHANNELS}
    for row in rows:
        messages = found[row["channel"]]
        messages.append(_message(row, len(messages) + 1, today, zone))
    return found


def write_inputs(folder: Path, today: date, zone: ZoneInfo) -> list[DemoInput]:
    """Write the demo's files into *folder* and return them with their channels.

    The same day gives the same bytes. Files of an earlier call are overwritten.

    Args:
        folder: made if missing; letters go into its subfolder `mail`.
        today: the local day that the messages lead up to; all are dated earlier.
        zone: the bureau's time zone, for the Date headers and the days.
    """
    messages = read_messages(today, zone)
    mail = folder / "mail"
    mail.mkdir(parents=True, exist_ok=True)
    inputs = []
    for letter in messages["mailbox"]:
        path = mail / f"{letter.number:03d}.eml"
        path.write_bytes(_letter(letter).as_bytes())
        inputs.append(DemoInput(path, "mailbox"))
    for channel, name, content in (
        ("hotline-12345", "hotline-12345.xlsx", _orders(messages["hotline-12345"])),
        ("site-board", "site-board.csv", _board(messages["site-board"])),
        ("posts", "posts.csv.gz", _posts(messages["posts"])),
    ):
        (folder / name).write_bytes(content)
        inputs.append(DemoInput(folder / name, channel))
    return inputs


def _message(row: dict[str, Any], number: int, today: date, zone: ZoneInfo) -> DemoMessage:
    def local(day: int, at: time) -> datetime:
        return datetime.combine(today + timedelta(days=day), at, zone)

    fields = dict(row)
    day = fields.pop("day")
    fields["posted_at"] = local(day, time.fromisoformat(fields.pop("time")))
    if "limit_days" in fields:
        fields["due_at"] = local(day + fields.pop("limit_days"), time(17, 30))
    if "answered_day" in fields:
        fields["answered_at"] = local(fields.pop("answered_day"), time(16, 20))
    return DemoMessage(number=number, **fields)


def _letter(message: DemoMessage) -> Message:
    """Build the letter in the form that its `format` asks for, without any random part."""
    letter: Message
    charset = "gb18030" if message.format == "gb18030" else "utf-8"
    if charset == "gb18030":
        # The modern class writes headers in UTF-8 only; old Chinese mail programs write them in GB, as here.
        letter = MIMEText(message.body, "plain", charset)
        letter["Subject"] = Header(message.title, charset).encode()
    else:
        letter = EmailMessage()
        letter.set_content(message.body, subtype="html" if message.format == "html-only" else "plain")
        if message.format == "html":
            paragraphs = "".join(f"<p>{escape(line)}</p>" for line in message.body.splitlines() if line)
            letter.add_alternative(f"<html><body>{paragraphs}</body></html>", subtype="html")
            letter.set_boundary(f"=_demo_{message.number:03d}")
        letter["Subject"] = message.title
    letter["From"] = formataddr((message.author, message.contact), charset)
    letter["To"] = formataddr(MAILBOX_ADDRESS, charset)
    letter["Date"] = format_datetime(message.posted_at)
    letter["Message-ID"] = f"<letter-{message.number:03d}@demo.invalid>"
    return letter


def _orders(messages: list[DemoMessage]) -> bytes:
    """Return the 12345 platform's workbook: a merged title row, the header, the orders; a hidden sheet."""
    rows = [_order(message) for message in messages]
    book = Workbook()
    sheet = book.create_sheet("工单明细", 0)
    sheet.append(["12345政务服务便民热线工单明细表（统计局）"])
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(rows[0]))
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append(list(row.values()))
    helper = book.worksheets[1]
    helper.title, helper.sheet_state = "字典", "hidden"
    for word in ("诉求类型", *sorted({message.type for message in messages})):
        helper.append([word])
    return _repacked(book)


def _order(message: DemoMessage) -> Row:
    given, due = message.posted_at, message.due_at
    pasted = message.number % 3 == 0  # by hand, so its time is text; the others are serial numbers
    return {
        "工单编号": f"LY12345{message.number:06d}",
        "工单标题": message.title,
        "诉求内容": message.body,
        "诉求类型": message.type,
        "区交办时间": f"{given:%Y-%m-%d %H:%M:%S}" if pasted else given.replace(tzinfo=None),
        "区交办办结期限": f"{due:%Y-%m-%d %H:%M:%S}" if due else None,
        "诉求渠道": "网络" if "网民留言" in message.body else "电话",
        "诉求归口": None,
        "紧急程度": "紧急" if due and due - given < timedelta(days=2) else "一般",
        "工单状态": "待签收",
        "求助人员": message.author,
        "求助号码": float(message.contact) if message.contact else None,
        "性别": None,
        "事件发生地": message.place,
        "诉求详细地址": None,
        "是否疑难": "否",
        "是否协办": "否",
        "市交办主办单位": "市统计局",
        "市交办协办单位": None,
        "市交办时间": None,
        "市交办办结期限": None,
    }


def _repacked(book: Workbook) -> bytes:
    """Return the workbook's bytes without the time of saving, which openpyxl puts in two places."""
    saved, repacked = io.BytesIO(), io.BytesIO()
    book.save(saved)
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(repacked, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = SAVED_AT.sub(rb"\g<1>2000-01-01T00:00:00Z", content)
            target.writestr(zipfile.ZipInfo(name), content)
    return repacked.getvalue()


def _board(messages: list[DemoMessage]) -> bytes:
    """Return the website's export: GB18030, tabs and blank lines around texts, three ways to write a time."""
    rows: list[Row] = []
    for message in messages:
        at, answered_at = message.posted_at, message.answered_at
        styles = (
            f"{at.year}/{at.month}/{at.day} {at.hour}:{at:%M:%S}",
            f"{at:%Y-%m-%d %H:%M}",
            f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}",
        )
        padding = "\n\t\t\t\t\t\n\t\t\t\t\t" if message.number % 2 else ""
        rows.append(
            {
                "留言编号": 60100 + message.number,
                "留言用户": message.author,
                "留言主题": message.title,
                "留言时间": styles[message.number % 3],
                "留言详情": padding + message.body + padding,
                "反对数": message.dislikes,
                "点赞数": message.likes,
                "答复意见": message.answer,
                "答复时间": f"{answered_at:%Y-%m-%d %H:%M:%S}" if answered_at else "",
            }
        )
    return _csv(rows).encode("gb18030")


def _posts(messages: list[DemoMessage]) -> bytes:
    """Return the watched posts as a gzip file of UTF-8 with a byte order mark."""
    rows: list[Row] = []
    for post in messages:
        at = f"{post.posted_at:%Y-%m-%d %H:%M}"
        rows.append({"userid": post.author, "text": post.body, "发布时间": at, "点赞数": post.likes})
    return gzip.compress(_csv(rows).encode("utf-8-sig"), mtime=0)


def _csv(rows: list[Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
