from sqlalchemy import update

from bursar.database.engine import Database
from bursar.learners.checks import check_learners
from bursar.learners.models import Learner
from testing.worlds.reporting import World, learner


def test_an_address_that_is_not_composed_is_found(database: Database) -> None:
    world = World(database).write([learner("jos\u00e9@example.org"), learner("a@b.org")], [], [])
    with database.transaction() as session:
        assert list(check_learners(session)) == []
        changed = update(Learner).where(Learner.email != "a@b.org")
        session.execute(changed.values(email="jose\u0301@example.org"))
        [problem] = check_learners(session)
    known = world.learners["jos\u00e9@example.org"]["id"]
    assert problem.startswith(f"learners: {known}: the address is not in its normal form")
