"""Access tokens of a mailbox: fetched with the refresh token that the operator was given (RFC 6749, section 6)."""

import ipaddress
import json
import re
import ssl
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from collector.errors import AddressRefused, LoginFailed, Unreachable
from collector.secrets import revealed
from config.sources import OAuth2

TIMEOUT_S = 30.0
_MOST_BYTES = 64 * 1024
_FAULT = re.compile(r"[a-z_]{1,40}")


def access_token(oauth2: OAuth2, item: str, trusted: ssl.SSLContext) -> str:
    """Ask for an access token; one request, and a second one never, because servers lock what keeps failing.

    Args:
        item: id of the source, for errors.
        trusted: the authorities that may vouch for the server.

    Raises:
        AddressRefused: the address is not https; plain http would show the refresh token to the network.
        SecretMissing: a secret is given nowhere.
        LoginFailed: the server refuses the refresh token or the client.
        Unreachable: no answer, or one without a token.
    """
    if not _is_private(oauth2.token_url):
        raise AddressRefused("token_url is not https", item=item, todo="Write the address that begins with https://.")
    form = {
        "grant_type": "refresh_token",
        "refresh_token": revealed(oauth2.refresh_token, item),
        "client_id": revealed(oauth2.client_id, item),
    }
    if oauth2.client_secret:
        form["client_secret"] = revealed(oauth2.client_secret, item)
    if oauth2.scope:
        form["scope"] = oauth2.scope
    status, answer = _post(oauth2.token_url, form, item, trusted)
    if status in (400, 401, 403):
        fault = answer.get("error")
        # Only the word of the standard: the description beside it may name the account.
        word = f" ({fault})" if isinstance(fault, str) and _FAULT.fullmatch(fault) else ""
        raise LoginFailed(
            f"the token server refuses the refresh token or the client{word}",
            item=item,
            todo="Have a new refresh token issued, and give it as the secret.",
        )
    token = answer.get("access_token")
    if status != 200 or not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise Unreachable(f"the token server gave no token (status {status})", item=item, todo="Try later.")
    return token


def _is_private(url: str) -> bool:
    """Return whether nobody on the way can read what is sent to an address."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return True
    try:
        return parts.scheme == "http" and ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _post(url: str, form: dict[str, str], item: str, trusted: ssl.SSLContext) -> tuple[int, dict[str, Any]]:
    """Send a form and return status and JSON object of the answer; an empty object where it is none."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            session.mount("https://", _Trusting(trusted))
            # A redirect could lead the refresh token elsewhere.
            with session.post(url, data=form, timeout=TIMEOUT_S, allow_redirects=False, stream=True) as response:
                content = response.raw.read(_MOST_BYTES, decode_content=True)
                status = response.status_code
    except requests.exceptions.SSLError as error:
        raise Unreachable(
            "the token server's certificate is not valid", item=item, todo="Name its authority's PEM file in ca_file."
        ) from error
    except (requests.RequestException, HTTPError, OSError) as error:
        raise Unreachable("the token server does not answer", item=item, todo="Try later.") from error
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        answer = None
    return status, answer if isinstance(answer, dict) else {}


class _Trusting(HTTPAdapter):
    """Sends by a TLS context of ours."""

    def __init__(self, trusted: ssl.SSLContext) -> None:
        self._trusted = trusted
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._trusted, **options)
