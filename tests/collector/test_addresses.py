"""Addresses: what a URL leads to is checked, never how it is spelled."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.addresses import Target, checked_addresses, parse_target, refusal
from collector.errors import AddressRefused

INTRANET = ["10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "127.0.0.1", "100.64.0.1", "::1", "fd12::1"]
NEVER = [
    "0.0.0.0",  # noqa: S104
    "0.1.2.3",
    "169.254.169.254",
    "169.254.0.23",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "198.18.0.1",
    "203.0.113.9",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "ff02::1",
    "2001:db8::1",
    "3fff::1",
    "100::1",
    "fd00:ec2::254",
    "5f00::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
]
PUBLIC = ["1.2.4.8", "114.114.114.114", "172.15.0.1", "172.32.0.1", "100.63.255.255", "100.128.0.1", "2400:3200::1"]


@pytest.mark.parametrize("text", INTRANET)
def test_private_addresses_are_for_sources_of_the_intranet(text):
    """A private or loopback address is refused, unless the source may enter private networks."""
    assert refusal(ip_address(text), private=False) is not None
    assert refusal(ip_address(text), private=True) is None


@pytest.mark.parametrize("text", NEVER)
def test_metadata_reserved_and_multicast_addresses_are_for_nobody(text):
    """Link-local, metadata, reserved, documentation, multicast and unspecified addresses are refused in any case."""
    assert refusal(ip_address(text), private=False) is not None
    assert refusal(ip_address(text), private=True) is not None


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_asked(text):
    """A public address is asked, and stays so for a source of the intranet."""
    assert refusal(ip_address(text), private=False) is None
    assert refusal(ip_address(text), private=True) is None


def wrappings(inner: IPv4Address) -> list[IPv6Address]:
    """Return the IPv6 addresses that lead to an IPv4 address."""
    number = int(inner)
    return [
        IPv6Address(int(IPv6Address("::ffff:0:0")) | number),
        IPv6Address(int(IPv6Address("2002::")) | number << 80),
        IPv6Address(int(IPv6Address("64:ff9b::")) | number),
        IPv6Address(int(IPv6Address("64:ff9b:1::")) | number),
    ]


@given(st.ip_addresses(v=4))
def test_an_address_within_an_address_is_judged_by_itself(inner):
    """Mapped, 6to4 and NAT64 addresses are refused exactly when the IPv4 address inside is."""
    for private in (False, True):
        expected = refusal(inner, private=private)
        assert {refusal(outer, private=private) for outer in wrappings(inner)} == {expected}


@given(st.sampled_from(["10.0.0.0/8", "127.0.0.0/8", "192.168.0.0/16", "100.64.0.0/10"]), st.data())
def test_no_address_of_a_private_network_is_open(network, data):
    """Every address of a private network is refused, in each of its forms."""
    inner = data.draw(st.ip_addresses(network=network))

    for address in [inner, *wrappings(inner), IPv6Address(int(inner))]:
        assert refusal(address, private=False) is not None


@given(st.ip_addresses(v=6))
def test_only_global_unicast_of_ipv6_is_open(address):
    """Outside 2000::/3 and NAT64 no IPv6 address is asked."""
    if refusal(address, private=False) is None:
        assert address in ip_network("2000::/3") or address.ipv4_mapped or address in ip_network("64:ff9b::/47")


@given(st.ip_addresses())
def test_leave_to_enter_private_networks_only_adds(address):
    """What is open to all is open to a source of the intranet."""
    if refusal(address, private=False) is None:
        assert refusal(address, private=True) is None


@pytest.fixture
def leads_to(monkeypatch):
    """Says where every name leads."""

    def lead(*addresses: str) -> None:
        def look_up(host, port, **_):
            return [
                (socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
                for address in addresses
            ]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    return lead


def test_one_private_address_among_public_ones_spoils_the_host(leads_to):
    """A host that leads to a public and a private address is refused."""
    leads_to("1.2.4.8", "10.0.0.1")

    with pytest.raises(AddressRefused, match=r"10\.0\.0\.1") as caught:
        checked_addresses("a.example.cn", 80, private=False)

    assert caught.value.item == "a.example.cn:80"
    assert "private = true" in caught.value.todo


def test_all_checked_addresses_are_returned_in_order(leads_to):
    """The addresses come back as `connect` takes them, in the resolver's order."""
    leads_to("2400:3200::1", "1.2.4.8")

    found = checked_addresses("a.example.cn", 443, private=False)

    assert found == [(socket.AF_INET6, ("2400:3200::1", 443)), (socket.AF_INET, ("1.2.4.8", 443))]


