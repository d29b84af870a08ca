"""A populated database of the version with migration 0013 is upgraded: see README.md."""

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import Select, Uuid, bindparam, inspect, select, text

from bursar import clock, work
from bursar.app import create_app
from bursar.credit.models import SubsidyTransaction
from bursar.database.engine import Database
from bursar.database.migrate import is_current, upgrade
from bursar.enrollment.bulk.models import BulkEnrollmentJob
from bursar.enrollment.models import Enrollment
from bursar.jobs.system import migrate_system_tables
from bursar.schema import metadata
from bursar.settings import get_settings
from testing.clients.inside import Answered, Inside
from testing.databases.postgres import PostgresAddress
from testing.jobs import await_status, jobs
from testing.servers.cli import Cli
from testing.waiting import wait_until

MADE: Final = Path(__file__).parent / "made"
RENAMED: Final = {"mails": "deliveries"}
LEAVER: Final = "acme-leaver"
ONE: Final = bindparam("uuid", type_=Uuid())
assert metadata.tables

pytestmark = pytest.mark.timeout(300)


def unpacked(name: str) -> bytes:
    return gzip.decompress((MADE / name).read_bytes())


@pytest.fixture
def facts(dialect: str) -> dict[str, Any]:
    """What the version that made the database says of it."""
    found: dict[str, Any] = json.loads(unpacked(f"0013.{dialect}.json.gz"))
    return found


