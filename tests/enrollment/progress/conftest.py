import pytest

from bursar.database.engine import Database
from testing.worlds import progress as world


@pytest.fixture
def acme(database: Database) -> Database:
    with database.transaction() as session:
        world.build(session)
    return database
