"""`check`: looks at everything a start needs and says, one line a fault, what is wrong and what to do."""

import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from classifier.drift_look import look
from classifier.proposals import waiting_proposal
from classifier.versions import active_bundle
from collector.standing import standings
from collector.tables import RawItem, SetAside
from config.calendars import load_calendar
from config.clock import Clock, system_clock
from config.context import Context
from config.errors import WenzhengError
from config.home import open_home, try_writing
from config.secrets import missing_secrets, variable_of
from config.settings import MIB, Settings
from responder.address import listen
from responder.errors import DeskUnavailable
from responder.staff_tables import Staff
from responder.tables import JobRun

LEAST_FREE_MIB = 1024


@dataclass(frozen=True)
class Fault:
    """One line of `check`: an error keeps the service from working, a warning does not."""

    level: Literal["error", "warning"]
    item: str
    what: str
    todo: str

    def __str__(self) -> str:
        return f"{self.level}: {self.item}: {self.what}. {self.todo}"


def check_home(settings: Settings, *, clock: Clock = system_clock) -> list[Fault]:
    """Return every fault found; an empty list means that the service can start."""
    try:
        ctx = open_home(settings, clock=clock)
    except WenzhengError as error:
        return [Fault("error", error.item or "home", error.what, error.todo)]
    try:
        return [
            *_of_files(ctx),
            *_of_model(ctx),
            *_of_drift(ctx),
            *_of_calendar(ctx),
            *_of_rows(ctx),
            *_of_sources(ctx),
            *_of_port(settings),
        ]
    finally:
        ctx.close()


def _of_files(ctx: Context) -> Iterator[Fault]:
    settings, key = ctx.settings, ctx.settings.key_path
    try:
        try_writing(ctx.database)
    except WenzhengError as error:
        yield Fault("error", error.item, error.what, error.todo)
    if stat.S_IMODE(settings.home.stat().st_mode) & 0o007:
        yield Fault(
            "warning",
            str(settings.home),
            "everybody on this machine can read the home, and ordinary letters lie open in it",
            f"Run: chmod 700 {settings.home}",
        )
    if not os.access(settings.home, os.W_OK):
        yield Fault("error", str(settings.home), "the home cannot be written", "Give the service user this folder.")
    if stat.S_IMODE(key.stat().st_mode) & 0o077:
        yield Fault("error", str(key), "the key file can be read by others", f"Run: chmod 600 {key}")
    if key.resolve().is_relative_to(settings.home.resolve()):
        yield Fault(
            "warning",
            str(key),
            "the key lies in the home, so a copy of the home opens itself",
            "Move it elsewhere and set WENZHENG_KEY_FILE.",
        )
    free = shutil.disk_usage(settings.home).free // MIB
    if free < LEAST_FREE_MIB:
        yield Fault("error", str(settings.home), f"only {free} MiB of disk are free", "Free some space.")


def _of_model(ctx: Context) -> Iterator[Fault]:
    try:
        active_bundle(ctx)
    except WenzhengError as error:
        yield Fault("error", error.item or "model", error.what, error.todo)
        return
    proposal = waiting_proposal(ctx)
    if proposal:
        yield Fault(
            "warning",
            f"model {proposal.version}",
            f"proposed, and waits for a person: {proposal.told()}",
            f"See: wenzheng models compare {proposal.base} {proposal.version}, then models activate it or leave it.",
        )


def _of_drift(ctx: Context) -> Iterator[Fault]:
    moved = look(ctx).findings
    if moved:
        yield Fault("warning", "drift", "; ".join(finding.words() for finding in moved), "See: wenzheng models drift")


def _of_calendar(ctx: Context) -> Iterator[Fault]:
    today = ctx.clock().astimezone(ctx.profile.zone).date()
    with ctx.database.reading() as session:
        calendar = load_calendar(session)
    year = today.year if today.month < 11 else today.year + 1
    if calendar.is_provisional(today.replace(year=year, month=1, day=1)):
        yield Fault(
            "warning",
            "calendar",
            f"no working-day calendar of {year}; due dates in it are provisional",
            f"Once the State Council has published it: wenzheng calendar import {year}.json",
        )


def _of_rows(ctx: Context) -> Iterator[Fault]:
    with ctx.database.reading() as session:
        people = session.scalar(sa.select(sa.func.count()).select_from(Staff).where(Staff.disabled_at.is_(None)))
        aside = session.scalar(sa.select(sa.func.count()).where(SetAside.state == "waiting"))
        unread = session.scalar(sa.select(sa.func.count()).where(RawItem.state == "new"))
        newest = sa.select(sa.func.max(JobRun.id)).where(JobRun.ok.is_not(None)).group_by(JobRun.job)
        failing = session.execute(sa.select(JobRun.job, JobRun.error).where(JobRun.id.in_(newest), ~JobRun.ok)).all()
    if not people:
        yield Fault("warning", "staff", "nobody can log in", "Add a person: wenzheng staff add NAME --role 办公室")
    if aside:
        yield Fault("warning", "set aside", f"{aside} items wait for a person", "See: wenzheng setaside list")
    if unread:
        yield Fault("warning", "raw items", f"{unread} are stored but not read", "The service reads them by itself.")
    for job, error in failing:
        yield Fault("warning", f"job {job}", f"its last run failed ({error})", "See the log of that time.")


def _of_sources(ctx: Context) -> Iterator[Fault]:
    for source in ctx.profile.sources:
        for secret in missing_secrets(source):
            yield Fault(
                "error", f"source {source.id}", f"the secret {secret} is not given", f"Set {variable_of(secret)}."
            )
    for standing in standings(ctx):
        if standing.failures:
            times = "once" if standing.failures == 1 else f"{standing.failures} times in a row"
            yield Fault(
                "warning",
                f"source {standing.id}",
                f"failed {times}: {(standing.error or '').rstrip('.')}",
                "See docs/sources.md.",
            )


def _of_port(settings: Settings) -> Iterator[Fault]:
    try:
        listen(settings.host, settings.port).close()
    except DeskUnavailable as error:
        yield Fault("warning", error.item, error.what, f"Fine if the service runs already. {error.todo}")
