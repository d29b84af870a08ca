from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.credit.assignments.commands import LinkLearners
from bursar.credit.assignments.linking import link_learners
from bursar.credit.checks import check_credit
from bursar.credit.models import Assignment, AssignmentAction
from bursar.credit.states import AssignmentState
from bursar.database.bulk import FEW
from bursar.database.engine import Database
from bursar.events.models import EventRecord
from bursar.provisioning.apply import apply
from bursar.provisioning.manifest import from_data
from testing.databases.statements import statements_of
from testing.worlds import credit as world
from testing.worlds.credit import DAY, NOW, Configuration

ACTOR = Actor("test")
LATER = NOW + DAY
ANA = "ana@acme.example"


def budget(session: Session, slug: str = "acme") -> Configuration:
    enterprise = world.enterprise(session, slug)
    subsidy = world.subsidy(session, enterprise)
    return world.configuration(session, world.policy(session, enterprise, subsidy))


def account_of(session: Session, uuid: UUID) -> int | None:
    return session.scalar(select(Assignment.lms_user_id).where(Assignment.uuid == uuid))


def link(session: Session, of: Configuration, known: list[tuple[str, int]]) -> int:
    command = LinkLearners(of.enterprise_uuid, dict(known))
    return link_learners(session, ACTOR, command, at=LATER)


def test_every_assignment_of_a_learner_who_becomes_known_is_linked(database: Database) -> None:
    with database.transaction() as session:
        of = budget(session)
        first = world.assignment(session, of, learner_email=ANA)
        second = world.assignment(
            session,
            of,
            (AssignmentState.CANCELLED, None),
            learner_email=ANA,
            content_key="edX+Other",
        )
        somebody = world.assignment(session, of)

        known = [(ANA, 501), ("nobody@acme.example", 9)]
        assert link(session, of, known) == 2
        assert link(session, of, known) == 0

        assert [account_of(session, uuid) for uuid in (first, second, somebody)] == [501, 501, None]
        actions = session.scalars(select(AssignmentAction)).all()
        assert {action.assignment_uuid for action in actions} == {first, second}
        assert {(one.action_type, one.completed_at, one.error_reason) for one in actions} == {
            ("learner_linked", LATER, None)
        }
        entries = session.scalars(select(EventRecord)).all()
        assert {entry.object_id for entry in entries} == {str(first), str(second)}
        assert list(check_credit(session)) == []


def test_an_account_that_is_known_already_stays(database: Database) -> None:
    with database.transaction() as session:
        of = budget(session)
        uuid = world.assignment(session, of, learner_email=ANA, lms_user_id=7)

        assert link(session, of, [(ANA, 501)]) == 0
        assert account_of(session, uuid) == 7


def test_assignments_of_another_enterprise_are_left_alone(database: Database) -> None:
    with database.transaction() as session:
        of, other = budget(session), budget(session, "globex")
        uuid = world.assignment(session, other, learner_email=ANA)

        assert link(session, of, [(ANA, 501)]) == 0
        assert account_of(session, uuid) is None


def test_a_thousand_assignments_cost_no_more_statements_than_one(database: Database) -> None:
    costs = []
    with database.transaction() as session:
        for slug, number in (("one", 1), ("some", FEW + 1), ("many", 1000)):
            of = budget(session, slug)
            emails = [f"{slug}{index}@acme.example" for index in range(number)]
            wanted = [(world.KINDS[0], {"learner_email": email}) for email in emails]
            world.assignments(session, of, wanted)
            known = [(email, index + 1) for index, email in enumerate(emails)]
            with statements_of(database) as seen:
                assert link(session, of, known) == number
            costs.append(len(seen))

    # What goes by COPY is not seen, and one row does not go so.
    assert costs[1] == costs[2] <= costs[0] < 10


def test_a_learner_declared_in_a_manifest_finds_the_assignments(database: Database) -> None:
    with database.transaction() as session:
        of = budget(session)
        uuid = world.assignment(session, of, learner_email=ANA)
        learner = {"email": ANA.upper(), "lms_user_id": 501}
        enterprise = {"uuid": str(of.enterprise_uuid), "name": "Acme", "slug": "acme"}
        manifest = from_data({"enterprises": [enterprise | {"learners": [learner]}]})

        apply(session, ACTOR, [manifest], now=LATER)

        assert account_of(session, uuid) == 501
