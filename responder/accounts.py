"""Staff accounts: making and changing them, logging in and out, and the session behind a log-in cookie.

Passwords are kept as argon2id hashes, session tokens as SHA-256 (they are random, so no salt is needed).
Every act is recorded in the audit within its own transaction, so that neither exists without the other.
"""

import hashlib
import re
import secrets
import threading
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.orm import Session

from config.context import Context
from responder.audit import AuditAction, record
from responder.errors import AccountError, LogInBusy, PasswordRefused
from responder.permissions import SECTION_ROLES, Role
from responder.staff_tables import Staff, StaffSession

PASSWORD_MIN_CHARS, PASSWORD_MAX_CHARS = 12, 256
MAX_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
IDLE_FOR = timedelta(minutes=30)
SESSION_FOR = timedelta(hours=12)
SEEN_STEP = timedelta(minutes=1)
"""A session's last sight is written at most this often, so that reading pages does not mean writing rows."""

_HASHER = PasswordHasher()
# One verification takes 64 MiB; without a bound a burst of log-ins would take the machine's memory.
_HASHING = threading.BoundedSemaphore(2)
_HASHING_WAIT_S = 1.0
_NOBODY = _HASHER.hash(secrets.token_urlsafe())
_USERNAME = re.compile(r"[\w.\-]{2,64}")


@dataclass(frozen=True)
class LogIn:
    """A successful log-in: the secret for the cookie, the word for the forms, the person."""

    token: str
    csrf: str
    staff: Staff


@dataclass(frozen=True)
class Visit:
    """A request by somebody logged in."""

    session_id: int
    csrf: str
    staff: Staff
    ends_at: datetime


def create_staff(
    session: Session,
    username: str,
    display_name: str,
    role: str,
    section: str | None,
    password: str,
    now: datetime,
    *,
    ctx: Context,
    actor: str,
) -> Staff:
    """Add an account and record it; the caller commits.

    Args:
        username: 2-64 letters, digits, `.`, `_` or `-`; upper and lower case are the same.
        section: one of the profile's; needed by 科室人员 and 科室负责人.
        actor: who does it, for the audit: a user name, or `system` for the command line.

    Raises:
        AccountError: the name is taken or malformed, or role or section are not known.
        PasswordRefused: the password does not follow the rules.
    """
    username, display_name = check_new(session, username, display_name, role, section, ctx=ctx)
    staff = Staff(
        username=username,
        display_name=display_name,
        role=role,
        section=section,
        password_hash=_hash_password(username, password),
        created_at=now,
    )
    session.add(staff)
    session.flush()
    detail = {"role": role, "section": section}
    record(session, ctx.vault, actor, AuditAction.STAFF_ADD, _subject(staff), detail, now)
    return staff


def check_new(
    session: Session, username: str, display_name: str, role: str, section: str | None, *, ctx: Context
) -> tuple[str, str]:
    """Return user name and display name as they would be stored, before anybody is asked for a password.

    Raises:
        AccountError: as `create_staff`.
    """
    username = _plain(username)
    if not _USERNAME.fullmatch(username):
        raise AccountError(
            "the user name has other signs than letters, digits, '.', '_', '-', or not 2 to 64 of them",
            item="user name",
            todo="Choose another user name.",
        )
    display_name = display_name.strip()
    if not 1 <= len(display_name) <= 64 or not display_name.isprintable():
        raise AccountError("the display name is empty, too long or unprintable", item=username, todo="Give another.")
    if session.scalar(sa.select(Staff.id).where(Staff.username == username)) is not None:
        raise AccountError("there is such an account already", item=username, todo="Choose another user name.")
    _check_role(ctx, username, role, section)
    return username, display_name


def set_role(
    session: Session, username: str, role: str, section: str | None, now: datetime, *, ctx: Context, actor: str
) -> None:
    """Give an account another role and section, in force from its next request; the caller commits.

    Raises:
        AccountError: no such account, role or section.
    """
    staff = find_staff(session, username)
    _check_role(ctx, staff.username, role, section)
    staff.role, staff.section = role, section
    detail = {"role": role, "section": section}
    record(session, ctx.vault, actor, AuditAction.STAFF_ROLE, _subject(staff), detail, now)


