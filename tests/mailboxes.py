"""What tests of mailboxes share: invented mails, a home with a mailbox in its profile, and what became of it."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import sqlalchemy as sa

from collector.collecting import collect
from collector.counts import Counts
from collector.tables import SourceCursor
from config.context import Context
from config.sources import Mailbox


def mail(
    number: int, text: str = "年鉴何时出版？", *headers: str, date: str = "Mon, 23 Nov 2026 08:30:00 +0800"
) -> bytes:
    """Return an invented mail with the id <mN@citizen.example>, of one of seven authors."""
    lines = [
        f"Message-ID: <m{number}@citizen.example>",
        f"Date: {date}",
        f"From: <p{number % 7}@citizen.example>",
        "To: <tjj@test.example>",
        f"Subject: Mail {number}",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        *headers,
    ]
    return ("\r\n".join(lines) + f"\r\n\r\n第{number}封：{text}\r\n").encode()


def with_mailbox(ctx: Context, **keys: object) -> Context:
    """Return the home with the mailbox `mail` in its profile, the password of which is the secret leader-mail."""
    usual = {"id": "mail", "kind": "imap", "channel": "mailbox", "host": "localhost", "password": "secret:leader-mail"}
    source = Mailbox.model_validate({**usual, **keys})
    return replace(ctx, profile=ctx.profile.model_copy(update={"sources": (source,)}))


def run(ctx: Context, since: date | None = None) -> Counts:
    """Collect the mailbox once, by hand."""
    return collect(ctx, "mail", since=since)


def figures(counts: Counts) -> tuple[int, int, int, int, int]:
    """Return fetched, stored, duplicates, dropped and set aside."""
    return counts.fetched, counts.stored, counts.duplicates, counts.dropped, counts.set_aside


def column(ctx: Context, wanted: Any) -> list[Any]:
    """Return every value of a column, in the order of the rows."""
    with ctx.database.reading() as session:
        return list(session.scalars(sa.select(wanted).order_by(wanted.class_.id)))


def place(ctx: Context, folder: str = "INBOX") -> dict[str, Any]:
    """Return the stored cursor of a folder."""
    with ctx.database.reading() as session:
        found: dict[str, Any] = json.loads(session.get_one(SourceCursor, "mail").cursor)["folders"][folder]
    return found
