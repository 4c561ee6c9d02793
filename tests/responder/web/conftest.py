"""A desk in the test's own process, people who log in to it, and cases to look at."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient

import responder
from collector.tables import RESTRICTED, Message
from config.context import Context
from responder import accounts
from responder.accounts import create_staff
from responder.permissions import SECTION_ROLES, Role
from responder.tables import Case, CaseMessage, Deadline
from responder.web.app import create_app
from tests.conftest import variables
from tests.factories import make_message, make_prediction

PASSWORD = "yimeng-mountain-1"
HOST = "https://desk.test"

LogIn = Callable[..., TestClient]


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashing is made cheap, because its cost is not what is tested."""
    monkeypatch.setattr(accounts, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def guest(ctx: Context) -> Iterator[TestClient]:
    """A browser that is not logged in."""
    with TestClient(create_app(ctx), base_url=HOST, follow_redirects=False) as client:
        yield client


@pytest.fixture
def log_in(ctx: Context) -> LogIn:
    """A function that makes an account of a role, if needed, and returns a browser logged in as it."""
    app = create_app(ctx)

    def logged_in(role: Role = Role.OFFICE, section: str | None = None) -> TestClient:
        username = add_staff(ctx, role, section)
        client = TestClient(app, base_url=HOST, follow_redirects=False)
        answer = post_login(client, username, PASSWORD)
        assert answer.status_code == 303, answer.text
        return client

    return logged_in


def add_staff(ctx: Context, role: Role, section: str | None = None) -> str:
    """Add an account of a role and return its user name."""
    if section is None and role in SECTION_ROLES:
        section = "综合科"
    username = f"{role.name.lower()}-{section or 'none'}"
    with ctx.database.writing() as session:
        if not any(person.username == username for person in accounts.list_staff(session)):
            create_staff(session, username, "王某", role, section, PASSWORD, ctx.clock(), ctx=ctx, actor="test")
    return username


def post_login(client: TestClient, username: str, password: str, **more: str) -> Any:
    """Fill in the log-in form the way a browser does."""
    page = client.get("/login")
    fields = {"csrf": csrf_of(page), "next": "/", "username": username, "password": password} | more
    return client.post("/login", data=fields)


def csrf_of(page: Any) -> str:
    """Return the word of the first form of a page."""
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


def make_case(ctx: Context, *, predicted: bool = True, **columns: Any) -> str:
    """Store a message with a case, a due date and a prediction, and return the case's number."""
    case_columns = {name: columns.pop(name) for name in ("state", "owner", "urgency") if name in columns}
    due_on: date = columns.pop("due_on", date(2026, 11, 30))
    prediction = columns.pop("prediction", {})
    message = make_message(ctx, **columns)
    if predicted:
        make_prediction(ctx, message, **prediction)
    with ctx.database.writing() as session:
        row = session.get_one(Message, message)
        case = Case(
            number=f"2026-{message:06}",
            channel=row.channel,
            received_at=row.received_at,
            opened_at=ctx.clock(),
            **({"state": "待分办", "owner": "综合科", "urgency": "低"} | case_columns),
        )
        session.add(case)
        session.flush()
        session.add(CaseMessage(case_id=case.id, message_id=message, role="opening"))
        session.add(
            Deadline(
                case_id=case.id,
                clock="site-board",
                due_on=due_on,
                due_at=datetime.combine(due_on + timedelta(days=1), datetime.min.time(), ctx.profile.zone),
                provisional=False,
                rule={"id": "site-board", "unit": "working_days", "amount": 5},
                steps=["适用规则：网站留言，5个工作日", "11月28日（周六）、29日（周日）不计"],
                computed_at=ctx.clock(),
            )
        )
        return case.number


def make_restricted_case(ctx: Context, title: str, **columns: Any) -> str:
    """Store a case whose message is restricted."""
    return make_case(ctx, title=title, access=RESTRICTED, **columns)


PROGRAM = """
import resource
import sys

from config.home import open_home
from config.logs import set_up_logs
from config.settings import load_settings
from responder.web.app import serve

resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]),) * 2)
settings = load_settings()
set_up_logs(settings)
ctx = open_home(settings)
serve(ctx, lambda address: print(address, flush=True))
print("ended", flush=True)
"""


@contextmanager
def desk(ctx: Context, host: str, open_files: int = 1024) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run a desk in a process of its own and give it with its port once it is ready; its log is `stderr` at home."""
    environment = {
        **variables(ctx.settings),
        "PYTHONPATH": str(Path(responder.__file__).parents[1]),
        "WENZHENG_HOST": host,
        "WENZHENG_PORT": "0",
        "WENZHENG_COOKIE_SECURE": "false",
    }
    command = [sys.executable, "-c", PROGRAM, str(open_files)]
    with (
        (ctx.settings.home / "stderr").open("wb") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment) as process,
    ):
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert address.startswith("http://"), address
            yield process, int(address.rstrip("/").rsplit(":", 1)[1])
        finally:
            process.kill()
