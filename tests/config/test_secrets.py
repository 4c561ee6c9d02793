"""Passwords and tokens that the profile names and never holds."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.secrets import is_secret, missing_secrets, read_secret, variable_of
from config.sources import Mailbox


def mailbox(**keys: object) -> Mailbox:
    """Return a mailbox whose password is a secret."""
    return Mailbox(
        **{
            "id": "letters",
            "kind": "imap",
            "channel": "mailbox",
            "host": "mail.example",
            "username": "box",
            "password": "secret:letters-password",
            **keys,
        }
    )


def test_a_secret_is_told_from_a_plain_value() -> None:
    """By its prefix alone."""
    assert is_secret("secret:board")
    assert not is_secret("my secret: board")


@given(st.lists(st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8), min_size=1, max_size=4))
def test_each_name_has_its_variable(parts: list[str]) -> None:
    """In capital letters, with underscores for hyphens."""
    name = "-".join(parts)

    assert variable_of(f"secret:{name}") == "WENZHENG_SECRET_" + "_".join(parts).upper()


@pytest.mark.parametrize("name", ["", "Board", "a b", "-a", "a-", "a--b", "a/b", "../key", "口令", "a\n"])
def test_a_name_that_no_variable_can_have_is_refused(name: str) -> None:
    """Nor can it lead out of the secrets folder."""
    with pytest.raises(ValueError, match="small letters"):
        variable_of(f"secret:{name}")


def test_the_environment_goes_before_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file bears the variable's name in small letters; its line end is no part of the secret."""
    assert read_secret("secret:board-login") is None

    monkeypatch.setenv("WENZHENG_SECRETS_DIR", str(tmp_path))
    assert read_secret("secret:board-login") is None
    (tmp_path / "wenzheng_secret_board_login").write_text("from the file\n", "utf-8")
    assert read_secret("secret:board-login") == "from the file"

    monkeypatch.setenv("WENZHENG_SECRET_BOARD_LOGIN", "from the environment")
    assert read_secret("secret:board-login") == "from the environment"


def test_an_empty_secret_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable or file left empty is not a password of no letters."""
    monkeypatch.setenv("WENZHENG_SECRET_BOARD", "")
    monkeypatch.setenv("WENZHENG_SECRETS_DIR", str(tmp_path))
    (tmp_path / "wenzheng_secret_board").write_text(" \n", "utf-8")

    assert read_secret("secret:board") is None


def test_missing_secrets_are_found_wherever_they_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also within the parts of a source; those that are given are not named."""
    plain = mailbox()
    assert list(missing_secrets(plain)) == ["secret:letters-password"]
    monkeypatch.setenv("WENZHENG_SECRET_LETTERS_PASSWORD", "x")
    assert list(missing_secrets(plain)) == []

    token = {"token_url": "https://mail.example/token", "client_id": "c", "refresh_token": "secret:refresh"}
    assert list(missing_secrets(mailbox(password=None, oauth2=token))) == ["secret:refresh"]
