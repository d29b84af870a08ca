"""What is forgotten when, and what never is."""

from collections.abc import Mapping
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Delete, Update, delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bursar import clock
from bursar.audit.models import AuditEntry
from bursar.bulk_changes.models import BulkChange
from bursar.database import forgetting
from bursar.database.doors import Door, opened
from bursar.database.engine import Database
from bursar.delivery.models import Mail
from bursar.delivery.refusals import MailNotRetried, MailTextDeleted
from bursar.delivery.service import retry, text_of_mail
from bursar.enrollment.bulk import forgetting as bulk_forgetting
from bursar.enrollment.bulk.checks import check_bulk_enrollment
from bursar.enrollment.bulk.models import BulkEnrollmentAsked, BulkEnrollmentJob, BulkEnrollmentRow
from bursar.enrollment.direct.models import DirectEnrollment
from bursar.events.models import EventRecord
from bursar.identity.events import ClientSecretReplaced, ClientSecretRotated
from bursar.retention.service import forget_old
from bursar.settings import Settings
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.plans.models import SubscriptionPlan
from bursar.work import MAIL_KINDS
from testing.worlds import bulk_enrollment as world
from testing.worlds.bulk_enrollment import ACME, ACTOR, ANA, BOB, CYD, OPEN
from tests.enrollment.direct import calling
from tests.retention.life import (
    at,
    change_in_bulk,
    deliver,
    remind,
    rename_a_catalog,
    row_counts,
    settle,
)

START: Final = datetime(2027, 1, 1, 12, tzinfo=UTC)
KEPT: Final = Settings(mail_days=10, event_days=20, audit_days=40, bulk_days=30)


@pytest.fixture
def acme(database: Database) -> Database:
    with clock.frozen_at(START):
        settle(database)
    return database


def forget(database: Database, days: float, settings: Settings = KEPT) -> Mapping[str, int]:
    """So many days after the start. Only what was forgotten is answered."""
    with clock.frozen_at(at(START, days)):
        done = forget_old(database, settings)
    return {name: number for name, number in done.items() if number}


def count(database: Database, *conditions: object) -> int:
    with database.read() as connection:
        return connection.scalar(select(func.count()).where(*conditions)) or 0  # type: ignore[arg-type]


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
        rows = connection.execute(select(Mail.status, Mail.recipient, Mail.context))
        return {row.status: (row.recipient, bool(row.context)) for row in rows}


def test_the_text_of_a_mail_goes_first_and_the_mail_with_the_audit_trail(mailed: Database) -> None:
    assert "texts of mails" not in forget(mailed, 10)
    assert forget(mailed, 10.1) == {"texts of mails": 1}
    assert mails(mailed) == {"delivered": (BOB, False), "pending": (BOB, True)}
    assert forget(mailed, 39).keys() == {"data of events"}
    assert forget(mailed, 40.1)["mails"] == 1
    assert mails(mailed) == {"pending": (BOB, True)}


def test_a_mail_without_its_text_is_neither_shown_nor_sent_again(mailed: Database) -> None:
    with mailed.transaction() as session:
        session.execute(update(Mail).where(Mail.status == "delivered").values(status="failed"))
        uuid = session.scalar(select(Mail.uuid).where(Mail.status == "failed"))
    assert uuid is not None
    forget(mailed, 11)
    with mailed.read() as connection, pytest.raises(MailTextDeleted, match="no longer kept"):
        text_of_mail(connection, MAIL_KINDS, uuid)
    with mailed.transaction() as session, pytest.raises(MailNotRetried, match="no longer kept"):
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
    assert [version for version, _ in events(acme, "bulk_change")] == [2]
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
        uuids = session.scalars(select(Mail.uuid).where(Mail.status == "pending")).all()
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


# Bulk enrollments


def enroll(database: Database, *emails: str) -> UUID:
    with clock.frozen_at(START):
        return world.run(database, emails, [OPEN])


def is_known(database: Database, job: UUID) -> bool:
    return count(database, BulkEnrollmentJob.uuid == job) == 1


def test_a_job_that_is_done_is_forgotten_with_its_pairs(acme: Database) -> None:
    job = enroll(acme, ANA, CYD)
    assert "bulk enrollments" not in forget(acme, 30)
    assert is_known(acme, job)
    assert forget(acme, 30.1)["bulk enrollments"] == 1
    counts = row_counts(acme)
    assert {name: number for name, number in counts.items() if "bulk" in name} == {
        "bulk_changes": 0,
        "bulk_enrollment_asked": 0,
        "bulk_enrollment_jobs": 0,
        "bulk_enrollment_chunks": 0,
        "bulk_enrollment_rows": 0,
    }
    assert world.enrollments(acme) == [(ANA, OPEN)]


def test_a_job_that_is_not_done_stays(acme: Database) -> None:
    with clock.frozen_at(START), acme.transaction() as session:
        job = world.create(session, [ANA], [OPEN])
    forget(acme, 1_000)
    assert is_known(acme, job)


