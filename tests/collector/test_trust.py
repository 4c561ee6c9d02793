"""Trusted certificates: the machine's, those that come along, and a file's; a file of no use is named."""

from pathlib import Path

import pytest

from collector.errors import CertificateRefused
from collector.trust import trusted_by
from tests.webserver import make_authority


def test_the_authority_of_a_file_is_trusted_beside_the_others(tmp_path: Path) -> None:
    """Nothing is taken away, and names and certificates are checked as before."""
    ca_file, _ = make_authority(tmp_path)

    usual, further = trusted_by(None), trusted_by(ca_file)

    known, more = usual.get_ca_certs(binary_form=True), further.get_ca_certs(binary_form=True)
    assert set(known) < set(more)
    assert len(set(more) - set(known)) == 1
    assert (further.verify_mode, further.check_hostname) == (usual.verify_mode, True)
    assert trusted_by(str(ca_file)).get_ca_certs(binary_form=True) == more


@pytest.mark.parametrize("name", ["none.pem", "folder", "text.pem", "empty.pem"])
def test_a_file_of_no_use_is_named(tmp_path: Path, name: str) -> None:
    """One that is not there, a folder, and what is no certificate; the error says what to do."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.pem").write_text("no certificate", "utf-8")
    (tmp_path / "empty.pem").touch()
    path = tmp_path / name

    for given in (path, str(path)):
        with pytest.raises(CertificateRefused, match="certificate authority") as caught:
            trusted_by(given)
        assert caught.value.item == str(path)
        assert "PEM" in caught.value.todo
