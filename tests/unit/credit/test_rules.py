"""Money, prices, deadlines and what administrators see of an assignment."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.credit.assignments.rules import (
    DAYS_TO_REDEEM,
    SORT_ORDER,
    ActionRecord,
    Deadline,
    earliest_expiration,
    error_reason,
    learner_state,
    price_band,
)
from bursar.credit.ledger.rules import Money, is_active, refusal_of_cost
from bursar.credit.states import AssignmentState, LearnerState

THEN = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
CENTS = st.integers(min_value=0, max_value=2**63 - 1)
MONEY = st.builds(
    Money,
    spend_limit=st.none() | CENTS,
    redeemed=CENTS,
    allocated=CENTS,
    subsidy_balance=CENTS,
    subsidy_allocated=CENTS,
)
INSTANTS = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(9998, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def money(
    limit: int | None = None,
    *,
    redeemed: int = 0,
    allocated: int = 0,
    balance: int = 1000,
    allocated_by_all: int = 0,
) -> Money:
    return Money(limit, redeemed, allocated, balance, allocated_by_all)


def test_the_figures_of_the_reference_add_up() -> None:
    sample = Money(
        spend_limit=100_000_000,
        redeemed=181_450,
        allocated=279_100,
        subsidy_balance=200_000_000,
        subsidy_allocated=279_100,
    )
    assert sample.available == 99_539_450


@pytest.mark.parametrize(
    ("held", "available"),
    [
        (money(), 1000),
        (money(allocated_by_all=300, allocated=100), 700),
        (money(500), 500),
        (money(500, redeemed=100, allocated=150, allocated_by_all=150), 250),
        (money(5000, allocated_by_all=999), 1),
        (money(100, redeemed=80, allocated=50, allocated_by_all=50), 0),
        (money(0), 0),
        (money(balance=0), 0),
    ],
)
def test_a_budget_has_what_its_limit_and_its_subsidy_leave(held: Money, available: int) -> None:
    assert held.available == available


@given(MONEY)
def test_what_is_available_is_never_negative_and_can_be_spent_to_the_last_cent(held: Money) -> None:
    assert held.available >= 0
    assert refusal_of_cost(held, held.available) is None
    assert refusal_of_cost(held, held.available + 1) is not None
    assert refusal_of_cost(held, 0) is None


@pytest.mark.parametrize(
    ("held", "cost", "reason"),
    [
        (money(100), 100, None),
        (money(100), 101, "policy_spend_limit_reached"),
        (money(), 1000, None),
        (money(), 1001, "not_enough_value_in_subsidy"),
        (money(100), 1001, "not_enough_value_in_subsidy"),
        (money(balance=0, limit=0), 1, "not_enough_value_in_subsidy"),
    ],
)
def test_a_cost_is_refused_for_the_subsidy_before_the_limit(
    held: Money, cost: int, reason: str | None
) -> None:
    refused = refusal_of_cost(held, cost)
    assert (None if refused is None else refused.reason) == reason


@pytest.mark.parametrize(
    ("expected", "minimum", "maximum"),
    [(10_000, 9500, 10_500), (19_900, 18_905, 20_895), (10, 10, 10), (1, 1, 1), (0, 0, 0)],
)
def test_the_bounds_of_a_price_are_good_and_one_cent_more_is_not(
    expected: int, minimum: int, maximum: int
) -> None:
    band = price_band(expected, 5)
    assert (band.expected, band.minimum, band.maximum) == (expected, minimum, maximum)
    assert band.holds(minimum)
    assert band.holds(maximum)
    assert not band.holds(minimum - 1)
    assert not band.holds(maximum + 1)


@given(CENTS, st.integers(min_value=0, max_value=100), st.integers(min_value=0))
def test_a_price_is_good_exactly_within_its_percentage(
    expected: int, percent: int, price: int
) -> None:
    allowed = Fraction(expected * percent, 100)
    assert price_band(expected, percent).holds(price) == (abs(price - expected) <= allowed)


@pytest.mark.parametrize(
    ("subsidy", "enrollment", "expected"),
    [
        (200, None, (90, "NINETY_DAYS_PASSED")),
        (200, 300, (90, "NINETY_DAYS_PASSED")),
        (200, 30, (30, "ENROLLMENT_DATE_PASSED")),
        (10, 30, (10, "SUBSIDY_EXPIRED")),
        (30, 30, (30, "SUBSIDY_EXPIRED")),
        (200, 90, (90, "ENROLLMENT_DATE_PASSED")),
        (90, None, (90, "SUBSIDY_EXPIRED")),
        (90, 90, (90, "SUBSIDY_EXPIRED")),
        (200, -5, (-5, "ENROLLMENT_DATE_PASSED")),
    ],
)
def test_an_assignment_ends_with_the_earliest_deadline(
    subsidy: int, enrollment: int | None, expected: tuple[int, str]
) -> None:
    """In days after the allocation."""
    end = None if enrollment is None else THEN + enrollment * DAY
    days, reason = expected
    found = earliest_expiration(THEN, THEN + subsidy * DAY, end)
    assert found == Deadline(THEN + days * DAY, reason)


@given(INSTANTS, INSTANTS, st.none() | INSTANTS)
def test_no_deadline_is_later_than_any_of_the_three(
    allocated_at: datetime, subsidy: datetime, enrollment: datetime | None
) -> None:
    all_three = [allocated_at + DAYS_TO_REDEEM, subsidy, *([enrollment] if enrollment else [])]
    assert earliest_expiration(allocated_at, subsidy, enrollment).at == min(all_three)


def test_a_subsidy_is_active_from_its_first_instant_and_until_before_its_last() -> None:
    end = THEN + DAY
    assert is_active(THEN, end, THEN)
    assert not is_active(THEN, end, THEN - timedelta(microseconds=1))
    assert is_active(THEN, end, end - timedelta(microseconds=1))
    assert not is_active(THEN, end, end)


def action(kind: str, minutes: int, outcome: str = "done") -> ActionRecord:
    at = THEN + timedelta(minutes=minutes)
    return ActionRecord(
        kind,
        at,
        at if outcome == "done" else None,
        None if outcome in {"done", "trying"} else outcome,
    )


EARLIER = action("notified", -60)
SENT, TRYING = action("notified", 0), action("notified", 1, "trying")
FAILED = action("notified", 2, "email_error")


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        ([], "notifying"),
        ([EARLIER], "notifying"),
        ([TRYING], "notifying"),
        ([SENT], "waiting"),
        ([FAILED], "failed"),
        ([FAILED, SENT], "waiting"),
        ([SENT, FAILED], "waiting"),
        ([action("reminded", 3, "email_error")], "notifying"),
        ([action("reminded", 3)], "notifying"),
        ([EARLIER, FAILED], "failed"),
    ],
)
def test_an_allocated_learner_is_shown_by_the_notifications_since(
    actions: list[ActionRecord], expected: str
) -> None:
    assert learner_state(AssignmentState.ALLOCATED, THEN, actions) == expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("accepted", None),
        ("cancelled", None),
        ("errored", "failed"),
        ("expired", "expired"),
        ("reversed", None),
    ],
)
def test_the_other_states_need_no_actions(state: str, expected: str | None) -> None:
    assert learner_state(AssignmentState(state), THEN, [SENT, FAILED]) == expected


def test_learner_states_sort_as_the_reference_sorts_them() -> None:
    assert sorted(SORT_ORDER, key=lambda state: SORT_ORDER[state]) == [
        LearnerState.NOTIFYING,
        LearnerState.WAITING,
        LearnerState.EXPIRED,
        LearnerState.FAILED,
        None,
    ]


REDEMPTION_FAILED = action("redeemed", 4, "enrollment_error")


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        ([], None),
        ([SENT], None),
        ([TRYING], None),
        ([FAILED], "email_error"),
        ([FAILED, action("notified", 3)], None),
        ([FAILED, action("reminded", 3)], "email_error"),
        ([SENT, action("reminded", 3, "email_error")], "email_error"),
        ([FAILED, REDEMPTION_FAILED], "enrollment_error"),
        ([FAILED, REDEMPTION_FAILED, action("redeemed", 5)], "email_error"),
        ([action("notified", -60, "email_error")], None),
        ([action("notified", -60, "email_error"), SENT], None),
        ([FAILED, action("cancelled", -5)], "email_error"),
    ],
)
@pytest.mark.parametrize("state", ["allocated", "errored"])
def test_the_latest_failure_counts_unless_the_same_worked_later(
    state: str, actions: list[ActionRecord], expected: str | None
) -> None:
    assert error_reason(AssignmentState(state), THEN, actions) == expected


@pytest.mark.parametrize("state", ["accepted", "cancelled", "expired", "reversed"])
def test_what_is_over_has_no_error(state: str) -> None:
    assert error_reason(AssignmentState(state), THEN, [FAILED]) is None
