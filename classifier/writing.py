"""Files for people: written beside their place, put there whole, and never in the place of the service's own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from classifier.errors import ClassifierError
from config.settings import Settings


@contextmanager
def appearing(settings: Settings, out: Path, encoding: str = "utf-8") -> Iterator[TextIO]:
    """Open a file to write that takes its place when all of it is written.

    Raises:
        ClassifierError: it cannot be written, is there and no ordinary file, or belongs to the service.
    """
    try:
        _refuse_own(settings, out)
        if out.exists() and not out.is_file():
            raise ClassifierError("this is not an ordinary file", item=str(out), todo="Name a file to write to.")
        partial = out.with_name(f".wenzheng.{os.getpid()}.part")
        try:
            with partial.open("w", encoding=encoding, newline="") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            partial.replace(out)
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(out, error) from error


def unwritable(out: Path, error: OSError) -> ClassifierError:
    """Return the error for a file that cannot be written."""
    return ClassifierError(
        f"the file cannot be written ({error.strerror})",
        item=str(out),
        todo="Check folder, rights, length of the name and free space.",
    )


def _refuse_own(settings: Settings, out: Path) -> None:
    """Refuse the key, and what stands in the home already: losing them would lose every message."""
    place, home = out.resolve(), settings.home.resolve()
    own = place == settings.key_path.resolve() or (home in place.parents and (place.exists() or home != place.parent))
    if own:
        raise ClassifierError(
            "this place belongs to the service; nothing was written",
            item=str(out),
            todo="Name a file outside the home.",
        )
