"""The demo home: made anew over an older demo, and over nothing else."""

import errno
from pathlib import Path

import pytest

from config.home import init_home
from config.settings import Settings
from responder.demo.bureau import fill_demo
from responder.errors import AlreadyRunning, DemoRefused
from responder.scheduling import home_lock


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty folder."""
    folder = tmp_path / "demo"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("name", ["notes.txt", "wenzheng.db"])
def test_a_folder_with_something_else_is_left_as_it_is(home: Path, name: str) -> None:
    """Files of somebody else, even under our name, are neither removed nor joined by a database."""
    (home / name).write_text("mine", "utf-8")

    with pytest.raises(DemoRefused, match="not a demo"):
        fill_demo(Settings(home=home))

    assert contents(home) == {name: b"mine"}


def test_a_home_in_service_is_left_as_it_is(home: Path) -> None:
    """A bureau's own home is recognised without a trace beside its database."""
    init_home(Settings(home=home)).close()
    before = contents(home)

    with pytest.raises(DemoRefused, match="not a demo"):
        fill_demo(Settings(home=home))

    assert contents(home) == before


def test_a_demo_that_is_being_served_is_left_as_it_is(home: Path) -> None:
    """The database is not deleted under a running demo."""
    ctx = init_home(Settings(home=home), demo=True)
    with home_lock(home), pytest.raises(AlreadyRunning):
        fill_demo(ctx.settings)

    assert (home / "wenzheng.db").exists()
    ctx.close()


def test_a_folder_that_cannot_be_read_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lack of rights is one clear refusal."""

    def forbidden(folder: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", forbidden)

    with pytest.raises(DemoRefused, match="Permission denied"):
        fill_demo(Settings(home=home))
