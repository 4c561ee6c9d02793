"""Tests of staff accounts, log-ins and sessions."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from sqlalchemy.orm import Session

from config.context import Context
from responder import accounts
from responder.accounts import (
    IDLE_FOR,
    LOCKED_FOR,
    SESSION_FOR,
    create_staff,
    disable,
    find_staff,
    list_staff,
    log_in,
    log_out,
    random_password,
    revoke,
    set_password,
    set_role,
    visit,
)
from responder.audit import AuditAction, verify
from responder.errors import AccountError, LogInBusy, PasswordRefused
from responder.permissions import Role
from responder.staff_tables import Staff, StaffSession
from responder.tables import AuditEvent
from tests.conftest import FixedClock

PASSWORD = "yimeng-mountain-1"


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashing is made cheap, because its cost is not what is tested."""
    monkeypatch.setattr(accounts, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def add(
    ctx: Context, username: str = "wang", role: str = Role.OFFICE, section: str | None = None, **more: str
) -> Staff:
    """Add an account the way the command line does."""
    with ctx.database.writing() as session:
        return create_staff(
            session,
            username,
            more.get("display_name", "王某"),
            role,
            section,
            more.get("password", PASSWORD),
            ctx.clock(),
            ctx=ctx,
            actor="cli",
        )


def acts(ctx: Context) -> list[str]:
    """Return the actions recorded so far, in order."""
    with ctx.database.reading() as session:
        return list(session.scalars(sa.select(AuditEvent.action).order_by(AuditEvent.id)))


def test_an_account_is_made_and_recorded(ctx: Context):
    """A new account keeps an argon2id hash, not the password, and its making is in the audit without names."""
    staff = add(ctx, role=Role.SECTION_STAFF, section="工业统计科")

    assert staff.password_hash.startswith("$argon2id$")
    assert PASSWORD not in staff.password_hash
    with ctx.database.reading() as session:
        event = session.scalars(sa.select(AuditEvent)).one()
    assert (event.actor, event.action, event.subject) == ("cli", AuditAction.STAFF_ADD, f"staff:{staff.id}")
    assert event.detail == {"role": "科室人员", "section": "工业统计科"}


@pytest.mark.parametrize("password", ["", "short", "elevenchars", "密码太短了吗"])
def test_a_short_password_is_refused(ctx: Context, password: str):
    """Under twelve characters nothing is stored, and the error says the rule without the password."""
    with pytest.raises(PasswordRefused, match="12 to 256 are needed") as caught:
        add(ctx, password=password)

    assert not password or password not in str(caught.value)
    with ctx.database.reading() as session:
        assert list_staff(session) == []
    assert acts(ctx) == []


def test_the_user_name_is_no_password(ctx: Context):
    """The user name itself is refused, in whatever case."""
    with pytest.raises(PasswordRefused, match="user name"):
        add(ctx, username="zhiban-yuan-01", password="ZhiBan-Yuan-01")


@pytest.mark.parametrize("username", ["", "a", "x" * 65, "two words", "a/b", "<b>bold</b>", "李\n四"])
def test_a_malformed_user_name_is_refused(ctx: Context, username: str):
    """User names are short and plain."""
    with pytest.raises(AccountError):
        add(ctx, username=username)


def test_a_user_name_is_taken_in_any_case(ctx: Context):
    """WANG and wang (half-width or full-width) are one account."""
    add(ctx, username="wang")

    for same in ("wang", "WANG", "ｗａｎｇ"):
        with pytest.raises(AccountError, match="already"):
            add(ctx, username=same)


@pytest.mark.parametrize(
    ("role", "section", "says"),
    [("局长", None, "no role"), (Role.SECTION_HEAD, None, "needs a section"), (Role.OFFICE, "炼钢科", "no section")],
)
def test_role_and_section_must_be_known(ctx: Context, role: str, section: str | None, says: str):
    """A role or section that does not exist is refused by name."""
    with pytest.raises(AccountError, match=says):
        add(ctx, role=role, section=section)


def test_only_office_and_leader_see_restricted(ctx: Context):
    """An account serves as the viewer of messages by its role; a disabled one sees nothing restricted."""
    section = {Role.SECTION_STAFF: "综合科", Role.SECTION_HEAD: "综合科"}
    seers = [role for n, role in enumerate(Role) if add(ctx, f"user{n}", role, section.get(role)).sees_restricted]

    assert seers == [Role.OFFICE, Role.LEADER]
    with ctx.database.writing() as session:
        disable(session, "user3", ctx.clock(), ctx=ctx, actor="cli")
        assert not find_staff(session, "user3").sees_restricted


def test_the_right_password_opens_a_session(ctx: Context):
    """The session's secret is given once and kept only as a hash."""
    staff = add(ctx)

    login = log_in(ctx, " WANG ", PASSWORD, ctx.clock())

    assert login is not None
    assert login.staff.id == staff.id
    found = visit(ctx, login.token, ctx.clock())
    assert found is not None
    assert (found.staff.id, found.csrf) == (staff.id, login.csrf)
    with ctx.database.reading() as session:
        row = session.scalars(sa.select(StaffSession)).one()
    assert login.token not in (row.token_hash, row.csrf_token)
    assert login.token != login.csrf
    assert acts(ctx) == [AuditAction.STAFF_ADD, AuditAction.STAFF_LOGIN]


@pytest.mark.parametrize("password", ["", "wrong-password-1", PASSWORD + " ", PASSWORD.upper(), "x" * 5000])
def test_a_wrong_password_opens_nothing(ctx: Context, password: str):
    """Refusals give None and no reason; the failure is in the audit."""
    add(ctx)

    assert log_in(ctx, "wang", password, ctx.clock()) is None
    assert acts(ctx)[-1] == AuditAction.STAFF_LOGIN_FAILED


@pytest.mark.parametrize("username", ["nobody", "", "\0", "x" * 64, "' or 1=1 --", "有 空格"])
def test_an_unknown_user_costs_a_verification_too(ctx: Context, monkeypatch: pytest.MonkeyPatch, username: str):
    """For a name nobody has, a hash is verified all the same, so that time does not tell; the audit stays as it is."""
    verified = []
    verify_password = accounts._verify
    monkeypatch.setattr(accounts, "_verify", lambda *given: (verified.append(given[0]), verify_password(*given))[1])

    assert log_in(ctx, username, PASSWORD, ctx.clock()) is None
    assert verified == [accounts._NOBODY]
    assert accounts._NOBODY.startswith("$argon2id$")
    assert acts(ctx) == []


def test_five_failures_lock_the_account(ctx: Context, clock: FixedClock):
    """After five wrong passwords the right one is refused too, for fifteen minutes, and then works again."""
    add(ctx)
    for _ in range(5):
        assert log_in(ctx, "wang", "wrong-password-1", ctx.clock()) is None

    assert log_in(ctx, "wang", PASSWORD, ctx.clock()) is None
    clock.forward(LOCKED_FOR - timedelta(seconds=1))
    assert log_in(ctx, "wang", PASSWORD, ctx.clock()) is None
    clock.forward(timedelta(seconds=1))
    assert log_in(ctx, "wang", PASSWORD, ctx.clock()) is not None
    assert acts(ctx) == ["staff:add", *["staff:login_failed"] * 4, "staff:locked", "staff:login"]


def test_tries_under_a_lock_do_not_fill_the_audit(ctx: Context):
    """While an account is locked, further tries neither lengthen the lock nor leave rows."""
    add(ctx)
    for _ in range(30):
        log_in(ctx, "wang", "wrong-password-1", ctx.clock())

    assert len(acts(ctx)) == 6


def test_a_success_forgets_earlier_failures(ctx: Context):
    """Four mistakes, a success, four mistakes: no lock."""
    add(ctx)
    for _ in range(2):
        for _ in range(4):
            log_in(ctx, "wang", "wrong-password-1", ctx.clock())
        assert log_in(ctx, "wang", PASSWORD, ctx.clock()) is not None


def test_an_idle_session_ends(ctx: Context, clock: FixedClock):
    """Thirty minutes without a request end a session; each request starts them anew."""
    add(ctx)
    login = log_in(ctx, "wang", PASSWORD, ctx.clock())
    assert login is not None

    for _ in range(3):
        clock.forward(IDLE_FOR - timedelta(minutes=1))
        assert visit(ctx, login.token, ctx.clock()) is not None
    clock.forward(IDLE_FOR)
    assert visit(ctx, login.token, ctx.clock()) is None


def test_a_session_ends_after_twelve_hours_whatever_happens(ctx: Context, clock: FixedClock):
    """Work without a pause does not keep a session alive for ever."""
    add(ctx)
    login = log_in(ctx, "wang", PASSWORD, ctx.clock())
    assert login is not None

    for _ in range(int(SESSION_FOR / timedelta(minutes=20)) - 1):
        clock.forward(timedelta(minutes=20))
        assert visit(ctx, login.token, ctx.clock()) is not None
    clock.forward(timedelta(minutes=20))
    assert visit(ctx, login.token, ctx.clock()) is None


def test_reading_pages_rarely_writes(ctx: Context, clock: FixedClock):
    """The last sight of a session is written at most once a minute."""
    add(ctx)
    login = log_in(ctx, "wang", PASSWORD, ctx.clock())
    assert login is not None
    written = []
    sa.event.listen(
        ctx.database.engine,
        "before_cursor_execute",
        lambda *given: written.append(given[2]) if given[2].startswith("UPDATE") else None,
    )

    for _ in range(5):
        clock.forward(timedelta(seconds=15))
        visit(ctx, login.token, ctx.clock())

    assert len(written) == 1


def test_logging_out_ends_one_session(ctx: Context):
    """The same person's session at another desk goes on."""
    add(ctx)
    first, second = (log_in(ctx, "wang", PASSWORD, ctx.clock()) for _ in range(2))
    assert first is not None
    assert second is not None
    found = visit(ctx, first.token, ctx.clock())
    assert found is not None

    log_out(ctx, found, ctx.clock())

    assert visit(ctx, first.token, ctx.clock()) is None
    assert visit(ctx, second.token, ctx.clock()) is not None
    assert acts(ctx)[-1] == AuditAction.STAFF_LOGOUT


def test_old_sessions_are_cleared_away(ctx: Context, clock: FixedClock):
    """A log-in removes rows of sessions that ended, so that the table does not grow for ever."""
    add(ctx)
    for _ in range(3):
        assert log_in(ctx, "wang", PASSWORD, ctx.clock())
        clock.forward(IDLE_FOR)
    assert log_in(ctx, "wang", PASSWORD, ctx.clock())

    with ctx.database.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(StaffSession)) == 1


