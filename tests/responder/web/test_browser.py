"""Tests of the desk in a real browser: the way through it, hostile letters, widths, contrast, the keyboard."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.context import Context
from responder.permissions import Role
from responder.reports import draft_edition, week_of
from tests.parts import require_part
from tests.responder.web.chromium import Page, chromium
from tests.responder.web.conftest import PASSWORD, add_staff, desk, make_case
from tests.responder.web.test_hostile import PAYLOADS, store

CONTRAST = """
(() => {
  const channel = value => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const ground = element => {
    for (; element; element = element.parentElement) {
      const colour = numbers(getComputedStyle(element).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const weak = [];
  for (const element of document.querySelectorAll("body *")) {
    if (![...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
    const [high, low] = [light(numbers(getComputedStyle(element).color)), light(ground(element))].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < 4.5) weak.push(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`);
  }
  return [...new Set(weak)];
})()
"""


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """A browser's page."""
    with chromium(require_part("chromium"), tmp_path / "browser") as opened:
        yield opened


@pytest.fixture
def address(ctx: Context) -> Iterator[str]:
    """The address of a desk with one ordinary case, an edition of the summary, and a person of the office."""
    make_case(ctx, title="年鉴在哪里查", body="想查阅去年的统计年鉴。" * 40)
    draft_edition(ctx, week_of(ctx.clock(), ctx.profile.zone))
    with desk(ctx, "127.0.0.1") as (_, port):
        yield f"http://127.0.0.1:{port}"


def log_in(page: Page, address: str, username: str, path: str = "/") -> None:
    """Log in with the keyboard."""
    page.open(address + path)
    page.type("username", username)
    page.type("password", PASSWORD)
    page.press("Enter", leads_on=True)


def test_a_clerk_finds_opens_and_leaves(ctx: Context, address: str, page: Page):
    """From the log-in over the list to a case and out; afterwards nothing is left to see."""
    log_in(page, address, add_staff(ctx, Role.DUTY_CLERK))
    assert page.find("document.querySelector('h1').textContent") == "今日待办"

    assert page.find("document.querySelector('details').open") is False
    page.find("document.querySelector('summary').click()")
    assert page.find("document.querySelector('.steps').checkVisibility()") is True

    page.click(".queue h3 a")
    assert page.find("document.querySelector('.paper h3').textContent") == "年鉴在哪里查"

    page.click(".leave button")
    assert page.find("location.pathname") == "/login"
    page.open(address + "/cases/2026-000001")
    assert page.find("location.pathname") == "/login"
    assert page.complaints == []


def test_a_wrong_password_keeps_the_name_and_says_so(ctx: Context, address: str, page: Page):
    """The form comes back with what went wrong, the name filled in and the password not."""
    page.open(address + "/reports")
    page.type("username", "somebody")
    page.type("password", "not-the-password")
    page.press("Enter", leads_on=True)

    assert "用户名或密码不正确" in page.find("document.querySelector('[role=alert]').textContent")
    assert page.find("document.getElementById('username').value") == "somebody"
    assert page.find("document.getElementById('password').value") == ""
    assert page.find("document.querySelector('[name=next]').value") == "/reports"


def test_hostile_letters_do_nothing(ctx: Context, address: str, page: Page):
    """With every payload in the list and on its own page, no script runs, nothing is loaded, nothing complains."""
    numbers = [store(ctx, payload) for payload in PAYLOADS]
    log_in(page, address, add_staff(ctx, Role.OFFICE))
    for path in ["/", "/reports/2026-W48", *(f"/cases/{number}" for number in numbers)]:
        page.open(address + path)
        assert page.find("document.scripts.length + document.images.length + document.styleSheets.length") == 1, path
        assert page.find("document.querySelectorAll('main').length") == 1, path
        assert page.find("location.href") == address + path
    assert page.complaints == []


@pytest.mark.parametrize("role", [Role.OFFICE, Role.SYSTEM_ADMIN, Role.AUDITOR])
def test_pages_fit_every_width_and_can_be_read(ctx: Context, address: str, page: Page, role: Role):
    """On a desk screen, a phone, and at 400 % zoom no page scrolls sideways, and text has contrast AA."""
    own = {
        Role.OFFICE: ["/", "/cases/2026-000001", "/reports", "/reports/2026-W48", "/account", "/none"],
        Role.SYSTEM_ADMIN: ["/staff", "/"],
        Role.AUDITOR: ["/audit"],
    }
    page.open(address + "/login")
    weak = {"/login": page.find(CONTRAST)}
    log_in(page, address, add_staff(ctx, role))
    number = page.find("document.querySelector('.queue h3 a')?.getAttribute('href')")
    for path in own[role]:
        path = number if path.startswith("/cases") else path
        page.open(address + path)
        page.find("document.querySelectorAll('details').forEach(part => part.open = true)")
        for width, height in ((1366, 768), (390, 844), (320, 256)):
            page.resize(width, height)
            assert page.find("document.documentElement.scrollWidth") <= width, (path, width)
        weak[path] = page.find(CONTRAST)
    assert not any(weak.values()), weak


def test_the_keyboard_reaches_everything_and_shows_where_it_is(ctx: Context, address: str, page: Page):
    """The first stop is the way to the text, and every stop has a visible outline."""
    log_in(page, address, add_staff(ctx, Role.OFFICE))
    stops = []
    for _ in range(7):
        page.press("Tab")
        stops.append(page.find("document.activeElement.textContent.trim()"))
        assert page.find("getComputedStyle(document.activeElement).outlineStyle") == "solid", stops

    assert stops == ["跳到正文", "今日待办", "民情周报", "我的账号", "退出", "期限怎么算", "年鉴在哪里查"]
    page.open(address + "/login")
    assert page.find("[...document.querySelectorAll('input:not([type=hidden])')].every(field => field.labels.length)")
