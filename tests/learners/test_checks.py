import pytest
from sqlalchemy import update

from bursar.database.engine import Database
from bursar.learners.checks import check_learners
from bursar.learners.models import Learner
from bursar.people.naming import new_tombstone
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


@pytest.mark.parametrize("text", ["", "no address", "a,b@c.org", "a\u200b@b.org"])
def test_what_is_no_address_is_found_and_not_told(database: Database, text: str) -> None:
    world = World(database).write([learner("ana@example.org"), learner("a@b.org")], [], [])
    with database.transaction() as session:
        session.execute(update(Learner).where(Learner.email != "a@b.org").values(email=text))
        [problem] = check_learners(session)
    known = world.learners["ana@example.org"]["id"]
    assert problem.startswith(f"learners: {known}: what is stored as the address is none")
    assert not text or text not in problem


def test_a_tombstone_is_an_address(database: Database) -> None:
    World(database).write([learner(new_tombstone())], [], [])
    with database.transaction() as session:
        assert list(check_learners(session)) == []