def test_who_may_still_activate_a_license_is_waited_for(acme: Database) -> None:
    job = enroll(acme, BOB)
    forget(acme, 500)
    assert is_known(acme, job)
    with clock.frozen_at(at(START, 501)):
        world.activate(acme, [BOB])
        assert world.settle_pending(acme, world.Lms()) == 1
    assert world.enrollments(acme) == [(BOB, OPEN)]
    # What came of it can be looked up for as long as of any other.
    forget(acme, 531)
    assert is_known(acme, job)
    forget(acme, 531.1)
    assert not is_known(acme, job)


def test_a_job_stays_while_the_answer_of_the_lms_is_unknown(acme: Database) -> None:
    job = enroll(acme, CYD)
    note = {"job_uuid": job, "number": 0, "license_uuid": uuid4()}
    with acme.transaction() as session:
        session.execute(insert(BulkEnrollmentAsked).values(note))
    forget(acme, 31)
    assert is_known(acme, job)
    with acme.transaction() as session:
        session.execute(delete(BulkEnrollmentAsked))
    forget(acme, 31)
    assert not is_known(acme, job)


def test_nobody_is_waited_for_when_the_plan_has_expired(acme: Database) -> None:
    job = enroll(acme, BOB)
    with acme.transaction() as session:
        session.execute(update(SubscriptionPlan).values(expiration_date=at(START, 200)))
    forget(acme, 199)
    assert is_known(acme, job)
    forget(acme, 200)
    assert not is_known(acme, job)


def test_nobody_is_waited_for_whose_license_is_gone(acme: Database) -> None:
    job = enroll(acme, BOB)
    with acme.transaction() as session:
        session.execute(
            update(License)
            .where(License.user_email == BOB)
            .values(status="revoked", revoked_at=START)
        )
    forget(acme, 31)
    assert not is_known(acme, job)


def test_a_deletion_that_broke_off_is_seen_by_nobody_and_goes_on(
    acme: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = enroll(acme, ANA, CYD)

    def break_down(*_arguments: object) -> int:
        raise RuntimeError("the power is out")

    with monkeypatch.context() as broken:
        # With the first part of the pairs gone.
        broken.setattr(bulk_forgetting, "delete_old", break_down)
        with pytest.raises(RuntimeError):
            forget(acme, 31)
    with acme.transaction() as session:
        session.execute(text("DELETE FROM bulk_enrollment_rows WHERE number = 0"))
    assert is_known(acme, job)
    with acme.transaction() as session:
        assert list(check_bulk_enrollment(session)) == []
    assert forget(acme, 31)["bulk enrollments"] == 1
    assert count(acme, BulkEnrollmentRow.job_uuid == job) == 0


# Bulk changes and course enrollments


def test_a_bulk_change_is_forgotten_after_it_ended(acme: Database) -> None:
    with clock.frozen_at(START):
        change_in_bulk(acme)
        change_in_bulk(acme)
    with acme.transaction() as session:
        first = select(BulkChange.uuid).limit(1).scalar_subquery()
        unfinished = {"state": "running", "finished_at": None}
        session.execute(update(BulkChange).where(BulkChange.uuid == first).values(unfinished))
    assert "bulk changes" not in forget(acme, 30)
    assert forget(acme, 31)["bulk changes"] == 1
    with acme.read() as connection:
        assert connection.scalars(select(BulkChange.state)).all() == ["running"]


def test_only_wishes_of_which_nothing_is_left_are_forgotten(acme: Database) -> None:
    with clock.frozen_at(START), acme.transaction() as session:
        world.know(session, [ANA, BOB, CYD])
    with clock.frozen_at(START):
        calling.ask(acme, *map(calling.wish, (ANA, BOB, CYD, "dan@acme.example")))
        calling.work(acme)
        calling.ask(acme, calling.leave(BOB), calling.leave(CYD))
        calling.work(acme, world.Lms())
    with acme.transaction() as session:
        of_cyd = calling.wishes(acme)[(CYD, OPEN)].id
        session.execute(
            update(DirectEnrollment)
            .where(DirectEnrollment.id == of_cyd)
            .values(state="failed", error="The LMS is odd.", in_lms=True)
        )
    assert "course enrollments" not in forget(acme, 30)
    assert forget(acme, 31)["course enrollments"] == 1
    assert set(calling.wishes(acme)) == {(each, OPEN) for each in (ANA, CYD, "dan@acme.example")}
    with clock.frozen_at(at(START, 32)):
        assert calling.told(acme, calling.wish(BOB)) == ["success"]
        calling.work(acme)
    assert calling.states(acme)[BOB] == (True, "done")


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
    assert count(acme, Mail.context != {}) == 1
    assert forget(acme, 11) == {"texts of mails": 1}


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
        delivered = select(Mail.id).where(Mail.status == "delivered")
        session.execute(delivered.with_for_update())
        assert forget(mailed, 11) == {}
    assert forget(mailed, 11) == {"texts of mails": 1}


def test_nothing_of_money_seats_and_people_is_forgotten(acme: Database) -> None:
    enroll(acme, ANA)
    kept = {"learners", "licenses", "subscription_plans", "enrollments", "enterprises"}
    before = row_counts(acme)
    forget(acme, 3_000)
    after = row_counts(acme)
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert all(before[name] for name in kept)
