"""What is asked of an IMAP server: which mails there are, their bytes, marks and moves, and waiting for the next one.

imaplib speaks the protocol and imap-tools knows folder names; the errors of both end here, as words.
"""

import imaplib
import io
import re
import select
import ssl
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import Any, cast

from imap_tools import BaseMailBox, ImapToolsError
from imap_tools.utils import encode_folder

from collector.errors import LoginFailed, SourceFailed
from collector.secrets import revealed
from collector.sources.mailconnection import TIMEOUT_S, connect, faults
from collector.sources.oauth import access_token
from collector.trust import trusted_by
from config.logs import get_logger
from config.sources import Mailbox

log = get_logger(__name__)

_MOST_NAMES = 30
_STEP_S = 1.0
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_RECEIVED = re.compile(rb'\bINTERNALDATE "([^"]{1,40})"')
_EMPTY = re.compile(rb'\bBODY\[(?:HEADER)?\] (?:NIL|"")')
_GONE = re.compile(r"\[EXPUNGEISSUED\]", re.IGNORECASE)
_BUSY = re.compile(r"\[(?:UNAVAILABLE|INUSE|LIMIT)\]", re.IGNORECASE)


@dataclass(frozen=True)
class Folder:
    """An opened folder.

    Args:
        uidvalidity: another value means that the UIDs were given anew.
        uidnext: no mail has this UID or a higher one yet; None: the server did not say.
    """

    uidvalidity: int
    uidnext: int | None


@dataclass(frozen=True)
class Listed:
    """A mail as the server lists it.

    Args:
        size: bytes, by the server's word.
        received: aware, the INTERNALDATE; None where it cannot be read.
    """

    uid: int
    size: int
    received: datetime | None


