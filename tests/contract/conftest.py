"""Two running servers for each dialect and test process, shared by all contract tests."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from tests.conftest import DIALECTS, migrate
from tests.contract.api import Api
from tests.contract.credit_world import with_budgets
from tests.contract.forging import Forge
from tests.contract.license_world import with_plans
from tests.contract.service import Service, Shop
from tests.contract.world import ADMIN, REPORTING, manifest
from tests.support.postgres import PostgresAddress

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
    if dialect == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('contract') / 'bursar.db'}"
        migrate(url)
        return url
    address: PostgresAddress = request.getfixturevalue("postgres")
    address.ensure_template("bursar_template", migrate)
    return address.create_database(f"c{uuid4().hex}", template="bursar_template")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("servers")


@pytest.fixture(scope="session")
def service(shared_url: str, folder: Path) -> Iterator[Service]:
    """With default settings, but for a small limit of the body."""
    with ExitStack() as stack:
        limits = {"BURSAR_MAX_BODY_BYTES": str(MAX_BODY_BYTES)}
        running = Service.running(stack, shared_url, folder, limits)
        running.declare(with_plans(with_budgets(manifest())))
        running.prepare()
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
            "BURSAR_TOKEN_TTL": "120",
            "BURSAR_CORS_ORIGINS": ORIGIN,
        }
        yield Service.running(stack, shared_url, folder, settings)


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


@pytest.fixture
def shop(service: Service) -> Shop:
    return service.open_shop()
