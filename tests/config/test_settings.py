"""Settings: read from variables and a folder of secrets; wrong values name their variable, secrets stay secret."""

import logging
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from config.errors import SettingsError
from config.settings import Settings, load_settings

URL = "postgresql+psycopg://clerk:geheim-7@db.example.org:5432/bureau"


def test_nothing_set_gives_the_defaults() -> None:
    """Without a variable the home is ./var with SQLite and the key in it."""
    settings = load_settings()

    assert settings.home == Path("var")
    assert sa.make_url(settings.url).database == str(Path.cwd() / "var" / "wenzheng.db")
    assert settings.key_path == Path("var/wenzheng.key")
    assert settings.host == "127.0.0.1"


def test_variables_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each field is its variable; unknown ones are left alone."""
    for name, value in {
        "HOME": str(tmp_path),
        "PORT": "0",
        "COOKIE_SECURE": "false",
        "LOG_LEVEL": "debug",
        "KEY_FILE": "/etc/wenzheng/key",
        "NEVER_HEARD_OF": "x",
    }.items():
        monkeypatch.setenv(f"WENZHENG_{name}", value)
    settings = load_settings()

    assert settings.home == tmp_path
    assert settings.port == 0
    assert settings.cookie_secure is False
    assert settings.key_path == Path("/etc/wenzheng/key")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT", "http", "integer"),
        ("PORT", "-1", "greater than or equal to 0"),
        ("PORT", "65536", "less than or equal to 65535"),
        ("COOKIE_SECURE", "perhaps", "boolean"),
        ("LOG_LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
        ("LOG_FORMAT", "xml", "'json' or 'console'"),
        ("MAX_FILE_MIB", "0", "greater than or equal to 1"),
        ("MAX_UNPACKED_MIB", "1.5", "integer"),
        ("MAX_CELL_CHARS", "many", "integer"),
        ("MAX_ROWS", "-5", "greater than or equal to 1"),
        ("DATABASE_URL", "bureau", "is not a database URL"),
        ("DATABASE_URL", "postgresql://clerk:geheim-7@h/bureau", r"must begin with postgresql\+psycopg://"),
        ("DATABASE_URL", "mysql://clerk:geheim-7@h/bureau", "not mysql://"),
        ("DATABASE_URL", "postgresql+psycopg://clerk:geheim-7@h", "must name a database"),
        ("DATABASE_URL", "postgresql+psycopg://clerk:geheim-7@h:port/bureau", "is not a database URL"),
        ("DATABASE_URL", "sqlite://", "must name a database"),
        ("DATABASE_URL", "sqlite:///:memory:", "must name a database"),
    ],
)
def test_wrong_value_names_its_variable_and_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    """The error says which variable and what it must be; a password in it appears nowhere, causes included."""
    monkeypatch.setenv(f"WENZHENG_{name}", value)
    with pytest.raises(SettingsError, match=words) as caught:
        load_settings()

    assert caught.value.item == f"WENZHENG_{name}"
    assert caught.value.todo
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "geheim-7" not in str(caught.value)


def test_every_wrong_variable_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two mistakes are told together."""
    monkeypatch.setenv("WENZHENG_PORT", "x")
    monkeypatch.setenv("WENZHENG_LOG_LEVEL", "x")

    with pytest.raises(SettingsError, match=r"WENZHENG_PORT must be .*WENZHENG_LOG_LEVEL must be"):
        load_settings()


def test_wrong_value_in_the_program_is_not_repeated_either() -> None:
    """Settings made in code hide what they refuse."""
    with pytest.raises(ValidationError) as caught:
        Settings(database_url="mysql://clerk:geheim-7@h/bureau")

    assert "geheim-7" not in str(caught.value)
    assert "geheim-7" not in repr(caught.value)


def test_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """`WENZHENG_HOME=` in an environment file does not make the current folder the home."""
    for name in ("HOME", "DATABASE_URL", "PORT", "KEY_FILE"):
        monkeypatch.setenv(f"WENZHENG_{name}", "")

    assert load_settings() == Settings()


def test_secrets_stand_in_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file named as the variable in lower case gives its value, without the line end; a variable wins over it."""
    (tmp_path / "wenzheng_database_url").write_text(URL + "\n")
    (tmp_path / "wenzheng_port").write_text("9000\n")
    monkeypatch.setenv("WENZHENG_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("WENZHENG_PORT", "9001")
    settings = load_settings()

    assert settings.url == URL
    assert settings.port == 9001


def test_wrong_value_in_a_secret_file_names_its_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A secret is checked as a variable is."""
    (tmp_path / "wenzheng_database_url").write_text("geheim-7")
    monkeypatch.setenv("WENZHENG_SECRETS_DIR", str(tmp_path))
    with pytest.raises(SettingsError, match="WENZHENG_DATABASE_URL: is not") as caught:
        load_settings()

    assert "geheim-7" not in str(caught.value)


@pytest.mark.parametrize("kind", ["missing", "file"])
def test_secrets_folder_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str) -> None:
    """A wrong folder is an error, not a silent start without secrets."""
    path = tmp_path / "secrets"
    if kind == "file":
        path.write_text("")
    monkeypatch.setenv("WENZHENG_SECRETS_DIR", str(path))

    with pytest.raises(SettingsError, match="WENZHENG_SECRETS_DIR"):
        load_settings()


def test_secret_that_cannot_be_read_names_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A secret of another owner is a clear error."""
    (tmp_path / "wenzheng_database_url").write_text(URL)
    monkeypatch.setenv("WENZHENG_SECRETS_DIR", str(tmp_path))

    def forbidden(path: Path, *arguments: object, **more: object) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_text", forbidden)

    with pytest.raises(SettingsError, match="wenzheng_database_url: a secret cannot be read: Permission denied"):
        load_settings()


def test_password_is_never_shown(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Text, representation, dump and log of the settings hide the URL."""
    monkeypatch.setenv("WENZHENG_DATABASE_URL", URL)
    settings = load_settings()
    with caplog.at_level(logging.INFO):
        logging.getLogger("x").info("settings %s %r", settings, settings)

    assert settings.url == URL
    for shown in (str(settings), repr(settings), settings.model_dump_json(), str(settings.model_dump()), caplog.text):
        assert "geheim-7" not in shown


@pytest.mark.parametrize("name", ["plain", "with blank", "a?b", "a%20b", "a#b", "统计局"])
def test_sqlite_lies_in_the_home_whatever_its_name(tmp_path: Path, name: str) -> None:
    """A folder's name may hold what has a meaning in a URL."""
    settings = Settings(home=tmp_path / name)

    assert sa.make_url(settings.url).database == str(tmp_path / name / "wenzheng.db")
