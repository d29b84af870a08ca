import pytest

from bursar.database.engine import Database
from testing.worlds import subscriptions as world


@pytest.fixture
def acme(database: Database) -> Database:
    """With an enterprise and a current plan of a hundred licenses."""
    with database.transaction() as session:
        world.build(session)
        world.plan(session)
    return database
