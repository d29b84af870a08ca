"""What becomes of mails, without a mail server."""

from collections.abc import Sequence
from datetime import timedelta
from threading import Event
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from bursar import clock
from bursar.database.engine import Database
from bursar.delivery import attempts, sending
from bursar.delivery.channel import Kept, MailKind, QueuedDelivery
from bursar.delivery.lease import SENT_UNRECORDED
from bursar.delivery.sending import DeliveryCounts, deliver_due
from bursar.delivery.service import drop_pending
from bursar.identity.enterprises import get_enterprise
from testing.databases.statements import statements_of
from tests.delivery.world import (
    ACME,
    CONTEXT,
    KIND,
    NOW,
    UNTRUE,
    Domain,
    change,
    deliver,
    mail,
    post,
    statuses,
)

pytestmark = pytest.mark.usefixtures("at_now")


def country(database: Database) -> str | None:
    with database.transaction() as session:
        return get_enterprise(session, ACME).country


def test_without_a_mail_server_a_kept_mail_is_delivered(acme: Database, domain: Domain) -> None:
    (uuid,) = post(acme, "ann@example.org")
    assert deliver(acme, domain) == DeliveryCounts(delivered=1)
    stored = mail(acme, uuid)
    assert (stored.status, stored.attempts, stored.finished_at) == ("delivered", 1, NOW)
    assert (stored.error, stored.claimed_until) == (None, None)
    (attempt,) = domain.recorded
    assert (attempt.delivery.uuid, attempt.delivery.context, attempt.delivery.attempts) == (
        uuid,
        CONTEXT,
        0,
    )
    assert (attempt.at, attempt.delivery.created_at) == (NOW, NOW)
    assert country(acme) == "delivered"
    assert deliver(acme, domain) == DeliveryCounts()


def test_everything_due_is_delivered_in_as_many_batches_as_it_takes(
    acme: Database, domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "KEPT_BATCH", 3)
    post(acme, *(f"{number}@example.org" for number in range(10)))
    assert deliver(acme, domain).delivered == 10
    assert [each.delivery.recipient[0] for each in domain.recorded] == list("0123456789")


def test_what_is_not_due_waits(acme: Database, domain: Domain) -> None:
    post(acme, "ann@example.org", now=NOW + timedelta(seconds=1))
    assert deliver(acme, domain) == DeliveryCounts()
    with clock.frozen_at(NOW + timedelta(seconds=1)):
        assert deliver(acme, domain).delivered == 1


def test_what_is_no_longer_true_is_dropped(acme: Database, domain: Domain) -> None:
    wanted, unwanted = post(acme, "ann@example.org", "bob@example.org")
    domain.unwanted = {unwanted}
    assert deliver(acme, domain) == DeliveryCounts(delivered=1, dropped=1)
    gone = mail(acme, unwanted)
    assert (gone.status, gone.finished_at, gone.error) == ("dropped", NOW, UNTRUE)
    assert domain.outcomes(unwanted) == []
    assert domain.outcomes(wanted) == ["delivered"]


def test_mails_of_an_unknown_kind_stay_for_a_worker_that_knows_it(
    acme: Database, domain: Domain
) -> None:
    post(acme, "ann@example.org", kind="from-the-future")
    assert deliver(acme, domain) == DeliveryCounts()
    assert statuses(acme) == ["pending"]
    assert deliver_due(acme, Kept(), {}) == DeliveryCounts()


def test_a_leased_mail_is_left_alone_until_the_lease_ends(acme: Database, domain: Domain) -> None:
    (uuid,) = post(acme, "ann@example.org")
    change(acme, uuid, claimed_until=NOW + timedelta(minutes=10))
    assert deliver(acme, domain) == DeliveryCounts()
    with clock.frozen_at(NOW + timedelta(minutes=10)):
        assert deliver(acme, domain).delivered == 1


@pytest.mark.parametrize("column", ["claimed_until", "next_attempt_at"])
def test_an_instant_that_a_jumping_clock_left_counts_as_reached(
    acme: Database, domain: Domain, column: str
) -> None:
    (uuid,) = post(acme, "ann@example.org")
    change(acme, uuid, **{column: NOW + timedelta(hours=24)})
    assert deliver(acme, domain) == DeliveryCounts()
    change(acme, uuid, **{column: NOW + timedelta(days=2)})
    assert deliver(acme, domain).delivered == 1


def test_a_stopping_worker_takes_nothing_more(acme: Database, domain: Domain) -> None:
    (uuid,) = post(acme, "ann@example.org")
    stopping = Event()
    stopping.set()
    assert deliver_due(acme, Kept(), domain.kinds, stopping=stopping) == DeliveryCounts()
    assert mail(acme, uuid).claimed_until is None


