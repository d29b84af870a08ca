import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import Barrier, Event
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, StatementError
from sqlalchemy.orm import Session

from bursar.audit.models import AuditEntry
from bursar.catalog.content.models import ContentItem, ContentState
from bursar.catalog.membership.models import CatalogQuery
from bursar.clock import FOREVER, NEVER
from bursar.database.bulk import bulk_insert, is_any_of
from bursar.database.engine import Database, Patience, _write_ahead, insert_for
from bursar.database.troubles import DatabaseBusy, DatabaseReadOnly
from bursar.database.urls import sqlalchemy_url
from bursar.identity.models import Enterprise
from testing.databases.migrated import migrate

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

json_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=5)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | json_text,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(json_text, children),
    max_leaves=8,
)
quickly = settings(
    max_examples=30,
)


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'sqlite.db'}"
    migrate(url)
    database = Database(url)
    yield database
    database.dispose()


def enterprise(slug: str, **fields: Any) -> dict[str, Any]:
    plain = {"country": None, "contact_email": None, "created_at": NOW, "modified_at": NOW}
    named = {
        "uuid": uuid4(),
        "name": slug.title(),
        "slug": slug,
        "suspended_at": None,
        "is_sandbox": False,
        "clock_seconds": 0,
    }
    return {**named, **plain, **fields}


def item(key: str, **fields: Any) -> dict[str, Any]:
    plain = {"content_type": "course", "family_key": None, "title": key, "body": b"{}"}
    times = {"active_until": FOREVER, "changed_at": NOW}
    return {"key": key, "body_hash": b"\x00\xff", **plain, **times, **fields}


def add(database: Database, *slugs: str) -> None:
    with database.transaction() as session:
        bulk_insert(session, Enterprise, [enterprise(slug) for slug in slugs])


def count(connection: Connection | Session) -> int:
    return connection.scalar(select(func.count()).select_from(Enterprise)) or 0


def in_transaction(connection: Connection) -> bool:
    raw: Any = connection.connection.dbapi_connection
    if connection.dialect.name == "sqlite":
        return bool(raw.in_transaction)
    status: str = raw.info.transaction_status.name
    return status != "IDLE"


class TestUrls:
    @pytest.mark.parametrize(
        ("url", "driver", "database"),
        [
            ("sqlite:///bursar.db", "sqlite", "bursar.db"),
            ("sqlite:////var/lib/bursar.db", "sqlite", "/var/lib/bursar.db"),
            ("postgresql://me@db.example:5433/books", "postgresql+psycopg", "books"),
            ("postgres://me@db.example/books", "postgresql+psycopg", "books"),
            ("postgresql+psycopg://me@db.example/books", "postgresql+psycopg", "books"),
        ],
    )
    def test_operators_write_them_without_a_driver(
        self, url: str, driver: str, database: str
    ) -> None:
        parsed = sqlalchemy_url(url)
        assert (parsed.drivername, parsed.database) == (driver, database)

    @pytest.mark.parametrize(
        "url",
        [
            "mysql://me@db.example/books",
            "postgresql+asyncpg://me@db.example/books",
            "http://db.example/books",
            "postgresql://me@db.example:port/books",
            "postgresql://me@db1.example:5432,db2.example:port/books",
            "postgresql://me@db1.example:5432,/books",
            "bursar.db",
            "sqlite",
            "://",
        ],
    )
    def test_others_are_refused_as_values(self, url: str) -> None:
        with pytest.raises(ValueError, match=r"URL|port"):
            sqlalchemy_url(url)

    def test_several_hosts_are_tried_for_the_one_that_accepts_writes(self) -> None:
        parsed = sqlalchemy_url("postgresql://me:it%40s@db1:5432,db2:5433/books?sslmode=require")
        assert (parsed.username, parsed.password, parsed.database) == ("me", "it@s", "books")
        assert parsed.query == {
            "host": ("db1:5432", "db2:5433"),
            "sslmode": "require",
            "target_session_attrs": "read-write",
            "connect_timeout": "5",
        }
        assert sqlalchemy_url(parsed.render_as_string(hide_password=False)) == parsed

    def test_which_of_several_hosts_is_wanted_can_be_said(self) -> None:
        parsed = sqlalchemy_url("postgresql://me@db1,db2/books?target_session_attrs=any")
        assert parsed.query["target_session_attrs"] == "any"

    def test_a_refusal_does_not_tell_the_password(self) -> None:
        with pytest.raises(ValueError, match="mysql") as caught:
            sqlalchemy_url("mysql://me:hunter2@db.example/books")
        assert "hunter2" not in str(caught.value)

    @pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
    def test_a_database_in_memory_is_refused(self, url: str) -> None:
        with pytest.raises(ValueError, match="file"):
            Database(url)

    def test_the_folder_of_a_sqlite_file_is_made(self, tmp_path: Path) -> None:
        database = Database(f"sqlite:///{tmp_path / 'new' / 'folder' / 'bursar.db'}")
        with database.read() as connection:
            assert connection.scalar(text("SELECT 1")) == 1
        database.dispose()


