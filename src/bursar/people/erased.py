"""Recognises people who were erased, where old data about them comes back from elsewhere."""

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.people.hashing import hasher
from bursar.people.models import ErasedPerson


def tombstones_of(session: Session, enterprise_uuid: UUID) -> Callable[[str], str | None]:
    """Answers, for a normalised address, the one that stands in its place since the person was
    erased from the enterprise; None for all others."""
    rows = session.execute(
        select(ErasedPerson.address_hash, ErasedPerson.tombstone).where(
            ErasedPerson.enterprise_uuid == enterprise_uuid
        )
    )
    tombstones = {row.address_hash: row.tombstone for row in rows}
    if not tombstones:
        return lambda _address: None
    hashed = hasher(session)
    return lambda address: tombstones.get(hashed(address))
