"""A watched folder: files that another system or a person puts there are taken and moved to done/ or failed/.

The cursor is JSON: `seen` holds, for each file that waits, its size, its time of change in nanoseconds, and the moment
since which both have stood. A file is moved after what it holds was committed, so a kill in between brings it back
whole, and nothing of it is stored twice.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import sqlalchemy as sa

from collector.base import Blank, Item
from collector.counts import Counts
from collector.errors import FileRefused, FolderUnusable, SourceUnknown
from collector.importing import name_of, read_options, take_file
from collector.opening import read_file
from collector.readers import read_items
from collector.runs import Run
from collector.sifting import first_moment, sift
from collector.sources.reports import Outcome, Places, write_report
from collector.tables import CollectionRun, RawItem, SetAside
from config.context import Context
from config.errors import WenzhengError
from config.logs import get_logger
from config.settings import Settings
from config.sources import Folder

log = get_logger(__name__)

DONE, FAILED = "done", "failed"
REPORT = ".报告.txt"

_UNFINISHED = (".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".download", ".swp", ".lock")
_TEMPORARY = (".", "~", "#")
_LONGEST_NAME = 255
_CURSOR_EVERY = 100
"""Files between two commits of the cursor; what is left in it of a moved file harms nothing."""

_NUMBER_ROOM = 8
_LONGEST_SUFFIX = 16


@dataclass(frozen=True)
class WaitingFile:
    """A file that waits, as it was seen just now.

    Args:
        changed_ns: when its content was changed, as its writer may have set it.
        touched_ns: when anything of it was changed, which only the file system sets.
    """

    path: Path
    size: int
    changed_ns: int
    touched_ns: int

    @property
    def key(self) -> str:
        """Its name in the cursor, which is JSON and holds no bytes that are no text."""
        return os.fsencode(self.path.name).decode("utf-8", "backslashreplace")


def folder_of(settings: Settings, source: Folder) -> Path:
    """Return the watched folder; a relative path begins at the home."""
    return settings.home.absolute() / source.path


def collect(run: Run) -> None:
    """Take every file that is complete: untouched for `quiet` by the file system's time, or over two looks by ours.

    One that is refused goes to failed/ and stops no other.

    Raises:
        FolderUnusable: the folder is missing or forbidden, or a file cannot be moved; what was taken stays taken.
    """
    source = run.source
    if not isinstance(source, Folder):
        raise TypeError(f"{source.kind} is no folder")
    folder = folder_of(run.ctx.settings, source)
    files = waiting(folder)
    ready = _note(run, source, files)
    stuck: list[str] = []
    for number, file in enumerate(ready, start=1):
        run.step()
        if number % _CURSOR_EVERY == 0:
            run.take([])
        try:
            _take(run, file)
        except WenzhengError:
            raise  # The database, the disk or the folder: the next file would meet it too.
        except Exception as error:
            if run.stopped:
                raise
            # One file never stops the rest. If reading it failed, intake counted a strike, and the third is the last.
            log.error("file_failed", source=source.id, error=type(error).__name__)
            said = error.strerror if isinstance(error, OSError) else None
            stuck.append(f"{name_of(file.path)} ({said or type(error).__name__})")
    if ready:
        run.take([])
    if stuck:
        raise FolderUnusable(
            f"{len(stuck)} file{'s' if len(stuck) > 1 else ''} could not be taken or moved: {', '.join(stuck[:10])}",
            item=str(folder),
            todo="What they hold is stored where it could be read, and each run tries them again without storing"
            f" anything twice. Let the service's user write the folder and its {DONE}/ and {FAILED}/.",
        )


def reread(ctx: Context, raw: RawItem) -> Iterator[Item]:
    """Read a kept file once more, with the source's filters of today.

    Raises:
        SourceUnknown: the profile has no such folder any more.
        FileRefused: the file as a whole cannot be used.
    """
    source = ctx.profile.source(raw.source)
    if not isinstance(source, Folder):
        raise SourceUnknown(
            "the profile has no such folder any more", item=raw.source, todo="Put it back, or drop this."
        )
    since = first_moment(source, ctx.profile)
    for item in read_items(raw.name, raw.content or b"", read_options(ctx, raw.channel)):
        yield sift(item, source, ctx.profile, since)


# --- which files are complete ----------------------------------------------------------------------------------


def waiting(folder: Path) -> list[WaitingFile]:
    """Return the files that wait in a folder, the one that was changed first at the front."""
    try:
        with os.scandir(folder) as entries:
            found = [_seen(Path(entry.path), entry) for entry in entries if not _is_temporary(entry.name)]
    except OSError as error:
        raise FolderUnusable(
            f"the folder cannot be read ({error.strerror})",
            item=str(folder),
            todo="Create it, or correct `path` of the source, and let the service's user read and write it.",
        ) from error
    return sorted((file for file in found if file is not None), key=lambda file: (file.changed_ns, file.path.name))


def _is_temporary(name: str) -> bool:
    """Tell whether a name is one that programs give to what they have not finished or mean to delete."""
    return name.startswith(_TEMPORARY) or name.lower().endswith(_UNFINISHED)


def _seen(path: Path, entry: "os.DirEntry[str]") -> WaitingFile | None:
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:
        return None  # It went away while we looked.
    # A link could lead to any file the service may read, and a device has no end.
    return (
        WaitingFile(path, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        if stat.S_ISREG(status.st_mode)
        else None
    )


def _note(run: Run, source: Folder, files: list[WaitingFile]) -> list[WaitingFile]:
    """Note in the cursor what was seen and since when, and return the files that are complete."""
    now = run.ctx.clock()
    before = run.cursor.get("seen", {})
    seen: dict[str, list[object]] = {}
    ready: list[WaitingFile] = []
    for file in files:
        size, changed_ns, since = before.get(file.key, (None, None, None))
        same = (size, changed_ns) == (file.size, file.changed_ns)
        seen[file.key] = [file.size, file.changed_ns, since if same else now.isoformat()]
        stood = now - datetime.fromisoformat(since) if same else timedelta()
        if _is_untouched(file, now, source.quiet) or abs(stood) >= source.quiet:
            ready.append(file)
    if seen != before:
        run.cursor = {"seen": seen}
        run.take([])
    return ready


def _is_untouched(file: WaitingFile, now: datetime, quiet: timedelta) -> bool:
    # Copying programs give a file its old time of change while they still write; this one they cannot set. Where the
    # file system's clock is ahead of ours, two looks by our own clock decide.
    return int(now.timestamp() * 1e9) - file.touched_ns >= int(quiet.total_seconds() * 1e9)


# --- one file --------------------------------------------------------------------------------------------------


def _take(run: Run, file: WaitingFile) -> None:
    """Take one file in, write its report and move it."""
    outcome = Outcome()

    def note(item: Item) -> Item:
        item = run.sift(item)
        if isinstance(item, Blank):
            outcome.dropped.setdefault(item.reason, Places()).add(item.position)
        return item

    before, digest = run.counts, ""
    try:
        content = read_file(file.path, run.limits, follow=False)
        digest = hashlib.sha256(content).hexdigest()
        outcome.counts = take_file(
            run.ctx,
            name_of(file.path),
            content,
            read_options(run.ctx, run.source.channel),
            source=run.source.id,
            stored={"kind": "folder"},
            sift=note,
            progress=lambda done, total: run.step(done),
            part_of=(run.run_id, before),
        )
    except FileRefused as error:
        outcome.refusal = error
        outcome.counts = _so_far(run, before)
    except WenzhengError:
        raise  # The database or the disk: the file is not to blame.
    except Exception as error:
        if run.stopped or _waits(run, digest):
            raise
        outcome.refusal = FileRefused(
            f"reading it failed for good ({type(error).__name__})",
            item=name_of(file.path),
            todo="This is a fault of the program: report it, with the file if it may be given away.",
        )
        outcome.counts = _so_far(run, before)
    run.counts = before.plus(outcome.counts)
    outcome.aside = _aside(run, digest)
    if _changed(file):
        return  # Somebody wrote it anew meanwhile: it waits and is taken again as it is now.
    _move(run, file, outcome)
    run.cursor["seen"].pop(file.key, None)


def _so_far(run: Run, before: Counts) -> Counts:
    """Return what the run's record counts of a file that broke off in the middle."""
    with run.ctx.database.reading() as session:
        record = session.get_one(CollectionRun, run.run_id)
        figures = ("fetched", "stored", "duplicates", "dropped", "set_aside")
        return Counts(**{name: getattr(record, name) - getattr(before, name) for name in figures})


