"""Mailboxes end to end: from a real Dovecot to messages, through kills, faults and changes on the server."""

import imaplib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from collector.counts import Counts
from collector.errors import (
    LoginFailed,
    SecretMissing,
    SourceFailed,
    SourceUnknown,
    Unreachable,
)
from collector.jobs import collect_source, resume_raw
from collector.runs import Run
from collector.setaside import list_set_aside, retry
from collector.sources import mailbox, mailserver
from collector.sources.mailserver import Listed, MailServer
from collector.tables import Attachment, Message, RawItem, SetAside
from config.context import Context
from responder.cases import open_cases
from responder.tables import Case
from tests.conftest import FixedClock
from tests.dovecot import Account, Dovecot, running_dovecot
from tests.dying import Death, Killed, dying
from tests.mailboxes import column, figures, mail, place, run, with_mailbox
from tests.scripted_imap import scripted_imap

ARRIVED = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    """The server of all tests here; each test has an account of its own."""
    with running_dovecot() as server:
        yield server


@pytest.fixture
def account(dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch) -> Account:
    """An empty mailbox, whose password is given as a secret."""
    made = dovecot.account()
    monkeypatch.setenv("WENZHENG_SECRET_LEADER_MAIL", made.password)
    return made


Home = Callable[..., Context]


@pytest.fixture
def home(ctx: Context, dovecot: Dovecot, account: Account) -> Home:
    """Gives the home with the account's mailbox, described as a test says."""

    def describe(**keys: object) -> Context:
        usual = {"port": dovecot.tls_port, "ca_file": str(dovecot.ca_file), "username": account.name}
        return with_mailbox(ctx, **{**usual, **keys})

    return describe


def log_in(dovecot: Dovecot, account: Account) -> imaplib.IMAP4:
    """Return a connection of another program to the same mailbox."""
    client = imaplib.IMAP4("127.0.0.1", dovecot.port)
    client.login(account.name, account.password)
    return client


def test_mails_become_messages(home: Home, dovecot: Dovecot, account: Account) -> None:
    """Received is when the server got it; bytes are kept, attachments too, and nothing is marked on the server."""
    attached = (
        b"Message-ID: <a@citizen.example>\r\nDate: Mon, 23 Nov 2026 08:30:00 +0800\r\nFrom: <q@citizen.example>\r\n"
        b"Subject: Form\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\nSee the form.\r\n"
        b"--b\r\nContent-Type: application/pdf; name=form.pdf\r\n\r\n%PDF\r\n--b--\r\n"
    )
    answer = mail(2, "谢谢", "References: <m1@citizen.example>")
    dovecot.deliver(account, mail(1), answer, attached, received=ARRIVED)
    ctx = home()

    assert figures(run(ctx)) == (3, 3, 0, 0, 0)

    assert column(ctx, Message.external_id) == ["<m1@citizen.example>", "<m2@citizen.example>", "<a@citizen.example>"]
    assert set(column(ctx, Message.received_at)) == {ARRIVED}
    assert set(column(ctx, Message.posted_at)) == {datetime(2026, 11, 23, 0, 30, tzinfo=UTC)}
    assert column(ctx, Message.thread_key)[:2] == ["<m1@citizen.example>"] * 2
    assert column(ctx, Attachment.name) == ["form.pdf"]
    assert column(ctx, RawItem.name) == ["INBOX UID 1", "INBOX UID 2", "INBOX UID 3"]
    assert column(ctx, RawItem.content)[1] == answer
    assert column(ctx, RawItem.options)[0] == {
        "kind": "imap",
        "role": "mail",
        "folder": "INBOX",
        "uid": 1,
        "size": len(mail(1)),
        "received": ARRIVED.isoformat(),
    }
    assert dovecot.seen(account) == [False, False, False]


