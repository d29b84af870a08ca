"""The figures of mail."""

from datetime import timedelta

from sqlalchemy import update

from bursar.database.engine import Database
from bursar.delivery.figures import RECENT, mail_figures
from bursar.delivery.models import Delivery
from tests.delivery.world import NOW, post, settle


def values(database: Database) -> dict[str, dict[tuple[str, ...], float]]:
    with database.read() as connection:
        return {each.name: dict(each.values) for each in mail_figures(connection, NOW)}


def test_without_mail_everything_is_zero(database: Database) -> None:
    assert values(database) == {
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
        "bursar_mails": {("waiting",): 2, ("retrying",): 1},
        "bursar_mails_oldest_seconds": {(): 7200},
        "bursar_mails_failed_recently": {(): 2},
    }
