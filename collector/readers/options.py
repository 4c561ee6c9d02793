"""How much of a file is read, and what stands in for what it does not say."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

from config.settings import MIB, Settings


@dataclass(frozen=True)
class Limits:
    """The bounds that keep a hostile or broken file from eating the machine.

    Args:
        max_file_mib: the file as it came, MiB.
        max_unpacked_mib: what its archive unpacks to, MiB.
        max_cell_chars: one cell, or the body of one mail, in characters.
        max_rows: rows, mails or objects of one file.
    """

    max_file_mib: int = 200
    max_unpacked_mib: int = 256
    max_cell_chars: int = 200_000
    max_rows: int = 2_000_000

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the limits in force on this machine."""
        return cls(
            max_file_mib=settings.max_file_mib,
            max_unpacked_mib=settings.max_unpacked_mib,
            max_cell_chars=settings.max_cell_chars,
            max_rows=settings.max_rows,
        )

    @property
    def max_file_bytes(self) -> int:
        """The largest file, bytes."""
        return self.max_file_mib * MIB

    @property
    def max_unpacked_bytes(self) -> int:
        """The largest unpacked size, bytes."""
        return self.max_unpacked_mib * MIB


@dataclass(frozen=True)
class ReadOptions:
    """What a reader must know beside the bytes.

    Args:
        channel: id of the channel the messages belong to.
        zone: the time zone of dates that name none.
        posted_at: aware; stands in where a message has no date of its own.
        limits: the bounds of reading.
        own_addresses: the bureau's mailboxes themselves; a mail from one of them is no citizen's.
    """

    channel: str
    zone: ZoneInfo
    posted_at: datetime | None = None
    limits: Limits = Limits()
    own_addresses: frozenset[str] = frozenset()
