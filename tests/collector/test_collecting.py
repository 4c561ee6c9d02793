"""A run of a live source: its record, its cursor, and its rest after failures."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from collector import rereading, sources
from collector.base import Blank, Fetched, Item
from collector.batch import Batch
from collector.collecting import LONGEST_REST, PATIENCE, collect
from collector.errors import BudgetSpent, HttpRefused, SourceBusy, SourceUnknown, Unreachable
from collector.intake import Raw
from collector.jobs import collect_source
from collector.locks import source_lock
from collector.rereading import reread
from collector.runs import Run
from collector.standing import standings
from collector.tables import CollectionRun, Message, RawItem, SetAside, SourceCursor, SourceState
from config.context import Context
from config.errors import StorageFull
from tests.conftest import FixedClock
from tests.profiles import with_sources

SOURCE = """
[[sources]]
id = "drop"
kind = "folder"
channel = "site-board"
path = "in"
every = "10m"
exclude = ["广告"]
"""


def letter(number: int, **changes: object) -> Fetched:
    """Return an invented letter."""
    columns: dict[str, object] = {
        "position": str(number),
        "body": f"第{number}封信",
        "posted_at": datetime(2026, 11, 20, 1, tzinfo=UTC),
        "external_id": str(number),
    }
    return Fetched(**(columns | changes))  # type: ignore[arg-type]


@pytest.fixture
def bureau(ctx: Context, tmp_path: Path) -> Context:
    """A home whose profile has one source."""
    return with_sources(ctx, tmp_path, SOURCE)


Script = Callable[[Run], None]


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Callable[[Script], None]:
    """Let the source's kind do what a test says."""

    def none(ctx: Context, raw: RawItem) -> Iterator[Item]:
        yield Blank("", "none")

    def put(script: Script) -> None:
        monkeypatch.setitem(sources.KINDS, "folder", sources.Kind(script, none))  # type: ignore[arg-type]
        monkeypatch.setitem(rereading._READERS, "folder", none)

    return put


def taking(*items: Item, cursor: str = "1") -> Script:
    """Return a script that keeps one page and takes items from it."""

    def script(run: Run) -> None:
        (raw_id,) = run.keep([Raw("page", b"page " + cursor.encode(), {})])
        run.cursor["at"] = cursor
        run.take([(raw_id, item) for item in items])

    return script


def failing(error: BaseException) -> Script:
    """Return a script that raises."""

    def script(run: Run) -> None:
        raise error

    return script


def state(ctx: Context) -> SourceState:
    """Return the state of the source."""
    with ctx.database.reading() as session:
        found = session.get_one(SourceState, "drop")
        session.expunge(found)
        return found


def cursor(ctx: Context) -> dict[str, object]:
    """Return the committed cursor of the source."""
    with ctx.database.reading() as session:
        row = session.get(SourceCursor, "drop")
        return {} if row is None else json.loads(row.cursor)


def stored(ctx: Context) -> list[str]:
    """Return the ids that are stored."""
    with ctx.database.reading() as session:
        return list(session.scalars(sa.select(Message.external_id).order_by(Message.id)))


def test_rows_and_cursor_are_committed_together(bureau: Context, scripted: Callable[[Script], None]) -> None:
    """What a run took is there with its cursor; the next run is handed it."""
    seen: list[dict[str, object]] = []
    scripted(taking(letter(1), letter(2)))
    assert collect(bureau, "drop").stored == 2
    scripted(lambda run: seen.append(dict(run.cursor)))
    collect(bureau, "drop")

    assert (stored(bureau), cursor(bureau), seen) == (["1", "2"], {"at": "1"}, [{"at": "1"}])
    with bureau.database.reading() as session:
        assert session.scalars(sa.select(RawItem.state)).all() == ["parsed"]


