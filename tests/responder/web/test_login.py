"""Tests of logging in and out over HTTP."""

import threading
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.context import Context
from config.settings import Settings
from responder import accounts
from responder.accounts import IDLE_FOR
from responder.permissions import Role
from responder.web.app import create_app
from responder.web.security import local_path
from tests.conftest import FixedClock
from tests.responder.web.conftest import PASSWORD, LogIn, TestClient, add_staff, csrf_of, post_login


def test_a_person_logs_in_and_out(ctx: Context, guest: TestClient):
    """The form leads to the page of the role, the button leads back, and the old cookie is worth nothing then."""
    answer = post_login(guest, add_staff(ctx, Role.OFFICE), PASSWORD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = guest.cookies["__Host-wenzheng"]
    page = guest.get("/")
    assert page.status_code == 200

    left = guest.post("/logout", data={"csrf": csrf_of(page)})

    assert (left.status_code, left.headers["location"]) == (303, "/login")
    assert "__Host-wenzheng" not in guest.cookies
    guest.cookies.set("__Host-wenzheng", cookie, domain="desk.test", path="/")
    assert guest.get("/").headers["location"] == "/login"


def test_the_cookie_is_kept_from_scripts_strangers_and_plain_http(ctx: Context, guest: TestClient):
    """Over HTTPS the cookie carries every protection a browser knows."""
    answer = post_login(guest, add_staff(ctx, Role.OFFICE), PASSWORD)

    cookie = next(line for line in answer.headers.get_list("set-cookie") if line.startswith("__Host-wenzheng="))
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "secure", "samesite=lax", "path=/"} <= parts
    assert not any(part.startswith("domain") for part in parts)


def test_without_https_the_cookie_has_a_plain_name(ctx: Context):
    """On plain loopback browsers would refuse a __Host- cookie, so it is not used there."""
    plain = Context(
        Settings(home=ctx.settings.home, cookie_secure=False), ctx.profile, ctx.database, ctx.vault, ctx.clock
    )
    client = TestClient(create_app(plain), base_url="http://127.0.0.1", follow_redirects=False)

    answer = post_login(client, add_staff(ctx, Role.OFFICE), PASSWORD)

    assert answer.status_code == 303
    cookie = next(line for line in answer.headers.get_list("set-cookie") if line.startswith("wenzheng="))
    assert "secure" not in cookie.lower()
    assert client.get("/").status_code == 200
    assert "strict-transport-security" not in answer.headers


def test_a_refusal_does_not_say_what_was_wrong(ctx: Context, guest: TestClient):
    """A wrong password and an unknown name give the same page, but for the name typed."""
    username = add_staff(ctx, Role.OFFICE)

    wrong = post_login(guest, username, "wrong-password-1")
    unknown = post_login(guest, "nobody", "wrong-password-1")

    assert wrong.status_code == unknown.status_code == 401
    assert "用户名或密码不正确" in wrong.text
    assert wrong.text.replace(username, "nobody") == unknown.text
    assert "wrong-password-1" not in wrong.text


def test_the_name_typed_is_escaped(guest: TestClient):
    """What is typed into the form comes back as text."""
    answer = post_login(guest, '"><script>alert(1)</script>', "x")

    assert "<script" not in answer.text


@pytest.mark.parametrize("word", ["", "guessed", None])
def test_a_log_in_form_that_is_not_ours_is_refused(ctx: Context, guest: TestClient, word: str | None):
    """Without the word of the form nobody is logged in, whatever the password."""
    fields = {"username": add_staff(ctx, Role.OFFICE), "password": PASSWORD}
    assert guest.post("/login", data=fields | ({"csrf": word} if word else {})).status_code == 403

    guest.get("/login")
    assert guest.post("/login", data=fields | ({"csrf": word} if word else {})).status_code == 403
    assert "__Host-wenzheng" not in guest.cookies


def test_two_open_log_in_forms_both_work(ctx: Context, guest: TestClient):
    """Who opened the form in two windows may use either."""
    username = add_staff(ctx, Role.OFFICE)
    first, _ = guest.get("/login"), guest.get("/login")

    for _ in range(2):
        fields = {"csrf": csrf_of(first), "username": username, "password": PASSWORD}
        assert guest.post("/login", data=fields).status_code == 303


def test_a_log_out_from_elsewhere_is_refused(log_in: LogIn):
    """A stranger's page cannot log anybody out."""
    client = log_in()

    assert client.post("/logout", data={"csrf": "guessed"}).status_code == 403
    assert client.post("/logout").status_code == 403
    assert client.get("/").status_code == 200


def test_logging_out_late_leads_to_the_form(log_in: LogIn, clock: FixedClock):
    """A log-out after the session ended by itself is no error."""
    client = log_in()
    page = client.get("/")
    clock.forward(IDLE_FOR + timedelta(seconds=1))

    answer = client.post("/logout", data={"csrf": csrf_of(page)})

    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


def test_the_log_in_leads_back_to_the_page_asked_for(ctx: Context, guest: TestClient):
    """A link to a page works through the log-in."""
    asked = guest.get("/reports/2026-W47?version=2")
    assert asked.headers["location"] == "/login?next=%2Freports%2F2026-W47%3Fversion%3D2"
    assert 'name="next" value="/reports/2026-W47?version=2"' in guest.get(asked.headers["location"]).text

    answer = post_login(guest, add_staff(ctx, Role.OFFICE), PASSWORD, next="/reports/2026-W47?version=2")

    assert answer.headers["location"] == "/reports/2026-W47?version=2"


ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "\\\\evil.example",
    "/\t/evil.example/",
    "/%0d%0aSet-Cookie:a=b\r\n",
    "javascript:alert(1)",
    " //evil.example",
    "/x\r\nLocation: https://evil.example",
    "evil.example",
    "/" + "a" * 3000,
]


@pytest.mark.parametrize("address", ELSEWHERE)
def test_the_log_in_leads_nowhere_else(ctx: Context, guest: TestClient, address: str):
    """No address of another site is ever followed after a log-in."""
    answer = post_login(guest, add_staff(ctx, Role.OFFICE), PASSWORD, next=address)

    assert answer.status_code in (303, 400)
    assert answer.headers.get("location", "/") == "/"
    assert "evil" not in guest.get("/login", params={"next": address}).headers.get("location", "")


@given(st.text())
def test_a_return_address_is_always_a_path_of_the_desk(address: str):
    """Whatever is given, what comes out starts with one slash and holds nothing a browser would read otherwise."""
    path = local_path(address)

    assert path.startswith("/")
    assert not path.startswith("//")
    assert path.isascii()
    assert not set(path) & set("\\\r\n\t :@#<>\"'")


def test_too_many_log_ins_at_once_are_told_to_wait(ctx: Context, guest: TestClient, monkeypatch: pytest.MonkeyPatch):
    """The form comes back with 503 and the name typed; the right password works once the others are done."""
    username = add_staff(ctx, Role.OFFICE)
    busy = threading.BoundedSemaphore(1)
    monkeypatch.setattr(accounts, "_HASHING", busy)
    monkeypatch.setattr(accounts, "_HASHING_WAIT_S", 0.01)

    with busy:
        answer = post_login(guest, username, PASSWORD)

    assert answer.status_code == 503
    assert "登录的人太多，请稍后再试" in answer.text
    assert f'value="{username}"' in answer.text
    assert "__Host-wenzheng" not in guest.cookies
    assert post_login(guest, username, PASSWORD).status_code == 303
