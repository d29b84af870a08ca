"""What the client sends, and what it refuses to send, with a resolver that says what it likes."""

import asyncio
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from bursar import clock
from bursar.outgoing.addresses import Address, Permitted
from bursar.outgoing.client import CheckedClient, Resolver
from bursar.outgoing.reply import Reply
from bursar.webhooks.secrets import new_webhook_secret
from bursar.webhooks.signing import signed_headers
from testing.fakes.certificates import write_certificate
from testing.fakes.receiver import (
    DROPPED,
    ENDLESS,
    ENDLESS_HEADERS,
    NEVER,
    Receiver,
    receiving,
)

HOST = "hooks.example.org"
LOCAL = Permitted.of(["127.0.0.0/8"])
BODY = '{"type":"ping","data":"é"}'


@dataclass
class Names:
    """Answers the next of these at each question, and the last one for ever."""

    answers: list[Sequence[str]]
    asked: list[str] = field(default_factory=list)

    async def __call__(self, host: str, port: int) -> Sequence[Address]:
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [ip_address(each) for each in answer]


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_certificate(tmp_path_factory.mktemp("tls") / "hooks.pem", [HOST])


@pytest.fixture(scope="module")
def encrypted(certificate: Path) -> Iterator[Receiver]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    with receiving(Receiver(tls=context)) as receiver:
        yield receiver


def post(client: CheckedClient, *urls: str, headers: dict[str, str] | None = None) -> list[Reply]:
    """One request after the other, each over a connection of its own."""

    async def run() -> list[Reply]:
        replies = []
        for url in urls:
            connection = client.connected_to(url)
            replies.append(await connection.post(headers or {}, BODY.encode()))
            await connection.close()
        return replies

    try:
        return asyncio.run(run())
    finally:
        client.close()


def at_local(receiver: Receiver, path: str, deadline: float = 15) -> Reply:
    (reply,) = post(CheckedClient(LOCAL, deadline=deadline), receiver.url(path))
    return reply


class TestSigning:
    def test_the_verifier_of_the_standard_takes_it(self, receiver: Receiver) -> None:
        old, new = new_webhook_secret(), new_webhook_secret()
        headers = signed_headers("evt_1", BODY, [new, old], clock.now())
        post(CheckedClient(LOCAL), receiver.url("/signed"), headers=headers)
        (got,) = receiver.on("/signed")
        assert got.headers["user-agent"].startswith("Bursar/")
        assert got.headers["content-type"] == "application/json"
        assert got.headers["host"] == f"127.0.0.1:{receiver.port}"
        for secret in (old, new):
            assert Webhook(secret).verify(got.body, got.headers) == {"type": "ping", "data": "é"}
        with pytest.raises(Exception, match="No matching signature"):
            Webhook(new_webhook_secret()).verify(got.body, got.headers)

    def test_the_example_of_the_standard(self) -> None:
        headers = signed_headers(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            '{"test": 2432232314}',
            ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
            datetime.fromtimestamp(1614265330, UTC),
        )
        assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        assert headers["webhook-timestamp"] == "1614265330"


class TestAnswers:
    def test_a_good_one(self, receiver: Receiver) -> None:
        reply = at_local(receiver, "/ok")
        assert (reply.status, reply.text, reply.succeeded) == (200, "ok", True)

    def test_a_redirect_is_not_followed(self, receiver: Receiver) -> None:
        before = receiver.counts["/ok"]
        reply = at_local(receiver, "/redirect")
        assert (reply.status, reply.succeeded) == (302, False)
        assert receiver.counts["/ok"] == before

    def test_what_no_database_can_store_is_replaced(self, receiver: Receiver) -> None:
        assert at_local(receiver, "/broken").text == "ba\ufffd\ufffdd :"

    def test_retry_after_is_told(self, receiver: Receiver) -> None:
        reply = at_local(receiver, "/later")
        assert (reply.status, reply.retry_after) == (503, "600")

    def test_one_that_never_ends_is_cut(self, receiver: Receiver) -> None:
        reply = at_local(receiver, ENDLESS)
        assert (reply.status, reply.text) == (200, "x" * 2048)

    @pytest.mark.parametrize("path", [NEVER, ENDLESS_HEADERS])
    def test_one_that_never_comes_is_given_up(self, receiver: Receiver, path: str) -> None:
        reply = at_local(receiver, path, deadline=0.3)
        assert reply.status is None
        assert reply.text in {
            "No answer within 0.3 seconds.",
            "The connection ended without a valid answer.",
        }

    @pytest.mark.parametrize("path", [DROPPED, "/nonsense"])
    def test_nonsense_is_a_failure(self, receiver: Receiver, path: str) -> None:
        reply = at_local(receiver, path)
        assert (reply.status, reply.text) == (None, "The connection ended without a valid answer.")

    def test_nobody_there(self) -> None:
        (reply,) = post(CheckedClient(LOCAL), "http://127.0.0.1:1/")
        assert (reply.status, reply.text[:14]) == (None, "No connection:")

    def test_a_name_that_is_slow_to_find_is_given_up(self) -> None:
        async def never(_host: str, _port: int) -> Sequence[Address]:
            await asyncio.Event().wait()
            return []

        (reply,) = post(CheckedClient(LOCAL, never, deadline=0.1), "https://slow.example/")
        assert reply.text == "No answer within 0.1 seconds."


