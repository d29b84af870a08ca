"""Accounts of the LMS. Two addresses may have one, and then they are one person.

Every function expects the caller's transaction.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, bindparam, select, union
from sqlalchemy.orm import Session

from bursar.batches import batched
from bursar.database.bulk import is_any_of, is_any_of_given
from bursar.learners.models import Learner
from bursar.learners.service import BATCH, LearnerRecord

_learners = Learner.__table__.c
_COLUMNS: Final = [_learners[name] for name in LearnerRecord.__dataclass_fields__]
_ADDRESSES: Final = (
    select(_learners.email)
    .where(
        _learners.enterprise_uuid == bindparam("enterprise_uuid"),
        _learners.lms_user_id == bindparam("lms_user_id"),
    )
    .order_by(_learners.email)
)


@dataclass(frozen=True, slots=True)
class Person:
    """A learner, with every address of the enterprise that has the same account."""

    learner: LearnerRecord
    addresses: tuple[str, ...]


def person_of(session: Session, learner: LearnerRecord) -> Person:
    """As things are now; nothing is locked."""
    if learner.lms_user_id is None:
        return Person(learner, (learner.email,))
    values = {"enterprise_uuid": learner.enterprise_uuid, "lms_user_id": learner.lms_user_id}
    found = session.connection().scalars(_ADDRESSES, values)
    return Person(learner, tuple(dict.fromkeys((learner.email, *found))))


def addresses_of_accounts(
    session: Session, enterprise_uuid: UUID, accounts: Collection[int]
) -> dict[str, int]:
    """The account of every address of the enterprise that has one of these accounts."""
    found: dict[str, int] = {}
    for batch in batched(accounts, BATCH):
        statement = select(_learners.email, _learners.lms_user_id).where(
            _learners.enterprise_uuid == enterprise_uuid,
            is_any_of(session, Learner.lms_user_id, batch),
        )
        found.update((row.email, row.lms_user_id) for row in session.execute(statement))
    return found


def lock_person(session: Session, learner_id: int) -> Person | None:
    """Until the transaction ends, nobody else changes any learner with the account or writes
    enrollments of theirs. Whoever holds a budget or a plan too has taken that before. None when
    the learner was erased in these moments."""
    locked = lock_accounts(session, [learner_id])
    if learner_id not in locked:
        return None
    addresses = [locked[learner_id].email, *(learner.email for learner in locked.values())]
    return Person(locked[learner_id], tuple(dict.fromkeys(addresses)))


def lock_accounts(session: Session, ids: Sequence[int]) -> dict[int, LearnerRecord]:
    """As `learners.service.lock_known_learners`, and with these learners all others who have the
    account of one of them in the same enterprise."""
    connection = session.connection()
    found: dict[int, LearnerRecord] = {}
    for batch in batched(ids, BATCH):
        rows = connection.execute(_held_with_accounts(connection.dialect.name), {"ids": batch})
        found.update((row.id, LearnerRecord(*row)) for row in rows)
    return found


@lru_cache
def _held_with_accounts(dialect: str) -> Select[Any]:
    given = Learner.__table__.alias("given").c
    asked = is_any_of_given(dialect, given.id, "ids")
    # Two searches, because OR would use the index of neither.
    wanted = union(
        select(given.id).where(asked),
        select(_learners.id).where(
            asked,
            _learners.enterprise_uuid == given.enterprise_uuid,
            _learners.lms_user_id == given.lms_user_id,
        ),
    )
    statement = select(*_COLUMNS).where(_learners.id.in_(wanted.scalar_subquery()))
    # In the order of everybody who locks learners; not against those who only name one.
    ordered = statement.order_by(_learners.enterprise_uuid, _learners.email)
    return ordered.with_for_update(key_share=True)
