"""No mail of a sandbox reaches a mail server."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.delivery.captured import BOUNCED, CAPTURED
from bursar.delivery.channel import QueuedDelivery
from bursar.delivery.queries import attempts_of
from bursar.delivery.sending import DeliveryCounts
from bursar.identity.models import Enterprise
from bursar.sandboxes.service import reset, set_faults
from bursar.sandboxes.views import Faults, MailFaults
from testing.fakes.smtp import Sink
from testing.servers.processes import free_port
from tests.delivery.world import NOW, Domain, deliver, mail, post, statuses

pytestmark = pytest.mark.usefixtures("at_now")


@pytest.fixture
def sandbox(acme: Database) -> UUID:
    """Beside Acme, which is none."""
    uuid = uuid4()
    with acme.transaction() as session:
        named = {"name": "Rehearsal", "slug": "rehearsal", "is_sandbox": True}
        session.add(Enterprise(uuid=uuid, created_at=NOW, modified_at=NOW, **named))
    return uuid


def test_its_mails_are_captured_while_those_of_others_are_sent(
    acme: Database, domain: Domain, sink: Sink, sandbox: UUID
) -> None:
    post(acme, "ann@example.org")
    (uuid,) = post(acme, "bob@example.org", enterprise_uuid=sandbox)
    assert deliver(acme, domain, sink.url) == DeliveryCounts(delivered=2)
    assert [arrived.recipient for arrived in sink.deliveries] == ["ann@example.org"]
    captured = mail(acme, uuid)
    assert (captured.status, captured.error, captured.finished_at) == ("delivered", None, NOW)
    with acme.read() as connection:
        (attempt,) = attempts_of(connection, [captured.id])[captured.id]
    assert (attempt.answer, attempt.status) == (CAPTURED, None)
    assert domain.outcomes(uuid) == ["delivered"], "the domain is told as of every other mail"


def test_they_need_no_mail_server(acme: Database, domain: Domain, sandbox: UUID) -> None:
    post(acme, "bob@example.org", enterprise_uuid=sandbox)
    away = f"smtp://127.0.0.1:{free_port()}"
    assert deliver(acme, domain, away) == DeliveryCounts(delivered=1)


@pytest.mark.parametrize("has_server", [True, False])
def test_its_mails_bounce_if_a_test_wants_it(
    acme: Database, domain: Domain, sink: Sink, sandbox: UUID, has_server: bool
) -> None:
    with acme.transaction() as session:
        bouncing = Faults(mail=MailFaults(bounce=True))
        set_faults(session, Actor("test"), sandbox, bouncing, at=NOW)
    (sent,) = post(acme, "ann@example.org")
    (uuid,) = post(acme, "bob@example.org", enterprise_uuid=sandbox)
    url = sink.url if has_server else ""
    assert deliver(acme, domain, url) == DeliveryCounts(delivered=1, failed=1)
    bounced = mail(acme, uuid)
    assert (bounced.status, bounced.error, bounced.attempts) == ("failed", BOUNCED, 1)
    with acme.read() as connection:
        (attempt,) = attempts_of(connection, [bounced.id])[bounced.id]
    assert (attempt.answer, attempt.status) == (BOUNCED, 550)
    assert (domain.outcomes(sent), domain.outcomes(uuid)) == (["delivered"], ["failed"])


def test_what_is_no_longer_wanted_is_dropped(
    acme: Database, domain: Domain, sink: Sink, sandbox: UUID
) -> None:
    (uuid,) = post(acme, "bob@example.org", enterprise_uuid=sandbox)
    domain.unwanted.add(uuid)
    assert deliver(acme, domain, sink.url) == DeliveryCounts(dropped=1)


def test_a_reset_forgets_the_mails_of_the_sandbox_only(
    acme: Database, domain: Domain, sandbox: UUID
) -> None:
    post(acme, "ann@example.org")
    post(acme, "bob@example.org", enterprise_uuid=sandbox)
    deliver(acme, domain)
    post(acme, "cid@example.org", enterprise_uuid=sandbox)
    assert statuses(acme) == ["delivered", "delivered", "pending"]
    with acme.transaction() as session:
        reset(session, Actor("test"), sandbox, at=NOW)
    assert statuses(acme) == ["delivered"]
    assert deliver(acme, domain) == DeliveryCounts()


def test_a_mail_that_a_worker_has_in_hand_during_a_reset_is_forgotten(
    acme: Database, sandbox: UUID
) -> None:
    class Interrupted(Domain):
        def why_untrue(self, session: Session, mails: Sequence[QueuedDelivery]) -> dict[UUID, str]:
            with acme.transaction() as other:
                reset(other, Actor("test"), sandbox, at=NOW)
            return super().why_untrue(session, mails)

    domain = Interrupted()
    (sent,) = post(acme, "ann@example.org")
    (forgotten,) = post(acme, "bob@example.org", enterprise_uuid=sandbox)
    assert deliver(acme, domain) == DeliveryCounts(delivered=1)
    assert (domain.outcomes(sent), domain.outcomes(forgotten)) == (["delivered"], [])
    assert statuses(acme) == ["delivered"]
