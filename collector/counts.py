"""What became of the items of a run."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

FIGURES = ("fetched", "stored", "duplicates", "dropped", "set_aside")


@dataclass
class Counts:
    """What became of the items of one run; `fetched` is the sum of the other four.

    Args:
        reasons: of dropped and set-aside items alike.
        drop_reasons: of the dropped ones alone; not part of the JSON.
    """

    fetched: int = 0
    stored: int = 0
    duplicates: int = 0
    dropped: int = 0
    set_aside: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    drop_reasons: dict[str, int] = field(default_factory=dict)

    def note(self, reason: str) -> None:
        """Count a reason for dropping or setting aside."""
        self.reasons[reason] = self.reasons.get(reason, 0) + 1

    def drop(self, reason: str) -> None:
        """Count a dropped item with its reason."""
        self.dropped += 1
        self.note(reason)
        self.drop_reasons[reason] = self.drop_reasons.get(reason, 0) + 1

    def add(self, other: "Counts") -> None:
        """Add the counts of another run."""
        for key in FIGURES:
            setattr(self, key, getattr(self, key) + getattr(other, key))
        self.reasons = dict(Counter(self.reasons) + Counter(other.reasons))
        self.drop_reasons = dict(Counter(self.drop_reasons) + Counter(other.drop_reasons))

    def plus(self, other: "Counts") -> "Counts":
        """Return the sum of both; neither is touched."""
        total = Counts()
        total.add(self)
        total.add(other)
        return total

    def figures(self) -> dict[str, int]:
        """Return the five numbers without their reasons, as the record of a run holds them."""
        return {name: getattr(self, name) for name in FIGURES}

    def as_dict(self) -> dict[str, Any]:
        """Return the counts for JSON."""
        return {key: value for key, value in asdict(self).items() if key != "drop_reasons"}
