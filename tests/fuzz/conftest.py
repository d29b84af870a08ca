"""A database of the fuzzers' own: what they leave of it is no good to other tests."""

from collections.abc import Iterator

import pytest

from bursar.app import create_app
from bursar.database.engine import Database
from bursar.identity.tokens import KeyRing
from bursar.settings import Settings
from testing.clients.inside import Inside
from testing.databases.composed import composed
from testing.databases.plugin import DIALECTS, fresh_url
from testing.servers.processes import UNLIMITED_REFUSALS, ServerProcess
from testing.shops.service import furnish
from testing.worlds.contract import ADMIN
from tests.fuzz.attacker import Attacker

_MANY = 1_000_000
PATIENT = Settings(
    token_failures_per_address=_MANY, token_failures_in_all=_MANY, refusals_before_delay=_MANY
)
"""All that is tried comes from one address, and most of it is refused."""


@pytest.fixture(scope="session", params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def hunting_ground(
    dialect: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Database]:
    database = composed(fresh_url(dialect, tmp_path_factory.mktemp("fuzz"), request))
    furnish(database)
    yield database
    database.dispose()


@pytest.fixture(scope="session")
def token(hunting_ground: Database) -> str:
    return KeyRing(hunting_ground, Settings()).issue(ADMIN, {})[0]


@pytest.fixture(scope="session")
def attacker(hunting_ground: Database, token: str) -> Iterator[Attacker]:
    inside = Inside(create_app(PATIENT, hunting_ground))
    yield Attacker(inside, token)
    inside.close()


@pytest.fixture(scope="session")
def server(
    hunting_ground: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    url = hunting_ground.url.render_as_string(hide_password=False)
    environment = {"BURSAR_DATABASE_URL": url, "BURSAR_LOG_LEVEL": "WARNING", **UNLIMITED_REFUSALS}
    with ServerProcess(tmp_path_factory.mktemp("attacked"), environment) as server:
        yield server
