"""Mail servers: whatever one says or does, the error is in words, and no mail is lost by it."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.collecting import collect
from collector.counts import Counts
from collector.errors import SourceFailed, Unreachable
from collector.sources.mailserver import connected, uid_set
from collector.tables import RawItem, SetAside
from config.context import Context
from config.sources import Mailbox
from tests.mailboxes import column, figures, mail, place, run, with_mailbox
from tests.scripted_imap import CLOSE, Answer, scripted_imap

SCRIPTED = {"host": "127.0.0.1", "security": "plain", "username": "u"}
Script = dict[str, Answer]


@dataclass
class Desk:
    """Runs against servers that say what they are told to.

    Args:
        said: the commands of the last run.
    """

    ctx: Context
    said: list[str] = field(default_factory=list)

    def run(self, script: Script, *, job: bool = False, **keys: object) -> Counts:
        """Collect once, as a job of the service or by hand."""
        with scripted_imap(script) as server:
            self.said = server.said
            described = with_mailbox(self.ctx, **{**SCRIPTED, "port": server.port, **keys})
            return collect(described, "mail", progress=(lambda done, total: None) if job else None)


@pytest.fixture
def desk(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A home with the password as a secret."""
    monkeypatch.setenv("WENZHENG_SECRET_LEADER_MAIL", "invented")
    return Desk(ctx)


def body(uid: int, content: bytes | None = None) -> bytes:
    """Return a FETCH answer with the body of a mail."""
    text = mail(uid) if content is None else content
    return b"* %d FETCH (UID %d BODY[] {%d}\r\n%s)\r\n" % (uid, uid, len(text), text)


def test_a_connection_dropped_in_the_middle_of_a_mail(desk: Desk) -> None:
    """Half a mail is none: nothing of the batch is stored, and the next run fetches it whole."""
    half = body(1) + body(2)[:60] + CLOSE
    with pytest.raises(Unreachable, match="broke off, while fetching the mails 1:2"):
        desk.run({r"UID FETCH 1:2 \(UID BODY": half})
    assert column(desk.ctx, RawItem.id) == []

    assert figures(desk.run({r"UID FETCH 1:2 \(UID BODY": body(1) + body(2)})) == (2, 2, 0, 0, 0)


def test_answers_in_other_forms(desk: Desk) -> None:
    """The UID after the text, flags told without being asked for, and an empty mail that is no literal."""
    text = mail(1)
    answer = (
        b"* 7 FETCH (FLAGS (\\Seen))\r\n* 1 FETCH (BODY[] {%d}\r\n%s UID 1)\r\n" % (len(text), text)
        + b"* 2 FETCH (UID 2 BODY[] NIL)\r\n"
    )

    counts = desk.run({r"UID FETCH 1:2 \(UID BODY": answer})

    assert figures(counts) == (2, 1, 0, 0, 1)
    assert column(desk.ctx, SetAside.reason) == ["no-text"]


def test_a_mail_that_the_server_does_not_hand_over(desk: Desk) -> None:
    """The others come; it is asked for in three runs, then its header is kept and it is set aside."""
    one = b'* 2 FETCH (UID 2 RFC822.SIZE 90 INTERNALDATE "23-Nov-2026 09:00:00 +0800")\r\n'
    script = {
        r"UID FETCH 1:2 \(UID BODY": body(1) + b"%TAG% NO [SERVERBUG] -\r\n",
        r"UID FETCH 2 \(UID BODY.PEEK\[\]": b"%TAG% NO [SERVERBUG] -\r\n",
        r"UID FETCH 2 \(UID BODY.PEEK\[HEADER": b"* 2 FETCH (UID 2 BODY[HEADER] {10}\r\nSubject: x)\r\n",
        r"UID FETCH 2 \(UID RFC822": one,
    }

    found = [figures(desk.run(script)) for _ in range(4)]

    assert found == [(1, 1, 0, 0, 0), (0, 0, 0, 0, 0), (1, 0, 0, 0, 1), (0, 0, 0, 0, 0)]
    assert column(desk.ctx, SetAside.reason) == ["not-delivered"]
    assert place(desk.ctx)["refused"] == {}


def test_a_mail_handed_over_at_last(desk: Desk) -> None:
    """What was refused once comes in the next run."""
    refusing = {
        r"UID FETCH 1:2 \(UID BODY": body(1),
        r"UID FETCH 2 \(UID RFC822": b"* 2 FETCH (UID 2 RFC822.SIZE 9)\r\n",
    }
    desk.run(refusing)
    assert place(desk.ctx)["refused"] == {"2": 1}

    counts = desk.run({**refusing, r"UID FETCH 2 \(UID BODY": body(2)})

    assert (figures(counts), place(desk.ctx)["refused"]) == ((1, 1, 0, 0, 0), {})


