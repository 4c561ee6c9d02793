"""Trials of feeds, mailboxes and folders; nothing is marked, moved or stored."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from collector.base import Item
from collector.client import Request
from collector.readers.mail import MOST_BYTES
from collector.runs import Run
from collector.sources import feed, mailbox
from collector.sources.folder import folder_of, waiting
from collector.sources.mailserver import MailServer, connected
from collector.tables import RawItem
from collector.trials.fixture import Page
from config.context import Context
from config.sources import Feed, Folder, Mailbox

NEWEST = 3
"""Mails that are read."""

_MOST_NAMED = 20


@dataclass
class Look:
    """What was seen at a source that is no website.

    Args:
        items: messages as they would be taken in.
        pages: to be kept as a fixture.
    """

    items: list[Item] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)


def look_at_feed(run: Run, source: Feed, kept: Sequence[Page] = ()) -> Look:
    """Ask a feed once, or read one kept earlier, and read its entries.

    Raises:
        SourceFailed: it could not be had, or is no feed.
    """
    look = Look(pages=list(kept))
    if not kept:
        client = run.client()
        try:
            answer = client.fetch(Request(source.url))
        finally:
            client.close()
        look.pages.append(Page("list", answer.url, answer.content_type, answer.content))
    page = look.pages[0]
    raw = RawItem(
        source=source.id,
        content=page.content,
        options={"url": page.url, "type": page.content_type},
        collected_at=run.ctx.clock(),
    )
    look.items = list(feed.reread(run.ctx, raw))
    look.notes += [f"feed: {page.url}", f"answer: {len(page.content)} bytes, {page.content_type or 'no content type'}"]
    look.notes.append(f"entries: {len(look.items)}")
    return look


def look_at_mailbox(ctx: Context, source: Mailbox) -> Look:
    """Log in, count the mails of each folder, and read the newest of the first one without marking them.

    Raises:
        SecretMissing, LoginFailed, Unreachable, SourceFailed.
    """
    look = Look()
    with connected(source) as server:
        there = server.folders()
        look.notes.append(f"folders: {', '.join(there)}")
        for name in source.folders:
            if server.open(name, readonly=True) is None:
                look.warnings.append(f"there is no folder {name}")
                continue
            uids = server.uids(1, None)
            look.notes.append(f"{name}: {len(uids)} mails")
            if not look.items:
                look.items = _newest(ctx, source, server, name, uids)
    return look


def _newest(ctx: Context, source: Mailbox, server: MailServer, folder: str, uids: Sequence[int]) -> list[Item]:
    listed = [mail for mail in server.listed(sorted(uids)[-NEWEST:]) if mail.size <= MOST_BYTES]
    contents = server.contents([mail.uid for mail in listed])
    items: list[Item] = []
    for mail in sorted(listed, key=lambda mail: -mail.uid):
        if mail.uid in contents:
            received = mail.received or ctx.clock()
            options = {"role": "mail", "uid": mail.uid, "folder": folder, "received": received.isoformat()}
            items += mailbox.reread(ctx, RawItem(source=source.id, content=contents[mail.uid], options=options))
    return items


def look_at_folder(ctx: Context, source: Folder) -> Look:
    """Say which files wait in a folder, and which of them are complete.

    Raises:
        FolderUnusable: it cannot be read.
    """
    folder = folder_of(ctx.settings, source)
    look = Look(notes=[f"folder: {folder}"])
    now_ns = int(ctx.clock().timestamp() * 1_000_000_000)
    files = waiting(folder)
    for file in files[:_MOST_NAMED]:
        age = timedelta(microseconds=(now_ns - file.changed_ns) // 1000)
        state = "complete" if age >= source.quiet else "still being written, or too new"
        look.notes.append(f"{file.path.name}: {file.size} bytes, {state}")
    if len(files) > _MOST_NAMED:
        look.notes.append(f"and {len(files) - _MOST_NAMED} more")
    if not files:
        look.notes.append("no file waits")
    return look
