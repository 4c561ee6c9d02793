"""The page of the weekly summary: what it says, what it hides, and that every link leads somewhere."""

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from collector.access import restrict
from collector.tables import Message
from config.context import Context
from responder import report_page
from responder.reports import draft_edition, edition_html
from responder.tables import CaseMessage
from responder.weeks import parse_week
from tests.conftest import FixedClock
from tests.factories import make_message, make_prediction
from tests.responder.weekly import LINYI, WEEK, linyi, make_case

STATIC = Path(report_page.__file__).parent / "web" / "static"


def page_of(ctx: Context, label: str = WEEK.label, *, standalone: bool = True) -> BeautifulSoup:
    """Return the parsed page of the newest edition of a week, drafted if necessary."""
    edition = draft_edition(ctx, parse_week(label, LINYI))
    with ctx.database.reading() as session:
        return BeautifulSoup(edition_html(session, edition, standalone=standalone), "lxml")


def text_of(page: BeautifulSoup) -> str:
    """Return the page's text without blanks."""
    return re.sub(r"\s+", "", page.get_text())


def fill(ctx: Context) -> None:
    """Store a small week with every part of the page in it."""
    make_prediction(ctx, make_message(ctx, received_at=linyi(11, 10), channel="mailbox"))
    for count in range(4):
        message = make_message(ctx, received_at=linyi(11, 16 + count), title=f"来件{count}")
        make_prediction(ctx, message, owner=("综合科", "外部:教育局", "无效", "办公室")[count], abstained="owner")
    make_message(ctx, received_at=linyi(11, 17), access="restricted")
    make_message(ctx, received_at=linyi(11, 1), answered_at=linyi(11, 18))
    make_case(ctx, linyi(11, 9), linyi(11, 20))
    make_case(ctx, linyi(11, 17), linyi(11, 25), owner=None)


def test_the_head_names_bureau_issue_and_dates(ctx: Context) -> None:
    """Title, number and dates stand as an office writes them."""
    page = page_of(ctx)

    assert text_of(page.h1) == "临沂市统计局民情周报"
    assert "2026年第47期" in page.find(class_="issue").text
    assert "2026年11月16日—11月22日" in page.find(class_="issue").text


def test_a_week_across_the_year_names_both_years(ctx: Context, clock: FixedClock) -> None:
    """The last week of 2026 ends in 2027 and says so."""
    clock.set(linyi(12, 31))

    assert "2026年12月28日—2027年1月3日" in page_of(ctx, "2026-W53").find(class_="issue").text


def test_every_link_leads_to_a_place_of_the_page(ctx: Context) -> None:
    """Each number links to an entry that is there once, and each entry's links lead to rows that are there."""
    fill(ctx)

    page = page_of(ctx)

    ids = [tag["id"] for tag in page.find_all(id=True)]
    targets = {tag["href"].removeprefix("#") for tag in page.find_all("a")}
    assert len(ids) == len(set(ids))
    assert targets <= set(ids)
    assert "rows-channel-site-board" in targets


def test_every_number_in_the_tables_is_linked_and_its_list_is_as_long(ctx: Context) -> None:
    """A cell's number, this week's or last week's, is a link whose entry lists as many rows."""
    fill(ctx)

    page = page_of(ctx)

    for cell in page.select("table.figures td"):
        text = cell.get_text(strip=True)
        if text.isdecimal() and text != "0" and cell.a is None:
            # Only the differences, which are no counts, and plain zeros carry no link.
            assert cell == cell.parent.find_all("td")[-1]
    entry = page.find(id="rows-channel-site-board")
    assert page.select_one('a[href="#rows-channel-site-board"]').text == "5"
    assert [link.text for link in entry.find_all("a")] == ["1", "5"]
    assert page.find(id="m5") is not None


def test_sentences_say_what_the_figures_say(ctx: Context) -> None:
    """The totals, the restricted count and the standing of the cases are told in words."""
    fill(ctx)

    text = text_of(page_of(ctx))

    assert "共收到来件6件，比上周增加4件（上周2件）" in text
    assert "限制查看1件，只计数，不列入下列各表；列入各表5件" in text
    assert "本周新立办件1件，办结0件；截至11月22日24时，在办2件，其中逾期1件" in text
    assert "列入各表的来件不足20件，不计算占比" in text
    assert "随来件登记的答复，本周有1件" in text


def test_guesses_are_told_beside_the_tables_and_on_page_one(ctx: Context) -> None:
    """What the classifier was unsure of is said where it is counted; its owner is 待定 and never 无效."""
    for title in ("甲", "乙"):
        message = make_message(ctx, received_at=linyi(11, 16), title=title)
        make_prediction(ctx, message, owner="无效", category="统计", abstained="owner;category")
    make_prediction(ctx, make_message(ctx, received_at=linyi(11, 17)), owner="综合科", category="统计")

    page = page_of(ctx)

    assert "其中2件至少有一项机器把握不足、尚未经人核定：承办单位记为“待定”" in text_of(page)
    assert "表2主题分类（其中把握不足、尚未核定2件）" in text_of(page)
    assert "主题均为统计（3件）。按承办单位分，本局科室1件，待定2件。" in text_of(page)
    assert "暂按最可能的类别计：主题2件、诉求性质0件" in text_of(page)
    assert "无效" not in text_of(page)


