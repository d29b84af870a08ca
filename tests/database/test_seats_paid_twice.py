"""An upgrade meets seats that older versions let two budgets pay for."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Column, Connection, MetaData, Table, insert, inspect, select, text, update
from sqlalchemy.exc import IntegrityError

from bursar.credit.models import Policy, SubsidyTransaction
from bursar.credit.policy_types import PER_LEARNER_SPEND
from bursar.database.engine import Database
from bursar.database.migrate import is_current, upgrade
from bursar.identity.models import Enterprise
from bursar.schema import metadata
from testing.databases.postgres import PostgresAddress
from testing.worlds import credit as world

RUN, OTHER_RUN = "course-v1:edX+A+1", "course-v1:edX+A+2"
ACME, GLOBEX = UUID(int=2), UUID(int=4)


@pytest.fixture
def old(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database of the version before the rule, with a budget for each of two enterprises."""
    if dialect == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    else:
        address: PostgresAddress = request.getfixturevalue("postgres")
        database = Database(address.create_database(f"o{uuid4().hex}"))
    upgrade(database, "0017")
    with database.transaction() as session:
        copy_rows(today(tmp_path), session.connection())
    yield database
    database.dispose()


TABLES = (
    "enterprises",
    "enterprise_catalogs",
    "subsidies",
    "ledger_entries",
    "subsidy_access_policies",
)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def today(folder: Path) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """The rows of both enterprises as this version writes them, by table."""
    database = Database(f"sqlite:///{folder / 'today.db'}")
    upgrade(database)
    with database.transaction() as session:
        for uuid, slug in ((ACME, "acme"), (GLOBEX, "globex")):
            session.add(
                Enterprise(uuid=uuid, name=slug, slug=slug, created_at=BEGAN, modified_at=BEGAN)
            )
            session.flush()
            world.catalog(session, uuid)
            subsidy = world.subsidy(session, uuid)
            world.policy(session, uuid, subsidy, uuid=uuid, policy_type=PER_LEARNER_SPEND)
        rows = {
            name: [dict(row) for row in session.execute(select(metadata.tables[name])).mappings()]
            for name in TABLES
        }
    database.dispose()
    return rows


def copy_rows(rows: Mapping[str, Sequence[Mapping[str, Any]]], connection: Connection) -> None:
    """With the columns that there were: the models of today have more."""
    for name in TABLES:
        there_were = {column["name"] for column in inspect(connection).get_columns(name)}
        columns = [Column(each.name, each.type) for each in metadata.tables[name].c]
        kept = [each for each in columns if each.name in there_were]
        old = Table(name, MetaData(), *kept)
        names = {each.name for each in kept}
        values = [{key: row[key] for key in row if key in names} for row in rows[name]]
        connection.execute(insert(old), values)


def pay(database: Database, day: int, email: str, account: int | None = None, **wish: Any) -> UUID:
    """A transaction of nothing, begun on a day of January, that has gone through some states."""
    uuid, enterprise = uuid4(), wish.get("enterprise", ACME)
    begun = datetime(2026, 1, day, tzinfo=UTC)
    with database.transaction() as session:
        mine = select(Policy.uuid, Policy.subsidy_uuid).where(Policy.uuid == enterprise)
        policy = session.execute(mine).one()
        values = {
            "uuid": uuid,
            "enterprise_uuid": enterprise,
            "subsidy_uuid": policy.subsidy_uuid,
            "policy_uuid": policy.uuid,
            "learner_email": email,
            "lms_user_id": account,
            "content_key": "edX+A",
            "courserun_key": wish.get("run", RUN),
            "quantity": 0,
            "state": "created",
            "created_at": begun,
            "modified_at": begun,
        }
        connection = session.connection()
        connection.execute(insert(SubsidyTransaction).values(values))
        for state in wish.get("states", ("committed",)):
            move(connection, uuid, state)
    return uuid


def move(connection: Connection, uuid: UUID, state: str) -> None:
    connection.execute(
        update(SubsidyTransaction).where(SubsidyTransaction.uuid == uuid).values(state=state)
    )


COLUMNS = "uuid, learner_email, lms_user_id, courserun_key, state, created_at, modified_at"


def rows(database: Database) -> list[tuple[object, ...]]:
    with database.read() as connection:
        statement = text(f"SELECT {COLUMNS} FROM subsidy_transactions ORDER BY uuid")
        return [tuple(row) for row in connection.execute(statement)]


def marked(database: Database) -> set[UUID]:
    with database.read() as connection:
        statement = text("SELECT uuid FROM subsidy_transactions WHERE is_second_payment")
        return {UUID(str(row.uuid)) for row in connection.execute(statement)}


def test_what_two_budgets_paid_for_stays_as_it_is_and_is_marked(old: Database) -> None:
    pay(old, 1, "ana")
    second = pay(old, 2, "ana")
    third = pay(old, 3, "ana", states=())
    pay(old, 1, "ben", 7)
    of_the_same_account = pay(old, 2, "other", 7)
    before = rows(old)

    upgrade(old)

    assert rows(old) == before
    assert marked(old) == {second, third, of_the_same_account}
    with old.read() as connection:
        assert is_current(connection)
    # What is marked can still be settled and given back.
    with old.transaction() as session:
        move(session.connection(), third, "failed")
        move(session.connection(), second, "reversed")


def test_what_is_no_second_payment_is_not_marked(old: Database) -> None:
    pay(old, 1, "ana", 1)
    pay(old, 2, "ana", 1, run=OTHER_RUN)
    pay(old, 3, "ana", 1, enterprise=GLOBEX)
    pay(old, 4, "ana", 1, states=("failed",))
    pay(old, 5, "ana", 1, states=("committed", "reversed"))
    pay(old, 6, "ana", 1, run=None)
    pay(old, 7, "ana", 1, run=None)
    pay(old, 1, "ben")
    pay(old, 1, "chris")
    upgrade(old)
    assert marked(old) == set()


def test_after_the_upgrade_nobody_pays_twice(old: Database) -> None:
    pay(old, 1, "ana")
    pay(old, 2, "ana")
    upgrade(old)
    with pytest.raises(IntegrityError):
        pay(old, 3, "ana")
    pay(old, 3, "ben", 7)
    with pytest.raises(IntegrityError):
        pay(old, 4, "other", 7)
