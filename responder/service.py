"""The service: two child processes, desk and work, started again when one dies, stopped together."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

from config.logs import get_logger

log = get_logger(__name__)

CHILDREN = ("desk", "work")
FIRST_PAUSE_S, LONGEST_PAUSE_S, CALM_S = 1.0, 60.0, 120.0
GRACE_S = 30.0
"""How long children may take to end before they are killed; killing loses nothing, it only repeats work."""


class _Child:
    def __init__(self, role: str) -> None:
        self.role = role
        self.pause = FIRST_PAUSE_S
        self.start()

    def start(self) -> None:
        environment = {**os.environ, "WENZHENG_PARENT": str(os.getpid())}
        self.started = time.monotonic()
        # The command is ours alone: this interpreter, this program, a word of the table above.
        self.process = subprocess.Popen([sys.executable, "-m", "worker", self.role], env=environment)  # noqa: S603
        log.info("child_started", role=self.role, pid=self.process.pid)

    def next_pause(self) -> float:
        if time.monotonic() - self.started > CALM_S:
            self.pause = FIRST_PAUSE_S
        pause, self.pause = self.pause, min(self.pause * 2, LONGEST_PAUSE_S)
        return pause


def run_service(stop: threading.Event) -> None:
    """Run desk and work until *stop* is set; a child that dies is started again after a growing pause."""
    children = [_Child(role) for role in CHILDREN]
    due: dict[str, float] = {}
    try:
        while not stop.wait(0.2):
            for child in children:
                if child.process.poll() is None:
                    continue
                if child.role not in due:
                    pause = child.next_pause()
                    log.error("child_died", role=child.role, status=child.process.returncode, again_in_s=pause)
                    due[child.role] = time.monotonic() + pause
                elif time.monotonic() >= due[child.role]:
                    del due[child.role]
                    child.start()
    finally:
        _end([child.process for child in children])


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + GRACE_S
    for process in processes:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
    return stop


def follow_parent(then: Callable[[], None]) -> None:
    """In a child of `run_service`: call *then* when the parent is gone, so that no orphan holds port and lock."""
    parent = os.environ.get("WENZHENG_PARENT")
    if parent is None:
        return

    def watch() -> None:
        while os.getppid() == int(parent):
            time.sleep(1)
        then()

    threading.Thread(target=watch, name="follow-parent", daemon=True).start()
