"""Sites that want to know who asks: cookies, tokens, accounts; and pages that only the page before can give."""

import json
from datetime import timedelta
from typing import Any

import pytest

from collector.errors import HttpRefused, LoginFailed, SecretMissing, SourceChanged
from tests.collector.sources.site import LIST, Site, board, cursor, described, letter, run, stored, truth
from tests.webserver import Asked, Reply

PASSWORD = "p&ss=字"
ACCOUNT = """
[sources.visit]
url = "{base}/login"
vars = { csrf = { pattern = "csrf = '(\\\\w+)'" } }
[sources.visit.login]
form = { user = "tjj", password = "secret:board" }
hidden = "form#login"
"""
TOKEN = """
[sources.visit]
url = "{base}/start"
vars = { csrf = { pattern = "csrf = '(\\\\w+)'" } }
"""
GUARDED_LIST = LIST.replace("rows =", 'headers = { X-CSRF-TOKEN = "{csrf}" }\nrows =')
DETAILS = """
[[sources.details]]
headers = { X-CSRF-TOKEN = "{csrf}" }
fields = { body = "div.text" }
"""


class Guarded(Site):
    """A board behind a log-in, or a token: each session is good for so many requests."""

    account = True
    good_for = 10_000
    moves = True

    def __init__(self, *parts: Any, **more: Any) -> None:
        super().__init__(*parts, **more)
        self.sessions: dict[str, int] = {}
        self.posts = 0
        self.begun = 0
        self.forbidden: set[str] = set()

    def answer(self, asked: Asked) -> Reply | str:
        path = asked.path.partition("?")[0]
        if path in ("/login", "/start"):
            return self.door(asked)
        session = asked.headers.get("Cookie", "").rpartition("sid=")[2]
        if path == "/home" and session in self.sessions:
            return f"<script>csrf = 'inside{session}'</script><a class='out' href='/logout'>退出</a>"
        left = self.sessions.get(session, 0)
        token = f"{'inside' if self.account else ''}{session}"
        if left <= 0 or asked.headers.get("X-CSRF-TOKEN") != token:
            return Reply(status=302, headers={"Location": "/login?back=1"}) if self.moves else Reply(status=419)
        self.sessions[session] = left - 1
        if path in self.forbidden:
            return Reply(status=302, headers={"Location": "/login?back=1"}) if self.moves else Reply(status=403)
        return super().answer(asked)

    def door(self, asked: Asked) -> Reply | str:
        self.begun += 1
        session = f"s{self.begun}"
        cookie = ("Set-Cookie", f"sid={session}; Path=/")
        if asked.method == "POST":
            self.posts += 1
            if asked.form != {"user": "tjj", "password": PASSWORD, "_token": "f1"}:
                return "<p>密码错误</p><form><input type='password' name='password'></form>"
            self.sessions[session] = self.good_for
            return Reply(status=302, headers=[("Location", "/home"), cookie])
        page = "<form id='login' action='/login'><input type='hidden' name='_token' value='f1'></form>"
        if not self.account:
            self.sessions[session] = self.good_for
        return Reply(f"<script>var csrf = '{session}';</script>{page}", headers=[cookie])


@pytest.fixture
def password(monkeypatch):
    """The account's password."""
    monkeypatch.setenv("WENZHENG_SECRET_BOARD", PASSWORD)


@pytest.mark.usefixtures("password")
def test_an_account_is_let_in_and_its_token_is_taken_from_the_page_behind(ctx, tmp_path):
    """Hidden fields go along, the secret is revealed, the token inside replaces that of the door."""
    site = Guarded.of(23)
    with board(ctx, tmp_path, site, ACCOUNT + GUARDED_LIST + DETAILS) as home:
        run(home)

        assert stored(home) == truth(site)
        assert site.posts == 1


@pytest.mark.parametrize("moves", [True, False], ids=["redirect", "419"])
@pytest.mark.usefixtures("password")
def test_a_session_that_ends_is_renewed(ctx, tmp_path, moves):
    """Every nine requests the site forgets who asks; each time one log-in brings the run on."""
    site = Guarded.of(23)
    site.good_for, site.moves = 9, moves
    with board(ctx, tmp_path, site, ACCOUNT + GUARDED_LIST + DETAILS) as home:
        run(home)

        assert stored(home) == truth(site)
        assert site.posts <= 5


