"""Two running servers for each dialect and test process, shared by all contract tests."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bursar.app import create_app
from bursar.settings import Settings
from testing.clients.api import Api
from testing.clients.forging import Forge
from testing.clients.inside import Inside
from testing.databases.migrated import migrated_url
from testing.databases.plugin import DIALECTS, fresh_url
from testing.servers.cli import Cli
from testing.servers.contract_endpoints import test_endpoints as endpoints_of_tests
from testing.servers.processes import WorkerProcess
from testing.shops.service import Service, Shop, furnish
from testing.worlds.contract import ADMIN, REPORTING

MAX_BODY_BYTES = 20_000
PUBLIC_URL = "https://api.example.org"
LMS_URL = "https://courses.example.org"
ORIGIN = "https://portal.example.org"


@pytest.fixture(scope="session", params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def shared_url(
    dialect: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> str:
    return fresh_url(dialect, tmp_path_factory.mktemp("contract"), request)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("servers")


@pytest.fixture(scope="session")
def service(shared_url: str, folder: Path) -> Iterator[Service]:
    """With default settings, but for a small limit of the body."""
    with ExitStack() as stack:
        limits = {"BURSAR_MAX_BODY_BYTES": str(MAX_BODY_BYTES)}
        running = Service.running(stack, shared_url, folder, limits)
        furnish(running.database)
        yield running


@pytest.fixture(scope="session")
def tuned(service: Service, shared_url: str, folder: Path) -> Iterator[Service]:
    """Beside `service`, on the same database, with what is off by default switched on."""
    with ExitStack() as stack:
        settings = {
            "BURSAR_PUBLIC_URL": f"{PUBLIC_URL}/",
            "BURSAR_LMS_PUBLIC_URL": f"{LMS_URL}/",
            "BURSAR_RATE_LIMIT": "5/minute",
            "BURSAR_TOKEN_FAILURES_PER_MINUTE": "3",
            "BURSAR_TRUSTED_PROXIES": "127.0.0.1,10.0.0.0/8",
            "BURSAR_TOKEN_TTL": "120",
            "BURSAR_CORS_ORIGINS": ORIGIN,
        }
        yield Service.running(stack, shared_url, folder, settings)


@pytest.fixture(scope="module")
def working(
    dialect: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Service]:
    """A service with a worker beside it, on a database of its own."""
    folder: Path = tmp_path_factory.mktemp("working")
    is_sqlite = dialect == "sqlite"
    url = migrated_url(folder, None if is_sqlite else request.getfixturevalue("postgres"))
    with ExitStack() as stack:
        stack.enter_context(WorkerProcess(folder, Cli(folder, url).environment))
        yield Service.running(stack, url, folder, {})


@pytest.fixture
def anonymous(service: Service) -> Api:
    return service.anonymous


@pytest.fixture(scope="session")
def api(service: Service) -> Api:
    """As Acme's administrator."""
    return service.acting_as(ADMIN)


@pytest.fixture(scope="session")
def reporting(service: Service) -> Api:
    return service.acting_as(REPORTING)


@pytest.fixture(scope="session")
def forge(service: Service) -> Forge:
    service.token(ADMIN)
    return Forge(service.database)


@pytest.fixture(scope="session")
def inside(service: Service) -> Iterator[Inside]:
    """The application in this process, on the database of `service`."""
    app = create_app(
        Settings(refusals_before_delay=1_000_000), service.database, endpoints_of_tests()
    )
    inside = Inside(app)
    yield inside
    inside.close()


@pytest.fixture
def shop(service: Service) -> Shop:
    return service.open_shop()