class TestTransactions:
    def test_what_raises_leaves_nothing_behind(self, database: Database) -> None:
        def half_done(session: Session) -> None:
            bulk_insert(session, Enterprise, [enterprise("acme")])
            raise RuntimeError("half done")

        with pytest.raises(RuntimeError), database.transaction() as session:
            half_done(session)
        with database.read() as connection:
            assert count(connection) == 0

    def test_no_connection_stays_in_use(self, database: Database) -> None:
        add(database, "acme")
        with database.read() as connection:
            count(connection)
            assert database.connections_in_use(write=False) == 1
        assert database.connections_in_use(write=False) == 0
        assert database.connections_in_use(write=True) == 0

    def test_foreign_keys_are_enforced(self, database: Database) -> None:
        orphan = "INSERT INTO nested_runs (run_key, course_id) VALUES ('a', 4711)"
        with pytest.raises(IntegrityError), database.transaction() as session:
            session.execute(text(orphan))

    def test_writers_on_sqlite_wait_for_each_other_and_lose_nothing(self, sqlite: Database) -> None:
        writers, rounds = 4, 15
        together = Barrier(writers)

        def write() -> None:
            together.wait()
            for _ in range(rounds):
                with sqlite.transaction() as session:
                    seen = session.scalars(select(ContentState.changed_at)).one()
                    session.execute(update(ContentState).values(changed_at=seen + MICROSECOND))

        with ThreadPoolExecutor(writers) as pool:
            for future in [pool.submit(write) for _ in range(writers)]:
                future.result()
        with sqlite.read() as connection:
            changed_at = connection.scalar(select(ContentState.changed_at))
        assert changed_at == NEVER + writers * rounds * MICROSECOND

    def test_a_writer_on_sqlite_locks_before_it_reads(self, sqlite: Database) -> None:
        begun, may_end = Event(), Event()

        def hold() -> None:
            with sqlite.transaction() as session:
                session.execute(text("SELECT 1"))
                begun.set()
                may_end.wait(10)

        with ThreadPoolExecutor(1) as pool:
            holder = pool.submit(hold)
            assert begun.wait(10)
            try:
                with sqlite.read() as connection:
                    connection.exec_driver_sql("PRAGMA busy_timeout=1")
                    with pytest.raises(OperationalError, match="locked"):
                        connection.execute(update(ContentState).values(changed_at=NOW))
                    connection.exec_driver_sql("PRAGMA busy_timeout=60000")
            finally:
                may_end.set()
            holder.result()

    def test_who_is_refused_while_another_changes_a_new_file_over_asks_again(self) -> None:
        class Cursor:
            refusals = 2

            def execute(self, _pragma: str) -> None:
                if self.refusals:
                    self.refusals -= 1
                    raise sqlite3.OperationalError("database is locked")

        cursor = Cursor()
        _write_ahead(cursor)
        assert cursor.refusals == 0


class TestTroubles:
    def test_a_writer_with_little_patience_says_that_another_holds_the_lock(
        self, database: Database
    ) -> None:
        hasty = Database(
            database.url.render_as_string(hide_password=False), patience=Patience(0.1, 30)
        )
        change = update(ContentState).values(changed_at=NOW)
        with database.transaction() as session:
            session.execute(change)
            with pytest.raises(DatabaseBusy), hasty.transaction() as second:
                second.execute(change)
        with hasty.transaction() as third:
            third.execute(change)
        hasty.dispose()

    @pytest.mark.slow
    @pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
    def test_a_statement_that_takes_too_long_is_ended(self, database: Database) -> None:
        hasty = Database(
            database.url.render_as_string(hide_password=False), patience=Patience(30, 0.1)
        )
        with pytest.raises(DatabaseBusy, match="statement timeout"), hasty.read() as connection:
            connection.execute(text("SELECT pg_sleep(60)"))
        hasty.dispose()

    def test_a_database_that_accepts_no_changes_says_so(self, database: Database) -> None:
        def turn_read_only(session: Session) -> None:
            command = "PRAGMA query_only=ON"
            session.execute(text(command if database.is_sqlite else "SET TRANSACTION READ ONLY"))
            bulk_insert(session, Enterprise, [enterprise("acme")])

        with pytest.raises(DatabaseReadOnly), database.transaction() as session:
            turn_read_only(session)
        add(database, "globex")  # with a new connection
        with database.read() as connection:
            assert database.accepts_changes(connection)
            assert count(connection) == 1


