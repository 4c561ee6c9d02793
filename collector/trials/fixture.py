"""Pages kept by a trial, so that a description can be tried again without asking the site."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from collector.errors import FixtureUnreadable
from config.context import Context
from config.errors import VaultError
from config.sources import AnySource

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Page:
    """An answer of a site.

    Args:
        role: list or detail.
        url: after redirects.
        content_type: the header as it came.
        row: number of the list's row that a detail belongs to.
        block: number of the `[[sources.details]]` block that asked for it, from 0.
    """

    role: str
    url: str
    content_type: str
    content: bytes
    row: int = 0
    block: int = 0


def is_sealed(ctx: Context, source: AnySource) -> bool:
    """Tell whether the pages of a source hold what only the bureau may see, so that they are kept encrypted."""
    channel = ctx.profile.channel(source.channel)
    return getattr(source, "visit", None) is not None or (channel is not None and channel.access == "restricted")


def save(ctx: Context, source: AnySource, pages: Sequence[Page], now: datetime) -> Path:
    """Keep pages in a new folder of the home and return it; only this account may read them.

    Raises:
        OSError: the folder cannot be written.
    """
    home = ctx.settings.home / "fixtures"
    home.mkdir(mode=0o700, exist_ok=True)
    above = home / source.id
    above.mkdir(mode=0o700, exist_ok=True)
    stamp = now.astimezone(ctx.profile.zone).strftime("%Y%m%d-%H%M%S")
    folder = _new_folder(above, stamp)
    sealed = is_sealed(ctx, source)
    listed: list[dict[str, Any]] = []
    details = 0
    for page in pages:
        details += page.role == "detail"
        name = "list.bin" if page.role == "list" else f"detail-{details}.bin"
        _write(folder / name, ctx.vault.seal(page.content) if sealed else page.content)
        listed.append(
            {"file": name, "role": page.role, "url": page.url, "type": page.content_type}
            | ({"row": page.row, "block": page.block} if page.role == "detail" else {})
        )
    manifest = {"source": source.id, "saved_at": now.isoformat(), "sealed": sealed, "pages": listed}
    _write(folder / MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=2).encode())
    return folder


def load(ctx: Context, folder: Path) -> list[Page]:
    """Return the pages that `save` kept in a folder.

    Raises:
        FixtureUnreadable: it holds no fixture, or one that was sealed with another key.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        pages = []
        for one in manifest["pages"]:
            content = (folder / Path(one["file"]).name).read_bytes()
            content = ctx.vault.unseal(content) if manifest["sealed"] else content
            pages.append(
                Page(one["role"], one["url"], one["type"], content, int(one.get("row", 0)), int(one.get("block", 0)))
            )
    except (OSError, ValueError, KeyError, TypeError, VaultError) as error:
        raise FixtureUnreadable(
            "the folder holds no fixture that can be read",
            item=str(folder),
            todo="Name a folder that `wenzheng source try` printed.",
        ) from error
    return pages


def _new_folder(above: Path, stamp: str) -> Path:
    """Make a folder of this moment; a second trial in the same second gets a number."""
    number = 1
    while True:
        folder = above / (stamp if number == 1 else f"{stamp}-{number}")
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            number += 1
            continue
        return folder


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
