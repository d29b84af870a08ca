from collections.abc import Iterator

import pytest

from bursar import clock
from bursar.database.engine import Database
from testing.fakes.smtp import Sink, running
from tests.delivery.world import NOW, Domain, settle


@pytest.fixture
def acme(database: Database) -> Database:
    """With an enterprise in it, and the clock standing at NOW."""
    settle(database)
    return database


@pytest.fixture
def domain() -> Domain:
    return Domain()


@pytest.fixture
def sink() -> Iterator[Sink]:
    with running(Sink()) as sink:
        yield sink


@pytest.fixture
def at_now() -> Iterator[None]:
    with clock.frozen_at(NOW):
        yield