def test_a_new_password_ends_sessions_and_lifts_a_lock(ctx: Context):
    """After a reset the old password and the old sessions are worth nothing, the new password works at once."""
    add(ctx)
    login = log_in(ctx, "wang", PASSWORD, ctx.clock())
    assert login is not None
    for _ in range(5):
        log_in(ctx, "wang", "wrong-password-1", ctx.clock())

    with ctx.database.writing() as session:
        set_password(session, "wang", "another-password-2", ctx.clock(), ctx=ctx, actor="cli")

    assert visit(ctx, login.token, ctx.clock()) is None
    assert log_in(ctx, "wang", PASSWORD, ctx.clock()) is None
    assert log_in(ctx, "wang", "another-password-2", ctx.clock()) is not None


def test_a_disabled_account_is_closed_at_once(ctx: Context):
    """Its sessions end, its password opens nothing, and doing it twice records it once."""
    add(ctx)
    login = log_in(ctx, "wang", PASSWORD, ctx.clock())
    assert login is not None

    for _ in range(2):
        with ctx.database.writing() as session:
            disable(session, "wang", ctx.clock(), ctx=ctx, actor="cli")

    assert visit(ctx, login.token, ctx.clock()) is None
    assert log_in(ctx, "wang", PASSWORD, ctx.clock()) is None
    assert acts(ctx).count(AuditAction.STAFF_DISABLE) == 1


