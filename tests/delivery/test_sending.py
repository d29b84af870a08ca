"""Mails that go to a mail server, which may be in any mood."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event

import pytest
from structlog.testing import capture_logs

from bursar import clock
from bursar.database.engine import Database
from bursar.delivery import sending
from bursar.delivery.rules import BACKOFF
from bursar.delivery.sending import DeliveryCounts, deliver_due
from bursar.delivery.service import drop_pending
from bursar.mail_transport import mail_transport
from bursar.settings import Settings
from testing.fakes.smtp import DROP, HANG, Sink, running
from testing.servers.processes import free_port
from tests.delivery.world import (
    KIND,
    NOW,
    Domain,
    deliver,
    mail,
    post,
    settle,
    statuses,
)

pytestmark = pytest.mark.usefixtures("at_now")


def test_a_mail_arrives_with_text_and_html(acme: Database, domain: Domain, sink: Sink) -> None:
    (uuid,) = post(acme, "ann@example.org")
    assert deliver(acme, domain, sink.url) == DeliveryCounts(delivered=1)
    (arrived,) = sink.deliveries
    message = arrived.message
    assert arrived.recipient == message["To"] == "ann@example.org"
    assert message["From"] == "Bursar <no-reply@localhost>"
    assert message["Reply-To"] == "Acme <hr@acme.example>"
    assert message["Subject"] == "Acme: Chess"
    assert message["Message-ID"] == f"<{uuid}@localhost>"
    assert message["Date"] == "Sun, 01 Mar 2026 12:00:00 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    text, html = message.iter_parts()
    assert text.get_content_type() == "text/plain"
    assert "Hello, Chess lasts until 31 March 2026, 23:59 UTC." in text.get_content()
    assert "hr@acme.example" in text.get_content()
    assert html.get_content_type() == "text/html"
    assert "<p>Hello, Chess lasts until 31 March 2026, 23:59 UTC.</p>" in html.get_content()
    assert mail(acme, uuid).status == "delivered"
    assert domain.outcomes(uuid) == ["delivered"]


def test_an_enterprise_without_a_contact_is_not_answered(
    database: Database, domain: Domain, sink: Sink
) -> None:
    settle(database, contact_email=None)
    post(database, "ann@example.org")
    deliver(database, domain, sink.url)
    assert sink.deliveries[0].message["Reply-To"] is None


def test_one_connection_carries_many(acme: Database, domain: Domain, sink: Sink) -> None:
    post(acme, *(f"{number}@example.org" for number in range(12)))
    assert deliver(acme, domain, sink.url).delivered == 12
    assert (sink.connections, len(sink.deliveries)) == (1, 12)


def test_a_server_that_hangs_up_now_and_then_is_called_again(
    acme: Database, domain: Domain, sink: Sink
) -> None:
    sink.mails_per_connection = 5
    post(acme, *(f"{number}@example.org" for number in range(12)))
    assert deliver(acme, domain, sink.url) == DeliveryCounts(delivered=12)
    assert sink.connections == 3
    assert set(sink.copies.values()) == {1}


def test_values_cannot_add_headers_or_recipients(
    acme: Database, domain: Domain, sink: Sink
) -> None:
    title = "Chess\r\nBcc: eve@example.org\n\nand <b>more</b>"
    post(acme, "ann@example.org", context={"title": title, "deadline": "2026-04-01T00:00:00Z"})
    deliver(acme, domain, sink.url)
    (arrived,) = sink.deliveries
    assert arrived.message["Bcc"] is None
    assert arrived.message["Subject"] == "Acme: Chess Bcc: eve@example.org and <b>more</b>"
    text, html = arrived.message.iter_parts()
    assert text.get_content().startswith("Hello, Chess")
    assert "&lt;b&gt;more&lt;/b&gt;" in html.get_content()


def test_what_is_no_longer_true_is_not_sent(acme: Database, domain: Domain, sink: Sink) -> None:
    _, unwanted = post(acme, "ann@example.org", "bob@example.org")
    domain.unwanted = {unwanted}
    assert deliver(acme, domain, sink.url) == DeliveryCounts(delivered=1, dropped=1)
    assert sink.recipients == ["ann@example.org"]


def test_a_mail_dropped_while_its_batch_is_sent_is_not_sent(
    acme: Database, domain: Domain, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, dropped = post(acme, "ann@example.org", "bob@example.org")
    record = domain.record

    def dropping(session: object, attempts: object, now: object) -> None:
        record(session, attempts, now)  # type: ignore[arg-type]
        drop_pending(session, [mail(acme, dropped).subject_uuid], [KIND], NOW, reason="None.")  # type: ignore[arg-type]

    monkeypatch.setattr(domain, "record", dropping)
    assert deliver(acme, domain, sink.url) == DeliveryCounts(delivered=1)
    assert sink.recipients == ["ann@example.org"]
    assert mail(acme, dropped).status == "dropped"


class TestRefusals:
    @pytest.mark.parametrize("stage", ["rcpt", "data"])
    def test_a_permanent_one_fails_at_once(
        self, acme: Database, domain: Domain, sink: Sink, stage: str
    ) -> None:
        setattr(sink, stage, {"bob": "550 5.1.1 <bob@example.org> unknown"})
        ann, bob, cat = post(acme, "ann@example.org", "bob@example.org", "cat@example.org")
        assert deliver(acme, domain, sink.url) == DeliveryCounts(delivered=2, failed=1)
        stored = mail(acme, bob)
        assert (stored.status, stored.attempts, stored.finished_at) == ("failed", 1, NOW)
        assert stored.error == "550 5.1.1 <(address)> unknown"
        assert [domain.outcomes(each) for each in (ann, bob, cat)] == [
            ["delivered"],
            ["failed"],
            ["delivered"],
        ]
        assert sink.connections == 1

    @pytest.mark.parametrize("stage", ["rcpt", "data"])
    def test_a_temporary_one_is_tried_again(
        self, acme: Database, domain: Domain, sink: Sink, stage: str
    ) -> None:
        setattr(sink, stage, {"bob": "451 later"})
        (uuid,) = post(acme, "bob@example.org")
        assert deliver(acme, domain, sink.url) == DeliveryCounts(retrying=1)
        stored = mail(acme, uuid)
        assert (stored.status, stored.error) == ("pending", "451 later")
        assert stored.next_attempt_at == NOW + timedelta(minutes=1)
        setattr(sink, stage, {})
        assert deliver(acme, domain, sink.url) == DeliveryCounts()
        with clock.frozen_at(NOW + timedelta(minutes=1)):
            assert deliver(acme, domain, sink.url).delivered == 1
        assert domain.outcomes(uuid) == ["retrying", "delivered"]
        assert mail(acme, uuid).attempts == 2

    def test_the_sender_refused_is_no_verdict_on_the_mail(
        self, acme: Database, domain: Domain, sink: Sink
    ) -> None:
        sink.mail = "550 not you"
        post(acme, "ann@example.org", "bob@example.org")
        assert deliver(acme, domain, sink.url) == DeliveryCounts(retrying=2)

    def test_it_ends_after_the_last_pause(self, acme: Database, domain: Domain, sink: Sink) -> None:
        sink.rcpt = {"bob": "451 later"}
        (uuid,) = post(acme, "bob@example.org")
        at = NOW
        for pause in BACKOFF:
            with clock.frozen_at(at):
                assert deliver(acme, domain, sink.url).retrying == 1
            at += pause
            with clock.frozen_at(at - timedelta(seconds=1)):
                assert deliver(acme, domain, sink.url) == DeliveryCounts()
        with clock.frozen_at(at):
            assert deliver(acme, domain, sink.url).failed == 1
        assert mail(acme, uuid).status == "failed"
        assert domain.outcomes(uuid) == ["retrying"] * 7 + ["failed"]

    @pytest.mark.parametrize(
        "address", ["bob>,<eve@example.org", "a,b@example.org", "no address", "b\r\nDATA@x.org"]
    )
    def test_an_address_that_cannot_be_one_fails_at_once(
        self, acme: Database, domain: Domain, sink: Sink, address: str
    ) -> None:
        (bad, _) = post(acme, address, "ann@example.org")
        assert deliver(acme, domain, sink.url) == DeliveryCounts(delivered=1, failed=1)
        assert mail(acme, bad).error == "the address cannot be used"
        assert sink.recipients == ["ann@example.org"]

    def test_what_cannot_be_written_does_not_stop_the_rest(
        self, acme: Database, domain: Domain, sink: Sink
    ) -> None:
        (bad,) = post(acme, "bob@example.org", context={"title": "Chess"})
        post(acme, "ann@example.org")
        assert deliver(acme, domain, sink.url) == DeliveryCounts(delivered=1, retrying=1)
        assert "'deadline' is undefined" in mail(acme, bad).error


def test_letters_beyond_ascii_arrive(acme: Database, domain: Domain, sink: Sink) -> None:
    context = {"title": "Échecs 象棋 🎓", "deadline": "2026-04-01T00:00:00Z"}
    post(acme, "josé@exämple.org", "ann@exämple.org", context=context)
    assert deliver(acme, domain, sink.url).delivered == 2
    assert sink.recipients == ["josé@xn--exmple-cua.org", "ann@xn--exmple-cua.org"]
    for arrived in sink.deliveries:
        assert arrived.message["Subject"] == "Acme: Échecs 象棋 🎓"
        assert all("象棋" in part.get_content() for part in arrived.message.iter_parts())


class TestATroubledConnection:
    @pytest.mark.parametrize("trouble", [DROP, HANG])
    @pytest.mark.parametrize("stage", ["rcpt", "data"])
    def test_it_costs_one_mail_an_attempt_and_no_other(
        self, acme: Database, domain: Domain, sink: Sink, stage: str, trouble: str
    ) -> None:
        setattr(sink, stage, {"bob": trouble})
        ann, bob, cat = post(acme, "ann@example.org", "bob@example.org", "cat@example.org")
        counts = deliver(acme, domain, sink.url, smtp_timeout=0.3)
        assert counts == DeliveryCounts(delivered=2, retrying=1)
        assert mail(acme, bob).status == "pending"
        assert {mail(acme, each).status for each in (ann, cat)} == {"delivered"}
        assert sink.connections == 2


@contextmanager
def silent_server() -> Iterator[tuple[str, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"smtp://127.0.0.1:{listener.getsockname()[1]}", listener


class TestAServerThatIsAway:
    def test_all_that_is_due_counts_one_attempt(
        self, acme: Database, domain: Domain, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sending, "BATCH", 3)
        uuids = post(acme, *(f"{number}@example.org" for number in range(8)))
        url = f"smtp://127.0.0.1:{free_port()}"
        assert deliver(acme, domain, url) == DeliveryCounts(retrying=8)
        for uuid in uuids:
            stored = mail(acme, uuid)
            assert (stored.status, stored.attempts) == ("pending", 1)
            assert stored.error.startswith("no connection to the mail server: Connection")
            assert domain.outcomes(uuid) == ["retrying"]

    def test_nobody_connects_for_each(
        self, acme: Database, domain: Domain, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sending, "BATCH", 2)
        post(acme, *(f"{number}@example.org" for number in range(6)))
        with silent_server() as (url, listener):
            assert deliver(acme, domain, url, smtp_timeout=0.2).retrying == 6
            listener.settimeout(0)
            listener.accept()[0].close()
            with pytest.raises(BlockingIOError):
                listener.accept()

    def test_what_is_no_longer_true_is_dropped_all_the_same(
        self, acme: Database, domain: Domain
    ) -> None:
        domain.unwanted = set(post(acme, "ann@example.org", "bob@example.org")[1:])
        url = f"smtp://127.0.0.1:{free_port()}"
        assert deliver(acme, domain, url) == DeliveryCounts(retrying=1, dropped=1)

    def test_wrong_credentials_are_no_verdict_on_the_mail(
        self, acme: Database, domain: Domain
    ) -> None:
        post(acme, "ann@example.org")
        with running(Sink(password="right")) as sink:
            url = sink.url.replace("//", "//bursar:wrong@")
            allowed = {"smtp_allow_unencrypted_login": True}
            assert deliver(acme, domain, url, **allowed) == DeliveryCounts(retrying=1)
            url = sink.url.replace("//", "//bursar:right@")
            with clock.frozen_at(NOW + timedelta(minutes=1)):
                assert deliver(acme, domain, url, **allowed) == DeliveryCounts(delivered=1)
        assert sink.deliveries[0].user == "bursar"

    def test_a_password_is_not_sent_to_a_server_that_offers_no_encryption(
        self, acme: Database, domain: Domain
    ) -> None:
        (uuid,) = post(acme, "ann@example.org")
        with running(Sink(password="right")) as sink:
            url = sink.url.replace("//", "//bursar:right@")
            assert deliver(acme, domain, url) == DeliveryCounts(retrying=1)
        assert "BURSAR_SMTP_ALLOW_UNENCRYPTED_LOGIN=true" in mail(acme, uuid).error
        assert sink.deliveries == []

    def test_encryption_that_is_required_and_not_there_sends_nothing(
        self, acme: Database, domain: Domain, sink: Sink
    ) -> None:
        (uuid,) = post(acme, "ann@example.org")
        url = f"{sink.url}?starttls=required"
        assert deliver(acme, domain, url) == DeliveryCounts(retrying=1)
        assert "STARTTLS" in mail(acme, uuid).error
        assert sink.deliveries == []


def test_a_sent_mail_whose_record_failed_is_not_sent_again(
    acme: Database, domain: Domain, sink: Sink
) -> None:
    (uuid,) = post(acme, "ann@example.org")
    domain.poison = {uuid}
    assert deliver(acme, domain, sink.url) == DeliveryCounts(retrying=1)
    domain.poison = set()
    with clock.frozen_at(NOW + timedelta(minutes=1)):
        assert deliver(acme, domain, sink.url) == DeliveryCounts(delivered=1)
    assert len(sink.deliveries) == 1
    assert domain.outcomes(uuid) == ["delivered"]


def test_a_worker_told_to_stop_leaves_the_rest_to_others_at_once(
    acme: Database, domain: Domain, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(acme, *(f"{number}@example.org" for number in range(4)))
    stopping = Event()
    record = domain.record

    def stop_after_two(session: object, attempts: object, now: object) -> None:
        record(session, attempts, now)  # type: ignore[arg-type]
        if len(domain.recorded) == 2:
            stopping.set()

    monkeypatch.setattr(domain, "record", stop_after_two)
    transport = mail_transport(Settings(smtp_url=sink.url))
    assert deliver_due(acme, transport, domain.kinds, stopping=stopping).delivered == 2
    assert statuses(acme) == ["delivered", "delivered", "pending", "pending"]
    assert deliver(acme, domain, sink.url).delivered == 2
    assert set(sink.copies.values()) == {1}


def test_the_log_names_kind_and_id_and_never_an_address(
    acme: Database, domain: Domain, sink: Sink
) -> None:
    sink.rcpt = {"bob": "550 <bob@example.org> unknown", "cat": "451 cat@example.org later"}
    people = ["ann", "bob", "cat", "dan", "eve"]
    uuids = dict(zip(people, post(acme, *(f"{each}@example.org" for each in people)), strict=True))
    domain.poison, domain.riddles = {uuids["dan"]}, {uuids["eve"]}
    with capture_logs() as log:
        deliver(acme, domain, sink.url)
        with clock.frozen_at(NOW + timedelta(minutes=1)):
            deliver(acme, domain, f"smtp://127.0.0.1:{free_port()}")
    assert {each["id"] for each in log if "id" in each} == {str(uuids[each]) for each in people[1:]}
    assert {each["kind"] for each in log if "kind" in each} == {KIND}
    assert "@" not in str(log)
    assert "@" not in str([mail(acme, each).error for each in uuids.values()])