class TestReading:
    def test_autocommit_sees_each_commit_of_others(self, database: Database) -> None:
        with database.read() as connection:
            assert count(connection) == 0
            assert not in_transaction(connection)
            add(database, "acme")
            assert count(connection) == 1

    def test_a_snapshot_sees_one_state(self, database: Database) -> None:
        add(database, "acme")
        with database.snapshot() as connection:
            assert count(connection) == 1
            add(database, "globex")
            assert count(connection) == 1
        with database.read() as connection:
            assert count(connection) == 2
            assert not in_transaction(connection)

    def test_a_snapshot_that_fails_gives_a_clean_connection_back(self, database: Database) -> None:
        def fail(connection: Connection) -> None:
            count(connection)
            raise RuntimeError("failed")

        with pytest.raises(RuntimeError), database.snapshot() as connection:
            fail(connection)
        with database.read() as connection:
            assert not in_transaction(connection)
            assert count(connection) == 0

    def test_a_snapshot_keeps_no_write(self, database: Database) -> None:
        def write() -> None:
            with database.snapshot() as connection:
                connection.execute(insert(Enterprise), [enterprise("acme")])

        if database.is_sqlite:
            write()
        else:
            with pytest.raises(DBAPIError, match="read-only"):
                write()
        with database.read() as connection:
            assert count(connection) == 0


class TestBulk:
    def test_every_kind_of_column_arrives_as_it_was(self, database: Database) -> None:
        rows = [
            enterprise("acme", country="US", contact_email="a@acme.example"),
            enterprise("tab\tnew\nline\\N", name="Ünïcode \U0001f600"),
            enterprise("late", created_at=FOREVER, modified_at=NEVER),
        ]
        with database.transaction() as session:
            bulk_insert(session, Enterprise, rows)
        with database.read() as connection:
            stored = connection.execute(select(Enterprise.__table__)).mappings().all()
        assert sorted(map(dict, stored), key=by_slug) == sorted(rows, key=by_slug)

    def test_ids_are_generated_and_bytes_kept(self, database: Database) -> None:
        rows = [item("b", body=bytes(range(256))), item("a", family_key="f")]
        with database.transaction() as session:
            bulk_insert(session, ContentItem, rows)
        with database.read() as connection:
            stored = connection.execute(select(ContentItem.__table__).order_by(ContentItem.key))
            first, second = stored.all()
        assert first.id != second.id
        assert (first.family_key, second.family_key) == ("f", None)
        assert second.body == bytes(range(256))
        assert first.body_hash == b"\x00\xff"

    def test_json_and_booleans_are_kept(self, database: Database) -> None:
        wanted = {"content_type": "course", "n": [1, 2.5, None, True, "ä"]}
        row = {
            "uuid": uuid4(), "content_filter": wanted, "created_at": NOW, "ready": True,
            "evaluated_to": 2**62, "version": 1, "content_modified_at": NOW,
            "filter_uuid": None, "include_exec_ed": False,
        }  # fmt: skip
        with database.transaction() as session:
            bulk_insert(session, CatalogQuery, [row])
        with database.read() as connection:
            stored = connection.execute(select(CatalogQuery.__table__)).mappings().one()
        assert dict(stored) == row

    def test_no_rows_are_no_work(self, database: Database) -> None:
        with database.transaction() as session:
            bulk_insert(session, Enterprise, [])
            assert count(session) == 0

    def test_a_row_that_is_there_is_an_integrity_error_on_both(self, database: Database) -> None:
        add(database, "acme")
        with pytest.raises(IntegrityError):
            add(database, "globex", "acme")
        with database.read() as connection:
            assert count(connection) == 1

    def test_pending_objects_of_the_session_share_the_transaction(self, database: Database) -> None:
        with database.transaction() as session:
            session.add(Enterprise(**enterprise("acme")))
            bulk_insert(session, Enterprise, [enterprise("globex")])
        with database.read() as connection:
            assert count(connection) == 2

    def test_any_of_finds_the_named_and_nothing_else(self, database: Database) -> None:
        with database.transaction() as session:
            bulk_insert(session, ContentItem, [item(f"k{number}") for number in range(700)])
            wanted = [f"k{number}" for number in range(0, 700, 2)]
            matches = is_any_of(session, ContentItem.key, [*wanted, "unknown", "k0"])
            assert set(session.scalars(select(ContentItem.key).where(matches))) == set(wanted)

    def test_any_of_nothing_is_nothing(self, database: Database) -> None:
        with database.transaction() as session:
            bulk_insert(session, Enterprise, [enterprise("acme")])
            nobody: list[UUID] = []
            matches = is_any_of(session, Enterprise.uuid, nobody)
            assert session.scalars(select(Enterprise.slug).where(matches)).all() == []

    def test_any_of_takes_uuids(self, database: Database) -> None:
        acme = enterprise("acme")
        with database.transaction() as session:
            bulk_insert(session, Enterprise, [acme, enterprise("globex")])
            matches = is_any_of(session, Enterprise.uuid, [acme["uuid"]])
            assert session.scalars(select(Enterprise.slug).where(matches)).all() == ["acme"]

    def test_an_insert_can_leave_what_is_there_alone(self, database: Database) -> None:
        acme = enterprise("acme")
        with database.transaction() as session:
            for _ in range(2):
                session.execute(
                    insert_for(session, Enterprise).values(acme).on_conflict_do_nothing()
                )
            assert count(session) == 1


