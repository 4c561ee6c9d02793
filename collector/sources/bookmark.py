"""How far a website was read: its cursor, and what must be remembered of rows that left no trace in the database."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from collector.pages.paging import Place

REMEMBERED = 5_000
"""Rows of each sort that are remembered, the newest; boards show their newest rows first."""


@dataclass
class Walk:
    """One walk over the pages of a list, which may take several runs.

    What was stored before it began is told from what it stored itself by these marks, because a walk that was cut
    off must not take its own rows for the known ones at which it ends.

    Args:
        message, aside: highest ids of messages and set-aside rows when it began.
        run: in which it began.
        whole: goes on to the end of the board, whatever is known.
        since: goes on to this moment (ISO), whatever is known; empty: does not.
        round: 1 is the first; walks are repeated because rows slip between pages that shift.
        pages: taken in this round.
        stored: this round brought something.
        passed, named: rows of this round that the bookmark remembers.
        forgot: more rows went by than can be remembered.
        place: of the last page that was taken whole in this round.
    """

    message: int
    aside: int
    run: int
    whole: bool = False
    since: str = ""
    round: int = 1
    pages: int = 0
    stored: bool = False
    passed: int = 0
    named: int = 0
    forgot: bool = False
    place: Place | None = None

    def again(self) -> None:
        """Begin the next round, from the first page."""
        self.round, self.pages, self.stored, self.place = self.round + 1, 0, False, None
        self.passed = self.named = 0

    def to_json(self) -> dict[str, Any]:
        """Return the walk as JSON."""
        return asdict(self) | {"place": None if self.place is None else self.place.to_json()}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Walk":
        """Return the walk that `to_json` gave."""
        place = kept.get("place")
        return cls(**{**kept, "place": None if place is None else Place.from_json(place)})


@dataclass
class Missing:
    """A row whose own page could not be read.

    Args:
        list, row: raw item and number of the row in its list.
        link: of its page; empty if the list gave none.
        tries: runs that failed.
    """

    list: int
    row: int
    link: str
    tries: int = 0


@dataclass
class Bookmark:
    """The cursor of a website.

    Args:
        described: digest of what the description asks for; with another description all is walked again.
        asked: digest of the request to which `etag` and `last_modified` belong.
        complete: the board was walked to its end.
        walks: those that were cut off, the oldest first.
        resumable: a walk that a person asked for with a first day, cut off.
        missing: by the keys of rows.
        passed: rows that were dropped, by digest, with the run that dropped them; newest first.
        aliases: ids of rows that only their own page tells, by the digest of the row's key; newest first.
        looked: rows whose page was looked at for an answer in vain, by digest, with the day.
        checked: the day on which rows without an answer were last looked at.
    """

    described: str = ""
    asked: str = ""
    etag: str | None = None
    last_modified: str | None = None
    complete: bool = False
    walks: list[Walk] = field(default_factory=list)
    resumable: Walk | None = None
    missing: dict[str, Missing] = field(default_factory=dict)
    passed: dict[str, int] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    looked: dict[str, str] = field(default_factory=dict)
    checked: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the cursor as JSON, without what is empty."""
        kept = {name: getattr(self, name) for name in self.__dataclass_fields__}
        kept["walks"] = [walk.to_json() for walk in self.walks]
        kept["resumable"] = None if self.resumable is None else self.resumable.to_json()
        kept["missing"] = {key: asdict(one) for key, one in self.missing.items()}
        return {name: value for name, value in kept.items() if value or name == "complete"}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Bookmark":
        """Return the cursor that `to_json` gave; nothing gives a fresh one."""
        values = dict(kept)
        values["walks"] = [Walk.from_json(one) for one in values.get("walks", [])]
        if "resumable" in values:
            values["resumable"] = Walk.from_json(values["resumable"])
        values["missing"] = {key: Missing(**one) for key, one in values.get("missing", {}).items()}
        return cls(**values)

    def begin_anew(self, described: str) -> None:
        """Forget what rests on an older description: rows it dropped may be wanted now, and places lie elsewhere."""
        self.described, self.asked, self.complete = described, "", False
        self.walks, self.resumable = [], None
        self.passed, self.looked = {}, {}

    def pass_by(self, keys: Sequence[str], walk: Walk, *, deeper: bool) -> None:
        """Remember rows that were dropped, behind those of the same walk.

        Args:
            deeper: they lie behind all that is remembered already.
        """
        at = len(self.passed) if deeper else walk.passed
        self.passed = _remembering(self.passed, {digest(key): walk.run for key in keys}, at, walk)
        walk.passed += len(keys)

    def name(self, aliases: Mapping[str, str], walk: Walk, *, deeper: bool) -> None:
        """Remember the ids that the rows' own pages gave, by the keys of the rows; in the same order."""
        at = len(self.aliases) if deeper else walk.named
        self.aliases = _remembering(self.aliases, {digest(key): one for key, one in aliases.items()}, at, walk)
        walk.named += len(aliases)

    def look_at(self, key: str, day: str) -> None:
        """Remember that a row's page was looked at for an answer; of earlier days nothing is kept."""
        if any(one != day for one in self.looked.values()):
            self.looked = {}
        self.looked[digest(key)] = day


def digest(key: str) -> str:
    """Return a short stand-in for a row's key, of which a cursor can hold thousands."""
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _remembering(old: dict[str, Any], new: dict[str, Any], at: int, walk: Walk) -> dict[str, Any]:
    """Return what is remembered with new rows in their place among it."""
    if not new:
        return old
    rest = [pair for pair in old.items() if pair[0] not in new]
    both = [*rest[:at], *new.items(), *rest[at:]]
    # The deepest rows are forgotten: only walks to the end of the board come there.
    walk.forgot = walk.forgot or len(both) > REMEMBERED
    return dict(both[:REMEMBERED])
