"""The bureau's profile: the shipped one, and every fault a profile can have."""

import re
from datetime import date
from itertools import product
from pathlib import Path

import pytest
from pydantic import BaseModel

from config.errors import ProfileError
from config.profile import (
    EXTERNAL,
    INVALID,
    KINDS,
    ROLES,
    SHIPPED,
    URGENCIES,
    Body,
    Bureau,
    Chain,
    Channel,
    ClockRule,
    Profile,
    Section,
    load_profile,
)

DOCS = Path(__file__).parents[2] / "docs" / "profile.md"
LINYI = load_profile()

SMALL = """
[bureau]
name = "某市某局"
short_name = "某局"
region = "某市"

[[sections]]
name = "办公室"
duties = ["文电"]
contact = "电话：（待填）"

[[sections]]
name = "综合科"
duties = ["综合"]
contact = "电话：（待填）"

[[bodies]]
name = "其他部门"
duties = ["其他"]
contact = "12345"
route = "拨打热线。"

[[channels]]
id = "board"
name = "留言板"
expects_reply = true
clock = "board"

[[channels]]
id = "posts"
name = "帖文"
expects_reply = false

[[clocks]]
id = "board"
name = "留言答复"
law = "某规定第一条"
from = 2019-01-01
amount = 5
unit = "working_days"
pausable = true
extension = 0
checked = false

[[clocks]]
id = "board"
name = "留言答复"
law = "某规定第二条"
from = 2026-01-01
amount = 3
unit = "working_days"
pausable = false
checked = true

[[chains]]
name = "普通"
steps = ["拟稿", "科室负责人"]
"""


def _load(tmp_path: Path, text: str | bytes) -> Profile:
    path = tmp_path / "bureau.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_profile(path)


def _faults(tmp_path: Path, text: str | bytes) -> tuple[str, ...]:
    with pytest.raises(ProfileError) as caught:
        _load(tmp_path, text)
    assert str(tmp_path / "bureau.toml") in str(caught.value)
    return caught.value.faults


def _with(old: str, new: str, text: str = SMALL) -> str:
    assert old in text
    return text.replace(old, new, 1)


def test_shipped_profile_has_the_agreed_names() -> None:
    """Sections, bodies, channels and clocks of the first bureau are the agreed ones."""
    assert LINYI.bureau.name == "临沂市统计局"
    assert [section.name for section in LINYI.sections] == [
        "办公室",
        "综合科",
        "执法监督科",
        "城镇化和人口科",
        "社情民意调查科",
        "信息化科",
        "国民经济核算科",
        "工业统计科",
        "投资统计科",
        "贸易统计科",
        "农村统计科",
        "服务业统计科",
        "社会科技统计科",
    ]
    assert [body.name for body in LINYI.bodies] == [
        "国家统计局临沂调查队",
        "住房和城乡建设局",
        "交通运输局",
        "生态环境局",
        "教育局",
        "人力资源和社会保障局",
        "市场监督管理局",
        "卫生健康委员会",
        "公安局",
        "医疗保障局",
        "自然资源和规划局",
        "农业农村局",
        "民政局",
        "其他部门",
    ]
    assert [channel.id for channel in LINYI.channels] == [
        "site-board",
        "site-consult",
        "mailbox",
        "hotline-12345",
        "foi",
        "gov-service",
        "wechat",
        "weibo",
        "toutiao",
        "proposals",
        "consultation",
        "posts",
        "walk-in",
    ]
    assert {clock.id for clock in LINYI.clocks} == {
        "foi",
        "foi-correction",
        "foi-third-party",
        "site-board",
        "mailbox",
        "hotline-12345",
        "hotline-return",
        "site-error",
        "petition-notice",
        "petition",
        "proposals",
        "consultation",
        "opinion-5h",
        "opinion-24h",
        "opinion-48h",
    }
    assert len(LINYI.owners) == 13 + 14 + 1
    assert LINYI.owners[13] == EXTERNAL + "国家统计局临沂调查队"
    assert LINYI.owners[-1] == INVALID


