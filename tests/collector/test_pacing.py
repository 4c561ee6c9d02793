"""Pacing: one request at a time to a host, and a pause after each, over threads and processes."""

import errno
import os
import subprocess
import sys
import threading
from datetime import timedelta

import pytest

from collector import pacing
from collector.pacing import Pacer
from config.errors import StorageFull
from tests.conftest import FixedClock


class Waits:
    """A wait that takes no time: it moves the clock, and remembers."""

    def __init__(self, clock: FixedClock) -> None:
        self.clock, self.seconds = clock, 0.0

    def __call__(self, seconds: float) -> None:
        self.seconds += seconds
        self.clock.forward(timedelta(seconds=seconds))


@pytest.fixture
def waits(clock):
    """Counts the seconds waited."""
    return Waits(clock)


@pytest.fixture
def pacer(tmp_path, clock, waits):
    """A pacer whose waits take no time."""
    return Pacer(tmp_path / "locks", now=clock, wait=waits)


def test_the_first_request_does_not_wait(pacer, waits):
    """A host that was never asked is asked at once."""
    with pacer.turn("a.cn", 5):
        pass

    assert waits.seconds == 0


def test_the_pause_counts_from_the_end_of_the_last_request(pacer, clock, waits):
    """A request of three seconds and a pause of two elapsed leave three of five to wait."""
    with pacer.turn("a.cn", 5):
        clock.forward(timedelta(seconds=3))
    clock.forward(timedelta(seconds=2))

    with pacer.turn("a.cn", 5):
        pass

    assert waits.seconds == pytest.approx(3)


def test_hosts_do_not_wait_for_each_other(pacer, waits):
    """Each host has a pause of its own."""
    for host in ("a.cn", "b.cn", "c.cn"):
        with pacer.turn(host, 5):
            pass

    assert waits.seconds == 0


def test_no_pace_no_wait(pacer, waits):
    """With a pace of zero nothing is waited for."""
    for _ in range(3):
        with pacer.turn("a.cn", 0):
            pass

    assert waits.seconds == 0


@pytest.mark.parametrize("back", [timedelta(seconds=1), timedelta(days=400)])
def test_a_clock_set_back_costs_one_pace_at_most(pacer, clock, waits, back):
    """A last request that lies in the future is taken for one that just ended."""
    with pacer.turn("a.cn", 5):
        pass
    clock.forward(-back)

    with pacer.turn("a.cn", 5):
        pass

    assert waits.seconds == 5


@pytest.mark.parametrize("kept", [b"x" * 20, b"\0" * 20, b"nan", b"-", b"9" * 64])
def test_a_damaged_file_costs_one_pace_at_most(pacer, tmp_path, waits, kept):
    """What cannot be read in a host's file is taken for a request that just ended."""
    with pacer.turn("a.cn", 5):
        pass
    (file,) = (tmp_path / "locks").iterdir()
    file.write_bytes(kept)

    with pacer.turn("a.cn", 5):
        pass

    assert waits.seconds == 5


def test_a_killed_request_counts_from_its_start(pacer, tmp_path, clock, waits):
    """While a request runs its start is kept, so that who is killed in the middle was polite all the same."""
    with pacer.turn("a.cn", 5):
        (file,) = (tmp_path / "locks").iterdir()
        kept = file.read_bytes()
        clock.forward(timedelta(seconds=2))
    file.write_bytes(kept)

    with pacer.turn("a.cn", 5):
        pass

    assert waits.seconds == pytest.approx(3)


def test_a_failed_request_is_paced_too_and_frees_the_host(pacer, waits):
    """An error within the turn ends it: the next waits its pace, and does not hang."""
    with pytest.raises(ValueError, match="broke"), pacer.turn("a.cn", 5):
        raise ValueError("broke")

    with pacer.turn("a.cn", 5):
        pass

    assert waits.seconds == 5


def test_a_stop_while_waiting_frees_the_host(pacer, tmp_path, clock):
    """Told to stop while it waits, a turn ends and lets the host go."""

    class Stop(Exception):
        pass

    def stop(seconds):
        raise Stop

    with pacer.turn("a.cn", 5):
        pass
    stopped = Pacer(tmp_path / "locks", now=clock, wait=lambda seconds: stop(seconds) if seconds else None)
    with pytest.raises(Stop), stopped.turn("a.cn", 5):
        pass

    with pacer.turn("a.cn", 0):
        pass


def test_threads_ask_a_host_one_at_a_time(tmp_path, clock):
    """Of many threads with pacers of their own only one holds the host's turn."""
    inside, most, turns = 0, 0, []

    def ask():
        nonlocal inside, most
        pacer = Pacer(tmp_path, now=clock, wait=lambda seconds: pause.wait(0.001))
        for _ in range(20):
            with pacer.turn("a.cn", 0):
                inside += 1
                most = max(most, inside)
                pause.wait(0.0001)
                inside -= 1
                turns.append(1)

    pause = threading.Event()
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (most, len(turns)) == (1, 80)


def test_another_process_holds_the_host_until_it_dies(tmp_path, clock):
    """A turn is refused while another process holds it, and given when that process is killed."""
    script = (
        "import sys, pathlib, datetime\n"
        "from collector.pacing import Pacer\n"
        "now = lambda: datetime.datetime.now(datetime.UTC)\n"
        "with Pacer(pathlib.Path(sys.argv[1]), now=now, wait=lambda s: None).turn('a.cn', 0):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdin=pipe, stdout=pipe) as other:
        assert other.stdout.readline() == b"held\n"
        polls = 0

        def wait(seconds):
            nonlocal polls
            polls += bool(seconds)
            if polls == 3:
                other.kill()
                other.wait()

        with Pacer(tmp_path, now=clock, wait=wait).turn("a.cn", 0):
            pass

    assert polls == 3


@pytest.mark.parametrize("call", ["open", "pwrite"])
def test_a_full_disk_is_said_as_such(pacer, monkeypatch, call):
    """A disk that keeps no moment is reported, not passed over: without it nobody would be paced."""

    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(pacing.os, call, full)

    with pytest.raises(StorageFull), pacer.turn("a.cn", 1):
        pass
