"""Writes licenses, set by set. The caller holds the lock on their plan, and changes its counts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    String,
    Update,
    Uuid,
    bindparam,
    delete,
    select,
    update,
)
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from bursar.batches import batched
from bursar.database.bulk import bulk_insert, is_any_of
from bursar.database.rows import awaited_rows, given_rows, row_parameters
from bursar.database.types import AnyRow, Instant
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.queries import BATCH, IS_UNASSIGNED, SHOWN, licenses
from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.subscriptions.licenses.views import LicenseItem

_TAKE: Final = (
    select(licenses.uuid)
    .where(licenses.plan_uuid == bindparam("plan_uuid"), IS_UNASSIGNED)
    # Without an order PostgreSQL would rather read the table until it meets some.
    .order_by(licenses.created_at)
    .limit(bindparam("number"))
)


def add_unassigned(
    session: Session, enterprise_uuid: UUID, plan_uuid: UUID, number: int, at: datetime
) -> None:
    empty = dict.fromkeys(licenses.keys()) | {
        "enterprise_uuid": enterprise_uuid,
        "plan_uuid": plan_uuid,
        "status": LicenseStatus.UNASSIGNED.value,
        "is_ending": False,
        "created_at": at,
        "modified_at": at,
    }
    # Made a batch at a time: a plan of a million licenses does not fit into memory at once.
    rows = ({**empty, "uuid": uuid4()} for _ in range(number))
    for batch in batched(rows, BATCH):
        bulk_insert(session, License, batch)


def remove_unassigned(session: Session, plan_uuid: UUID, number: int) -> None:
    surplus = select(licenses.uuid).where(licenses.plan_uuid == plan_uuid, IS_UNASSIGNED)
    session.connection().execute(delete(License).where(licenses.uuid.in_(surplus.limit(number))))


def take_unassigned(session: Session, plan_uuid: UUID, number: int) -> Sequence[UUID]:
    """The oldest; as many as there are when there are fewer."""
    values = {"plan_uuid": plan_uuid, "number": number}
    return session.connection().execute(_TAKE, values).scalars().all()


_ASSIGNED: Final[dict[str, TypeEngine[Any]]] = {
    "uuid": Uuid(as_uuid=True),
    "email": String(),
    "sfid": String(),
    "user_id": BigInteger(),
}


def write_assigned(session: Session, assigned: Sequence[LicenseItem], at: datetime) -> None:
    rows = [(each.uuid, each.user_email, each.user_sfid, each.lms_user_id) for each in assigned]
    values = row_parameters(session, _ASSIGNED, rows) | {"at": at}
    session.connection().execute(_assign_statement(session.get_bind().dialect.name), values)


@lru_cache(maxsize=2)
def _assign_statement(dialect: str) -> Update:
    given, at = awaited_rows(dialect, _ASSIGNED), bindparam("at", type_=licenses.assigned_at.type)
    return (
        update(License)
        .where(licenses.uuid == given.c.uuid)
        .values(
            status=LicenseStatus.ASSIGNED.value,
            user_email=given.c.email,
            user_sfid=given.c.sfid,
            lms_user_id=given.c.user_id,
            assigned_at=at,
            modified_at=at,
        )
    )


def write_activated(
    session: Session, enterprise_uuid: UUID, license_uuids: Sequence[UUID], at: datetime
) -> Sequence[AnyRow]:
    """Those that were assigned; others stay as they are."""
    rows: Sequence[AnyRow] = (
        session.connection()
        .execute(
            update(License)
            .where(
                licenses.enterprise_uuid == enterprise_uuid,
                is_any_of(session, License.uuid, license_uuids),
                licenses.status == LicenseStatus.ASSIGNED,
            )
            .values(status=LicenseStatus.ACTIVATED.value, activated_at=at, modified_at=at)
            .returning(*SHOWN)
        )
        .all()
    )
    return rows


def write_revoked(session: Session, license_uuids: Sequence[UUID], at: datetime) -> None:
    """Marks those that were activated: what they paid for has to end as well."""
    for batch in batched(license_uuids, BATCH):
        session.connection().execute(
            update(License)
            .where(is_any_of(session, License.uuid, batch))
            .values(
                status=LicenseStatus.REVOKED.value,
                revoked_at=at,
                modified_at=at,
                is_ending=licenses.status == LicenseStatus.ACTIVATED,
            )
        )


def write_accounts(session: Session, accounts: Mapping[UUID, int], at: datetime) -> None:
    """The learner's account in the LMS by license."""
    given = given_rows(
        session, {"uuid": Uuid(as_uuid=True), "user_id": BigInteger()}, list(accounts.items())
    )
    session.connection().execute(
        update(License)
        .where(licenses.uuid == given.c.uuid)
        .values(lms_user_id=given.c.user_id, modified_at=at)
    )


_COPIED: Final[dict[str, TypeEngine[Any]]] = {
    "uuid": Uuid(as_uuid=True),
    "renewed_from_uuid": Uuid(as_uuid=True),
    "user_email": String(),
    "user_sfid": String(),
    "lms_user_id": BigInteger(),
    "assigned_at": Instant(),
}


def write_copies(session: Session, copies: Sequence[tuple[UUID, AnyRow]], at: datetime) -> None:
    """Unassigned licenses, each with the row of the license that goes on in it."""
    given = given_rows(
        session,
        _COPIED,
        [
            (uuid, row.uuid, row.user_email, row.user_sfid, row.lms_user_id, row.assigned_at)
            for uuid, row in copies
        ],
    )
    copied = {name: given.c[name] for name in _COPIED if name != "uuid"}
    session.connection().execute(
        update(License)
        .where(licenses.uuid == given.c.uuid)
        .values(status=LicenseStatus.ASSIGNED.value, modified_at=at, **copied)
    )
    # In a second step: no license goes from unassigned to activated at once (see states).
    activated = [uuid for uuid, row in copies if row.status == LicenseStatus.ACTIVATED]
    if not activated:
        return
    before = License.__table__.alias("before")
    session.connection().execute(
        update(License)
        .where(is_any_of(session, License.uuid, activated))
        .where(before.c.uuid == licenses.renewed_from_uuid)
        .values(
            status=LicenseStatus.ACTIVATED.value,
            activated_at=before.c.activated_at,
            modified_at=at,
        )
    )
