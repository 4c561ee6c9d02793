"""What makes two items the same message."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.base import Fetched
from collector.dedupe import author_key, identity, text_digest
from config.vault import Vault

ZONE = ZoneInfo("Asia/Shanghai")
VAULT = Vault(b"k" * 32)
POST = Fetched(
    position="row 2", body="今天停电了", posted_at=datetime(2026, 11, 20, 1, 0, tzinfo=UTC), author_name="u1"
)


def key_of(item: Fetched) -> str:
    return identity(item, author_key(item, VAULT), ZONE)


def test_the_sources_id_wins() -> None:
    """An item with an id of its own is that id, whatever its text."""
    assert identity(replace(POST, external_id="188006"), None, ZONE) == "188006"


@pytest.mark.parametrize("strange", ["9" * 300, "a\x00b", "a\ud800"])
def test_an_id_no_column_can_hold_stands_as_its_digest(strange: str) -> None:
    """A very long id, or one with control characters, is still one id, and another one stays another."""
    key = identity(replace(POST, external_id=strange), None, ZONE)

    assert len(key) <= 255
    assert key.isprintable()
    assert key == identity(replace(POST, external_id=strange), None, ZONE)
    assert key != identity(replace(POST, external_id=strange + "1"), None, ZONE)


def test_author_text_and_day_stand_for_a_missing_id() -> None:
    """The same words by the same author on the same local day are one message."""
    later = replace(POST, posted_at=POST.posted_at + timedelta(hours=3))

    assert key_of(later) == key_of(POST)


def test_text_alone_is_never_enough() -> None:
    """Another author, or another local day, is another message."""
    assert key_of(replace(POST, author_name="u2")) != key_of(POST)
    assert key_of(replace(POST, posted_at=POST.posted_at + timedelta(hours=15))) != key_of(POST)


def test_a_day_is_the_bureaus_day() -> None:
    """23:30 and 00:30 in Linyi are two days although one day in UTC."""
    evening = replace(POST, posted_at=datetime(2026, 11, 20, 15, 30, tzinfo=UTC))
    night = replace(POST, posted_at=datetime(2026, 11, 20, 16, 30, tzinfo=UTC))

    assert key_of(evening) != key_of(night)


def test_a_phone_names_the_author_however_it_is_written() -> None:
    """Blanks, dashes and a country code make no other author; the name beside it neither."""
    first = replace(POST, contact="139 0000-0012", author_name="李某")
    second = replace(POST, contact="+8613900000012", author_name="李先生")

    assert author_key(first, VAULT) == author_key(second, VAULT)


def test_nobody_has_no_key() -> None:
    """An item that names nobody has no author key, so that strangers are not taken for one person."""
    assert author_key(replace(POST, author_name=None), VAULT) is None
    assert author_key(replace(POST, author_name="  "), VAULT) is None


@given(st.text(), st.text())
def test_a_digest_never_mixes_title_and_body(title: str, body: str) -> None:
    """What moves from the title into the body is another text, unless nothing but blanks moved."""
    moved = text_digest("", title + body)

    assert (moved == text_digest(title, body)) == (not re.sub(r"\s", "", title))
