from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.subscriptions.plans.refusals import Unusable
from bursar.subscriptions.plans.rules import (
    LOCKED_BEFORE_RENEWAL,
    Seats,
    Terms,
    chain,
    days_until,
    revocations,
    why_unassignable,
    why_unusable,
)

NOW = datetime(2026, 11, 24, tzinfo=UTC)
COUNTS = st.integers(0, 10**6)
INSTANTS = st.integers(0, 2**31).map(lambda second: datetime.fromtimestamp(second, UTC))


def identifier(number: int) -> UUID:
    return UUID(int=number)


class TestRevocations:
    @given(COUNTS, COUNTS, COUNTS, COUNTS, st.integers(0, 100))
    def test_the_cap_is_the_smallest_whole_number_that_reaches_the_percentage(
        self, unassigned: int, assigned: int, activated: int, used: int, percentage: int
    ) -> None:
        seats = Seats(unassigned, assigned, activated, used, used)
        cap = revocations(seats, is_capped=True, percentage=percentage)
        assert cap is not None
        assert 100 * cap.total >= seats.total * percentage > 100 * (cap.total - 1)
        assert cap.remaining == cap.total - used

    def test_revoked_licenses_are_no_part_of_the_total(self) -> None:
        seats = Seats(unassigned=50, assigned=30, activated=20, revoked=400, revoked_activated=3)
        cap = revocations(seats, is_capped=True, percentage=5)
        assert cap is not None
        assert (cap.total, cap.used, cap.remaining) == (5, 3, 2)
        assert (seats.total, seats.allocated) == (100, 50)

    def test_without_a_cap_there_is_nothing_to_say(self) -> None:
        assert revocations(Seats(1), is_capped=False, percentage=5) is None


class TestDays:
    @given(INSTANTS, INSTANTS)
    def test_only_whole_days_count(self, expiration: datetime, now: datetime) -> None:
        number = days_until(expiration, now)
        assert now + timedelta(days=number) <= expiration < now + timedelta(days=number + 1)

    @pytest.mark.parametrize(
        ("hours", "number"), [(24, 1), (23.99, 0), (0, 0), (-0.01, -1), (-24, -1), (-24.01, -2)]
    )
    def test_the_past_is_negative(self, hours: float, number: int) -> None:
        assert days_until(NOW + timedelta(hours=hours), NOW) == number


def active(start: datetime, end: datetime, **others: Any) -> Terms:
    return Terms(is_active=True, start_date=start, expiration_date=end, **others)


class TestTerms:
    def test_the_bounds_are_those_of_a_half_open_interval(self) -> None:
        def refusal(now: datetime) -> Unusable | None:
            return why_unusable(active(NOW, NOW + timedelta(days=1)), now)

        instant = timedelta(microseconds=1)
        assert refusal(NOW - instant) is Unusable.NOT_STARTED
        assert refusal(NOW) is None
        assert refusal(NOW + timedelta(days=1) - instant) is None
        assert refusal(NOW + timedelta(days=1)) is Unusable.EXPIRED

    @given(INSTANTS, INSTANTS, INSTANTS, st.booleans())
    def test_a_plan_is_current_when_nothing_forbids_its_use(
        self, start: datetime, end: datetime, now: datetime, is_active: bool
    ) -> None:
        is_current = is_active and start <= now < end
        assert (why_unusable(Terms(is_active, start, end), now) is None) == is_current

    @given(INSTANTS, INSTANTS)
    def test_a_renewal_locks_from_twelve_hours_before(
        self, renewal: datetime, now: datetime
    ) -> None:
        terms = active(NOW, NOW, renewal_date=renewal)
        assert terms.is_locked(now) == (renewal - now <= LOCKED_BEFORE_RENEWAL)

    def test_a_lock_forbids_assignment_but_not_use(self) -> None:
        terms = active(NOW, NOW + timedelta(days=1), is_locked_by_hand=True)
        assert why_unusable(terms, NOW) is None
        assert why_unassignable(terms, NOW) is Unusable.LOCKED_FOR_RENEWAL


class TestChain:
    def test_it_leads_from_plan_to_plan(self) -> None:
        links = {identifier(n): (identifier(n + 1), n + 1) for n in range(1, 4)}
        assert list(chain(identifier(2), links)) == [3, 4]
        assert list(chain(identifier(4), links)) == []

    @given(st.dictionaries(st.integers(0, 6), st.integers(0, 6)))
    def test_it_ends_even_where_plans_go_in_a_ring(self, numbers: dict[int, int]) -> None:
        links = {identifier(a): (identifier(b), b) for a, b in numbers.items()}
        found = list(chain(identifier(0), links))
        assert len(found) == len(set(found))
        assert 0 not in found
