"""Mailboxes: each folder is read from where the last run stopped, and a mail is marked or moved only once it is stored.

For each folder the cursor holds `uid`, up to which its mails were taken, for the `uidvalidity` under which that number
means anything; `settle`, mails that were taken but perhaps not yet marked or moved; and `refused`, mails that the
server lists without handing them over, with the number of runs that tried.
"""

import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Any

from collector.base import Fetched, Item, Unreadable
from collector.batch import EARLIEST_YEAR, Pair
from collector.errors import SourceFailed, SourceUnknown
from collector.readers import Limits
from collector.readers.mail import MOST_BYTES, mail_item
from collector.readers.mailheaders import raw_header
from collector.readers.options import ReadOptions
from collector.runs import Raw, Run
from collector.sources.mailserver import Listed, MailServer, connected
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
"""Of one IDLE; servers end it after half an hour, and firewalls earlier."""

POSITION = "mail"
_LISTED = 500
_WRONG_CLOCK = timedelta(days=1)


def collect(run: Run) -> None:
    """Take what is new in the folders of a mailbox; by IDLE, wait for more as long as the service leaves time.

    Raises:
        LoginFailed, SecretMissing, Unreachable.
        SourceFailed: a folder is missing; the others were read.
    """
    source = _mailbox(run.source)
    ends = monotonic() + _waiting_time(source)
    with connected(source) as server:
        _read_folders(run, server, source)
        # By hand nobody wants to wait.
        if source.idle and run.progress is not None and not run.again:
            server.open(source.folders[0], readonly=source.after == "nothing")
            while (left := ends - monotonic()) > 0 and server.wait(left, run.step):
                _read_folders(run, server, source)


def reread(ctx: Context, raw: RawItem) -> Iterator[Item]:
    """Read a kept mail once more, by the description of its source as it is now.

    Raises:
        SourceUnknown: the profile has this mailbox no more.
    """
    source = ctx.profile.source(raw.source)
    if not isinstance(source, Mailbox):
        raise SourceUnknown(
            "the profile has no such mailbox", item=raw.source, todo="Describe it again, or drop what is set aside."
        )
    yield _item(ctx, source, raw.content or b"", raw.options)


def _mailbox(source: object) -> Mailbox:
    if not isinstance(source, Mailbox):
        raise TypeError(f"no mailbox: {type(source).__name__}")
    return source


def _waiting_time(source: Mailbox) -> float:
    """Return the seconds that a run may wait: a little less than until the next one is due."""
    seconds = min(source.every, LONGEST_WAIT).total_seconds()
    return seconds - min(2.0, seconds / 10)


def _read_folders(run: Run, server: MailServer, source: Mailbox) -> None:
    missing = [folder for folder in source.folders if not _FolderWalk(run, server, source, folder).go()]
    if missing:
        raise SourceFailed(
            f"the mailbox has no folder {'、'.join(missing)}",
            item=source.id,
            todo=f"Correct `folders`; it has: {'、'.join(server.folders())}.",
        )


