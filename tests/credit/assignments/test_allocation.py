"""What allocation does to learners, money, mails and the record."""

from datetime import timedelta

import pytest

from bursar.credit.assignments.views import assignment_item
from bursar.credit.refusals import BudgetRefused
from bursar.database.engine import Database
from bursar.delivery.models import DeliveryStatus
from bursar.emails import retired_address
from testing.databases.statements import statements_of
from testing.worlds.budgets import (
    COURSE,
    DAY,
    NOW,
    Budget,
    course_until,
    open_budget,
)

ANA, BEN, CHRIS, DORA = (f"{name}@example.com" for name in ("ana", "ben", "chris", "dora"))
LATER = NOW + DAY


def in_state(budget: Budget, state: str, email: str = ANA) -> None:
    uuid = budget.assign(email, price=300)
    if state == "cancelled":
        budget.cancel(uuid)
    elif state == "errored":
        budget.fail(budget.redeem(email))
    elif state == "reversed":
        budget.reverse(budget.redeemed(email))
    elif state == "expired":
        budget.expire(NOW + 90 * DAY)
    assert budget.states()[email] == state


def test_a_new_learner_is_allocated(database: Database) -> None:
    budget = open_budget(database)
    done = budget.allocate(ANA, price=300)
    (row,) = budget.rows()
    assert [done.updated, done.no_change] == [[], []]
    assert done.created == [assignment_item(row, ())]
    assert row.uuid.version == 4
    assert (row.learner_email, row.lms_user_id, row.content_key) == (ANA, None, COURSE)
    assert (row.content_title, row.content_quantity) == ("Any", -300)
    assert (row.state, row.transaction_uuid, row.learner_state) == ("allocated", None, "notifying")
    assert (row.allocated_at, row.recent_action_at, row.recent_action_type) == (
        NOW,
        NOW,
        "assigned",
    )
    assert (row.expires_at, row.expiry_reason) == (NOW + 90 * DAY, "NINETY_DAYS_PASSED")
    assert budget.figures == (0, 300, 99_700)
    assert budget.problems() == []


def test_answers_keep_the_order_of_the_request(database: Database) -> None:
    budget = open_budget(database)
    budget.allocate(DORA, BEN)
    budget.cancel(*(row.uuid for row in budget.rows()))
    budget.allocate(CHRIS, ANA)
    new = [f"{letter}@new.example" for letter in "zyxab"]
    done = budget.allocate(new[0], DORA, ANA, new[1], *new[2:], CHRIS, BEN)
    assert [row.learner_email for row in done.created] == new
    assert [row.learner_email for row in done.updated] == [DORA, BEN]
    assert [row.learner_email for row in done.no_change] == [ANA, CHRIS]
    assert [action.action_type for action in done.updated[0].actions] == ["cancelled"]


@pytest.mark.parametrize("state", ["cancelled", "errored", "expired", "reversed"])
def test_what_ended_is_allocated_again_at_the_new_price(database: Database, state: str) -> None:
    budget = open_budget(database)
    in_state(budget, state)
    (before,) = budget.rows()
    assert budget.figures == (0, 0, 100_000)
    done = budget.allocate(ANA, price=450, now=LATER)
    (row,) = budget.rows()
    assert [done.created, done.no_change] == [[], []]
    assert done.updated == [assignment_item(row, budget.actions(row.uuid))]
    assert (row.uuid, row.created_at) == (before.uuid, before.created_at)
    assert (row.state, row.content_quantity, row.transaction_uuid) == ("allocated", -450, None)
    assert (row.allocated_at, row.expires_at) == (LATER, LATER + 90 * DAY)
    assert (row.learner_state, row.recent_action_at) == ("notifying", LATER)
    assert budget.figures == (0, 450, 99_550)
    assert budget.problems() == []


@pytest.mark.parametrize("state", ["allocated", "redeeming", "accepted"])
def test_what_lasts_keeps_its_price(database: Database, state: str) -> None:
    budget = open_budget(database)
    budget.assign(price=300)
    if state != "allocated":
        transaction = budget.redeem()
        if state == "accepted":
            budget.complete(transaction)
    before = budget.figures, budget.rows(), len(budget.mails()), budget.audited()
    done = budget.allocate(ANA, price=450, now=LATER)
    assert [row.content_quantity for row in done.no_change] == [-300]
    assert [done.created, done.updated] == [[], []]
    assert (budget.figures, budget.rows(), len(budget.mails()), budget.audited()) == before


def test_the_whole_budget_can_be_used_and_the_call_repeated(database: Database) -> None:
    budget = open_budget(database, deposit=600, spend_limit=600)
    assert len(budget.allocate(ANA, BEN, price=300).created) == 2
    assert budget.figures == (0, 600, 0)
    assert len(budget.allocate(ANA, BEN, price=300).no_change) == 2
    with pytest.raises(BudgetRefused):
        budget.allocate(ANA, BEN, CHRIS, price=1)
    assert budget.allocate(CHRIS, price=0).created
    assert budget.problems() == []


def test_only_what_is_new_has_to_be_paid_for(database: Database) -> None:
    budget = open_budget(database, deposit=900)
    budget.allocate(ANA, BEN, price=300)
    done = budget.allocate(ANA, BEN, CHRIS, price=300)
    assert (len(done.no_change), len(done.created)) == (2, 1)
    assert budget.figures == (0, 900, 0)


def test_contents_are_allocated_apart_and_a_run_apart_from_its_course(database: Database) -> None:
    budget = open_budget(database)
    assert budget.allocate(ANA).created
    assert budget.allocate(ANA, key="course-v1:edX+Any+1").created
    assert budget.figures == (0, 200, 99_800)


