"""Which address may be asked: an http(s) URL is taken apart, and what its name leads to is checked.

A page decides where its links and redirects lead, so an address is input of a stranger. What counts is the resolved
address, never the spelling: http://2130706433/ and http://[::ffff:127.0.0.1]/ are both this very machine.
"""

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from collector.errors import AddressRefused

_PORTS = {"http": 80, "https": 443}

# Private networks and the machine itself: open to a source of the intranet. fec0::/10 is fc00::/7's predecessor.
_INTRANET = tuple(
    map(
        ip_network,
        (
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "::1/128",
            "fc00::/7",
            "fec0::/10",
        ),
    )
)

# Never a board: the addresses under which clouds hand their machines passwords lie partly outside the link-local
# networks (Alibaba 100.100.100.200, Azure 168.63.129.16, Oracle 192.0.0.192, AWS and Google over IPv6).
_NEVER = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "100.100.100.200/32",
            "168.63.129.16/32",
            "169.254.0.0/16",
            "192.0.0.0/24",
            "192.88.99.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
            "::/128",
            "3fff::/20",
            "fd00:ec2::254/128",
            "fd20:ce::254/128",
            "fe80::/10",
            "ff00::/8",
        ),
    )
)

# RFC 6052 and RFC 8215: the last four bytes are an IPv4 address, to which a gateway passes everything on.
_NAT64 = tuple(map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48")))
# RFC 4291, 2.5.5.1: an IPv4 address behind twelve zero bytes.
_COMPATIBLE = ip_network("::/96")

Resolved = tuple[socket.AddressFamily, tuple[Any, ...]]
"""Address family, and the socket address as `connect` takes it."""


@dataclass(frozen=True)
class Target:
    """An http(s) URL taken apart.

    Args:
        scheme: http or https.
        host: lower case, without the brackets of IPv6.
        path: path and query as sent, percent-encoded.
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        """Scheme, host and port, such as https://www.example.cn."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{name}" + (f":{self.port}" if self.port != _PORTS[self.scheme] else "")

    @property
    def url(self) -> str:
        """The whole URL, without a fragment."""
        return self.origin + self.path

    @property
    def shown(self) -> str:
        """The URL without its query, which may hold a token or somebody's data; for errors and logs."""
        return self.origin + self.path.partition("?")[0]

    def leads_to_same(self, other: "Target") -> bool:
        """Return whether what is meant for this target may also be sent to the other one.

        That is so for one scheme, host and port, and for the step from http to https on the usual ports.
        """
        if self.origin == other.origin:
            return True
        return self.host == other.host and (self.origin, other.origin) == (
            self._standard("http"),
            self._standard("https"),
        )

    def _standard(self, scheme: str) -> str:
        return Target(scheme, self.host, _PORTS[scheme], "").origin


def parse_target(url: str) -> Target:
    """Return a URL taken apart; a fragment is dropped.

    Raises:
        AddressRefused: not http or https, no host, a name or password in it, or not a URL at all.
    """
    shown = url.partition("?")[0].partition("#")[0]
    try:
        parts = parse_url(url)
    except (LocationParseError, UnicodeError) as err:
        raise AddressRefused("this is not an address", item=shown, todo="Correct it in the source.") from err
    if parts.auth is not None:
        # Such a name deceives a reader (http://bureau.gov.cn@elsewhere/), and such a password leaks.
        raise AddressRefused(
            "an address must not carry a name or password",
            item=shown.rpartition("@")[2],
            todo="Describe the log-in in the source instead.",
        )
    if parts.scheme not in _PORTS:
        raise AddressRefused("only http and https are asked", item=shown, todo="Correct the address in the source.")
    if not parts.host:
        raise AddressRefused("the address names no host", item=shown, todo="Correct it in the source.")
    port = _PORTS[parts.scheme] if parts.port is None else parts.port
    path = (parts.path or "/") + ("" if parts.query is None else f"?{parts.query}")
    return Target(parts.scheme, parts.host.strip("[]"), port, path if path.startswith("/") else f"/{path}")


def refusal(address: IPv4Address | IPv6Address, *, private: bool) -> str | None:
    """Return why an address must not be asked, in words; None if it may be.

    Args:
        address: the resolved address.
        private: whether the source may enter private networks and this machine.

    Source: the special-purpose registries of IANA (RFC 6890) and, for addresses inside addresses, RFC 4291, 3056,
    4380, 6052 and 8215.
    """
    inner = _embedded(address)
    if inner is not None:
        return refusal(inner, private=private)
    if any(address in network for network in _NEVER):
        return "it is link-local, reserved, or the address of a cloud's metadata"
    if any(address in network for network in _INTRANET):
        return None if private else "it lies in a private network"
    if not address.is_global or address.is_reserved or address.is_multicast:
        return "it is no public address"
    return None


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address leads to; Teredo is not among them, for it is never public."""
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if any(address in network for network in _NAT64) or (address in _COMPATIBLE and int(address) > 0xFFFF):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def checked_addresses(host: str, port: int, *, private: bool) -> list[Resolved]:
    """Return the addresses of a host, each of which may be asked; connect to these and to no others.

    A second look-up may give another answer (DNS rebinding), so the caller connects to what is returned. One bad
    address spoils all, because a caller who falls back from one to the next would reach it in the end.

    Raises:
        AddressRefused: an address of the host must not be asked.
        OSError: the name leads nowhere.
    """
    found: list[Resolved] = []
    for family, _, _, _, where in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        reason = refusal(ip_address(str(where[0])), private=private)
        if reason is not None:
            raise AddressRefused(
                f"the host leads to {where[0]}, and {reason}",
                item=f"{host}:{port}",
                todo="Correct the address; a board of the intranet needs private = true in its source.",
            )
        found.append((family, where))
    return found
