"""A home: made once, opened by all, and never given another key than its own."""

import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from collector.tables import Message
from config.context import Context
from config.errors import DatabaseError, KeyMissing, KeyWrong, NotInitialised, ProfileError, SettingsError
from config.home import init_home, initialised_at, open_home
from config.settings import Settings
from config.tables import Installation
from config.vault import Vault
from tests.conftest import NOW, FixedClock, variables
from tests.factories import make_message


def test_init_makes_folders_key_and_database(ctx: Context) -> None:
    """A new home has what the service needs and knows its day; it is not a demo."""
    home = ctx.settings.home

    assert sorted(path.name for path in home.iterdir() if path.is_dir()) == ["models", "reports"]
    assert ctx.settings.key_path.is_file()
    assert initialised_at(ctx) == NOW
    with ctx.database.reading() as session:
        assert session.scalar(sa.select(Installation.demo)) is False


def test_repeating_init_changes_nothing(ctx: Context, clock: FixedClock) -> None:
    """A second init keeps the key, the day and every row."""
    message, key = make_message(ctx), ctx.settings.key_path.read_bytes()
    clock.forward(timedelta(days=9))
    again = init_home(ctx.settings, clock=clock, demo=True)
    try:
        assert again.settings.key_path.read_bytes() == key
        assert initialised_at(again) == NOW
        with again.database.reading() as session:
            assert session.scalar(sa.select(Message.id)) == message
            assert session.scalar(sa.select(Installation.demo)) is False
    finally:
        again.close()


def test_opened_home_reads_what_was_sealed(ctx: Context) -> None:
    """Another process with the same settings reads everything."""
    make_message(ctx, author_name="欧阳明远")
    opened = open_home(ctx.settings)
    try:
        with opened.database.reading() as session:
            assert session.scalar(sa.select(Message.author_name)) == "欧阳明远"
    finally:
        opened.close()


def test_folder_without_a_home_asks_for_init(tmp_path: Path) -> None:
    """Opening makes nothing, neither folder nor file."""
    settings = Settings(home=tmp_path / "home")
    with pytest.raises(NotInitialised, match=r"home: there is no database here\. Run `wenzheng init` first\."):
        open_home(settings)

    assert list(tmp_path.iterdir()) == []


def test_lost_key_is_said_and_no_new_one_is_made(ctx: Context) -> None:
    """With the key gone, neither open nor init makes another: it would open nothing of what is there."""
    key = ctx.settings.key_path.read_bytes()
    ctx.settings.key_path.unlink()
    for start in (open_home, init_home):
        with pytest.raises(KeyMissing, match=r"wenzheng\.key: .*Put the saved copy of the key there"):
            start(ctx.settings)
        assert not ctx.settings.key_path.exists()

    ctx.settings.key_path.write_bytes(key)
    open_home(ctx.settings).close()


@pytest.mark.parametrize("start", [open_home, init_home])
def test_another_key_is_said_to_be_wrong(ctx: Context, start: object) -> None:
    """With another home's key in place the error names the key file and what to do, and both stay as they are."""
    ctx.settings.key_path.unlink()
    Vault.create(ctx.settings.key_path)
    key = ctx.settings.key_path.read_bytes()
    with pytest.raises(KeyWrong, match=r"the key does not fit this database\. Put the key") as caught:
        start(ctx.settings)  # type: ignore[operator]

    assert caught.value.item == str(ctx.settings.key_path)
    assert ctx.settings.key_path.read_bytes() == key


@pytest.mark.parametrize("start", [open_home, init_home])
def test_damaged_key_file_is_said_to_be_wrong(ctx: Context, start: object) -> None:
    """A key file with something else in it is named."""
    ctx.settings.key_path.write_text("something else")

    with pytest.raises(KeyWrong, match=r"wenzheng\.key: the file does not hold a key"):
        start(ctx.settings)  # type: ignore[operator]


