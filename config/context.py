"""What every job and command is handed: settings, profile, database, key and clock of one home."""

from collections.abc import Callable
from dataclasses import dataclass

from config.clock import Clock, system_clock
from config.database import Database
from config.profile import Profile
from config.settings import Settings
from config.vault import Vault

Progress = Callable[[int, int | None], None]
"""Called now and then by long work with items done and, where known, items in all."""


@dataclass(frozen=True)
class Context:
    """One opened home; jobs are plain functions that take it first and return their counts."""

    settings: Settings
    profile: Profile
    database: Database
    vault: Vault
    clock: Clock = system_clock

    def close(self) -> None:
        """Close the database."""
        self.database.close()
