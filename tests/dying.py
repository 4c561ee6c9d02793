"""A process that dies at its N-th moment, without a process: before, within and after each write of the database.

with dying(moment) as death:
    collect(ctx, "forum")
assert death.came
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from unittest.mock import patch

from sqlalchemy.orm import Session

from config.database import Database


class Killed(BaseException):
    """Stands for the end of the process."""


@dataclass
class Death:
    """Whether the moment came, and how many there were."""

    moment: int
    count: int = 0

    @property
    def came(self) -> bool:
        """Whether the process died."""
        return self.count >= self.moment

    def tick(self) -> None:
        """Die if the moment has come; the dead write nothing more, whatever is still cleaned up."""
        self.count += 1
        if self.came:
            raise Killed


@contextmanager
def dying(moment: int) -> Iterator[Death]:
    """Die at a moment within the block, and leave the block; without that many moments nothing happens."""
    death = Death(moment)
    writing = Database.writing

    @contextmanager
    def mortal(database: Database) -> Iterator[Session]:
        death.tick()
        with writing(database) as session:
            yield session
            death.tick()  # Everything was sent, nothing is committed.
        death.tick()

    with patch.object(Database, "writing", mortal), suppress(Killed):
        yield death