@dataclass
class _FolderWalk:
    """The walk through one folder in one run."""

    run: Run
    server: MailServer
    source: Mailbox
    folder: str
    place: dict[str, Any] = field(init=False)

    def go(self) -> bool:
        """Take what is new; return False if there is no such folder."""
        run = self.run
        opened = self.server.open(self.folder, readonly=not self._settles)
        if opened is None:
            return False
        places = run.cursor.setdefault("folders", {})
        self.place = places.setdefault(self.folder, {})
        if self.place.get("uidvalidity") != opened.uidvalidity:
            # Old UIDs now mean other mails, or none. Message-IDs tell what was taken already.
            self.place = places[self.folder] = {
                "uidvalidity": opened.uidvalidity, "uid": 0, "settle": [], "refused": {}
            }
        unsettled = bool(self.place["settle"])
        self._settle()
        first = 1 if run.again else self.place["uid"] + 1
        refused = [int(uid) for uid in self.place["refused"]]
        uids: list[int] = []
        if opened.uidnext is None or first < opened.uidnext:
            # A server reckons by days of its own.
            uids = self.server.uids(first, run.since and (run.since - timedelta(days=1)).date())
        for some in _chunks(sorted({*refused, *uids}), _LISTED):
            run.step()
            self._take_all(some)
        if self._settles and (unsettled or uids):
            run.take([])  # That nothing is left to be settled.
        return True

    @property
    def _settles(self) -> bool:
        # What stands in the folder into which mails are moved stays there.
        return self.source.after != "nothing" and self.folder != self.source.move_to

    def _take_all(self, uids: Sequence[int]) -> None:
        mails = self.server.listed(uids)
        there = {mail.uid for mail in mails}
        for uid in uids:
            if uid not in there:
                self.place["refused"].pop(str(uid), None)  # It was deleted meanwhile.
        since = self.run.since
        wanted = [mail for mail in mails if since is None or mail.received is None or mail.received >= since]
        for batch in _batches(wanted):
            self._take(batch)

    def _take(self, batch: Sequence[Listed]) -> None:
        """Keep, read, store and settle a few mails."""
        run, now = self.run, self.run.ctx.clock()
        contents = self.server.contents([mail.uid for mail in batch if mail.size <= MOST_BYTES])
        given_up = self._given_up([mail for mail in batch if mail.size <= MOST_BYTES and mail.uid not in contents])
        raws: list[Raw] = []
        for mail in batch:
            options: dict[str, Any] = {"folder": self.folder, "uid": mail.uid}
            if mail.uid in contents:
                options["role"], content = "mail", contents.pop(mail.uid)
            elif mail.size > MOST_BYTES or mail.uid in given_up:
                options["role"] = "too-large" if mail.size > MOST_BYTES else "not-delivered"
                name = f"{self.folder} UID {mail.uid}"
                content = self.server.contents([mail.uid], header=True).get(mail.uid) or name.encode()
                options["size"] = mail.size
            else:
                continue
            options["received"] = _arrival(mail.received, content, now).isoformat()
            raws.append(Raw(f"{self.folder} UID {mail.uid}", content, options))
        ids = run.keep(raws)
        pairs: list[Pair] = [
            (raw_id, _item(run.ctx, self.source, raw.content, raw.options))
            for raw_id, raw in zip(ids, raws, strict=True)
        ]
        self.place["uid"] = max(self.place["uid"], batch[-1].uid)
        if self._settles:
            # A mail of which only the header is here stays as it is: the server holds the only whole one.
            self.place["settle"] = [raw.options["uid"] for raw in raws if raw.options["role"] == "mail"]
        run.take(pairs)
        del raws, pairs
        self._settle()

    def _given_up(self, missing: Sequence[Listed]) -> set[int]:
        """Return those of the mails not handed over that are not asked for again; the others wait for the next run."""
        refused: dict[str, int] = self.place["refused"]
        for uid in (mail.uid for mail in missing):
            refused[str(uid)] = refused.get(str(uid), 0) + 1
        still = {mail.uid for mail in self.server.listed([mail.uid for mail in missing])}
        given_up = {mail.uid for mail in missing if mail.uid in still and refused[str(mail.uid)] >= TRIES}
        for mail in missing:
            if mail.uid in given_up or mail.uid not in still:
                del refused[str(mail.uid)]
        return given_up

    def _settle(self) -> None:
        """Mark or move what is stored; harmless when repeated."""
        uids: list[int] = self.place["settle"]
        if self.source.move_to is not None:
            self.server.move(uids, self.source.move_to)
        else:
            self.server.mark_seen(uids)
        self.place["settle"] = []


def _item(ctx: Context, source: Mailbox, content: bytes, options: dict[str, Any]) -> Item:
    ...
