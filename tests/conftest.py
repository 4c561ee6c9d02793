"""Fixtures of all tests: a fresh home, and a clock that stands where it is put."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.context import Context
from config.home import init_home
from config.settings import Settings

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
"""Monday 2026-11-23, ten in the morning in Linyi."""


class FixedClock:
    """A clock that moves only when it is told to."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def set(self, now: datetime) -> None:
        """Put the clock to a moment."""
        self.now = now

    def forward(self, step: timedelta) -> None:
        """Move the clock on."""
        self.now += step


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own settings do not reach the tests."""
    import os

    for name in list(os.environ):
        if name.startswith("WENZHENG_") and not name.startswith(("WENZHENG_REQUIRE_", "WENZHENG_TEST_")):
            monkeypatch.delenv(name)


@pytest.fixture
def clock() -> FixedClock:
    """A clock at `NOW`."""
    return FixedClock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a home in a temporary folder."""
    return Settings(home=tmp_path / "home")


@pytest.fixture
def ctx(settings: Settings, clock: FixedClock) -> Iterator[Context]:
    """A fresh, initialised home."""
    context = init_home(settings, clock=clock)
    yield context
    context.close()
