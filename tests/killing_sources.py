"""Collects a live source in a forked child that kills itself at its N-th line of the collector's code.

Called by test_kill_sources.py as a program, so that forking happens in a process without threads; the remote side
(a web server, Dovecot) runs elsewhere. Usage: killing_sources.py HOME PROFILE SOURCE SHARES_JSON; prints JSON lines.
"""

import json
import os
import shutil
import signal
import sys
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import sqlalchemy as sa

from collector.access import PIPELINE, visible_to
from collector.collecting import collect
from collector.rereading import resume
from collector.tables import CollectionRun, Message, RawItem, SetAside
from config.clock import system_clock
from config.context import Context
from config.home import open_home
from config.logs import set_up_logs
from config.settings import Settings

COLLECTOR = f"{os.sep}collector{os.sep}"


class Watch:
    """Counts the lines of the collector that are run, and kills the process at one of them."""

    def __init__(self, die_at: int | None) -> None:
        self.die_at, self.lines = die_at, 0

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Any:
        """Follow the collector's own functions only: tracing every library would take minutes."""
        return self.line if COLLECTOR in frame.f_code.co_filename else None

    def line(self, frame: FrameType, event: str, argument: Any) -> Any:
        """Count one line."""
        if event == "line":
            self.lines += 1
            if self.lines == self.die_at:
                os.kill(os.getpid(), signal.SIGKILL)
        return self.line


def opened(home: Path, profile: Path) -> Context:
    """Open a home with a profile; its clock is a minute ahead, for which files copied just now have stood untouched."""
    return open_home(Settings(home=home, profile=profile), clock=lambda: system_clock() + timedelta(minutes=1))


def work(home: Path, profile: Path, source: str, die_at: int | None) -> int:
    """Collect once; die without warning at line *die_at*; return the number of lines."""
    ctx = opened(home, profile)
    watch = Watch(die_at)
    sys.settrace(watch)
    try:
        collect(ctx, source)
    finally:
        sys.settrace(None)
        ctx.close()
    return watch.lines


def child(home: Path, profile: Path, source: str, die_at: int | None) -> bool:
    """Run `work` in a forked child and tell whether it was killed."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work(home, profile, source, die_at)
            status = 0
        finally:
            os._exit(status)
    _, result = os.waitpid(pid, 0)
    if os.WIFSIGNALED(result):
        return True
    if os.WEXITSTATUS(result) != 0:
        raise RuntimeError(f"the child failed with status {os.WEXITSTATUS(result)}")
    return False


def state(home: Path, profile: Path) -> dict[str, object]:
    """Return what is stored, once interrupted readings are finished as the service does by itself."""
    ctx = opened(home, profile)
    resume(ctx, older_than=system_clock())
    with ctx.database.reading() as session:
        ids = session.scalars(
            sa.select(Message.external_id).where(visible_to(PIPELINE)).order_by(Message.external_id)
        ).all()
        bodies = session.scalars(
            sa.select(Message.body).where(visible_to(PIPELINE)).order_by(Message.external_id)
        ).all()
        unread = session.scalar(sa.select(sa.func.count()).where(RawItem.state == "new"))
        aside = session.scalar(sa.select(sa.func.count()).select_from(SetAside))
        fetched = session.execute(
            sa.select(
                CollectionRun.fetched,
                CollectionRun.stored + CollectionRun.duplicates + CollectionRun.dropped + CollectionRun.set_aside,
            )
        ).all()
    ctx.close()
    return {
        "ids": list(ids),
        "bodies": sorted(bodies),
        "unread": unread,
        "set_aside": aside,
        "counted": all(left == right for left, right in fetched),
    }


def main() -> None:
    """Measure the lines of a whole run, then die at each asked share of them and finish with a second run."""
    template, profile, source = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    shares = json.loads(sys.argv[4])
    set_up_logs(Settings(log_level="error"))
    trial = template.with_name("trial")
    shutil.copytree(template, trial)
    total = work(trial, profile, source, None)
    print(json.dumps({"total": total, "state": state(trial, profile)}), flush=True)
    for share in shares:
        home = template.with_name(f"home-{share}")
        shutil.copytree(template, home)
        die_at = 1 + int(share * (total - 1))
        killed = child(home, profile, source, die_at)
        child(home, profile, source, None)
        print(json.dumps({"die_at": die_at, "killed": killed, "state": state(home, profile)}), flush=True)
        shutil.rmtree(home)


if __name__ == "__main__":
    main()