def test_known_accounts_are_named(database: Database) -> None:
    budget = open_budget(database)
    budget.know([(ANA, 7)])
    assert [row.lms_user_id for row in budget.allocate(BEN, ANA).created] == [None, 7]


def test_two_addresses_of_one_account_are_one_learner(database: Database) -> None:
    budget = open_budget(database)
    budget.know([(ANA, 7), (BEN, 7)])
    assert [row.learner_email for row in budget.allocate(ANA, BEN).created] == [ANA]
    assert [row.learner_email for row in budget.allocate(BEN).no_change] == [ANA]
    assert budget.figures == (0, 100, 99_900)


def test_a_live_assignment_under_another_address_is_not_paid_twice(database: Database) -> None:
    budget = open_budget(database)
    ended = budget.assign(ANA)
    budget.cancel(ended)
    live = budget.assign(BEN)
    budget.know([(ANA, 7), (BEN, 7), (CHRIS, 7)])
    budget.overwrite(lms_user_id=7)
    for email in (ANA, BEN, CHRIS):
        assert [row.uuid for row in budget.allocate(email).no_change] == [live]
    assert budget.figures == (0, 100, 99_900)


def test_a_scrubbed_assignment_is_found_by_its_account(database: Database) -> None:
    budget = open_budget(database)
    budget.know([(ANA, 7)])
    uuid = budget.assign(ANA)
    budget.cancel(uuid)
    budget.overwrite(learner_email=retired_address(uuid), scrubbed_at=NOW)
    (again,) = budget.allocate(ANA, now=LATER).updated
    assert (again.uuid, again.learner_email, again.lms_user_id) == (uuid, ANA, 7)
    assert (budget.row(uuid).learner_email, budget.row(uuid).scrubbed_at) == (ANA, None)


def test_a_learner_who_changed_address_is_allocated_again_under_the_new_one(
    database: Database,
) -> None:
    budget = open_budget(database)
    budget.know([(ANA, 7), (BEN, 7)])
    uuid = budget.assign(ANA)
    budget.cancel(uuid)
    assert [(row.uuid, row.learner_email) for row in budget.allocate(BEN, ANA).updated] == [
        (uuid, BEN)
    ]
    assert budget.states() == {BEN: "allocated"}


def test_the_earliest_deadline_is_kept_with_its_reason(database: Database) -> None:
    budget = open_budget(database, subsidy_expiration_datetime=NOW + 60 * DAY)
    ends = {"Soon": NOW + 10 * DAY, "Then": NOW + 60 * DAY, "Open": None}
    budget.publish(*(course_until(end, name) for name, end in ends.items()))
    for name in ends:
        budget.allocate(ANA, key=f"edX+{name}")
    found = {row.content_key: (row.expires_at - NOW, row.expiry_reason) for row in budget.rows()}
    assert found == {
        "edX+Soon": (timedelta(days=10), "ENROLLMENT_DATE_PASSED"),
        "edX+Then": (timedelta(days=60), "SUBSIDY_EXPIRED"),
        "edX+Open": (timedelta(days=60), "SUBSIDY_EXPIRED"),
    }


def test_each_new_allocation_is_mailed_and_audited_once(database: Database) -> None:
    budget = open_budget(database)
    first, second = (row.uuid for row in budget.allocate(ANA, BEN).created)
    budget.allocate(ANA)
    mails = [(mail.kind, mail.recipient, mail.subject_uuid) for mail in budget.mails()]
    assert mails == [("assignment-allocated", ANA, first), ("assignment-allocated", BEN, second)]
    context = budget.mails()[0].context
    assert set(context) == {"content_key", "content_title", "deadline", "link"}
    assert context["deadline"] == "2027-02-22T12:00:00Z"
    assert COURSE.replace("+", "%2B") in context["link"] or COURSE in context["link"]
    assert budget.audited() == [
        ("assignment.allocated", str(first)),
        ("assignment.allocated", str(second)),
    ]


def test_mails_of_an_ended_allocation_that_wait_are_never_sent(database: Database) -> None:
    budget = open_budget(database)
    budget.cancel(budget.assign())
    budget.allocate(ANA, now=LATER)
    statuses = [(mail.kind, mail.status) for mail in budget.mails()]
    assert statuses == [
        ("assignment-allocated", DeliveryStatus.DROPPED),
        ("assignment-cancelled", DeliveryStatus.DROPPED),
        ("assignment-allocated", DeliveryStatus.PENDING),
    ]


@pytest.mark.parametrize("number", [1, 1000])
def test_the_number_of_learners_does_not_change_the_number_of_statements(
    database: Database, number: int
) -> None:
    budget = open_budget(database)
    emails = [f"learner{each}@example.com" for each in range(number)]
    budget.know([(email, each + 1) for each, email in enumerate(emails)])
    with statements_of(database) as created:
        budget.allocate(*emails)
    budget.cancel(*(row.uuid for row in budget.rows()))
    with statements_of(database) as updated:
        assert len(budget.allocate(*emails, now=LATER).updated) == number
    assert max(len(created), len(updated)) <= 15, [len(created), len(updated)]
    assert budget.problems() == []


@pytest.mark.slow
def test_ten_thousand_learners_are_allocated_in_one_call(database: Database) -> None:
    budget = open_budget(database, deposit=10_000)
    emails = [f"learner{each}@example.com" for each in range(10_000)]
    budget.know([(email, each + 1) for each, email in enumerate(emails)])
    assert len(budget.allocate(*emails, price=1).created) == 10_000
    assert len(budget.allocate(*emails, price=1).no_change) == 10_000
    assert budget.figures == (0, 10_000, 0)
