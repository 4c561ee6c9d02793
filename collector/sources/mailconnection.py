"""The connection to an IMAP server: verified TLS, bounds on what it sends, and its faults in words."""

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from imap_tools import ImapToolsError

from collector.errors import SourceFailed, Unreachable
from collector.readers.mail import MOST_BYTES
from collector.trouble import in_words
from config.sources import Mailbox

TIMEOUT_S = 60.0
"""Seconds for connecting, and for each read."""

_MOST_LITERAL = 2 * MOST_BYTES


def connect(source: Mailbox, trusted: ssl.SSLContext) -> imaplib.IMAP4:
    """Connect to the server of a mailbox; nobody is logged in yet.

    Raises:
        Unreachable: no connection, or no valid certificate.
    """
    with faults(source, "while connecting"):
        return _opened(source, source.port or source.STANDARD_PORTS[source.security], trusted)


def _opened(source: Mailbox, port: int, trusted: ssl.SSLContext) -> imaplib.IMAP4:
    if source.security == "tls":
        return _BoundedTls(source.host, port, ssl_context=trusted, timeout=TIMEOUT_S)
    client = _Bounded(source.host, port, timeout=TIMEOUT_S)
    if source.security == "starttls":
        try:
            client.starttls(trusted)
        except BaseException:
            with suppress(OSError):
                client.shutdown()
            raise
    return client


@contextmanager
def faults(source: Mailbox, when: str) -> Iterator[None]:
    """Turn what goes wrong on the connection into an error of ours.

    No word of the server is repeated: it may quote the account or a mail.

    Args:
        when: what was being done, as a clause.

    Raises:
        Unreachable: no connection, it broke off, or what came is no IMAP.
        SourceFailed: the server refused.
    """
    host = f"{source.host} ({source.id})"
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        todo = "Name its authority's PEM file in ca_file, or have the certificate renewed."
        raise Unreachable(f"{in_words(error)}, {when}", item=host, todo=todo) from error
    except OSError as error:
        words = "no connection to the host" if isinstance(error, ConnectionRefusedError) else in_words(error)
        raise Unreachable(f"{words}, {when}", item=host, todo="The next run tries again.") from error
    except imaplib.IMAP4.abort as error:
        raise Unreachable(f"the connection broke off, {when}", item=host, todo="The next run tries again.") from error
    except (imaplib.IMAP4.error, ImapToolsError) as error:
        raise SourceFailed(f"the server refused, {when}", item=host, todo="Look at its log.") from error
    except (ValueError, LookupError) as error:
        raise Unreachable(f"the answer is no IMAP, {when}", item=host, todo="Check host and port.") from error


class _Bounded(imaplib.IMAP4):
    """Refuses a text so long that no mail is."""

    def read(self, size: int) -> bytes:
        if size > _MOST_LITERAL:
            raise self.abort("too long")
        return super().read(size)


class _BoundedTls(_Bounded, imaplib.IMAP4_SSL):
    pass
