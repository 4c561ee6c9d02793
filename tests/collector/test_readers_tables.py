"""CSV and JSON files to items: headers, conventions, faults."""

import contextlib
import gzip
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from collector.base import Blank, Fetched, Item, Unreadable
from collector.errors import (
    ColumnsUnknown,
    DateMissing,
    FileDamaged,
    FileEmpty,
    FileKindUnknown,
    FileProtected,
    FileTooLarge,
)
from collector.readers import Limits, ReadOptions, describe, headers, open_table, read_items, records, sniff
from config.settings import Settings

ZONE = ZoneInfo("Asia/Shanghai")
BOARD = "留言编号,留言用户,留言主题,留言时间,留言详情,反对数,点赞数\n"
ROW = "7,甲,关于年鉴,2026/11/2 9:30:00,请问年鉴在哪里买？,1,2\n"


def options(**changes: object) -> ReadOptions:
    """Return options of a board in Linyi."""
    return ReadOptions(**{"channel": "site-board", "zone": ZONE, **changes})  # type: ignore[arg-type]


def read(content: str | bytes, name: str = "a.csv", **changes: object) -> list[Item]:
    """Read content to its end."""
    data = content.encode() if isinstance(content, str) else content
    return list(read_items(name, data, options(**changes)))


def only(content: str | bytes, name: str = "a.csv", **changes: object) -> Fetched:
    """Return the single message of a file."""
    (item,) = read(content, name, **changes)
    assert isinstance(item, Fetched), item
    return item


def test_a_board_export_is_read():
    """All columns of a board's export find their fields."""
    item = only(BOARD + ROW)

    assert item == Fetched(
        position="row 2",
        body="请问年鉴在哪里买？",
        posted_at=datetime(2026, 11, 2, 1, 30, tzinfo=UTC),
        title="关于年鉴",
        external_id="7",
        author_name="甲",
        likes=2,
        dislikes=1,
    )


def test_titles_and_blank_rows_above_the_header_are_passed_over():
    """The header is found beneath a title, and rows keep their numbers in the file."""
    item = only("2026年留言汇总表,,,,,,\n\n导出人：张三,,,,,,\n" + BOARD + ROW)

    assert item.position == "row 5"


def test_blank_rows_and_repeated_headers_are_dropped_and_counted():
    """Rows with nothing to keep have a place in the count; blank rows at the end have none."""
    items = read(BOARD + ROW + "\n,,,,,,\n" + BOARD + ROW.replace("7,", "8,", 1) + "\n\n,,,\n")

    assert [(item.position, getattr(item, "reason", None)) for item in items] == [
        ("row 2", None),
        ("row 3", "empty-row"),
        ("row 4", "empty-row"),
        ("row 5", "repeated-header"),
        ("row 6", None),
    ]


ORDER = (
    "序号,工单编号,工单标题,诉求内容,诉求类型,区交办时间,区交办办结期限,求助人员,求助号码（必填）,事件发生地,市交办时间,"
    "市交办办结期限,是否保密\n"
)


def test_an_order_of_the_hotline_is_read_by_its_conventions():
    """Number, limit, time of receipt and place follow the hotline's rules; the nearer limit wins."""
    item = only(
        ORDER
        + "1,LY001,数据,工单来源：网站\n".replace("\n", "")
        + ",投诉,2026-11-02 10:00,2026-11-09,王某,13900000012.0,"
        "兰山区,2026-11-01 08:00,2026-11-30,是\n"
    )

    assert (item.external_id, item.receipt_no, item.kind, item.confidential) == ("LY001", "LY001", "投诉", True)
    assert item.contact == "13900000012"
    assert item.received_at == item.posted_at == datetime(2026, 11, 2, 2, tzinfo=UTC)
    assert item.given_due_at == datetime(2026, 11, 9, 15, 59, 59, tzinfo=UTC)
    assert item.body == "工单来源：网站\n事发地：兰山区"


def test_the_limit_of_the_city_stands_in_where_the_district_gave_none():
    """An empty cell gives way to the next column of the same meaning; words instead of a date give none."""
    first = only(ORDER + "1,LY001,数据,调查员态度不好,投诉,2026-11-02,,王某,1,,,2026-11-30 12:00,\n")
    second = only(ORDER + "1,LY001,数据,调查员态度不好,投诉,2026-11-02,5个工作日,王某,1,,,,\n")

    assert first.given_due_at == datetime(2026, 11, 30, 4, tzinfo=UTC)
    assert second.given_due_at is None


