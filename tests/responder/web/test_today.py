"""Tests of today's list."""

import re
from datetime import UTC, date, datetime

from config.context import Context
from responder.permissions import Role
from tests.responder.web.conftest import LogIn, make_case, make_restricted_case


def test_a_row_says_what_it_is_and_why(ctx: Context, log_in: LogIn):
    """Channel, time, title, text, proposed owner with confidence and words, kind, mood, urgency and due date."""
    make_case(
        ctx,
        title="年鉴在哪里查",
        body="想查阅去年的统计年鉴，\n不知道在哪里下载。",
        received_at=datetime(2026, 11, 22, 16, 30, tzinfo=UTC),
        urgency="高",
        prediction={
            "owner": "综合科",
            "owner_confidence": 0.914,
            "urgency": "高",
            "why": {"owner": ["年鉴", "公报"], "urgency": ["多次"]},
        },
        due_on=date(2026, 11, 30),
    )

    page = log_in(Role.DUTY_CLERK).get("/").text

    for text in (
        "网站留言板",
        "2026年11月23日 00:30收到",
        "年鉴在哪里查",
        "想查阅去年的统计年鉴， 不知道在哪里下载。",
        "综合科",
        "把握91%",
        "年鉴、公报",
        "咨询",
        "中性",
        "：多次",
        "还剩5个工作日",
        "2026年11月30日（周一）",
        "期限怎么算",
        "11月28日（周六）、29日（周日）不计",
    ):
        assert text in page, text


def test_due_dates_differ_in_words_and_not_in_colour_alone(ctx: Context, log_in: LogIn):
    """Overdue, today and later each have their own word beside their colour."""
    for due_on in (date(2026, 11, 20), date(2026, 11, 23), date(2026, 12, 10)):
        make_case(ctx, due_on=due_on)

    page = log_in().get("/").text

    dues = re.findall(r'class="due (\w+)"><strong>([^<]+)<', page)
    assert [colour for colour, _ in dues] == ["overdue", "today", "later"]
    assert dues[0][1].startswith("已逾期")
    assert dues[1][1].startswith("今天")
    assert dues[2][1].startswith("还剩")


def test_what_the_classifier_left_open_is_marked(ctx: Context, log_in: LogIn):
    """Without a sure owner a clerk decides, and an unsure kind is marked."""
    make_case(ctx, owner=None, prediction={"abstained": "owner;kind"})
    make_case(ctx, owner=None, predicted=False)

    page = log_in().get("/").text

    assert page.count("<strong>待定</strong>") == 2
    assert "咨询（待定）" in page
    assert "未分类" in page


def test_fifty_a_page_and_none_lost(ctx: Context, log_in: LogIn):
    """Every case is on one page and only on one; the pages lead to each other."""
    numbers = {make_case(ctx) for _ in range(53)}
    client = log_in()

    first, second, third = (client.get(f"/?page={page}").text for page in (1, 2, 3))

    found = [set(re.findall(r'href="/cases/([^"]+)"', page)) for page in (first, second)]
    assert [len(part) for part in found] == [50, 3]
    assert found[0] | found[1] == numbers
    assert 'href="/?page=2" rel="next"' in first
    assert 'href="/?page=1" rel="prev"' in second
    assert "第2页，共2页" in second
    assert 'start="51"' in second
    assert "这一页没有案件" in third


def test_an_empty_list_says_so(log_in: LogIn):
    """Nothing to do is said in words."""
    assert "没有待分办的案件" in log_in().get("/").text


def test_the_top_counts_every_open_state(ctx: Context, log_in: LogIn):
    """The counts are of what the reader may see; of the rest there is one number."""
    for state in ("待分办", "待分办", "办理中", "暂停", "已答复"):
        make_case(ctx, state=state)
    make_restricted_case(ctx, "不能看的标题")

    clerk = log_in(Role.DUTY_CLERK).get("/").text
    office = log_in(Role.OFFICE).get("/").text

    def counts(page: str) -> dict[str, str]:
        return dict(re.findall(r"<dt>(\w+)</dt><dd>(\d+)</dd>", page))

    assert counts(clerk) == {"待分办": "2", "办理中": "1", "待补正": "0", "暂停": "1", "待审核": "0", "待发送": "0"}
    assert counts(office)["待分办"] == "3"
    assert "另有1件限制查看的案件" in clerk
    assert "限制查看的案件" not in office
