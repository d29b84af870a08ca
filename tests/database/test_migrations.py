from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any
from unittest.mock import ANY
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    CheckConstraint,
    Connection,
    delete,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError

from bursar.audit.models import AuditEntry
from bursar.catalog.content.models import ContentState
from bursar.clock import NEVER
from bursar.database.commit_order import advance
from bursar.database.engine import Database, Patience
from bursar.database.migrate import REVISIONS, alembic_config, is_current, upgrade
from bursar.enrollment.models import Enrollment
from bursar.identity.models import Enterprise
from bursar.learners.models import Learner
from bursar.schema import metadata
from testing.databases.locks import somebody_waits
from testing.databases.postgres import PostgresAddress
from testing.waiting import wait_until

MEMBERS_INDEX = "ix_query_members_query_uuid_active_until"
NAMED = f"'{MEMBERS_INDEX}'::regclass"

ENTRY = {
    "at": datetime(2026, 1, 1, tzinfo=UTC),
    "actor": "tester",
    "action": "test.done",
    "object_type": "thing",
    "object_id": "1",
    "details": {"a": 1},
}
OPTIONAL = {"ix_learners_email_parts"}
"""Made where the server can, and known to no model."""
DIRECTED = {"ix_assignments_recent", "ix_enrollments_activity"}


@pytest.fixture
def empty_url(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    if dialect == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    address: PostgresAddress = request.getfixturevalue("postgres")
    return address.create_database(f"e{uuid4().hex}")


@pytest.fixture
def empty(empty_url: str) -> Iterator[Database]:
    database = Database(empty_url)
    yield database
    database.dispose()


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return name not in OPTIONAL and (kind != "table" or name in metadata.tables)


def drift(connection: Connection) -> list[object]:
    options = {"compare_type": True, "compare_server_default": True, "include_name": is_ours}
    found = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    return [difference for difference in found if not is_unreadable(connection, difference)]


def is_unreadable(connection: Connection, difference: Any) -> bool:
    """SQLite does not tell the direction of an index, so that Alembic sees another one."""
    name = getattr(difference[1], "name", None) if isinstance(difference, tuple) else None
    return connection.dialect.name == "sqlite" and name in DIRECTED


def schema_is_current(database: Database) -> bool:
    with database.read() as connection:
        return is_current(connection)


def rows_of(database: Database, table: str) -> list[tuple[object, ...]]:
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(text(f"SELECT * FROM {table}"))]


def check_constraints(connection: Connection) -> set[tuple[str, str]]:
    inspector = inspect(connection)
    return {
        (table, str(constraint["name"]))
        for table in metadata.tables
        for constraint in inspector.get_check_constraints(table)
    }


def test_the_migrations_lead_to_the_schema_of_the_models(database: Database) -> None:
    with database.read() as connection:
        assert drift(connection) == []


def test_a_column_beside_the_models_is_told_as_drift(empty: Database) -> None:
    upgrade(empty)
    with empty.transaction() as session:
        session.execute(text("ALTER TABLE enterprises ADD COLUMN forgotten INTEGER"))
    with empty.read() as connection:
        assert "forgotten" in str(drift(connection))


def test_the_migrations_make_every_check_constraint_of_the_models(database: Database) -> None:
    declared = {
        (table.name, str(constraint.name))
        for table in metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }
    with database.read() as connection:
        assert declared
        assert check_constraints(connection) == declared


def names_in(connection: Connection, table: str) -> Iterator[tuple[str, object]]:
    inspector = inspect(connection)
    yield f"{table}: primary key", inspector.get_pk_constraint(table)["name"]
    kinds: dict[str, Callable[[str], list[dict[str, object]]]] = {
        "foreign key": inspector.get_foreign_keys,  # type: ignore[dict-item]
        "unique": inspector.get_unique_constraints,  # type: ignore[dict-item]
        "check": inspector.get_check_constraints,  # type: ignore[dict-item]
        "index": inspector.get_indexes,  # type: ignore[dict-item]
    }
    for kind, reflect in kinds.items():
        yield from ((f"{table}: {kind}", found["name"]) for found in reflect(table))


def test_every_constraint_and_index_has_a_name_of_our_convention(database: Database) -> None:
    prefixes = {"primary key": "pk", "foreign key": "fk", "unique": "uq", "check": "ck"}
    with database.read() as connection:
        found = [pair for table in metadata.tables for pair in names_in(connection, table)]
    assert len(found) > len(metadata.tables)
    for what, name in found:
        table, _, kind = what.partition(": ")
        allowed = {f"{prefixes.get(kind, 'ix')}_{table}"}
        if kind == "index":  # PostgreSQL lists the index of a unique constraint too
            allowed.add(f"uq_{table}")
        assert str(name).startswith(tuple(allowed)), what


