"""The polite HTTP client: every request of a website or feed goes through it.

It asks checked addresses only, keeps to robots.txt, to the pace and to the day's budget, tries again where that helps,
and bounds bytes and time. urllib3 carries it; the redirects, cookies and retries of requests are not used, because
they look a name up unchecked, read the body of a redirect without bounds, and know no pace.
"""

import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, tzinfo
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlencode, urljoin

from urllib3 import HTTPHeaderDict
from urllib3.exceptions import HTTPError

from collector.addresses import Target, parse_target
from collector.bodies import ACCEPTED, read_body
from collector.connections import Connections, Guard
from collector.cookies import Cookies
from collector.errors import AddressRefused, BudgetSpent, CertificateRefused, HttpRefused, PageUnreadable, Unreachable
from collector.pacing import Pacer
from collector.robots import MAX_BYTES as ROBOTS_BYTES
from collector.robots import Robots
from collector.trouble import certificate_refused, in_words, refused

MIB = 1024 * 1024

_TRIES = 3
_REDIRECTS = 5
_BACK_OFF_S = 1.0
_LONGEST_BACK_OFF_S = 30.0
_LONGEST_RETRY_AFTER_S = 60.0
_AGAIN = frozenset({429, 500, 502, 503, 504})
_MOVED = frozenset({301, 302, 303, 307, 308})
_HEADERS = {
    "User-Agent": f"Wenzheng/{version('wenzheng')} (+bureau collector)",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "zh-CN,zh;q=0.9",
    "Accept-Encoding": ACCEPTED,
}


@dataclass(frozen=True)
class Rules:
    """How one source may be asked.

    Args:
        pace: least seconds between two requests to one host.
        budget: requests a day of the bureau, robots.txt included.
        robots: whether robots.txt is honoured.
        private: whether private networks and this machine may be entered.
        headers: further headers, sent to the source's own hosts only.
        hosts: names of the source's own hosts; none: the origin of the client's first request.
        ca_file: a further certificate authority, PEM; TLS is verified whatever is set.
        timeout: seconds for connecting and for each read.
        longest: seconds for one answer as a whole.
        max_bytes: of an answer, unpacked.
    """

    pace: float = 1.0
    budget: int = 5000
    robots: bool = True
    private: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    hosts: Sequence[str] = ()
    ca_file: Path | None = None
    timeout: float = 30.0
    longest: float = 120.0
    max_bytes: int = 20 * MIB


@dataclass(frozen=True)
class Request:
    """What to ask.

    Args:
        url: http or https; a fragment is dropped.
        form: sent as application/x-www-form-urlencoded.
        json: sent as JSON; not beside a form.
        headers: sent to the URL's own origin only, not after a redirect elsewhere; to the source's own hosts only.
        etag, last_modified: of the answer that is known; the server may then answer 304.
        form_encoding: of the form's texts; what it lacks is sent as browsers do, as &#20320;.
    """

    url: str
    method: str = "GET"
    form: Sequence[tuple[str, str]] | None = None
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str | None = None
    last_modified: str | None = None
    form_encoding: str = "utf-8"


@dataclass(frozen=True)
class Response:
    """A sound answer: 2xx, or 304 if the request carried `etag` or `last_modified`.

    Args:
        url: after redirects.
        content: unpacked; empty with 304.
        content_type: the header as it came; empty if there was none.
    """

    url: str
    status: int
    content: bytes
    content_type: str
    etag: str | None
    last_modified: str | None

    @property
    def not_modified(self) -> bool:
        """Whether the known answer still holds."""
        return self.status == HTTPStatus.NOT_MODIFIED