@pytest.mark.parametrize(
    "url",
    [
        "http://2130706433/",
        "http://0x7f.1/",
        "http://017700000001/",
        "http://127.1/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[::1]/",
        "http://0/",
        "http://localhost/",
        "http://LOCALHOST:8080/",
    ],
)
def test_odd_spellings_of_this_machine_are_refused(url):
    """However this machine is spelled, the resolved address gives it away."""
    target = parse_target(url)

    with pytest.raises(AddressRefused):
        checked_addresses(target.host, target.port, private=False)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example.cn/x",
        "file:///etc/passwd",
        "gopher://a.example.cn:70/_x",
        "javascript:alert(1)",
        "data:text/html,x",
        "//a.example.cn/x",
        "www.example.cn/x",
        "/list",
        "",
        "http://",
        "http:///x",
        "http://a.example.cn:99999/",
        "http://[::1/",
        "http://user@a.example.cn/",
        "http://bureau.example.cn:pass@127.0.0.1/",
    ],
)
def test_what_is_no_plain_web_address_is_refused(url):
    """Other schemes, no host, and names or passwords in the address are refused before anything is looked up."""
    with pytest.raises(AddressRefused):
        parse_target(url)


def test_a_password_in_an_address_is_not_repeated():
    """The error about a password in an address does not hold it."""
    with pytest.raises(AddressRefused) as caught:
        parse_target("http://clerk:hunter2@a.example.cn/x?token=abc")

    assert "hunter2" not in str(caught.value)
    assert "abc" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("HTTP://WWW.Example.CN", Target("http", "www.example.cn", 80, "/")),
        ("https://a.cn:8443/x?y=1#z", Target("https", "a.cn", 8443, "/x?y=1")),
        ("http://a.cn?y=1", Target("http", "a.cn", 80, "/?y=1")),
        ("http://a.cn/留言?q=%C4%E3", Target("http", "a.cn", 80, "/%E7%95%99%E8%A8%80?q=%C4%E3")),
        ("http://a.cn/a b", Target("http", "a.cn", 80, "/a%20b")),
        ("http://[2400:3200::1]:81/x", Target("http", "2400:3200::1", 81, "/x")),
        ("http://good.cn\\@10.0.0.1/", Target("http", "good.cn", 80, "/%5C@10.0.0.1/")),
        ("http://a.cn/x\r\nHost: b", Target("http", "a.cn", 80, "/x%0D%0AHost:%20b")),
    ],
)
def test_a_url_is_taken_apart_as_it_will_be_sent(url, sent):
    """Host in lower case, the port of the scheme, the path percent-encoded, what was encoded kept."""
    assert parse_target(url) == sent


def test_an_address_is_shown_without_its_query():
    """Errors and logs name the page, not what was asked in its query."""
    assert parse_target("http://a.cn:81/x?token=1").shown == "http://a.cn:81/x"
    assert parse_target("http://[2400:3200::1]/x?token=1").url == "http://[2400:3200::1]/x?token=1"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://a.cn/", "http://a.cn/x", True),
        ("http://a.cn/", "https://a.cn/x", True),
        ("https://a.cn/", "http://a.cn/x", False),
        ("http://a.cn:81/", "https://a.cn/x", False),
        ("http://a.cn/", "http://a.cn:81/x", False),
        ("http://a.cn/", "http://b.a.cn/x", False),
    ],
)
def test_what_is_secret_goes_to_the_same_origin_only(one, other, same):
    """One scheme, host and port; the step from http to https is allowed, the step back is not."""
    assert parse_target(one).leads_to_same(parse_target(other)) is same


@given(st.text(max_size=60))
def test_any_text_is_a_target_or_refused(text):
    """Whatever stands in a link, there is a target or an error of ours."""
    for url in (text, f"http://{text}", f"http://a.cn/{text}"):
        try:
            target = parse_target(url)
        except AddressRefused:
            continue
        assert target.path.startswith("/")
        assert target.path.isascii()
        assert not set(" \r\n\t") & set(target.path)
