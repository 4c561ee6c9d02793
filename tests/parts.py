"""Real parts that tests need: found on this machine, or the test is skipped with a reason, or CI fails."""

import os
import shutil
from pathlib import Path

import pytest

PACKAGES = {
    "chromium": "chromium",
    "dovecot": "dovecot-imapd",
    "postgres": "postgresql",
    "initdb": "postgresql",
}


def require_part(name: str) -> str:
    """Return the path of a program; skip without it, or fail where WENZHENG_REQUIRE_PARTS is set (CI)."""
    found = shutil.which(name) or next(
        (str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)), None
    )
    if found:
        return found
    reason = f"{name} is not installed (Debian package {PACKAGES.get(name, name)})"
    if os.environ.get("WENZHENG_REQUIRE_PARTS"):
        pytest.fail(reason)
    pytest.skip(reason)
