"""What happens in an enterprise again and again, through the services; the clock says when."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import uuid4

from sqlalchemy import func, select

from bursar import clock
from bursar.bulk_changes.commands import RequestChange
from bursar.bulk_changes.service import make_next, request_change
from bursar.catalog.catalogs.commands import PutCatalog
from bursar.catalog.catalogs.service import put_catalog
from bursar.database.engine import Database
from bursar.delivery.channel import Kept
from bursar.delivery.sending import deliver_due
from bursar.enrollment.direct.jobs import queue_again
from bursar.enrollment.direct.working import Working, work_on
from bursar.jobs.queue import JobQueue
from bursar.retention.service import forget_old
from bursar.schema import metadata
from bursar.settings import Settings
from bursar.subscriptions.licenses import selected, service
from bursar.subscriptions.licenses.commands import RemindLearners
from bursar.web.idempotency import begin, forget_expired
from bursar.work import MAIL_KINDS
from testing.worlds import bulk_enrollment as world
from testing.worlds.bulk_enrollment import ACME, ACTOR, ANA, BOB, CYD, INTRODUCTORY, OPEN, PLAN
from tests.enrollment.direct import calling

DAY = timedelta(days=1)
START: Final = datetime(2027, 1, 1, 12, tzinfo=UTC)
KEPT: Final = Settings(mail_days=10, event_days=20, audit_days=40, bulk_days=30)


def settle(database: Database) -> None:
    """Ana has activated her license, Bob has not and has no account, Cyd has only an account."""
    with database.transaction() as session:
        world.build(session)
        world.plan(session, expiration_date=clock.now() + 1_000 * DAY)
        world.give(session, [ANA, BOB])
        world.know(session, [ANA, CYD])
    world.activate(database, [ANA])


def live_a_day(database: Database) -> None:
    remind(database)
    world.run(database, [ANA, CYD], [OPEN], notify=True)
    change_in_bulk(database)
    enroll_for_a_day(database)
    rename_a_catalog(database)
    with database.transaction() as session:
        begin(session, uuid4().hex, b"", clock.now(), DAY)
        forget_expired(session, clock.now())
    deliver(database)


def remind(database: Database) -> None:
    with database.transaction() as session:
        service.remind(session, ACTOR, RemindLearners(ACME, PLAN, [BOB]))


def deliver(database: Database) -> None:
    deliver_due(database, Kept(), MAIL_KINDS)


def change_in_bulk(database: Database) -> None:
    wanted = RequestChange(ACME, selected.REMIND, PLAN, {}, 1)
    with database.transaction() as session:
        uuid = request_change(session, ACTOR, wanted, clock.now())
    while make_next(database, selected.KINDS, uuid):
        pass


def enroll_for_a_day(database: Database) -> None:
    """Cyd joins and leaves."""
    working = Working(database, world.Lms(), queue_again(JobQueue(database)), calling.LMS_URL)
    for wish in (calling.wish(CYD), calling.leave(CYD)):
        calling.ask(database, wish)
        for batch in calling.queued(database):
            while work_on(working, batch, 100):
                pass


def rename_a_catalog(database: Database) -> None:
    command = PutCatalog(
        enterprise_uuid=ACME,
        catalog_uuid=INTRODUCTORY,
        title=f"Catalog of {clock.now():%d %B %H:%M}",
        content_filter={"content_type": "course", "level_type": "Introductory"},
    )
    with database.transaction() as session:
        put_catalog(session, ACTOR, command, at=clock.now())


def row_counts(database: Database) -> Mapping[str, int]:
    """Of every table."""
    with database.read() as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in metadata.sorted_tables
        }


def at(instant: datetime, days: float) -> datetime:
    return instant + days * DAY


def forget(database: Database, days: float, settings: Settings = KEPT) -> Mapping[str, int]:
    """So many days after the start. Only what was forgotten is answered."""
    with clock.frozen_at(at(START, days)):
        done = forget_old(database, settings)
    return {name: number for name, number in done.items() if number}


def count(database: Database, *conditions: object) -> int:
    with database.read() as connection:
        return connection.scalar(select(func.count()).where(*conditions)) or 0  # type: ignore[arg-type]
