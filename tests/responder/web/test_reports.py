"""The list of the weekly summaries on the desk."""

import pytest

from config.context import Context
from responder.reports import draft_edition
from responder.weeks import parse_week, week_of
from tests.conftest import FixedClock
from tests.factories import make_message
from tests.responder.web.conftest import LogIn
from tests.responder.weekly import LINYI, linyi


def test_weeks_without_messages_are_not_listed(ctx: Context, log_in: LogIn) -> None:
    """An edition of a week in which nothing came is not in the list, and can still be opened by its address."""
    draft_edition(ctx, parse_week("1999-W35", LINYI))
    desk = log_in()

    assert "没有来件的周不列出" in desk.get("/reports").text
    assert desk.get("/reports/1999-W35").status_code == 200


def test_a_draft_within_the_week_is_marked(ctx: Context, clock: FixedClock, log_in: LogIn) -> None:
    """The edition of a week that was not over says so beside its moment; the whole week's does not."""
    make_message(ctx)
    draft_edition(ctx, week_of(ctx.clock(), LINYI))
    desk = log_in()
    assert desk.get("/reports").text.count("本周未结束") == 1

    clock.set(linyi(11, 30))
    draft_edition(ctx, parse_week("2026-W48", LINYI))

    assert log_in().get("/reports").text.count("本周未结束") == 1


@pytest.mark.parametrize("version", ["2", "0", "-1", "2147483648", "9" * 23])
def test_a_version_that_never_was_is_not_found(ctx: Context, log_in: LogIn, version: str) -> None:
    """Also one that no column of a database could hold."""
    draft_edition(ctx, parse_week("2026-W47", LINYI))

    assert log_in().get(f"/reports/2026-W47?version={version}").status_code == 404
