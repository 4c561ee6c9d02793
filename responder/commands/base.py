"""What the commands share: opening the home for one command, and the option of JSON."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from config.context import Context
from config.home import open_home
from config.settings import Settings, load_settings

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@contextmanager
def opened(settings: Settings | None = None) -> Iterator[Context]:
    """Open the home for one command and close it again.

    Raises:
        WenzhengError: as `config.home.open_home`.
    """
    ctx = open_home(settings or load_settings())
    try:
        yield ctx
    finally:
        ctx.close()
