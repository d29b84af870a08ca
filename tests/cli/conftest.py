from pathlib import Path
from uuid import uuid4

import pytest

from testing.databases.migrated import ensure_migrated
from testing.databases.postgres import PostgresAddress
from testing.servers.cli import Cli


@pytest.fixture
def cli(database_url: str, tmp_path: Path) -> Cli:
    """On both databases, migrated."""
    return Cli(tmp_path, database_url)


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Cli:
    """With a file that is not there yet."""
    return Cli(tmp_path, f"sqlite:///{tmp_path / 'data' / 'bursar.db'}")


@pytest.fixture
def sqlite(on_sqlite: Cli) -> Cli:
    """Migrated."""
    ensure_migrated(on_sqlite.url)
    return on_sqlite


@pytest.fixture
def on_empty_postgres(tmp_path: Path, postgres: PostgresAddress) -> Cli:
    """Never migrated."""
    return Cli(tmp_path, postgres.create_database(f"e{uuid4().hex}"))
