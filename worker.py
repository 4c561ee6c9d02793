"""The front door: the job table, and the command line `wenzheng`.

Exit codes: 0 done, 1 refused or partly failed (the message says what), 2 wrong usage.
"""

import os
import signal
import sys
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from config.errors import WenzhengError
from config.logs import set_up_logs
from config.settings import load_settings
from responder.commands import cases, labels, messages, models, people, sources
from responder.commands.base import AsJson, opened

if TYPE_CHECKING:
    from config.profile import Profile
    from responder.scheduling import Job

app = typer.Typer(
    name="wenzheng",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for commands in (messages, sources, models, labels, cases, people):
    app.add_typer(commands.app)


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


def job_table(profile: "Profile") -> "list[Job]":
    """Return the job table: what runs, in the order of the floors, and how often; each live source is a job."""
    from classifier.drift import watch_drift
    from classifier.jobs import classify_pending
    from collector.jobs import collect_source, resume_raw
    from responder.jobs import draft_weekly_report, export_audit_head, open_cases, recompute_deadlines, retrain
    from responder.scheduling import Job

    collecting = [
        Job(f"collect {source.id}", partial(collect_source, source_id=source.id), source.every)
        for source in profile.sources
    ]
    return [
        *collecting,
        Job("resume-raw", resume_raw, timedelta(minutes=5)),
        Job("classify", classify_pending, timedelta(seconds=30)),
        Job("watch-drift", watch_drift, timedelta(hours=6)),
        Job("open-cases", open_cases, timedelta(seconds=30)),
        Job("recompute-deadlines", recompute_deadlines, timedelta(hours=6)),
        Job("weekly-report", draft_weekly_report, timedelta(hours=1)),
        Job("audit-head", export_audit_head, timedelta(hours=1)),
        Job("retrain", retrain, timedelta(hours=1)),
    ]


@app.command()
def init() -> None:
    """Make a home: database, key and folders. Repeating it changes nothing."""
    from classifier.versions import ensure_base
    from config.home import init_home

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
    from config.home import check_schema, upgrade
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
    from responder.address import listen
    from responder.scheduling import scheduler_lock
    from responder.service import run_service, stop_on_signals

    settings = load_settings()
    set_up_logs(settings)
    # What is wrong is said once, here, rather than by two children again and again.
    with opened(settings) as ctx, scheduler_lock(ctx):
        pass
    listen(settings.host, settings.port).close()
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
        scheduling.work(ctx, job_table(ctx.profile), stop)


def _terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Print the queue and the summary's path; do not serve.")] = False,
) -> None:
    """Fill a demo home with an invented bureau's weeks and serve it on loopback."""
    from responder.address import listen
    from responder.demo.bureau import fill_demo

    os.environ.setdefault("WENZHENG_HOME", "var/demo")
    # The demo is served over plain HTTP on loopback, where a Secure cookie would not come back in every browser.
    os.environ["WENZHENG_COOKIE_SECURE"] = "false"
    os.environ["WENZHENG_HOST"] = "127.0.0.1"
    # A bureau's real key has no business in a home that is thrown away.
    os.environ.pop("WENZHENG_KEY_FILE", None)
    settings = load_settings()
    if not once:
        # A taken address is told before the home of an earlier demo is emptied.
        listen(settings.host, settings.port).close()
    filled = fill_demo(settings, say=typer.echo)
    try:
        cases.show_queue(filled.ctx, limit=20)
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


if __name__ == "__main__":
    main()