def set_password(session: Session, username: str, password: str, now: datetime, *, ctx: Context, actor: str) -> None:
    """Give an account another password, end its sessions and lift a lock; the caller commits.

    Raises:
        AccountError: no such account.
        PasswordRefused: the password does not follow the rules.
    """
    staff = find_staff(session, username)
    staff.password_hash = _hash_password(staff.username, password)
    staff.failed_logins, staff.locked_until = 0, None
    detail = {"sessions_ended": _end_sessions(session, staff)}
    record(session, ctx.vault, actor, AuditAction.STAFF_PASSWORD, _subject(staff), detail, now)


def disable(session: Session, username: str, now: datetime, *, ctx: Context, actor: str) -> None:
    """Close an account for good and end its sessions; repeating it changes nothing. The caller commits.

    Raises:
        AccountError: no such account.
    """
    staff = find_staff(session, username)
    if staff.disabled_at is not None:
        return
    staff.disabled_at = now
    detail = {"sessions_ended": _end_sessions(session, staff)}
    record(session, ctx.vault, actor, AuditAction.STAFF_DISABLE, _subject(staff), detail, now)


def revoke(session: Session, username: str, now: datetime, *, ctx: Context, actor: str) -> int:
    """End every session of an account and return how many there were; the caller commits.

    Raises:
        AccountError: no such account.
    """
    staff = find_staff(session, username)
    ended = _end_sessions(session, staff)
    detail = {"sessions_ended": ended}
    record(session, ctx.vault, actor, AuditAction.STAFF_REVOKE, _subject(staff), detail, now)
    return ended


def find_staff(session: Session, username: str) -> Staff:
    """Return the account of this user name.

    Raises:
        AccountError: there is none.
    """
    staff = session.scalar(sa.select(Staff).where(Staff.username == _plain(username)))
    if staff is None:
        raise AccountError("there is no such account", item=username, todo="See `wenzheng staff list`.")
    return staff


def list_staff(session: Session) -> list[Staff]:
    """Return every account, by user name."""
    return list(session.scalars(sa.select(Staff).order_by(Staff.username)))


def log_in(ctx: Context, username: str, password: str, now: datetime) -> LogIn | None:
    """Check a password and open a session; None if refused.

    The refusal does not say why, and an unknown name costs as much time as a wrong password: both would tell a
    stranger who has an account. Five wrong passwords lock the account for 15 minutes, the right one included.
    A try under a lock, or for an unknown name, leaves no trace in the audit, which strangers could otherwise fill.

    Raises:
        LogInBusy: other log-ins held the hashing for a second.
    """
    name = _plain(username)
    staff = None
    if _USERNAME.fullmatch(name):
        with ctx.database.reading() as session:
            staff = session.scalar(sa.select(Staff).where(Staff.username == name))
    right = _verify(staff.password_hash if staff else _NOBODY, password)
    if staff is None or staff.disabled_at is not None:
        return None
    with ctx.database.writing() as session:
        # Read again under the lock: parallel guesses would otherwise all see the count before any of them.
        staff = session.get_one(Staff, staff.id, with_for_update=True)
        if staff.disabled_at is not None or (staff.locked_until is not None and now < staff.locked_until):
            return None
        if not right:
            _count_failure(ctx, session, staff, now)
            return None
        staff.failed_logins, staff.locked_until = 0, None
        session.execute(sa.delete(StaffSession).where(_ended(now)))
        token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        session.add(
            StaffSession(
                staff_id=staff.id,
                token_hash=_token_hash(token),
                csrf_token=csrf,
                created_at=now,
                last_seen_at=now,
                expires_at=now + SESSION_FOR,
            )
        )
        record(session, ctx.vault, staff.username, AuditAction.STAFF_LOGIN, _subject(staff), {}, now)
        return LogIn(token, csrf, staff)


