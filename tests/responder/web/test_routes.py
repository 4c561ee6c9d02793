"""Tests that walk every route of the desk: rights, forms, and what a role may open."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import Mount

from config.context import Context
from responder.permissions import Permission, Role, may
from responder.web.app import create_app
from responder.web.security import PUBLIC, checked_form, checked_login_form, permission_of
from tests.responder.web.conftest import LogIn, TestClient, make_case


def routes_of(app: FastAPI) -> Iterator[APIRoute | Mount]:
    """Yield every route with those of included routers."""
    pending = list(app.routes)
    while pending:
        route = pending.pop()
        if isinstance(route, APIRoute | Mount):
            yield route
        else:
            pending += route.original_router.routes


def dependencies_of(dependant: Dependant) -> Iterator[object]:
    """Yield every function a route depends on, directly or not."""
    for part in dependant.dependencies:
        yield part.call
        yield from dependencies_of(part)


def permissions_of_route(route: APIRoute) -> set[Permission]:
    """Return the permissions a route checks."""
    return {found for call in dependencies_of(route.dependant) if (found := permission_of(call))}


def test_every_route_declares_one_permission_or_is_public(ctx: Context):
    """A route that somebody adds without deciding who may open it fails here."""
    found = {}
    for route in routes_of(create_app(ctx)):
        if isinstance(route, Mount):
            assert route.path in PUBLIC
        elif route.path not in PUBLIC:
            permissions = permissions_of_route(route)
            assert len(permissions) == 1, route.path
            found[route.path] = permissions.pop()

    assert found == {
        "/": Permission.QUEUE_READ,
        "/account": Permission.ACCOUNT_READ_OWN,
        "/audit": Permission.AUDIT_READ,
        "/cases/{number}": Permission.CASE_READ,
        "/logout": Permission.ACCOUNT_READ_OWN,
        "/reports": Permission.REPORT_READ,
        "/reports/{week}": Permission.REPORT_READ,
        "/staff": Permission.STAFF_READ,
    }


def test_every_route_that_changes_something_checks_its_form(ctx: Context):
    """No POST without the word of our own form, and no other method at all."""
    for route in routes_of(create_app(ctx)):
        if isinstance(route, APIRoute):
            assert route.methods <= {"GET", "POST"}
            calls = set(dependencies_of(route.dependant))
            assert ("POST" in route.methods) == bool(calls & {checked_form, checked_login_form}), route.path


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_the_framework_shows_no_pages_of_its_own(guest: TestClient, path: str):
    """The interface of the desk is not described to strangers."""
    assert guest.get(path).status_code == 404


@pytest.mark.parametrize("role", list(Role))
def test_a_role_opens_what_its_rights_say_and_nothing_else(ctx: Context, log_in: LogIn, role: Role):
    """Every page answers 200 to a role with the right and 403 to one without."""
    client = log_in(role)
    number = make_case(ctx)

    for route in routes_of(client.app):
        if isinstance(route, APIRoute) and "GET" in route.methods and route.path not in PUBLIC:
            path = route.path.replace("{number}", number).replace("{week}", "2026-W01")
            (permission,) = permissions_of_route(route)
            answer = client.get(path)
            if not may(role, permission):
                assert answer.status_code == 403, path
                assert "没有权限" in answer.text
            else:
                # There is no edition of that week.
                assert answer.status_code == (404 if path == "/reports/2026-W01" else 200), path


@pytest.mark.parametrize("path", ["/", "/cases/2026-000001", "/reports", "/staff", "/audit", "/account"])
def test_a_stranger_is_sent_to_the_log_in(guest: TestClient, path: str):
    """Without a session every page leads to the form, also one that does not exist for anybody."""
    answer = guest.get(path)

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")


@pytest.mark.parametrize(
    ("role", "home"),
    [(Role.DUTY_CLERK, "/"), (Role.LEADER, "/"), (Role.SYSTEM_ADMIN, "/staff"), (Role.AUDITOR, "/audit")],
)
def test_each_role_starts_at_a_page_it_may_open(log_in: LogIn, role: Role, home: str):
    """The log-in leads everybody to their own work, and an error page leads back there."""
    client = log_in(role)

    assert client.get("/login").headers["location"] == home
    assert f'<a href="{home}">返回首页</a>' in client.get("/nothing-here").text
    assert client.get(home).status_code == 200


@pytest.mark.parametrize("path", ["/reports/", "/login/", "/static", "/cases/2026-000001/", "/nothing-here"])
def test_no_redirect_is_made_from_the_host_of_a_request(guest: TestClient, path: str):
    """A path with a slash too many or too few is unknown, and nothing leads to a host that the asker named."""
    answer = guest.get(path, headers={"Host": "evil.example"})

    assert answer.status_code == 404
    assert "location" not in answer.headers
    assert "evil.example" not in answer.text