@pytest.fixture
def old_url(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    if dialect == "sqlite":
        (tmp_path / "old.db").write_bytes(unpacked("0013.db.gz"))
        return f"sqlite:///{tmp_path / 'old.db'}"
    address: PostgresAddress = request.getfixturevalue("postgres")
    url = address.create_database(f"u{uuid4().hex}")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(unpacked("0013.sql.gz"))
    return url


@pytest.fixture
def upgraded(
    old_url: str, facts: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    """By today's code, at the instant at which the database was left."""
    monkeypatch.setenv("BURSAR_DATABASE_URL", old_url)
    monkeypatch.setenv("BURSAR_SECRET_KEY", facts["secret_key"])
    get_settings.cache_clear()
    database = Database(old_url)
    upgrade(database)
    migrate_system_tables(database)
    with clock.frozen_at(clock.parse_instant(facts["now"])):
        yield database
    database.dispose()
    get_settings.cache_clear()


@contextmanager
def application(database: Database) -> Iterator[Inside]:
    inside = Inside(create_app(get_settings(), database))
    try:
        yield inside
    finally:
        inside.close()


def token(inside: Inside, client: str, secret: str) -> str | None:
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
    body = urlencode(form | {"token_type": "jwt"}).encode()
    headers = [
        (b"content-type", b"application/x-www-form-urlencoded"),
        (b"content-length", str(len(body)).encode()),
    ]
    answer = inside.ask("POST", b"/oauth2/v1/access_token", headers, body)
    found: str | None = json.loads(answer.body).get("access_token")
    return found


def get(inside: Inside, path: str, token: str | None, accept: str) -> Answered:
    headers = [
        (b"accept", accept.encode()),
        (b"authorization", f"JWT {token}".encode()),
    ]
    return inside.ask("GET", path.encode(), headers)


def test_the_api_answers_what_it_answered(upgraded: Database, facts: dict[str, Any]) -> None:
    different = []
    with application(upgraded) as inside:
        clients = {each["by"] for each in facts["answers"]}
        tokens = {client: token(inside, client, facts["old_secret"]) for client in clients}
        for before in facts["answers"]:
            answer = get(inside, before["path"], tokens[before["by"]], before["accept"])
            now = (answer.status, answer.headers.get("content-type"), answer.body.decode())
            if now != (before["status"], before["type"], before["body"]):
                different.append(f"{before['path']} by {before['by']}: {before} is now {now}")
    assert len(facts["answers"]) > 40
    assert different == []


def test_the_clients_get_in_with_the_secrets_they_have(
    upgraded: Database, facts: dict[str, Any]
) -> None:
    with application(upgraded) as inside:
        for secret in (facts["old_secret"], facts["new_secret"]):
            assert token(inside, LEAVER, secret)
        assert not token(inside, LEAVER, "another")
        # A token of a key that was stored before there was a secret, and of the sealed one.
        for old in facts["tokens"]:
            answer = get(inside, "/enterprise/v2/enterprise-catalogs", old, "application/json")
            assert answer.status == 200


def test_what_waited_is_done_by_a_new_worker(upgraded: Database, facts: dict[str, Any]) -> None:
    waiting = {job for job, status in jobs(upgraded).items() if status in {"ENQUEUED", "PENDING"}}
    kinds = {job.partition(":")[0] for job in waiting}
    assert {"credit.enroll", "credit.end_enrollment", "bulk_enrollment.chunk"} <= kinds
    worker = work.background_worker(get_settings())
    worker.start()
    try:
        for job in waiting:
            await_status(upgraded, job, "SUCCESS")
        wait_until(lambda: column(upgraded, _BULK_STATE, facts["bulk_job"]) == ["done"])
    finally:
        worker.stop()
    for uuid in facts["redeemed"]:
        assert column(upgraded, _TRANSACTION_STATE, uuid) == ["committed"]
        assert column(upgraded, _SEATS, uuid) == [None]
    assert column(upgraded, _TRANSACTION_STATE, facts["reversed"]) == ["reversed"]
    [ended] = column(upgraded, _SEATS, facts["reversed"])
    assert ended is not None
    with upgraded.read() as connection:
        left = text("SELECT count(*) FROM licenses WHERE is_ending")
        assert connection.scalar(left) == 0


_BULK_STATE: Final = select(BulkEnrollmentJob.state).where(BulkEnrollmentJob.uuid == ONE)
_TRANSACTION_STATE: Final = select(SubsidyTransaction.state).where(SubsidyTransaction.uuid == ONE)
_SEATS: Final = select(Enrollment.unenrolled_at).where(Enrollment.transaction_uuid == ONE)


def column(database: Database, statement: Select[Any], uuid: str) -> list[Any]:
    with database.read() as connection:
        return list(connection.scalars(statement, {"uuid": UUID(uuid)}))


def test_check_names_what_old_rules_let_through_and_nothing_else(
    upgraded: Database, facts: dict[str, Any], tmp_path: Path
) -> None:
    url = upgraded.url.render_as_string(hide_password=False)
    finished = Cli(tmp_path, url).run("check", BURSAR_SECRET_KEY=facts["secret_key"])
    lines = finished.stdout.splitlines()
    assert finished.returncode == 1
    for uuid in facts["paid_twice"]:
        assert [line for line in lines if uuid in line and "a second payment" in line]
    addresses = [line for line in lines if line.startswith("learners: ")]
    assert len(addresses) == len(facts["odd_addresses"])
    # The seats of the second payments were taken out by hand, and their days still count them.
    days = [line for line in lines if line.startswith("enrollment_days: ")]
    assert len(days) == 1
    assert len(lines) == len(addresses) + len(days) + len(facts["paid_twice"]), lines


def rows(database: Database) -> dict[str, list[str]]:
    with database.read() as connection:
        tables = inspect(connection).get_table_names()
        return {
            table: sorted(
                str(tuple(row)) for row in connection.execute(text(f"SELECT * FROM {table}"))
            )
            for table in tables
        }


def test_a_second_upgrade_changes_nothing(upgraded: Database) -> None:
    before = rows(upgraded)
    upgrade(upgraded)
    migrate_system_tables(upgraded)
    assert rows(upgraded) == before
    with upgraded.read() as connection:
        assert is_current(connection)


def test_no_row_is_lost(old_url: str) -> None:
    database = Database(old_url)
    before = {table: len(found) for table, found in rows(database).items()}
    upgrade(database)
    after = {table: len(found) for table, found in rows(database).items()}
    database.dispose()
    assert {table: after[RENAMED.get(table, table)] for table in before} == before
