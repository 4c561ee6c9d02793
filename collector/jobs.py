"""Jobs of the collector, for the worker's job table."""

from datetime import timedelta

from collector.collecting import collect, is_resting
from collector.errors import SourceBusy
from collector.rereading import resume
from collector.tables import SourceState
from config.context import Context, Progress

_IN_OTHER_HANDS = timedelta(minutes=15)


def resume_raw(ctx: Context) -> dict[str, int]:
    """Finish what an earlier process stored but did not read to the end."""
    return resume(ctx, older_than=ctx.clock() - _IN_OTHER_HANDS)


def collect_source(ctx: Context, source_id: str, progress: Progress | None = None) -> dict[str, int]:
    """Collect one live source, unless it is resting after failures."""
    with ctx.database.reading() as session:
        state = session.get(SourceState, source_id)
        if state is not None and is_resting(state, ctx.clock()):
            return {"resting": 1}
    try:
        return collect(ctx, source_id, progress=progress).figures()
    except SourceBusy:
        return {"busy": 1}  # Somebody collects it by hand: no failure, and nothing to add.
