"""From a mail file and a workbook to the queue and the weekly summary, through the command line alone."""

import json
import socket
import sqlite3
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from openpyxl import Workbook

from config.clock import system_clock
from tests.commandline import wenzheng

ZONE = ZoneInfo("Asia/Shanghai")


def write_mail(path: Path, sent: datetime) -> None:
    """Write one letter to the mailbox."""
    mail = EmailMessage()
    mail["From"] = "李某 <li@example.com>"
    mail["To"] = "mailbox@bureau.example"
    mail["Subject"] = "请问统计年鉴在哪里查"
    mail["Date"] = format_datetime(sent)
    mail["Message-ID"] = "<one@example.com>"
    mail.set_content("您好，我想查2024年全市的统计年鉴和统计公报，请问在哪里可以查到？")
    path.write_bytes(mail.as_bytes())


def write_orders(path: Path, sent: datetime) -> None:
    """Write a 12345 workbook with a title row, two orders and phones as numbers."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["12345政务服务便民热线工单"])
    sheet.merge_cells("A1:F1")
    sheet.append(["工单编号", "工单标题", "诉求内容", "求助号码", "区交办时间", "区交办办结期限"])
    limit = sent + timedelta(days=2)
    texts = (
        ("核实调查电话", "市民来电咨询：昨晚接到自称统计局的满意度调查电话，想核实这个调查是不是真的。"),
        ("小区停车位", "市民来电反映小区停车位被物业私自出租，业主无处停车，请物业主管部门处理。"),
    )
    for number, (title, body) in enumerate(texts, start=1):
        stamp = sent.strftime("%Y-%m-%d %H:%M:%S")
        sheet.append([f"LY{number:06}", title, body, 13900000012.0, stamp, limit.strftime("%Y-%m-%d %H:%M:%S")])
    book.save(path)


def test_from_files_to_queue_and_summary(tmp_path: Path) -> None:
    """Each letter gets a topic, an owner or a doubt, a due date with its explanation, and a place in both lists."""
    home = tmp_path / "home"
    sent = system_clock().astimezone(ZONE).replace(hour=0, minute=0, second=5)
    write_mail(tmp_path / "letter.eml", sent)
    write_orders(tmp_path / "orders.xlsx", sent)

    assert wenzheng(home, "init").code == 0
    mail = wenzheng(home, "import", tmp_path / "letter.eml", "--channel", "mailbox", "--json")
    orders = wenzheng(home, "import", tmp_path / "orders.xlsx", "--channel", "hotline-12345", "--json")
    assert (mail.code, orders.code) == (0, 0), mail.err + orders.err
    assert (json.loads(mail.out)["stored"], json.loads(orders.out)["stored"]) == (1, 2)
    counts = json.loads(wenzheng(home, "classify", "--json").out)
    assert (counts["classified"], counts["opened"], counts["without_deadline"]) == (3, 3, 0)
    queue = json.loads(wenzheng(home, "queue", "--json").out)
    rows = {row["title"]: row for row in queue["rows"]}
    assert set(rows) == {"请问统计年鉴在哪里查", "核实调查电话", "小区停车位"}
    assert rows["请问统计年鉴在哪里查"]["owner"] in (None, "综合科")
    assert rows["核实调查电话"]["due_on"] == (sent + timedelta(days=2)).date().isoformat()
    with sqlite3.connect(home / "wenzheng.db") as connection:
        steps = [json.loads(row[0]) for row in connection.execute("select steps from deadlines")]
    assert len(steps) == 3
    assert all(steps)

    year, week, _ = sent.isocalendar()
    out = tmp_path / "week.html"
    said = wenzheng(home, "report", "--week", f"{year}-W{week:02}", "--out", out)
    assert said.code == 0, said.err
    page = out.read_text("utf-8")
    assert "民情周报" in page
    assert "核实调查电话" in page
    assert "13900000012" not in page


def test_the_demo_runs_once_and_tells_where_its_summary_is(tmp_path: Path) -> None:
    """`demo --once` prints the queue and a path that exists under the home, and can be repeated."""
    home = tmp_path / "demo"
    for _ in range(2):
        said = wenzheng(home, "demo", "--once")

        assert said.code == 0, said.err
        assert "待分办" in said.out
        path = Path(said.out.rsplit("summary", 1)[1].strip())
        assert path.is_file()
        assert path.is_relative_to(home)


def test_the_demo_is_left_alone_while_its_address_is_taken(tmp_path: Path) -> None:
    """A demo that could not be served is told before the earlier one is thrown away."""
    home = tmp_path / "demo"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = wenzheng(home, "demo", port=str(taken.getsockname()[1]))

    assert said.code == 1
    assert "cannot listen" in said.err
    assert said.out == ""
    assert not home.exists()


def test_the_demo_never_overwrites_a_real_home(tmp_path: Path) -> None:
    """A home that is not a demo is refused and left as it is."""
    home = tmp_path / "home"
    assert wenzheng(home, "init").code == 0

    said = wenzheng(home, "demo", "--once")

    assert said.code == 1
    assert "not a demo" in said.err
    assert wenzheng(home, "queue").code == 0
