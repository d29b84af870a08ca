"""With a certificate that only those trust who were told to."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from bursar.delivery.messages import Message
from bursar.delivery.smtp import ServerAway, SmtpConnection
from bursar.smtp_url import parse_smtp_url
from testing.fakes.certificates import write_certificate
from testing.fakes.smtp import Sink, running

CONTENT = b"Subject: x\r\n\r\nHello\r\n"
MESSAGE = Message("a@localhost", "ann@example.org", CONTENT, needs_utf8=False)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """For 127.0.0.1, with its key in the same file."""
    return write_certificate(tmp_path / "certificate.pem", ["127.0.0.1"])


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
