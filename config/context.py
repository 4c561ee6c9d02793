"""What every job and command is handed: settings, profile, database, key and clock of one home."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from config.clock import Clock, system_clock
from config.profile import Profile
from config.settings import Settings

if TYPE_CHECKING:
    # A command that needs no home knows the context's name and pays for no database.
    from config.database import Database
    from config.vault import Vault

Progress = Callable[[int, int | None], None]
"""Called now and then by long work with items done and, where known, items in all."""


@dataclass(frozen=True)
class Context:
    """One opened home; jobs are plain functions that take it first and return their counts."""

    settings: Settings
    profile: Profile
    database: "Database"
    vault: "Vault"
    clock: Clock = system_clock

    def close(self) -> None:
        """Close the database."""
        self.database.close()