def _waits(run: Run, digest: str) -> bool:
    """Tell whether intake keeps a file's bytes for another try; after its third strike it does not."""
    with run.ctx.database.reading() as session:
        state = session.scalar(
            sa.select(RawItem.state).where(RawItem.source == run.source.id, RawItem.sha256 == digest)
        )
    return state == "new"


def _aside(run: Run, digest: str) -> dict[str, Places]:
    """Return the places of a file that are set aside and wait, by reason."""
    found: dict[str, Places] = {}
    with run.ctx.database.reading() as session:
        rows = session.execute(
            sa.select(SetAside.reason, SetAside.position)
            .join(RawItem, RawItem.id == SetAside.raw_item_id)
            .where(RawItem.source == run.source.id, RawItem.sha256 == digest)
            .where(SetAside.state == "waiting", SetAside.position != "")
            .order_by(SetAside.id)
        )
        for reason, position in rows:
            found.setdefault(reason, Places()).add(position)
    return found


def _changed(file: WaitingFile) -> bool:
    try:
        status = file.path.stat(follow_symlinks=False)
    except FileNotFoundError:
        return True
    # A writer may set the time of change back; this one only the file system sets.
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns) != (file.size, file.changed_ns, file.touched_ns)


def _move(run: Run, file: WaitingFile, outcome: Outcome) -> None:
    """Write the report and move the file beside it, under a name that is free."""
    ctx = run.ctx
    folder = file.path.parent / (DONE if outcome.refusal is None else FAILED)
    folder.mkdir(exist_ok=True)
    if folder.is_symlink():
        # It could lead anywhere this service may write.
        raise NotADirectoryError(errno.ENOTDIR, f"{folder.name}/ is a link", str(folder))
    channel = ctx.profile.channel(run.source.channel)
    text = write_report(
        name_of(file.path),
        channel.name if channel is not None else run.source.channel,
        outcome,
        ctx.clock(),
        ctx.profile.zone,
    )
    target = _reserve(folder, file.path.name)
    report = target.with_name(target.name + REPORT)
    part = folder / f".{run.source.id}{REPORT}.part"
    try:
        # Old editors of Windows tell UTF-8 by its mark, and lines by both characters.
        # Made anew: a link of this name would have the report written over the file it leads to.
        part.unlink(missing_ok=True)
        with part.open("x", encoding="utf-8-sig", newline="\r\n") as report_file:
            report_file.write(text)
        part.replace(report)
        file.path.replace(target)
    except OSError:
        for leftover in (part, report, target):
            leftover.unlink(missing_ok=True)
        raise


def _reserve(folder: Path, name: str) -> Path:
    """Return a path in a folder that was free and is now an empty file, so that nobody else's is overwritten."""
    for number in count(1):
        path = folder / _numbered(name, number)
        if path.with_name(path.name + REPORT).exists():
            continue
        try:
            path.open("xb").close()
        except FileExistsError:
            continue
        return path
    raise AssertionError  # `count` has no end.


def _numbered(name: str, number: int) -> str:
    """Return a file's name with a number before its suffix, short enough for the report's name beside it."""
    suffix = "".join(Path(name).suffixes[-2:]) if name.lower().endswith(".csv.gz") else Path(name).suffix
    if len(os.fsencode(suffix)) > _LONGEST_SUFFIX:
        suffix = ""
    stem = name.removesuffix(suffix)
    room = _LONGEST_NAME - len(os.fsencode(suffix + REPORT)) - _NUMBER_ROOM
    while len(os.fsencode(stem)) > room:
        stem = stem[:-1]
    return f"{stem}-{number}{suffix}" if number > 1 else f"{stem}{suffix}"
