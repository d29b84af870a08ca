"""Finds a person, and the rows that are about this person."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    Table,
    Text,
    cast,
    exists,
    false,
    null,
    or_,
    select,
)
from sqlalchemy.orm import Session

from bursar.database.holdings import Holding
from bursar.database.text import contains_in_any_case
from bursar.database.types import AnyRow
from bursar.emails import is_tombstone, normalised
from bursar.people.holdings import HOLDINGS
from bursar.people.naming import Names
from bursar.people.refusals import UnknownPerson

LEARNER: Final = "learner"


@dataclass(frozen=True, slots=True)
class Person:
    """All that one person is known by in an enterprise."""

    enterprise_uuid: UUID
    addresses: tuple[str, ...]
    """The address that was asked for is the first."""
    accounts: tuple[int, ...]
    learner_ids: tuple[int, ...]

    @property
    def names(self) -> Names:
        return Names(self.addresses, self.accounts)


def find_person(session: Session, enterprise_uuid: UUID, email: str) -> Person:
    """The person with an address, also a former one. An account in the LMS is one person, whatever
    addresses it has. Raises UnknownPerson."""
    return find_person_by(session, enterprise_uuid, normalised(email))


def find_person_by(session: Session, enterprise_uuid: UUID, address: str) -> Person:
    """As `find_person`, with an address that is taken as it is."""
    person = Person(enterprise_uuid, (address,), (), ())
    while (wider := _widened(session, person)) != person:
        person = wider
    if not any(any(rows_of(session, holding, person)) for holding in HOLDINGS):
        raise UnknownPerson
    return person


def address_as_stored(session: Session, enterprise_uuid: UUID, email: str) -> str:
    """In the form in which addresses are stored; as it is given where a row of an older version
    holds exactly that."""
    given, address = email.strip(), normalised(email)
    if given != address and any(
        session.scalar(select(exists().where(is_held(holding, enterprise_uuid, given))))
        for holding in HOLDINGS
        if holding.follows_renaming and holding.address is not None
    ):
        return given
    return address


def is_held(holding: Holding, enterprise_uuid: UUID, address: str) -> ColumnElement[bool]:
    """Rows with exactly this address."""
    return _in_enterprise(holding.table, enterprise_uuid) & (holding.address == address)


def _widened(session: Session, person: Person) -> Person:
    """With the addresses, accounts and learners that are found by those that are known."""
    addresses, accounts = dict.fromkeys(person.addresses), set(person.accounts)
    learners = set(person.learner_ids)
    for holding in HOLDINGS:
        if holding.account is None and holding.learner is None:
            continue
        for row in session.connection().execute(_identities(holding, person)):
            if row.address is not None and not is_tombstone(row.address):
                addresses[row.address] = None
            accounts |= {row.account} - {None}
            learners |= {row.learner} - {None}
    return Person(
        person.enterprise_uuid,
        tuple(addresses),
        tuple(sorted(accounts)),
        tuple(sorted(learners)),
    )


def _identities(holding: Holding, person: Person) -> Select[tuple[object, ...]]:
    columns = {
        "address": holding.address,
        "account": holding.account,
        "learner": holding.learner,
    }
    shown = [
        (column if column is not None else null()).label(name) for name, column in columns.items()
    ]
    return select(*shown).where(of_person(holding, person, in_documents=False)).distinct()


def of_person(
    holding: Holding, person: Person, *, in_documents: bool = True
) -> ColumnElement[bool]:
    """The condition of the rows about a person. A document that contains an address is among them
    when the address stands there as a part of another one, too."""
    ways: list[ColumnElement[bool]] = []
    if holding.address is not None:
        ways.append(holding.address.in_(person.addresses))
    if holding.account is not None and person.accounts:
        ways.append(holding.account.in_(person.accounts))
    if holding.learner is not None and person.learner_ids:
        ways.append(holding.learner.in_(person.learner_ids))
    if holding.object_of is not None and person.learner_ids:
        kind, uuid = holding.object_of
        ways.append((kind == LEARNER) & uuid.in_(tuple(map(str, person.learner_ids))))
    if in_documents:
        ways += [
            contains_in_any_case(cast(column, Text), address)
            for column in holding.documents
            for address in person.names.spellings
        ]
    return _in_enterprise(holding.table, person.enterprise_uuid) & or_(false(), *ways)


def _in_enterprise(table: Table, enterprise_uuid: UUID) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = table.c.enterprise_uuid == enterprise_uuid
    return condition


def rows_of(
    session: Session, holding: Holding, person: Person, *conditions: ColumnElement[bool]
) -> Iterator[AnyRow]:
    """The rows about a person, in the order of their primary key."""
    statement = (
        select(*holding.table.c)
        .where(of_person(holding, person), *conditions)
        .order_by(*holding.table.primary_key.columns)
    )
    for row in session.connection().execute(statement):
        if _is_about(holding, row, person):
            yield row


def _is_about(holding: Holding, row: AnyRow, person: Person) -> bool:
    """Whether an address stands in the documents on its own, when nothing else names the person."""
    if is_of_learner(holding, row, person):
        return True
    values = row._mapping
    named: Sequence[tuple[Column[Any] | None, Sequence[object]]] = (
        (holding.address, person.addresses),
        (holding.account, person.accounts),
        (holding.learner, person.learner_ids),
    )
    if any(column is not None and values[column] in known for column, known in named):
        return True
    return any(person.names.are_in(values[column]) for column in holding.documents)


def is_of_learner(holding: Holding, row: AnyRow, person: Person) -> bool:
    """Whether a row of the log says that it is about one of the person's learners."""
    if holding.object_of is None:
        return False
    kind, uuid = (row._mapping[column] for column in holding.object_of)
    return kind == LEARNER and uuid in map(str, person.learner_ids)
