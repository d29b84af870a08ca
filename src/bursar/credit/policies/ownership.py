"""Finds the enterprise of declared objects, so that a manifest cannot take over another
enterprise's."""

from collections.abc import Collection
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.batches import batched
from bursar.credit.models import AssignmentConfiguration, LedgerEntry, Policy, Subsidy
from bursar.declarations import DeclarationRefused

FOREIGN: Final = "belongs to another enterprise"
FIXED: Final = "cannot be changed"
_BATCH: Final = 1000

Declared = TypeVar("Declared", Subsidy, Policy)


def find_owned(
    session: Session, model: type[Declared], uuid: UUID, enterprise_uuid: UUID
) -> Declared | None:
    """The stored object, or None. Raises DeclarationRefused if it is another enterprise's."""
    stored = session.get(model, uuid, populate_existing=True)
    if stored is not None and stored.enterprise_uuid != enterprise_uuid:
        raise DeclarationRefused([("uuid", FOREIGN)])
    return stored


def owners_of_subsidies(session: Session, uuids: Collection[UUID]) -> dict[UUID, UUID]:
    """The enterprise of each that is stored."""
    return _owners(session, Subsidy, uuids)


def owners_of_ledger_entries(session: Session, uuids: Collection[UUID]) -> dict[UUID, UUID]:
    """The enterprise of each that is stored."""
    return _owners(session, LedgerEntry, uuids)


def owners_of_policies(session: Session, uuids: Collection[UUID]) -> dict[UUID, UUID]:
    """The enterprise of each that is stored."""
    return _owners(session, Policy, uuids)


def owners_of_configurations(session: Session, uuids: Collection[UUID]) -> dict[UUID, UUID]:
    """The enterprise of each that is stored."""
    return _owners(session, AssignmentConfiguration, uuids)


def _owners(
    session: Session,
    model: type[Subsidy | LedgerEntry | Policy | AssignmentConfiguration],
    uuids: Collection[UUID],
) -> dict[UUID, UUID]:
    return {
        row.uuid: row.enterprise_uuid
        for batch in batched(uuids, _BATCH)
        for row in session.execute(
            select(model.uuid, model.enterprise_uuid).where(model.uuid.in_(batch))
        )
    }
