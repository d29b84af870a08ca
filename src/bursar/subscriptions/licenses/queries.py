"""Reads of licenses, set by set: the number of statements depends on no number of licenses."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    func,
    literal_column,
    select,
)
from sqlalchemy.orm import Session

from bursar.batches import batched
from bursar.bulk_changes.commands import MOST_AT_ONCE, Change
from bursar.database.bulk import found_by_each, is_any_of
from bursar.database.text import address_contains
from bursar.database.types import AnyRow
from bursar.subscriptions.licenses.commands import (
    LicenseFilter,
    LicenseSelection,
    LiveLicense,
    UsableLicense,
)
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.states import LIVE, LicenseStatus
from bursar.subscriptions.plans.models import SubscriptionPlan

BATCH: Final = 10_000
"""E-mails or UUIDs of one statement: SQLite takes some thirty thousand parameters."""

licenses = License.__table__.c

SHOWN: Final = (
    licenses.uuid,
    licenses.status,
    licenses.user_email,
    licenses.lms_user_id,
    licenses.user_sfid,
    licenses.plan_uuid,
    licenses.assigned_at,
    licenses.activated_at,
    licenses.revoked_at,
)
"""What `views.license_item` shows. The other columns would take half of the time to read rows."""

# Written out: with a parameter in its place PostgreSQL could not use the partial indexes.
IS_LIVE: Final = licenses.status.in_([literal_column(f"'{status}'") for status in LIVE])
IS_UNASSIGNED: Final = licenses.status == literal_column(f"'{LicenseStatus.UNASSIGNED}'")

_BY_UUID: Final = select(*SHOWN).where(
    licenses.uuid == bindparam("license_uuid"), licenses.plan_uuid == bindparam("plan_uuid")
)


def license_of_plan(session: Session, plan_uuid: UUID, license_uuid: UUID) -> AnyRow:
    """Raises NoResultFound."""
    values = {"plan_uuid": plan_uuid, "license_uuid": license_uuid}
    return session.connection().execute(_BY_UUID, values).one()


@lru_cache(maxsize=2)
def _live_of_plan(dialect: str) -> Select[Any]:
    # Not IS_LIVE: while a plan's first licenses go out, PostgreSQL believes that the partial
    # indexes of live ones are all but empty, and would read the whole of one at every call.
    is_live = licenses.status != LicenseStatus.REVOKED.value
    conditions = (licenses.plan_uuid == bindparam("plan_uuid"), is_live)
    return found_by_each(dialect, SHOWN, conditions, licenses.user_email, "emails")


def live_rows(session: Session, plan_uuid: UUID, emails: Sequence[str]) -> list[AnyRow]:
    """The licenses of a plan that these learners hold."""
    found: list[AnyRow] = []
    statement = _live_of_plan(session.get_bind().dialect.name)
    for batch in batched(emails, BATCH):
        values = {"plan_uuid": plan_uuid, "emails": batch}
        found += session.connection().execute(statement, values).all()
    return found


def find_live_licenses(
    session: Session, plan_uuid: UUID, emails: Sequence[str]
) -> list[LiveLicense]:
    """The licenses of a plan that these learners hold, in no order."""
    return [
        LiveLicense(row.uuid, LicenseStatus(row.status), row.user_email)
        for row in live_rows(session, plan_uuid, emails)
    ]


def matching_rows(
    session: Session, plan_uuid: UUID, filters: Sequence[LicenseFilter]
) -> Sequence[AnyRow]:
    """The live licenses of a plan that all filters let through."""
    statement = select(*SHOWN).where(
        licenses.plan_uuid == plan_uuid,
        IS_LIVE,
        *(condition for each in filters for condition in _conditions_of(each)),
    )
    rows: Sequence[AnyRow] = session.connection().execute(statement).all()
    return rows


def _conditions_of(wanted: LicenseFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.user_email is not None:
        conditions.append(address_contains(licenses.user_email, wanted.user_email))
    if wanted.statuses is not None:
        conditions.append(licenses.status.in_(sorted(status.value for status in wanted.statuses)))
    return conditions


def plans_of_licenses(
    session: Session, enterprise_uuid: UUID, license_uuids: Sequence[UUID]
) -> Sequence[UUID]:
    mine = is_any_of(session, License.uuid, license_uuids)
    statement = select(licenses.plan_uuid).where(licenses.enterprise_uuid == enterprise_uuid, mine)
    return session.execute(statement.distinct()).scalars().all()


def find_usable_licenses(
    session: Session, enterprise_uuid: UUID, emails: Sequence[str], now: datetime
) -> dict[str, list[UsableLicense]]:
    """By e-mail, the plan that expires last first."""
    found: defaultdict[str, list[UsableLicense]] = defaultdict(list)
    plan = SubscriptionPlan.__table__.c
    for batch in batched(emails, BATCH):
        rows = session.execute(
            select(*licenses, plan.enterprise_catalog_uuid)
            .join_from(
                License.__table__, SubscriptionPlan.__table__, plan.uuid == licenses.plan_uuid
            )
            .where(
                licenses.enterprise_uuid == enterprise_uuid,
                is_any_of(session, License.user_email, batch),
                IS_LIVE,
                plan.is_active,
                plan.start_date <= now,
                plan.expiration_date > now,
            )
            .order_by(plan.expiration_date.desc(), plan.uuid)
        )
        for row in rows:
            found[row.user_email].append(
                UsableLicense(
                    license_uuid=row.uuid,
                    plan_uuid=row.plan_uuid,
                    catalog_uuid=row.enterprise_catalog_uuid,
                    is_activated=row.status == LicenseStatus.ACTIVATED,
                    lms_user_id=row.lms_user_id,
                )
            )
    return dict(found)


def hold_activated(session: Session, license_uuids: Sequence[UUID]) -> set[UUID]:
    """Those that are activated: they stay so until this transaction ends."""
    mine = is_any_of(session, License.uuid, license_uuids)
    statement = select(licenses.uuid).where(mine, licenses.status == LicenseStatus.ACTIVATED.value)
    # In one order, so that two who hold several never wait for each other.
    return set(session.scalars(statement.order_by(licenses.uuid).with_for_update(read=True)))


def live_among(session: Session, license_uuids: Sequence[UUID]) -> set[UUID]:
    """Those that a learner holds."""
    mine = is_any_of(session, License.uuid, license_uuids)
    return set(session.scalars(select(licenses.uuid).where(mine, IS_LIVE)))


def statuses_of_live(session: Session, license_uuids: Sequence[UUID]) -> dict[UUID, LicenseStatus]:
    mine = is_any_of(session, License.uuid, license_uuids)
    rows = session.execute(select(licenses.uuid, licenses.status).where(mine, IS_LIVE))
    return {row.uuid: LicenseStatus(row.status) for row in rows}


def lasting_among(session: Session, license_uuids: Sequence[UUID], now: datetime) -> set[UUID]:
    """Those that a learner holds, of plans that have not expired."""
    plans = SubscriptionPlan.__table__.c
    statement = (
        select(licenses.uuid)
        .join(SubscriptionPlan, plans.uuid == licenses.plan_uuid)
        .where(
            is_any_of(session, License.uuid, license_uuids), IS_LIVE, plans.expiration_date > now
        )
    )
    return set(session.scalars(statement))


def is_any_assigned(session: Session, enterprise_uuid: UUID) -> bool:
    """Whether a license of the enterprise was ever given to a learner."""
    statement = select(licenses.uuid).where(
        licenses.enterprise_uuid == enterprise_uuid, licenses.status != LicenseStatus.UNASSIGNED
    )
    return session.scalars(statement.limit(1)).first() is not None


def _selected(plan_uuid: UUID, wanted: LicenseSelection) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [licenses.plan_uuid == plan_uuid]
    if wanted.statuses != frozenset(LicenseStatus):
        conditions.append(licenses.status.in_(sorted(status.value for status in wanted.statuses)))
    if wanted.user_email is not None:
        conditions.append(licenses.user_email == wanted.user_email)
    if wanted.search is not None:
        conditions.append(address_contains(licenses.user_email, wanted.search))
    return conditions


def count_licenses(connection: Connection, plan_uuid: UUID, wanted: LicenseSelection) -> int:
    statement = select(func.count()).select_from(License.__table__)
    return connection.execute(statement.where(*_selected(plan_uuid, wanted))).scalar_one()


def count_by_status(
    connection: Connection, plan_uuid: UUID, wanted: LicenseSelection
) -> Counter[LicenseStatus]:
    statement = (
        select(licenses.status, func.count())
        .where(*_selected(plan_uuid, wanted))
        .group_by(licenses.status)
    )
    return Counter(
        {LicenseStatus(status): count for status, count in connection.execute(statement)}
    )


def selected_licenses(plan_uuid: UUID, wanted: LicenseSelection) -> Select[Any]:
    """By e-mail, those without one last."""
    return (
        select(*SHOWN)
        .where(*_selected(plan_uuid, wanted))
        .order_by(licenses.user_email.asc().nulls_last(), licenses.uuid)
    )


def page_of_licenses(
    connection: Connection, plan_uuid: UUID, wanted: LicenseSelection, *, offset: int, limit: int
) -> Sequence[AnyRow]:
    statement = selected_licenses(plan_uuid, wanted).offset(offset).limit(limit)
    rows: Sequence[AnyRow] = connection.execute(statement).all()
    return rows


def selected_rows(
    session: Session,
    plan_uuid: UUID,
    wanted: LicenseSelection,
    statuses: Sequence[LicenseStatus],
    *,
    limit: int,
) -> Sequence[AnyRow]:
    """Of the licenses that the selection shows, those in one of the statuses; by e-mail."""
    is_wanted = licenses.status.in_([status.value for status in statuses])
    statement = selected_licenses(plan_uuid, wanted).where(is_wanted).limit(limit)
    rows: Sequence[AnyRow] = session.connection().execute(statement).all()
    return rows


def next_selected_rows(
    session: Session, change: Change, statuses: Sequence[LicenseStatus]
) -> Sequence[AnyRow]:
    """The next licenses of a bulk change, by uuid. Those that were assigned after it was asked for
    are no part of it."""
    wanted = msgspec.convert(change.selection, LicenseSelection)
    statement = select(*SHOWN).where(
        *_selected(change.subject_uuid, wanted),
        licenses.status.in_([status.value for status in statuses]),
        licenses.assigned_at <= change.asked_at,
    )
    if change.last_uuid is not None:
        statement = statement.where(licenses.uuid > change.last_uuid)
    rows: Sequence[AnyRow] = (
        session.connection().execute(statement.order_by(licenses.uuid).limit(MOST_AT_ONCE)).all()
    )
    return rows


_OF_PERSON: Final = (
    # Through the plans: no index but that of their lists knows the licenses that are revoked.
    select(*SHOWN)
    .join_from(
        SubscriptionPlan.__table__,
        License.__table__,
        licenses.plan_uuid == SubscriptionPlan.__table__.c.uuid,
    )
    .where(
        SubscriptionPlan.__table__.c.enterprise_uuid == bindparam("of_enterprise"),
        licenses.user_email == bindparam("email"),
    )
    .order_by(licenses.assigned_at.desc(), licenses.uuid)
)


def rows_of_person(connection: Connection, enterprise_uuid: UUID, email: str) -> Sequence[AnyRow]:
    """Over all plans of the enterprise, whatever became of them, the latest first."""
    values = {"of_enterprise": enterprise_uuid, "email": email}
    rows: Sequence[AnyRow] = connection.execute(_OF_PERSON, values).all()
    return rows
