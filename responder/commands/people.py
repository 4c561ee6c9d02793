"""Commands over accounts and the audit: staff, audit."""

from dataclasses import asdict
from typing import Annotated

import typer

from responder.commands.base import AsJson, opened

app = typer.Typer()


staff = typer.Typer(help="Accounts of the desk.", no_args_is_help=True)
app.add_typer(staff, name="staff")
Password = Annotated[str | None, typer.Option(envvar="WENZHENG_PASSWORD", help="Asked for if not given.")]


def _asked(password: str | None) -> str:
    return password or str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


@staff.command("add")
def staff_add(
    username: str,
    role: Annotated[str, typer.Option(help="值班员 科室人员 科室负责人 办公室 分管领导 系统管理员 审计员")],
    name: Annotated[str | None, typer.Option(help="Name shown on pages.")] = None,
    section: Annotated[str | None, typer.Option(help="The section of 科室人员 and 科室负责人.")] = None,
    password: Password = None,
) -> None:
    """Add a person."""
    from responder.accounts import check_new, create_staff

    shown = name or username
    with opened() as ctx:
        with ctx.database.reading() as session:
            check_new(session, username, shown, role, section, ctx=ctx)
        word = _asked(password)
        with ctx.database.writing() as session:
            create_staff(session, username, shown, role, section, word, ctx.clock(), ctx=ctx, actor="cli")
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
def staff_passwd(username: str, password: Password = None) -> None:
    """Set a new password and end the person's log-ins."""
    from responder.accounts import find_staff, set_password

    with opened() as ctx:
        with ctx.database.reading() as session:
            find_staff(session, username)
        word = _asked(password)
        with ctx.database.writing() as session:
            set_password(session, username, word, ctx.clock(), ctx=ctx, actor="cli")
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
        for warning in verdict.warnings:
            typer.echo(f"warning: {warning}")
        typer.echo("the chain is whole" if verdict.ok else "the chain is broken")
    if not verdict.ok:
        raise typer.Exit(1)
