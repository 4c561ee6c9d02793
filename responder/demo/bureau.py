"""The demo bureau: a home filled with an invented three weeks through the real importers."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from classifier.jobs import classify_pending
from classifier.versions import ensure_base
from collector.importing import import_file
from config.clock import Clock, system_clock
from config.context import Context
from config.home import init_home
from config.settings import Settings
from responder.accounts import create_staff, random_password
from responder.cases import open_cases
from responder.demo.inputs import write_inputs
from responder.errors import DemoRefused
from responder.permissions import Role
from responder.reports import report
from responder.scheduling import home_lock
from responder.tables import Case
from responder.weeks import week_of

IN_SERVICE_SINCE = timedelta(days=21)
PEOPLE = (
    ("zhiban", "值班员小李", Role.DUTY_CLERK, None),
    ("zonghe", "综合科小王", Role.SECTION_STAFF, "综合科"),
    ("bangong", "办公室老赵", Role.OFFICE, None),
    ("lingdao", "分管领导", Role.LEADER, None),
    ("guanli", "系统管理员", Role.SYSTEM_ADMIN, None),
)


@dataclass(frozen=True)
class Account:
    """A demo account; its password is random and told once."""

    username: str
    display_name: str
    role: str
    password: str


@dataclass(frozen=True)
class Demo:
    """A filled demo home."""

    ctx: Context
    accounts: tuple[Account, ...]
    imported: dict[str, int]
    report: Path


def fill_demo(
    settings: Settings, *, clock: Clock = system_clock, say: Callable[[str], None] = lambda line: None
) -> Demo:
    """Make the demo home anew: write the input files, import, classify, open cases, add people, write the summary.

    Raises:
        DemoRefused: the home holds something that is not a demo, or cannot be read; it is not touched.
        AlreadyRunning: a demo is being served from this home; it is not touched.
    """
    _clear(settings)
    # The bureau is taken to have been in service for three weeks, so that those weeks' letters are cases.
    context = init_home(settings, clock=lambda: clock() - IN_SERVICE_SINCE, demo=True)
    ctx = replace(context, clock=clock)
    ensure_base(ctx)
    today = clock().astimezone(ctx.profile.zone).date()
    imported = {"fetched": 0, "stored": 0, "duplicates": 0, "dropped": 0, "set_aside": 0}
    for demo_input in write_inputs(settings.home / "demo-inputs", today, ctx.profile.zone):
        counts = import_file(ctx, demo_input.path, demo_input.channel).as_dict()
        for key in imported:
            imported[key] += counts[key]
    say("imported  " + ", ".join(f"{key.replace('_', ' ')} {number}" for key, number in imported.items()))
    say(f"classified {classify_pending(ctx).get('classified', 0)} messages")
    say(f"opened    {open_cases(ctx).get('opened', 0)} cases")
    with ctx.database.writing() as session:
        # The invented past was loaded in one go; its cases were opened as their letters came.
        session.execute(sa.update(Case).values(opened_at=Case.received_at))
    week = week_of(clock(), ctx.profile.zone).previous
    path = report(ctx, week, "html", settings.home / "reports" / f"{week.label}.html")
    report(ctx, week, "json", settings.home / "reports" / f"{week.label}.json")
    return Demo(ctx, _add_people(ctx), imported, path)


def _add_people(ctx: Context) -> tuple[Account, ...]:
    accounts = []
    with ctx.database.writing() as session:
        for username, name, role, section in PEOPLE:
            password = random_password()
            create_staff(session, username, name, role, section, password, ctx.clock(), ctx=ctx, actor="demo")
            accounts.append(Account(username, name, role, password))
    return tuple(accounts)


def _clear(settings: Settings) -> None:
    """Empty a demo home; anything else is refused."""
    if settings.database_url is not None:
        raise DemoRefused(
            "the demo uses a database of its own", item="WENZHENG_DATABASE_URL", todo="Unset it for the demo."
        )
    home, todo = settings.home, "Point WENZHENG_HOME at an empty folder."
    try:
        if not home.exists() or not any(home.iterdir()):
            return
        if not _is_demo(home / "wenzheng.db"):
            raise DemoRefused(
                "the folder holds something that is not a demo; it was not touched", item=str(home), todo=todo
            )
        with home_lock(home):
            shutil.rmtree(home)
    except OSError as error:
        raise DemoRefused(f"the folder cannot be emptied ({error.strerror})", item=str(home), todo=todo) from error


def _is_demo(database: Path) -> bool:
    """Look into a database without leaving a trace beside it."""
    if not database.is_file():
        return False
    # SQLite makes its log files even to read, unless it is told that nobody writes; with a log there somebody may.
    how = "mode=ro" if database.with_name(database.name + "-wal").exists() else "immutable=1"
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?{how}", uri=True)) as connection:
            return connection.execute("select demo from installation").fetchall() == [(1,)]
    except sqlite3.Error:
        return False
