"""What is forgotten when, and what never is."""

from contextlib import nullcontext
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Delete, Update, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bursar import clock
from bursar.audit.models import AuditEntry
from bursar.database import forgetting
from bursar.database.doors import Door, opened
from bursar.database.engine import Database
from bursar.delivery.models import Delivery
from bursar.delivery.refusals import MailTextDeleted, NotRetried
from bursar.delivery.service import retry, text_of_mail
from bursar.events.models import EventRecord
from bursar.identity.events import ClientSecretReplaced, ClientSecretRotated
from bursar.settings import Settings
from bursar.work import MAIL_KINDS
from testing.worlds.bulk_enrollment import ACME, ACTOR, BOB
from tests.retention.life import (
    START,
    at,
    change_in_bulk,
    count,
    deliver,
    forget,
    remind,
    rename_a_catalog,
)

# Mails


@pytest.fixture
def mailed(acme: Database) -> Database:
    with clock.frozen_at(START):
        remind(acme)
        deliver(acme)
        remind(acme)
    return acme


def mails(database: Database) -> dict[str, tuple[str, bool]]:
    """By status: the address, and whether the text is there."""
    with database.read() as connection:
        rows = connection.execute(select(Delivery.status, Delivery.recipient, Delivery.context))
        return {row.status: (row.recipient, bool(row.context)) for row in rows}


def test_the_text_of_a_mail_goes_first_and_the_mail_with_the_audit_trail(mailed: Database) -> None:
    assert "texts of mails" not in forget(mailed, 10)
    assert forget(mailed, 10.1) == {"texts of mails": 1, "answers": 1}
    assert mails(mailed) == {"delivered": (BOB, False), "pending": (BOB, True)}
    assert forget(mailed, 39).keys() == {"data of events"}
    assert forget(mailed, 40.1)["deliveries"] == 1
    assert mails(mailed) == {"pending": (BOB, True)}


def test_a_mail_without_its_text_is_neither_shown_nor_sent_again(mailed: Database) -> None:
    with mailed.transaction() as session:
        session.execute(
            update(Delivery).where(Delivery.status == "delivered").values(status="failed")
        )
        uuid = session.scalar(select(Delivery.uuid).where(Delivery.status == "failed"))
    assert uuid is not None
    forget(mailed, 11)
    with mailed.read() as connection, pytest.raises(MailTextDeleted, match="no longer kept"):
        text_of_mail(connection, MAIL_KINDS, uuid)
    with mailed.transaction() as session, pytest.raises(NotRetried, match="no longer kept"):
        retry(session, ACTOR, [uuid], at(START, 11))


# Events and audit entries


def events(database: Database, object_type: str) -> list[tuple[int, bool]]:
    """The versions, and whether the object is shown."""
    statement = select(EventRecord.version, EventRecord.data.is_not(None).label("shown"))
    with database.read() as connection:
        found = connection.execute(
            statement.where(EventRecord.object_type == object_type).order_by(EventRecord.id)
        )
        return [(version, bool(shown)) for version, shown in found]


def test_an_event_loses_its_data_and_nothing_else(acme: Database) -> None:
    columns = [column for column in EventRecord.__table__.c if column.name != "data"]
    with acme.read() as connection:
        before = connection.execute(select(*columns).order_by(EventRecord.id)).all()
        shown = count(acme, EventRecord.data.is_not(None))
    assert forget(acme, 20) == {}
    assert forget(acme, 20.1) == {"data of events": shown}
    with acme.read() as connection:
        assert connection.execute(select(*columns).order_by(EventRecord.id)).all() == before
    assert count(acme, EventRecord.data.is_not(None)) == 0
    assert forget(acme, 20.1) == {}


def test_the_newest_event_stays_so_that_versions_go_on(acme: Database) -> None:
    for day in (0, 1, 25):
        with clock.frozen_at(at(START, day)):
            rename_a_catalog(acme)
    known = [version for version, _ in events(acme, "catalog")]
    assert known == [1, 1, 1, 2, 3, 4]
    forget(acme, 41.1)
    assert events(acme, "catalog") == [(1, False), (1, False), (4, True)]
    forget(acme, 100)
    assert events(acme, "catalog") == [(1, False), (1, False), (4, False)]
    with clock.frozen_at(at(START, 101)):
        rename_a_catalog(acme)
    assert events(acme, "catalog")[-1] == (5, True)


def test_how_a_client_got_its_secret_stays_known(acme: Database) -> None:
    row = {
        "object_type": ClientSecretRotated.object_type,
        "object_id": "acme-hr",
        "actor_kind": "system",
        "actor": "test",
        "changes": {},
        "at": START,
    }
    told = [
        ClientSecretReplaced.type,
        ClientSecretRotated.type,
        ClientSecretRotated.type,
        "client.disabled",
    ]
    with acme.transaction() as session:
        for version, kind in enumerate(told, 1):
            stored = row | {"uuid": uuid4(), "type": kind, "version": version}
            session.execute(insert(EventRecord).values(stored))
    forget(acme, 41)
    assert [version for version, _ in events(acme, "client")] == [1, 3, 4]