def visit(ctx: Context, token: str, now: datetime) -> Visit | None:
    """Return the visit a cookie's token stands for; None if it is unknown, idle for 30 minutes or 12 hours old."""
    with ctx.database.reading() as session:
        row = session.execute(
            sa.select(StaffSession, Staff)
            .join(Staff, Staff.id == StaffSession.staff_id)
            .where(StaffSession.token_hash == _token_hash(token), ~_ended(now), Staff.disabled_at.is_(None))
        ).one_or_none()
    if row is None:
        return None
    login, staff = row
    if now - login.last_seen_at >= SEEN_STEP:
        with ctx.database.writing() as session:
            session.execute(sa.update(StaffSession).where(StaffSession.id == login.id).values(last_seen_at=now))
    return Visit(login.id, login.csrf_token, staff, login.expires_at)


def log_out(ctx: Context, visit: Visit, now: datetime) -> None:
    """End one session."""
    with ctx.database.writing() as session:
        session.execute(sa.delete(StaffSession).where(StaffSession.id == visit.session_id))
        staff = visit.staff
        record(session, ctx.vault, staff.username, AuditAction.STAFF_LOGOUT, _subject(staff), {}, now)


def random_password() -> str:
    """Return a password of 20 signs that a person can read aloud and type (about 95 bits)."""
    letters = "abcdefghijkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))


def _plain(username: str) -> str:
    return unicodedata.normalize("NFKC", username).strip().lower()


def _subject(staff: Staff) -> str:
    return f"staff:{staff.id}"


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _ended(now: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(StaffSession.expires_at <= now, StaffSession.last_seen_at <= now - IDLE_FOR)


def _end_sessions(session: Session, staff: Staff) -> int:
    ended = sa.delete(StaffSession).where(StaffSession.staff_id == staff.id).returning(StaffSession.id)
    return len(session.scalars(ended).all())


def _count_failure(ctx: Context, session: Session, staff: Staff, now: datetime) -> None:
    staff.failed_logins += 1
    action = AuditAction.STAFF_LOGIN_FAILED
    if staff.failed_logins >= MAX_FAILURES:
        staff.failed_logins, staff.locked_until = 0, now + LOCKED_FOR
        action = AuditAction.STAFF_LOCKED
    record(session, ctx.vault, staff.username, action, _subject(staff), {}, now)


def _check_role(ctx: Context, username: str, role: str, section: str | None) -> None:
    if role not in list(Role):
        raise AccountError(f"there is no role {role!r}", item=username, todo=f"Use one of {'、'.join(Role)}.")
    if section is None and role in SECTION_ROLES:
        raise AccountError(f"the role {role} needs a section", item=username, todo="Name the section.")
    known = [part.name for part in ctx.profile.sections]
    if section is not None and section not in known:
        raise AccountError(
            f"the profile has no section {section!r}", item=username, todo=f"Use one of {'、'.join(known)}."
        )


def _normal_password(password: str) -> str:
    # The same password typed on two keyboards may differ in form (full-width signs, composed letters).
    return unicodedata.normalize("NFKC", password)


def _hash_password(username: str, password: str) -> str:
    password = _normal_password(password)
    if not PASSWORD_MIN_CHARS <= len(password) <= PASSWORD_MAX_CHARS:
        raise PasswordRefused(
            f"the password has {len(password)} characters; {PASSWORD_MIN_CHARS} to {PASSWORD_MAX_CHARS} are needed",
            item=username,
            todo="Choose another password.",
        )
    if _plain(password) == username:
        raise PasswordRefused("the password is the user name", item=username, todo="Choose another password.")
    with _HASHING:
        return _HASHER.hash(password)


def _verify(password_hash: str, password: str) -> bool:
    # Who waits keeps one of the server's threads from everybody else, so nobody waits long.
    if not _HASHING.acquire(timeout=_HASHING_WAIT_S):
        raise LogInBusy("too many people are logging in", item="log-in", todo="Try again in a moment.")
    try:
        return _HASHER.verify(password_hash, _normal_password(password)[: PASSWORD_MAX_CHARS + 1])
    except (VerificationError, InvalidHashError):
        return False
    finally:
        _HASHING.release()
