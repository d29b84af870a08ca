"""The database knows the same life of a license as the table in states.py."""

from datetime import datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import DBAPIError

from bursar.database.engine import Database
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.states import (
    LICENSE_MOVES,
    LIVE,
    IllegalMove,
    LicenseAction,
    LicenseStatus,
    after,
)
from testing.worlds.subscriptions import ENTERPRISE, NOW, PLAN

WAYS = {
    LicenseStatus.UNASSIGNED: (),
    LicenseStatus.ASSIGNED: ("assigned",),
    LicenseStatus.ACTIVATED: ("assigned", "activated"),
    LicenseStatus.REVOKED: ("assigned", "revoked"),
}
RESULTS = {
    LicenseAction.ASSIGN: LicenseStatus.ASSIGNED,
    LicenseAction.ACTIVATE: LicenseStatus.ACTIVATED,
    LicenseAction.REVOKE: LicenseStatus.REVOKED,
}


def columns_of(status: str) -> dict[str, str | datetime | None]:
    return {
        "status": status,
        "user_email": None if status == "unassigned" else "a@acme.example",
        "assigned_at": None if status == "unassigned" else NOW,
        "activated_at": NOW if status == "activated" else None,
        "revoked_at": NOW if status == "revoked" else None,
    }


def add(database: Database, status: str = "unassigned") -> UUID:
    uuid = uuid4()
    with database.transaction() as session:
        session.execute(
            insert(License).values(
                uuid=uuid,
                enterprise_uuid=ENTERPRISE,
                plan_uuid=PLAN,
                is_ending=False,
                created_at=NOW,
                modified_at=NOW,
                **columns_of(status),
            )
        )
    return uuid


def lead(database: Database, uuid: UUID, status: str) -> None:
    with database.transaction() as session:
        session.execute(update(License).where(License.uuid == uuid).values(**columns_of(status)))


@pytest.mark.parametrize("event", LicenseAction)
@pytest.mark.parametrize("status", LicenseStatus)
def test_every_move_is_possible_in_both_or_in_none(
    acme: Database, status: LicenseStatus, event: LicenseAction
) -> None:
    uuid = add(acme)
    for step in WAYS[status]:
        lead(acme, uuid, step)
    if (status, event) in LICENSE_MOVES:
        assert after(status, event) is RESULTS[event]
        lead(acme, uuid, RESULTS[event])
        return
    with pytest.raises(IllegalMove):
        after(status, event)
    if RESULTS[event] is not status:  # the same status again is no move to a database
        with pytest.raises(DBAPIError):
            lead(acme, uuid, RESULTS[event])


@pytest.mark.parametrize("status", LicenseStatus)
def test_nothing_leads_back_to_unassigned(acme: Database, status: LicenseStatus) -> None:
    uuid = add(acme)
    for step in WAYS[status]:
        lead(acme, uuid, step)
    if status is not LicenseStatus.UNASSIGNED:
        with pytest.raises(DBAPIError):
            lead(acme, uuid, "unassigned")


@pytest.mark.parametrize("status", ["assigned", "activated", "revoked"])
def test_a_license_begins_unassigned(acme: Database, status: str) -> None:
    with pytest.raises(DBAPIError):
        add(acme, status)


@pytest.mark.parametrize("status", LIVE)
def test_a_learner_cannot_hold_two_of_a_plan(acme: Database, status: str) -> None:
    first, second = add(acme), add(acme)
    for step in WAYS[LicenseStatus(status)]:
        lead(acme, first, step)
    with pytest.raises(DBAPIError):
        lead(acme, second, "assigned")
    lead(acme, first, "revoked")
    lead(acme, second, "assigned")