def test_sessions_can_be_revoked(ctx: Context):
    """Revoking ends every session and says how many there were."""
    add(ctx)
    logins = [log_in(ctx, "wang", PASSWORD, ctx.clock()) for _ in range(3)]

    with ctx.database.writing() as session:
        assert revoke(session, "wang", ctx.clock(), ctx=ctx, actor="cli") == 3

    assert all(login and visit(ctx, login.token, ctx.clock()) is None for login in logins)
    assert acts(ctx)[-1] == AuditAction.STAFF_REVOKE


def test_a_new_role_is_in_force_in_open_sessions(ctx: Context):
    """A person who loses a right loses it with the next request, not with the next log-in."""
    add(ctx, role=Role.OFFICE)
    login = log_in(ctx, "wang", PASSWORD, ctx.clock())
    assert login is not None

    with ctx.database.writing() as session:
        set_role(session, "wang", Role.DUTY_CLERK, None, ctx.clock(), ctx=ctx, actor="cli")

    found = visit(ctx, login.token, ctx.clock())
    assert found is not None
    assert not found.staff.sees_restricted
    assert acts(ctx)[-1] == AuditAction.STAFF_ROLE


@pytest.mark.parametrize("act", [set_password, set_role, disable, revoke])
def test_an_unknown_account_cannot_be_changed(ctx: Context, act: object):
    """Every change of a name nobody has is refused and tells where to look."""
    given = {set_password: [PASSWORD], set_role: [Role.OFFICE, None]}.get(act, [])

    with pytest.raises(AccountError, match="staff list"), ctx.database.writing() as session:
        act(session, "nobody", *given, ctx.clock(), ctx=ctx, actor="cli")