def test_an_empty_database_is_not_current_and_an_upgraded_one_is(empty: Database) -> None:
    assert not schema_is_current(empty)
    upgrade(empty)
    assert schema_is_current(empty)


def test_the_names_of_the_scripts_are_the_revisions() -> None:
    scripts = ScriptDirectory.from_config(alembic_config())
    assert [each.revision for each in scripts.walk_revisions()] == list(reversed(REVISIONS))


def test_the_schema_of_a_newer_release_counts_as_current(empty: Database) -> None:
    upgrade(empty)
    with empty.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'of_tomorrow'"))
    assert schema_is_current(empty)


def test_a_second_upgrade_keeps_everything(empty: Database) -> None:
    upgrade(empty)
    with empty.transaction() as session:
        session.execute(update(ContentState).values(changed_at=datetime(2026, 3, 1, tzinfo=UTC)))
    before = rows_of(empty, "content_state"), rows_of(empty, "alembic_version")
    upgrade(empty)
    assert (rows_of(empty, "content_state"), rows_of(empty, "alembic_version")) == before


def test_content_that_is_stored_already_is_kept_when_learner_pathways_come(empty: Database) -> None:
    upgrade(empty, "0010")
    columns = "(id, content_type, key, title, body, body_hash, active_until, changed_at)"
    values = "({}, '{}', 'edX+A', '', '{{}}', '', '2026-01-01', '2026-01-01')"
    insert_item = f"INSERT INTO content_items {columns} VALUES {values}"
    with empty.transaction() as session:
        session.execute(text(insert_item.format(1, "course")))
        # A foreign key leads to it: the table cannot simply be made anew.
        session.execute(text("INSERT INTO nested_runs (run_key, course_id) VALUES ('r', 1)"))
    upgrade(empty)
    with empty.transaction() as session:
        session.execute(text(insert_item.format(2, "learnerpathway")))
    assert len(rows_of(empty, "content_items")) == 2
    with pytest.raises(DBAPIError, match="content_type_known"), empty.transaction() as session:
        session.execute(text(insert_item.format(3, "person")))
    with pytest.raises(DBAPIError), empty.transaction() as session:
        session.execute(text("DELETE FROM content_items WHERE id = 1"))


