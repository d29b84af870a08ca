"""What people who run learner credit reported of other services, tried on this one."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from bursar.catalog.catalogs.commands import REFRESH_INLINE_LIMIT, PutCatalog
from bursar.catalog.catalogs.service import put_catalog
from bursar.credit.assignments.refusals import PriceOutOfBand
from bursar.credit.policy_types import ASSIGNED, PER_LEARNER_SPEND
from bursar.credit.redemption.refusals import AlreadyEnrolled
from bursar.credit.refusals import BudgetRefused
from bursar.database.engine import Database
from bursar.enrollment.commands import NewEnrollment, Payer
from bursar.enrollment.service import end_enrollments, record_enrollments
from bursar.learners.service import ensure_learners
from testing.worlds.budgets import ACTOR, DAY, NOW, Budget, open_budget
from testing.worlds.catalog import CATALOG, ENTERPRISE, put

ANA = "ana@example.com"
EXECUTIVE: dict[str, Any] = {
    "course_type": "executive-education-2u",
    "entitlements": [{"mode": "paid-executive-education", "price": "2843.00", "expires": None}],
}
PRICE: dict[str, Any] = {"first_enrollable_paid_seat_price": 150}


def content(
    key: str, number: str | None = None, *, advertised: bool = True, **fields: Any
) -> dict[str, Any]:
    """A course with one run; `number` is the run's own, where it is not that of the course."""
    run = {
        "key": run_key(number or key),
        "uuid": f"run of {key}",
        "status": "published",
        "is_enrollable": True,
        "start": "2026-01-01T00:00:00Z",
        "end": "2030-01-01T00:00:00Z",
        "enrollment_end": None,
    }
    course = {name: fields.pop(name) for name in EXECUTIVE if name in fields}
    return {
        "key": key,
        "title": key,
        "course_runs": [run | fields],
        "advertised_course_run_uuid": run["uuid"] if advertised else None,
        **course,
    }


def run_key(key: str) -> str:
    return f"course-v1:{key}+r"


def strict(database: Database, *documents: dict[str, Any], **fields: Any) -> Budget:
    """A budget that assigns nothing of unknown price."""
    opened = {"deposit": 10_000_000, "allow_unknown_price": False} | fields
    budget = open_budget(database, **opened)
    everything = PutCatalog(
        enterprise_uuid=ENTERPRISE, catalog_uuid=CATALOG, include_exec_ed_2u_courses=True
    )
    with database.transaction() as session:
        put_catalog(session, ACTOR, everything, refresh_inline_limit=REFRESH_INLINE_LIMIT, at=NOW)
    budget.publish(*documents)
    return budget


def refusal(budget: Budget, **wish: Any) -> str:
    with pytest.raises(BudgetRefused) as caught:
        budget.allocate(ANA, **wish)
    return caught.value.reason


def redemption_refusal(budget: Budget, **wish: Any) -> str:
    with pytest.raises(BudgetRefused) as caught:
        budget.redeem(ANA, **wish)
    return caught.value.reason


@pytest.mark.parametrize(
    ("document", "price"),
    [
        (content("Exec+Zero", first_enrollable_paid_seat_price=0.0, **EXECUTIVE), 284_300),
        (content("Exec+Null", first_enrollable_paid_seat_price=None, **EXECUTIVE), 284_300),
        (content("Fix+Price", fixed_price_usd="50.00", **PRICE), 5_000),
        (content("No+Adv", advertised=False, **PRICE), 15_000),
    ],
)
def test_the_canonical_price_is_the_only_good_one(
    database: Database, document: dict[str, Any], price: int
) -> None:
    budget = strict(database, document)
    for key in (document["key"], document["course_runs"][0]["key"]):
        for wrong in (0, 1, price * 3):
            with pytest.raises(PriceOutOfBand) as caught:
                budget.allocate(ANA, key=key, price=wrong)
            assert caught.value.band.expected == price
        assert budget.allocate(ANA, key=key, price=price).created
    direct = budget.sibling(policy_type=PER_LEARNER_SPEND)
    transaction = direct.transaction(direct.redeem("ben@example.com", key=document["key"]))
    assert transaction.quantity == -price