class TestGuard:
    def test_tls_and_host_have_the_name(self, encrypted: Receiver, certificate: Path) -> None:
        names = Names([["127.0.0.1"]])
        trust = ssl.create_default_context(cafile=certificate)
        (reply,) = post(CheckedClient(LOCAL, names, trust), encrypted.url("/named", HOST))
        assert reply.succeeded, reply
        assert encrypted.names[-1] == HOST
        assert encrypted.on("/named")[0].headers["host"] == f"{HOST}:{encrypted.port}"
        assert names.asked == [HOST]

    def test_a_certificate_that_nobody_trusts_is_refused(self, encrypted: Receiver) -> None:
        (reply,) = post(
            CheckedClient(LOCAL, Names([["127.0.0.1"]])), encrypted.url("/untrusted", HOST)
        )
        assert (reply.status, reply.text[:24]) == (None, "No encrypted connection:")
        assert encrypted.on("/untrusted") == []

    def test_one_of_another_name_is_refused(self, encrypted: Receiver, certificate: Path) -> None:
        trust = ssl.create_default_context(cafile=certificate)
        client = CheckedClient(LOCAL, Names([["127.0.0.1"]]), trust)
        (reply,) = post(client, encrypted.url("/other", "other.example.org"))
        assert reply.text.startswith("No encrypted connection:")

    @pytest.mark.parametrize(
        "addresses",
        [["127.0.0.1"], ["::1"], ["::ffff:127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["fe80::1%1"]],
    )
    def test_a_closed_address_is_not_connected_to(
        self, encrypted: Receiver, addresses: list[str]
    ) -> None:
        open_before = len(encrypted.names)
        (reply,) = post(
            CheckedClient(Permitted(), Names([addresses])), encrypted.url("/closed", HOST)
        )
        assert reply.text == f"{HOST} has an address that is not public."
        assert reply.status is None
        assert len(encrypted.names) == open_before

    def test_an_address_that_changes_after_the_check_is_of_no_use(self, receiver: Receiver) -> None:
        """The first answer is permitted and nobody listens there; the second would be closed."""
        names = Names([["127.0.0.2"], ["127.0.0.1"]])
        permitted = Permitted.of(["127.0.0.2"])
        (reply,) = post(CheckedClient(permitted, names), receiver.url("/rebound", HOST))
        assert reply.text.startswith("No connection")
        assert names.asked == [HOST]
        (reply,) = post(CheckedClient(permitted, names), receiver.url("/rebound", HOST))
        assert reply.text == f"{HOST} has an address that may not be reached without https."
        assert receiver.on("/rebound") == []

    def test_a_public_address_is_not_connected_to_without_encryption(self) -> None:
        (reply,) = post(CheckedClient(LOCAL, Names([["8.8.8.8"]])), f"http://{HOST}/")
        assert reply.text == f"{HOST} has an address that may not be reached without https."

    def test_the_next_address_is_tried(self, receiver: Receiver) -> None:
        names = Names([["127.0.0.77", "127.0.0.1"]])
        (reply,) = post(CheckedClient(LOCAL, names), receiver.url("/next", HOST))
        assert reply.succeeded

    def test_a_host_without_addresses(self) -> None:
        (reply,) = post(CheckedClient(LOCAL, Names([[]])), f"https://{HOST}/")
        assert reply.text == f"{HOST} has no address."

    @pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "localhost"])
    def test_other_spellings_of_an_address_are_seen_through(self, host: str) -> None:
        (reply,) = post(CheckedClient(Permitted(), Resolver()), f"https://{host}:1/")
        assert reply.text == f"{host} has an address that is not public."
