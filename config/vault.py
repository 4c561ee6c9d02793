"""Encryption of what must not lie open, and keyed hashes for equality without the value.

A sealed value is `tag (1 byte) + key id (4 bytes) + nonce (12 bytes) + ciphertext and GCM tag`.
The algorithm tag lets another cipher take AES-256-GCM's place beside old values.
The key file holds 32 random bytes in base64 on one line, mode 0600; it is never put into a backup.
"""

import base64
import binascii
import hashlib
import hmac
import os
import tempfile
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from config.errors import KeyMissing, KeyWrong, VaultError

AES_256_GCM = b"\x01"
_ID, _NONCE = 4, 12
TEXT_PREFIX = "enc:"
"""How sealed text begins in a text column; no plain text of ours may begin with it unsealed."""


class Vault:
    """Seals and opens values with one key, and makes keyed hashes with keys derived from it."""

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise KeyWrong("the key is not 32 bytes long", todo="Put the right key file in place.")
        self._aead = AESGCM(self._derive(key, b"seal"))
        self._hash_root = self._derive(key, b"hash")
        self.key_id = hashlib.sha256(b"wenzheng key id" + key).digest()[:_ID]

    @staticmethod
    def _derive(key: bytes, purpose: bytes) -> bytes:
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"wenzheng " + purpose).derive(key)

    @classmethod
    def open(cls, path: Path) -> "Vault":
        """Read the key file.

        Raises:
            KeyMissing: there is no such file.
            KeyWrong: the file does not hold a key.
        """
        try:
            text = path.read_text("ascii")
        except (FileNotFoundError, NotADirectoryError) as error:
            raise KeyMissing(
                "the key file is missing; contacts, originals and restricted letters cannot be read without it",
                item=str(path),
                todo="Put the saved copy of the key there, or point WENZHENG_KEY_FILE at it.",
            ) from error
        except (OSError, UnicodeDecodeError) as error:
            raise KeyWrong(
                "the key file cannot be read", item=str(path), todo="Check its owner and content."
            ) from error
        try:
            return cls(base64.b64decode(text.strip(), validate=True))
        except (binascii.Error, KeyWrong) as error:
            raise KeyWrong(
                "the file does not hold a key", item=str(path), todo="Put the right key file in place."
            ) from error

    @classmethod
    def create(cls, path: Path) -> "Vault":
        """Make a new random key and write its file, readable by its owner only; an existing file is kept.

        Raises:
            FileExistsError: there is a file already.
            VaultError: the file cannot be written.
        """
        key = os.urandom(32)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # The file appears whole under its name or not at all: a process killed here leaves no half key behind,
            # and a second one that starts now reads no empty file. mkstemp makes it readable by its owner only.
            descriptor, part = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(base64.b64encode(key) + b"\n")
                    file.flush()
                    os.fsync(file.fileno())
                os.link(part, path)
            finally:
                Path(part).unlink()
            _sync_folder(path.parent)
        except OSError as error:
            if isinstance(error, FileExistsError) and path.exists():
                raise
            raise VaultError(
                f"the key file cannot be written: {error.strerror}",
                item=str(path),
                todo="Name a folder the service's user may write, on a disk with free space that knows hard links.",
            ) from error
        return cls(key)

    def seal(self, plain: bytes) -> bytes:
        """Return *plain* encrypted and authenticated."""
        nonce = os.urandom(_NONCE)
        head = AES_256_GCM + self.key_id
        return head + nonce + self._aead.encrypt(nonce, plain, head)

    def unseal(self, sealed: bytes) -> bytes:
        """Return what `seal` was given.

        Raises:
            KeyWrong: sealed with another key or algorithm, or changed since.
        """
        head, rest = sealed[: 1 + _ID], sealed[1 + _ID :]
        if head[:1] != AES_256_GCM or head[1:] != self.key_id:
            raise KeyWrong("the value was sealed with another key", todo="Put the right key file in place.")
        try:
            return self._aead.decrypt(rest[:_NONCE], rest[_NONCE:], head)
        except (InvalidTag, ValueError) as error:  # ValueError: so much is cut off that no whole nonce is left.
            raise KeyWrong("a sealed value was changed or cut", todo="Restore the database from a backup.") from error

    def seal_text(self, plain: str) -> str:
        """Return *plain* sealed, as text that begins with `enc:`."""
        # A stranger's text may hold half a surrogate pair; it is kept as it is.
        return TEXT_PREFIX + base64.b64encode(self.seal(plain.encode(errors="surrogatepass"))).decode("ascii")

    def unseal_text(self, sealed: str) -> str:
        """Return what `seal_text` was given; raises KeyWrong as `unseal` does."""
        try:
            plain = self.unseal(base64.b64decode(sealed.removeprefix(TEXT_PREFIX), validate=True))
            return plain.decode(errors="surrogatepass")
        except ValueError as error:
            raise KeyWrong("a sealed text was changed or cut", todo="Restore the database from a backup.") from error

    def keyed_hash(self, value: str, purpose: str) -> str:
        """Return 32 hex digits that are equal for equal values and tell nothing without the key.

        Args:
            purpose: separates the hashes of different uses, so that they cannot be joined.
        """
        message = purpose.encode() + b"\x00" + value.encode(errors="surrogatepass")
        return hmac.new(self._hash_root, message, hashlib.sha256).hexdigest()[:32]


def _sync_folder(folder: Path) -> None:
    """Make a new file name survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
