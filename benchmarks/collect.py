"""Collect from local stand-ins in a throw-away home: messages a second, peak memory at several counts.

    python benchmarks/collect.py [--count 20000]

A web server in a process of its own serves a board as JSON pages of 100 letters, and the same letters as an HTML list
of 50 with a page each; a real Dovecot serves them as mail. Each step is `wenzheng collect` in a process of its own, so
that its peak memory is its own; it is run at a quarter, a half and the whole of the count, and then once more with
nothing new. Prints JSON.
"""

import argparse
import html
import json
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

sys.path.insert(0, str(Path(__file__).parent.parent))  # The stand-ins belong to the tests, which are not installed.

from config.profile import SHIPPED
from tests.dovecot import running_dovecot
from tests.webserver import Asked, Reply, serving

NEWEST = datetime(2026, 11, 20, 8, tzinfo=UTC)
PLACES = ("兰山区", "罗庄区", "河东区", "沂水县", "费县", "平邑县", "莒南县", "蒙阴县")
MATTERS = (
    "路灯不亮",
    "统计年鉴在哪里查",
    "公交车等得太久",
    "暖气不热",
    "人口普查还没有登记",
    "河里有异味",
    "学校门口堵车",
)


def letter(number: int) -> dict[str, str]:
    """Return an invented letter; a higher number is an older one."""
    place, matter = PLACES[number % len(PLACES)], MATTERS[number % len(MATTERS)]
    return {
        "id": f"L{10_000_000 - number}",
        "title": f"{place}{number}号小区{matter}",
        "body": f"您好，我住在{place}第{number}号小区。{matter}，已经{number % 30 + 1}天了，请有关部门看一看。" * 3,
        "time": f"{NEWEST - timedelta(minutes=number):%Y-%m-%d %H:%M:%S}",
        "author": f"网民{number % 997}",
    }


def serve_boards(count: int, pipe: Connection) -> None:
    """Serve *count* letters as a JSON board and as an HTML board until the pipe is closed."""

    def answer(asked: Asked) -> Reply:
        split = urlsplit(asked.path)
        query = {name: values[0] for name, values in parse_qs(split.query).items()}
        if split.path == "/api":
            first = int(query["offset"])
            rows = [letter(number) for number in range(first, min(first + 100, count))]
            return Reply(
                json.dumps({"data": {"rows": rows, "total": count}}), headers={"Content-Type": "application/json"}
            )
        if split.path == "/list":
            first = (int(query["page"]) - 1) * 50
            rows = [letter(number) for number in range(first, min(first + 50, count))]
            lines = "".join(
                f"<tr><td>{row['id']}</td><td><a href='letter?id={row['id']}'>{row['title']}</a></td>"
                f"<td>{row['time'][:10]}</td></tr>"
                for row in rows
            )
            return _page(f"<table class='list'><tr><th>编号</th><th>标题</th><th>日期</th></tr>{lines}</table>")
        if split.path == "/letter":
            row = letter(10_000_000 - int(query["id"][1:]))
            cells = (
                ("信件标题", row["title"]),
                ("来信人", row["author"]),
                ("来信时间", row["time"]),
                ("信件内容", row["body"]),
            )
            return _page(
                "<table>" + "".join(f"<tr><th>{n}</th><td>{html.escape(v)}</td></tr>" for n, v in cells) + "</table>"
            )
        return Reply(status=404)

    with serving(answer) as server:
        server.requests = _Nothing()  # type: ignore[assignment]
        pipe.send(server.url)
        pipe.recv()


class _Nothing(list[Any]):
    """Keeps no record of the requests; 20,000 of them would be measured too."""

    def append(self, one: Any) -> None:
        """Forget it."""


def _page(content: str) -> Reply:
    head = "<html><head><meta charset=utf-8><title>网上信访</title></head><body><div id=nav><a href='/'>首页</a></div>"
    return Reply(f"{head}{content}<div class=foot>联系电话</div></body></html>", headers={"Content-Type": "text/html"})


@contextmanager
def boards(count: int) -> Iterator[str]:
    """Run the boards in a process of their own and give their address."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve_boards, args=(count, theirs), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send(None)
        process.join(10)
        process.kill()


def website(source: str, blocks: str) -> str:
    """Return a website's description with what every stand-in needs."""
    return (
        f'[[sources]]\nid = "{source}"\nkind = "website"\nchannel = "site-board"\npace = 0\nbudget = 1000000\n'
        f'robots = false\nrobots_reason = "stand-in"\nprivate = true\n{blocks}\n'
    )


