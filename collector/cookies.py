"""Cookies of one client: a jar for each host, so that none goes to another."""

from http.cookiejar import Cookie, CookieJar, DefaultCookiePolicy
from urllib.request import Request as UrlRequest

from urllib3 import HTTPHeaderDict

from collector.addresses import Target

_PER_HOST = 50
_LONGEST = 4096


class Cookies:
    """Takes the cookies of answers, and gives them back to the host they came from, its subdomains excluded."""

    def __init__(self) -> None:
        self._jars: dict[str, CookieJar] = {}

    def take(self, target: Target, headers: HTTPHeaderDict) -> None:
        """Keep what a host set; 50 cookies a host and 4096 characters a cookie at most (RFC 6265, 6.1)."""
        if "Set-Cookie" not in headers:
            return
        jar = self._jars.get(target.host)
        if jar is None:
            jar = self._jars[target.host] = CookieJar(_Bounded())
        jar.extract_cookies(_Answered(headers), _asked(target))  # type: ignore[arg-type]

    def give(self, target: Target) -> str | None:
        """Return the header Cookie for a target, None if there are no cookies."""
        jar = self._jars.get(target.host)
        if jar is None:
            return None
        request = _asked(target)
        jar.add_cookie_header(request)
        return request.get_header("Cookie")


class _Bounded(DefaultCookiePolicy):
    def __init__(self) -> None:
        super().__init__()
        self._known: set[tuple[str, str, str]] = set()

    def set_ok(self, cookie: Cookie, request: UrlRequest) -> bool:
        if not super().set_ok(cookie, request) or len(cookie.name) + len(cookie.value or "") > _LONGEST:
            return False
        key = (cookie.domain, cookie.path, cookie.name)
        if key not in self._known and len(self._known) >= _PER_HOST:
            return False
        self._known.add(key)
        return True


class _Answered:
    """An answer as http.cookiejar wants to see it."""

    def __init__(self, headers: HTTPHeaderDict) -> None:
        self._headers = headers

    def info(self) -> HTTPHeaderDict:
        return self._headers


def _asked(target: Target) -> UrlRequest:
    return UrlRequest(target.url)  # noqa: S310 - never opened; http.cookiejar reads host and path from it.
