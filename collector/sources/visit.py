"""The session with a site: the visit that gives a cookie or a token, the log-in, and its renewal when it ends."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin, urlsplit

from collector.client import Client, Request, Response
from collector.errors import HttpRefused, LoginFailed, PageGone, SourceChanged
from collector.pages.asking import Variables, filled_url, make_request, text_of
from collector.pages.document import Document, read_document
from collector.pages.paging import hidden_fields
from collector.pages.select import Node, pick_value, selected
from collector.secrets import revealed
from config.context import Context
from config.logs import get_logger
from config.sources import Asking, Login, Pick, Visit, Website

log = get_logger(__name__)

NO_SINCE = "2000-01-01"
MOST_USELESS = 2
"""Renewals that may fail to help, one after the other."""

_SHUT = (401, 403, 419, 440)
"""Not let in; the last two are how Laravel and IIS say that the session has ended."""
_PASSWORD = "input[type=password]"  # noqa: S105 - a selector.


class Session:
    """Asks a site as its description says, after the visit it may want; for one run.

    Args:
        since: the first day of what is looked at; None: everything.
    """

    def __init__(self, ctx: Context, source: Website, client: Client, since: datetime | None) -> None:
        self._source, self._client, self._clock = source, client, ctx.clock
        self._zone, self._since = ctx.profile.zone, since
        self._given: dict[str, Any] = {}
        self._open = source.visit is None
        self._proven, self._useless = False, 0

    @property
    def encoding(self) -> str:
        """The encoding of what is sent."""
        return self._source.encoding or "utf-8"

    def reveal(self, text: str) -> str:
        """Return the secret that a text names, or the text itself.

        Raises:
            SecretMissing: the secret is given nowhere.
        """
        return revealed(text, self._source.id)

    def variables(self) -> dict[str, Any]:
        """Return what templates may name: the source's params, what the visit gave, the day and the moment."""
        return self._times() | {name: self.reveal(text) for name, text in self._source.params.items()} | self._given

    def fetch(self, make: Callable[[Variables], Request]) -> Response:
        """Return the answer to a request; the session is opened first, and once more if it has ended meanwhile.

        Args:
            make: makes the request out of the variables, anew when a new session gives others.
        Raises:
            LoginFailed: the site does not let the account in.
            SourceChanged: the visit does not give what the description expects of it.
            SourceFailed: as `Client.fetch`.
        """
        if not self._open:
            self._visit()
        request = make(self.variables())
        try:
            response = self._client.fetch(request)
        except HttpRefused as refused:
            if refused.status not in _SHUT or not self._may_renew():
                raise
        else:
            if not self._sent_away(request, response):
                self._proven = True
                return response
            if not self._may_renew():
                return self._as_it_came(request, response)
        log.info("session_renewed", source=self._source.id)
        self._visit()
        self._useless += 1
        request = make(self.variables())
        response = self._client.fetch(request)
        if self._sent_away(request, response):
            return self._as_it_came(request, response)
        self._proven, self._useless = True, 0
        return response

    def _may_renew(self) -> bool:
        """A page that the account may not see ends some sessions, so the next page deserves a renewal of its own;
        after two in a row that did not help the session is not the cause.
        """
        return self._source.visit is not None and self._proven and self._useless < MOST_USELESS

    def _as_it_came(self, request: Request, response: Response) -> Response:
        """Return the page of the visit in the place of what was asked for: some sites send there from pages that are
        gone. With a log-in it says that the account may not see the page.
        """
        if self._source.visit is None or self._source.visit.login is None:
            return response
        if not self._proven:
            raise self._not_let_in(request.url)
        raise HttpRefused(
            "the site sends this page's reader back to the log-in",
            item=shown(request.url),
            todo="Check in a browser whether the account may see it.",
            status=HTTPStatus.FORBIDDEN,
        )

    def _visit(self) -> None:
        visit = self._source.visit
        if visit is None:
            return
        self._open, self._given = False, {}
        page = self._read(self._client.fetch(make_request(self._visit_url(visit), self.variables(), self.reveal)))
        self._take_variables(page, visit)
        if visit.login is not None:
            answer = self._log_in(page, visit.login)
            self._take_variables(answer, visit)
        missing = [name for name in visit.vars if name not in self._given]
        if missing:
            raise SourceChanged(
                f"the page of the visit does not give {', '.join(missing)}",
                item=shown(page.url),
                todo="Correct visit.vars of the source.",
            )
        self._open = True

    def _log_in(self, page: Document, login: Login) -> Document:
        """Send the log-in form, once: sites lock accounts that fail several times."""
        hidden = hidden_fields(page, login.hidden) if login.hidden is not None else ()
        variables = self.variables()
        url = self._login_url(page, login, variables)
        request = make_request(
            url,
            variables,
            self.reveal,
            method="POST",
            form=login.form,
            data=login.data,
            headers=login.headers,
            hidden=hidden,
            encoding=self.encoding,
        )
        try:
            answer = self._read(self._client.fetch(request))
        except PageGone:
            raise
        except HttpRefused as refused:
            if refused.status not in _SHUT:
                raise
            raise self._not_let_in(url) from refused
        let_in = _found(answer, login.ok, variables) if login.ok is not None else _looks_let_in(page, answer, login)
        if not let_in:
            raise self._not_let_in(url)
        return answer

    def _login_url(self, page: Document, login: Login, variables: Variables) -> str:
        if login.url is not None:
            return filled_url(login.url, variables, self._source.base or page.url, self.encoding)
        forms = selected(page, login.hidden) if login.hidden is not None else []
        action = next((str(action) for form in forms if (action := form.get("action"))), "")
        return urljoin(page.url, action)

    def _take_variables(self, page: Document, visit: Visit) -> None:
        for name, pick in visit.vars.items():
            value = pick_value(Node(page), pick, name, texts(self.variables()))
            if value is not None:
                self._given[name] = value

    def _read(self, response: Response) -> Document:
        return read_document(
            response.content, response.content_type, response.url, Asking(), encoding=self._source.encoding
        )

    def _visit_url(self, visit: Visit) -> str:
        return filled_url(visit.url, self.variables(), self._source.base or "", self.encoding)

    def _sent_away(self, request: Request, response: Response) -> bool:
        """Tell whether the answer is the page of the visit, to which a site sends those it does not know."""
        visit = self._source.visit
        if visit is None:
            return False
        door = self._visit_url(visit)
        return _same_page(response.url, door) and not _same_page(request.url, door)

    def _not_let_in(self, url: str) -> LoginFailed:
        return LoginFailed(
            "the site did not let the account in",
            item=self._source.id,
            todo=f"Check name and password, and whether {shown(url)} wants something else now; try it in a browser.",
        )

    def _times(self) -> dict[str, Any]:
        now = self._clock()
        return {
            "today": now.astimezone(self._zone).date().isoformat(),
            "since": NO_SINCE if self._since is None else self._since.astimezone(self._zone).date().isoformat(),
            "now_ms": int(now.timestamp() * 1000),
        }


def texts(variables: Variables) -> dict[str, str]:
    """Return variables as the page engine takes them."""
    return {name: text_of(value) for name, value in variables.items()}


def _found(page: Document, selector: str, variables: Variables) -> bool:
    """Tell whether a selector finds anything that is not blank, empty, false or null."""
    return bool(pick_value(Node(page), Pick(select=selector), "ok", texts(variables)))


def _looks_let_in(door: Document, answer: Document, login: Login) -> bool:
    """Tell whether the answer to a log-in no longer asks for one."""
    if selected(answer, _PASSWORD):
        return False
    marks = [one for one in (login.hidden, _PASSWORD) if one is not None and selected(door, one)]
    if marks:
        return not any(selected(answer, one) for one in marks)
    return not _same_page(answer.url, door.url)


def _same_page(left: str, right: str) -> bool:
    """Tell whether two addresses differ in nothing but their queries."""
    one, other = urlsplit(left), urlsplit(right)
    return (one.netloc, one.path.rstrip("/")) == (other.netloc, other.path.rstrip("/"))


def shown(url: str) -> str:
    """Return an address without its query, which may hold a token."""
    return url.partition("?")[0]