def test_a_full_disk_leaves_rows_and_cursor_as_they_were(
    bureau: Context, scripted: Callable[[Script], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk refuses the batch nothing of it is there; the next run stores all of it once."""
    scripted(taking(letter(1)))
    original = Batch.insert

    def full(self: Batch, *arguments: object) -> int:
        original(self, *arguments)  # type: ignore[arg-type]
        raise StorageFull("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Batch, "insert", full)
        with pytest.raises(StorageFull):
            collect(bureau, "drop")
    assert (stored(bureau), cursor(bureau)) == ([], {})
    assert collect(bureau, "drop").stored == 1
    assert (stored(bureau), cursor(bureau)) == (["1"], {"at": "1"})


def test_an_item_that_breaks_the_batch_is_set_aside_alone(
    bureau: Context, scripted: Callable[[Script], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One item that no table takes keeps none of the others out."""
    original = Batch.row

    def row(self: Batch, one: object) -> dict[str, object]:
        if one.item.external_id == "2":  # type: ignore[attr-defined]
            raise ValueError("no column holds this")
        return original(self, one)  # type: ignore[arg-type]

    monkeypatch.setattr(Batch, "row", row)
    scripted(taking(letter(1), letter(2), letter(3)))
    counts = collect(bureau, "drop")

    assert (counts.fetched, counts.stored, counts.set_aside) == (3, 2, 1)
    assert stored(bureau) == ["1", "3"]
    with bureau.database.reading() as session:
        assert session.scalars(sa.select(SetAside.reason)).one() == "unstorable"
        run = session.scalars(sa.select(CollectionRun)).one()
        assert (run.fetched, run.stored, run.set_aside) == (3, 2, 1)


def test_old_and_unwanted_letters_are_dropped(bureau: Context, scripted: Callable[[Script], None]) -> None:
    """Letters before `since` and those with an excluded word are counted as dropped, with the reason."""
    scripted(taking(letter(1), letter(2, posted_at=datetime(2026, 11, 1, tzinfo=UTC)), letter(3, title="广告")))
    counts = collect(bureau, "drop", since=date(2026, 11, 10))

    assert counts.stored == 1
    assert counts.drop_reasons == {"before-since": 1, "no-keyword": 1}


def test_what_came_before_is_known_with_its_answer(bureau: Context, scripted: Callable[[Script], None]) -> None:
    """A stored letter is known, an answered one and one set aside need no second look."""
    found: list[dict[str, bool]] = []
    scripted(taking(letter(1), letter(2, answer_text="已修好"), letter(3, posted_at=datetime(1980, 1, 1, tzinfo=UTC))))
    collect(bureau, "drop")
    scripted(lambda run: found.append(run.known(["1", "2", "3", "4"])))
    collect(bureau, "drop")

    assert found == [{"1": False, "2": True, "3": True}]


def test_pages_that_brought_nothing_are_forgotten(bureau: Context, scripted: Callable[[Script], None]) -> None:
    """A raw item no message points at is deleted on request; one that a message came from stays."""

    def script(run: Run) -> None:
        kept = run.keep([Raw("a", b"a", {}), Raw("b", b"b", {}), Raw("a again", b"a", {})])
        assert kept[0] == kept[2]
        run.take([(kept[0], letter(1))], settled=[kept[1]])
        run.forget(kept)

    scripted(script)
    collect(bureau, "drop")

    with bureau.database.reading() as session:
        assert session.scalars(sa.select(RawItem.name)).all() == ["a"]


def test_a_failing_source_rests_longer_each_time(
    bureau: Context, clock: FixedClock, scripted: Callable[[Script], None]
) -> None:
    """After three failures in a row the job leaves the source alone; a good run by hand ends the rest."""
    scripted(failing(Unreachable("no connection", item="https://example.org", todo="Wait.")))
    rests = []
    for _ in range(8):
        with pytest.raises(Unreachable):
            collect(bureau, "drop")
        until = state(bureau).resting_until
        rests.append(until - clock() if until else None)

    assert rests[: PATIENCE - 1] == [None] * (PATIENCE - 1)
    assert rests[PATIENCE - 1 : PATIENCE + 1] == [timedelta(minutes=20), timedelta(minutes=40)]
    assert rests[-1] == LONGEST_REST
    assert collect_source(bureau, "drop") == {"resting": 1}
    assert "no connection" in (standings(bureau)[0].error or "")
    scripted(taking(letter(1)))
    assert collect(bureau, "drop").stored == 1
    assert (state(bureau).failures, state(bureau).error, state(bureau).resting_until) == (0, None, None)


def test_a_rest_set_by_a_wrong_clock_is_not_kept(
    bureau: Context, clock: FixedClock, scripted: Callable[[Script], None]
) -> None:
    """When the machine's clock was a year ahead and is set right, the source is asked again."""
    clock.forward(timedelta(days=365))
    scripted(failing(HttpRefused("busy", status=429, retry_after=3600)))
    with pytest.raises(HttpRefused):
        collect(bureau, "drop")
    assert collect_source(bureau, "drop") == {"resting": 1}
    clock.forward(timedelta(days=-365))
    scripted(taking(letter(1)))

    assert collect_source(bureau, "drop")["stored"] == 1


def test_a_spent_budget_is_no_failure(bureau: Context, scripted: Callable[[Script], None]) -> None:
    """The run ends well, what it took stays, and the reason is on record."""

    def script(run: Run) -> None:
        taking(letter(1))(run)
        raise BudgetSpent("as many requests as a day allows were made", item="drop")

    scripted(script)

    assert collect(bureau, "drop").stored == 1
    assert state(bureau).failures == 0
    assert "requests" in (standings(bureau)[0].error or "")


def test_a_stop_is_no_failure(bureau: Context, scripted: Callable[[Script], None]) -> None:
    """A service that is told to stop between two batches leaves what was stored, and the source in good standing."""

    class Stop(Exception):
        pass

    def tell(done: int, total: int | None) -> None:
        if done:
            raise Stop

    scripted(taking(letter(1)))
    with pytest.raises(Stop):
        collect(bureau, "drop", progress=tell)

    assert stored(bureau) == ["1"]
    assert state(bureau).failures == 0


def test_one_process_at_a_time(bureau: Context) -> None:
    """A source that is being collected is busy; the job says so and fails nothing."""
    with source_lock(bureau, "drop"):
        with pytest.raises(SourceBusy):
            collect(bureau, "drop")
        assert collect_source(bureau, "drop") == {"busy": 1}


def test_an_unknown_source_is_named_with_those_there_are(bureau: Context) -> None:
    """The error lists the sources of the profile."""
    with pytest.raises(SourceUnknown, match="It has: drop"):
        collect(bureau, "other")


def test_standing_of_a_source(bureau: Context, clock: FixedClock, scripted: Callable[[Script], None]) -> None:
    """Last good run, lag, counts and next run are told; before the first run it is due at once."""
    (before,) = standings(bureau)
    assert (before.good_at, before.lag, before.next_at, before.waiting) == (None, None, clock(), 0)
    scripted(taking(letter(1), letter(1)))
    collect(bureau, "drop")
    good_at = clock()
    clock.forward(timedelta(minutes=4))
    (after,) = standings(bureau)

    assert (after.good_at, after.lag, after.next_at) == (good_at, timedelta(minutes=4), good_at + timedelta(minutes=10))
    assert (after.counts["stored"], after.counts["duplicates"], after.messages, after.waiting) == (1, 1, 1, 0)


def test_a_raw_item_is_read_again_by_its_kind(bureau: Context, scripted: Callable[[Script], None]) -> None:
    """The dispatch goes by the kind that kept the bytes."""
    scripted(taking(letter(1)))
    collect(bureau, "drop")

    assert list(reread(bureau, 1)) == [Blank("", "none")]