def test_a_run_fetches_what_is_new(home: Home, dovecot: Dovecot, account: Account) -> None:
    """The second run takes the second mail alone, a third one asks for no mail."""
    ctx = home()
    dovecot.deliver(account, mail(1))
    assert figures(run(ctx)) == (1, 1, 0, 0, 0)
    dovecot.deliver(account, mail(2))
    assert figures(run(ctx)) == (1, 1, 0, 0, 0)

    with patch.object(MailServer, "_fetch", side_effect=AssertionError), patch.object(MailServer, "uids") as search:
        assert figures(run(ctx)) == (0, 0, 0, 0, 0)
    search.assert_not_called()
    assert place(ctx)["uid"] == 2


@pytest.mark.parametrize("security", ["starttls", "plain"])
def test_other_connections(home: Home, dovecot: Dovecot, account: Account, security: str) -> None:
    """STARTTLS, and no TLS at all where the profile says so."""
    dovecot.deliver(account, mail(1))

    assert run(home(security=security, port=dovecot.port)).stored == 1


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_must_be_trusted(home: Home, dovecot: Dovecot, names: dict[str, str], security: str) -> None:
    """Without its authority's file, or under another name, nothing is sent; the error says what to do."""
    names["mail.example"] = "127.0.0.1"
    port = dovecot.tls_port if security == "tls" else dovecot.port

    with pytest.raises(Unreachable, match=r"certificate is not valid.*while connecting.*ca_file"):
        run(home(security=security, port=port, ca_file=None))
    with pytest.raises(Unreachable, match="certificate is not valid"):
        run(home(security=security, port=port, host="mail.example"))
    with pytest.raises(Unreachable, match="cannot be read"):
        run(home(ca_file="/no/such/file.pem"))


