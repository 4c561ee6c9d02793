"""The service as processes: two children, started again when one dies, gone when the parent goes."""

import json
import os
import re
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from classifier.versions import ensure_base
from config.context import Context
from tests.conftest import variables

PATIENCE_S = 60


class Service:
    """A running `wenzheng run`, read by its log."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.entries: list[dict[str, Any]] = []
        assert process.stderr is not None
        self._selector = selectors.DefaultSelector()
        self._selector.register(process.stderr, selectors.EVENT_READ)

    def wait_for(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the first log entry, from now on, that is wanted."""
        assert self.process.stderr is not None
        while self._selector.select(PATIENCE_S):
            line = self.process.stderr.readline()
            if not line:
                break
            entry: dict[str, Any] = json.loads(line) if line.startswith("{") else {"event": line}
            self.entries.append(entry)
            if wanted(entry):
                return entry
        raise AssertionError(f"the log ended or fell silent after {self.entries[-3:]}")

    def event(self, name: str, **fields: Any) -> dict[str, Any]:
        """Wait for an event with these fields."""
        return self.wait_for(lambda one: one["event"] == name and all(one.get(k) == v for k, v in fields.items()))


@contextmanager
def running(ctx: Context) -> Iterator[Service]:
    """Run the service on a free port until both children are at work."""
    ensure_base(ctx)
    environment = variables(ctx.settings) | {"WENZHENG_PORT": "0", "WENZHENG_LOG_LEVEL": "info"}
    command = [sys.executable, "-m", "worker", "run"]
    # Each run is a group of its own, so that nothing of it is left behind whatever the test finds.
    with subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        service = Service(process)
        try:
            wanted = {"desk_ready", "work_started"}
            while wanted:
                wanted.discard(service.wait_for(lambda one: one["event"] in wanted)["event"])
            yield service
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def child(service: Service, role: str) -> int:
    """Return the process number of the newest child of a role."""
    started = [one for one in service.entries if one["event"] == "child_started" and one["role"] == role]
    return int(started[-1]["pid"])


@pytest.mark.timeout(180)
def test_a_dead_child_is_started_again_and_sigterm_ends_all(ctx: Context) -> None:
    """kill -9 of either child brings a new one; SIGTERM ends the service with exit code 0 and no child left."""
    with running(ctx) as service:
        os.kill(child(service, "work"), signal.SIGKILL)
        service.event("child_died", role="work")
        service.event("work_started")
        os.kill(child(service, "desk"), signal.SIGKILL)
        service.event("child_died", role="desk")
        service.event("desk_ready")

        service.process.send_signal(signal.SIGTERM)

        assert service.process.wait(PATIENCE_S) == 0
        for role in ("desk", "work"):
            with pytest.raises(ProcessLookupError):
                os.kill(child(service, role), 0)


@pytest.mark.timeout(180)
def test_children_do_not_outlive_a_killed_parent(ctx: Context) -> None:
    """After kill -9 of the parent both children end by themselves, and the service can be started again."""
    with running(ctx) as service:
        service.process.kill()
        service.process.wait(PATIENCE_S)
        # The log's pipe is closed by the last process that holds it: then nobody is left.
        assert service.process.stderr is not None
        service.process.stderr.read()

    with running(ctx):
        pass


def test_a_taken_address_is_told_before_anything_starts(ctx: Context) -> None:
    """The service says which address is taken, once, and ends with code 1."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = subprocess.run(
            [sys.executable, "-m", "worker", "run"],
            env=variables(ctx.settings) | {"WENZHENG_PORT": str(port)},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )

    assert run.returncode == 1
    assert len(re.findall("error:", run.stderr)) == 1
    assert str(port) in run.stderr
