"""The bytes of a file that a person or a program names, read with care for what the name stands for."""

import os
import stat
from pathlib import Path

from collector.errors import FileRefused, FileTooLarge
from collector.readers import Limits
from config.settings import MIB


def read_file(path: Path, limits: Limits, *, follow: bool = True) -> bytes:
    """Return the bytes of a file.

    Args:
        follow: a link is read as what it leads to; otherwise it is refused.
    Raises:
        FileRefused: missing, not a file, unreadable, empty or too large.
    """
    try:
        if not path.is_file():
            what = "is not a file" if path.exists() else "there is no such file"
            raise FileRefused(what, item=str(path), todo="Check the path.")
        # What the name stands for may change at any moment, so everything is asked of the file that was opened.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW))
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise FileRefused("is not a file", item=str(path), todo="Check the path.")
            content = b"" if status.st_size > limits.max_file_mib * MIB else file.read()
        if status.st_size > limits.max_file_mib * MIB:
            raise FileTooLarge(
                f"the file is larger than {limits.max_file_mib} MiB",
                item=str(path),
                todo="Split it, or raise WENZHENG_MAX_FILE_MIB.",
            )
        return content
    except OSError as error:
        raise FileRefused(f"cannot be read ({error.strerror})", item=str(path), todo="Check its rights.") from error
