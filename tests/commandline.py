"""Calls the command line as a user would: a process of its own, its output and exit code."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Said:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str


def wenzheng(home: Path, *arguments: str | Path, **settings: str) -> Said:
    """Run `wenzheng ARGUMENTS` with a home and further settings (without their prefix)."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("WENZHENG_")}
    environment["WENZHENG_HOME"] = str(home)
    environment |= {f"WENZHENG_{key.upper()}": value for key, value in settings.items()}
    run = subprocess.run(
        [sys.executable, "-m", "worker", *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return Said(run.returncode, run.stdout, run.stderr)
