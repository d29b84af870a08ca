"""Every attempt leaves a row with the answer of the other side."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from bursar import clock
from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.delivery import service
from bursar.delivery.rules import KEPT, LONGEST_PAUSE
from bursar.delivery.service import (
    AttemptView,
    Channel,
    DeliverySearch,
    NewDelivery,
    QueuedDelivery,
    enqueue_deliveries,
    failed,
    record,
    search_deliveries,
    take,
)
from testing.fakes.smtp import Sink
from testing.servers.processes import free_port
from tests.delivery.world import ACME, NOW, Domain, deliver, mail, post

pytestmark = pytest.mark.usefixtures("at_now")
MINUTE = timedelta(minutes=1)
OPERATOR = Actor("operator")


def attempts(database: Database, uuid: UUID) -> list[AttemptView]:
    with database.read() as connection:
        delivery = service.view_of_delivery(connection, uuid)
        return list(service.attempts_of(connection, delivery))


def told(database: Database, uuid: UUID) -> list[tuple[int, str, int | None, str | None]]:
    rows = attempts(database, uuid)
    return [(each.number, each.outcome, each.status, each.answer) for each in rows]


def test_the_mail_servers_reply_is_kept(acme: Database, domain: Domain, sink: Sink) -> None:
    sink.data = {"ann": "250 2.0.0 queued as 4F1D for ann@example.org"}
    sink.rcpt = {"bob": "550 5.1.1 <bob@example.org> unknown"}
    ann, bob = post(acme, "ann@example.org", "bob@example.org")
    deliver(acme, domain, sink.url)
    assert told(acme, ann) == [
        (1, "delivered", 250, "250 2.0.0 queued as 4F1D for (address)"),
    ]
    assert told(acme, bob) == [(1, "failed", 550, "550 5.1.1 <(address)> unknown")]
    [attempt] = attempts(acme, ann)
    assert attempt.at == NOW
    assert attempt.seconds > 0


def test_attempts_are_counted_on_when_an_operator_retries(
    acme: Database, domain: Domain, sink: Sink
) -> None:
    sink.rcpt = {"bob": "451 later"}
    (uuid,) = post(acme, "bob@example.org")
    deliver(acme, domain, sink.url)
    with acme.transaction() as session:
        service.retry(session, OPERATOR, [uuid], NOW)
    sink.rcpt = {}
    deliver(acme, domain, sink.url)
    assert told(acme, uuid) == [(1, "retrying", 451, "451 later"), (2, "delivered", 250, "250 OK")]
    assert (mail(acme, uuid).attempts, mail(acme, uuid).attempted) == (1, 2)


def test_a_server_that_is_away_leaves_its_reason(acme: Database, domain: Domain) -> None:
    (uuid,) = post(acme, "ann@example.org")
    deliver(acme, domain, f"smtp://127.0.0.1:{free_port()}")
    [(number, outcome, status, answer)] = told(acme, uuid)
    assert (number, outcome, status) == (1, "retrying", None)
    assert answer is not None
    assert answer.startswith("no connection to the mail server")


def test_a_kept_mail_says_that_it_was_kept(acme: Database, domain: Domain) -> None:
    (uuid,) = post(acme, "ann@example.org")
    deliver(acme, domain)
    assert told(acme, uuid) == [(1, "delivered", None, KEPT)]


def test_an_attempt_that_could_not_be_recorded_is_told_too(
    acme: Database, domain: Domain, sink: Sink
) -> None:
    (uuid,) = post(acme, "ann@example.org")
    domain.poison = {uuid}
    deliver(acme, domain, sink.url)
    domain.poison = set()
    with clock.frozen_at(NOW + MINUTE):
        deliver(acme, domain, sink.url)
    assert [each[:2] for each in told(acme, uuid)] == [(1, "retrying"), (2, "delivered")]


def test_what_is_dropped_was_not_attempted(acme: Database, domain: Domain) -> None:
    domain.unwanted = set(uuids := post(acme, "ann@example.org"))
    deliver(acme, domain)
    assert told(acme, uuids[0]) == []


class TestOtherChannels:
    @pytest.fixture
    def leased(self, acme: Database) -> tuple[QueuedDelivery, QueuedDelivery]:
        target = uuid4()
        new = [
            NewDelivery(
                channel=Channel.WEBHOOK,
                kind="license.assigned",
                enterprise_uuid=ACME,
                subject_uuid=uuid4(),
                target_uuid=target,
                event_uuid=uuid4(),
                recipient=f"https://example.org/{number}",
            )
            for number in range(2)
        ]
        with acme.transaction() as session:
            enqueue_deliveries(session, new, NOW)
        with acme.transaction() as session:
            lease = take(session, Channel.WEBHOOK, NOW, duration=MINUTE, limit=10)
        first, second = lease.deliveries
        return first, second

    def test_each_is_tried_again_by_its_channels_own_pauses(
        self, acme: Database, leased: tuple[QueuedDelivery, QueuedDelivery]
    ) -> None:
        first, second = leased
        pauses = [timedelta(seconds=5)]
        with acme.transaction() as session:
            record(
                session,
                [
                    failed(first, NOW, "503", pauses=pauses, status=503, answer="x" * 5_000),
                    failed(second, NOW, "gone", pauses=pauses, not_before=NOW + 2 * LONGEST_PAUSE),
                ],
                NOW + MINUTE,
            )
        row = mail(acme, first.uuid)
        assert (row.status, row.next_attempt_at) == ("pending", NOW + timedelta(seconds=5))
        assert mail(acme, second.uuid).next_attempt_at == NOW + LONGEST_PAUSE
        [attempt] = attempts(acme, first.uuid)
        assert (attempt.status, attempt.answer) == (503, "x" * 2_000)

    def test_the_last_pause_gives_it_up_and_an_operator_can_try_again(
        self, acme: Database, leased: tuple[QueuedDelivery, QueuedDelivery]
    ) -> None:
        first, second = leased
        with acme.transaction() as session:
            record(session, [failed(first, NOW, "no", pauses=[])], NOW + MINUTE)
        assert mail(acme, first.uuid).status == "failed"
        with acme.transaction() as session:
            service.retry(session, OPERATOR, [first.uuid], NOW + MINUTE)
        row = mail(acme, first.uuid)
        assert (row.status, row.next_attempt_at) == ("pending", NOW + MINUTE)
        with acme.read() as connection:
            search = DeliverySearch(channel=Channel.WEBHOOK, target_uuid=first.target_uuid)
            found = search_deliveries(connection, search, limit=10)
        assert [each.uuid for each in found] == [second.uuid, first.uuid]

    def test_what_another_worker_took_over_is_not_recorded(
        self, acme: Database, leased: tuple[QueuedDelivery, QueuedDelivery]
    ) -> None:
        first, second = leased
        with acme.transaction() as session:
            later = take(session, Channel.WEBHOOK, NOW + MINUTE, duration=MINUTE, limit=1)
        assert later.deliveries[0].id == first.id
        with acme.transaction() as session:
            done = [service.delivered(each, NOW) for each in (first, second)]
            assert record(session, done, NOW + MINUTE) == done[1:]
        assert mail(acme, first.uuid).status == "pending"
        assert told(acme, first.uuid) == []
