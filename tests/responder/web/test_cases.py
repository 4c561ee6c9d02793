"""Tests of the page of one case."""

from datetime import UTC, date, datetime

import pytest

from collector.tables import RESTRICTED, Attachment
from config.context import Context
from responder.permissions import Role
from responder.tables import Case, CaseMessage
from tests.factories import make_message
from tests.responder.web.conftest import LogIn, make_case


def test_a_case_shows_letter_reckoning_and_reasons(ctx: Context, log_in: LogIn):
    """The text as it came, every step of the due date, and every answer with its words."""
    number = make_case(
        ctx,
        title="数据口径",
        body="第一行\n  第二行缩进\n\n第四行",
        receipt_no="XF-1",
        prediction={"why": {"owner": ["口径"], "kind": ["请问"]}, "abstained": "sentiment"},
    )

    page = log_in().get(f"/cases/{number}").text

    for text in (
        "数据口径",
        "第一行\n  第二行缩进\n\n第四行",
        "受理编号XF-1",
        "适用规则：网站留言，5个工作日",
        "11月28日（周六）、29日（周日）不计",
        "还剩5个工作日",
        "主题分类",
        "口径",
        "请问",
        "把握不足，待定",
        "（模型：口径）",
    ):
        assert text in page, text


@pytest.mark.parametrize(
    "number", ["2026-999999", "2026-1", "%00", "2026-000001%00", "' or 1=1 --", "x" * 3000, "二〇二六"]
)
def test_an_unknown_case_is_not_found(ctx: Context, log_in: LogIn, number: str):
    """A number nobody gave, or no number at all, is a page that says so."""
    make_case(ctx)

    answer = log_in().get(f"/cases/{number}")

    assert answer.status_code == 404
    assert "没有找到" in answer.text


@pytest.mark.parametrize(
    ("role", "section", "shown"),
    [
        (Role.DUTY_CLERK, None, True),
        (Role.OFFICE, None, True),
        (Role.SECTION_STAFF, "综合科", True),
        (Role.SECTION_STAFF, "工业统计科", False),
        (Role.LEADER, None, False),
    ],
)
def test_contacts_are_shown_to_who_needs_them(
    ctx: Context, log_in: LogIn, role: Role, section: str | None, shown: bool
):
    """Name, contact and names of attachments go to the clerk, the office and the section of the case."""
    number = make_case(ctx, author_name="来信的甲某", contact="jia@example.com", owner="综合科", state="办理中")
    with ctx.database.writing() as session:
        attached = {"media_type": "image/png", "size": 2049, "sha256": "0" * 64, "content": b"x"}
        session.add(Attachment(message_id=int(number[5:]), name="甲某的身份证.png", **attached))

    page = log_in(role, section).get(f"/cases/{number}").text

    assert ("来信的甲某" in page) is shown
    assert ("jia@example.com" in page) is shown
    assert ("甲某的身份证.png" in page) is shown
    assert ("您的角色不显示来信人" in page) is not shown
    assert "（3 KB）" in page


@pytest.mark.parametrize(("role", "shown"), [(Role.OFFICE, True), (Role.LEADER, False)])
def test_quoted_mails_are_folded_for_who_sees_contacts(ctx: Context, log_in: LogIn, role: Role, shown: bool):
    """What a mail quotes holds names and addresses: it goes where contacts go."""
    number = make_case(ctx, body="请问结果如何？", quoted_text="在 2026年11月1日，乙某 <yi@example.com> 写道：旧信")

    page = log_in(role).get(f"/cases/{number}").text

    assert ("yi@example.com" in page) is shown
    assert ("来信引用了往来邮件，您的角色不显示" in page) is not shown
    assert "请问结果如何？" in page


def test_a_proposal_opens_no_contact(ctx: Context, log_in: LogIn):
    """Before 分办 the owner is the model's word, and the section it names sees no contact yet."""
    number = make_case(ctx, contact="jia@example.com", owner="综合科")

    page = log_in(Role.SECTION_STAFF, "综合科").get(f"/cases/{number}").text

    assert "jia@example.com" not in page


def test_follow_ups_are_shown_in_order_of_receipt(ctx: Context, log_in: LogIn):
    """A later letter stands below the first; one that the reader may not see is left out."""
    number = make_case(ctx, body="第一封")
    for hour, text, access in ((3, "第二封", "normal"), (4, "第三封密", RESTRICTED)):
        later = make_message(ctx, body=text, access=access, received_at=datetime(2026, 11, 23, hour, tzinfo=UTC))
        with ctx.database.writing() as session:
            case = session.query(Case).filter_by(number=number).one()
            session.add(CaseMessage(case_id=case.id, message_id=later, role="follow-up"))

    clerk = log_in(Role.DUTY_CLERK).get(f"/cases/{number}").text
    office = log_in(Role.OFFICE).get(f"/cases/{number}").text

    assert clerk.index("第一封") < clerk.index("后续来信") < clerk.index("第二封")
    assert "第三封密" not in clerk
    assert office.index("第二封") < office.index("第三封密")


@pytest.mark.parametrize(("day", "says"), [(20, "按期办结"), (27, "逾期办结")])
def test_a_closed_case_counts_no_more(ctx: Context, log_in: LogIn, day: int, says: str):
    """After the end nothing is due; whether it was in time is said instead."""
    number = make_case(ctx, state="已答复", due_on=date(2026, 11, 24))
    with ctx.database.writing() as session:
        case = session.query(Case).filter_by(number=number).one()
        case.closed_at = datetime(2026, 11, day, tzinfo=UTC)

    page = log_in().get(f"/cases/{number}").text

    assert says in page
    assert "还剩" not in page


def test_a_merged_case_leads_to_the_other(ctx: Context, log_in: LogIn):
    """The way to the case that goes on is a link, if the reader may open it."""
    number, other, hidden, secret = (
        make_case(ctx),
        make_case(ctx),
        make_case(ctx),
        make_case(ctx, access=RESTRICTED),
    )
    with ctx.database.writing() as session:
        by_number = {case.number: case for case in session.query(Case)}
        by_number[number].merged_into = by_number[other].id
        by_number[hidden].merged_into = by_number[secret].id

    client = log_in(Role.DUTY_CLERK)

    assert f'<a href="/cases/{other}">' in client.get(f"/cases/{number}").text
    assert secret not in client.get(f"/cases/{hidden}").text
