"""The polite client and TLS: the site proves its name, or nothing is sent."""

import ssl

import pytest

from collector.client import Request
from collector.errors import (
    CertificateRefused,
)
from tests.webserver import make_authority, serving


def test_a_site_with_an_authority_of_its_own_is_verified_by_it(bench, tmp_path):
    """With the authority's file the site is asked, and connections are kept."""
    ca_file, context = make_authority(tmp_path)
    with serving(lambda asked: "ok", tls=context) as server:
        client = bench.client(ca_file=ca_file)
        for _ in range(3):
            assert client.fetch(Request(f"{server.url}/")).content == b"ok"

    assert server.connections == 1


@pytest.mark.parametrize("fault", ["unknown", "name", "expired"])
def test_a_certificate_that_does_not_hold_is_refused_at_once(bench, tmp_path, fault):
    """An unknown authority, another name or a certificate that is over: nothing is sent, nothing retried."""
    names = ["elsewhere.example"] if fault == "name" else []
    ca_file, context = make_authority(tmp_path, *names, expired=fault == "expired")
    with serving(lambda asked: "ok", tls=context) as server:
        client = bench.client(ca_file=None if fault == "unknown" else ca_file)
        with pytest.raises(CertificateRefused, match="certificate is not valid") as caught:
            client.fetch(Request(f"{server.url}/"))

    assert "ca_file" in caught.value.todo
    assert (server.requests, bench.state.requests) == ([], 1)


def test_the_certificate_is_checked_against_the_name_not_the_address(bench, tmp_path, names):
    """Connected by address, the site must still prove its name, which it is told (SNI)."""
    names["board.example"] = "127.0.0.1"
    ca_file, context = make_authority(tmp_path, "board.example")
    told = []
    context.sni_callback = lambda sock, name, context: told.append(name)
    with serving(lambda asked: "ok", tls=context) as server:
        client = bench.client(ca_file=ca_file)
        client.fetch(Request(f"https://board.example:{server.port}/"))
        with pytest.raises(CertificateRefused, match="certificate"):
            client.fetch(Request(f"https://127.0.0.1:{server.port}/"))

    assert told[0] == "board.example"


def test_old_tls_is_refused_in_words(bench, tmp_path):
    """A site that speaks only what is no longer safe is refused, and not three times."""
    ca_file, context = make_authority(tmp_path)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("PSK")
    with serving(lambda asked: "ok", tls=context) as server, pytest.raises(CertificateRefused, match="TLS"):
        bench.client(ca_file=ca_file).fetch(Request(f"{server.url}/"))

    assert bench.state.requests == 1


def test_a_plain_server_behind_https_is_refused_in_words(bench):
    """https asked of a server that speaks http is a fault of TLS."""
    with serving(lambda asked: "ok") as server, pytest.raises(CertificateRefused):
        bench.client().fetch(Request(f"https://127.0.0.1:{server.port}/"))


def test_a_refused_certificate_is_said_as_such_and_not_kept(bench, tmp_path):
    """It ends the request for robots.txt too, and whoever sets it right may try at once."""
    ca_file, context = make_authority(tmp_path)
    with serving({"/": "ok"}, tls=context) as server:
        with pytest.raises(CertificateRefused):
            bench.client(robots=True).fetch(Request(f"{server.url}/"))
        bench.client(robots=True, ca_file=ca_file).fetch(Request(f"{server.url}/"))

    assert server.paths == ["/robots.txt", "/"]


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_an_authority_file_of_no_use_is_named(bench, tmp_path, content):
    """A missing or wrong ca_file is said, with its name."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(CertificateRefused, match="certificate authority") as caught:
        bench.client(ca_file=path).fetch(Request("https://127.0.0.1:9/"))

    assert caught.value.item == str(path)
