"""Tests that a restricted case does not exist for those who may not read it, on any page."""

import pytest

from config.context import Context
from responder.permissions import Role
from responder.reports import draft_edition, week_of
from tests.responder.web.conftest import LogIn, make_case, make_restricted_case

TITLE, BODY, AUTHOR = "密件标题甲乙丙", "密件正文丁戊己", "密件作者庚辛"


def pages(ctx: Context) -> list[str]:
    """Return every address at which a case could show."""
    week = week_of(ctx.clock(), ctx.profile.zone)
    draft_edition(ctx, week)
    return ["/", "/?page=2", "/reports", f"/reports/{week.label}", "/account", "/staff", "/audit"]


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.OFFICE, Role.LEADER)])
def test_a_restricted_case_is_invisible(ctx: Context, log_in: LogIn, role: Role):
    """Its page answers like that of a case that never was, and no other page names it."""
    secret = make_restricted_case(ctx, TITLE, body=BODY, author_name=AUTHOR, contact="secret@example.com")
    make_case(ctx, title="普通的来信")
    client = log_in(role)

    hidden, unknown = client.get(f"/cases/{secret}"), client.get("/cases/2026-999999")

    assert hidden.status_code == unknown.status_code
    assert hidden.status_code in (403, 404)
    assert hidden.text == unknown.text
    for path in pages(ctx):
        text = client.get(path).text
        for word in (TITLE, BODY, AUTHOR, "secret@example.com", secret):
            assert word not in text, path


@pytest.mark.parametrize("role", [Role.OFFICE, Role.LEADER])
def test_a_restricted_case_is_read_by_office_and_leader(ctx: Context, log_in: LogIn, role: Role):
    """Who may read it finds it in the list and opens it; the page says that it is restricted."""
    secret = make_restricted_case(ctx, TITLE, body=BODY)
    client = log_in(role)

    assert TITLE in client.get("/").text
    page = client.get(f"/cases/{secret}")
    assert page.status_code == 200
    assert BODY in page.text
    assert "<strong>限制查看</strong>" in page.text


def test_the_summary_hides_it_from_everybody(ctx: Context, log_in: LogIn):
    """The weekly summary is made to be handed round, so not even the office reads a restricted title there."""
    make_restricted_case(ctx, TITLE, body=BODY)
    client = log_in(Role.OFFICE)

    for path in pages(ctx)[2:4]:
        answer = client.get(path)
        assert answer.status_code == 200
        assert TITLE not in answer.text