def test_urgent_letters_stand_on_page_one_and_lead_to_their_lines(ctx: Context) -> None:
    """Up to five of them, certain ones first, masked; one that was restricted since is left out."""
    guess = make_message(ctx, received_at=linyi(11, 16), title="也许紧急")
    make_prediction(ctx, guess, urgency="高", abstained="urgency")
    for count in range(5):
        message = make_message(ctx, received_at=linyi(11, 17), title=f"紧急{count} 13800138000")
        make_prediction(ctx, message, urgency="高")
    edition = draft_edition(ctx, WEEK)
    with ctx.database.writing() as session:
        restrict(session, session.get_one(Message, message))

    with ctx.database.reading() as session:
        page = BeautifulSoup(edition_html(session, edition, standalone=True), "lxml")

    links = page.select(".front ol.urgent a")
    assert [link["href"] for link in links] == ["#m2", "#m3", "#m4", "#m5"]
    assert [link.text[:3] for link in links] == ["紧急0", "紧急1", "紧急2", "紧急3"]
    assert "138" not in page.find(class_="front").text
    assert "紧急程度高的来件（6件，列4件）" in text_of(page)


def test_an_unsure_urgent_letter_is_marked(ctx: Context) -> None:
    """A guess of 高 is listed as one."""
    make_prediction(ctx, make_message(ctx, received_at=linyi(11, 16)), urgency="高", abstained="urgency")

    assert "紧急程度待核定" in text_of(page_of(ctx).find(class_="urgent"))


def test_one_channel_is_told_without_a_ranking(ctx: Context) -> None:
    """Where all came by one channel nothing comes first."""
    make_message(ctx, received_at=linyi(11, 16))

    assert "渠道均为网站留言板（1件）。" in text_of(page_of(ctx))


def test_open_reports_are_told_apart_from_restricted_ones(ctx: Context) -> None:
    """The 举报 of table 3 and the restricted letters are different letters, and the page says so."""
    make_message(ctx, received_at=linyi(11, 16), access="restricted")
    make_prediction(ctx, make_message(ctx, received_at=linyi(11, 16)), kind="举报", abstained="kind")

    assert "表3的“举报”1件是未限制查看的来件" in text_of(page_of(ctx))


def test_an_empty_first_week_says_so(ctx: Context) -> None:
    """No invented zeros in tables: the page says that nothing came and that nothing can be compared."""
    page = page_of(ctx)
    text = text_of(page)

    assert "2026年11月16日—11月22日没有收到来件。" in text
    assert "不作上周比较" in text
    assert "本周没有新立、办结和在办的办件" in text
    assert page.select("table.list") == []


def test_a_week_that_is_not_over_says_until_when_it_counts(ctx: Context, clock: FixedClock) -> None:
    """A draft within the week is marked as such."""
    clock.set(linyi(11, 18, 10))

    assert "本周尚未结束，各数截至2026年11月18日10时00分" in text_of(page_of(ctx))


@pytest.mark.parametrize(
    "title", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}", "</style><b>", "\u202eabc"]
)
def test_hostile_titles_are_shown_as_text(ctx: Context, title: str) -> None:
    """A stranger's title is text and nothing else, on its own in writing direction."""
    make_message(ctx, received_at=linyi(11, 16), title=title)

    page = page_of(ctx)

    assert page.select_one("#m1 bdi").text == title
    assert page.find_all(["script", "img"]) == []


def test_hostile_labels_make_no_broken_anchor(ctx: Context) -> None:
    """A value with blanks and quotes is text in its cell, and its anchor is plain."""
    message = make_message(ctx, received_at=linyi(11, 16), channel='a" b<i>')
    make_prediction(ctx, message, owner='x" onclick="y')

    page = page_of(ctx)

    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", tag["id"]) for tag in page.find_all(id=True))
    assert page.find(attrs={"onclick": True}) is None
    assert 'a" b<i>' in page.text


def test_titles_are_masked_before_they_are_cut(ctx: Context) -> None:
    """A telephone number at the cut does not show its first half."""
    make_message(ctx, received_at=linyi(11, 16), title="长" * 55 + "13800138000")

    page = page_of(ctx)

    assert "138" not in page.select_one("#m1 bdi").text


