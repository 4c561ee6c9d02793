"""Killing the process at any line of a live source's collection loses no message and doubles none."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from config.clock import system_clock
from config.home import init_home
from config.settings import Settings
from tests.dovecot import running_dovecot
from tests.profiles import profile_file
from tests.webserver import Asked, Reply, serving

POINTS = 10
LETTERS = 24
NOW = system_clock().astimezone()
BOUNDS = 'pace = 0\nrobots = false\nrobots_reason = "a stand-in"\nprivate = true\n'

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def body(number: int) -> str:
    """Return the words of an invented letter."""
    return f"第{number}条路的路灯不亮了，请修一修。"


def time_of(number: int) -> str:
    """Return when it was written."""
    return (NOW - timedelta(hours=number + 1)).isoformat(timespec="seconds")


def killed_everywhere(
    tmp_path: Path, blocks: str, source: str, secret: str = "", files: dict[str, str] | None = None
) -> list[dict[str, Any]]:
    """Kill a collection of a source at `POINTS` random lines, each in a fresh home; return the states afterwards."""
    template = tmp_path / "template"
    profile = profile_file(tmp_path, blocks)
    init_home(Settings(home=template, profile=profile), clock=lambda: NOW - timedelta(days=2)).close()
    for name, text in (files or {}).items():
        (template / name).parent.mkdir(exist_ok=True)
        (template / name).write_text(text, "utf-8")
    shares = sorted(random.Random(f"20261123 {source}").random() for _ in range(POINTS))
    run = subprocess.run(
        [sys.executable, "-m", "tests.killing_sources", str(template), str(profile), source, json.dumps(shares)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent.parent,
        env={**os.environ, "WENZHENG_SECRET_ACCOUNT": secret},
    )
    assert run.returncode == 0, run.stderr[-3000:]
    first, *rounds = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(rounds) == POINTS
    assert all(one["killed"] for one in rounds)
    return [first, *rounds]


def check(rounds: list[dict[str, Any]]) -> None:
    """Check that every letter is there once after each round, with nothing unread or set aside."""
    for one in rounds:
        state, where = one["state"], one.get("die_at")
        assert state["bodies"] == sorted(map(body, range(LETTERS))), where
        assert len(set(state["ids"])) == LETTERS, where
        assert state["ids"] == rounds[0]["state"]["ids"], where
        assert (state["unread"], state["set_aside"]) == (0, 0), where
        assert state["counted"], where


@pytest.fixture
def site() -> Iterator[str]:
    """A board of three pages with a page for each letter, and a feed of the same letters."""

    def answer(asked: Asked) -> Reply | str:
        path = asked.path.partition("?")[0]
        if path == "/list":
            first = (int(asked.query["page"]) - 1) * 10
            rows = "".join(
                f"<li><a href='/letter?id={n}'>路灯{n}</a><i>{time_of(n)[:10]}</i></li>"
                for n in range(first, min(first + 10, LETTERS))
            )
            return f"<ul class='letters'>{rows}</ul>"
        if path == "/letter":
            number = int(asked.query["id"])
            return f"<p>来信时间：{time_of(number)}</p><h3>信件内容</h3><div>{body(number)}</div>"
        entries = "".join(
            f"<item><guid>{n}</guid><title>路灯{n}</title><description>{body(n)}</description>"
            f"<pubDate>{time_of(n)}</pubDate></item>"
            for n in range(LETTERS)
        )
        return f"<?xml version='1.0'?><rss version='2.0'><channel><title>留言</title>{entries}</channel></rss>"

    with serving(answer) as server:
        yield server.url


def test_a_website(tmp_path: Path, site: str) -> None:
    """A board with pages for its letters: lists, details, answers and cursor survive a kill at any line."""
    blocks = f"""
[[sources]]
id = "board"
kind = "website"
channel = "site-board"
{BOUNDS}
[sources.list]
url = "{site}/list?page={{page}}"
rows = "ul.letters li"
fields = {{ title = "a", link = "a@href", external_id = {{ select = "a@href", pattern = '(\\d+)' }} }}
[sources.list.paging]
first = 1
[[sources.details]]
fields = {{ body = {{ label = "信件内容" }}, posted_at = {{ label = "来信时间" }} }}
"""
    check(killed_everywhere(tmp_path, blocks, "board"))


def test_a_feed(tmp_path: Path, site: str) -> None:
    """A feed is taken once, whenever the process dies."""
    blocks = f"""
[[sources]]
id = "feed"
kind = "feed"
channel = "site-board"
url = "{site}/feed"
{BOUNDS}
"""
    check(killed_everywhere(tmp_path, blocks, "feed"))


def test_a_mailbox(tmp_path: Path) -> None:
    """Mails are stored once, and are marked as read only when they are stored."""
    with running_dovecot() as server:
        account = server.account()
        mails = [
            f"From: a{n}@example.org\r\nMessage-ID: <{n}@example.org>\r\nSubject: =?utf-8?b?6Lev54Gv?=\r\n"
            f"Date: {(NOW - timedelta(hours=n + 1)).strftime('%a, %d %b %Y %H:%M:%S %z')}\r\n"
            f"Content-Type: text/plain; charset=utf-8\r\n\r\n{body(n)}\r\n".encode()
            for n in range(LETTERS)
        ]
        server.deliver(account, *mails, received=NOW)
        blocks = f"""
[[sources]]
id = "mail"
kind = "imap"
channel = "mailbox"
host = "127.0.0.1"
port = {server.port}
security = "plain"
username = "{account.name}"
password = "secret:account"
after = "seen"
"""
        check(killed_everywhere(tmp_path, blocks, "mail", account.password))

        assert all(server.seen(account))


def test_a_folder(tmp_path: Path) -> None:
    """Files are taken once, and moved only when they are stored."""
    lines = ["留言编号,留言主题,留言时间,留言详情"]
    lines += [f"{n},路灯,{time_of(n)},{body(n)}" for n in range(LETTERS)]
    files = {
        "in/a.csv": "\n".join([lines[0], *lines[1:10]]),
        "in/b.csv": "\n".join([lines[0], *lines[10:]]),
    }
    blocks = '[[sources]]\nid = "drop"\nkind = "folder"\nchannel = "site-board"\npath = "in"\nquiet = "1s"\n'
    check(killed_everywhere(tmp_path, blocks, "drop", files=files))
