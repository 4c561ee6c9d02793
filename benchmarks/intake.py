"""Import, classify and report real exports in a throw-away home: counts, rows a second, peak memory.

    python benchmarks/intake.py --data FOLDER

FOLDER holds board.xlsx, answered.xlsx and posts-*.csv.gz as the public data sets name them. Each step runs in a
process of its own, so that its peak memory is its own. Prints JSON.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

WEEK = "2019-W35"


def step(home: Path, name: str, *arguments: str, startup: float = 0.0) -> dict[str, Any]:
    """Run one command in a fresh process; return its counts, seconds, peak memory, and items a second of work."""
    code = (
        "import resource, sys, worker\n"
        "try:\n    worker.main()\nfinally:\n"
        "    sys.stderr.write(f'PEAK {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}')"
    )
    environment = {**os.environ, "WENZHENG_HOME": str(home), "WENZHENG_LOG_LEVEL": "error"}
    start = time.perf_counter()
    run = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - start
    if run.returncode not in (0, 1):
        raise SystemExit(run.stderr)
    try:
        counts = json.loads(run.stdout)
    except json.JSONDecodeError:
        counts = run.stdout.strip()
    peak = re.search(r"PEAK (\d+)", run.stderr)
    row = {"step": name, "seconds": round(seconds, 2), "peak_mb": round(int(peak[1]) / 1024) if peak else None}
    if isinstance(counts, dict):
        done = counts.get("fetched") or counts.get("classified") or 0
        row |= {"counts": counts, "per_second": round(done / (seconds - startup))}
    elif isinstance(counts, str):
        row["output"] = Path(counts).name
    return row


def main() -> None:
    """Run every step and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the public data sets")
    data: Path = parser.parse_args().data
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        rows = [step(home, "init", "init")]
        # A command that opens the home and does nothing: what every other step spends before its work begins.
        startup: float = step(home, "startup", "setaside", "list", "--json")["seconds"]
        measured = partial(step, home, startup=startup)
        board = ["import", str(data / "board.xlsx"), "--channel", "site-board", "--json"]
        rows += [measured("board", *board), measured("board again", *board)]
        rows.append(measured("answered", "import", str(data / "answered.xlsx"), "--channel", "site-board", "--json"))
        for path in sorted(data.glob("posts-*.csv.gz")):
            day = path.name.removeprefix("posts-").removesuffix(".csv.gz")
            arguments = ["import", str(path), "--channel", "posts", "--posted-at", day, "--json"]
            rows.append(measured(path.name, *arguments))
        rows.append(measured("classify", "classify", "--json"))
        rows.append(measured("queue", "queue", "--json"))
        rows.append(measured("report", "report", "--week", WEEK, "--out", str(Path(folder) / f"{WEEK}.html")))
    machine = {"cores": os.cpu_count(), "startup_s": startup}
    sys.stdout.write(json.dumps({"machine": machine, "steps": rows}, ensure_ascii=False, indent=2) + "\n")


if __name__ == "__main__":
    main()
