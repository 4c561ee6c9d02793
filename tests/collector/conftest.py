"""Fixtures of the collector's tests: clients that wait for nothing, and names that lead to the loopback."""

import socket

import pytest

from tests.clientbench import Bench


@pytest.fixture
def bench(tmp_path, clock):
    """A bench at `NOW`."""
    made = Bench(tmp_path, clock)
    yield made
    for client in made.clients:
        client.close()


@pytest.fixture
def names(monkeypatch):
    """Names that lead to the loopback, added by tests; others are looked up as always."""
    known: dict[str, str] = {}
    real = socket.getaddrinfo

    def look_up(host, *args, **options):
        return real(known.get(host, host), *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known