def test_a_place_already_named_is_not_repeated():
    """The place is added only where the text does not hold it."""
    assert only(ORDER + "1,LY001,数据,兰山区有假报表,投诉,2026-11-02,,,,兰山区,,,\n").body == "兰山区有假报表"


def test_an_order_number_beats_a_running_id():
    """The rows of an export are counted anew each time; the hotline's number stays."""
    item = only("id,工单编号,诉求内容,受理时间\n1,LY9,请公开数据,2026-11-02\n")

    assert item.external_id == "LY9"


def test_a_letter_with_its_answer_is_read():
    """Answer, time and body of the answer are kept; without an answer there is nobody who answered."""
    table = "信件编号,来信主题,来信时间,信件内容,回复内容,回复时间,答复单位,是否公开\n"
    item = only(table + "X1,问价,2026年3月5日,粮食价格怎么查,请见官网,2026年3月6日,综合科,否\n")
    unanswered = only(table + "X1,问价,2026年3月5日,粮食价格怎么查,,,综合科,\n")

    assert (item.answer_text, item.answered_by, item.publish_consent) == ("请见官网", "综合科", False)
    assert item.answered_at == datetime(2026, 3, 5, 16, tzinfo=UTC)
    assert (unanswered.answer_text, unanswered.answered_by, unanswered.publish_consent) == (None, None, None)


def test_html_in_a_cell_becomes_text():
    """Web systems export their markup; it is reduced."""
    assert only(BOARD + "7,甲,题,2026-11-02,<p>第一段</p><p>第二段&nbsp;</p>,0,0\n").body == "第一段\n第二段"


def test_a_title_without_text_becomes_the_text():
    """A message that is all title is a message."""
    item = only(BOARD + "7,甲,只有标题,2026-11-02,,0,0\n")

    assert (item.body, item.title) == ("只有标题", "")


def test_rows_without_text():
    """An order with a number and no words is set aside for a person; a sum at the end is dropped."""
    items = read(BOARD + ROW + "8,乙,,2026-11-02,,0,0\n合计：2,,,,,,\n")

    assert items[1] == Unreadable("row 3", "no-text", "row 3: it has a number and no text")
    assert items[2] == Blank("row 4", "no-text")


def test_bad_and_missing_dates_are_set_aside_unless_a_date_is_given():
    """A row's own date is never guessed; the caller's date stands in for it."""
    content = BOARD + "1,甲,题,昨天,话,0,0\n2,乙,题,,话,0,0\n"
    given = datetime(2026, 1, 1, tzinfo=UTC)

    assert [item.reason for item in read(content) if isinstance(item, Unreadable)] == ["bad-date", "no-date"]
    assert [item.posted_at for item in read(content, posted_at=given) if isinstance(item, Fetched)] == [given, given]


def test_errors_of_a_row_quote_nothing_of_it():
    """What a stranger wrote does not reach logs through the words of an error."""
    (item,) = read(BOARD + "1,王小明,题,13900000012,话,0,0\n")

    assert isinstance(item, Unreadable)
    assert item.detail == "row 2: column 留言时间 holds no date that can be read"


def test_a_table_without_dates_is_refused_as_a_whole():
    """One clear refusal is better than every row set aside, and says what to do."""
    with pytest.raises(DateMissing, match=r"a\.csv: .*userid, text.*--posted-at"):
        read("userid,text\n1,今天开学\n")

    assert only("userid,text\n1,今天开学\n", posted_at=datetime(2026, 1, 1, tzinfo=UTC)).author_name == "1"


def test_a_table_without_text_is_refused_with_its_columns():
    """The refusal names the columns and what they might be meant as."""
    with pytest.raises(ColumnsUnknown, match=r"序列, 留言内客.*is '留言内客' meant as '留言内容'"):
        read("序列,留言内客\n1,话\n")


def test_a_file_without_header_shows_none_of_its_content():
    """The first row of such a file is somebody's message."""
    with pytest.raises(ColumnsUnknown) as caught:
        read("13900000012,我是王小明\n13900000013,我是李小红\n")

    assert "139" not in str(caught.value)
    assert "王小明" not in str(caught.value)


@pytest.mark.parametrize("delimiter", ["\t", ";", "|"])
def test_other_delimiters_are_recognised(delimiter: str):
    """Tabs, semicolons and bars separate columns in some exports."""
    assert only((BOARD + ROW).replace(",", delimiter)).likes == 2


