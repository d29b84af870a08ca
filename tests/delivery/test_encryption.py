"""With a certificate that only those trust who were told to."""

import ssl
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bursar import clock
from bursar.delivery.messages import Message
from bursar.delivery.smtp import ServerAway, SmtpConnection
from bursar.smtp_url import parse_smtp_url
from testing.fakes.smtp import Sink, running

CONTENT = b"Subject: x\r\n\r\nHello\r\n"
MESSAGE = Message("a@localhost", "ann@example.org", CONTENT, needs_utf8=False)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """For 127.0.0.1, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = clock.now()
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def context(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


@pytest.fixture
def sink(context: ssl.SSLContext) -> Iterator[Sink]:
    with running(Sink(password="right"), tls_context=context) as sink:
        yield sink


def send(url: str) -> None:
    with SmtpConnection(parse_smtp_url(url), 5) as transport:
        transport.send(MESSAGE)


@pytest.mark.usefixtures("trusted")
class TestStartTls:
    def test_it_is_used_when_required(self, sink: Sink) -> None:
        send(f"{sink.url}?starttls=required")
        assert sink.deliveries[0].was_encrypted

    def test_it_is_used_when_there_are_credentials(self, sink: Sink) -> None:
        send(sink.url.replace("//", "//bursar:right@"))
        assert (sink.deliveries[0].was_encrypted, sink.deliveries[0].user) == (True, "bursar")

    def test_a_relay_is_spoken_to_in_the_clear(self, sink: Sink) -> None:
        send(sink.url)
        assert not sink.deliveries[0].was_encrypted


def test_a_server_that_nobody_vouches_for_gets_nothing(sink: Sink) -> None:
    with pytest.raises(ServerAway, match="CERTIFICATE_VERIFY_FAILED"):
        send(sink.url.replace("//", "//bursar:right@"))
    assert sink.deliveries == []


@pytest.mark.usefixtures("trusted")
def test_smtps_is_encrypted_from_the_start(context: ssl.SSLContext) -> None:
    with running(Sink(), ssl_context=context) as sink:
        send(sink.url.replace("smtp:", "smtps:"))
    assert sink.deliveries[0].was_encrypted
