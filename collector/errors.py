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
├── EntryRefused              an entry by hand lacks something, or holds what no entry can
├── NothingSetAside           there is no such item waiting
├── SourceUnknown             the profile has no such source
├── FixtureUnreadable         a folder holds no pages that a trial kept
└── SourceFailed              a live source could not be read to the end; what was stored before stays
    ├── SourceBusy            another process collects it at this moment
    ├── SecretMissing         a password or token the source names is not given
    ├── AddressRefused        an address that must not be asked: another scheme, or inside a private network
    ├── RobotsRefused         the site's robots.txt forbids it
    ├── BudgetSpent           as many requests as a day allows were made
    ├── Unreachable           no connection, or the answer broke off, several times
    │   └── CertificateRefused    the site cannot prove its name, or speaks no safe TLS
    ├── HttpRefused           the server answered with an error
    │   └── PageGone          404 or 410: there is no such page (any more)
    ├── PageTooLarge          an answer larger or slower than the limits allow
    ├── PageUnreadable        the answer is not of the form it should have
    ├── FolderUnusable        a watched folder, or a file in it, cannot be read or moved
    ├── LoginFailed           the account was not let in
    └── SourceChanged         a page no longer has the shape the description expects
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


class EntryRefused(CollectorError):
    """Raised when an entry by hand cannot be stored; `item` names the field, nothing was stored."""


class NothingSetAside(CollectorError):
    """Raised by the set-aside commands when the named item is not waiting."""


class SourceUnknown(CollectorError):
    """Raised when a source is named that the profile does not have; it lists those there are."""


class FixtureUnreadable(CollectorError):
    """Raised when a source is tried on kept pages and the folder named has none, or they do not open with this key."""


class SourceFailed(CollectorError):
    """Raised while a live source is read; rows and cursor of what was read before are committed."""


class SourceBusy(SourceFailed):
    """Raised when another process collects the source at this moment."""


class SecretMissing(SourceFailed):
    """Raised when a source names a password or token that neither the environment nor the secrets folder holds."""


class AddressRefused(SourceFailed):
    """Raised for an address that is not http(s), or that leads into a private network the source may not enter."""


class RobotsRefused(SourceFailed):
    """Raised when a site's robots.txt forbids an address, or cannot be read because the site is failing."""


class BudgetSpent(SourceFailed):
    """Raised when a source has made as many requests as it may in a day; the next day goes on from there."""


class Unreachable(SourceFailed):
    """Raised when no sound answer came after several tries: no connection, a broken body."""


class CertificateRefused(Unreachable):
    """Raised at the first try when TLS fails: only the site's keeper or the source's `ca_file` can change that."""


class HttpRefused(SourceFailed):
    """Raised when a server answers with an error, after the tries that such an error deserves.

    Args:
        status: the HTTP status.
        retry_after: seconds after which the server wants to be asked again; None if it did not say.
    """

    def __init__(
        self, what: str, *, item: str = "", todo: str = "", status: int = 0, retry_after: float | None = None
    ) -> None:
        super().__init__(what, item=item, todo=todo)
        self.status, self.retry_after = status, retry_after


class PageGone(HttpRefused):
    """Raised for 404 and 410: there is no such page, and asking again would not help."""


class PageTooLarge(SourceFailed):
    """Raised when an answer passes the limit of bytes, of unpacked bytes or of time."""


class PageUnreadable(SourceFailed):
    """Raised when an answer is not of the form it should have, such as JSON that breaks off."""


class FolderUnusable(SourceFailed):
    """Raised when a watched folder is missing or forbidden, or when files that were taken stay where they are."""


class LoginFailed(SourceFailed):
    """Raised when a site or mailbox does not let the account in."""


class SourceChanged(SourceFailed):
    """Raised when rows, or a required field of most rows, are no longer found; nothing of the page was stored."""
