"""Polite clients for tests: they ask the loopback, and their waits take no time."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from collector.client import Client, ClientState, Rules
from tests.conftest import FixedClock

ZONE = ZoneInfo("Asia/Shanghai")


class Bench:
    """Makes clients whose waits take no time, and closes them."""

    def __init__(self, folder, clock: FixedClock) -> None:
        self.folder, self.clock = folder, clock
        self.sleeps: list[float] = []
        self.state = ClientState()
        self.clients: list[Client] = []

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.clock.forward(timedelta(seconds=seconds))

    def client(self, *, stop=lambda: None, uniform=lambda low, high: high, **rules) -> Client:
        """Return a client of the loopback, without pace and robots.txt unless the rules say otherwise."""
        made = Client(
            Rules(**{"pace": 0.0, "private": True, "robots": False} | rules),
            self.state,
            now=self.clock,
            zone=ZONE,
            locks=self.folder / "locks",
            sleep=self.sleep,
            uniform=uniform,
            stop=stop,
        )
        self.clients.append(made)
        return made


def in_turn(*replies):
    """Return a handler that gives one reply after the other, the last for ever."""
    left = list(replies)
    return lambda asked: left.pop(0) if len(left) > 1 else left[0]