def api(url: str) -> str:
    """Describe the JSON board."""
    return website(
        "board-json",
        f"""[sources.list]
url = "{url}/api?offset={{offset}}"
at = "data.rows"
[sources.list.fields]
external_id = "id"
title = "title"
body = "body"
posted_at = "time"
author_name = "author"
[sources.list.paging]
size = 100
total = "data.total"
""",
    )


def pages(url: str) -> str:
    """Describe the HTML board with a page for each letter."""
    return website(
        "board-html",
        f"""[sources.list]
url = "{url}/list?page={{page}}"
rows = "table.list tr"
[sources.list.fields]
external_id = "td"
title = "a"
link = "a@href"
[[sources.details]]
[sources.details.fields]
body = {{ label = "信件内容" }}
posted_at = {{ label = "来信时间" }}
author_name = {{ label = "来信人" }}
[sources.list.paging]
first = 1
""",
    )


def mailbox(port: int, name: str) -> str:
    """Describe the mailbox."""
    return (
        f'[[sources]]\nid = "mail"\nkind = "imap"\nchannel = "mailbox"\nhost = "127.0.0.1"\nport = {port}\n'
        f'security = "plain"\nusername = "{name}"\npassword = "secret:bench"\n'
    )


def mail(number: int) -> bytes:
    """Return a letter as a mail."""
    row = letter(number)
    when = (NEWEST - timedelta(minutes=number)).strftime("%a, %d %b %Y %H:%M:%S +0000")
    return (
        f"From: {number % 997}@example.org\r\nTo: bureau@example.org\r\nDate: {when}\r\n"
        f"Message-ID: <{row['id']}@example.org>\r\nSubject: {row['title']}\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{row['body']}\r\n"
    ).encode()


def collect(home: Path, profile: Path, source: str, secret: str = "") -> dict[str, Any]:
    """Run `wenzheng collect` in a fresh process; return counts, seconds, peak memory and messages a second."""
    code = (
        "import resource, sys, worker\n"
        "try:\n    worker.main()\nfinally:\n"
        "    sys.stderr.write(f'PEAK {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}')"
    )
    environment = {
        **os.environ,
        "WENZHENG_HOME": str(home),
        "WENZHENG_PROFILE": str(profile),
        "WENZHENG_LOG_LEVEL": "error",
        "WENZHENG_SECRET_BENCH": secret,
    }
    arguments = ["init"] if not source else ["collect", source, "--json"]
    start = time.perf_counter()
    run = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - start
    if run.returncode:
        raise SystemExit(run.stderr)
    if not source:
        return {}
    counts = json.loads(run.stdout)
    peak = re.search(r"PEAK (\d+)", run.stderr)
    return {
        "source": source,
        "stored": counts["stored"],
        "seconds": round(seconds, 2),
        "per_second": round(counts["stored"] / seconds),
        "peak_mb": round(int(peak[1]) / 1024) if peak else None,
    }


def measure(folder: Path, description: str, source: str, secret: str = "", *, again: bool) -> list[dict[str, Any]]:
    """Collect a source into a fresh home, and once more if asked."""
    folder.mkdir()
    profile = folder / "profile.toml"
    profile.write_text(f"{SHIPPED.read_text('utf-8')}\n{description}", "utf-8")
    home = folder / "home"
    collect(home, profile, "")
    rows = [collect(home, profile, source, secret)]
    if again:
        rows.append(collect(home, profile, source, secret))
    return rows


def main() -> None:
    """Run every step and print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="letters of the largest board and mailbox")
    most: int = parser.parse_args().count
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for count in (most // 4, most // 2, most):
            again = count == most
            with boards(count) as url:
                rows += measure(Path(folder) / f"json-{count}", api(url), "board-json", again=again)
                rows += measure(Path(folder) / f"html-{count}", pages(url), "board-html", again=again)
            with running_dovecot() as server:
                account = server.account()
                server.deliver(account, *(mail(number) for number in range(count)))
                blocks = mailbox(server.port, account.name)
                rows += measure(Path(folder) / f"mail-{count}", blocks, "mail", account.password, again=again)
    for row in rows:
        print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    main()