def test_a_message_restricted_since_loses_its_title_in_an_old_edition(ctx: Context) -> None:
    """The frozen number stays; title, category and owner are no longer shown."""
    message = make_message(ctx, received_at=linyi(11, 16), title="原来可见")
    make_prediction(ctx, message, owner="外部:教育局")
    edition = draft_edition(ctx, WEEK)
    with ctx.database.writing() as session:
        restrict(session, session.get_one(Message, message))

    with ctx.database.reading() as session:
        page = BeautifulSoup(edition_html(session, edition, standalone=True), "lxml")

    assert "原来可见" not in page.text
    assert "教育局" not in page.find(id="m1").text
    assert "共收到来件1件" in text_of(page)


def test_long_lists_are_cut_and_say_how_many_are_left_out(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit the page lists the first rows, says how many it leaves out, and keeps every number."""
    monkeypatch.setattr(report_page, "MOST_LINES", 3)
    for _ in range(5):
        make_message(ctx, received_at=linyi(11, 10))
        make_message(ctx, received_at=linyi(11, 16))

    page = page_of(ctx)

    assert len(page.select("table.list tbody tr")) == 3
    assert "本页只列前3件，另有2件" in text_of(page)
    entry = text_of(page.find(id="rows-channel-site-board"))
    assert "网站留言板：5件" in entry
    assert "另有2件不在本页" in entry
    assert {tag["href"] for tag in page.find_all("a")} <= {f"#{tag['id']}" for tag in page.find_all(id=True)}


def test_the_file_carries_its_styles_and_asks_the_network_for_nothing(ctx: Context) -> None:
    """The file has one style element with the one style sheet, no link, and forbids every load."""
    fill(ctx)
    page = page_of(ctx)

    assert page.style.string.strip() == (STATIC / "report.css").read_text("utf-8").strip()
    assert page.find_all("link") == []
    assert page.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"].startswith(
        "default-src 'none'"
    )
    assert "</style" not in (STATIC / "report.css").read_text("utf-8")


def test_the_desks_page_has_no_inline_style_or_script(ctx: Context) -> None:
    """Under the desk's policy the page links its style sheet and has nothing inline."""
    fill(ctx)
    page = page_of(ctx, standalone=False)

    assert page.link["href"] == "/static/report.css"
    assert page.find_all(["style", "script"]) == []
    assert page.find(attrs={"style": True}) is None
    assert page.select_one('a[href^="/cases/2026-"]') is not None


@pytest.mark.parametrize("later", [False, True], ids=["opening letter", "later letter"])
def test_a_case_restricted_since_is_a_blank_row_in_an_old_edition(ctx: Context, later: bool) -> None:
    """Number, owner, due date and state are gone from the list, the number from the index, its place by date too."""
    case, message = make_case(ctx, linyi(11, 9), linyi(11, 20), owner="工业统计科", number="2026-777001")
    make_case(ctx, linyi(11, 17), linyi(11, 25), owner="办公室", number="2026-777002")
    edition = draft_edition(ctx, WEEK)
    if later:
        message = make_message(ctx, received_at=linyi(11, 24))
    with ctx.database.writing() as session:
        if later:
            session.add(CaseMessage(case_id=case, message_id=message, role="further"))
        restrict(session, session.get_one(Message, message))

    with ctx.database.reading() as session:
        page = BeautifulSoup(edition_html(session, edition, standalone=False), "lxml")

    assert "2026-777001" not in str(page)
    rows = [
        [cell.text for cell in row.find_all("td")]
        for row in page.find("h3", string=re.compile("办件")).find_next("table").tbody.find_all("tr")
    ]
    assert rows[0][0] == "2026-777002"
    assert rows[1] == ["—"] * 5 + ["（现已限制查看或者清除，不列标题）"]
    assert "另有1件不在本页" in text_of(page.find(id="rows-cases-open"))
    assert page.find(id=f"c{case}") is None


def test_the_index_does_not_place_what_was_restricted_since(ctx: Context) -> None:
    """No list of a value names the place, or last week's id, of a message that is restricted now; numbers stay."""
    ids = [
        make_message(ctx, received_at=moment) for moment in (linyi(11, 10), linyi(11, 11), linyi(11, 16), linyi(11, 17))
    ]
    for message in ids:
        make_prediction(ctx, message, kind="举报", owner="综合科")
    edition = draft_edition(ctx, WEEK)
    with ctx.database.writing() as session:
        for message in (ids[0], ids[2]):
            restrict(session, session.get_one(Message, message))

    with ctx.database.reading() as session:
        page = BeautifulSoup(edition_html(session, edition, standalone=True), "lxml")

    entries = page.select(".index dl > div")
    assert page.find(id="m1") is not None
    assert [link for entry in entries for link in entry.select('a[href="#m1"]')] == []
    owner = next(entry for entry in entries if "承办单位·综合科" in entry.dt.text)
    assert [link.text for link in owner.find_all("a")] == ["2"]
    assert "综合科：2件" in owner.dt.text
    assert text_of(owner.find(class_="before")) == f"上周2件，来件编号：{ids[1]}另有1件不在本页。"
