"""The vault: what it seals opens with its own key only, and keys are never made in the place of others."""

import base64
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import KeyMissing, KeyWrong, VaultError
from config.vault import AES_256_GCM, TEXT_PREFIX, Vault

VAULT, OTHER = Vault(bytes(range(32))), Vault(bytes(range(1, 33)))


@given(st.binary())
def test_sealed_bytes_open_again(plain: bytes) -> None:
    """What was sealed comes back, and no two sealings of it are alike."""
    sealed = VAULT.seal(plain)

    assert VAULT.unseal(sealed) == plain
    assert VAULT.seal(plain) != sealed
    assert sealed[:1] == AES_256_GCM


@given(st.text(alphabet=st.characters()))
def test_sealed_text_opens_again(plain: str) -> None:
    """Any text comes back, half surrogate pairs included, and is told by its prefix."""
    sealed = VAULT.seal_text(plain)

    assert sealed.startswith(TEXT_PREFIX)
    assert sealed.isascii()
    assert VAULT.unseal_text(sealed) == plain


@given(st.binary(max_size=64), st.data())
def test_any_changed_bit_is_noticed(plain: bytes, data: st.DataObject) -> None:
    """One flipped bit anywhere in a sealed value is refused."""
    sealed = bytearray(VAULT.seal(plain))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8

    with pytest.raises(KeyWrong):
        VAULT.unseal(bytes(sealed))


@given(st.binary(max_size=64), st.data())
def test_any_cut_is_noticed(plain: bytes, data: st.DataObject) -> None:
    """A sealed value that lost its tail, or all of it, is refused."""
    sealed = VAULT.seal(plain)
    length = data.draw(st.integers(0, len(sealed) - 1))

    with pytest.raises(KeyWrong):
        VAULT.unseal(sealed[:length])


@given(st.one_of(st.text(), st.binary().map(lambda raw: base64.b64encode(raw).decode())))
def test_text_that_was_never_sealed_is_refused(text: str) -> None:
    """Whatever stands behind the prefix, the answer is text or KeyWrong."""
    with pytest.raises(KeyWrong):
        VAULT.unseal_text(TEXT_PREFIX + text)


def test_another_key_is_refused() -> None:
    """A value sealed with another key says so, rather than that it is damaged."""
    with pytest.raises(KeyWrong, match=r"another key\. .*right key file"):
        OTHER.unseal(VAULT.seal(b"x"))
    with pytest.raises(KeyWrong, match="another key"):
        OTHER.unseal_text(VAULT.seal_text("x"))


def test_keyed_hashes_are_equal_for_equal_values_of_one_purpose_and_key_only() -> None:
    """Hashes tell equality within a purpose, and nothing across purposes or keys."""
    hashed = VAULT.keyed_hash("13912345678", "author")

    assert hashed == VAULT.keyed_hash("13912345678", "author")
    assert len(hashed) == 32
    others = {
        VAULT.keyed_hash("13912345679", "author"),
        VAULT.keyed_hash("13912345678", "contact"),
        OTHER.keyed_hash("13912345678", "author"),
        VAULT.keyed_hash("a", "b"),
        VAULT.keyed_hash("", "ab"),
        VAULT.keyed_hash("\ud800", "author"),
    }
    assert len(others | {hashed}) == 7


def test_new_key_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    """The file holds 32 bytes in base64, mode 0600 whatever the umask, and opens what was sealed."""
    path = tmp_path / "deep" / "wenzheng.key"
    before = os.umask(0)
    try:
        vault = Vault.create(path)
    finally:
        os.umask(before)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(base64.b64decode(path.read_text("ascii"))) == 32
    assert Vault.open(path).unseal(vault.seal(b"x")) == b"x"
    assert list(path.parent.iterdir()) == [path]


def test_two_new_keys_differ(tmp_path: Path) -> None:
    """Each home has a key of its own."""
    assert Vault.create(tmp_path / "a").key_id != Vault.create(tmp_path / "b").key_id


def test_existing_key_is_never_overwritten(tmp_path: Path) -> None:
    """A file that is there stays, whatever is in it."""
    path = tmp_path / "wenzheng.key"
    path.write_bytes(b"")
    with pytest.raises(FileExistsError):
        Vault.create(path)

    assert path.read_bytes() == b""
    assert list(tmp_path.iterdir()) == [path]


def test_key_that_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk while the key is written: a clear error, no half key, and the next try succeeds."""
    path = tmp_path / "wenzheng.key"

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(VaultError, match=r"wenzheng\.key: .*No space left"):
            Vault.create(path)
    assert list(tmp_path.iterdir()) == []
    Vault.create(path)


def test_key_below_a_file_is_a_clear_error(tmp_path: Path) -> None:
    """A path that leads through a file can neither be opened nor made."""
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "wenzheng.key"

    with pytest.raises(KeyMissing):
        Vault.open(path)
    with pytest.raises(VaultError, match="cannot be written"):
        Vault.create(path)


def test_missing_key_says_where_it_was_expected(tmp_path: Path) -> None:
    """The error names the file and what to do."""
    with pytest.raises(KeyMissing, match=r"wenzheng\.key: .*WENZHENG_KEY_FILE"):
        Vault.open(tmp_path / "wenzheng.key")


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"no key", "密钥".encode(), b"\x00\xff", base64.b64encode(bytes(31)), base64.b64encode(bytes(33))],
    ids=["empty", "blank", "words", "chinese", "binary", "short", "long"],
)
def test_file_that_holds_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    """Garbage and keys of another length are refused, naming the file and quoting nothing of it."""
    path = tmp_path / "wenzheng.key"
    path.write_bytes(content)
    with pytest.raises(KeyWrong, match=r"wenzheng\.key: ") as caught:
        Vault.open(path)

    assert caught.value.todo


def test_folder_in_the_place_of_the_key_is_refused(tmp_path: Path) -> None:
    """A folder is no key file."""
    with pytest.raises(KeyWrong, match="cannot be read"):
        Vault.open(tmp_path)
