"""The front door: the job table, and the command line `wenzheng`.

Exit codes: 0 done, 1 refused or partly failed (the message says what), 2 wrong usage.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from config.context import Context
from config.errors import WenzhengError
from config.home import init_home, open_home, upgrade
from config.logs import set_up_logs
from config.settings import Settings, load_settings

if TYPE_CHECKING:
    from responder.scheduling import Job

# A command imports what it needs when it runs, so that the others start quickly.

app = typer.Typer(
    name="wenzheng",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def main() -> None:
    """Run the command line; an error of ours is one message and exit code 1, never a traceback."""
    try:
        app()
    except WenzhengError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(1)
    except BrokenPipeError:
        # The reader of a pipe has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


@app.callback()
def quiet_logs() -> None:
    """A bureau's worker service: every message gets a topic, an owner, a deadline and an answer."""
    # What a command has to say it prints; only the service, which nobody watches, logs what goes well.
    set_up_logs(load_settings().model_copy(update={"log_level": "warning"}))


@contextmanager
def opened(settings: Settings | None = None) -> Iterator[Context]:
    """Open the home for one command and close it again."""
    ctx = open_home(settings or load_settings())
    try:
        yield ctx
    finally:
        ctx.close()


# ---- the service -------------------------------------------------------------------------------------------------


def job_table() -> "list[Job]":
    """Return the job table: what runs, in the order of the floors, and how often."""
    from classifier.jobs import classify_pending
    from collector.jobs import resume_raw
    from responder.jobs import draft_weekly_report, export_audit_head, open_cases, recompute_deadlines
    from responder.scheduling import Job

    return [
        Job("resume-raw", resume_raw, timedelta(minutes=5)),
        Job("classify", classify_pending, timedelta(seconds=30)),
        Job("open-cases", open_cases, timedelta(seconds=30)),
        Job("recompute-deadlines", recompute_deadlines, timedelta(hours=6)),
        Job("weekly-report", draft_weekly_report, timedelta(hours=1)),
        Job("audit-head", export_audit_head, timedelta(hours=1)),
    ]


@app.command()
def init() -> None:
    """Make a home: database, key and folders. Repeating it changes nothing."""
    from classifier.versions import ensure_base

    settings = load_settings()
    ctx = init_home(settings)
    try:
        ensure_base(ctx)
        typer.echo(f"home      {settings.home.absolute()}")
        typer.echo(f"database  {ctx.database.engine.url.render_as_string(hide_password=True)}")
        typer.echo(f"key       {settings.key_path.absolute()}  (keep a copy elsewhere; without it sealed data is lost)")
        typer.echo(f"bureau    {ctx.profile.bureau.name}")
    finally:
        ctx.close()


@app.command()
def check(as_json: AsJson = False) -> None:
    """Look at everything a start needs; one line a fault, and what to do."""
    from responder.console import print_json
    from responder.health import check_home

    faults = check_home(load_settings())
    if as_json:
        print_json([asdict(fault) for fault in faults])
    else:
        for fault in faults:
            typer.echo(str(fault))
        if not faults:
            typer.echo("everything is in order")
    if any(fault.level == "error" for fault in faults):
        raise typer.Exit(1)


@app.command()
def migrate() -> None:
    """Bring the database to this program's schema."""
    from config.database import Database
    from config.home import check_schema
    from config.vault import Vault

    settings = load_settings()
    database = Database(settings.url, Vault.open(settings.key_path))
    try:
        upgrade(database)
        check_schema(database)
    finally:
        database.close()
    typer.echo("the database is at this program's schema")


@app.command()
def run() -> None:
    """Run the service: desk and work as two child processes, until SIGTERM."""
    from responder.service import run_service, stop_on_signals

    settings = load_settings()
    set_up_logs(settings)
    open_home(settings).close()  # What is wrong is said once, here, rather than by two children again and again.
    run_service(stop_on_signals())


@app.command()
def desk() -> None:
    """Serve the desk's pages (a child of run)."""
    from responder.service import follow_parent
    from responder.web.app import serve

    settings = load_settings()
    set_up_logs(settings)
    follow_parent(_terminate)
    with opened(settings) as ctx:
        serve(ctx)


@app.command()
def work() -> None:
    """Run the job table (a child of run)."""
    from responder import scheduling
    from responder.service import follow_parent, stop_on_signals

    settings = load_settings()
    set_up_logs(settings)
    stop = stop_on_signals()
    follow_parent(stop.set)
    with opened(settings) as ctx:
        scheduling.work(ctx, job_table(), stop)