def test_a_token_without_an_account_is_renewed(ctx, tmp_path):
    """The first page gives a new one."""
    site = Guarded.of(23)
    site.account, site.good_for, site.moves = False, 9, False
    with board(ctx, tmp_path, site, TOKEN + GUARDED_LIST + DETAILS) as home:
        run(home)

        assert stored(home) == truth(site)


def test_a_wrong_password_is_tried_once_a_run(ctx, tmp_path, monkeypatch):
    """Sites lock accounts that fail several times."""
    monkeypatch.setenv("WENZHENG_SECRET_BOARD", "falsch")
    site = Guarded.of(5)
    with board(ctx, tmp_path, site, ACCOUNT + GUARDED_LIST + DETAILS) as home:
        with pytest.raises(LoginFailed) as caught:
            run(home)

        assert site.posts == 1
        assert "falsch" not in str(caught.value)
        assert stored(home) == {}


@pytest.mark.usefixtures("password")
def test_a_site_that_refuses_after_the_log_in_is_not_asked_again_and_again(ctx, tmp_path):
    """Let in, and sent back with the very first request: one log-in, then a clear error."""
    site = Guarded.of(5)
    site.good_for = 0
    with board(ctx, tmp_path, site, ACCOUNT + GUARDED_LIST + DETAILS) as home:
        with pytest.raises(LoginFailed):
            run(home)
        assert site.posts == 1


@pytest.mark.parametrize("moves", [True, False], ids=["redirect", "403"])
@pytest.mark.usefixtures("password")
def test_letters_that_the_account_may_not_see_do_not_stop_the_others(ctx, tmp_path, moves):
    """The site sends back to the log-in from them: tried with one new session, then kept for later."""
    site = Guarded.of(23)
    site.moves, site.forbidden = moves, {"/letter/20", "/letter/11"}
    with board(ctx, tmp_path, site, ACCOUNT + GUARDED_LIST + DETAILS) as home:
        run(home)

        assert set(truth(site)) - set(stored(home)) == {"20", "11"}
        assert site.posts <= 5
        assert set(cursor(home)["missing"]) == {"/letter/20", "/letter/11"}
        run(home)
        run(home)
        assert set(stored(home)) == set(truth(site))


def test_a_secret_that_is_not_given_is_named(ctx, tmp_path):
    """Nothing is sent without it."""
    site = Guarded.of(5)
    with board(ctx, tmp_path, site, ACCOUNT + GUARDED_LIST + DETAILS) as home:
        with pytest.raises(SecretMissing, match="WENZHENG_SECRET_BOARD"):
            run(home)
        assert site.posts == 0


@pytest.mark.usefixtures("password")
def test_what_must_be_in_the_answer_to_a_log_in(ctx, tmp_path):
    """`ok` tells that the account was let in; without it in the answer, it was not."""
    site = Guarded.of(5)
    with board(ctx, tmp_path, site) as home:
        run(described(ctx, tmp_path, site, ACCOUNT + 'ok = "a.out"\n' + GUARDED_LIST + DETAILS))
        with pytest.raises(LoginFailed):
            run(described(ctx, tmp_path, site, ACCOUNT + 'ok = "a.elsewhere"\n' + GUARDED_LIST + DETAILS))
        assert stored(home) == truth(site)


@pytest.mark.usefixtures("password")
def test_a_log_in_on_the_front_page_may_lead_back_to_it(ctx, tmp_path):
    """The page with the form is shown again, without the form: the account is let in."""
    site = Guarded.of(5)
    whole = site.answer

    def answer(asked: Asked) -> Reply | str:
        reply = whole(asked)
        if asked.method == "POST" and isinstance(reply, Reply) and reply.status == 302:
            return Reply(status=302, headers=[("Location", "/login?welcome=1"), *reply.headers[1:]])
        return (
            f"<script>csrf = 'inside{max(site.sessions)}'</script>您好" if asked.path == "/login?welcome=1" else reply
        )

    site.answer = answer  # type: ignore[method-assign]
    with board(ctx, tmp_path, site, ACCOUNT + GUARDED_LIST + DETAILS) as home:
        run(home)

        assert stored(home) == truth(site)


