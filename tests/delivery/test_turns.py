"""Whose delivery is taken next: enterprises take turns, and so do targets."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from bursar.database.engine import Database
from bursar.delivery import sending
from bursar.delivery.service import (
    Attempt,
    Channel,
    Lease,
    NewDelivery,
    NewMail,
    enqueue,
    enqueue_deliveries,
    is_any_due,
    release,
    take,
)
from bursar.identity.models import Enterprise
from testing.fakes.smtp import Sink
from tests.delivery.world import ACME, CONTEXT, KIND, NOW, Domain, deliver, post

GLOBEX = UUID("5b0a6e0f-3f43-4f27-9d1b-0a1d5a2f9c11")
MINUTE = timedelta(minutes=1)
LATER = NOW + MINUTE


@pytest.fixture
def both(acme: Database) -> Database:
    """With a second enterprise."""
    with acme.transaction() as session:
        enterprise = Enterprise(uuid=GLOBEX, name="Globex", slug="globex")
        enterprise.created_at = enterprise.modified_at = NOW
        session.add(enterprise)
    return acme


def webhooks(
    database: Database,
    target: UUID,
    *recipients: str,
    enterprise: UUID = ACME,
    now: datetime = NOW,
) -> None:
    new = [
        NewDelivery(
            channel=Channel.WEBHOOK,
            kind="license.assigned",
            enterprise_uuid=enterprise,
            subject_uuid=uuid4(),
            target_uuid=target,
            event_uuid=uuid4(),
            recipient=recipient,
        )
        for recipient in recipients
    ]
    with database.transaction() as session:
        enqueue_deliveries(session, new, now)


def taken(
    database: Database,
    limit: int,
    channel: Channel = Channel.MAIL,
    *,
    now: datetime = LATER,
    per_target: int | None = None,
) -> Lease:
    with database.transaction() as session:
        return take(session, channel, now, duration=MINUTE, limit=limit, per_target=per_target)


def names(lease: Lease) -> list[str]:
    return [delivery.recipient for delivery in lease.deliveries]


def test_one_mail_of_an_enterprise_comes_before_the_second_of_another(both: Database) -> None:
    post(both, *(f"a{number}@x.org" for number in range(50)))
    post(both, "g0@x.org", "g1@x.org", enterprise_uuid=GLOBEX, now=LATER)
    assert names(taken(both, 5)) == ["a0@x.org", "g0@x.org", "a1@x.org", "g1@x.org", "a2@x.org"]
    assert names(taken(both, 2)) == ["a3@x.org", "a4@x.org"]


def test_targets_of_an_enterprise_take_turns_and_enterprises_too(both: Database) -> None:
    busy, other, quiet = uuid4(), uuid4(), uuid4()
    webhooks(both, busy, "b0", "b1", "b2")
    webhooks(both, other, "o0", "o1", now=NOW + timedelta(seconds=1))
    webhooks(both, quiet, "q0", enterprise=GLOBEX, now=NOW + timedelta(seconds=2))
    assert names(taken(both, 10, Channel.WEBHOOK)) == ["b0", "q0", "o0", "b1", "o1", "b2"]


def test_a_target_gets_no_more_at_a_time_than_it_may(both: Database) -> None:
    busy, other = uuid4(), uuid4()
    webhooks(both, busy, "b0", "b1", "b2", "b3")
    webhooks(both, other, "o0")
    first = taken(both, 10, Channel.WEBHOOK, per_target=2)
    assert names(first) == ["b0", "o0", "b1"]
    assert taken(both, 10, Channel.WEBHOOK, per_target=2).is_empty
    assert names(taken(both, 10, Channel.WEBHOOK, per_target=3)) == ["b2"]
    with both.transaction() as session:
        release(session, first.deliveries[:1], first.until)
    assert names(taken(both, 10, Channel.WEBHOOK, per_target=3)) == ["b0"]
    # What a dead worker had is free again when its lease has ended.
    after = LATER + MINUTE
    assert names(taken(both, 10, Channel.WEBHOOK, per_target=2, now=after)) == ["b0", "o0", "b1"]


def test_channels_are_apart(both: Database) -> None:
    webhooks(both, uuid4(), "w")
    post(both, "a@x.org")
    with both.read() as connection:
        assert not is_any_due(connection, Channel.REPORT, LATER)
        assert is_any_due(connection, Channel.WEBHOOK, LATER)
        assert not is_any_due(connection, Channel.WEBHOOK, NOW - MINUTE)
        assert not is_any_due(connection, Channel.MAIL, LATER, kinds=["of another version"])
    [delivery] = taken(both, 10, Channel.WEBHOOK).deliveries
    assert (delivery.channel, delivery.kind) == ("webhook", "license.assigned")
    assert delivery.event_uuid is not None
    assert delivery.target_uuid is not None
    assert names(taken(both, 10)) == ["a@x.org"]


def test_nothing_is_taken_for_a_suspended_enterprise(both: Database) -> None:
    webhooks(both, uuid4(), "w")
    with both.transaction() as session:
        enterprise = session.get(Enterprise, ACME)
        assert enterprise is not None
        enterprise.suspended_at = NOW
    assert taken(both, 10, Channel.WEBHOOK).is_empty


def test_a_lease_has_room_for_what_ends_before_it(both: Database) -> None:
    post(both, "a@x.org")
    lease = taken(both, 1)
    assert lease.has_room_for(30)
    assert not lease.has_room_for(60)


def test_whoever_gives_back_what_it_did_not_begin_goes_on_with_the_next(both: Database) -> None:
    post(both, *(f"a{number}@x.org" for number in range(3)))
    post(both, "g0@x.org", "g1@x.org", enterprise_uuid=GLOBEX, now=LATER)
    turns, last = [], None
    for _ in range(4):
        with both.transaction() as session:
            lease = take(session, Channel.MAIL, LATER, duration=MINUTE, limit=2, after=last)
            begun, *others = lease.deliveries
            release(session, others, lease.until)
        turns.append(begun.recipient)
        last = begun.enterprise_uuid
    assert turns == ["a0@x.org", "g0@x.org", "a1@x.org", "g1@x.org"]


@pytest.mark.usefixtures("at_now")
def test_a_mail_that_comes_while_another_enterprise_fills_the_queue_is_the_next_one(
    both: Database, domain: Domain, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However slow the server is, because turns are taken anew after a moment."""
    monkeypatch.setattr(sending, "TURN_SECONDS", 0.0)
    post(both, *(f"a{number}@x.org" for number in range(8)))
    record = domain.record

    def another_comes(session: Session, attempts: Sequence[Attempt], now: datetime) -> None:
        record(session, attempts, now)
        if len(domain.recorded) == 3:
            late = NewMail(KIND, GLOBEX, uuid4(), "g@x.org", CONTEXT)
            enqueue(session, [late], NOW)

    monkeypatch.setattr(domain, "record", another_comes)
    assert deliver(both, domain, sink.url).delivered == 9
    assert [each.partition("@")[0] for each in sink.recipients] == [
        "a0", "a1", "a2", "g", "a3", "a4", "a5", "a6", "a7",
    ]  # fmt: skip
    assert sink.connections == 1
