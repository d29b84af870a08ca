"""Subsidies, ledgers, policies and assignments of enterprise-subsidy and enterprise-access."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from bursar import clock
from bursar.credit.models import (
    Assignment,
    AssignmentAction,
    AssignmentConfiguration,
    LedgerAdjustment,
    LedgerEntry,
    Policy,
    Subsidy,
    SubsidyTransaction,
)
from bursar.enrollment.models import Enrollment
from bursar.events.models import EventRecord
from bursar.learners.models import Learner
from bursar.people.service import erase_person
from bursar.subscriptions.licenses.models import License
from testing.worlds.open_edx import RUN, Credit, Dump, founded, funded
from tests.adopting.moving import ACTOR, Moving, texts

LATER = "2025-06-01T00:00:00Z"


def by_uuid(moving: Moving, model: Any) -> dict[UUID, dict[str, Any]]:
    return {row["uuid"]: row for row in moving.rows(model)}


def enrolled(credit: Credit, user_id: int, transaction: UUID, **fields: Any) -> None:
    """With an account, and an enrollment that the transaction pays for."""
    customer = credit.customer
    customer.account(user_id, f"user{user_id}@acme.example", f"user{user_id}")
    credit.credited(customer.enrollment(customer.member(user_id)), transaction, **fields)


def balance_of(moving: Moving) -> int:
    (row,) = moving.rows(Subsidy)
    return int(row["balance_cents"])


def test_the_ledger_is_kept_entry_by_entry(moving: Moving) -> None:
    credit = funded()
    more, given = credit.deposit(5_000), credit.adjustment(700, notes="a late refund")
    taken = credit.adjustment(-200)
    unknown = credit.transaction(300)
    policy = credit.policy()
    paid, back = credit.redemption(policy, 1_000, 501), credit.redemption(policy, 2_000, 502)
    failed = credit.redemption(policy, 4_000, 503, "failed")
    reversal = credit.reversal(back, 2_000)
    enrolled(credit, 501, paid)

    result = moving.adopt_one(credit.dump)

    assert balance_of(moving) == 100_000 + 5_000 + 700 - 200 + 300 - 1_000
    entries = by_uuid(moving, LedgerEntry)
    kinds = {uuid: (row["kind"], row["amount_cents"]) for uuid, row in entries.items()}
    expected = {
        more: ("deposit", 5_000),
        given: ("adjustment", 700),
        taken: ("adjustment", -200),
        unknown: ("deposit", 300),
        paid: ("redemption", -1_000),
        back: ("redemption", -2_000),
        reversal: ("reversal", 2_000),
        failed: ("redemption", -4_000),
    }
    assert {uuid: kinds[uuid] for uuid in expected} == expected
    assert entries[more]["idempotency_key"] == f"key-{more}"
    assert entries[paid]["idempotency_key"] == f"key-{paid}"
    assert entries[reversal]["idempotency_key"] == f"back-{back}"
    reasons = {row["entry_uuid"]: row["reason"] for row in moving.rows(LedgerAdjustment)}
    assert reasons == {given: "good_faith: a late refund", taken: "good_faith"}
    transactions = by_uuid(moving, SubsidyTransaction)
    states = {uuid: row["state"] for uuid, row in transactions.items()}
    assert states == {paid: "committed", back: "reversed", failed: "failed"}
    assert transactions[paid]["learner_email"] == "user501@acme.example"
    (stored,) = moving.rows(Policy)
    assert (stored["uuid"], stored["redeemed_cents"]) == (policy, 1_000)
    totals = {(each.about.split()[0], each.state): each.theirs for each in result.run.totals}
    assert totals["subsidy", "balance, cents"] == balance_of(moving)
    assert totals["budget", "spent, cents"] == 1_000


def test_the_same_dump_changes_nothing(moving: Moving) -> None:
    credit = funded()
    policy, configuration = credit.assigned_policy()
    paid = credit.redemption(policy, 1_000, 501)
    enrolled(credit, 501, paid)
    accepted = credit.assignment(
        configuration, "accepted", "user501@acme.example", transaction_uuid=str(paid)
    )
    credit.action(accepted, "redeemed")
    moving.adopt_one(credit.dump)
    before = moving.counts()
    result = moving.adopt_one(credit.dump)
    assert (result.run.tally.total("created"), result.run.tally.total("changed")) == (0, 0)
    assert moving.counts() == before


def test_a_redemption_is_reversed_by_a_later_dump(moving: Moving) -> None:
    credit = funded()
    policy, configuration = credit.assigned_policy()
    paid = credit.redemption(policy, 1_000, 501)
    enrolled(credit, 501, paid)
    accepted = credit.assignment(
        configuration, "accepted", "user501@acme.example", transaction_uuid=str(paid)
    )
    moving.adopt_one(credit.dump)
    credit.reversal(paid, 1_000)
    fields = credit.dump.find("content_assignments.learnercontentassignment", accepted)
    fields |= {"state": "reversed", "modified": LATER}
    moving.adopt_one(credit.dump)
    assert balance_of(moving) == 100_000
    assert [row["state"] for row in moving.rows(SubsidyTransaction)] == ["reversed"]
    assert [row["state"] for row in moving.rows(Assignment)] == ["reversed"]
    assert [row["unenrolled_at"] is None for row in moving.rows(Enrollment)] == [False]


def test_assignments_are_kept_in_every_state_with_their_actions(moving: Moving) -> None:
    credit = funded()
    policy, configuration = credit.assigned_policy()
    paid, back = credit.redemption(policy, 1_000, 501), credit.redemption(policy, 1_000, 502)
    credit.reversal(back, 1_000)
    enrolled(credit, 501, paid)
    fields: dict[str, dict[str, Any]] = {
        "allocated": {},
        "accepted": {"transaction_uuid": str(paid), "lms_user_id": 501},
        "cancelled": {},
        "errored": {},
        "expired": {},
        "reversed": {"transaction_uuid": str(back)},
    }
    made = {
        state: credit.assignment(configuration, state, f"{state}@acme.example", **given)
        for state, given in fields.items()
    }
    notified = credit.action(made["allocated"], "notified")
    reminded = credit.action(made["allocated"], "reminded", completed_at="2026-11-05T00:00:00Z")
    credit.action(made["expired"], "expired_acknowledged")
    failed = credit.action(
        made["errored"], "redeemed", completed_at=None, error_reason="out of the blue"
    )

    result = moving.adopt_one(credit.dump)

    rows = by_uuid(moving, Assignment)
    assert {state: rows[uuid]["state"] for state, uuid in made.items()} == {
        state: state for state in made
    }
    allocated = rows[made["allocated"]]
    assert allocated["learner_state"] == "waiting"
    assert allocated["recent_action_at"] == datetime(2026, 11, 5, tzinfo=UTC)
    assert allocated["expiry_reason"] == "NINETY_DAYS_PASSED"
    assert rows[made["accepted"]]["lms_user_id"] == 501
    actions = by_uuid(moving, AssignmentAction)
    assert actions.keys() == {notified, reminded, failed}
    assert actions[failed]["error_reason"] == "internal_api_error"
    (counted,) = moving.rows(AssignmentConfiguration)
    assert counted["uuid"] == configuration
    assert (counted["waiting_count"], counted["expired_count"]) == (1, 1)
    (stored,) = moving.rows(Policy)
    assert (stored["allocated_cents"], stored["redeemed_cents"]) == (1_000, 1_000)
    assert any("1 actions of kinds" in text for text in texts(result))
    assert {each.state: each.theirs for each in result.run.totals if each.state in made} == (
        dict.fromkeys(made, 1)
    )


def test_policies_keep_their_terms(moving: Moving) -> None:
    credit = funded()
    spend = credit.policy(late_redemption_allowed_until="2026-12-01T00:00:00Z")
    count = credit.policy(
        "PerLearnerEnrollmentCreditAccessPolicy",
        per_learner_enrollment_limit=3,
        per_learner_spend_limit=None,
        retired=True,
    )
    moving.adopt_one(credit.dump)
    rows = by_uuid(moving, Policy)
    assert rows[spend]["per_learner_spend_limit"] == 10_000
    assert rows[spend]["late_redemption_allowed_until"] == datetime(2026, 12, 1, tzinfo=UTC)
    assert (rows[count]["per_learner_enrollment_limit"], rows[count]["retired"]) == (3, True)
    assert rows[spend]["created_at"] == datetime(2021, 3, 1, 8, tzinfo=UTC)
    types = [row["type"] for row in moving.rows(EventRecord)]
    assert types.count("policy.created") == 2
    assert types.count("subsidy.created") == 1


def test_a_policy_type_that_is_not_ours_needs_a_choice(moving: Moving) -> None:
    credit = funded()
    policy = credit.policy("CappedEnrollmentLearnerCreditAccessPolicy")
    told = moving.refused(credit.dump)
    assert "there are no policies of type CappedEnrollment" in told
    moving.adopt_one(credit.dump, choices={"policy_type": "per_learner_spend"})
    assert by_uuid(moving, Policy)[policy]["policy_type"] == "PerLearnerSpendCreditAccessPolicy"


def test_what_a_policy_that_is_left_out_has_spent_is_an_adjustment(moving: Moving) -> None:
    credit = funded()
    credit.redemption(credit.policy("UnknownPolicy"), 1_000, 501)
    choices = {"policy_type": "leave_out", "transaction_without_policy": "as_adjustment"}
    moving.adopt_one(credit.dump, choices=choices)
    assert balance_of(moving) == 99_000
    assert moving.rows(SubsidyTransaction) == []


@pytest.mark.parametrize(("word", "balance"), [("commit", 99_000), ("fail", 100_000)])
@pytest.mark.parametrize("state", ["created", "pending"])
def test_a_redemption_that_is_under_way_needs_a_choice(
    moving: Moving, state: str, word: str, balance: int
) -> None:
    credit = funded()
    credit.redemption(credit.policy(), 1_000, 501, state)
    assert "neither committed nor failed" in moving.refused(credit.dump)
    moving.adopt_one(credit.dump, choices={"transaction_under_way": word})
    assert balance_of(moving) == balance
    moving.adopt_one(credit.dump, choices={"transaction_under_way": word})


def test_what_was_given_back_in_part_is_an_adjustment(moving: Moving) -> None:
    credit = funded()
    credit.reversal(credit.redemption(credit.policy(), 1_000, 501), 400)
    assert "it gives back 400 of 1000 cents" in moving.refused(credit.dump)
    moving.adopt_one(credit.dump, choices={"partial_reversal": "as_adjustment"})
    assert balance_of(moving) == 99_400
    assert [row["state"] for row in moving.rows(SubsidyTransaction)] == ["committed"]


def test_a_redemption_without_enrollment_in_the_files_tells_of_it(moving: Moving) -> None:
    credit = funded()
    paid = credit.redemption(credit.policy(), 1_000, 501)
    moving.adopt_one(credit.dump)
    (row,) = moving.rows(Enrollment)
    assert (row["payer"], row["transaction_uuid"]) == ("credit", paid)
    assert row["courserun_key"] == RUN
    assert [each["lms_user_id"] for each in moving.rows(Learner)] == [501]
    assert moving.adopt_one(credit.dump).run.tally.total("created") == 0


def test_an_enrollment_can_end_while_the_money_stays_spent(moving: Moving) -> None:
    credit = funded()
    enrolled(credit, 501, credit.redemption(credit.policy(), 1_000, 501), is_revoked=True)
    moving.adopt_one(credit.dump)
    (row,) = moving.rows(Enrollment)
    assert row["unenrolled_at"] is not None
    assert balance_of(moving) == 99_000


def test_a_forced_redemption_is_a_redemption_and_one_that_waits_is_told(moving: Moving) -> None:
    credit = funded()
    policy = credit.policy()
    paid = credit.redemption(policy, 1_000, 501, metadata='{"force_enrollment": true}')
    forced = {
        "subsidy_access_policy": str(policy),
        "lms_user_id": 501,
        "course_run_key": RUN,
        "content_price_cents": 1_000,
        "wait_to_redeem": False,
        "redeemed_at": None,
        "errored_at": None,
        "traceback": None,
    }
    model = "subsidy_access_policy.forcedpolicyredemption"
    credit.dump.add(model, str(uuid4()), transaction_uuid=str(paid), **forced)
    credit.dump.add(model, str(uuid4()), transaction_uuid=None, **forced)
    result = moving.adopt_one(credit.dump)
    assert by_uuid(moving, SubsidyTransaction)[paid]["state"] == "committed"
    assert any("1 forced redemptions were never done" in text for text in texts(result))


def test_an_assignment_follows_its_transaction_by_choice(moving: Moving) -> None:
    credit = funded()
    policy, configuration = credit.assigned_policy()
    failed = credit.redemption(policy, 1_000, 501, "failed")
    lost = credit.assignment(
        configuration, "accepted", "user501@acme.example", transaction_uuid=str(failed)
    )
    assert "it is accepted, with no transaction" in moving.refused(credit.dump)
    result = moving.adopt_one(credit.dump, choices={"assignment_state": "by_transaction"})
    assert by_uuid(moving, Assignment)[lost]["state"] == "errored"
    changed = {each.state: each.by_choice for each in result.run.totals if each.by_choice}
    assert changed == {"accepted": -1, "errored": 1}


def test_assignments_of_one_address_by_case_need_a_choice(moving: Moving) -> None:
    credit = funded()
    _, configuration = credit.assigned_policy()
    first = credit.assignment(configuration, "allocated", "Ana@acme.example")
    second = credit.assignment(configuration, "expired", "ana@acme.example")
    assert str(first) in moving.refused(credit.dump)
    moving.adopt_one(credit.dump, choices={"duplicate_assignment": "keep_furthest"})
    rows = by_uuid(moving, Assignment)
    assert rows[first]["learner_email"] == "ana@acme.example"
    assert rows[second]["learner_email"] == f"retired_user{second.hex}@retired.invalid"
    assert rows[second]["state"] == "cancelled"


def test_scrubbed_assignments_stay_scrubbed(moving: Moving) -> None:
    """An older version gave all of them one address."""
    credit = funded()
    _, configuration = credit.assigned_policy()
    made = {
        credit.assignment(configuration, "expired", "retired_user@retired.invalid")
        for _ in range(2)
    }
    moving.adopt_one(credit.dump)
    rows = by_uuid(moving, Assignment)
    assert rows.keys() == made
    assert all(row["scrubbed_at"] is not None for row in rows.values())


def test_what_was_paid_counts_and_not_what_was_assigned(moving: Moving) -> None:
    credit = funded()
    policy, configuration = credit.assigned_policy()
    paid = credit.redemption(policy, 900, 501)
    uuid = credit.assignment(
        configuration, "accepted", "user501@acme.example", transaction_uuid=str(paid)
    )
    moving.adopt_one(credit.dump)
    assert by_uuid(moving, Assignment)[uuid]["content_quantity"] == -900


def test_more_allocated_than_there_is_money_is_an_obstacle(moving: Moving) -> None:
    credit = funded(deposit=500)
    _, configuration = credit.assigned_policy()
    credit.assignment(configuration, "allocated", "ana@acme.example")
    assert "1000 cents are allocated, and its balance is 500" in moving.refused(credit.dump)


def test_a_policy_on_the_subsidy_of_another_enterprise_is_refused(moving: Moving) -> None:
    dump = Dump()
    acme = Credit(founded(dump, uuid=UUID(int=2)))
    globex = funded(founded(dump, slug="globex", uuid=UUID(int=1)))
    acme.policy(subsidy_uuid=str(globex.uuid))
    adopted, refused = moving.adopt(dump)
    assert adopted.is_adopted
    assert not refused.is_adopted
    assert "belongs to another enterprise" in "".join(texts(refused))


def test_a_policy_without_subsidy_can_be_left_out(moving: Moving) -> None:
    credit = Credit(founded())
    _, configuration = credit.assigned_policy()
    credit.assignment(configuration, "allocated", "ana@acme.example")
    assert "is in no file" in moving.refused(credit.dump)
    result = moving.adopt_one(credit.dump, choices={"missing_subsidy": "leave_out"})
    assert moving.rows(Policy) == []
    assert any("left out with its assignments" in text for text in texts(result))


def test_a_subsidy_in_seats_can_be_left_out(moving: Moving) -> None:
    credit = Credit(founded())
    credit.subsidy(unit="seats")
    assert "its unit is seats" in moving.refused(credit.dump)
    moving.adopt_one(credit.dump, choices={"subsidy_unit": "leave_out"})
    assert moving.rows(Subsidy) == []


def test_a_deleted_subsidy_has_ended_and_one_without_dates_never_begins(moving: Moving) -> None:
    customer = founded()
    gone, never = funded(customer, is_soft_deleted=True), Credit(customer)
    never.subsidy(active_datetime=None, expiration_datetime=None)
    moving.adopt_one(customer.dump)
    rows = by_uuid(moving, Subsidy)
    assert rows[gone.uuid]["expiration_datetime"] <= datetime(2025, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert rows[never.uuid]["active_datetime"].year == 9999


def test_two_payments_for_one_seat_are_told_and_the_check_says_what_mends_it(
    moving: Moving,
) -> None:
    credit = funded()
    policy = credit.policy()
    for _ in range(2):
        credit.redemption(policy, 1_000, 501)
    (result,) = moving.adopt(credit.dump)
    assert result.is_adopted
    assert any("has paid for" in text for text in texts(result))
    (problem,) = moving.problems()
    assert "a second payment" in problem


def test_the_ledger_never_changes(moving: Moving) -> None:
    credit = funded()
    uuid = credit.deposit(5_000)
    moving.adopt_one(credit.dump)
    credit.dump.find("openedx_ledger.transaction", uuid)["quantity"] = 6_000
    assert f"the entry {uuid} of the ledger is another one here" in moving.refused(credit.dump)


def test_an_unknown_state_is_refused(moving: Moving) -> None:
    credit = funded()
    credit.transaction(-5, "lost")
    assert "there is no state lost" in moving.refused(credit.dump)


def test_a_later_version_of_a_policy_counts(moving: Moving) -> None:
    credit = funded()
    uuid = credit.policy()
    moving.adopt_one(credit.dump)
    model = "subsidy_access_policy.subsidyaccesspolicy"
    credit.dump.find(model, uuid).update(spend_limit=7, modified=LATER)
    moving.adopt_one(credit.dump)
    credit.dump.find(model, uuid).update(spend_limit=8, modified="2024-12-01T00:00:00Z")
    moving.adopt_one(credit.dump)
    assert by_uuid(moving, Policy)[uuid]["spend_limit"] == 7


def test_somebody_who_was_erased_here_stays_erased(moving: Moving) -> None:
    credit = funded()
    customer, email = credit.customer, "user501@acme.example"
    policy, configuration = credit.assigned_policy()
    paid = credit.redemption(policy, 1_000, 501)
    enrolled(credit, 501, paid)
    credit.assignment(configuration, "accepted", email, transaction_uuid=str(paid), lms_user_id=501)
    customer.license(customer.plan(), "assigned", email, lms_user_id=501)
    moving.adopt_one(credit.dump)
    with moving.database.transaction() as session:
        erase_person(session, ACTOR, customer.uuid, email, clock.now())
    assert moving.problems() == []
    for each in credit.dump.objects:
        each["fields"]["modified"] = "2027-01-01T00:00:00Z"
    result = moving.adopt_one(credit.dump)
    assert "learner: somebody who was erased here stays erased" in texts(result)
    for model, column in ((Assignment, "learner_email"), (License, "user_email")):
        (row,) = moving.rows(model)
        assert row[column].endswith("@retired.invalid")
        assert row["lms_user_id"] is None
    (learner,) = moving.rows(Learner)
    assert learner["lms_user_id"] is None