def test_a_server_without_starttls_is_not_asked_in_the_clear(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """No password goes over a connection that was to be encrypted and is not."""
    monkeypatch.setenv("WENZHENG_SECRET_LEADER_MAIL", "invented")
    with scripted_imap({}) as server, pytest.raises(SourceFailed, match="while connecting"):
        run(with_mailbox(ctx, host="127.0.0.1", port=server.port, security="starttls", username="u"))

    assert not [said for said in server.said if said.startswith("LOGIN")]


def test_a_wrong_password_is_tried_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Accounts are locked by those who keep trying."""
    monkeypatch.setenv("WENZHENG_SECRET_LEADER_MAIL", "wrong")
    tries: list[object] = []
    login = mailserver.BaseMailBox.login

    def counted(*arguments: Any, **options: Any) -> object:
        tries.append(arguments)
        return login(*arguments, **options)

    monkeypatch.setattr(mailserver.BaseMailBox, "login", counted)

    with pytest.raises(LoginFailed, match="does not let the account in") as caught:
        run(home())

    assert len(tries) == 1
    assert "wrong" not in str(caught.value)


def test_a_missing_secret_names_its_variable(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator learns which variable or file to set."""
    monkeypatch.delenv("WENZHENG_SECRET_LEADER_MAIL")

    with pytest.raises(SecretMissing, match="WENZHENG_SECRET_LEADER_MAIL"):
        run(home())


def test_a_password_of_other_characters(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chinese characters in a password are sent by PLAIN, which can carry them."""
    monkeypatch.setenv("WENZHENG_SECRET_LEADER_MAIL", "密码")

    with pytest.raises(LoginFailed, match="does not let the account in"):
        run(home())


def test_mails_are_marked_once_they_are_stored(home: Home, dovecot: Dovecot, account: Account) -> None:
    """Not before: a run that cannot commit leaves them unread. Dropped ones are marked too."""
    dovecot.deliver(account, mail(1), mail(2, "不在", "Auto-Submitted: auto-replied"))
    ctx = home(after="seen")
    with pytest.raises(RuntimeError), patch.object(Run, "take", side_effect=RuntimeError):
        run(ctx)
    assert dovecot.seen(account) == [False, False]

    assert figures(run(ctx)) == (2, 1, 0, 1, 0)

    assert dovecot.seen(account) == [True, True]
    assert place(ctx)["settle"] == []


def less_able(monkeypatch: pytest.MonkeyPatch, able: str) -> None:
    """Let the server know no extensions but these."""
    real = MailServer.log_in

    def log_in_first(server: MailServer, *arguments: Any) -> None:
        real(server, *arguments)
        server._can = frozenset(able.split())

    monkeypatch.setattr(MailServer, "log_in", log_in_first)


@pytest.mark.parametrize("able", ["MOVE UIDPLUS", "UIDPLUS", ""])
def test_mails_are_moved_once_they_are_stored(
    home: Home, dovecot: Dovecot, account: Account, able: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Into a folder that is made when missing, with servers that can move and with others; nothing else is deleted."""
    less_able(monkeypatch, able)
    dovecot.deliver(account, mail(1), mail(2))
    ctx = home(after="move", move_to="已 收录")

    assert run(ctx).stored == 2
    assert (len(dovecot.seen(account)), len(dovecot.seen(account, "已 收录"))) == (0, 2)

    dovecot.deliver(account, mail(3), mail(4))
    assert run(ctx).stored == 2
    assert (len(dovecot.seen(account)), len(dovecot.seen(account, "已 收录"))) == (0, 4)


@pytest.mark.parametrize(("able", "left"), [("UIDPLUS", 1), ("", 2)])
def test_what_others_marked_as_deleted_stays(
    home: Home, dovecot: Dovecot, account: Account, monkeypatch: pytest.MonkeyPatch, able: str, left: int
) -> None:
    """A person may want it back; where the server deletes all marked mails or none, ours stay there too, marked."""
    dovecot.deliver(account, mail(1))
    run(home())
    client = log_in(dovecot, account)
    client.select()
    client.uid("STORE", "1", "+FLAGS", r"(\Deleted)")
    client.logout()
    dovecot.deliver(account, mail(2))
    less_able(monkeypatch, able)

    run(home(after="move", move_to="done"))

    assert (len(dovecot.seen(account)), len(dovecot.seen(account, "done"))) == (left, 1)


def test_folders_with_chinese_names(home: Home, dovecot: Dovecot, account: Account) -> None:
    """Names are written as people see them."""
    dovecot.deliver(account, mail(1))
    dovecot.deliver(account, mail(2), folder="网站 & 来信")

    assert run(home(folders=["INBOX", "网站 & 来信"])).stored == 2


def test_a_missing_folder_is_named_and_the_others_are_read(home: Home, dovecot: Dovecot, account: Account) -> None:
    """The error lists the folders there are."""
    dovecot.deliver(account, mail(1))
    dovecot.deliver(account, mail(2), folder="来信")
    ctx = home(folders=["局长信箱", "INBOX", "来信"], idle=True)

    with pytest.raises(SourceFailed, match=r"no folder 局长信箱.*INBOX、来信|no folder 局长信箱.*来信、INBOX"):
        run(ctx)

    assert len(column(ctx, Message.id)) == 2


def test_a_folder_that_mails_are_moved_into_may_be_read_too(home: Home, dovecot: Dovecot, account: Account) -> None:
    """What is there stays there, instead of being moved onto itself for ever."""
    dovecot.deliver(account, mail(1))
    dovecot.deliver(account, mail(2), folder="done")
    ctx = home(folders=["INBOX", "done"], after="move", move_to="done")

    assert figures(run(ctx)) == (3, 2, 1, 0, 0)
    assert figures(run(ctx)) == (0, 0, 0, 0, 0)
    assert place(ctx, "done")["uid"] == 2


def test_new_numbers_on_the_server_double_nothing(home: Home, dovecot: Dovecot, account: Account) -> None:
    """After a change of UIDVALIDITY everything is looked at anew; mails without a Message-ID are known as well."""
    nameless = b"From: <n@citizen.example>\r\nDate: Mon, 23 Nov 2026 08:30:00 +0800\r\nSubject: x\r\n\r\nhello\r\n"
    dovecot.deliver(account, mail(1), nameless, mail(2))
    ctx = home(after="seen")
    run(ctx)
    before = place(ctx)["uidvalidity"]
    dovecot.renumber(account)
    dovecot.deliver(account, mail(3))

    assert figures(run(ctx)) == (4, 1, 3, 0, 0)

    assert place(ctx)["uidvalidity"] != before
    assert len(column(ctx, RawItem.id)) == 4


def test_the_same_bytes_twice(home: Home, dovecot: Dovecot, account: Account) -> None:
    """A mail delivered twice is one message, whether or not it comes in one batch."""
    dovecot.deliver(account, mail(1), mail(1))
    ctx = home(after="seen")
    assert figures(run(ctx)) == (2, 1, 1, 0, 0)
    dovecot.deliver(account, mail(1))

    assert figures(run(ctx)) == (1, 0, 1, 0, 0)
    assert dovecot.seen(account) == [True] * 3


@pytest.mark.parametrize("step", ["listed", "contents"])
def test_a_mail_deleted_meanwhile_is_no_fault(
    home: Home, dovecot: Dovecot, account: Account, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Between the search and the fetch a person deletes one; the others come."""
    dovecot.deliver(account, mail(1), mail(2), mail(3))
    real = getattr(MailServer, step)
    deleted: list[int] = []

    def late(server: MailServer, uids: Sequence[int], **options: Any) -> object:
        if not deleted:
            client = log_in(dovecot, account)
            client.select()
            client.uid("STORE", "2", "+FLAGS", r"(\Deleted)")
            client.expunge()
            client.logout()
            deleted.append(2)
        return real(server, uids, **options)

    monkeypatch.setattr(MailServer, step, late)
    ctx = home()

    assert run(ctx).stored == 2
    assert place(ctx) | {"uidvalidity": 0} == {"uidvalidity": 0, "uid": 3, "settle": [], "refused": {}}
    assert run(ctx).fetched == 0


def test_a_server_killed_between_two_batches(
    home: Home, dovecot: Dovecot, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was taken stays taken, the error says so in words, and the next run goes on."""
    monkeypatch.setattr(mailbox, "BATCH_MAILS", 2)
    dovecot.deliver(account, *(mail(number) for number in range(6)))
    ctx = home(after="seen")
    real = Run.take

    def take(self: Run, *arguments: Any, **options: Any) -> Counts:
        done = real(self, *arguments, **options)
        dovecot.kick()
        return done

    with patch.object(Run, "take", take), pytest.raises(Unreachable, match=r"broke|no answer"):
        run(ctx)
    assert place(ctx)["settle"] == [1, 2]

    assert figures(run(ctx)) == (4, 4, 0, 0, 0)
    assert dovecot.seen(account) == [True] * 6


def mail_kills() -> Iterator[tuple[str, int]]:
    """Yield the lines at which the process dies: in the database, and before and after the remote side is touched."""
    yield from (("database", moment) for moment in (2, 5, 6, 7, 9, 14, 20))
    yield from (("remote", moment) for moment in (1, 2, 3, 4))


@pytest.mark.parametrize("after", ["seen", "move"])
def test_kills_lose_and_double_nothing(home: Home, dovecot: Dovecot, account: Account, after: str) -> None:
    """200 mails and a kill at each of eleven lines: all are there once, and all are marked or moved."""
    keys = {"after": after} if after == "seen" else {"after": after, "move_to": "done"}
    ctx = home(**keys)
    sent = 0
    for where, moment in mail_kills():
        dovecot.deliver(account, *(mail(number) for number in range(sent, sent + 18)))
        sent += 18
        with patch.object(mailbox, "BATCH_MAILS", 10):
            died = dies_in_database(ctx, moment) if where == "database" else dies_at_the_remote_side(ctx, moment)
        assert died
        if where == "database":
            continue  # Two kills in a row, without a good run between them.
        run(ctx)
    dovecot.deliver(account, mail(sent), mail(sent + 1))

    run(ctx)

    assert sorted(column(ctx, Message.external_id)) == sorted(f"<m{n}@citizen.example>" for n in range(sent + 2))
    assert set(column(ctx, RawItem.state)) == {"parsed"}
    if after == "seen":
        assert dovecot.seen(account) == [True] * 200
    else:
        assert (len(dovecot.seen(account)), len(dovecot.seen(account, "done"))) == (0, 200)


def dies_in_database(ctx: Context, moment: int) -> bool:
    """Collect, die at a moment of the database's work, and tell whether it came."""
    with dying(moment) as death:
        run(ctx)
    return death.came


def dies_at_the_remote_side(ctx: Context, moment: int) -> bool:
    """Collect, die before (odd) or after (even) a mark or move, and tell whether the moment came."""
    death = Death(moment)

    def mortal(real: Callable[..., None]) -> Callable[..., None]:
        def touch(server: MailServer, uids: Sequence[int], *target: str) -> None:
            if not uids:
                return
            death.tick()
            real(server, uids, *target)
            death.tick()

        return touch

    with (
        patch.object(MailServer, "mark_seen", mortal(MailServer.mark_seen)),
        patch.object(MailServer, "move", mortal(MailServer.move)),
        suppress(Killed),
    ):
        run(ctx)
    return death.came


def test_bytes_of_a_killed_run_are_read_from_what_was_kept(
    home: Home, dovecot: Dovecot, account: Account, clock: FixedClock
) -> None:
    """The service finishes them without the server, and the next run finds them done."""
    dovecot.deliver(account, mail(1), mail(2), received=ARRIVED)
    ctx = home()
    with pytest.raises(RuntimeError), patch.object(Run, "take", side_effect=RuntimeError):
        run(ctx)
    clock.forward(timedelta(hours=1))

    assert resume_raw(ctx) == {"resumed": 2, "stored": 2, "failed": 0}

    assert column(ctx, Message.received_at) == [ARRIVED, ARRIVED]
    assert figures(run(ctx)) == (2, 0, 2, 0, 0)


def test_a_mail_that_is_too_large_is_not_lost_silently(
    home: Home, dovecot: Dovecot, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its header alone is fetched and set aside; on the server it stays unread. Trying again changes nothing."""
    monkeypatch.setattr(mailbox, "MOST_BYTES", 2000)
    large = mail(1, "大" * 2000)
    dovecot.deliver(account, large, mail(2), mail(3, "又一封大信" * 1000))
    ctx = home(after="seen")

    assert figures(run(ctx)) == (3, 1, 0, 0, 2)

    assert dovecot.seen(account) == [False, True, False]
    assert column(ctx, RawItem.content)[0] == large.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    assert column(ctx, SetAside.reason) == ["too-large", "too-large"]
    assert "UID 1 in INBOX" in column(ctx, SetAside.detail)[0]
    assert retry(ctx, column(ctx, SetAside.id)[0]).set_aside == 1
    assert run(ctx).fetched == 0


def test_sixty_megabytes_come_as_a_header(home: Home, dovecot: Dovecot, account: Account) -> None:
    """The real limit, with a real mail."""
    dovecot.deliver(account, mail(1, "大\r\n" * (12 * 1024 * 1024)))
    ctx = home()

    assert figures(run(ctx)) == (1, 0, 0, 0, 1)
    assert len(column(ctx, RawItem.content)[0]) < 1000


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\r\n",
        b"no header at all",
        b"Subject: =?gbk?B?!!!?=\r\nContent-Type: multipart/mixed; boundary=\r\n\r\n--\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b",
        b"Content-Type: text/plain; charset=no-such\r\nContent-Transfer-Encoding: base64\r\n\r\n=====\xff\xfe\r\n",
        b"From: \xff\xfe\r\nDate: 32 Foo 9999\r\nMessage-ID: <>\r\n\r\n\x00\x01\x02",
    ],
)
def test_broken_mails_stop_nothing(home: Home, dovecot: Dovecot, account: Account, broken: bytes) -> None:
    """Whatever became of them is counted, and the mails beside them come."""
    dovecot.deliver(account, mail(1), broken, mail(2))
    ctx = home(after="seen")

    counts = run(ctx)

    assert counts.fetched == 3
    assert counts.stored + counts.set_aside + counts.dropped == 3
    assert {"<m1@citizen.example>", "<m2@citizen.example>"} <= set(column(ctx, Message.external_id))
    assert dovecot.seen(account) == [True] * 3


def test_mails_of_machines_and_our_own_are_no_letters(
    home: Home, dovecot: Dovecot, account: Account, clock: FixedClock
) -> None:
    """Automatic answers, bounces and mails from the mailbox itself are counted as dropped and open no case."""
    bounce = (
        b"Message-ID: <b@mx.example>\r\nFrom: MAILER-DAEMON@mx.example\r\nSubject: failure notice\r\n"
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        b"--b\r\n\r\nlost\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nStatus: 5.0.0\r\n--b--\r\n"
    )
    loop = mail(3).replace(b"<p3@citizen.example>", f"<{account.name.upper()}>".encode())
    other = mail(4).replace(b"<p4@citizen.example>", b"<office@test.example>")
    dovecot.deliver(account, mail(1), mail(2, "外出", "Auto-Submitted: auto-replied"), bounce, loop, other)
    ctx = home(own_addresses=["Office@test.example"])

    counts = run(ctx)

    assert figures(counts) == (5, 1, 0, 4, 0)
    assert counts.reasons == {"auto-reply": 1, "bounce": 1, "loop": 2}
    assert len(column(ctx, RawItem.id)) == 5
    clock.forward(timedelta(hours=2))
    assert open_cases(ctx)["opened"] == 1


def test_an_answer_joins_the_case_that_its_subject_names(
    home: Home, dovecot: Dovecot, account: Account, clock: FixedClock
) -> None:
    """From the same author; another's mail with that number is a case of its own."""
    ctx = home()
    dovecot.deliver(account, mail(1))
    run(ctx)
    clock.forward(timedelta(hours=2))
    open_cases(ctx)
    again, stranger = (
        mail(number).replace(f"Mail {number}".encode(), b"Re: [2026-000001]")
        for number in (8, 9)  # p1 and p2
    )
    dovecot.deliver(account, again, stranger)
    run(ctx)
    clock.forward(timedelta(hours=2))

    assert (open_cases(ctx)["followed_up"], len(column(ctx, Case.id))) == (1, 2)


def test_since_goes_by_arrival(home: Home, dovecot: Dovecot, account: Account) -> None:
    """A source's first day leaves out what arrived earlier; a sender's clock, however wrong, leaves nothing out."""
    old, edge = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 19, 16, 30, tzinfo=UTC)
    dovecot.deliver(account, mail(1), received=old)
    dovecot.deliver(account, mail(2, date="Mon, 03 Jan 2022 08:00:00 +0800"), received=edge)
    dovecot.deliver(account, mail(3), received=edge - timedelta(hours=1))
    ctx = home(since=date(2026, 11, 20), after="seen")

    assert figures(run(ctx)) == (1, 1, 0, 0, 0)

    assert column(ctx, Message.external_id) == ["<m2@citizen.example>"]
    assert dovecot.seen(account) == [False, True, False]


def test_a_day_named_by_hand_is_looked_at_again(home: Home, dovecot: Dovecot, account: Account) -> None:
    """`collect --since` goes back over known mails, and the cursor stays where it was."""
    dovecot.deliver(account, mail(1), received=datetime(2026, 11, 1, tzinfo=UTC))
    dovecot.deliver(account, mail(2), mail(3))
    ctx = home()
    run(ctx)
    with ctx.database.writing() as session:
        session.execute(sa.delete(Message).where(Message.external_id == "<m2@citizen.example>"))

    assert figures(run(ctx, since=date(2026, 11, 20))) == (2, 1, 1, 0, 0)

    assert place(ctx)["uid"] == 3
    assert run(ctx).fetched == 0


@pytest.mark.parametrize(
    ("told", "received"),
    [
        (datetime(2026, 11, 23, 2, 5, tzinfo=UTC), datetime(2026, 11, 23, 2, 0, tzinfo=UTC)),
        (datetime(2036, 1, 1, tzinfo=UTC), datetime(2026, 11, 22, 22, 0, tzinfo=UTC)),
        (datetime(1980, 1, 1, tzinfo=UTC), datetime(2026, 11, 22, 22, 0, tzinfo=UTC)),
    ],
)
def test_impossible_dates_of_the_server(
    home: Home, dovecot: Dovecot, account: Account, told: datetime, received: datetime
) -> None:
    """A server's clock that is ahead counts as now; one that is quite wrong gives way to the stamp on the mail."""
    stamp = b"Received: from a by b; Mon, 23 Nov 2026 06:00:00 +0800\r\n"
    dovecot.deliver(account, stamp + mail(1, date="Mon, 23 Nov 2099 08:30:00 +0800"), received=told)
    ctx = home()

    run(ctx)

    assert column(ctx, Message.received_at) == [received]
    assert column(ctx, Message.posted_at) == [received]


def test_a_mail_without_any_date_counts_from_now() -> None:
    """There is nothing better to go by."""
    now = datetime(2026, 11, 23, 2, tzinfo=UTC)

    assert mailbox._arrival(None, b"Subject: x\r\n\r\nhello", now) == now


def test_what_is_set_aside_is_read_by_the_present_description(
    home: Home, ctx: Context, dovecot: Dovecot, account: Account
) -> None:
    """A mail refused for its length is stored once the limit is raised; without the mailbox in the profile it waits."""
    dovecot.deliver(account, mail(1, "长" * 500))
    small = home()
    small = replace(small, settings=small.settings.model_copy(update={"max_cell_chars": 100}))
    assert figures(run(small)) == (1, 0, 0, 0, 1)
    with ctx.database.reading() as session:
        aside = list_set_aside(session)[0][0].id

    with pytest.raises(SourceUnknown, match="no such mailbox"):
        retry(ctx, aside)
    assert retry(home(), aside).stored == 1


def test_waiting_takes_a_mail_the_moment_it_comes(home: Home, dovecot: Dovecot, account: Account) -> None:
    """As a job of the service, in the same run and however often; `progress` stops the waiting."""
    ctx = home(idle=True, after="seen", folders=["INBOX", "来信"])
    dovecot.deliver(account, mail(1))
    dovecot.deliver(account, mail(2), folder="来信")
    stored: list[int] = []

    def progress(done: int, total: int | None) -> None:
        stored.append(done)
        if done in (2, 3) and done not in sent:
            sent.add(done)
            dovecot.deliver(account, mail(done + 1))
        if done == 4:
            raise InterruptedError

    sent: set[int] = set()
    with pytest.raises(InterruptedError):
        collect_source(ctx, "mail", progress)

    assert len(column(ctx, Message.id)) == 4


def test_by_hand_nobody_waits(home: Home, dovecot: Dovecot) -> None:
    """`wenzheng collect` ends once everything is there, and so does a run whose time is over."""
    with patch.object(MailServer, "wait", side_effect=AssertionError):
        run(home(idle=True))


def test_waiting_ends_when_the_next_run_is_due(home: Home, dovecot: Dovecot) -> None:
    """A run ends by itself before the schedule wants to start the next one."""
    waited: list[float] = []

    def wait(server: MailServer, seconds: float, step: Callable[[], None]) -> bool:
        waited.append(seconds)
        return False

    with patch.object(MailServer, "wait", wait):
        collect_source(home(idle=True, every="5m"), "mail", lambda done, total: None)
        collect_source(home(idle=True, every="2h"), "mail", lambda done, total: None)
    assert [round(one) for one in waited] == [298, 538]
    collect_source(home(idle=True, every="1s"), "mail", lambda done, total: None)


@given(st.lists(st.integers(0, 30 * 1024 * 1024), max_size=120))
def test_batches_are_bounded(sizes: list[int]) -> None:
    """Each mail is in one batch, in order; none holds too many, nor too many bytes unless it is a single mail."""
    mails = [Listed(number, size, None) for number, size in enumerate(sizes)]

    batches = list(mailbox._batches(mails))

    assert [one for batch in batches for one in batch] == mails
    assert all(0 < len(batch) <= mailbox.BATCH_MAILS for batch in batches)
    assert all(len(batch) == 1 or sum(one.size for one in batch) <= mailbox.BATCH_BYTES for batch in batches)
