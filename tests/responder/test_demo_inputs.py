"""The demo's files: complete, readable, spread over the weeks, and the same on every run."""

import csv
import email
import email.policy
import gzip
import io
import re
from collections import Counter
from datetime import date, datetime, time, timedelta
from email.message import EmailMessage
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from responder.demo.inputs import CHANNELS, DemoMessage, read_messages, write_inputs

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 11, 23)
WEEKDAYS = [MONDAY + timedelta(days=n) for n in range(7)]

SECTIONS = (
    "办公室 综合科 执法监督科 城镇化和人口科 社情民意调查科 信息化科 国民经济核算科 工业统计科 投资统计科 "
    "贸易统计科 农村统计科 服务业统计科 社会科技统计科"
)
BODIES = (
    "国家统计局临沂调查队 住房和城乡建设局 交通运输局 生态环境局 教育局 人力资源和社会保障局 市场监督管理局 "
    "卫生健康委员会 公安局 医疗保障局 自然资源和规划局 农业农村局 民政局 其他部门"
)
OWNERS = {*SECTIONS.split(), *(f"外部:{name}" for name in BODIES.split()), "无效"}
KINDS = "咨询 求助 建议 投诉 举报 感谢 申请公开 征求意见反馈"
CATEGORIES = "城乡建设 环境保护 交通运输 教育文体 劳动和社会保障 商贸旅游 卫生计生 统计 其他"
EMOTIONS = "fear disgust optimism surprise gratitude sadness anger"


def truth(name: str) -> list[str]:
    """Return what the comments above the messages say under *name*, in the order of the file."""
    text = resources.files("responder.demo").joinpath("messages.toml").read_text(encoding="utf-8")
    return re.findall(rf"^# (?:owner: .*; )?{name}: ([^;\n]+)", text, flags=re.MULTILINE)


def messages(today: date = MONDAY) -> list[DemoMessage]:
    return [message for channel in read_messages(today, ZONE).values() for message in channel]


def letters(folder: Path) -> list[EmailMessage]:
    return [
        email.message_from_bytes(path.read_bytes(), _class=EmailMessage, policy=email.policy.default)
        for path in sorted((folder / "mail").glob("*.eml"))
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of one Monday."""
    made = tmp_path_factory.mktemp("demo")
    write_inputs(made, MONDAY, ZONE)
    return made


def test_each_channel_has_its_share():
    """Every channel of the demo brings enough messages to look like a bureau's own week."""
    found = {channel: len(of_channel) for channel, of_channel in read_messages(MONDAY, ZONE).items()}

    assert tuple(found) == CHANNELS
    assert all(35 <= count <= 50 for count in found.values()), found
    assert 145 <= sum(found.values()) <= 175


def test_every_message_says_what_it_is():
    """Each message has one comment with its owner, and the words are those of the design."""
    assert len(messages()) == len(truth("owner"))
    assert set(truth("owner")) == OWNERS
    assert set(truth("kind")) == set(KINDS.split())
    assert set(truth("urgency")) == {"高", "中", "低"}
    assert set(truth("category")) == set(CATEGORIES.split())
    assert set(truth("emotion")) == set(EMOTIONS.split())
    assert len(truth("emotion")) == len(read_messages(MONDAY, ZONE)["posts"])


def test_one_matter_comes_in_on_every_channel():
    """The wave of night calls reaches the bureau by all four channels, and a second matter is smaller."""
    night_calls = [m for m in messages() if "兰山" in m.title + m.body + m.place and "调查" in m.title + m.body]

    assert {message.channel for message in night_calls} == set(CHANNELS)
    assert Counter(truth("matter")).most_common(2) == [("兰山区夜间调查电话", 12), ("联网直报证书失效", 5)]


@pytest.mark.parametrize("today", WEEKDAYS, ids=lambda day: f"{day:%a}")
def test_the_last_two_weeks_are_filled(today):
    """On any day of the week the last complete week has 40 messages or more, and the week before 25."""
    this_monday = today - timedelta(days=today.weekday())
    mondays = Counter(
        message.posted_at.date() - timedelta(days=message.posted_at.weekday()) for message in messages(today)
    )

    assert mondays[this_monday - timedelta(days=7)] >= 40
    assert mondays[this_monday - timedelta(days=14)] >= 25


def test_nothing_lies_in_the_future():
    """A demo begun a minute after midnight shows nothing of today, and no answer is older than its question."""
    midnight = datetime.combine(MONDAY, time.min, ZONE)

    for message in messages():
        assert message.posted_at < midnight
        assert message.posted_at.time() <= time(20, 0)
        if message.answered_at:
            assert message.posted_at < message.answered_at < midnight


def test_some_messages_come_twice():
    """The same person sends the same text again within the day: in a mail, on the board, in a post."""
    seen = Counter((m.channel, m.author, m.title, m.body, m.posted_at.date()) for m in messages())

    assert {key[0] for key, count in seen.items() if count == 2} == {"mailbox", "site-board", "posts"}


def test_contacts_are_invented():
    """No address or number of the demo can be anybody's."""
    for message in messages():
        assert re.fullmatch(r"(139000000\d\d|[\w.]+@example\.com)?", message.contact), message.contact
        assert not re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)", message.body)


