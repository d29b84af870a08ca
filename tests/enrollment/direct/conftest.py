import pytest

from bursar.database.engine import Database
from testing.worlds import bulk_enrollment as world


@pytest.fixture
def acme(database: Database) -> Database:
    """Ana has an account; there is a plan of ten hundred licenses, and nobody has one."""
    with database.transaction() as session:
        world.build(session)
        world.plan(session)
        world.know(session, [world.ANA])
    return database
