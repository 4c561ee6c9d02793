"""The errors of the ground floor, and the base of every floor's errors.

WenzhengError                 what happened, to which item, what to do next
├── SettingsError             an environment setting cannot be used
├── ProfileError              the bureau's profile has faults; carries all of them
├── CalendarError             a calendar file cannot be used, or a day lies outside every calendar
├── VaultError
│   ├── KeyMissing            the key file is not where the settings say
│   └── KeyWrong              the key does not open what is stored
├── DatabaseError
│   ├── NotInitialised        no database yet in this home
│   ├── DatabaseBehind        the database needs `wenzheng migrate`
│   └── DatabaseTooNew        the database was written by a newer program
└── StorageFull               the disk refused a write; nothing was half-written
"""

from collections.abc import Sequence


class WenzhengError(Exception):
    """An error a person must read: it says what happened, to which item, and what to do next.

    Args:
        what: what happened, a clause without a full stop.
        item: the file, row, key or setting it happened to.
        todo: what the reader should do next.
    """

    def __init__(self, what: str, *, item: str = "", todo: str = "") -> None:
        self.what, self.item, self.todo = what, item, todo
        super().__init__(what)

    def __str__(self) -> str:
        where = f"{self.item}: " if self.item else ""
        then = f" {self.todo}" if self.todo else ""
        return f"{where}{self.what}.{then}"


class SettingsError(WenzhengError):
    """Raised when the settings are read; the program does not start."""


class ProfileError(WenzhengError):
    """Raised by `load_profile` with every fault it found, each naming its key; the program does not start."""

    def __init__(self, path: str, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        self._count = f"the profile has {len(self.faults)} fault{'s' if len(self.faults) != 1 else ''}"
        super().__init__(
            f"{self._count}: {'; '.join(self.faults)}",
            item=path,
            todo="Correct the file, or name another in WENZHENG_PROFILE; docs/profile.md explains each key.",
        )

    def __str__(self) -> str:
        """Return the faults a line each, because there may be many."""
        return "\n".join([f"{self.item}: {self._count}:", *(f"  - {fault}" for fault in self.faults), self.todo])


class CalendarError(WenzhengError):
    """Raised when a calendar file cannot be used; nothing of it was stored."""


class VaultError(WenzhengError):
    """Anything about the key or what it seals."""


class KeyMissing(VaultError):
    """Raised by `Vault.open` when there is no key file; sealed columns cannot be read or written."""


class KeyWrong(VaultError):
    """Raised when sealed bytes do not open: another key, or bytes that were changed."""


class DatabaseError(WenzhengError):
    """Anything about the database as a whole."""


class NotInitialised(DatabaseError):
    """Raised when a command needs a database and the home holds none."""


class DatabaseBehind(DatabaseError):
    """Raised when the database's schema is older than the program's."""


class DatabaseTooNew(DatabaseError):
    """Raised when the database's schema is not known to this program."""


class StorageFull(WenzhengError):
    """Raised when the disk is full; the transaction was rolled back and can be repeated."""