def test_each_file_names_its_channel(tmp_path):
    """The caller learns every file that was written, and where to import it."""
    inputs = write_inputs(tmp_path, MONDAY, ZONE)

    assert {item.path for item in inputs} == {path for path in tmp_path.rglob("*") if path.is_file()}
    assert Counter(item.channel for item in inputs) == {
        "mailbox": len(read_messages(MONDAY, ZONE)["mailbox"]),
        "hotline-12345": 1,
        "site-board": 1,
        "posts": 1,
    }


def test_letters_can_be_read(folder):
    """Each letter has its own id, a date in the bureau's zone, a sender, a subject and a text."""
    found = letters(folder)
    expected = read_messages(MONDAY, ZONE)["mailbox"]

    assert len({letter["Message-ID"] for letter in found}) == len(expected)
    for letter, message in zip(found, expected, strict=True):
        body = letter.get_body(("plain", "html"))
        assert letter["Message-ID"].endswith("@demo.invalid>")
        assert letter["Date"].datetime == message.posted_at
        assert letter["Date"].endswith("+0800")
        assert letter["From"].addresses[0].display_name == message.author
        assert letter["Subject"] == message.title
        assert body is not None
        assert body.get_content().splitlines() == message.body.splitlines()


def test_letters_come_in_several_forms(folder):
    """Among the letters are two-part HTML, HTML with a script, GB18030, quoting and an emoji."""
    found = letters(folder)
    texts = [part.get_content() for letter in found if (part := letter.get_body(("plain", "html")))]

    assert sum(letter.is_multipart() for letter in found) >= 3
    assert any("<script>" in text for text in texts)
    assert any("\n> > " in text for text in texts)
    assert any("-----原始邮件-----" in text for text in texts)
    assert any("🙂" in text for text in texts)
    assert [letter["Subject"] for letter in found if letter.get_content_charset() == "gb18030"] == [
        "研发费用辅助账和统计报表不一致"
    ]


def test_orders_look_like_the_platforms(folder):
    """The workbook has a merged title row, the header below it, numbers for phones and a hidden sheet."""
    book = openpyxl.load_workbook(folder / "hotline-12345.xlsx")
    sheet = book.worksheets[0]
    title, header, *rows = sheet.iter_rows(values_only=True)
    orders = [dict(zip(header, row, strict=True)) for row in rows]

    assert [str(merged) for merged in sheet.merged_cells.ranges] == ["A1:U1"]
    assert title[0]
    assert header[:6] == ("工单编号", "工单标题", "诉求内容", "诉求类型", "区交办时间", "区交办办结期限")
    assert len({order["工单编号"] for order in orders}) == len(read_messages(MONDAY, ZONE)["hotline-12345"])
    assert {type(order["区交办时间"]) for order in orders} == {datetime, str}
    assert {int(order["求助号码"]) for order in orders if order["求助号码"]} >= {13900000001, 13900000042}
    assert any("===" in order["诉求内容"] for order in orders)
    assert [other.sheet_state for other in book.worksheets] == ["visible", "hidden"]


def test_the_board_export_can_be_read(folder):
    """The board's export is GB18030 with three ways to write a time; some rows carry an answer."""
    text = (folder / "site-board.csv").read_bytes().decode("gb18030")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    expected = read_messages(MONDAY, ZONE)["site-board"]

    assert [row["留言详情"].strip() for row in rows] == [message.body.strip() for message in expected]
    assert {re.sub(r"\d+", "9", row["留言时间"]) for row in rows} == {
        "9/9/9 9:9:9",
        "9-9-9 9:9",
        "9年9月9日 9:9",
    }
    assert 12 <= sum(bool(row["答复意见"]) for row in rows) <= 18
    assert all(bool(row["答复意见"]) == bool(row["答复时间"]) for row in rows)


def test_the_posts_can_be_read(folder):
    """The posts are gzip, UTF-8 with a byte order mark, and carry hashtags."""
    raw = gzip.decompress((folder / "posts.csv.gz").read_bytes())
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))

    assert raw.startswith(b"\xef\xbb\xbf")
    assert list(rows[0]) == ["userid", "text", "发布时间", "点赞数"]
    assert len(rows) == len(read_messages(MONDAY, ZONE)["posts"])
    assert sum("#" in row["text"] for row in rows) >= 15


def test_the_same_day_gives_the_same_bytes(tmp_path):
    """Two runs for one day write identical files, so that importing both doubles nothing."""
    first, second = ([item.path.read_bytes() for item in write_inputs(tmp_path / name, MONDAY, ZONE)] for name in "ab")

    assert first == second


def test_another_day_moves_dates_only():
    """A later run keeps authors, texts and numbers and moves every date by the same days."""
    for before, after in zip(messages(MONDAY), messages(MONDAY + timedelta(days=3)), strict=True):
        assert (before.channel, before.number, before.body) == (after.channel, after.number, after.body)
        assert after.posted_at - before.posted_at == timedelta(days=3)
