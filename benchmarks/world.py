"""Databases to measure on: one enterprise, its catalogs of all courses, and one client."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID, uuid5

import msgspec

from benchmarks.kernel import memory_told
from bursar import clock
from bursar.database.engine import Database
from bursar.demo.content import courses
from bursar.identity.service import find_credentials
from bursar.identity.tokens import KeyRing
from bursar.settings import Settings
from testing.databases.composed import composed
from testing.databases.migrated import migrate
from testing.databases.postgres import PostgresAddress
from testing.servers.processes import child_environment
from testing.worlds import declared
from testing.worlds.contract import Document, catalog

CLIENT_ID: Final = "benchmark"
CATALOGS: Final = 10
_NAMESPACE: Final = UUID("5b0cf5b2-8a53-4c5e-9d0e-6f5f2a1f7a10")
CATALOG: Final = uuid5(_NAMESPACE, "catalog 0")
_LOOK_SECONDS: Final = 0.02


@dataclass(frozen=True)
class Import:
    """What `bursar import content` took, as a process of its own."""

    documents: int
    seconds: float
    peak_bytes: int

    @property
    def documents_per_second(self) -> float:
        return self.documents / self.seconds


@dataclass(frozen=True)
class World:
    database_url: str
    courses: int
    client_uuid: UUID
    token: str
    imported: Import


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """For as long as something is made in it."""
    database = composed(url)
    try:
        yield database
    finally:
        database.dispose()


def write_courses(path: Path, count: int) -> Path:
    with path.open("wb") as file:
        for document in courses(count, clock.now()):
            file.write(msgspec.json.encode(document) + b"\n")
    return path


def create_world(address: PostgresAddress, folder: Path, count: int) -> World:
    """The catalogs are there before the documents, so that the import keeps their members too."""
    url = address.create_database(f"benchmark_{count}")
    migrate(url)
    with opened(url) as database:
        _declare(database)
        client_uuid = _client_uuid(database)
        token, _ = KeyRing(database, Settings(token_ttl=86_400)).issue(CLIENT_ID, {})
    file = write_courses(folder / f"courses-{count}.ndjson", count)
    imported = import_courses(url, file, count)
    file.unlink()
    return World(url, count, client_uuid, token, imported)


def _declare(database: Database) -> None:
    uuid = uuid5(_NAMESPACE, "enterprise")
    manifest = declared.enterprise(uuid, "Benchmark", CLIENT_ID, catalogs=_catalogs())
    declared.declare(database, {"enterprises": [manifest]})


def _catalogs() -> list[Document]:
    return [
        catalog(
            uuid5(_NAMESPACE, f"catalog {number}"),
            f"Catalog {number}",
            {"content_type": "course"},
        )
        for number in range(CATALOGS)
    ]


def _client_uuid(database: Database) -> UUID:
    with database.read() as connection:
        credentials = find_credentials(connection, CLIENT_ID)
    if credentials is None:
        raise LookupError(CLIENT_ID)
    return credentials.client_uuid


def import_courses(url: str, file: Path, count: int) -> Import:
    return Import(count, *run_measured(url, ("import", "content", str(file))))


def run_measured(url: str, command: Sequence[str]) -> tuple[float, int]:
    """Seconds that `bursar COMMAND` took as a process of its own, and its most memory in bytes."""
    started = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-m", "bursar", *command],
        env=child_environment({"BURSAR_DATABASE_URL": url}),
        stdout=subprocess.DEVNULL,
    )
    peak = 0
    while child.poll() is None:
        # Not rusage's: that begins with the memory of the process that started this one.
        peak = memory_told(f"/proc/{child.pid}/status", "VmHWM") or peak
        time.sleep(_LOOK_SECONDS)
    if child.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}")
    return time.monotonic() - started, peak