def test_nothing_of_unknown_price_is_assigned_unless_the_budget_says_so(
    database: Database,
) -> None:
    budget = strict(database, content("No+Price"))
    assert refusal(budget, key="No+Price") == "price_unknown"
    assert refusal(budget, key=run_key("No+Price")) == "price_unknown"
    budget.change_policy(allow_unknown_price=True)
    assert budget.allocate(ANA, key="No+Price", price=7).created


def closed(**fields: Any) -> dict[str, Any]:
    ended = {"enrollment_end": (NOW - 10 * DAY).isoformat(), "end": (NOW + 50 * DAY).isoformat()}
    return content("Late+One", **(PRICE | ended | fields))


@pytest.mark.parametrize("key", ["Late+One", run_key("Late+One")])
def test_what_nobody_can_enroll_in_any_more_is_not_assigned(database: Database, key: str) -> None:
    budget = strict(database, closed())
    assert refusal(budget, key=key, price=15_000) == "enrollment_deadline_passed"
    direct = budget.sibling(policy_type=PER_LEARNER_SPEND)
    assert redemption_refusal(direct, key=key) == "enrollment_deadline_passed"
    # The deadline is told before the price.
    assert refusal(budget, key=key, price=1) == "enrollment_deadline_passed"


def test_upgrades_that_have_ended_close_a_run_that_still_enrolls(database: Database) -> None:
    seat = {"type": "verified", "price": "150.00"}
    over = seat | {"upgrade_deadline": (NOW - DAY).isoformat()}
    budget = strict(database, content("Up+One", seats=[over]))
    assert refusal(budget, key="Up+One", price=15_000) == "enrollment_deadline_passed"
    override = over | {"upgrade_deadline_override": (NOW + DAY).isoformat()}
    budget.publish(content("Up+One", seats=[override]), now=NOW + timedelta(seconds=1))
    (item,) = budget.allocate(ANA, key="Up+One", price=15_000).created
    assert item.earliest_possible_expiration.date == NOW + DAY
    assert item.earliest_possible_expiration.reason == "ENROLLMENT_DATE_PASSED"


@pytest.mark.parametrize("key", ["Late+One", run_key("Late+One")])
def test_late_redemption_opens_the_enrollment_deadline(database: Database, key: str) -> None:
    late = NOW + 20 * DAY
    budget = strict(database, closed(), late_redemption_allowed_until=late)
    (item,) = budget.allocate(ANA, key=key, price=15_000).created
    assert item.earliest_possible_expiration.date == late
    assert budget.expire(NOW + DAY) == {"expired": 0, "refreshed": 0}
    assert budget.transaction(budget.redeem(key=key)).courserun_key == run_key("Late+One")
    direct = budget.sibling(
        policy_type=PER_LEARNER_SPEND, late_redemption_allowed_until=late, spend_limit=None
    )
    assert direct.redeem("ben@example.com", key=key, now=late - DAY)
    with pytest.raises(BudgetRefused, match="enrollment_deadline_passed"):
        direct.redeem("cid@example.com", key=key, now=late)


def test_late_redemption_does_not_outlive_the_run(database: Database) -> None:
    document = closed(end=(NOW + 5 * DAY).isoformat())
    budget = strict(database, document, late_redemption_allowed_until=NOW + 20 * DAY)
    (item,) = budget.allocate(ANA, key="Late+One", price=15_000).created
    assert item.earliest_possible_expiration.date == NOW + 5 * DAY
    ended = NOW + 5 * DAY
    assert redemption_refusal(budget, key="Late+One", now=ended) == "assignment_expired"


def test_an_assignment_waits_for_late_redemption_that_is_allowed_later(database: Database) -> None:
    soon = NOW + DAY
    budget = strict(database, closed(enrollment_end=soon.isoformat()))
    (item,) = budget.allocate(ANA, key="Late+One", price=15_000).created
    assert item.earliest_possible_expiration.date == soon
    budget.change_policy(late_redemption_allowed_until=NOW + 20 * DAY)
    assert budget.redeem(key="Late+One", now=soon + DAY)


