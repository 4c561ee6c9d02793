"""Trying a source: what it gives and what each field of its description catches, without storing a message.

This is what `wenzheng source try` prints. Fetched pages are kept as a fixture, on which a corrected description can be
tried again without asking the site.
"""

import random
import time
from collections.abc import Callable
from pathlib import Path

from collector.client import ClientState
from collector.collecting import find_source
from collector.errors import FixtureUnreadable
from collector.runs import Run
from collector.sifting import first_moment
from collector.tables import SourceState
from collector.trials.figures import FieldTrial, Trial, of_items
from collector.trials.fixture import Page, load, save
from collector.trials.others import Look, look_at_feed, look_at_folder, look_at_mailbox
from collector.trials.website import WebsiteTrial
from config.context import Context
from config.sources import AnySource, Feed, Folder, Mailbox, Website

__all__ = ["FieldTrial", "Trial", "lines", "try_source"]

_MOST_MISSED = 10


def try_source(
    ctx: Context,
    source_id: str,
    *,
    from_fixture: Path | None = None,
    sleep: Callable[[float], None] = time.sleep,
    uniform: Callable[[float, float], float] = random.uniform,
) -> Trial:
    """Look at a source once and return how its description does; no message is stored and no cursor moved.

    Args:
        from_fixture: a folder that an earlier trial of a website or feed kept; nothing is asked then.
    Raises:
        SourceUnknown: the profile has no such source.
        FixtureUnreadable: the folder holds no pages, or the source has none.
        SourceFailed: the source could not be asked, or does not answer in the form described.
    """
    source = find_source(ctx.profile, source_id)
    pages = load(ctx, from_fixture) if from_fixture is not None else []
    if from_fixture is not None and isinstance(source, Mailbox | Folder):
        raise FixtureUnreadable("only websites and feeds are tried on kept pages", item=source.id, todo="Leave it out.")
    run = Run(ctx, source, 0, _client_state(ctx, source), {}, since=first_moment(source, ctx.profile))
    run.sleep, run.uniform = sleep, uniform
    if isinstance(source, Website):
        return _website(run, source, pages, from_fixture)
    if isinstance(source, Feed):
        look = look_at_feed(run, source, pages)
        return _trial(ctx, source, look, from_fixture or save(ctx, source, look.pages, ctx.clock()))
    if isinstance(source, Mailbox):
        return _trial(ctx, source, look_at_mailbox(ctx, source), None)
    return _trial(ctx, source, look_at_folder(ctx, source), None)


def lines(trial: Trial) -> list[str]:
    """Return a trial as lines for the terminal, in English, aligned."""
    out = [f"source: {trial.source} ({trial.kind})", *trial.notes]
    if trial.fields:
        parts = [f"{one.part}.{one.name}" for one in trial.fields]
        counts = [f"{one.caught} of {one.of}" for one in trial.fields]
        first, second = max(map(len, parts)), max(map(len, counts))
        out.append("")
        for one, part, count in zip(trial.fields, parts, counts, strict=True):
            out.append(f"{part:<{first}}  {count:>{second}}  {_missed(one)}{one.example}".rstrip())
    if trial.warnings:
        out += ["", *(f"warning: {text}" for text in trial.warnings)]
    if trial.fixture is not None:
        out += ["", f"pages: {trial.fixture}"]
    return out


def _missed(one: FieldTrial) -> str:
    if not one.missed or not one.caught:
        return ""
    named = ", ".join(map(str, one.missed[:_MOST_MISSED]))
    return f"[not in {named}{' …' if len(one.missed) > _MOST_MISSED else ''}]  "


def _website(run: Run, source: Website, pages: list[Page], fixture: Path | None) -> Trial:
    trial = WebsiteTrial(run, source)
    if fixture is None:
        try:
            trial.fetch()
        finally:
            # Also of a page that could not be read: it shows why.
            if trial.pages:
                fixture = save(run.ctx, source, trial.pages, run.ctx.clock())
    fields = trial.read(pages or trial.pages)
    return Trial(source.id, source.kind, tuple(fields), tuple(trial.notes), tuple(trial.warnings), fixture)


def _trial(ctx: Context, source: AnySource, look: Look, fixture: Path | None) -> Trial:
    fields, warnings = of_items(look.items, ctx.profile.zone)
    return Trial(source.id, source.kind, tuple(fields), tuple(look.notes), (*look.warnings, *warnings), fixture)


def _client_state(ctx: Context, source: AnySource) -> ClientState:
    """Return what is known of the source's sites; the few requests of a trial are not counted."""
    with ctx.database.reading() as session:
        state = session.get(SourceState, source.id)
        return ClientState.from_json(None if state is None else state.client)
