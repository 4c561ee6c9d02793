"""Which certificates are trusted: the machine's authorities, those that come with requests, and one of a file."""

import ssl
from pathlib import Path

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from collector.errors import CertificateRefused


def trusted_by(ca_file: str | Path | None) -> ssl.SSLContext:
    """Return the TLS context of a source.

    Args:
        ca_file: PEM, of a further authority.
    Raises:
        CertificateRefused: the file cannot be read.
    """
    context = ssl.create_default_context()
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:
            raise CertificateRefused(
                "the file of the certificate authority cannot be read",
                item=str(ca_file),
                todo="Name a PEM file that the service's user may read.",
            ) from error
    return context
