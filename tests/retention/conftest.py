import pytest

from bursar import clock
from bursar.database.engine import Database
from tests.retention.life import START, settle


@pytest.fixture
def acme(database: Database) -> Database:
    with clock.frozen_at(START):
        settle(database)
    return database
