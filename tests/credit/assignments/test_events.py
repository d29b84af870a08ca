"""What is told of assignments: old and new values, and the assignment as its list shows it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from bursar.credit.assignments.attempts import record_attempts
from bursar.credit.assignments.views import assignment_list_item
from bursar.database.engine import Database
from bursar.delivery.service import Attempt, AttemptOutcome, QueuedDelivery
from testing.worlds.budgets import DAY, NOW, Budget, open_budget

ANA, BEN = "ana@example.com", "ben@example.com"


def shown(budget: Budget, uuid: UUID) -> Any:
    """As the list of its configuration shows it now, in plain JSON."""
    item = assignment_list_item(budget.row(uuid), budget.actions(uuid))
    return msgspec.json.decode(msgspec.json.encode(item))


def attempt(budget: Budget, outcome: AttemptOutcome) -> None:
    """Of every mail."""
    names = QueuedDelivery.__dataclass_fields__
    mails = [
        QueuedDelivery(**{name: getattr(row, name) for name in names}) for row in budget.mails()
    ]
    at = NOW + timedelta(seconds=1)
    with budget.database.transaction() as session:
        record_attempts(session, [Attempt(mail, outcome, at) for mail in mails], at)


def test_an_allocation_is_told_as_the_list_shows_it(database: Database) -> None:
    budget = open_budget(database)
    uuid = budget.assign(price=300)
    (told,) = budget.events("assignment.allocated")
    assert (told.object_type, told.object_id, told.version) == ("assignment", str(uuid), 1)
    assert (told.actor, told.request_id, told.at) == ("test", "request-1", NOW)
    assert told.data == shown(budget, uuid)
    assert told.changes == {
        "state": [None, "allocated"],
        "learner_state": [None, "notifying"],
        "content_key": [None, "edX+Any"],
        "content_quantity": [None, -300],
    }


def test_allocating_again_tells_what_changed_and_goes_on_counting(database: Database) -> None:
    budget = open_budget(database)
    uuid = budget.assign(price=300)
    budget.cancel(uuid)
    budget.allocate(ANA, BEN, price=450, now=NOW + DAY)
    told = {event.data["learner_email"]: event for event in budget.events("assignment.allocated")}
    assert told[ANA].changes == {
        "state": ["cancelled", "allocated"],
        "learner_state": [None, "notifying"],
        "content_quantity": [-300, -450],
    }
    assert (told[ANA].version, told[BEN].version) == (3, 1)
    assert told[ANA].data == shown(budget, uuid)


def test_an_end_is_told_with_its_action_and_makes_the_mail_of_it(database: Database) -> None:
    budget = open_budget(database)
    uuid = budget.assign()
    budget.cancel(uuid)
    (told,) = budget.events("assignment.cancelled")
    assert told.changes == {
        "state": ["allocated", "cancelled"],
        "learner_state": ["notifying", None],
    }
    assert told.data == shown(budget, uuid)
    (action,) = budget.actions(uuid)
    assert action.mail_uuid == budget.mails()[-1].uuid
    assert budget.mails()[-1].kind == "assignment-cancelled"


def test_an_expiry_is_told_by_its_task(database: Database) -> None:
    budget = open_budget(database)
    uuid = budget.assign()
    budget.expire(NOW + 90 * DAY)
    (told,) = budget.events("assignment.expired")
    assert (told.actor_kind, told.actor) == ("task", "task:expire-assignments")
    assert told.at == NOW + 90 * DAY
    assert told.data == shown(budget, uuid)


def test_a_failed_redemption_tells_that_the_assignment_names_it_no_more(
    database: Database,
) -> None:
    budget = open_budget(database)
    uuid = budget.assign()
    transaction = budget.redeem()
    budget.fail(transaction)
    (told,) = budget.events("assignment.errored")
    assert told.changes == {
        "state": ["allocated", "errored"],
        "learner_state": ["notifying", "failed"],
        "transaction_uuid": [str(transaction), None],
    }
    assert told.data == shown(budget, uuid)


@pytest.mark.parametrize(
    ("outcome", "kind", "learner_state"),
    [
        (AttemptOutcome.DELIVERED, "assignment.notified", "waiting"),
        (AttemptOutcome.FAILED, "assignment.notification_failed", "failed"),
    ],
)
def test_what_came_of_the_mail_is_told_once(
    database: Database, outcome: AttemptOutcome, kind: str, learner_state: str
) -> None:
    budget = open_budget(database)
    uuid = budget.assign()
    attempt(budget, outcome)
    attempt(budget, outcome)
    (told,) = budget.events("assignment.notified", "assignment.notification_failed")
    assert (told.type, told.changes) == (kind, {"learner_state": ["notifying", learner_state]})
    assert told.data == shown(budget, uuid)


def test_an_attempt_that_is_tried_again_tells_nothing(database: Database) -> None:
    budget = open_budget(database)
    budget.assign()
    attempt(budget, AttemptOutcome.RETRYING)
    assert budget.events("assignment.notified", "assignment.notification_failed") == []


def test_no_address_is_kept_among_the_changes(database: Database) -> None:
    budget = open_budget(database)
    uuid = budget.assign()
    budget.know([(ANA, 7)])
    budget.cancel(uuid)
    budget.finish_mails()
    budget.scrub(NOW + 90 * DAY)
    kinds = {kind for kind, _ in budget.audited()}
    assert kinds >= {"assignment.learner_linked", "assignment.scrubbed"}
    assert ANA not in str([event.changes for event in budget.events(*kinds)])
