import pytest

from bursar.database.engine import Database
from testing.worlds import bulk_enrollment as world


@pytest.fixture
def acme(database: Database) -> Database:
    """Ana and Bob have licenses, and Ana an account."""
    with database.transaction() as session:
        world.build(session)
        world.plan(session)
        world.know(session, [world.ANA])
        world.give(session, [world.ANA, world.BOB])
    return database
