"""The figures of mail and of other channels."""

from datetime import timedelta
from uuid import uuid4

from sqlalchemy import update

from bursar.database.engine import Database
from bursar.delivery.figures import RECENT, delivery_figures
from bursar.delivery.models import Channel, Delivery
from bursar.delivery.service import NewDelivery, enqueue_deliveries
from tests.delivery.world import ACME, NOW, post, settle


def values(database: Database) -> dict[str, dict[tuple[str, ...], float]]:
    """Those that are not zero, and all of mails."""
    found = all_values(database)
    return {
        name: {key: value for key, value in each.items() if value or "mails" in name}
        for name, each in found.items()
    }


def all_values(database: Database) -> dict[str, dict[tuple[str, ...], float]]:
    with database.read() as connection:
        return {each.name: dict(each.values) for each in delivery_figures(connection, NOW)}


def test_without_deliveries_everything_is_zero(database: Database) -> None:
    channels = [(channel.value,) for channel in Channel]
    states = [(*channel, state) for channel in channels for state in ("waiting", "retrying")]
    assert all_values(database) == {
        "bursar_deliveries": dict.fromkeys(states, 0),
        "bursar_deliveries_oldest_seconds": dict.fromkeys(channels, 0),
        "bursar_deliveries_failed_recently": dict.fromkeys(channels, 0),
        "bursar_mails": {("waiting",): 0, ("retrying",): 0},
        "bursar_mails_oldest_seconds": {(): 0},
        "bursar_mails_failed_recently": {(): 0},
    }


def test_mails_are_counted_by_what_became_of_them(database: Database) -> None:
    settle(database)
    post(database, "a@example.org", "b@example.org", now=NOW - timedelta(minutes=5))
    [tried] = post(database, "c@example.org", now=NOW - timedelta(hours=2))
    failed = post(database, "d@example.org", "e@example.org", "f@example.org")
    done = post(database, "g@example.org")
    instants = [NOW - timedelta(hours=1), NOW - timedelta(hours=2), NOW - RECENT]
    with database.transaction() as session:
        session.execute(update(Delivery).where(Delivery.uuid == tried).values(attempts=2))
        for uuid, at in zip(failed, instants, strict=True):
            ended = {"status": "failed", "finished_at": at}
            session.execute(update(Delivery).where(Delivery.uuid == uuid).values(ended))
        delivered = {"status": "delivered", "finished_at": NOW}
        session.execute(update(Delivery).where(Delivery.uuid == done[0]).values(delivered))
    assert values(database) == {
        "bursar_deliveries": {("mail", "waiting"): 2, ("mail", "retrying"): 1},
        "bursar_deliveries_oldest_seconds": {("mail",): 7200},
        "bursar_deliveries_failed_recently": {("mail",): 2},
        "bursar_mails": {("waiting",): 2, ("retrying",): 1},
        "bursar_mails_oldest_seconds": {(): 7200},
        "bursar_mails_failed_recently": {(): 2},
    }


def test_an_endpoint_that_is_down_is_no_trouble_of_mail(database: Database) -> None:
    settle(database)
    new = [
        NewDelivery(
            channel=Channel.WEBHOOK,
            kind="license.assigned",
            enterprise_uuid=ACME,
            subject_uuid=uuid4(),
            target_uuid=uuid4(),
            recipient="https://example.org/hook",
        )
        for _ in range(3)
    ]
    with database.transaction() as session:
        enqueue_deliveries(session, new, NOW - timedelta(hours=3))
        tried = update(Delivery).where(Delivery.uuid == new[0].uuid)
        session.execute(tried.values(attempts=1))
        failed = update(Delivery).where(Delivery.uuid == new[1].uuid)
        session.execute(failed.values(status="failed", finished_at=NOW))
    assert values(database) == {
        "bursar_deliveries": {("webhook", "waiting"): 1, ("webhook", "retrying"): 1},
        "bursar_deliveries_oldest_seconds": {("webhook",): 10_800},
        "bursar_deliveries_failed_recently": {("webhook",): 1},
        "bursar_mails": {("waiting",): 0, ("retrying",): 0},
        "bursar_mails_oldest_seconds": {(): 0},
        "bursar_mails_failed_recently": {(): 0},
    }
