"""Settings of this machine, read from the environment.

Every setting is a variable `WENZHENG_<NAME>`; a secret may instead stand in a file of that name (lower case)
inside the folder named by `WENZHENG_SECRETS_DIR` (systemd credentials, container secrets).
To add one: add the field with a description that names its unit, and its line in docs/operating.md (a test compares).
What belongs to a bureau rather than to a machine is in the profile.
"""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError as UnreadableSource

from config.errors import SettingsError

MIB = 1024 * 1024


class Settings(BaseSettings):
    """All settings of one machine; unknown `WENZHENG_*` names are ignored, wrong values refused."""

    # An empty variable counts as unset, as an environment file with `NAME=` means it. Refused values are not repeated
    # in the error, because a URL holds a password.
    model_config = SettingsConfigDict(
        env_prefix="WENZHENG_", frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    home: Path = Field(Path("var"), description="Folder of database, models and files.")
    database_url: SecretStr | None = Field(
        None, description="SQLAlchemy URL; PostgreSQL as postgresql+psycopg://…. Unset: SQLite in the home."
    )
    profile: Path | None = Field(None, description="The bureau's TOML file. Unset: the shipped linyi.toml.")
    key_file: Path | None = Field(
        None,
        description="File with the encryption key; in service outside the home. Unset: wenzheng.key in it.",
    )
    host: str = Field("127.0.0.1", description="Address the desk listens on; :: for IPv6 and IPv4.")
    port: int = Field(8787, ge=0, le=65535, description="Port of the desk; 0 takes a free one.")
    cookie_secure: bool = Field(True, description="Send the log-in cookie over HTTPS only; off for plain loopback.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level logged.")
    log_format: Literal["json", "console"] = Field("json", description="One JSON object a line, or for eyes.")
    max_file_mib: int = Field(200, ge=1, description="Largest file taken in, MiB.")
    max_unpacked_mib: int = Field(256, ge=1, description="Largest size a file may unpack to, MiB.")
    max_cell_chars: int = Field(200_000, ge=1, description="Longest text of one cell or message, characters.")
    max_rows: int = Field(2_000_000, ge=1, description="Most rows taken from one file.")
    retrain_after: int = Field(
        50, ge=0, description="New labels of one question after which the night trains a proposal; 0: never."
    )
    retrain_hour: int = Field(
        2, ge=0, le=23, description="Hour in the bureau's time zone from which on the night's training may begin."
    )

    @field_validator("database_url")
    @classmethod
    def _usable(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        # Loaded only where a database is named or opened: not for a table that needs none.
        import sqlalchemy as sa

        try:
            url = sa.make_url(value.get_secret_value())
        except (sa.exc.ArgumentError, ValueError):
            raise ValueError("is not a database URL such as postgresql+psycopg://user:password@host/name") from None
        if url.drivername not in ("sqlite", "postgresql+psycopg"):
            raise ValueError(f"must begin with postgresql+psycopg:// or sqlite:///, not {url.drivername}://")
        if url.database in (None, "", ":memory:"):
            raise ValueError("must name a database; one in memory would be another for each process")
        return value

    @property
    def url(self) -> str:
        """The database URL in force, with its password: for `Database`, never for people (see `shown_url`)."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        import sqlalchemy as sa

        # The path is quoted: a folder may have a ? or % in its name.
        return sa.URL.create("sqlite", database=str(self.home.absolute() / "wenzheng.db")).render_as_string()

    def may_have_database(self) -> bool:
        """Tell whether there may be a database; connecting to SQLite would make an empty file."""
        try:
            return self.database_url is not None or (self.home / "wenzheng.db").exists()
        except PermissionError:
            return True  # Opening it says what is forbidden.

    @property
    def key_path(self) -> Path:
        """The key file in force."""
        return self.key_file or self.home / "wenzheng.key"


def load_settings() -> Settings:
    """Read the settings from the environment and the secrets folder.

    Raises:
        SettingsError: a value cannot be used; the message names the variable.
    """
    secrets = os.environ.get("WENZHENG_SECRETS_DIR")
    if secrets and not Path(secrets).is_dir():
        raise SettingsError(
            "the folder does not exist", item=f"WENZHENG_SECRETS_DIR={secrets}", todo="Create it or unset it."
        )
    try:
        return Settings(_secrets_dir=secrets)
    except ValidationError as error:
        faults = [("WENZHENG_" + str(fault["loc"][0]).upper(), _words(fault["msg"])) for fault in error.errors()]
    except UnreadableSource as error:
        cause = error.__cause__
        raise SettingsError(
            f"a secret cannot be read: {cause.strerror if isinstance(cause, OSError) else 'it is not text'}",
            item=str(getattr(cause, "filename", None) or f"WENZHENG_SECRETS_DIR={secrets}"),
            todo="Check its owner, mode and content.",
        ) from error
    # Outside the `except`, so that no traceback leads back to the refused value.
    raise SettingsError(
        "; ".join(words if len(faults) == 1 else f"{name} {words}" for name, words in faults),
        item=", ".join(name for name, _ in faults),
        todo="Correct the variable." if len(faults) == 1 else "Correct the variables.",
    )


def _words(message: str) -> str:
    """Turn pydantic's sentence into a clause that follows the variable's name."""
    return message.removeprefix("Value error, ").replace("Input should be", "must be")