def test_clocks_begin_after_the_enrollments_that_are_stored_already(empty: Database) -> None:
    upgrade(empty, "0023")
    acme, globex = uuid4(), uuid4()
    latest = datetime(2026, 3, 1, 10, 0, 0, 1, tzinfo=UTC)
    insert_learner = insert(Learner).returning(Learner.id)
    with empty.transaction() as session:
        for uuid in (acme, globex):
            fields = {"name": "", "slug": str(uuid), "created_at": NEVER, "modified_at": NEVER}
            session.execute(insert(Enterprise).values(uuid=uuid, **fields))
        person = {"enterprise_uuid": acme, "email": "a@b.example", "consent": False}
        times = {"created_at": NEVER, "modified_at": NEVER}
        learner_id = session.scalars(insert_learner.values(**person, **times)).one()
        for number, at in enumerate((latest, NEVER)):
            row = {"enterprise_uuid": acme, "learner_id": learner_id, "courserun_key": f"r{number}"}
            row |= {"mode": "verified", "payer": "reported", "activity_day": 0}
            row |= {"is_consented": False, "created_at": NEVER, "changed_at": at}
            session.execute(insert(Enrollment).values(row))
    upgrade(empty)
    microseconds = (latest - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert rows_of(empty, "commit_clocks") == [("enrollments", ANY, microseconds)]
    with empty.transaction() as session:
        stamp = advance(session, "enrollments", acme, latest)
        assert stamp == latest + timedelta(microseconds=1)


def test_upgrades_at_the_same_time_do_it_once(empty_url: str, empty: Database) -> None:
    together = Barrier(4)

    def upgrade_together() -> None:
        database = Database(empty_url)
        together.wait()
        upgrade(database)
        database.dispose()

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(upgrade_together) for _ in range(4)]:
            future.result()
    assert len(rows_of(empty, "alembic_version")) == 1
    assert len(rows_of(empty, "content_state")) == 1


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_writers_go_on_while_a_migration_waits_for_a_table(empty: Database) -> None:
    """Until a transaction that reads the table ends: the migration asks for the lock, gives up, and
    lets the others who came after it have theirs."""
    upgrade(empty, "0012")
    hasty = Database(empty.url.render_as_string(hide_password=False), patience=Patience(60, 60))
    with ThreadPoolExecutor(1) as pool:
        with hasty.write_engine.begin() as reader:
            reader.execute(select(ContentState.id))
            upgrading = pool.submit(upgrade, empty)
            wait_until(lambda: somebody_waits(hasty), "the migration waits")
            with hasty.transaction() as session:
                session.execute(text("UPDATE content_state SET changed_at = changed_at"))
            assert not upgrading.done()
        upgrading.result()
    assert schema_is_current(empty)
    hasty.dispose()


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_an_index_is_made_while_writers_go_on(empty: Database) -> None:
    upgrade(empty, "0012")
    with ThreadPoolExecutor(1) as pool:
        # An open transaction that writes into the table: an ordinary CREATE INDEX waits for it, and
        # every other writer behind that.
        with empty.write_engine.begin() as writer:
            writer.execute(text("LOCK TABLE query_members IN ROW EXCLUSIVE MODE"))
            upgrading = pool.submit(upgrade, empty)
            wait_until(lambda: somebody_waits(empty), "the index waits for the transaction")
            with empty.transaction() as session:
                session.execute(text("SET LOCAL lock_timeout = '200ms'"))
                session.execute(text("LOCK TABLE query_members IN ROW EXCLUSIVE MODE"))
            assert not upgrading.done()
        upgrading.result()
    with empty.read() as connection:
        valid = f"SELECT indisvalid FROM pg_index WHERE indexrelid = {NAMED}"
        assert connection.scalar(text(valid)) is True


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_an_index_that_broke_off_is_made_again(empty: Database) -> None:
    upgrade(empty, "0012")
    # What an upgrade that was killed while it made the index leaves behind.
    with empty.transaction() as session:
        session.execute(
            text(f"CREATE INDEX {MEMBERS_INDEX} ON query_members (query_uuid, active_until)")
        )
        broken_off = f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = {NAMED}"
        session.execute(text(broken_off))
    upgrade(empty)
    with empty.read() as connection:
        valid = f"SELECT indisvalid FROM pg_index WHERE indexrelid = {NAMED}"
        assert connection.scalar(text(valid)) is True


def test_a_migration_that_breaks_off_leaves_nothing_behind(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken off")

    monkeypatch.setattr("alembic.operations.Operations.batch_alter_table", broken)
    with pytest.raises(RuntimeError, match="broken off"):
        upgrade(empty)
    with empty.read() as connection:
        assert inspect(connection).get_table_names() == []


def test_the_content_state_begins_as_one_row_and_stays_one(database: Database) -> None:
    with database.read() as connection:
        assert connection.execute(select(ContentState.__table__)).all() == [(1, NEVER, None)]
    with pytest.raises(DBAPIError), database.transaction() as session:
        session.add(ContentState(id=2, changed_at=NEVER))


@pytest.mark.parametrize(
    "statement",
    [update(AuditEntry).values(actor="someone else"), delete(AuditEntry)],
    ids=["update", "delete"],
)
def test_the_audit_trail_cannot_be_rewritten(database: Database, statement: object) -> None:
    with database.transaction() as session:
        session.execute(insert(AuditEntry).values(ENTRY))
    with pytest.raises(DBAPIError, match="append-only"), database.transaction() as session:
        session.execute(statement)  # type: ignore[call-overload]
    with database.read() as connection:
        kept = connection.execute(select(func.count(), func.min(AuditEntry.actor)))
        assert kept.one() == (1, "tester")


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_the_audit_trail_cannot_be_emptied(database: Database) -> None:
    with pytest.raises(DBAPIError, match="append-only"), database.transaction() as session:
        session.execute(text("TRUNCATE audit_entries"))


@pytest.mark.slow
def test_who_may_not_install_extensions_upgrades_all_the_same(postgres: PostgresAddress) -> None:
    role = f"r{uuid4().hex}"
    url = postgres.create_database(role)
    owner = Database(url)
    with owner.transaction() as session:
        session.execute(text(f"CREATE ROLE {role} LOGIN"))
        session.execute(text(f"GRANT CREATE ON SCHEMA public TO {role}"))
    owner.dispose()
    modest = Database(url.replace("postgres@", f"{role}@"))
    upgrade(modest)
    assert schema_is_current(modest)
    with modest.read() as connection:
        names = {index["name"] for index in inspect(connection).get_indexes("learners")}
    assert "ix_learners_email_parts" not in names
    modest.dispose()
