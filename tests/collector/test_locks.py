"""One process at a time collects a source."""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack

import pytest

from collector.errors import SourceBusy
from collector.locks import source_lock
from config.context import Context

HOLDER = """
import fcntl, sys, time
file = open(sys.argv[1], "w")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)
"""


def test_a_source_is_collected_by_one_at_a_time(ctx: Context) -> None:
    """The second is told so, naming the source, and does not wait."""
    with source_lock(ctx, "board"), pytest.raises(SourceBusy) as caught, source_lock(ctx, "board"):
        pass

    assert caught.value.item == "board"


def test_other_sources_go_on(ctx: Context) -> None:
    """Each has a lock of its own."""
    with ExitStack() as stack:
        for source in ("board", "board-2", "mail"):
            stack.enter_context(source_lock(ctx, source))


def test_the_lock_is_given_back(ctx: Context) -> None:
    """At once, also when the collection fails; PostgreSQL would notice a closed connection a little later."""
    for _ in range(30):
        with pytest.raises(RuntimeError), source_lock(ctx, "board"):
            raise RuntimeError


def test_the_lock_dies_with_its_holder(ctx: Context) -> None:
    """A killed process locks nobody out."""
    with source_lock(ctx, "board"):
        pass
    file = ctx.settings.home / "locks" / "source-board.lock"
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(file)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(SourceBusy), source_lock(ctx, "board"):
            pass
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()

    with source_lock(ctx, "board"):
        pass


def test_the_folder_of_locks_is_the_services_own(ctx: Context) -> None:
    """Names of sources are nobody else's business."""
    with source_lock(ctx, "board"):
        assert (ctx.settings.home / "locks").stat().st_mode & 0o077 == 0
