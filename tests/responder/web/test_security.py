"""Tests of headers, size limits, and what a failure shows and logs."""

import pytest

from config.context import Context
from responder.permissions import Role
from responder.web import shell
from responder.web.routes import today
from tests.responder.web.conftest import PASSWORD, LogIn, TestClient, add_staff, csrf_of, make_case, post_login

CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


def paths_of_every_sort(number: str) -> list[str]:
    """Return pages, refusals, files and errors of the desk."""
    return ["/", f"/cases/{number}", "/cases/none", "/reports", "/staff", "/account", "/login", "/healthz", "/none"]


def test_every_answer_carries_the_headers(ctx: Context, log_in: LogIn):
    """Pages, redirects, refusals and errors alike tell the browser to trust nothing else."""
    client = log_in(Role.OFFICE)
    for path in [*paths_of_every_sort(make_case(ctx)), "/static/desk.css"]:
        headers = client.get(path).headers
        assert headers["content-security-policy"] == CSP, path
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == ("max-age=3600" if "static" in path else "no-store")
        assert headers["strict-transport-security"] == "max-age=31536000"
        assert "unsafe" not in headers["content-security-policy"]


def test_no_page_needs_what_the_policy_forbids(ctx: Context, log_in: LogIn):
    """No script, no style in the page, no address of another site."""
    client = log_in(Role.OFFICE)
    for path in paths_of_every_sort(make_case(ctx)):
        text = client.get(path).text.lower()
        for forbidden in ("<script", "<style", " style=", " onclick", "http://", "https://", "javascript:"):
            assert forbidden not in text, (path, forbidden)


def test_large_requests_are_refused_before_they_are_read(guest: TestClient):
    """A form is small; what states more than 64 KiB, or no length, gets a page and no work."""
    too_large = guest.post("/login", data={"password": "x" * (shell.MAX_BODY_BYTES + 1)})
    assert too_large.status_code == 413
    assert "内容过大" in too_large.text
    assert too_large.headers["content-security-policy"] == CSP

    assert guest.post("/login", content=iter([b"csrf=1"])).status_code == 411
    assert guest.post("/login", headers={"content-length": "many"}).status_code == 413


@pytest.mark.parametrize(
    "data", [{"username": "x" * 65}, {"password": "x" * 2000}, {"next": "/" + "x" * 2000}, {"csrf": "x" * 200}]
)
def test_overlong_fields_are_refused_with_a_page(guest: TestClient, data: dict[str, str]):
    """A field longer than its limit is answered in Chinese, not with the framework's own words."""
    fields = {"csrf": csrf_of(guest.get("/login")), "username": "wang", "password": "x"}
    answer = guest.post("/login", data=fields | data)

    assert answer.status_code == 400
    assert "请求有误" in answer.text
    assert "string_too_long" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "says"),
    [
        ("GET", "/nothing-here", 404, "没有找到"),
        ("GET", "/?page=0", 400, "请求有误"),
        ("GET", "/?page=two", 400, "请求有误"),
        ("DELETE", "/", 405, "操作有误"),
        ("GET", "/static/../app.py", 404, "没有找到"),
        ("GET", "/static/%2e%2e/app.py", 404, "没有找到"),
        ("GET", "/reports/last-week", 404, "没有找到"),
        ("GET", "/reports/2026-W01?version=x", 400, "请求有误"),
    ],
)
def test_errors_are_pages_in_chinese(log_in: LogIn, method: str, path: str, status: int, says: str):
    """Whatever goes wrong, the answer is a page that says what to do."""
    answer = log_in().request(method, path)

    assert answer.status_code == status
    assert says in answer.text
    assert "返回首页" in answer.text


def test_a_failure_shows_nothing_of_the_inside(
    log_in: LogIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """A fault in a page gives a plain page with all headers; neither it nor the log quotes the error's text."""
    client = log_in()

    def fail(*given: object) -> None:
        raise RuntimeError("secret of 赵某某")

    monkeypatch.setattr(today, "triage", fail)
    answer = client.get("/")

    assert answer.status_code == 500
    assert "系统出错" in answer.text
    assert answer.headers["content-security-policy"] == CSP
    logged = "".join(capsys.readouterr())
    assert "RuntimeError" in logged
    for text in (answer.text, logged):
        assert "secret" not in text
        assert "赵某某" not in text
        assert "Traceback" not in text


def test_the_access_log_holds_no_addresses_and_no_query(
    ctx: Context, guest: TestClient, capsys: pytest.CaptureFixture[str]
):
    """A request is logged as its route, status and time; never what was typed."""
    username = add_staff(ctx, Role.OFFICE)
    post_login(guest, username, PASSWORD)
    guest.get("/cases/2026-000007", params={"q": "needle"})
    guest.get("/somewhere/needle")

    logged = "".join(capsys.readouterr())
    assert "/cases/{number}" in logged
    for typed in ("needle", username, PASSWORD, "000007", "testclient"):
        assert typed not in logged


def test_health_tells_nothing_but_health(ctx: Context, guest: TestClient):
    """Whoever watches the machine learns whether the desk works, and no figure."""
    assert guest.get("/healthz").json() == {"live": True, "ready": True}
    if not ctx.database.is_sqlite:
        return  # A server cannot be taken away from one test alone.

    ctx.database.close()
    (ctx.settings.home / "wenzheng.db").rename(ctx.settings.home / "gone.db")
    (ctx.settings.home / "wenzheng.db").mkdir()
    answer = guest.get("/healthz")

    assert (answer.status_code, answer.json()) == (503, {"live": True, "ready": False})