def _terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Print the queue and the summary's path; do not serve.")] = False,
) -> None:
    """Fill a demo home with an invented bureau's weeks and serve it on loopback."""
    from responder.demo.bureau import fill_demo

    os.environ.setdefault("WENZHENG_HOME", "var/demo")
    # The demo is served over plain HTTP on loopback, where a Secure cookie would not come back in every browser.
    os.environ["WENZHENG_COOKIE_SECURE"] = "false"
    os.environ["WENZHENG_HOST"] = "127.0.0.1"
    settings = load_settings()
    filled = fill_demo(settings, say=typer.echo)
    try:
        _print_queue(filled.ctx, limit=20)
        typer.echo(f"summary   {filled.report}")
    finally:
        filled.ctx.close()
    if once:
        return
    typer.echo("\nAccounts of this demo (the passwords are random and shown only now):")
    for account in filled.accounts:
        typer.echo(f"  {account.username:<10}{account.password}   {account.display_name}")
    typer.echo(f"\nThe desk: http://127.0.0.1:{settings.port}/    (Ctrl-C stops it)")
    run()


# ---- messages ----------------------------------------------------------------------------------------------------


@app.command("import")
def import_(
    file: Path,
    channel: Annotated[str, typer.Option(help="The channel's id in the profile.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell how the file is read; store nothing.")] = False,
    posted_at: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="Date of rows without one.")
    ] = None,
    open_cases: Annotated[bool, typer.Option("--open-cases", help="Open cases whatever the messages' age.")] = False,
    as_json: AsJson = False,
) -> None:
    """Import a workbook, CSV, mail or JSON file into a channel."""
    from collector.importing import describe_file, import_file
    from responder.console import print_counts, print_description, print_json, progress

    with opened() as ctx:
        when = posted_at.replace(tzinfo=ctx.profile.zone) if posted_at else None
        if dry_run:
            description = describe_file(ctx, file, channel, posted_at=when)
            if as_json:
                print_json(asdict(description))
            else:
                print_description(description)
            return
        with progress("imported") as tell:
            counts = import_file(ctx, file, channel, posted_at=when, open_cases=open_cases, progress=tell)
    print_counts(counts.as_dict(), as_json=as_json)
    if counts.set_aside:
        sys.stderr.write(f"{counts.set_aside} items were set aside: see `wenzheng setaside list`\n")
        raise typer.Exit(1)


setaside = typer.Typer(help="What could not be read: look, try again, or drop.", no_args_is_help=True)
app.add_typer(setaside, name="setaside")


@setaside.command("list")
def setaside_list(as_json: AsJson = False) -> None:
    """List what waits for a person."""
    from collector.setaside import list_set_aside
    from responder.console import print_json, print_table

    with opened() as ctx, ctx.database.reading() as session:
        rows = [(one.id, one.source, one.position, one.reason, one.detail) for one in list_set_aside(session)]
    headers = ("id", "source", "position", "reason", "detail")
    if as_json:
        print_json([dict(zip(headers, row, strict=True)) for row in rows])
    else:
        print_table(headers, rows)


@setaside.command("show")
def setaside_show(number: int) -> None:
    """Show one item: where it came from, and why it stands aside."""
    from collector.setaside import get_set_aside

    with opened() as ctx, ctx.database.reading() as session:
        row, name = get_set_aside(session, number)
        for label, value in (
            ("from", f"{name} ({row.source})"),
            ("position", row.position or "the whole file"),
            ("reason", row.reason),
            ("detail", row.detail),
            ("attempts", row.strikes),
            ("state", row.state),
            ("since", row.created_at.astimezone(ctx.profile.zone).isoformat(" ", "minutes")),
        ):
            typer.echo(f"{label:<10}{value}")


@setaside.command("retry")
def setaside_retry(number: int, as_json: AsJson = False) -> None:
    """Read one item again from its stored bytes."""
    from responder.console import print_counts
    from responder.settling import retry_set_aside

    with opened() as ctx:
        counts = retry_set_aside(ctx, number)
    print_counts(counts.as_dict(), as_json=as_json)
    if counts.set_aside:
        raise typer.Exit(1)


@setaside.command("drop")
def setaside_drop(number: int) -> None:
    """Settle one item without a message."""
    from responder.settling import drop_set_aside

    with opened() as ctx:
        drop_set_aside(ctx, number)
    typer.echo(f"dropped {number}; its bytes stay stored until they are purged")


# ---- classifier --------------------------------------------------------------------------------------------------


def _pairs(mapping: list[str]) -> dict[str, str]:
    pairs = dict(pair.split("=", 1) for pair in mapping if "=" in pair)
    if len(pairs) != len(mapping):
        raise typer.BadParameter("write --map OLD=NEW")
    return pairs