def test_the_last_event_of_what_is_gone_goes_too(acme: Database) -> None:
    with clock.frozen_at(START):
        change_in_bulk(acme)
    longer = Settings(mail_days=10, event_days=20, audit_days=40, bulk_days=60)
    forget(acme, 50, longer)
    assert [version for version, _ in events(acme, "bulk_change")] == [1, 1]
    assert forget(acme, 61, longer)["bulk changes"] == 1
    assert events(acme, "bulk_change") == []


def test_what_operators_did_to_jobs_is_forgotten_whatever_the_job_is_called(acme: Database) -> None:
    row = {
        "uuid": uuid4(),
        "type": "job.retried",
        "object_type": "job",
        "object_id": "no uuid",
        "version": 1,
        "at": START,
        "actor_kind": "system",
        "actor": "test",
        "changes": {},
    }
    with acme.transaction() as session:
        session.execute(insert(EventRecord).values(row))
    forget(acme, 40)
    assert events(acme, "job") == [(1, False)]
    forget(acme, 41)
    assert events(acme, "job") == []


def test_what_operators_did_to_mails_is_forgotten_with_the_mails(mailed: Database) -> None:
    with mailed.transaction() as session:
        uuids = session.scalars(select(Delivery.uuid).where(Delivery.status == "pending")).all()
        retry(session, ACTOR, uuids, START)
    forget(mailed, 41)
    assert events(mailed, "mail") == [(1, False)], "the mail still waits"
    with clock.frozen_at(at(START, 41)):
        deliver(mailed)
    forget(mailed, 42)
    assert events(mailed, "mail") == []


@pytest.mark.parametrize("enterprise", [ACME, None])
def test_old_audit_entries_are_deleted(acme: Database, enterprise: UUID | None) -> None:
    entry = {"actor": "tester", "action": "done", "object_type": "thing", "object_id": "1"}
    with acme.transaction() as session:
        for day in (0, 5):
            more = {"at": at(START, day), "details": {}, "enterprise_uuid": enterprise}
            session.execute(insert(AuditEntry).values(**entry, **more))
    assert forget(acme, 44)["audit entries"] == 1
    with acme.read() as connection:
        assert connection.scalars(select(AuditEntry.at)).all() == [at(START, 5)]


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        ("UPDATE events SET data = NULL", True),
        ("UPDATE events SET data = NULL, actor = 'somebody else'", False),
        ("UPDATE events SET data = NULL, changes = '{}'", False),
        ("UPDATE events SET data = NULL, enterprise_uuid = NULL", False),
        ("UPDATE events SET data = '{}'", False),
        ("UPDATE audit_entries SET actor = 'somebody else'", False),
        ("DELETE FROM ledger_entries", True),  # there is none
    ],
)
def test_the_door_lets_nothing_else_through(
    acme: Database, statement: str, *, allowed: bool
) -> None:
    entry = {"actor": "tester", "action": "done", "object_type": "thing", "object_id": "1"}
    with acme.transaction() as session:
        session.execute(insert(AuditEntry).values(**entry, at=START, details={}))
    refused = pytest.raises(DBAPIError, match="append-only")
    outcome = nullcontext() if allowed else refused
    with outcome, acme.transaction() as session, opened(session, Door.RETENTION):
        session.execute(text(statement))


# Batches


def test_many_rows_go_in_batches_each_of_which_lasts(
    acme: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with clock.frozen_at(START):
        for _ in range(5):
            remind(acme)
        deliver(acme)
    monkeypatch.setattr(forgetting, "BATCH", 2)
    real, sizes = forgetting.changed_rows, list[int]()

    def changed_rows(session: Session, statement: Update | Delete) -> int:
        if number := real(session, statement):
            if len(sizes) == 2:
                raise RuntimeError("the power is out")
            sizes.append(number)
        return number

    with monkeypatch.context() as broken:
        broken.setattr(forgetting, "changed_rows", changed_rows)
        with pytest.raises(RuntimeError):
            forget(acme, 11)
    assert sizes == [2, 2]
    assert count(acme, Delivery.context != {}) == 1
    assert forget(acme, 11)["texts of mails"] == 1


def test_events_go_in_batches_past_those_that_stay(
    acme: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(7):
        with clock.frozen_at(at(START, day / 10)):
            rename_a_catalog(acme)
    others = count(acme, EventRecord.object_type != "catalog")
    monkeypatch.setattr("bursar.events.forgetting.BATCH", 2)
    forget(acme, 41)
    assert [version for version, _ in events(acme, "catalog")] == [1, 1, 8]
    assert 0 < count(acme, EventRecord.object_type != "catalog") <= others


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_what_another_transaction_holds_is_left_for_the_next_time(mailed: Database) -> None:
    with mailed.transaction() as session:
        delivered = select(Delivery.id).where(Delivery.status == "delivered")
        session.execute(delivered.with_for_update())
        assert "texts of mails" not in forget(mailed, 11)
    assert forget(mailed, 11) == {"texts of mails": 1}