@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        ({"LOGIN": b"%TAG% NO [UNAVAILABLE] -\r\n"}, SourceFailed, "refused, while logging in"),
        ({"LOGIN": b"* BYE -\r\n" + CLOSE}, Unreachable, "broke off, while logging in"),
        ({"UID SEARCH": b"%TAG% NO -\r\n"}, SourceFailed, "refused, while searching"),
        ({"UID SEARCH": b"* SEARCH one two\r\n"}, Unreachable, "no IMAP, while searching"),
        ({"UID SEARCH": b"gibberish\r\n"}, Unreachable, "broke off"),
        ({"UID FETCH": b"%TAG% NO [INUSE] -\r\n"}, SourceFailed, "refused, while fetching"),
        ({"UID FETCH": b"%TAG% NO -\r\n"}, SourceFailed, "refused, while fetching"),
        ({r"UID FETCH 1:2 \(UID BODY": b"* 1 FETCH (UID 1 BODY[] {999999999}\r\n"}, Unreachable, "broke off"),
        ({"SELECT": b"* OK [READ-ONLY] -\r\n"}, SourceFailed, "read only"),
        ({"UID STORE": b"%TAG% NO -\r\n", r"UID FETCH 1:2 \(UID BODY": body(1)}, SourceFailed, "while marking"),
    ],
)
def test_what_servers_do_wrong_is_said_in_words(
    desk: Desk, script: Script, kind: type[SourceFailed], words: str
) -> None:
    """Each ends the run with an error that repeats no word of the server."""
    with pytest.raises(kind, match=words) as caught:
        desk.run(script, after="seen")

    assert type(caught.value) is kind
    assert "invented" not in str(caught.value)


def test_a_host_that_does_not_answer(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection, and a server of something else."""
    monkeypatch.setenv("WENZHENG_SECRET_LEADER_MAIL", "invented")
    with scripted_imap({}, greeting=b"SSH-2.0\r\n") as server:
        with pytest.raises(Unreachable, match=r"127\.0\.0\.1"):
            run(with_mailbox(ctx, **SCRIPTED, port=server.port))
        port = server.port
    with pytest.raises(Unreachable, match="no connection"):
        run(with_mailbox(ctx, **SCRIPTED, port=port))


def test_servers_that_want_to_know_who_asks(desk: Desk) -> None:
    """A name is given where the server asks for one, before any folder is opened."""
    script: Script = {
        "CAPABILITY": b"* CAPABILITY IMAP4rev1 ID\r\n",
        "ID": b"",
        "UID SEARCH": b"* SEARCH\r\n",
    }
    desk.run(script)
    said = desk.said  # type: ignore[attr-defined]

    assert [line.split()[0] for line in said if line.split()[0] in ("ID", "EXAMINE")] == ["ID", "EXAMINE"]


@pytest.mark.parametrize(
    "script",
    [
        {},
        {"CAPABILITY": b"* CAPABILITY IMAP4rev1 IDLE\r\n", "IDLE": b"%TAG% NO -\r\n"},
        {"CAPABILITY": b"* CAPABILITY IMAP4rev1 IDLE\r\n", "IDLE": b"+ idling\r\n" + CLOSE},
        {"CAPABILITY": b"* CAPABILITY IMAP4rev1 IDLE\r\n", "IDLE": b"* BYE -\r\n" + CLOSE},
    ],
)
def test_waiting_that_a_server_does_not_allow(desk: Desk, script: Script) -> None:
    """Without IDLE, or when it is ended, the run is over and a good one."""
    assert desk.run({"UID SEARCH": b"* SEARCH\r\n", **script}, idle=True, job=True).fetched == 0


def test_a_mail_that_came_just_before_the_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a server tells in one breath with the start of IDLE is heard; that it is still there is no news."""
    monkeypatch.setenv("WENZHENG_SECRET_LEADER_MAIL", "invented")
    script: Script = {
        "CAPABILITY": b"* CAPABILITY IMAP4rev1 IDLE\r\n",
        "IDLE": b"+ idling\r\n* OK Still here\r\n* 3 EXISTS\r\n%TAG% OK -\r\n",
    }
    steps: list[None] = []
    with scripted_imap(script) as server:
        keys = {**SCRIPTED, "id": "mail", "kind": "imap", "channel": "mailbox", "password": "secret:leader-mail"}
        with connected(Mailbox.model_validate({**keys, "port": server.port})) as talking:
            talking.open("INBOX", readonly=True)

            assert talking.wait(30, lambda: steps.append(None))
    assert len(steps) == 2


@given(st.sets(st.integers(1, 300), min_size=1))
def test_uids_are_named_as_spans(uids: set[int]) -> None:
    """The text names each UID once, and no other."""
    spans = [[int(end) for end in span.split(":")] for span in uid_set(uids).split(",")]

    named = [uid for span in spans for uid in range(span[0], span[-1] + 1)]
    assert named == sorted(uids)
