"""Fixtures of all tests: a fresh home, and a clock that stands where it is put."""

import logging
import os
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog

from config.context import Context
from config.home import init_home
from config.settings import Settings
from tests.postgres import Cluster, running_cluster

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
def _logging_as_before() -> Iterator[None]:
    """What setting up changes in the process is put back."""
    names = ("", "uvicorn", "uvicorn.access", "uvicorn.error", "apscheduler", "alembic")
    loggers = [logging.getLogger(name) for name in names]
    before = [(logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    hooks = sys.excepthook, threading.excepthook
    yield
    logging.captureWarnings(False)
    for logger, (handlers, level, propagate) in zip(loggers, before, strict=True):
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(level)
    sys.excepthook, threading.excepthook = hooks
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own settings do not reach the tests."""
    for name in list(os.environ):
        if name.startswith("WENZHENG_") and not name.startswith(("WENZHENG_REQUIRE_", "WENZHENG_TEST_")):
            monkeypatch.delenv(name)


@pytest.fixture
def clock() -> FixedClock:
    """A clock at `NOW`."""
    return FixedClock()


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """A PostgreSQL cluster of this worker, started when the first test asks for it."""
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture
def postgres_url(postgres_cluster: Cluster) -> Iterator[str]:
    """The URL of a fresh PostgreSQL database at the newest schema, without an installation."""
    with postgres_cluster.fresh() as url:
        yield url


@pytest.fixture
def settings(tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """Settings of a home in a temporary folder; with WENZHENG_TEST_POSTGRES=1 its database is on PostgreSQL."""
    if os.environ.get("WENZHENG_TEST_POSTGRES") == "1":
        return Settings(home=tmp_path / "home", database_url=request.getfixturevalue("postgres_url"))
    return Settings(home=tmp_path / "home")


def variables(settings: Settings) -> dict[str, str]:
    """Return the environment in which a child process opens the same home and database as *settings*."""
    own = {"WENZHENG_HOME": str(settings.home)}
    if settings.database_url is not None:
        own["WENZHENG_DATABASE_URL"] = settings.url
    return os.environ | own


@pytest.fixture
def ctx(settings: Settings, clock: FixedClock) -> Iterator[Context]:
    """A fresh, initialised home."""
    context = init_home(settings, clock=clock)
    yield context
    context.close()
