"""Which assignments the learners of an allocation have already."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, bindparam
from sqlalchemy.orm import Session

from bursar.batches import batched
from bursar.credit.assignments.records import BATCH
from bursar.credit.models import Assignment
from bursar.credit.states import AssignmentState
from bursar.database.bulk import found_by_each
from bursar.database.types import AnyRow
from bursar.learners.service import LearnerRecord

_COLUMNS: Final = Assignment.__table__.c
_KEPT: Final = frozenset({AssignmentState.ALLOCATED, AssignmentState.ACCEPTED})


@dataclass(frozen=True, slots=True)
class Person:
    email: str
    lms_user_id: int | None


@dataclass(slots=True)
class Matched:
    """The learners of an allocation, each once."""

    new: list[Person] = field(default_factory=list)
    again: list[tuple[Person, AnyRow]] = field(default_factory=list)
    """Learners whose assignment ended, which is allocated again."""
    kept: list[AnyRow] = field(default_factory=list)
    """Assignments that are allocated or accepted, and stay as they are."""

    @property
    def returning(self) -> list[AnyRow]:
        return [*(row for _, row in self.again), *self.kept]


def match_existing(
    session: Session,
    configuration_uuid: UUID,
    content_key: str,
    emails: Sequence[str],
    learners: Mapping[str, LearnerRecord],
) -> Matched:
    """Under the lock of the policy. `learners` are those of the e-mails that are known."""
    people = [
        Person(email, learners[email].lms_user_id if email in learners else None)
        for email in emails
    ]
    rows = list(_stored(session, configuration_uuid, content_key, people))
    # A learner can have two rows, one found by address and one by account. The row that is kept is
    # sorted last, so that it overwrites the other in the dictionaries.
    rows.sort(key=_is_kept)
    by_email = {row.learner_email: row for row in rows}
    by_user = {row.lms_user_id: row for row in rows if row.lms_user_id is not None}
    matched, seen = Matched(), set()
    for person in people:
        # The account finds the row of a learner whose address was scrubbed or has changed.
        found = [by_email.get(person.email), by_user.get(person.lms_user_id)]
        row = max((row for row in found if row is not None), key=_is_kept, default=None)
        identity = row.uuid if row is not None else person.lms_user_id or person.email
        if identity in seen:
            continue
        seen.add(identity)
        if row is None:
            matched.new.append(person)
        elif _is_kept(row):
            matched.kept.append(row)
        else:
            matched.again.append((person, row))
    return matched


def _is_kept(row: AnyRow) -> bool:
    return row.state in _KEPT


def _stored(
    session: Session, configuration_uuid: UUID, content_key: str, people: Sequence[Person]
) -> Iterator[AnyRow]:
    connection = session.connection()
    given = {"configuration": configuration_uuid, "content": content_key}
    for name, values in (
        ("lms_user_id", [person.lms_user_id for person in people if person.lms_user_id]),
        ("learner_email", [person.email for person in people]),
    ):
        statement = _stored_by(connection.dialect.name, name)
        for batch in batched(values, BATCH):
            yield from connection.execute(statement, {**given, "values": batch})


@lru_cache
def _stored_by(dialect: str, column: str) -> Select[Any]:
    conditions = (
        _COLUMNS.configuration_uuid == bindparam("configuration"),
        _COLUMNS.content_key == bindparam("content"),
    )
    return found_by_each(dialect, tuple(_COLUMNS), conditions, _COLUMNS[column], "values")
