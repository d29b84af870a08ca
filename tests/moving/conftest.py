from pathlib import Path

import pytest

from testing.databases.plugin import DIALECTS
from tests.moving.world import Origin, Place, copied_place, open_place, settled

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


@pytest.fixture(scope="session", params=DIALECTS)
def moved(
    request: pytest.FixtureRequest,
    settled_sqlite: Origin,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """The URL of a database to which the enterprises have moved, and which is only copied, because
    moving takes longer than most tests."""
    place = open_place(request.param, tmp_path_factory.mktemp("moved") / "place", request)
    place.adopt(settled_sqlite.everything)
    place.database.dispose()
    return place.url


@pytest.fixture
def source(moved: str, request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where the enterprises have moved to, and where something may happen."""
    return copied_place(moved, tmp_path / "source", request)


@pytest.fixture
def other(request: pytest.FixtureRequest, source: Place, tmp_path: Path) -> Place:
    """Another installation, on the same kind of database as `source`."""
    kind = "sqlite" if source.database.is_sqlite else "postgresql"
    return open_place(kind, tmp_path / "other", request)
