from pathlib import Path

import pytest

from testing.databases.plugin import DIALECTS
from tests.moving.world import Origin, Place, open_place, settled

SLOW = pytest.mark.slow
WAYS = [
    "sqlite-to-sqlite",
    pytest.param("sqlite-to-postgresql", marks=SLOW),
    pytest.param("postgresql-to-sqlite", marks=SLOW),
]


@pytest.fixture(scope="session", params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def settled_sqlite(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Origin:
    folder = tmp_path_factory.mktemp("origin") / "sqlite"
    return Origin.of(settled(open_place("sqlite", folder, request)))


@pytest.fixture(scope="session")
def origin(
    way: str,
    settled_sqlite: Origin,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Origin:
    """Two enterprises live there. Nobody changes it: settling takes long."""
    if way.startswith("sqlite"):
        return settled_sqlite
    folder = tmp_path_factory.mktemp("origin") / "postgresql"
    return Origin.of(settled(open_place("postgresql", folder, request)))


@pytest.fixture
def target(way: str, tmp_path: Path, request: pytest.FixtureRequest) -> Place:
    return open_place(way.partition("-to-")[2], tmp_path / "target", request)


@pytest.fixture(params=DIALECTS)
def source(request: pytest.FixtureRequest, settled_sqlite: Origin, tmp_path: Path) -> Place:
    """Where the enterprises have moved to, and where something may happen."""
    place = open_place(request.param, tmp_path / "source", request)
    place.adopt(settled_sqlite.everything)
    return place


@pytest.fixture
def other(request: pytest.FixtureRequest, source: Place, tmp_path: Path) -> Place:
    """Another installation, on the same kind of database as `source`."""
    kind = "sqlite" if source.database.is_sqlite else "postgresql"
    return open_place(kind, tmp_path / "other", request)