class TestManyMails:
    @staticmethod
    def statements(database: Database, domain: Domain, count: int) -> int:
        post(database, *(f"{number}@example.org" for number in range(count)))
        with statements_of(database) as seen:
            assert deliver(database, domain).delivered == count
        return len(seen)

    def test_they_take_as_many_statements_as_a_few(self, acme: Database) -> None:
        quiet = {
            KIND: MailKind(
                KIND,
                "tests.delivery",
                lambda _session, _mails: {},
                lambda _session, _attempts, _now: None,
            )
        }

        class Quiet(Domain):
            kinds = quiet

        # COPY goes past SQLAlchemy, so that both numbers are above those which need no COPY.
        few = self.statements(acme, Quiet(), 60)
        assert self.statements(acme, Quiet(), 900) == few < 20


class TestARecordThatFails:
    def test_nothing_else_suffers_and_nothing_is_lost(self, acme: Database, domain: Domain) -> None:
        first, poison, last = post(acme, "ann@example.org", "bob@example.org", "cat@example.org")
        domain.poison = {poison}
        assert deliver(acme, domain) == DeliveryCounts(delivered=2, retrying=1)
        assert domain.outcomes(first) == domain.outcomes(last) == ["delivered"]
        stored = mail(acme, poison)
        assert (stored.status, stored.attempts) == ("pending", 1)
        assert stored.next_attempt_at == NOW + timedelta(minutes=1)
        assert stored.claimed_until is None
        assert deliver(acme, domain) == DeliveryCounts()

    def test_its_half_is_undone(self, acme: Database, domain: Domain) -> None:
        domain.poison = set(post(acme, "ann@example.org"))
        deliver(acme, domain)
        assert country(acme) is None

    def test_it_is_made_up_for_later(self, acme: Database, domain: Domain) -> None:
        (uuid,) = post(acme, "ann@example.org")
        domain.poison = {uuid}
        deliver(acme, domain)
        assert mail(acme, uuid).error == SENT_UNRECORDED
        domain.poison = set()
        with clock.frozen_at(NOW + timedelta(minutes=1)):
            assert deliver(acme, domain).delivered == 1
        assert (mail(acme, uuid).status, mail(acme, uuid).error) == ("delivered", None)
        assert domain.outcomes(uuid) == ["delivered"]

    def test_it_is_tried_daily_for_ever(self, acme: Database, domain: Domain) -> None:
        (uuid,) = post(acme, "ann@example.org")
        domain.poison = {uuid}
        change(acme, uuid, attempts=30)
        assert deliver(acme, domain).retrying == 1
        assert mail(acme, uuid).next_attempt_at == NOW + timedelta(days=1)


def test_a_question_that_fails_puts_off_that_mail_alone(acme: Database, domain: Domain) -> None:
    good, riddle = post(acme, "ann@example.org", "bob@example.org")
    domain.riddles = {riddle}
    assert deliver(acme, domain) == DeliveryCounts(delivered=1, retrying=1)
    assert mail(acme, good).status == "delivered"
    stored = mail(acme, riddle)
    assert (stored.status, stored.attempts) == ("pending", 1)
    assert stored.error.endswith("RuntimeError: no idea about (address)")
    assert deliver(acme, domain) == DeliveryCounts()


def test_a_database_that_was_away_for_a_moment_changes_nothing(
    acme: Database, domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "PAUSES", (0.0, 0.0))
    (uuid,) = post(acme, "ann@example.org")
    failures = [OperationalError("SELECT 1", {}, Exception("gone"))] * 2

    def record(session: Session, attempts: Sequence[object], now: object) -> None:
        if failures:
            raise failures.pop()

    kinds = {KIND: MailKind(KIND, "tests.delivery", domain.why_untrue, record)}
    assert deliver_due(acme, Kept(), kinds) == DeliveryCounts(delivered=1)
    assert mail(acme, uuid).attempts == 1


def test_a_mail_that_another_worker_took_over_is_not_recorded_twice(
    acme: Database, domain: Domain
) -> None:
    (uuid,) = post(acme, "ann@example.org")

    def overtaken(session: Session, mails: Sequence[QueuedDelivery]) -> dict[UUID, str]:
        change(acme, uuid, claimed_until=NOW + timedelta(hours=1))
        return {}

    kinds = {KIND: MailKind(KIND, "tests.delivery", overtaken, domain.record)}
    assert deliver_due(acme, Kept(), kinds) == DeliveryCounts()
    assert domain.recorded == []
    assert mail(acme, uuid).status == "pending"


def test_a_mail_dropped_after_its_last_check_was_sent_all_the_same(
    acme: Database, domain: Domain
) -> None:
    (uuid,) = post(acme, "ann@example.org")

    def dropping(session: Session, mails: Sequence[QueuedDelivery]) -> dict[UUID, str]:
        with acme.transaction() as writing:
            subjects = [each.subject_uuid for each in mails]
            drop_pending(writing, subjects, [KIND], NOW, reason="None.")
        return {}

    kinds = {KIND: MailKind(KIND, "tests.delivery", dropping, domain.record)}
    assert deliver_due(acme, Kept(), kinds).delivered == 1
    assert mail(acme, uuid).status == "delivered"
    assert domain.outcomes(uuid) == ["delivered"]