def by_slug(row: dict[str, Any]) -> str:
    slug: str = row["slug"]
    return slug


class TestTypes:
    @pytest.mark.parametrize(
        "instant",
        [
            NOW,
            FOREVER,
            NEVER,
            datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
            datetime(2026, 3, 1, tzinfo=UTC),
            datetime(2026, 3, 1, 1, tzinfo=timezone(timedelta(hours=5, minutes=45))),
        ],
    )
    def test_an_instant_comes_back_equal_and_in_utc(
        self, database: Database, instant: datetime
    ) -> None:
        with database.transaction() as session:
            session.execute(update(ContentState).values(changed_at=instant))
        with database.read() as connection:
            stored = connection.scalar(select(ContentState.changed_at))
        assert stored is not None
        assert (stored, stored.utcoffset()) == (instant, timedelta(0))

    def test_an_instant_without_a_zone_is_refused(self, database: Database) -> None:
        naive = datetime(2026, 3, 1)  # noqa: DTZ001 - what is refused
        with pytest.raises(StatementError, match="time zone"):
            write_instant(database, naive)

    def test_instants_sort_and_compare_as_time_does(self, database: Database) -> None:
        instants = [NEVER, NOW - MICROSECOND, NOW, NOW.replace(microsecond=0), FOREVER]
        rows = [enterprise(f"e{n}", created_at=at) for n, at in enumerate(instants)]
        with database.transaction() as session:
            bulk_insert(session, Enterprise, rows)
            query = select(Enterprise.created_at).order_by(Enterprise.created_at)
            assert list(session.scalars(query)) == sorted(instants)
            before = session.scalars(query.where(Enterprise.created_at < NOW)).all()
            assert before == [NEVER, NOW.replace(microsecond=0), NOW - MICROSECOND]

    @quickly
    @given(value=json_values)
    def test_json_comes_back_equal(self, sqlite: Database, value: Any) -> None:
        assert stored_details(sqlite, {"value": value}) == {"value": value}

    def test_json_with_everything_comes_back_equal(self, database: Database) -> None:
        value = {"": [], "ä\n\"'\\": {"x": None}, "n": [0, -1, 2**53, 0.1, True], "e": "\U0001f600"}
        assert stored_details(database, value) == value

    def test_text_that_is_sortable_sorts_by_code_point(self, database: Database) -> None:
        keys = ["b", "B", "a", "ä", "Z", "a+b", "a b", "\uffff", "\U0001f600", "_"]
        with database.transaction() as session:
            bulk_insert(session, ContentItem, [item(key) for key in keys])
            ordered = session.scalars(select(ContentItem.key).order_by(ContentItem.key)).all()
        assert ordered == sorted(keys)


def write_instant(database: Database, instant: datetime) -> None:
    with database.transaction() as session:
        session.execute(update(ContentState).values(changed_at=instant))


def stored_details(database: Database, details: dict[str, Any]) -> Any:
    values = {
        "at": NOW, "actor": "t", "action": "a", "object_type": "o", "object_id": "1",
        "details": details,
    }  # fmt: skip
    statement = insert(AuditEntry).values(values).returning(AuditEntry.details)
    with database.transaction() as session:
        return session.scalars(statement).one()