@app.command()
def classify(
    file: Annotated[Path | None, typer.Argument(help="Without it: every pending message.")] = None,
    out: Annotated[Path | None, typer.Option(help="CSV to write; needed with FILE.")] = None,
    as_json: AsJson = False,
) -> None:
    """Classify what is pending, or a file into a CSV (which needs no home)."""
    from responder.console import print_counts, progress

    if (file is None) != (out is None):
        raise typer.BadParameter("FILE and --out go together")
    with progress("classified") as tell:
        if file is not None and out is not None:
            from classifier.files import classify_file

            counts = classify_file(load_settings(), file, out, progress=tell)
        else:
            from classifier.jobs import classify_pending

            with opened() as ctx:
                counts = classify_pending(ctx, progress=tell)
    print_counts(counts, as_json=as_json)


@app.command()
def train(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Tables; a column named after a question is its label.")
    ] = None,
    mapping: Annotated[
        list[str] | None, typer.Option("--map", help="OLD=NEW, rename a label; may be repeated.")
    ] = None,
    question: Annotated[str | None, typer.Option("--as", help="Which question the column `label` answers.")] = None,
    as_json: AsJson = False,
) -> None:
    """Train a candidate from files, or from what people said; nothing is activated."""
    from classifier.candidates import train_candidate
    from responder.console import print_counts

    with opened() as ctx:
        report = train_candidate(ctx, files or [], rename=_pairs(mapping or []), question=question)
    print_counts(report, as_json=as_json)


@app.command()
def evaluate(
    file: Path,
    question: Annotated[str, typer.Option(help="category, owner, kind, sentiment, emotion or urgency.")],
    mapping: Annotated[
        list[str] | None, typer.Option("--map", help="OLD=NEW, rename a label; may be repeated.")
    ] = None,
) -> None:
    """Measure the model on a labelled file: per class, macro-F1, abstention curve (JSON)."""
    from classifier.files import evaluate_file
    from responder.console import print_json

    print_json(evaluate_file(load_settings(), file, question, rename=_pairs(mapping or [])))


models = typer.Typer(help="Model versions: look, compare, activate, go back.", no_args_is_help=True)
app.add_typer(models, name="models")


@models.command("list")
def models_list(as_json: AsJson = False) -> None:
    """List model versions, newest first."""
    from classifier.versions import list_versions
    from responder.console import print_json, print_table

    with opened() as ctx, ctx.database.reading() as session:
        rows = [
            (
                one.version,
                "active" if one.active else "",
                one.created_at.isoformat(timespec="seconds"),
                one.activated_by,
            )
            for one in list_versions(session)
        ]
    headers = ("version", "state", "created", "activated by")
    if as_json:
        print_json([dict(zip(headers, row, strict=True)) for row in rows])
    else:
        print_table(headers, rows)


@models.command("compare")
def models_compare(first: str, second: str) -> None:
    """Compare two versions on the same labelled messages (JSON)."""
    from classifier.candidates import compare_versions
    from responder.console import print_json

    with opened() as ctx:
        print_json(compare_versions(ctx, first, second))


@models.command("activate")
def models_activate(version: str) -> None:
    """Let a version answer from now on."""
    from responder.settling import activate_model

    with opened() as ctx:
        activate_model(ctx, version)
    typer.echo(f"active: {version}")


@models.command("rollback")
def models_rollback() -> None:
    """Go back to the version that was active before."""
    from responder.settling import rollback_model

    with opened() as ctx:
        typer.echo(f"active: {rollback_model(ctx)}")


# ---- the responder -----------------------------------------------------------------------------------------------


def _print_queue(ctx: Context, *, limit: int | None, as_json: bool = False) -> None:
    from collector.access import EVERYONE
    from responder.console import print_json, print_queue
    from responder.queue import counts, hidden_restricted, triage

    with ctx.database.reading() as session:
        rows = triage(session, EVERYONE, ctx.profile, ctx.clock(), limit)
        states, hidden = counts(session, EVERYONE), hidden_restricted(session, EVERYONE)
    if as_json:
        print_json({"rows": [asdict(row) for row in rows], "counts": states, "restricted": hidden})
    else:
        print_queue(rows, states, hidden, ctx.profile.zone)


@app.command()
def queue(
    limit: Annotated[int | None, typer.Option(help="At most so many rows.")] = None, as_json: AsJson = False
) -> None:
    """Print today's triage list: overdue first, then urgency, then due date."""
    with opened() as ctx:
        _print_queue(ctx, limit=limit, as_json=as_json)


@app.command()
def due(
    clock: Annotated[str, typer.Option(help="The clock's id in the profile.")],
    start: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="Day of receipt.")],
    as_json: AsJson = False,
) -> None:
    """Reckon a due date and explain it; a home is used for its imported calendars, if there is one."""
    from config.calendars import load_calendar
    from config.profile import load_profile
    from responder.console import print_json
    from responder.deadlines import due as reckon
    from responder.deadlines import explain

    settings = load_settings()
    profile = load_profile(settings.profile)
    if settings.database_url is None and not settings.home.exists():
        found = reckon(clock, start.date(), profile, load_calendar(None))
    else:
        with opened(settings) as ctx, ctx.database.reading() as session:
            found = reckon(clock, start.date(), profile, load_calendar(session))
    if as_json:
        print_json({**asdict(found), "rule": found.rule.model_dump(mode="json", by_alias=True)})
    else:
        typer.echo(explain(found))