def test_damaged_key_check_is_told_as_a_wrong_key(ctx: Context) -> None:
    """A sealed word that opens to something else, or not at all, does not open the home."""
    for word in (ctx.vault.seal_text("another word"), ctx.vault.seal_text("wenzheng")[:-8], "enc:"):
        with ctx.database.writing() as session:
            session.execute(sa.text("update installation set key_check = :word"), {"word": word})
        with pytest.raises(KeyWrong, match="does not fit"):
            open_home(ctx.settings)


def test_key_may_lie_outside_the_home(tmp_path: Path) -> None:
    """In service the key is elsewhere; init makes it there, with its folder."""
    settings = Settings(home=tmp_path / "home", key_file=tmp_path / "keys" / "bureau.key")
    init_home(settings).close()

    assert (tmp_path / "keys" / "bureau.key").is_file()
    assert not (tmp_path / "home" / "wenzheng.key").exists()
    open_home(settings).close()


def test_database_without_an_installation_is_not_opened(ctx: Context) -> None:
    """Tables without the row that init writes are not a home yet; init completes them."""
    with ctx.database.writing() as session:
        session.execute(sa.delete(Installation))
    with pytest.raises(NotInitialised, match="never initialised"):
        open_home(ctx.settings)

    init_home(ctx.settings).close()
    open_home(ctx.settings).close()


def test_init_that_was_killed_after_the_key_goes_on(tmp_path: Path) -> None:
    """A key without a database is what a killed init leaves; the next one keeps and uses it."""
    settings = Settings(home=tmp_path / "home")
    Vault.create(settings.key_path)
    key = settings.key_path.read_bytes()
    init_home(settings).close()

    assert settings.key_path.read_bytes() == key
    open_home(settings).close()


INIT = """
import sys
from pathlib import Path
from config.home import init_home
from config.settings import load_settings
print(flush=True)
sys.stdin.readline()
init_home(load_settings()).close()
"""


def test_two_inits_at_once_make_one_home(settings: Settings) -> None:
    """Whoever comes second finds the key and the tables of the first; neither fails."""
    inits = [
        subprocess.Popen(
            [sys.executable, "-c", INIT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=variables(settings),
            text=True,
        )
        for _ in range(2)
    ]
    for init in inits:
        assert init.stdout is not None
        init.stdout.readline()
    for init in inits:  # Everything is imported; both start now.
        assert init.stdin is not None
        init.stdin.write("go\n")
        init.stdin.flush()
    failures = [init.communicate(timeout=60)[1] for init in inits]

    assert failures == ["", ""]
    open_home(settings).close()


def test_home_that_cannot_be_made_names_its_variable(tmp_path: Path) -> None:
    """A path through a file is a fault of the settings."""
    (tmp_path / "file").write_text("")

    with pytest.raises(SettingsError, match=r"WENZHENG_HOME=.*file/home: the folder cannot be made: "):
        init_home(Settings(home=tmp_path / "file" / "home"))


def test_folder_in_the_place_of_the_database_is_said(tmp_path: Path) -> None:
    """A folder named wenzheng.db cannot be opened, and no key is made beside it."""
    settings = Settings(home=tmp_path / "home")
    (settings.home / "wenzheng.db").mkdir(parents=True)

    for start in (open_home, init_home):
        with pytest.raises(DatabaseError, match=r"wenzheng\.db: the database cannot be opened"):
            start(settings)
    assert not settings.key_path.exists()


def test_faults_of_the_profile_come_first(tmp_path: Path) -> None:
    """With a wrong profile nothing is made."""
    profile = tmp_path / "bureau.toml"
    profile.write_text("bureau = 3")

    for start in (open_home, init_home):
        with pytest.raises(ProfileError):
            start(Settings(home=tmp_path / "home", profile=profile))
    assert not (tmp_path / "home").exists()


def test_a_new_home_is_its_owners_alone(settings: Settings) -> None:
    """Letters lie in it, so others on the machine cannot look in."""
    init_home(settings).close()

    assert stat.S_IMODE(settings.home.stat().st_mode) == 0o700