@pytest.mark.parametrize("policy_type", ["AssignedLearnerCreditAccessPolicy", PER_LEARNER_SPEND])
def test_late_redemption_opens_no_budget(database: Database, policy_type: str) -> None:
    budget = strict(
        database,
        content("Open+One", **PRICE),
        policy_type=policy_type,
        subsidy_expiration_datetime=NOW + DAY,
        late_redemption_allowed_until=NOW + 20 * DAY,
    )
    if policy_type != PER_LEARNER_SPEND:
        budget.allocate(ANA, key="Open+One", price=15_000)
    after = NOW + DAY
    assert redemption_refusal(budget, key="Open+One", now=after) == "subsidy_expired"
    before = NOW - 101 * DAY
    assert redemption_refusal(budget, key="Open+One", now=before) == "subsidy_expired"


def test_a_run_of_another_number_is_a_run_of_its_course(database: Database) -> None:
    budget = strict(database, content("Org+X", "Org+Y", **PRICE))
    budget.allocate(ANA, key="Org+X", price=15_000)
    transaction = budget.transaction(budget.redeem(key=run_key("Org+Y")))
    assert transaction.courserun_key == run_key("Org+Y")


def test_an_assigned_run_is_redeemed_by_its_course(database: Database) -> None:
    document = content("Two+Runs", **PRICE)
    first = document["course_runs"][0]
    document["course_runs"].append(first | {"key": "course-v1:Two+Runs+s", "uuid": "other"})
    budget = strict(database, document)
    budget.allocate(ANA, key="course-v1:Two+Runs+s", price=15_000)
    assert redemption_refusal(budget, key=run_key("Two+Runs")) == "assignment_not_found"
    transaction = budget.transaction(budget.redeem(key="Two+Runs"))
    assert transaction.courserun_key == "course-v1:Two+Runs+s"


def test_a_seat_is_paid_for_once_by_whichever_budget(database: Database) -> None:
    budget = strict(database, content("Two+Pay", **PRICE))
    for key in ("Two+Pay", run_key("Two+Pay")):
        budget.allocate(ANA, key=key, price=15_000)
    direct = budget.sibling(policy_type=PER_LEARNER_SPEND)
    first = budget.redeem(key="Two+Pay")
    for standing in ("created", "committed"):
        assert budget.transaction(first).state == standing
        assert redemption_refusal(budget, key=run_key("Two+Pay")) == "already_enrolled"
        with pytest.raises(AlreadyEnrolled) as caught:
            direct.redeem(ANA, key="Two+Pay")
        assert (caught.value.source, caught.value.payer_uuid) == ("credit", first)
        budget.complete(first)
    assert budget.transactions() == 1
    budget.reverse(first)
    assert direct.redeem(ANA, key="Two+Pay")
    assert redemption_refusal(budget, key=run_key("Two+Pay")) == "already_enrolled"
    assert budget.problems() == []


def test_a_seat_that_a_license_pays_for_costs_no_credit(database: Database) -> None:
    budget = strict(database, content("Two+Pay", **PRICE), policy_type=PER_LEARNER_SPEND)
    with database.transaction() as session:
        learner = ensure_learners(session, ENTERPRISE, [ANA], NOW)[ANA]
        licensed = NewEnrollment(
            ENTERPRISE, learner.id, run_key("Two+Pay"), Payer.LICENSE, license_uuid=uuid4()
        )
        record_enrollments(session, ACTOR, [licensed], at=NOW)
    with pytest.raises(AlreadyEnrolled) as caught:
        budget.redeem(ANA, key="Two+Pay")
    assert caught.value.source == "license"
    assert budget.redeem("ben@example.com", key="Two+Pay")


@pytest.mark.parametrize("payer", [Payer.LICENSE, Payer.API])
def test_a_seat_that_another_address_of_the_account_has_costs_no_credit(
    database: Database, payer: Payer
) -> None:
    budget = strict(database, content("Two+Pay", **PRICE), policy_type=PER_LEARNER_SPEND)
    budget.know([(ANA, 7), ("ana@home.example", 7), ("ben@example.com", 8)])
    with database.transaction() as session:
        learner = ensure_learners(session, ENTERPRISE, ["ana@home.example"], NOW)
        seat = NewEnrollment(
            ENTERPRISE,
            learner["ana@home.example"].id,
            run_key("Two+Pay"),
            payer,
            license_uuid=uuid4() if payer is Payer.LICENSE else None,
        )
        record_enrollments(session, ACTOR, [seat], at=NOW)
    with pytest.raises(AlreadyEnrolled) as caught:
        budget.redeem(ANA, key="Two+Pay")
    assert caught.value.source == payer.value
    assert budget.redeem("ben@example.com", key="Two+Pay")