@dataclass
class ClientState:
    """What outlives a process: the requests of the day, and the robots.txt files.

    Args:
        day: the bureau's day that `requests` counts, ISO.
        robots: by origin, see `collector.robots.Robots`.
    """

    day: str = ""
    requests: int = 0
    robots: dict[str, dict[str, Any]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON-able values."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any] | None) -> Self:
        """Return the state that `to_json` gave; None gives a fresh one."""
        return cls(**kept) if kept else cls()


@dataclass(frozen=True)
class _Call:
    """A request made ready for the wire."""

    target: Target
    method: str
    body: bytes | None
    headers: Mapping[str, str]
    conditional: Mapping[str, str]
    first: Target


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: HTTPHeaderDict
    content: bytes


class Client:
    """Asks the hosts of one source, politely; for one thread.

    Args:
        rules: of the source.
        state: carried on from the last run, changed in place; the caller stores it.
        now: the machine's clock, aware.
        zone: of the bureau, whose days the budget counts.
        locks: folder of the pace files, the same for all processes of the machine.
        sleep: waits for so many seconds, one at most at a time.
        uniform: draws a number between two.
        stop: called before each request and during waits; raises when the service is told to stop.
    """

    def __init__(
        self,
        rules: Rules,
        state: ClientState,
        *,
        now: Callable[[], datetime],
        zone: tzinfo,
        locks: Path,
        sleep: Callable[[float], None] = time.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
        stop: Callable[[], None] = lambda: None,
    ) -> None:
        self._rules, self._state, self._now, self._zone = rules, state, now, zone
        self._sleep, self._uniform, self._stop = sleep, uniform, stop
        self._guard = Guard(private=rules.private, timeout=rules.timeout)
        self._connections = Connections(self._guard, rules.ca_file)
        self._cookies = Cookies()
        self._pacer = Pacer(locks, now=now, wait=self._wait)
        self._robots = Robots(state.robots, now=now, get=self._get_robots)
        self._home: Target | None = None

    def fetch(self, request: Request) -> Response:
        """Return the answer to a request, after redirects and, where that helps, after further tries.

        Raises:
            AddressRefused: the address, or one it redirects to, must not be asked.
            RobotsRefused: the site's robots.txt forbids it.
            BudgetSpent: the day's requests are made.
            CertificateRefused: the site cannot prove its name; not tried again.
            Unreachable: no sound answer after three tries.
            PageGone: 404 or 410.
            HttpRefused: any other status that is no success.
            PageTooLarge: more bytes, or more time, than the rules allow.
            PageUnreadable: the answer is packed in a way that was not asked for, or a header cannot be sent.
        """
        call = _prepared(request)
        self._home = self._home or call.target
        if not self._own(call.target):
            # A page decides where its links lead; what the description sends may hold a secret of its own site.
            if call.body is not None:
                raise AddressRefused(
                    "a page leads to another site, to which no form is sent; it may hold a password",
                    item=call.target.shown,
                    todo="If that is right, write the other site's address in the source.",
                )
            call = replace(call, headers={})
        call, answer = self._follow(call, robots=self._rules.robots, limit=self._rules.max_bytes)
        header = answer.headers.get
        return Response(
            url=call.target.url,
            status=answer.status,
            content=answer.content,
            content_type=header("Content-Type", ""),
            etag=header("ETag"),
            last_modified=header("Last-Modified"),
        )

    def close(self) -> None:
        """Close the connections; cookies are forgotten."""
        self._connections.close()

    def _get_robots(self, url: str) -> bytes:
        _, answer = self._follow(_prepared(Request(url)), robots=False, limit=ROBOTS_BYTES, cut=True)
        return answer.content

    def _follow(self, call: _Call, *, robots: bool, limit: int, cut: bool = False) -> tuple[_Call, _Answer]:
        """Return the last call of a chain of redirects, and its answer; each address is checked anew."""
        for _ in range(_REDIRECTS + 1):
            delay = self._robots.delay(call.target) if robots else 0.0
            answer = self._try(call, pace=max(self._rules.pace, delay), limit=limit, cut=cut)
            if answer.status not in _MOVED:
                _refuse_faults(call, answer, self._now())
                return call, answer
            call = _redirected(call, answer, self._now())
        raise HttpRefused(
            f"the server redirected more than {_REDIRECTS} times",
            item=call.first.shown,
            todo="Open the address in a browser; it may ask for a log-in or a cookie.",
            status=answer.status,
        )

    def _try(self, call: _Call, *, pace: float, limit: int, cut: bool) -> _Answer:
        """Return an answer that another try would not better."""
        for attempt in range(1, _TRIES + 1):
            self._spend(call)
            with self._pacer.turn(call.target.host, pace):
                answer = self._ask(call, limit=limit, cut=cut)
            fault: HttpRefused | Unreachable
            pause = 0.0
            if isinstance(answer, Unreachable):
                fault = answer
            elif answer.status in _AGAIN:
                fault = refusal = refused(answer.status, answer.headers, item=call.target.shown, now=self._now())
                pause = refusal.retry_after or 0.0
            else:
                return answer
            if attempt == _TRIES or pause > _LONGEST_RETRY_AFTER_S:
                break
            # Full jitter: sources that failed together do not come back together.
            back_off = min(_LONGEST_BACK_OFF_S, _BACK_OFF_S * 2 ** (attempt - 1))
            self._wait(max(pause, self._uniform(0.0, back_off)))
        raise fault

    def _spend(self, call: _Call) -> None:
        """Count one request of the day."""
        today = self._now().astimezone(self._zone).date().isoformat()
        if self._state.day != today:
            self._state.day, self._state.requests = today, 0
        if self._state.requests >= self._rules.budget:
            raise BudgetSpent(
                f"the {self._rules.budget} requests of the day are made",
                item=call.target.shown,
                todo="The next day goes on from here; a larger budget in the source goes on at once.",
            )
        self._stop()
        self._state.requests += 1

    def _ask(self, call: _Call, *, limit: int, cut: bool) -> _Answer | Unreachable:
        """Return the answer, or what broke and may go well at another try."""
        try:
            return self._exchange(call, limit=limit, cut=cut)
        except (HTTPError, OSError) as err:
            if certificate_refused(err):
                raise CertificateRefused(
                    in_words(err),
                    item=call.target.shown,
                    todo="If the site has an authority of its own, name its certificate in the source's ca_file; "
                    "otherwise tell the site's keeper.",
                ) from err
            fault = Unreachable(
                f"{in_words(err)}, {_TRIES} times in a row",
                item=call.target.shown,
                todo="The next run tries again; if it lasts, check network and address.",
            )
            fault.__cause__ = err
            return fault

    def _exchange(self, call: _Call, *, limit: int, cut: bool) -> _Answer:
        """Send one request and read its answer."""
        target = call.target
        self._guard.begin(target.shown, self._rules.longest)
        try:
            response = self._connections.to(target).urlopen(
                call.method,
                target.path,
                body=call.body,
                headers=self._headers(call),
                retries=False,
                redirect=False,
                timeout=self._rules.timeout,
                preload_content=False,
                decode_content=False,
            )
        except ValueError as err:
            # http.client refuses line breaks in a header; a token taken from a page may hold one.
            raise PageUnreadable(
                "a header cannot be sent", item=target.shown, todo="Check the source's headers and log-in."
            ) from err
        try:
            self._cookies.take(target, response.headers)
            sound = 200 <= response.status < 300 or response.status == HTTPStatus.NOT_MODIFIED
            content = read_body(response, limit, item=target.shown, cut=cut) if sound else b""
        finally:
            # A connection whose answer was not read to its end is of no more use.
            if not response.closed:
                response.close()
            response.release_conn()
        return _Answer(response.status, response.headers, content)

    def _headers(self, call: _Call) -> HTTPHeaderDict:
        headers = HTTPHeaderDict(_HEADERS)
        if self._own(call.target):
            _put(headers, self._rules.headers)
        _put(headers, call.conditional)
        if call.first.leads_to_same(call.target):
            _put(headers, call.headers)
        if cookie := self._cookies.give(call.target):
            given = headers.get("Cookie")
            headers["Cookie"] = f"{given}; {cookie}" if given else cookie
        return headers

    def _own(self, target: Target) -> bool:
        if target.host in self._rules.hosts:
            return True
        return self._home is not None and self._home.leads_to_same(target)

    def _wait(self, seconds: float) -> None:
        while seconds > 0:
            self._stop()
            self._sleep(min(seconds, 1.0))
            seconds -= 1.0


def _prepared(request: Request) -> _Call:
    kind = {}
    body = None
    if request.form is not None:
        body = urlencode(request.form, encoding=request.form_encoding, errors="xmlcharrefreplace").encode("ascii")
        kind["Content-Type"] = "application/x-www-form-urlencoded"
    elif request.json is not None:
        body = json.dumps(request.json, ensure_ascii=False).encode("utf-8", "replace")
        kind["Content-Type"] = "application/json"
    conditional = {}
    if request.etag:
        conditional["If-None-Match"] = request.etag
    if request.last_modified:
        conditional["If-Modified-Since"] = request.last_modified
    target = parse_target(request.url)
    return _Call(target, request.method.upper(), body, kind | dict(request.headers), conditional, first=target)


def _put(headers: HTTPHeaderDict, more: Mapping[str, str]) -> None:
    for name, value in more.items():
        # What came from a server is Latin-1 and goes back as it came; only what a person wrote may hold more.
        try:
            value.encode("latin-1")
        except UnicodeEncodeError:
            value = value.encode().decode("latin-1")
        headers[name] = value


def _redirected(call: _Call, answer: _Answer, now: datetime) -> _Call:
    """Return the call that a redirect asks for."""
    location = answer.headers.get("Location", "")
    if not location:
        raise refused(answer.status, answer.headers, item=call.target.shown, now=now)
    # The header's bytes, in whatever encoding the server wrote them, are asked for as they came.
    exact = quote(location.strip().encode("latin-1"), safe="!#$%&'()*+,/:;=?@[]~")
    try:
        target = parse_target(urljoin(call.target.url, exact))
    except ValueError as err:
        raise AddressRefused(
            "the server redirects to what is no address", item=call.target.shown, todo="Tell the site's keeper."
        ) from err
    if answer.status in (307, 308) or call.method in ("GET", "HEAD"):
        if call.body is not None and not call.target.leads_to_same(target):
            raise AddressRefused(
                f"the server passes a form on to {target.shown}; it may hold a password and is not sent",
                item=call.target.shown,
                todo="If that is right, give the new address in the source.",
            )
        return replace(call, target=target)
    headers = {name: value for name, value in call.headers.items() if name.lower() != "content-type"}
    return replace(call, target=target, method="GET", body=None, headers=headers)


def _refuse_faults(call: _Call, answer: _Answer, now: datetime) -> None:
    if 200 <= answer.status < 300:
        return
    # Unasked, a 304 says nothing: to take it for "nothing new" could hide the page for ever.
    if answer.status == HTTPStatus.NOT_MODIFIED and call.conditional:
        return
    raise refused(answer.status, answer.headers, item=call.target.shown, now=now)
