from pathlib import Path

import psycopg
import pytest

from testing.databases.postgres import PostgresAddress, PostgresServer

pytestmark = pytest.mark.slow


def query(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def create_marker(url: str) -> None:
    query(url, "CREATE TABLE marker AS SELECT 7 AS value")


def test_server_answers_and_leaves_nothing_behind() -> None:
    with PostgresServer() as server:
        url = server.create_database("sanity")
        assert query(url, "SELECT 1") == [(1,)]
        [(data_folder,)] = query(url, "SHOW data_directory")
    assert not Path(str(data_folder)).parent.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=2)


def test_database_is_copied_from_a_template_that_is_prepared_once(
    postgres: PostgresAddress, tmp_path: Path
) -> None:
    calls: list[str] = []

    def prepare(url: str) -> None:
        calls.append(url)
        create_marker(url)

    name = tmp_path.name
    for _ in range(2):
        postgres.ensure_template(f"{name}_template", prepare)
    url = postgres.create_database(f"{name}_copy", template=f"{name}_template")
    assert query(url, "SELECT value FROM marker") == [(7,)]
    assert len(calls) == 1


def test_dropping_a_database_disconnects_its_users(
    postgres: PostgresAddress, tmp_path: Path
) -> None:
    name = f"{tmp_path.name}_dropped"
    with psycopg.connect(postgres.create_database(name)) as connection:
        postgres.drop_database(name)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
