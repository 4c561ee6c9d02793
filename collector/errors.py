"""The errors of the collector.

CollectorError(WenzhengError)
├── FileRefused               a file as a whole cannot be used
│   ├── FileEmpty             no bytes, or no rows beneath a header
│   ├── FileKindUnknown       neither a workbook nor text, mail or JSON
│   ├── FileProtected         opens only with a password
│   ├── FileDamaged           cut or broken, or built to break a reader
│   ├── FileTooLarge          more bytes, unpacked bytes or rows than the limits allow
│   ├── ColumnsUnknown        no column holds the text of a message
│   └── DateMissing           no column holds a date, and none was given
└── NothingSetAside           there is no such item waiting
"""

from typing import ClassVar

from config.errors import WenzhengError


class CollectorError(WenzhengError):
    """Anything that keeps the collector from taking something in."""


class FileRefused(CollectorError):
    """Raised by the file readers, at the first item or in the middle; reading the same bytes again would not help."""

    final: ClassVar[bool] = True
    """Tells intake that the same bytes would be refused again, so no second attempt is made."""


class FileEmpty(FileRefused):
    """Raised when a file has no bytes, or a table no rows."""


class FileKindUnknown(FileRefused):
    """Raised by `sniff` when the bytes are no kind of file that can be read; the message says what they look like."""


class FileProtected(FileRefused):
    """Raised when a workbook opens only with a password; a person must save it without one."""


class FileDamaged(FileRefused):
    """Raised when a file breaks off or contradicts itself; in the middle of a file, what was read before stands."""


class FileTooLarge(FileRefused):
    """Raised when a file, or what it unpacks to, passes a limit of the settings."""


class ColumnsUnknown(FileRefused):
    """Raised when no header names a text or a title; it lists the columns found and the nearest known names."""


class DateMissing(FileRefused):
    """Raised when a table has no column with a date and the caller gave none."""


class NothingSetAside(CollectorError):
    """Raised by the set-aside commands when the named item is not waiting."""
