"""What is encrypted opens with the private key, and with nothing else."""

from pathlib import Path

import pysequoia
import pytest
from pysequoia import Profile, Tsk

from bursar.scheduled_reports.encryption import encrypted
from bursar.scheduled_reports.keys import UnusableKey, pgp_key
from bursar.scheduled_reports.spooling import NotSpooled
from testing.shops.reports import pgp_pair, pgp_public_text


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "report.csv"
    path.write_bytes(b"ana@acme.example\r\n" * 10_000)
    return path


def test_only_its_owner_can_read_it_and_the_plain_file_is_gone(file: Path) -> None:
    plain = file.read_bytes()
    found = encrypted(file, pgp_public_text())
    assert found.name == "report.csv.pgp"
    assert not file.exists()
    assert b"ana@" not in found.read_bytes()
    opened = pysequoia.decrypt(found.read_bytes(), decryptor=pgp_pair().decryptor())
    assert opened.bytes == plain
    with pytest.raises(RuntimeError):
        pysequoia.decrypt(found.read_bytes(), decryptor=Tsk.generate(user_id="x").decryptor())


def test_a_key_that_cannot_be_used_any_more_is_named(file: Path) -> None:
    with pytest.raises(NotSpooled, match="pgp_public_key must be one OpenPGP public key"):
        encrypted(file, "no key any more")


def test_keys_of_both_generations_are_taken() -> None:
    for profile in (Profile.RFC4880, Profile.RFC9580):
        pair = Tsk.generate(user_id="x", profile=profile)
        cert = pair.extract_certificate()
        assert pgp_key(str(cert)).fingerprint == cert.fingerprint


def test_a_private_key_is_refused() -> None:
    with pytest.raises(UnusableKey, match="is a private key"):
        pgp_key(str(pgp_pair()))
