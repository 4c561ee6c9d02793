"""Access tokens: from a token server to a real mailbox, and what becomes of a refusal."""

import json
from pathlib import Path

import pytest

from collector.errors import AddressRefused, LoginFailed, SourceFailed, Unreachable
from collector.sources.oauth import access_token
from collector.trust import trusted_by
from config.context import Context
from config.sources import OAuth2
from tests.dovecot import running_dovecot
from tests.mailboxes import mail, run, with_mailbox
from tests.scripted_imap import scripted_imap
from tests.webserver import Asked, Reply, make_authority, serving


class TokenServer:
    """A token server: it gives a token for one refresh token, and knows whose that token is."""

    def __init__(self) -> None:
        self.reply = Reply(json.dumps({"access_token": "at-1", "token_type": "Bearer"}))
        self.forms: list[dict[str, str]] = []

    def answer(self, asked: Asked) -> Reply:
        """Answer a mailbox that asks for a token, or Dovecot that asks whose a token is."""
        if asked.path.startswith("/token"):
            self.forms.append(asked.form)
            return self.reply
        good = asked.query.get("token") == "at-1"
        return Reply(json.dumps({"active": True, "email": "user1@test.example"} if good else {"active": False}))


@pytest.fixture
def tokens(monkeypatch: pytest.MonkeyPatch) -> TokenServer:
    """A token server whose secrets are given."""
    monkeypatch.setenv("WENZHENG_SECRET_REFRESH", "rt-1")
    monkeypatch.setenv("WENZHENG_SECRET_CLIENT", "cs-1")
    return TokenServer()


def oauth2(url: str) -> dict[str, object]:
    """Return the keys of a mailbox with OAuth2."""
    block = {"token_url": f"{url}/token", "client_id": "desk", "refresh_token": "secret:refresh"}
    return {"password": None, "oauth2": {**block, "client_secret": "secret:client", "scope": "imap"}}


def test_oauth2(ctx: Context, tokens: TokenServer) -> None:
    """An access token is fetched with the refresh token and opens the mailbox; a wrong one does not."""
    with serving(tokens.answer) as web, running_dovecot(f"{web.url}/whose?token=") as server:
        account = server.account()
        server.deliver(account, mail(1))
        keys = {"port": server.tls_port, "ca_file": str(server.ca_file), "username": account.name}
        described = with_mailbox(ctx, **keys, **oauth2(web.url))

        assert run(described).stored == 1

        tokens.reply = Reply(json.dumps({"access_token": "at-2"}))
        with pytest.raises(LoginFailed, match="does not let the account in"):
            run(described)
    form = {"grant_type": "refresh_token", "refresh_token": "rt-1", "client_id": "desk", "client_secret": "cs-1"}
    assert tokens.forms == [{**form, "scope": "imap"}] * 2


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (Reply('{"error": "invalid_grant", "error_description": "secret words"}', 400), LoginFailed, "invalid_grant"),
        (Reply('{"error": {"a": 1}}', 401), LoginFailed, "refuses"),
        (Reply("busy", 503), Unreachable, "status 503"),
        (Reply("[]"), Unreachable, "no token"),
        (Reply('{"access_token": "a\\r\\nb"}'), Unreachable, "no token"),
        (Reply(status=302, headers={"Location": "http://127.0.0.1:9/"}), Unreachable, "status 302"),
        (Reply(drop=True), Unreachable, "does not answer"),
    ],
)
def test_token_servers_that_give_none(
    ctx: Context, tokens: TokenServer, reply: Reply, kind: type[SourceFailed], words: str
) -> None:
    """One request, an error in words, and no mail server is asked."""
    tokens.reply = reply
    with serving(tokens.answer) as web, scripted_imap({}) as server:
        keys = {"host": "127.0.0.1", "security": "plain", "username": "u", "port": server.port, **oauth2(web.url)}
        with pytest.raises(kind, match=words) as caught:
            run(with_mailbox(ctx, **keys))

    assert len(tokens.forms) == 1
    assert not [secret for secret in ("rt-1", "cs-1", "secret words") if secret in str(caught.value)]
    assert not [said for said in server.said if said.startswith("AUTHENTICATE")]


def test_a_refresh_token_is_never_sent_in_the_clear(ctx: Context, tokens: TokenServer) -> None:
    """http is for this machine alone."""
    with scripted_imap({}) as server, pytest.raises(AddressRefused, match="not https"):
        run(
            with_mailbox(
                ctx,
                **{
                    "host": "127.0.0.1",
                    "security": "plain",
                    "username": "u",
                    "port": server.port,
                    **oauth2("http://login.example"),
                },
            )
        )


def test_a_token_server_must_be_trusted(tokens: TokenServer, tmp_path: Path) -> None:
    """The mailbox's own authority vouches for it too; without one nothing is sent."""
    ca_file, tls = make_authority(tmp_path)
    with serving(tokens.answer, tls=tls) as web:
        block = OAuth2(token_url=f"{web.url}/token", client_id="desk", refresh_token="secret:refresh")

        assert access_token(block, "mail", trusted_by(str(ca_file))) == "at-1"
        with pytest.raises(Unreachable, match="certificate is not valid"):
            access_token(block, "mail", trusted_by(None))
    assert len(tokens.forms) == 1
