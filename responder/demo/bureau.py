"""The demo bureau: a home filled with an invented three weeks through the real importers."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from classifier.jobs import classify_pending
from classifier.versions import ensure_base
from collector.importing import import_file
from config.clock import Clock, system_clock
from config.context import Context
from config.database import Database
from config.errors import DatabaseError
from config.home import init_home
from config.settings import Settings
from config.tables import Installation
from responder.accounts import create_staff, random_password
from responder.cases import open_cases
from responder.demo.inputs import write_inputs
from responder.errors import DemoRefused
from responder.permissions import Role
from responder.reports import report
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
        DemoRefused: the home holds something that is not a demo; it is not touched.
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
    if not settings.home.exists() or not any(settings.home.iterdir()):
        return
    if not _is_demo(settings):
        raise DemoRefused(
            "the folder holds something that is not a demo; it was not touched",
            item=str(settings.home),
            todo="Point WENZHENG_HOME at an empty folder.",
        )
    shutil.rmtree(settings.home)


def _is_demo(settings: Settings) -> bool:
    database = Database(settings.url, None)
    try:
        with database.engine.connect() as connection:
            return bool(connection.scalar(sa.select(Installation.demo)))
    except DatabaseError:
        return False
    finally:
        database.close()