calendar = typer.Typer(help="Working-day calendars.", no_args_is_help=True)
app.add_typer(calendar, name="calendar")


@calendar.command("import")
def calendar_import(file: Path, as_json: AsJson = False) -> None:
    """Take in a year's days off and make-up working days, and reckon provisional due dates anew."""
    from responder.console import print_counts
    from responder.settling import import_calendar

    with opened() as ctx:
        counts = import_calendar(ctx, file)
    print_counts(counts, as_json=as_json)


@app.command()
def report(
    week: Annotated[str, typer.Option(help="ISO week such as 2026-W47.")],
    out: Annotated[Path, typer.Option(help="File to write.")],
    form: Annotated[str, typer.Option("--format", help="html or json.")] = "html",
) -> None:
    """Draft the weekly summary and write it to a file."""
    from responder import reports
    from responder.weeks import parse_week

    with opened() as ctx:
        path = reports.report(ctx, parse_week(week, ctx.profile.zone), form, out)
    typer.echo(str(path))


# ---- people and audit --------------------------------------------------------------------------------------------

staff = typer.Typer(help="Accounts of the desk.", no_args_is_help=True)
app.add_typer(staff, name="staff")
Password = Annotated[
    str,
    typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, envvar="WENZHENG_PASSWORD", help="Asked for."),
]


@staff.command("add")
def staff_add(
    username: str,
    password: Password,
    role: Annotated[str, typer.Option(help="值班员 科室人员 科室负责人 办公室 分管领导 系统管理员 审计员")],
    name: Annotated[str | None, typer.Option(help="Name shown on pages.")] = None,
    section: Annotated[str | None, typer.Option(help="The section of 科室人员 and 科室负责人.")] = None,
) -> None:
    """Add a person."""
    from responder.accounts import create_staff

    with opened() as ctx, ctx.database.writing() as session:
        create_staff(session, username, name or username, role, section, password, ctx.clock(), ctx=ctx, actor="cli")
    typer.echo(f"added {username}")


@staff.command("list")
def staff_list(as_json: AsJson = False) -> None:
    """List accounts."""
    from responder.accounts import list_staff
    from responder.console import print_json, print_table

    with opened() as ctx, ctx.database.reading() as session:
        rows = [
            (one.username, one.display_name, one.role, one.section, "disabled" if one.disabled_at else "")
            for one in list_staff(session)
        ]
    headers = ("username", "name", "role", "section", "state")
    if as_json:
        print_json([dict(zip(headers, row, strict=True)) for row in rows])
    else:
        print_table(headers, rows)


@staff.command("passwd")
def staff_passwd(username: str, password: Password) -> None:
    """Set a new password and end the person's log-ins."""
    from responder.accounts import set_password

    with opened() as ctx, ctx.database.writing() as session:
        set_password(session, username, password, ctx.clock(), ctx=ctx, actor="cli")
    typer.echo(f"password of {username} set")


@staff.command("role")
def staff_role(username: str, role: str, section: Annotated[str | None, typer.Option()] = None) -> None:
    """Give a person another role."""
    from responder.accounts import set_role

    with opened() as ctx, ctx.database.writing() as session:
        set_role(session, username, role, section, ctx.clock(), ctx=ctx, actor="cli")
    typer.echo(f"{username} is {role} now")


@staff.command("disable")
def staff_disable(username: str) -> None:
    """Close an account and end its log-ins."""
    from responder.accounts import disable

    with opened() as ctx, ctx.database.writing() as session:
        disable(session, username, ctx.clock(), ctx=ctx, actor="cli")
    typer.echo(f"{username} is disabled")


audit = typer.Typer(help="The record of acts.", no_args_is_help=True)
app.add_typer(audit, name="audit")


@audit.command("verify")
def audit_verify(as_json: AsJson = False) -> None:
    """Check the audit chain for edits, gaps and a cut tail."""
    from responder.audit import verify
    from responder.console import print_json

    with opened() as ctx:
        verdict = verify(ctx)
    if as_json:
        print_json(asdict(verdict))
    else:
        typer.echo(f"events: {verdict.events}")
        for fault in verdict.faults:
            typer.echo(f"fault: {fault}")
        typer.echo("the chain is whole" if verdict.ok else "the chain is broken")
    if not verdict.ok:
        raise typer.Exit(1)


if __name__ == "__main__":
    main()