@pytest.mark.parametrize(
    ("clock_id", "amount", "unit", "extension", "checked"),
    [
        ("foi", 20, "working_days", 20, True),
        ("foi-correction", 7, "working_days", 0, True),
        ("foi-third-party", 15, "working_days", 0, True),
        ("site-board", 5, "working_days", 0, False),
        ("mailbox", 5, "working_days", 0, False),
        ("hotline-12345", 5, "working_days", 10, False),
        ("hotline-return", 2, "working_days", 0, False),
        ("site-error", 3, "working_days", 0, False),
        ("petition-notice", 15, "days", 0, True),
        ("petition", 60, "days", 30, True),
        ("proposals", 3, "months", 3, True),
        ("consultation", 30, "days", 0, True),
        ("opinion-5h", 5, "hours", 0, True),
        ("opinion-24h", 24, "hours", 0, True),
        ("opinion-48h", 48, "hours", 0, True),
    ],
)
def test_shipped_clocks(clock_id: str, amount: int, unit: str, extension: int, checked: bool) -> None:
    """Each deadline has its length, extension and whether its clause was read."""
    rule = LINYI.clock(clock_id, date(2026, 11, 23))

    assert rule is not None
    assert (amount, unit, extension, checked) == (rule.amount, rule.unit, rule.extension, rule.checked)
    assert rule.pausable == (clock_id == "foi")


def test_shipped_phrases_belong_to_one_owner() -> None:
    """Each owner has 15 to 40 phrases; none is in two places or too general to tell anything."""
    owners = [*LINYI.sections, *LINYI.bodies]
    phrases = [phrase for owner in owners for phrase in owner.phrases]

    assert all(15 <= len(owner.phrases) <= 40 for owner in owners)
    assert len(phrases) == len(set(phrases))
    assert not {"统计", "数据", "调查", "数据造假", "举报", "投诉", "信息", "平台"} & set(phrases)


def test_shipped_channels() -> None:
    """Posts and answers to a consultation await no reply, every other channel has a clock; none is sealed whole."""
    silent = {channel.id for channel in LINYI.channels if not channel.expects_reply}

    assert silent == {"posts", "consultation"}
    assert all(channel.clock for channel in LINYI.channels if channel.expects_reply)
    assert {channel.access for channel in LINYI.channels} == {"normal"}
    hotline = LINYI.channel("hotline-12345")
    assert hotline is not None
    assert hotline.clock == "hotline-12345"
    assert LINYI.channel("pigeon") is None


def test_shipped_chains_grow_with_the_weight_of_the_matter() -> None:
    """Every kind and urgency has a chain: the longest for grave matters, the shortest for small questions."""
    for kind, urgency in product(KINDS, URGENCIES):
        steps = LINYI.chain(kind, urgency).steps
        if urgency == "高" or kind in ("举报", "申请公开"):
            assert steps == ROLES
        elif urgency == "低" and kind in ("咨询", "感谢"):
            assert steps == ("拟稿", "科室负责人")
        else:
            assert steps == ("拟稿", "科室负责人", "办公室")
    with pytest.raises(KeyError):
        LINYI.model_copy(update={"chains": LINYI.chains[:1]}).chain("咨询", "低")


def test_rule_in_force_follows_the_date(tmp_path: Path) -> None:
    """Of two rules of one clock the one that began last before the day is in force; before both there is none."""
    profile = _load(tmp_path, SMALL)
    old, new = profile.clock("board", date(2025, 12, 31)), profile.clock("board", date(2026, 1, 1))

    assert old is not None
    assert new is not None
    assert (old.amount, new.amount) == (5, 3)
    assert profile.clock("board", date(2018, 12, 31)) is None
    assert profile.zone.key == "Asia/Shanghai"