@pytest.mark.parametrize("codec", ["gb18030", "utf-16", "utf-16-le", "utf-8-sig"])
def test_encodings_of_office_exports(codec: str):
    """The same table is read from every usual encoding."""
    assert only((BOARD + ROW * 1).encode(codec)).body == "请问年鉴在哪里买？"


def test_gzipped_posts_are_read():
    """A gzipped table in GB18030 is read as a stream."""
    item = only(
        gzip.compress("userid,text\n5,#开学#好\n".encode("gb18030")),
        "p.csv.gz",
        posted_at=datetime(2026, 1, 1, tzinfo=UTC),
    )

    assert item.body == "#开学#好"


def test_a_row_cut_within_a_character_is_set_aside():
    """The sound rows are read; only the broken one waits for a person."""
    content = (BOARD + ROW + "8,乙,题,2026-11-02,统计").encode("gb18030")[:-1]
    items = read(content)

    assert [type(item) for item in items] == [Fetched, Unreadable]
    assert items[1] == Unreadable("row 3", "bad-encoding", "row 3: holds bytes that are not GB18030")


def test_a_cell_that_is_too_long_is_set_aside_and_the_rest_goes_on():
    """One hostile cell costs one row; a line without end is not kept in memory."""
    limits = Limits(max_cell_chars=100)
    items = read(BOARD + ROW + "8,乙,题,2026-11-02," + "话" * 101 + ",0,0\n" + "x" * 5000 + "\n" + ROW, limits=limits)

    assert [getattr(item, "reason", None) for item in items] == [None, "too-long", "too-long", None]
    assert items[1].position == "row 3"


def test_cells_may_hold_lines_and_quotes():
    """A quoted cell with line breaks is one cell."""
    assert only(BOARD + '7,甲,题,2026-11-02,"第一行\n第二""行""",0,0\n').body == '第一行\n第二"行"'


def test_a_quote_that_is_never_closed_does_not_swallow_the_rows_behind_it():
    """Every later row is still a message of its own, and the note tells where."""
    content = BOARD + '1,"甲,题,2026-11-02,话,0,0\n' + "".join(ROW.replace("7,", f"{n},", 1) for n in range(2, 50))
    items = read(content)

    assert len(items) == 49
    assert all(isinstance(item, Fetched) for item in items)
    assert any("quote" in note for note in describe("a.csv", content.encode(), options()).notes)


def test_a_file_full_of_open_quotes_is_read_in_time():
    """Looking for the closing quote is bounded, however often one is missing."""
    started = time.monotonic()
    read("text,date\n" + 'a","b\n' * 20_000, limits=Limits(max_cell_chars=1000))

    assert time.monotonic() - started < 10


def test_a_gzip_bomb_is_refused():
    """What unpacks to more than the limit is refused while it is read."""
    bomb = gzip.compress(b"text\n" + b"a" * (3 * 1024 * 1024))
    with pytest.raises(FileTooLarge, match="1 MiB"):
        read(bomb, "b.csv.gz", limits=Limits(max_unpacked_mib=1))


def test_a_cut_gzip_is_refused():
    """Half a gzip file is said to be half."""
    with pytest.raises(FileDamaged):
        read(gzip.compress((BOARD + ROW * 2000).encode())[:-20], "b.csv.gz")


def test_too_many_rows_are_refused():
    """The limit of rows ends the reading."""
    with pytest.raises(FileTooLarge, match="3 rows"):
        read(BOARD + ROW * 4, limits=Limits(max_rows=3))


