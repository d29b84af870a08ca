"""A running server for each dialect, and enterprises with an identity provider."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from testing.databases.plugin import DIALECTS, fresh_url
from testing.shops.service import Service
from tests.scim.provider import Provider, open_provider


@pytest.fixture(scope="session", params=DIALECTS)
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("scim")
    with ExitStack() as stack:
        yield Service.running(stack, fresh_url(request.param, folder, request), folder, {})


@pytest.fixture
def provider(service: Service) -> Provider:
    return open_provider(service)
