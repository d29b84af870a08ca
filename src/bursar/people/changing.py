"""Changes the rows about a person: another address, or a tombstone in its place."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from bursar.database.holdings import Holding
from bursar.database.types import AnyRow
from bursar.people.finding import Person, is_of_learner, of_person, rows_of
from bursar.people.naming import all_emptied


def rename(session: Session, holding: Holding, person: Person, old: str, new: str) -> int:
    """Puts the new address in the place of the old one, and returns in how many rows."""
    if holding.address is None:
        return 0
    mine = (holding.table.c.enterprise_uuid == person.enterprise_uuid) & (holding.address == old)
    count = session.scalar(select(func.count()).select_from(holding.table).where(mine)) or 0
    if holding.once_in:
        _delete_doubles(session, holding, person, old, new)
    session.connection().execute(
        update(holding.table).where(mine).values({holding.address.name: new})
    )
    return count


def _delete_doubles(session: Session, holding: Holding, person: Person, old: str, new: str) -> None:
    """The rows of the old address beside which there is one of the new address."""
    table, others = holding.table, holding.table.alias("others")
    assert holding.address is not None  # noqa: S101 - as whoever calls this knows
    beside = [others.c[column.name] == column for column in holding.once_in]
    double = select(1).where(others.c[holding.address.name] == new, *beside).exists()
    session.connection().execute(
        delete(table).where(
            table.c.enterprise_uuid == person.enterprise_uuid, holding.address == old, double
        )
    )


def erase(
    session: Session,
    holding: Holding,
    person: Person,
    tombstones: Mapping[str, str],
    at: datetime,
) -> int:
    """Takes the person out of the rows of a table, and returns of how many."""
    rows = list(rows_of(session, holding, person))
    if holding.is_deleted:
        mine = of_person(holding, person)
        session.connection().execute(delete(holding.table).where(mine))
        return len(rows)
    _erase_documents(session, holding, person, rows, tombstones)
    others = dict(holding.erased(at))
    if holding.account is not None:
        others[holding.account.name] = None
    if holding.address is not None:
        for address, tombstone in tombstones.items():
            mine = of_person(holding, _known_as(person, address), in_documents=False)
            values = {**others, holding.address.name: tombstone}
            session.connection().execute(update(holding.table).where(mine).values(values))
    if holding.account is not None and person.accounts:
        # Rows whose address was scrubbed before are found by the account only.
        mine = (holding.table.c.enterprise_uuid == person.enterprise_uuid) & (
            holding.account.in_(person.accounts)
        )
        session.connection().execute(update(holding.table).where(mine).values(others))
    if holding.address is None and holding.learner is not None and others and person.learner_ids:
        of_learners = holding.learner.in_(person.learner_ids)
        session.connection().execute(update(holding.table).where(of_learners).values(others))
    return len(rows)


def _known_as(person: Person, address: str) -> Person:
    return Person(person.enterprise_uuid, (address,), (), ())


def _erase_documents(
    session: Session,
    holding: Holding,
    person: Person,
    rows: list[AnyRow],
    tombstones: Mapping[str, str],
) -> None:
    if not holding.documents or not rows:
        return
    table, keys = holding.table, list(holding.table.primary_key.columns)
    values = [_erased_documents(holding, person, row, tombstones) for row in rows]
    statement = update(table).where(*(key == bindparam(f"key_{key.name}") for key in keys))
    statement = statement.values(
        {column.name: bindparam(f"new_{column.name}") for column in holding.documents}
    )
    session.connection().execute(statement, values)


def _erased_documents(
    holding: Holding, person: Person, row: AnyRow, tombstones: Mapping[str, str]
) -> dict[str, Any]:
    stored = row._mapping
    documents = {column.name: stored[column] for column in holding.documents}
    # The changes of an event stand beside the object that they are about.
    is_person = is_of_learner(holding, row, person) or any(
        map(person.names.describe, documents.values())
    )
    values = {f"key_{key.name}": stored[key] for key in holding.table.primary_key.columns}
    for name, document in documents.items():
        erased = person.names.erased(document, tombstones)
        if is_person and isinstance(erased, dict):
            erased = all_emptied(erased)
        values[f"new_{name}"] = erased
    return values