def test_a_file_larger_than_the_limit_is_refused():
    """The size is judged before anything is read."""
    with pytest.raises(FileTooLarge, match="1 MiB"):
        read(b"a" * (1024 * 1024 + 1), limits=Limits(max_file_mib=1))


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", BOARD.encode()])
def test_files_with_nothing_are_refused(content: bytes):
    """No bytes, or a header alone, are said to be empty."""
    with pytest.raises(FileEmpty):
        read(content)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00" + bytes(range(256)) * 8, "PNG"),
        (b"MZ\x90\x00\x03\x00" + bytes(range(256)) * 8, "Windows program"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "PDF"),
        (bytes((n * 37 + n // 7) % 256 for n in range(5000)), "neither"),
        (b"<html><body><p>1</p></body></html>", "web page"),
        (b'<?xml version="1.0"?><list><one>1</one></list>', "XML"),
        (b"PK\x05\x06" + b"\0" * 18, "zip archive"),
    ],
)
def test_files_of_other_kinds_are_refused_by_what_they_are(content: bytes, word: str):
    """The name does not help; the message says what the bytes are."""
    with pytest.raises(FileKindUnknown, match=word):
        read(content, "a.csv")


def test_workbooks_with_a_password_are_said_to_have_one():
    """The OLE file around an encrypted workbook is known by its stream."""
    with pytest.raises(FileProtected, match="password"):
        read(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "a.xlsx")


def test_json_is_read_from_lists_envelopes_and_lines():
    """The same objects are read from each of the three forms."""
    objects = [
        {"id": 1, "content": "你好", "created_at": 1762047000, "author": None},
        {"id": 2, "content": "再见", "created_at": "2026-11-02 09:30:00", "phone": "1"},
    ]
    forms = [
        ("a.json", json.dumps(objects), ["item 1", "item 2"]),
        ("a.json", json.dumps({"code": 0, "data": {"total": 2, "rows": objects}}, indent=2), ["item 1", "item 2"]),
        ("a.jsonl", "\n".join(map(json.dumps, objects)), ["line 1", "line 2"]),
        ("a.txt", "\n\n".join(map(json.dumps, objects)), ["line 1", "line 3"]),
    ]
    for name, content, positions in forms:
        items = read(content, name)
        assert [(item.position, item.body, item.external_id) for item in items if isinstance(item, Fetched)] == [
            (positions[0], "你好", "1"),
            (positions[1], "再见", "2"),
        ]


def test_broken_json_lines_are_set_aside_one_by_one():
    """A bad line costs itself only."""
    items = read(
        '{"text": "一", "date": "2026-11-02"}\n{"text": \n[1]\n{"text": "二", "date": "2026-11-02"}\n', "a.jsonl"
    )

    assert [getattr(item, "reason", None) for item in items] == [None, "bad-json", "bad-json", None]


def test_a_list_that_breaks_off_keeps_what_was_whole():
    """The objects before the break are messages, and one item tells that the rest is missing."""
    items = read('[{"text": "一", "date": "2026-11-02"}, {"text": "二"', "a.json")

    assert [getattr(item, "reason", None) for item in items] == [None, "bad-json"]


@pytest.mark.parametrize("content", ["{}", '{"a": ' + "[" * 100_000, '{"code": 1, "msg": "ok"}', "[{]"])
def test_json_without_a_list_of_objects_is_refused(content: str):
    """JSON of another shape, or built to exhaust the parser, is one clear refusal."""
    with pytest.raises(FileDamaged):
        read(content, "a.json")


def test_names_do_not_decide_kinds():
    """A CSV named .xlsx is a CSV, and the dry run says so."""
    described = describe("a.xlsx", (BOARD + ROW).encode("gb18030"), options())

    assert sniff("a.xlsx", (BOARD + ROW).encode()) == "csv"
    assert described.kind == "csv"
    assert described.encoding == "GB18030"
    assert described.notes == ("the file is named .xlsx and its content is csv",)


def test_a_dry_run_tells_columns_and_counts_and_no_values():
    """Each column with its field, the reasons, and which fields the first messages fill."""
    described = describe(
        "a.csv", ("汇总\n" + BOARD.replace("反对数", "编制") + ROW + "9,乙,题,昨天,话,0,0\n").encode(), options()
    )

    assert described.header_row == 2
    assert described.columns[4] == ("留言详情", "body")
    assert described.columns[5] == ("编制", None)
    assert described.counts == {"messages": 1, "unreadable": 1, "blank": 0}
    assert described.reasons == {"bad-date": 1}
    assert described.filled == (("external_id", "body", "title", "posted_at", "author_name", "likes"),)
    assert [list(dates) for dates in described.dates] == [["posted_at"]]
    assert described.dates[0]["posted_at"].endswith("+08:00")
    assert [(fault["position"], fault["reason"]) for fault in described.faults] == [("row 4", "bad-date")]
    assert "昨天" not in repr(described)


def test_tables_are_opened_by_their_own_headers_too():
    """Training and classifying need raw columns, labels, and no dates."""
    table = open_table("a.csv", "id,评语,label\n1,很好,1\n2,很差,0\n".encode(), Limits(), rename={"评语": "body"})

    assert table.columns == ["id", "评语", "label"]
    assert table.fields == {"external_id": 0, "body": 1}
    assert list(table.rows()) == [("row 2", ["1", "很好", "1"]), ("row 3", ["2", "很差", "0"])]


def test_limits_come_from_the_settings():
    """The machine's settings are the reader's bounds."""
    assert Limits.of(Settings(max_rows=5, max_file_mib=2)) == Limits(max_file_mib=2, max_rows=5)


def test_every_header_name_has_one_meaning():
    """No name stands for two fields, after all that varies is removed."""
    names = [headers.normalise(name) for field in headers.SYNONYMS.values() for name in field]

    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "written", ["联系电话（必填）", "联 系 电 话", "*联系电话：", "联系电话[11位]", "【联系电话】", "联系\n电话"]
)
def test_headers_are_known_however_they_are_decorated(written: str):
    """Brackets, blanks, stars and line breaks do not hide a name."""
    assert headers.match([written]).fields == {"contact": 0}