def _create_and_fail(ctx: Context, session: Session) -> None:
    create_staff(session, "wang", "王某", Role.OFFICE, None, PASSWORD, ctx.clock(), ctx=ctx, actor="cli")
    create_staff(session, "zhao", "赵某", Role.OFFICE, None, "short", ctx.clock(), ctx=ctx, actor="cli")


def test_an_act_that_is_rolled_back_leaves_no_record(ctx: Context):
    """Account and record are one transaction."""
    with pytest.raises(PasswordRefused), ctx.database.writing() as session:
        _create_and_fail(ctx, session)

    assert acts(ctx) == []
    assert verify(ctx).ok


def test_random_passwords_follow_the_rules_and_differ(ctx: Context):
    """What the demo prints can be used as it is."""
    first, second = random_password(), random_password()

    add(ctx, password=first)
    assert first != second
    assert log_in(ctx, "wang", first, ctx.clock()) is not None


def test_a_wrong_hash_in_the_database_opens_nothing(ctx: Context):
    """A damaged hash is a refusal, not a crash."""
    add(ctx)
    with ctx.database.writing() as session:
        find_staff(session, "wang").password_hash = "not a hash"

    assert log_in(ctx, "wang", PASSWORD, ctx.clock()) is None


def test_a_log_in_that_finds_no_room_counts_for_nothing(ctx: Context, monkeypatch: pytest.MonkeyPatch):
    """While others are hashed a log-in gives up soon; neither a failure nor an event is written."""
    add(ctx)
    before = acts(ctx)
    busy = threading.BoundedSemaphore(1)
    monkeypatch.setattr(accounts, "_HASHING", busy)
    monkeypatch.setattr(accounts, "_HASHING_WAIT_S", 0.01)

    with busy, pytest.raises(LogInBusy):
        log_in(ctx, "wang", "wrong-password-1", ctx.clock())

    assert acts(ctx) == before
    with ctx.database.reading() as session:
        assert find_staff(session, "wang").failed_logins == 0
    assert log_in(ctx, "wang", PASSWORD, ctx.clock()) is not None
