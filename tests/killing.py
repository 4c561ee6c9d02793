"""Runs import, classify and open-cases in a forked child that kills itself at its N-th database event.

Called by test_kill.py as a program, so that forking happens in a process without threads.
Usage: killing.py HOME FILE POINTS_JSON; prints one JSON line per point.
"""

import itertools
import json
import os
import shutil
import signal
import sys
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event

from classifier.jobs import classify_pending
from classifier.versions import ensure_base
from collector.importing import import_file
from collector.tables import Message
from config.home import open_home
from config.logs import set_up_logs
from config.settings import Settings
from responder.cases import open_cases
from responder.tables import CaseMessage, Deadline


def work(home: Path, file: Path, die_at: int | None) -> int:
    """Do the whole way once; die without warning at database event *die_at*; return the number of events."""
    ctx = open_home(Settings(home=home))
    events = itertools.count(1)
    last = 0

    def tick(*arguments: object) -> None:
        nonlocal last
        last = next(events)
        if last == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(ctx.database.engine, name, tick)
    import_file(ctx, file, "site-board")
    classify_pending(ctx)
    open_cases(ctx)
    ctx.close()
    return last


def child(home: Path, file: Path, die_at: int | None) -> bool:
    """Run `work` in a forked child and tell whether it was killed."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work(home, file, die_at)
            status = 0
        finally:
            os._exit(status)
    _, result = os.waitpid(pid, 0)
    if os.WIFSIGNALED(result):
        return True
    if os.WEXITSTATUS(result) != 0:
        raise RuntimeError(f"the child failed with status {os.WEXITSTATUS(result)}")
    return False


def state(home: Path) -> dict[str, object]:
    """Return what is stored: the ids, and how many rows each floor has."""
    ctx = open_home(Settings(home=home))
    with ctx.database.reading() as session:
        ids = session.scalars(sa.select(Message.external_id).order_by(Message.external_id)).all()
        predictions = session.scalar(sa.text("select count(*) from predictions"))
        distinct = session.scalar(sa.text("select count(distinct message_id) from predictions"))
        in_cases = session.scalars(sa.select(CaseMessage.message_id)).all()
        cases = session.scalar(sa.text("select count(*) from cases"))
        deadlines = session.scalar(sa.select(sa.func.count()).select_from(Deadline))
    ctx.close()
    return {
        "ids": list(ids),
        "predictions": predictions,
        "predicted_messages": distinct,
        "case_messages": len(in_cases),
        "distinct_case_messages": len(set(in_cases)),
        "cases": cases,
        "deadlines": deadlines,
    }


def main() -> None:
    """Measure the events of a whole run, then die at each asked share of it and finish with a second run."""
    template, file, shares = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
    set_up_logs(Settings(log_level="error"))
    ctx = open_home(Settings(home=template))
    ensure_base(ctx)
    ctx.close()
    trial = template.with_name("trial")
    shutil.copytree(template, trial)
    total = work(trial, file, None)
    print(json.dumps({"total": total, "state": state(trial)}), flush=True)
    for share in shares:
        home = template.with_name(f"home-{share}")
        shutil.copytree(template, home)
        die_at = 1 + int(share * (total - 1))
        killed = child(home, file, die_at)
        child(home, file, None)
        print(json.dumps({"die_at": die_at, "killed": killed, "state": state(home)}), flush=True)
        shutil.rmtree(home)


if __name__ == "__main__":
    main()