def test_every_header_name_is_documented():
    """docs/importing.md lists each name that is known, beside its field."""
    guide = (Path(__file__).parents[2] / "docs" / "importing.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:4] for line in guide.splitlines() if line.startswith("| `")]
    documented = {
        field.strip(" `"): names.strip().split("、") for field, _, names in (row for row in rows if len(row) == 3)
    }

    assert {field: list(names) for field, names in headers.SYNONYMS.items()} == {
        field: documented[field] for field in headers.SYNONYMS
    }


def test_half_a_character_does_not_take_the_file_down():
    """JSON can spell a lone surrogate; its row and those behind it are read."""
    rows = '[{"id": 1, "date": "2026-11-02", "body": "<p>x\\ud83d</p>"}, {"id": 2, "date": "2026-11-02", "body": "y"}]'

    assert [item.body for item in read(rows, "a.json") if isinstance(item, Fetched)] == ["x\ufffd", "y"]


def test_a_row_that_breaks_a_parser_is_alone(monkeypatch: pytest.MonkeyPatch):
    """Whatever goes wrong in a row, it is set aside by its place, and the others are read."""

    def broken(text: str) -> str:
        if text == "坏":
            raise RuntimeError(text)
        return text

    monkeypatch.setattr(records, "plain", broken)
    bad, good = read("留言时间,留言详情\n2026-11-02,坏\n2026-11-02,好\n")

    assert bad == Unreadable("row 2", "unreadable", "row 2: could not be read (RuntimeError)")
    assert isinstance(good, Fetched)


def test_want_of_memory_is_not_a_fault_of_the_row(monkeypatch: pytest.MonkeyPatch):
    """It says nothing of the row, and is not hidden."""

    def broken(text: str) -> str:
        raise MemoryError(text)

    monkeypatch.setattr(records, "plain", broken)
    with pytest.raises(MemoryError):
        read(BOARD + ROW)


@pytest.mark.parametrize(
    ("written", "due"),
    [
        ("2026-11-25 24:00", "2026-11-26 00:00:00"),
        ("2026年11月25日24时", "2026-11-26 00:00:00"),
        ("2026-11-25T16:00:00Z", "2026-11-26 00:00:00"),
        ("2026-11-25", "2026-11-25 23:59:59"),
        ("2026-11-25 00:00:00", "2026-11-25 23:59:59"),
        ("2026年11月25日", "2026-11-25 23:59:59"),
        ("2026-11-25 17:30", "2026-11-25 17:30:00"),
    ],
)
def test_the_limit_of_an_order_at_midnight(written: str, due: str):
    """A mere day lasts to its end, and a day at 24:00 ends there, not a day later."""
    item = only(f"工单编号,受理时间,诉求内容,办结期限\n1,2026-11-02,路灯坏了,{written}\n")

    assert item.given_due_at is not None
    assert f"{item.given_due_at.astimezone(ZONE):%Y-%m-%d %H:%M:%S}" == due


@pytest.mark.parametrize(
    "content",
    [
        b"From " + b"a" * 200_000,
        b"From a " + b"10:30 " * 30_000,
        f"留言时间,留言详情,{'(' * 40_000}\n2026-11-02,好,1\n".encode(),
    ],
)
def test_hostile_lines_are_quick(content: bytes):
    """Neither the kind of a file nor its header takes the square of a line's length."""
    started = time.monotonic()

    with contextlib.suppress(ColumnsUnknown):
        read(content)
    assert time.monotonic() - started < 2