class MailServer:
    """A connection that is logged in; `connected` makes it."""

    def __init__(self, client: imaplib.IMAP4, source: Mailbox) -> None:
        self._client, self._source = client, source
        self._box = _Box(client)
        self._can: frozenset[str] = frozenset(client.capabilities)

    def log_in(self, trusted: ssl.SSLContext) -> None:
        """Log in by token or password, once: servers lock accounts that keep failing.

        Raises:
            SecretMissing, LoginFailed, Unreachable.
        """
        source = self._source
        if source.oauth2 is not None:
            token = access_token(source.oauth2, source.id, trusted)
            # A refusal is explained in a further question, which wants an empty answer.
            answers = iter([f"user={source.username}\1auth=Bearer {token}\1\1".encode()])
            self._authenticate(lambda: self._client.authenticate("XOAUTH2", lambda _: next(answers, b"")))
        else:
            password = revealed(source.password or "", source.id)
            plain = not (source.username + password).isascii() or "LOGINDISABLED" in self._can
            log_in = self._box.login_utf8 if plain and "AUTH=PLAIN" in self._can else self._box.login
            self._authenticate(lambda: log_in(source.username, password, initial_folder=None))
        with self._speaking("listing what it can"):
            # Most servers tell a stranger less than a guest.
            _, lines = self._client.capability()
            self._can = frozenset(str(lines[-1] or b"", "ascii", "replace").upper().split())
            if "ID" in self._can:
                # Mailboxes of NetEase open no folder to programs that do not give a name (RFC 2971).
                with suppress(imaplib.IMAP4.error):
                    self._client.xatom("ID", f'("name" "wenzheng" "version" "{version("wenzheng")}")')

    def _authenticate(self, say: Callable[[], object]) -> None:
        with self._speaking("logging in"):
            try:
                say()
            except UnicodeError as error:
                raise self._refused("name and password have characters that the server does not take") from error
            except (imaplib.IMAP4.error, ImapToolsError) as error:
                if isinstance(error, imaplib.IMAP4.abort) or _BUSY.search(str(error)):
                    raise
                raise self._refused("the server does not let the account in") from error

    def _refused(self, what: str) -> LoginFailed:
        source = self._source
        todo = "Correct the secret; some providers want a password made for programs (授权码)."
        return LoginFailed(what, item=source.id, todo="Check the account." if source.oauth2 is not None else todo)

    def open(self, folder: str, *, readonly: bool) -> Folder | None:
        """Open a folder; None if there is none of this name.

        Args:
            readonly: nothing in it can be changed then.
        """
        with self._speaking(f"opening the folder {folder}"):
            try:
                status, _ = self._client.select(_wire(folder), readonly)
            except imaplib.IMAP4.readonly as error:
                raise SourceFailed(
                    f"mails of the folder {folder} can be read only, not marked or moved",
                    item=self._source.id,
                    todo='Give the account the right, or write after = "nothing".',
                ) from error
            if status != "OK":
                return None
            return Folder(self._number("UIDVALIDITY") or 0, self._number("UIDNEXT"))

    def _number(self, name: str) -> int | None:
        values = self._client.response(name)[1]
        return int(values[-1]) if values and values[-1] is not None and values[-1].isdigit() else None

    def folders(self) -> list[str]:
        """Return the names of the folders, as they are written in the profile."""
        with self._speaking("listing the folders"):
            return [one.name for one in self._box.folder.list()][:_MOST_NAMES]

    def uids(self, first: int, since: date | None) -> list[int]:
        """Return the UIDs of the opened folder in their order.

        Args:
            first: lower ones are left out.
            since: mails of earlier days, by the server's own days, are left out.
        """
        criteria = f"UID {first}:*"
        if since is not None:
            criteria += f" SINCE {since.day:02d}-{_MONTHS[since.month - 1]}-{since.year:04d}"
        with self._speaking("searching"):
            answer = self._client.uid("SEARCH", criteria)
            self._check(answer)
            lines = answer[1]
            found = {int(number) for line in lines if line for number in line.split()}
        # The star stands for the highest UID, also where that is below the first one asked for.
        return sorted(uid for uid in found if uid >= first)

    def listed(self, uids: Collection[int]) -> list[Listed]:
        """Return size and date of those of the mails that are still there, by UID."""
        found: dict[int, Listed] = {}
        for line, _ in self._fetch(uids, "(UID RFC822.SIZE INTERNALDATE)"):
            uid, size, received = _UID.search(line), _SIZE.search(line), _RECEIVED.search(line)
            # A line without a size tells of marks that somebody changed, or of a mail whose size nobody knows.
            if uid and (size or int(uid[1]) not in found):
                moment = _moment(received[1]) if received else None
                found[int(uid[1])] = Listed(int(uid[1]), int(size[1]) if size else 0, moment)
        return [found[uid] for uid in sorted(found.keys() & set(uids))]

    def contents(self, uids: Collection[int], *, header: bool = False) -> dict[int, bytes]:
        """Return the bytes of mails without marking them as read; one that is gone, or not handed over, is missing.

        Args:
            header: the header alone.
        """
        found: dict[int, bytes] = {}
        for line, content in self._fetch(uids, f"(UID BODY.PEEK[{'HEADER' if header else ''}])", lenient=True):
            uid = _UID.search(line)
            if uid and (content is not None or _EMPTY.search(line)):
                found[int(uid[1])] = content or b""
        return {uid: found[uid] for uid in uids if uid in found}

    def _fetch(
        self, uids: Collection[int], parts: str, *, lenient: bool = False
    ) -> Iterator[tuple[bytes, bytes | None]]:
        """Yield what is said of each mail, and the bytes given with it.

        Args:
            lenient: the server may leave out a mail that is there.
        """
        if not uids:
            return
        with self._speaking(f"fetching the mails {uid_set(uids)[:60]}"):
            status, answers = self._client.uid("FETCH", uid_set(uids), parts)
            if status != "OK":
                # Where a mail was deleted meanwhile, or is broken, the server says so after all the others.
                if _BUSY.search(str(answers)) or not (lenient or _GONE.search(str(answers))):
                    raise imaplib.IMAP4.error
                answers = self._client.response("FETCH")[1]
        line, content = b"", None
        for answer in answers:
            if isinstance(answer, tuple):
                line, content = line + answer[0], answer[1]
            elif answer is not None:
                yield line + answer, content
                line, content = b"", None

    def mark_seen(self, uids: Collection[int]) -> None:
        """Mark mails of the opened folder as read."""
        if uids:
            with self._speaking("marking mails as read"):
                self._check(self._client.uid("STORE", uid_set(uids), "+FLAGS.SILENT", r"(\Seen)"))

    def move(self, uids: Collection[int], target: str) -> None:
        """Move mails of the opened folder into another one, which is made when missing; one that is gone is no fault.

        Without the extension MOVE (RFC 6851) they are copied, and then deleted: these alone, whatever else is marked.
        """
        if not uids:
            return
        with self._speaking(f"moving mails into the folder {target}"):
            moves = "MOVE" in self._can
            command = "MOVE" if moves else "COPY"
            answer = self._client.uid(command, uid_set(uids), _wire(target))
            if answer[0] != "OK":
                with suppress(ImapToolsError):
                    self._box.folder.create(target)
                    self._box.folder.subscribe(target, True)
                answer = self._client.uid(command, uid_set(uids), _wire(target))
            self._check(answer)
            if not moves:
                self._check(self._client.uid("STORE", uid_set(uids), "+FLAGS.SILENT", r"(\Deleted)"))
                self._expunge(uids)

    def _expunge(self, uids: Collection[int]) -> None:
        if "UIDPLUS" in self._can:
            self._check(self._client.uid("EXPUNGE", uid_set(uids)))
            return
        answer = self._client.uid("SEARCH", "DELETED")
        self._check(answer)
        # The old command deletes what anybody marked; then ours stay marked, and go when that person cleans up.
        if {int(number) for line in answer[1] if line for number in line.split()} <= set(uids):
            self._check(self._client.expunge())

    def wait(self, seconds: float, step: Callable[[], None]) -> bool:
        """Wait for a new mail in the opened folder (IDLE, RFC 2177); return whether one came.

        A server that knows no IDLE, or ends the connection meanwhile, ends the waiting.

        Args:
            step: called at least every second; what it raises ends the waiting too.
        """
        if "IDLE" not in self._can:
            return False
        client, end = self._client, time.monotonic() + seconds
        client.untagged_responses.pop("EXISTS", None)
        try:
            tag = client._command("IDLE")
            while client._get_response() is not None:
                if client.tagged_commands[tag]:
                    return False
            came = "EXISTS" in client.untagged_responses
            while not came and (left := end - time.monotonic()) > 0:
                step()
                came = self._heard(min(left, _STEP_S))
            client.send(b"DONE\r\n")
            self._box.consume_until_tagged_response(tag)
        except (OSError, imaplib.IMAP4.error, ImapToolsError) as error:
            log.info("idle_ended", source=self._source.id, error=type(error).__name__)
            return False
        return came

    def _heard(self, seconds: float) -> bool:
        """Listen for a while; return whether the server told of a new mail."""
        # What came together with an earlier line lies in a buffer, of which the socket knows nothing.
        if not self._peek():
            if not select.select([self._client.sock], [], [], seconds)[0]:
                return False
            said = self._peek()
            if said is None:
                return False
            if not said:
                raise self._client.abort("closed")
        self._client._get_response()
        return "EXISTS" in self._client.untagged_responses

    def _peek(self) -> bytes | None:
        """Return the beginning of what came; None if nothing did, and nothing or no bytes where the server closed."""
        sock = self._client.sock
        sock.settimeout(0)
        try:
            return cast(io.BufferedReader, self._client.file).peek(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        finally:
            sock.settimeout(TIMEOUT_S)

    def _check(self, answer: tuple[str, list[Any]]) -> None:
        if answer[0] != "OK":
            raise imaplib.IMAP4.error

    @contextmanager
    def _speaking(self, doing: str) -> Iterator[None]:
        """Turn what goes wrong into an error of ours.

        No word of the server is repeated: it may quote the account or a mail.
        """
        with faults(self._source, f"while {doing}"):
            yield


class _Box(BaseMailBox):
    """What imap-tools knows to do, on a connection of ours."""

    def __init__(self, client: imaplib.IMAP4) -> None:
        self._given = client
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        return self._given


@contextmanager
def connected(source: Mailbox) -> Iterator[MailServer]:
    """Connect to the server of a mailbox and log in; the connection is closed at the end.

    Raises:
        SecretMissing, LoginFailed.
        Unreachable: no connection, or no valid certificate.
    """
    trusted = trusted_by(source.ca_file)
    client = connect(source, trusted)
    try:
        server = MailServer(client, source)
        server.log_in(trusted)
        yield server
        with suppress(OSError, imaplib.IMAP4.error):
            client.logout()
    finally:
        with suppress(OSError):
            client.shutdown()


def uid_set(uids: Collection[int]) -> str:
    """Return UIDs as a command names them: 3,5:8."""
    spans: list[list[int]] = []
    for uid in sorted(uids):
        if spans and uid == spans[-1][1] + 1:
            spans[-1][1] = uid
        else:
            spans.append([uid, uid])
    return ",".join(str(low) if low == high else f"{low}:{high}" for low, high in spans)


def _wire(folder: str) -> Any:
    """Return a folder's name in the modified UTF-7 of RFC 3501; imaplib takes bytes where it declares text."""
    return encode_folder(folder)


def _moment(text: bytes) -> datetime | None:
    try:
        return parsedate_to_datetime(text.decode("ascii").strip()).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None
