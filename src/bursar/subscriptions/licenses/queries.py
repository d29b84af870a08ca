"""Reads of licenses, set by set."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, select

from bursar.database.text import contains_in_any_case
from bursar.database.types import AnyRow
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.states import LicenseStatus

_license = License.__table__


@dataclass(frozen=True, slots=True)
class LicenseSelection:
    plan_uuid: UUID
    statuses: frozenset[LicenseStatus]
    search: str | None

    def conditions(self) -> list[ColumnElement[bool]]:
        conditions = [_license.c.plan_uuid == self.plan_uuid]
        if self.statuses != frozenset(LicenseStatus):
            statuses = sorted(status.value for status in self.statuses)
            conditions.append(_license.c.status.in_(statuses))
        if self.search is not None:
            conditions.append(contains_in_any_case(_license.c.user_email, self.search))
        return conditions


def licenses_count(connection: Connection, wanted: LicenseSelection) -> int:
    statement = select(func.count()).select_from(_license).where(*wanted.conditions())
    return connection.execute(statement).scalar_one()


def licenses_page(
    connection: Connection, wanted: LicenseSelection, offset: int, limit: int
) -> Sequence[AnyRow]:
    """By e-mail, those without one last."""
    rows: Sequence[AnyRow] = connection.execute(
        select(*_license.c)
        .where(*wanted.conditions())
        .order_by(_license.c.user_email.asc().nulls_last(), _license.c.uuid)
        .offset(offset)
        .limit(limit)
    ).all()
    return rows
