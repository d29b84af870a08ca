from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.catalog.catalogs.commands import PutCatalog
from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.catalogs.service import put_catalog
from bursar.catalog.content.documents import parse_document
from bursar.catalog.imports.service import store_documents
from bursar.catalog.offers.service import Offer
from bursar.credit.assignments.deadlines import enrollment_deadline, refresh_deadlines
from bursar.credit.assignments.rules import (
    DAYS_TO_REDEEM,
    ENROLLMENT_DATE_PASSED,
    NINETY_DAYS_PASSED,
    SUBSIDY_EXPIRED,
    Deadline,
)
from bursar.credit.models import Assignment
from bursar.credit.policies.commands import PutSubsidy
from bursar.credit.policies.service import lock_enterprise, put_subsidy
from bursar.credit.states import AssignmentState
from bursar.database.engine import Database
from testing.worlds import credit as world
from testing.worlds.credit import DAY, NOW, Configuration

ACTOR = Actor("test")
SOON = NOW + 10 * DAY


def budget(session: Session) -> Configuration:
    enterprise = world.enterprise(session)
    subsidy = world.subsidy(session, enterprise)
    return world.configuration(session, world.policy(session, enterprise, subsidy))


def offer(enrollment_end: datetime | None, run_key: str | None) -> Offer:
    return Offer("edX+DemoX", "Demo", "edX+DemoX", None, enrollment_end, run_key)


def deadlines(session: Session) -> dict[UUID, Deadline]:
    rows = session.execute(select(Assignment.uuid, Assignment.expires_at, Assignment.expiry_reason))
    return {row.uuid: Deadline(row.expires_at, row.expiry_reason) for row in rows}


def expire_subsidy(session: Session, of: Configuration, at: datetime) -> str:
    lock_enterprise(session, of.enterprise_uuid)
    command = PutSubsidy(
        uuid=of.subsidy_uuid, enterprise_uuid=of.enterprise_uuid, expiration_datetime=at
    )
    return put_subsidy(session, ACTOR, command, at=NOW)


def publish(session: Session, of: Configuration, enrollment_end: datetime | None) -> None:
    end = enrollment_end and enrollment_end.isoformat()
    run = {
        "key": "course-v1:edX+DemoX+1",
        "status": "published",
        "is_enrollable": True,
        "enrollment_end": end,
    }
    document = {"key": "edX+DemoX", "title": "Demo", "course_runs": [run]}
    store_documents(session, ACTOR, [parse_document(document)], NOW)
    if session.get_one(Catalog, world.catalog_of(of.enterprise_uuid)).query_uuid is None:
        command = PutCatalog(
            enterprise_uuid=of.enterprise_uuid,
            catalog_uuid=world.catalog_of(of.enterprise_uuid),
            content_filter={"content_type": "course"},
        )
        put_catalog(session, ACTOR, command, at=NOW)


def test_a_subsidy_that_ends_sooner_or_later_takes_its_assignments_along(
    database: Database,
) -> None:
    with database.transaction() as session:
        of = budget(session)
        ninety = Deadline(NOW + DAYS_TO_REDEEM, NINETY_DAYS_PASSED)
        uuid = world.assignment(session, of)
        cancelled = world.assignment(session, of, (AssignmentState.CANCELLED, None))

        assert expire_subsidy(session, of, SOON) == "changed"
        assert deadlines(session) == {
            uuid: Deadline(SOON, SUBSIDY_EXPIRED),
            cancelled: ninety,
        }

        assert expire_subsidy(session, of, NOW + 500 * DAY) == "changed"
        assert deadlines(session) == {uuid: ninety, cancelled: ninety}


def test_new_content_changes_deadlines_and_only_rows_that_differ_are_counted(
    database: Database,
) -> None:
    with database.transaction() as session:
        of = budget(session)
        uuid = world.assignment(session, of)
        early = world.assignment(session, of, allocated_at=NOW - 85 * DAY)
        where = of.enterprise_uuid, of.policy_uuid

        publish(session, of, SOON)
        assert refresh_deadlines(session, *where, NOW) == 1
        assert deadlines(session) == {
            uuid: Deadline(SOON, ENROLLMENT_DATE_PASSED),
            early: Deadline(NOW + 5 * DAY, NINETY_DAYS_PASSED),
        }
        assert refresh_deadlines(session, *where, NOW) == 0

        publish(session, of, None)
        assert refresh_deadlines(session, *where, NOW) == 1
        assert deadlines(session)[uuid].reason == NINETY_DAYS_PASSED


def test_an_enrollment_deadline_that_passed_does_not_go_away(database: Database) -> None:
    with database.transaction() as session:
        of = budget(session)
        uuid = world.assignment(session, of)
        publish(session, of, SOON)
        refresh_deadlines(session, of.enterprise_uuid, of.policy_uuid, NOW)

        after = SOON + timedelta(seconds=1)
        assert refresh_deadlines(session, of.enterprise_uuid, of.policy_uuid, after) == 0
        assert deadlines(session)[uuid] == Deadline(SOON, ENROLLMENT_DATE_PASSED)


def test_a_policy_of_another_enterprise_is_not_there(database: Database) -> None:
    with database.transaction() as session:
        of = budget(session)
        world.assignment(session, of)
        publish(session, of, SOON)
        stranger = world.enterprise(session, "globex")

        assert refresh_deadlines(session, stranger, of.policy_uuid, NOW) == 0
        assert refresh_deadlines(session, of.enterprise_uuid, of.policy_uuid, NOW) == 1


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (offer(SOON, "run"), SOON),
        (offer(None, "run"), None),
        (offer(SOON, None), SOON),
        (offer(None, None), NOW),
        (None, NOW),
    ],
)
def test_what_is_offered_says_until_when_one_may_enroll(
    found: Offer | None, expected: datetime | None
) -> None:
    assert enrollment_deadline(found, None, Deadline(NOW, ENROLLMENT_DATE_PASSED)) == expected
    if expected is NOW:
        assert enrollment_deadline(found, None, Deadline(NOW, SUBSIDY_EXPIRED)) is None