def test_a_visit_that_gives_no_token_is_a_change(ctx, tmp_path):
    """Instead of asking with a template in the place of the token."""
    site = Guarded.of(5)
    site.account = False
    with board(ctx, tmp_path, site, TOKEN.replace("csrf = '", "crsf = '") + GUARDED_LIST + DETAILS) as home:
        with pytest.raises(SourceChanged, match="csrf"):
            run(home)
        assert site.count("/list") == 0


class ByCursor(Site):
    """An interface that names the last letter to get those behind it; the body is JSON."""

    as_number = True

    def answer(self, asked: Asked) -> Reply:
        last = json.loads(asked.body)["last"]
        if last not in ("", 0) and isinstance(last, int) is not self.as_number:
            return Reply('{"code": 400}')
        rows = [one for one in self.letters if last in ("", 0) or one.number < int(last)][: self.size]
        cursor = (rows[-1].number if self.as_number else str(rows[-1].number)) if rows else None
        data = [{"id": one.number, "t": one.title, "d": str(one.day), "b": one.body} for one in rows]
        return Reply(
            json.dumps({"code": 0, "rows": data, "last": cursor}), headers={"Content-Type": "application/json"}
        )


CURSOR = """
[sources.list]
url = "{base}/api"
data = { last = "{cursor}", size = 10 }
at = "rows"
fields = { external_id = "id", title = "t", posted_at = "d", body = "b" }
paging = { cursor = "last" }
"""


@pytest.mark.parametrize("as_number", [True, False])
def test_a_cursor_in_the_body_is_followed_and_kept(ctx, tmp_path, clock, as_number):
    """Number or text, it is sent as it came, also after the budget ended the day; nothing is walked twice."""
    site = ByCursor.of(57)
    site.as_number = as_number
    with board(ctx, tmp_path, site, CURSOR) as home:
        home = described(ctx, tmp_path, site, CURSOR, head="budget = 4\n")
        for _ in range(4):
            run(home)
            clock.forward(timedelta(days=1))
            site.letters.insert(0, letter(len(site.letters) + 1))
        site.forget()
        run(home)

        assert stored(home) == truth(site)
        assert len(site.asked) == 2


class Linked(Site):
    """Pages that only a link from the page before leads to; some are asked for by tokens that change."""

    def list_page(self, number: int, asked: Asked) -> Reply:
        onward = f'<a class="next" href="?page={number + 1}">下一页</a>' if number < self.pages else ""
        self.head = lambda site: onward
        return super().list_page(number, asked)


def test_links_to_the_next_page_are_followed_and_kept(ctx, tmp_path, clock):
    """The walk that was cut off goes on from the link it had come to."""
    site = Linked.of(80)
    description = (
        LIST.replace("?page={page}", "")
        + 'paging = { next = "a.next" }\n[[sources.details]]\nfields.body = "div.text"\n'
    )
    with board(ctx, tmp_path, site, description) as home:
        home = described(ctx, tmp_path, site, description, head="budget = 40\n")
        run(home)
        assert len(stored(home)) == 36
        clock.forward(timedelta(days=1))
        site.forget()
        run(home)
        assert site.count("/list") <= 2 + 1 + 5
        clock.forward(timedelta(days=1))
        run(home)

        assert stored(home) == truth(site)
        assert cursor(home)["complete"] is True


def test_a_refused_list_is_a_fault_without_a_visit(ctx, tmp_path):
    """403 on the list is said as it is."""
    site = Guarded.of(5)
    site.moves = False
    with board(ctx, tmp_path, site, LIST + '[[sources.details]]\nfields.body = "div.text"\n') as home:
        with pytest.raises(HttpRefused) as caught:
            run(home)
        assert caught.value.status == 419
