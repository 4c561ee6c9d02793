"""Acts of the operator: what they change and what they count."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from config.context import Context
from config.errors import CalendarError
from config.tables import CalendarDay
from responder.cases import open_cases
from responder.settling import import_calendar
from responder.tables import AuditEvent
from tests.factories import make_message, make_prediction

DAYS_OFF = [date(2027, *day) for day in ((1, 1), (2, 6), (4, 5), (5, 1), (6, 9), (9, 15), (10, 1))]


def _calendar(tmp_path: Path, days: list[date]) -> Path:
    path = tmp_path / "2027.csv"
    path.write_text("日期,类型,名称\n" + "".join(f"{day},休,\n" for day in days), "utf-8")
    return path


def test_an_import_tells_how_many_days_it_replaces(ctx: Context, tmp_path: Path) -> None:
    """The counts, and the audit with them, show that a second import took the place of the first."""
    first = import_calendar(ctx, _calendar(tmp_path, DAYS_OFF))
    second = import_calendar(ctx, _calendar(tmp_path, [*DAYS_OFF, DAYS_OFF[-1] + timedelta(days=1)]))

    assert (first["year"], first["days"], first["replaced"]) == (2027, 7, 0)
    assert (second["days"], second["replaced"]) == (8, 7)
    with ctx.database.reading() as session:
        details = session.scalars(sa.select(AuditEvent.detail).order_by(AuditEvent.id)).all()
    assert details == [{"days": 7, "replaced": 0}, {"days": 8, "replaced": 7}]


def test_a_corrected_import_moves_dates_that_an_earlier_one_confirmed(ctx: Context, tmp_path: Path) -> None:
    """The second import of a year reaches due dates that are no longer provisional."""
    message = make_message(ctx, channel="foi", received_at=datetime(2026, 12, 20, 2, 0, tzinfo=UTC))
    make_prediction(ctx, message)
    open_cases(ctx)
    confirmed = import_calendar(ctx, _calendar(tmp_path, DAYS_OFF))

    moved = import_calendar(ctx, _calendar(tmp_path, [*DAYS_OFF, date(2027, 1, 4)]))

    assert (confirmed["confirmed"], moved["confirmed"], moved["moved"]) == (1, 0, 1)


def test_a_refused_file_leaves_the_earlier_import(ctx: Context, tmp_path: Path) -> None:
    """A file of one day replaces nothing."""
    import_calendar(ctx, _calendar(tmp_path, DAYS_OFF))

    with pytest.raises(CalendarError, match="春节"):
        import_calendar(ctx, _calendar(tmp_path, DAYS_OFF[:1]))

    with ctx.database.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(CalendarDay)) == 7
