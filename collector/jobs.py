"""Jobs of the collector, for the worker's job table."""

from datetime import timedelta

from collector.importing import resume_imports
from config.context import Context

_IN_OTHER_HANDS = timedelta(minutes=15)


def resume_raw(ctx: Context) -> dict[str, int]:
    """Finish what an earlier process stored but did not read to the end."""
    return resume_imports(ctx, older_than=ctx.clock() - _IN_OTHER_HANDS)
