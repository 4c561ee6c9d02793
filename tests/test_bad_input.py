"""Each kind of bad input gets one clear message and exit code 1, and nothing is lost or half-written."""

import gzip
import io
import json
import shutil
import sqlite3
import zipfile
from pathlib import Path

import pytest
import sqlalchemy as sa
from openpyxl import Workbook
from sqlalchemy import event

import config
from collector.importing import import_file
from collector.intake import BATCH
from config.errors import StorageFull
from config.home import init_home, open_home
from config.settings import Settings
from tests.commandline import Said, wenzheng

HEADER = ["留言编号", "留言用户", "留言主题", "留言时间", "留言详情"]
ROWS = [[number, f"U{number}", f"第{number}件事", "2026/11/20 09:00:00", f"路灯{number}不亮"] for number in range(1, 4)]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An initialised home, made once and copied."""
    home = tmp_path_factory.mktemp("template") / "home"
    init_home(Settings(home=home)).close()
    return home


@pytest.fixture
def home(template: Path, tmp_path: Path) -> Path:
    """A fresh home."""
    return Path(shutil.copytree(template, tmp_path / "home"))


def workbook(rows: list[list[object]]) -> bytes:
    """Return an .xlsx with these rows."""
    book = Workbook()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def csv_text(rows: list[list[object]]) -> str:
    """Return CSV text of these rows."""
    return "\n".join(",".join(map(str, row)) for row in rows) + "\n"


def stored(home: Path, table: str = "messages") -> int:
    """Count rows in the database file."""
    with sqlite3.connect(home / "wenzheng.db") as connection:
        return int(connection.execute(f"select count(*) from {table}").fetchone()[0])


def refused(said: Said, *words: str) -> None:
    """Assert one clear message on standard error, no traceback, exit code 1."""
    assert said.code == 1, said
    assert "Traceback" not in said.err
    assert said.err.count("error:") == 1, said.err
    for word in words:
        assert word in said.err, (word, said.err)


def bomb() -> bytes:
    """Return an .xlsx-like zip whose sheet unpacks to 64 MiB of nothing."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook([HEADER]))) as good, zipfile.ZipFile(buffer, "w") as bad:
        for info in good.infolist():
            content = good.read(info)
            if info.filename == "xl/worksheets/sheet1.xml":
                content = content.replace(b"</sheetData>", b" " * (64 * 1024 * 1024) + b"</sheetData>")
            bad.writestr(info.filename, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


ENCRYPTED = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(1000)

FILES: dict[str, tuple[str, bytes, list[str]]] = {
    "wrong column": ("wrong.csv", csv_text([["甲", "乙"], [1, 2]]).encode(), ["wrong.csv", "甲"]),
    "empty file": ("empty.csv", b"", ["empty.csv", "empty"]),
    "empty sheet": ("empty.xlsx", workbook([]), ["empty.xlsx"]),
    "encrypted workbook": ("locked.xlsx", ENCRYPTED, ["locked.xlsx", "password"]),
    "not text": ("noise.csv", bytes(range(256)) * 64, ["noise.csv"]),
    "zip bomb": ("bomb.xlsx", bomb(), ["bomb.xlsx", "MiB"]),
    "gzip bomb": ("bomb.csv.gz", gzip.compress(b"userid,text\n" + b"1," + b"x" * (64 << 20)), ["bomb.csv.gz"]),
    "cut workbook": ("cut.xlsx", workbook([HEADER, *ROWS])[:-400], ["cut.xlsx"]),
    "no date": ("posts.csv", "userid,text\n1,今天\n".encode(), ["posts.csv", "--posted-at"]),
}


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_that_cannot_be_used_is_refused_whole(home: Path, tmp_path: Path, name: str) -> None:
    """The message names the file and the reason; nothing of it is stored."""
    file_name, content, words = FILES[name]
    path = tmp_path / file_name
    path.write_bytes(content)

    refused(wenzheng(home, "import", path, "--channel", "site-board", max_unpacked_mib="8"), *words)
    assert stored(home) == 0


def test_a_missing_file_is_named(home: Path, tmp_path: Path) -> None:
    """The path is told, and what to do."""
    refused(
        wenzheng(home, "import", tmp_path / "nowhere.csv", "--channel", "site-board"), "nowhere.csv", "no such file"
    )


def test_an_unknown_channel_lists_the_known(home: Path, tmp_path: Path) -> None:
    """A typing error in the channel is answered with the profile's channels."""
    path = tmp_path / "a.csv"
    path.write_text(csv_text([HEADER, *ROWS]), "utf-8")

    refused(wenzheng(home, "import", path, "--channel", "sitebord"), "sitebord", "site-board")


@pytest.mark.parametrize(
    ("name", "content"),
    [("really.xlsx", csv_text([HEADER, *ROWS]).encode("gb18030")), ("really.csv", workbook([HEADER, *ROWS]))],
)
def test_a_file_with_the_wrong_name_is_read_by_its_content(
    home: Path, tmp_path: Path, name: str, content: bytes
) -> None:
    """An .xlsx that is a CSV, and the reverse, are read for what they are."""
    path = tmp_path / name
    path.write_bytes(content)

    said = wenzheng(home, "import", path, "--channel", "site-board", "--json")

    assert said.code == 0, said
    assert json.loads(said.out)["stored"] == 3


def test_a_cell_over_the_limit_is_set_aside_and_the_rest_is_stored(home: Path, tmp_path: Path) -> None:
    """The row is named, the others are stored, the exit code is 1, and `setaside retry` brings it in later."""
    path = tmp_path / "long.csv"
    path.write_text(csv_text([HEADER, *ROWS, [9, "U9", "长", "2026/11/20 09:00:00", "长" * 2000]]), "utf-8")

    said = wenzheng(home, "import", path, "--channel", "site-board", "--json", max_cell_chars="1000")

    assert said.code == 1
    counts = json.loads(said.out)
    assert (counts["fetched"], counts["stored"], counts["set_aside"]) == (4, 3, 1)
    (aside,) = json.loads(wenzheng(home, "setaside", "list", "--json").out)
    assert aside["position"] == "row 5"
    assert wenzheng(home, "setaside", "retry", str(aside["id"])).code == 0
    assert stored(home) == 4
    assert json.loads(wenzheng(home, "setaside", "list", "--json").out) == []


def test_each_of_several_items_is_settled_or_named(home: Path, tmp_path: Path) -> None:
    """`drop` and `retry` take several numbers; one that is not waiting is told, the others are done, the code is 1."""
    path = tmp_path / "dates.csv"
    path.write_text(csv_text([HEADER, *([n, "U", "题", "昨天", f"话{n}"] for n in range(3)), *ROWS[1:]]), "utf-8")

    said = wenzheng(home, "import", path, "--channel", "site-board")

    assert "set_aside: 3 (bad-date 3)" in said.out
    aside = json.loads(wenzheng(home, "setaside", "list", "--json").out)
    assert {one["file"] for one in aside} == {"dates.csv"}
    first, second, third = (str(one["id"]) for one in aside)
    refused(wenzheng(home, "setaside", "drop", first, "999", second), "999")
    assert [str(one["id"]) for one in json.loads(wenzheng(home, "setaside", "list", "--json").out)] == [third]
    again = wenzheng(home, "setaside", "retry", third, first, "--json")
    refused(again, first, "dropped")
    assert json.loads(again.out)["set_aside"] == 1


def test_messages_too_old_for_a_case_are_told(home: Path, tmp_path: Path) -> None:
    """Who imports an old list learns that it opens no cases, once, and how to ask for them."""
    path = tmp_path / "old.csv"
    path.write_text(csv_text([HEADER, *([n, "U", "题", "2020/1/1", f"话{n}"] for n in range(2))]), "utf-8")
    arguments = ("import", path, "--channel", "site-board")

    first, second = wenzheng(home, *arguments), wenzheng(home, *arguments)

    assert (first.code, second.code) == (0, 0)
    assert first.err.startswith("2 older than 20")
    assert "--open-cases" in first.err
    assert second.err == ""


def test_a_profile_with_two_sections_of_one_name_is_refused(home: Path, tmp_path: Path) -> None:
    """The fault names its key; nothing starts with a profile that contradicts itself."""
    shipped = (Path(config.__file__).parent / "linyi.toml").read_text("utf-8")
    first, second = (part.split('"')[1] for part in shipped.split("[[sections]]")[1:3])
    path = tmp_path / "bureau.toml"
    path.write_text(shipped.replace(f'name = "{second}"', f'name = "{first}"', 1), "utf-8")

    refused(wenzheng(home, "queue", profile=str(path)), "bureau.toml", "sections", first)


def test_a_database_newer_than_the_program_is_not_touched(home: Path) -> None:
    """Every command refuses it and says to run the newer program."""
    with sqlite3.connect(home / "wenzheng.db") as connection:
        connection.execute("update alembic_version set version_num = '9999'")

    for command in (("queue",), ("migrate",), ("init",)):
        refused(wenzheng(home, *command), "9999", "newer")


def test_a_lost_key_is_told_and_no_new_one_is_made(home: Path) -> None:
    """Without its key a home is not opened, and `init` makes no other key for it."""
    (home / "wenzheng.key").unlink()

    for command in (("queue",), ("init",)):
        refused(wenzheng(home, *command), "wenzheng.key")
    assert not (home / "wenzheng.key").exists()


def test_another_key_is_told_from_the_right_one(home: Path, tmp_path: Path) -> None:
    """A key that does not fit is refused before anything is read or written."""
    init_home(Settings(home=tmp_path / "other")).close()
    shutil.copy(tmp_path / "other" / "wenzheng.key", home / "wenzheng.key")

    refused(wenzheng(home, "queue"), "wenzheng.key")


def test_a_full_disk_stores_whole_batches_or_nothing(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the file cannot grow any more the import stops with one error, and a later run stores each row once."""
    path = tmp_path / "board.csv"
    many = [[number, f"U{number}", "标题", "2026/11/20 09:00:00", f"{number}号路灯不亮" * 50] for number in range(1200)]
    path.write_text(csv_text([HEADER, *many]), "utf-8")
    ctx = open_home(Settings(home=home))
    limit = 0

    def narrow(connection: sqlite3.Connection, record: object) -> None:
        # Beyond this many pages SQLite answers as on a full disk.
        connection.execute(f"pragma max_page_count={limit}")

    with ctx.database.reading() as session:
        limit = session.scalar(sa.text("pragma page_count")) + 150
    event.listen(ctx.database.engine, "connect", narrow)
    ctx.database.close()
    with pytest.raises(StorageFull, match="disk is full"):
        import_file(ctx, path, "site-board")
    event.remove(ctx.database.engine, "connect", narrow)
    ctx.close()

    assert stored(home) % BATCH == 0
    before = stored(home)
    said = wenzheng(home, "import", path, "--channel", "site-board", "--json")
    counts = json.loads(said.out)
    assert (said.code, counts["stored"], counts["duplicates"]) == (0, 1200 - before, before)
    assert stored(home) == 1200


@pytest.mark.parametrize(
    "arguments",
    [("import",), ("queue", "--limit", "many"), ("queue", "--limit", "0"), ("nonsense",), ("classify", "a.csv")],
)
def test_wrong_usage_is_exit_code_2(home: Path, arguments: tuple[str, ...]) -> None:
    """A command called wrongly is told from one that failed."""
    assert wenzheng(home, *arguments).code == 2
