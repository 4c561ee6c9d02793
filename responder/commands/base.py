"""What the commands share: opening the home for one command, and the option of JSON."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from config.settings import Settings, load_settings

if TYPE_CHECKING:
    from config.context import Context

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def open_home(settings: Settings) -> "Context":
    """Open a home as `config.home.open_home` does; commands that open none do not wait for the database's libraries."""
    from config.home import open_home

    return open_home(settings)


@contextmanager
def opened(settings: Settings | None = None) -> "Iterator[Context]":
    """Open the home for one command and close it again.

    Raises:
        WenzhengError: as `config.home.open_home`.
    """
    ctx = open_home(settings or load_settings())
    try:
        yield ctx
    finally:
        ctx.close()
