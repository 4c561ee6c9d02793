"""Mailboxes: each folder is read from where the last run stopped, and a mail is marked or moved only once it is stored.

For each folder the cursor holds `uid`, up to which its mails were taken, for the `uidvalidity` under which that number
means anything; `settle`, mails that were taken but perhaps not yet marked or moved; and `refused`, mails that the
server lists without handing them over, each with the number of runs that asked for it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Any

from collector.base import Fetched, Item, Unreadable
from collector.batch import EARLIEST_YEAR, Pair
from collector.errors import SourceFailed, SourceUnknown
from collector.intake import Raw
from collector.readers import Limits
from collector.readers.mail import MOST_BYTES, mail_item
from collector.readers.mailheaders import raw_header
from collector.readers.options import ReadOptions
from collector.runs import Run
from collector.sources.mailserver import Folder, Listed, MailServer, connected
from collector.tables import RawItem
from config.context import Context
from config.settings import MIB
from config.sources import Mailbox

BATCH_MAILS = 50
BATCH_BYTES = 20 * MIB
"""Most mails, and bytes, that are fetched and stored together; a larger mail comes by itself."""

TRIES = 3
"""Runs in which a mail is asked for that the server lists but does not hand over."""

LONGEST_WAIT = timedelta(minutes=9)
"""Of one run for the next mail; servers end an IDLE after half an hour, and firewalls earlier."""

_POSITION = "mail"
_LISTED = 500
_WRONG_CLOCK = timedelta(days=1)


def collect(run: Run) -> None:
    """Take what is new in the folders of a mailbox; with `idle`, wait for more until the next run is due.

    Raises:
        SecretMissing, LoginFailed, Unreachable.
        SourceFailed: a folder is missing, the others were read; or the server refused a command.
    """
    source = run.source
    if not isinstance(source, Mailbox):
        raise TypeError(f"{source.kind} is no mailbox")
    seconds = min(source.every, LONGEST_WAIT).total_seconds()
    ends = monotonic() + seconds - min(2.0, seconds / 10)
    with connected(source) as server:
        read = _read_folders(run, server, source)
        # Who collects by hand does not want to wait.
        while source.idle and run.progress is not None and (left := ends - monotonic()) > 0:
            # What came while the other folders were read shows in the number that the next mail will have.
            opened = server.open(source.folders[0], readonly=source.after == "nothing")
            if opened == read and not server.wait(left, run.step):
                break
            read = _read_folders(run, server, source)


def reread(ctx: Context, raw: RawItem) -> Iterator[Item]:
    """Read a kept mail once more, by the description that its source has now.

    Raises:
        SourceUnknown: the profile has this mailbox no more.
    """
    source = ctx.profile.source(raw.source)
    if not isinstance(source, Mailbox):
        raise SourceUnknown(
            "the profile has no such mailbox", item=raw.source, todo="Describe it again, or drop what is set aside."
        )
    yield _item(ctx, source, raw.content or b"", raw.options)


def _read_folders(run: Run, server: MailServer, source: Mailbox) -> Folder | None:
    """Read all folders and return the first one as it was opened."""
    opened = {folder: _read_folder(run, server, source, folder) for folder in source.folders}
    missing = [folder for folder, one in opened.items() if one is None]
    if missing:
        raise SourceFailed(
            f"the mailbox has no folder {'、'.join(missing)}",
            item=source.id,
            todo=f"Correct `folders`; it has {'、'.join(server.folders())}.",
        )
    return opened[source.folders[0]]


def _read_folder(run: Run, server: MailServer, source: Mailbox, name: str) -> Folder | None:
    """Take what is new in a folder and return it as it was opened; None if there is no such folder."""
    # What lies in the folder into which mails are moved is left there.
    settles = source.after != "nothing" and not _same(name, source.move_to)
    opened = server.open(name, readonly=not settles)
    if opened is None:
        return None
    places = run.cursor.setdefault("folders", {})
    if places.get(name, {}).get("uidvalidity") != opened.uidvalidity:
        # The old UIDs mean other mails now, or none. By their Message-IDs it shows what was taken already.
        places[name] = {"uidvalidity": opened.uidvalidity, "uid": 0, "settle": [], "refused": {}}
    walk = _Walk(run, server, source, name, settles, places[name])
    unsettled = bool(walk.place["settle"])
    walk.settle()
    uids = {int(uid) for uid in walk.place["refused"]}
    first = 1 if run.again else walk.place["uid"] + 1
    if opened.uidnext is None or first < opened.uidnext:
        # The server reckons by days of its own, so a day more is asked for.
        day = None if run.since is None else (run.since - timedelta(days=1)).date()
        uids.update(server.uids(first, day))
    ordered = sorted(uids)
    for at in range(0, len(ordered), _LISTED):
        walk.take_all(ordered[at : at + _LISTED])
    if unsettled or (settles and ordered):
        run.take([])  # Keeps that nothing is left to be settled.
    return opened


def _same(folder: str, other: str | None) -> bool:
    return folder == other or folder.upper() == (other or "").upper() == "INBOX"


@dataclass(frozen=True)
class _Walk:
    """A run's walk through one folder.

    Args:
        settles: mails are marked or moved once they are stored.
        place: the folder's part of the cursor.
    """

    run: Run
    server: MailServer
    source: Mailbox
    folder: str
    settles: bool
    place: dict[str, Any]

    def take_all(self, uids: Sequence[int]) -> None:
        """Take the mails of these UIDs, a few at a time, as far as they are still there and not too old."""
        self.run.step()
        mails = self.server.listed(uids)
        for uid in set(uids) - {mail.uid for mail in mails}:
            self.place["refused"].pop(str(uid), None)
        since = self.run.since
        for batch in _batches([mail for mail in mails if not since or not mail.received or mail.received >= since]):
            self._take(batch)

    def settle(self) -> None:
        """Mark or move what is stored; harmless when repeated."""
        uids: list[int] = self.place["settle"]
        if self.settles and self.source.move_to is not None:
            self.server.move(uids, self.source.move_to)
        elif self.settles:
            self.server.mark_seen(uids)
        self.place["settle"] = []

    def _take(self, batch: Sequence[Listed]) -> None:
        """Keep, read, store and settle a few mails, in this order."""
        raws = [self._raw(mail, role, content) for mail, role, content in self._fetched(batch)]
        pairs: list[Pair] = [
            (raw_id, _item(self.run.ctx, self.source, raw.content, raw.options))
            for raw_id, raw in zip(self.run.keep(raws), raws, strict=True)
        ]
        self.place["uid"] = max(self.place["uid"], batch[-1].uid)
        if self.settles:
            # Of some the server holds the only whole copy; they stay as they are.
            self.place["settle"] = [raw.options["uid"] for raw in raws if raw.options["role"] == "mail"]
        self.run.take(pairs)
        self.settle()

    def _fetched(self, batch: Sequence[Listed]) -> Iterator[tuple[Listed, str, bytes]]:
        """Yield each mail with its role and bytes; one that is gone, or may come in the next run, is left out."""
        contents = self.server.contents([mail.uid for mail in batch if mail.size <= MOST_BYTES])
        missing = [mail.uid for mail in batch if mail.size <= MOST_BYTES and mail.uid not in contents]
        refused: dict[str, int] = self.place["refused"]
        still = {mail.uid for mail in self.server.listed(missing)}
        for mail in batch:
            tries = refused.pop(str(mail.uid), 0) + 1
            if mail.uid in contents:
                yield mail, "mail", contents.pop(mail.uid)
            elif mail.size > MOST_BYTES:
                yield mail, "too-large", self._header(mail)
            elif mail.uid in still and tries < TRIES:
                refused[str(mail.uid)] = tries
            elif mail.uid in still:
                yield mail, "not-delivered", self._header(mail)

    def _header(self, mail: Listed) -> bytes:
        """Return the header of a mail, or its place where the server does not hand over even that."""
        place = f"{self.folder} UID {mail.uid} UIDVALIDITY {self.place['uidvalidity']}"
        return self.server.contents([mail.uid], header=True).get(mail.uid) or place.encode()

    def _raw(self, mail: Listed, role: str, content: bytes) -> Raw:
        options = {
            "role": role,
            "folder": self.folder,
            "uid": mail.uid,
            "size": mail.size,
            "received": _arrival(mail.received, content, self.run.ctx.clock()).isoformat(),
        }
        return Raw(f"{self.folder} UID {mail.uid}", content, options)


def _batches(mails: Sequence[Listed]) -> Iterator[list[Listed]]:
    """Yield mails in their order, as many together as may be in memory at once."""
    batch: list[Listed] = []
    size = 0
    for mail in mails:
        if batch and (len(batch) == BATCH_MAILS or size + mail.size > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(mail)
        size += mail.size
    if batch:
        yield batch


def _item(ctx: Context, source: Mailbox, content: bytes, options: Mapping[str, Any]) -> Item:
    """Return a kept mail as a message, or why it is none."""
    if (role := options["role"]) != "mail":
        why = {
            "too-large": f"it is larger than {MOST_BYTES // MIB} MiB",
            "not-delivered": f"the server did not hand it over in {TRIES} runs",
        }[role]
        detail = f"{why}; only its header was kept, see the mail with UID {options['uid']} in {options['folder']}"
        return Unreadable(_POSITION, role, f"{_POSITION}: {detail}")
    received = datetime.fromisoformat(options["received"])
    read = ReadOptions(
        channel=source.channel,
        zone=ctx.profile.zone,
        posted_at=received,
        limits=Limits.of(ctx.settings),
        own_addresses=_own_addresses(source),
    )
    item = mail_item(content, _POSITION, read)
    if not isinstance(item, Fetched):
        return item
    # The sender's clock may say anything, but nothing is written after it has arrived.
    sound = item.posted_at <= received and item.posted_at.year >= EARLIEST_YEAR
    return replace(item, received_at=received, posted_at=item.posted_at if sound else received)


def _own_addresses(source: Mailbox) -> frozenset[str]:
    own = (*source.own_addresses, source.username) if "@" in source.username else source.own_addresses
    return frozenset(address.lower() for address in own)


def _arrival(told: datetime | None, content: bytes, now: datetime) -> datetime:
    """Return when a mail came into the mailbox system, from which its time limit counts (公开办函〔2015〕207号).

    Where the server's date cannot be, the stamp counts that the last server put on the mail, else the present.
    """
    if (moment := _possible(told, now)) is None:
        moment = _possible(_stamp(content), now)
    return min(moment or now, now)


def _possible(moment: datetime | None, now: datetime) -> datetime | None:
    latest = now + _WRONG_CLOCK
    return moment if moment is not None and moment.year >= EARLIEST_YEAR and moment <= latest else None


def _stamp(content: bytes) -> datetime | None:
    header = BytesHeaderParser(policy=compat32).parsebytes(content[:MIB])
    try:
        moment = parsedate_to_datetime(raw_header(header, "received").rpartition(";")[2].strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