def test_reads_what_windows_editors_write(tmp_path: Path) -> None:
    """A byte-order mark and CRLF do no harm."""
    assert _load(tmp_path, b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode()).bureau.region == "某市"


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('name = "综合科"', 'name = "办公室"', "sections[1].name: two sections are named 办公室"),
        ('name = "综合科"', 'name = " 办公室 "', "sections[1].name: two sections are named 办公室"),
        ('name = "综合科"', 'name = ""', "sections[1].name: is empty"),
        ('name = "综合科"', 'name = "无效"', "sections[无效].name: 无效 and names"),
        ('name = "其他部门"', 'name = "外部:某局"', "bodies[外部:某局].name: 无效 and names"),
        ('name = "其他部门"', 'name = "综合科"', "bodies[综合科].name: a section has the same name"),
        ('id = "posts"', 'id = "board"', "channels[1].id: two channels are given the id board"),
        ('name = "帖文"', 'name = "留言板"', "channels[1].name: two channels are named 留言板"),
        ("from = 2026-01-01", "from = 2019-01-01", "clocks[1].from: two rules of the clock board begin on"),
        (
            'clock = "board"',
            'clock = "bord"',
            "channels[board].clock: there is no clock bord; did you mean board?",
        ),
        (
            'clock = "board"',
            "cases_since = 1926-11-01",
            "channels[board].cases_since: 1926-11-01 is not a likely day",
        ),
        (
            'name = "帖文"',
            'name = "帖文"\ncases_since = 2026-11-01',
            "channels[posts].cases_since: the channel expects no reply",
        ),
        (
            "expects_reply = true",
            'expects_reply = "是"',
            "channels[board].expects_reply: must be true or false",
        ),
        (
            "expects_reply = true",
            "expect_reply = true",
            "channels[board].expect_reply: unknown key; did you mean expects_reply?",
        ),
        (
            "expects_reply = true",
            "expect_reply = true",
            "channels[board].expects_reply: the key is missing",
        ),
        (
            "expects_reply = true",
            'expects_reply = true\naccess = "secret"',
            "channels[board].access: must be one of 'normal' or 'restricted'",
        ),
        ("from = 2026-01-01", "since = 2026-01-01", "clocks[1].since: unknown key"),
        ("from = 2026-01-01", 'from = "2026-01-01"', "clocks[1].from: must be a date such as 2026-01-01"),
        ("amount = 5", 'amount = "5"', "clocks[0].amount: must be a whole number"),
        ("amount = 5", "amount = 0", "clocks[0].amount: must be 1 or more"),
        ('unit = "working_days"', 'unit = "weeks"', "clocks[0].unit: must be one of 'working_days'"),
        ('unit = "working_days"', 'unit = "hours"', "clocks[0].pausable: a limit in hours cannot pause"),
        (
            'duties = ["其他"]',
            'duties = ["其他"]\nphrases = ["热线", "热线"]',
            "bodies[其他部门].phrases: 热线 stands in bodies[其他部门].phrases already",
        ),
        ('duties = ["文电"]', "duties = []", "sections[办公室].duties: needs at least one entry"),
        ('duties = ["文电"]', 'duties = "文电"', "sections[办公室].duties: must be a list"),
        ('duties = ["文电"]', "duties = [7]", "sections[办公室].duties[0]: must be text in quotes"),
        ('region = "某市"', 'region = "某市"\ntimezone = "Asia/Linyi"', "bureau.timezone: unknown time zone"),
        ('region = "某市"', 'region = "某市"\ntimezone = "../etc"', "bureau.timezone: unknown time zone"),
        ('region = "某市"', 'region = "某市"\nwords = ["联网 直报"]', "bureau.words[0]: write '联网 直报' as 2 to 16"),
        ('region = "某市"', 'region = "某市"\nregoin = "某市"', "bureau.regoin: unknown key; did you mean region?"),
        ("[bureau]", "extra = 1\n[bureau]", "extra: unknown key"),
        ("[[bodies]]", "[bodies]", "bodies: must be a list"),
        ('steps = ["拟稿", "科室负责人"]', 'steps = ["拟稿"]', "chains[普通].steps: begin with 拟稿"),
        ('steps = ["拟稿", "科室负责人"]', 'steps = ["办公室", "拟稿"]', "chains[普通].steps: begin with 拟稿"),
        (
            'steps = ["拟稿", "科室负责人"]',
            'steps = ["拟稿", "科长"]',
            "chains[普通].steps: 科长 is none of 拟稿、科室负责人、办公室、分管领导",
        ),
        ("steps", 'kinds = ["咨讯"]\nsteps', "chains[普通].kinds: 咨讯 is none of 咨询、"),
        ("steps", 'urgencies = ["高", "急"]\nsteps', "chains[普通].urgencies: 急 is none of 高、中、低"),
        (
            "steps",
            'urgencies = ["高"]\nsteps',
            "chains: no chain is written for 征求意见反馈 with urgency 中、低",
        ),
    ],
)
def test_each_fault_names_its_key(tmp_path: Path, old: str, new: str, fault: str) -> None:
    """A fault is told by the key it is at, and what is wrong with it."""
    assert any(found.startswith(fault) for found in _faults(tmp_path, _with(old, new)))


