"""One request at a time to a host, and a pause after each, over all threads and processes of the machine.

A file a host is locked while a request runs and holds the moment at which the last one ended. The lock dies with its
holder; the file stays, because the pause outlives the process.
"""

import errno
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from config.errors import StorageFull

_POLL_S = 0.05


class Pacer:
    """Gives out the turns to ask a host.

    Args:
        folder: holds a file for each host; shared by all processes of the machine, created when missing.
        now: the machine's clock, aware.
        wait: sleeps for so many seconds; raises when the service is told to stop.
    """

    def __init__(self, folder: Path, *, now: Callable[[], datetime], wait: Callable[[float], None]) -> None:
        self._folder, self._now, self._wait = folder, now, wait
        self._folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def turn(self, host: str, pace: float) -> Iterator[None]:
        """Wait for the turn to ask a host and hold it; the pause for the next one counts from the end.

        Args:
            host: the host's name.
            pace: least seconds between the end of the last request and now.

        Raises:
            StorageFull: the disk refused to keep the moment.
        """
        file = self._open(host)
        try:
            while not _locked(file):
                self._wait(_POLL_S)
            self._wait(self._remaining(file, pace))
            # Kept at the start too: who is killed in the middle has asked the host all the same.
            self._keep(file)
            try:
                yield
            finally:
                self._keep(file)
        finally:
            os.close(file)

    def _open(self, host: str) -> int:
        # Hashed, because a host's name is a stranger's text and no name for a file.
        path = self._folder / f"{hashlib.sha256(host.encode()).hexdigest()[:32]}.pace"
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as err:
            raise _full(err, path) from err

    def _remaining(self, file: int, pace: float) -> float:
        """Return the seconds still to wait: at most the pace, even if the clock was set back since."""
        kept = os.pread(file, 64, 0)
        if pace <= 0 or not kept:
            return 0.0
        try:
            passed = self._now().timestamp() - float(kept)
        except ValueError:
            return pace
        if passed >= pace:
            return 0.0
        return pace - passed if passed >= 0 else pace

    def _keep(self, file: int) -> None:
        try:
            os.pwrite(file, f"{self._now().timestamp():020.6f}".encode(), 0)
        except OSError as err:
            raise _full(err, self._folder) from err


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _full(err: OSError, path: Path) -> Exception:
    if err.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull("the disk is full", item=str(path), todo="Free some space; the next run goes on.")
    return err
