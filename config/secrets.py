"""Passwords and tokens that a source names as `secret:NAME`; the profile itself never holds one."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

PREFIX = "secret:"
_NAME = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")


def is_secret(text: str) -> bool:
    """Tell whether a text of the profile names a secret."""
    return text.startswith(PREFIX)


def variable_of(text: str) -> str:
    """Return the environment variable of a named secret: `secret:board-login` → WENZHENG_SECRET_BOARD_LOGIN.

    Raises:
        ValueError: the name has other characters than small letters, digits, - and _.
    """
    name = text.removeprefix(PREFIX)
    if not _NAME.fullmatch(name):
        raise ValueError(f"{text}: name a secret with small letters, digits and hyphens")
    return "WENZHENG_SECRET_" + name.replace("-", "_").upper()


def read_secret(text: str) -> str | None:
    """Return the secret that `secret:NAME` names: from the environment, else from the secrets folder; None if unset.

    The file in the folder WENZHENG_SECRETS_DIR has the variable's name in small letters, as the settings' files have.
    """
    variable = variable_of(text)
    if value := os.environ.get(variable):
        return value
    folder = os.environ.get("WENZHENG_SECRETS_DIR")
    file = Path(folder) / variable.lower() if folder else None
    return file.read_text("utf-8").strip() or None if file is not None and file.is_file() else None


def missing_secrets(part: BaseModel) -> Iterator[str]:
    """Yield each `secret:NAME` of a part of the profile that is given nowhere."""
    for text in texts_of(part.model_dump()):
        if is_secret(text) and read_secret(text) is None:
            yield text


def texts_of(value: object) -> Iterator[str]:
    """Yield every text within a value of lists and blocks."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from texts_of(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from texts_of(one)