def test_the_error_reads_as_lines(tmp_path: Path) -> None:
    """Path and number come first, then a fault a line, then what to do; no fault ends in a stray full stop."""
    path = tmp_path / "none.toml"
    with pytest.raises(ProfileError) as caught:
        load_profile(path)

    assert str(caught.value).splitlines() == [
        f"{path}: the profile has 1 fault:",
        "  - there is no such file",
        "Correct the file, or name another in WENZHENG_PROFILE; docs/profile.md explains each key.",
    ]
    assert caught.value.what == "the profile has 1 fault: there is no such file"


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """Faults of single keys and faults between keys come in one error."""
    text = _with('name = "综合科"', 'name = "办公室"')
    text = _with("amount = 5", "amount = true", text)
    text = _with('clock = "board"', 'clock = "b"', text)
    faults = _faults(tmp_path, text)

    assert len(faults) == 3
    assert [fault.split(":")[0] for fault in faults] == [
        "clocks[0].amount",
        "sections[1].name",
        "channels[board].clock",
    ]


def test_three_of_a_name(tmp_path: Path) -> None:
    """Each repetition is told once, with the number of its block."""
    again = '\n[[chains]]\nname = "普通"\nsteps = ["拟稿", "办公室"]\n'

    assert _faults(tmp_path, SMALL + again + again) == (
        "chains[1].name: 3 chains are named 普通",
        "chains[2].name: 3 chains are named 普通",
    )


def test_empty_file_lists_what_is_missing(tmp_path: Path) -> None:
    """An empty file is not a profile; the required parts are named, and nothing else is said."""
    parts = ("bureau", "sections", "channels", "clocks", "chains")

    assert _faults(tmp_path, "") == tuple(f"{part}: the key is missing" for part in parts)


def test_broken_toml_is_told_with_its_line(tmp_path: Path) -> None:
    """A slip in the notation is told with its line."""
    (fault,) = _faults(tmp_path, '[bureau]\nname = "某局\n')

    assert "line 2" in fault


def test_other_encodings_are_told_with_the_line(tmp_path: Path) -> None:
    """A file saved as GB18030 is refused, with the line where it shows."""
    (fault,) = _faults(tmp_path, '[bureau]\nname = "某局"\n'.encode("gb18030"))

    assert fault == "line 2: not UTF-8; save the file as UTF-8"


def test_missing_file_is_a_profile_error(tmp_path: Path) -> None:
    """A path that leads nowhere, or to a folder, is told as such."""
    with pytest.raises(ProfileError, match="no such file"):
        load_profile(tmp_path / "none.toml")
    with pytest.raises(ProfileError, match="cannot be read"):
        load_profile(tmp_path)


def test_documentation_has_every_key() -> None:
    """docs/profile.md explains exactly the keys there are; sources have a document of their own."""
    parts: dict[str, type[BaseModel]] = {
        "bureau": Bureau,
        "sections": Section,
        "bodies": Body,
        "channels": Channel,
        "clocks": ClockRule,
        "chains": Chain,
    }
    keys = {
        f"{part}.{field.alias or name}" for part, model in parts.items() for name, field in model.model_fields.items()
    }

    assert set(Profile.model_fields) == {*parts, "sources"}
    assert keys == set(re.findall(r"^\| `([a-z_.]+)` \|", DOCS.read_text("utf-8"), re.MULTILINE))


def test_shipped_file_lies_beside_the_code() -> None:
    """The shipped profile is package data."""
    assert SHIPPED.name == "linyi.toml"
    assert SHIPPED.is_file()