def test_a_payment_from_before_the_account_was_known_counts_for_its_other_address(
    database: Database,
) -> None:
    budget = strict(database, content("Two+Pay", **PRICE), policy_type=PER_LEARNER_SPEND)
    sibling = budget.sibling(policy_type=PER_LEARNER_SPEND)
    budget.redeem(ANA, key="Two+Pay")
    budget.know([(ANA, 7), ("ana@home.example", 7)])
    with pytest.raises(AlreadyEnrolled):
        sibling.redeem("ana@home.example", key="Two+Pay")


def test_a_seat_that_a_client_made_costs_no_credit(database: Database) -> None:
    budget = strict(database, content("Two+Pay", **PRICE), policy_type=PER_LEARNER_SPEND)
    with database.transaction() as session:
        learner = ensure_learners(session, ENTERPRISE, [ANA], NOW)[ANA]
        direct = NewEnrollment(ENTERPRISE, learner.id, run_key("Two+Pay"), Payer.API)
        record_enrollments(session, ACTOR, [direct], at=NOW)
    with pytest.raises(AlreadyEnrolled) as caught:
        budget.redeem(ANA, key="Two+Pay")
    assert caught.value.source == "api"
    with database.transaction() as session:
        end_enrollments(
            session, ACTOR, ENTERPRISE, places=[(learner.id, run_key("Two+Pay"))], at=NOW
        )
    assert budget.redeem(ANA, key="Two+Pay")


def made_for_others(*, public_ends: str | None) -> dict[str, Any]:
    """A course with a run that another company had made; its public run may have ended."""
    document = content("Restr+One", **(PRICE | {"end": public_ends}))
    (public,) = document["course_runs"]
    mine = public | {
        "key": "course-v1:Restr+One+b2b",
        "uuid": "b2b",
        "end": "2030-01-01T00:00:00Z",
        "first_enrollable_paid_seat_price": 10,
        "restriction_type": "custom-b2b-enterprise",
    }
    return document | {"course_runs": [mine, public]}


@pytest.mark.parametrize("policy_type", [ASSIGNED, PER_LEARNER_SPEND])
def test_nobody_lands_in_a_run_that_was_made_for_others(
    database: Database, policy_type: str
) -> None:
    document = made_for_others(public_ends="2030-01-01T00:00:00Z")
    budget = strict(database, document, policy_type=policy_type)
    if policy_type == ASSIGNED:
        budget.allocate(ANA, key="Restr+One", price=15_000)
    transaction = budget.transaction(budget.redeem(ANA, key="Restr+One"))
    assert (transaction.courserun_key, transaction.quantity) == (run_key("Restr+One"), -15_000)


def test_without_a_public_run_a_course_is_refused(database: Database) -> None:
    document = made_for_others(public_ends="2026-02-01T00:00:00Z")
    budget = strict(database, document)
    direct = budget.sibling(policy_type=PER_LEARNER_SPEND)
    assert redemption_refusal(direct, key="Restr+One") == "enrollment_deadline_passed"
    # For everybody else there is no such run.
    mine = document["course_runs"][0]["key"]
    assert redemption_refusal(direct, key=mine) == "content_not_in_catalog"
    for key in ("Restr+One", mine):
        assert refusal(budget, key=key, price=1_000)


def test_who_a_run_was_made_for_lands_in_it(database: Database) -> None:
    document = made_for_others(public_ends="2026-02-01T00:00:00Z")
    mine = document["course_runs"][0]["key"]
    budget = strict(database, document, policy_type=PER_LEARNER_SPEND)
    with database.transaction() as session:
        put(session, {"restricted_runs_allowed": {"course:Restr+One": [mine]}}, NOW)
    for email, key in ((ANA, "Restr+One"), ("ben@example.com", mine)):
        transaction = budget.transaction(budget.redeem(email, key=key))
        assert (transaction.courserun_key, transaction.quantity) == (mine, -1_000)
