"""What the old rules let through is found, and what is said to mend it does so."""

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from bursar.credit.check_seats import check_seats
from bursar.credit.models import SubsidyTransaction
from bursar.credit.policy_types import PER_LEARNER_SPEND
from bursar.database.engine import Database
from bursar.enrollment.models import Enrollment
from bursar.enrollment.service import live_enrollments
from testing.databases.statements import statements_of
from testing.worlds.budgets import NOW, PRICED, PRICED_RUN, Budget, open_budget
from testing.worlds.catalog import ENTERPRISE

ANA, BEN = "ana@example.com", "ben@example.com"


def direct(database: Database) -> Budget:
    return open_budget(database, deposit=1_000_000, policy_type=PER_LEARNER_SPEND)


def paid(budget: Budget, email: str) -> UUID:
    uuid = budget.redeem(email, key=PRICED)
    assert budget.settle(uuid) == "committed"
    return uuid


def paid_without_seat(budget: Budget, email: str) -> UUID:
    uuid = budget.redeem(email, key=PRICED)
    budget.complete(uuid)
    return uuid


def rewrite(budget: Budget, transaction: UUID, **values: Any) -> None:
    with budget.database.transaction() as session:
        session.execute(
            update(SubsidyTransaction)
            .where(SubsidyTransaction.uuid == transaction)
            .values(**values)
        )


def by_license(budget: Budget, transaction: UUID) -> UUID:
    """Makes the seat one that a license pays for, as a bulk enrollment did."""
    uuid = uuid4()
    with budget.database.transaction() as session:
        session.execute(
            update(Enrollment)
            .where(Enrollment.transaction_uuid == transaction)
            .values(payer="license", license_uuid=uuid, transaction_uuid=None)
        )
    return uuid


def lines(budget: Budget) -> list[str]:
    with budget.database.transaction() as session:
        return list(check_seats(session))


def reversal(budget: Budget, transaction: UUID) -> str:
    path = f"/enterprise/v1/policy-redemption/{budget.policy_uuid}/transactions/{transaction}"
    return f"POST {path}/reverse/ gives the money back"


def mend(budget: Budget) -> None:
    """Does what each line says."""
    for line in lines(budget):
        (uuid,) = re.findall(r"transactions/(\S+)/reverse/", line)
        budget.reverse(UUID(uuid))
        budget.end_enrollment(UUID(uuid))


def live_seats(budget: Budget) -> int:
    with budget.database.transaction() as session:
        return session.query(Enrollment).filter(Enrollment.unenrolled_at.is_(None)).count()


def test_a_seat_with_one_payer_holds(database: Database) -> None:
    budget = direct(database)
    paid(budget, ANA)
    reversed_again = paid(budget, BEN)
    budget.reverse(reversed_again)
    assert lines(budget) == []


def test_a_redemption_under_way_has_no_seat_yet(database: Database) -> None:
    budget = direct(database)
    budget.redeem(ANA, key=PRICED)
    assert lines(budget) == []


def test_a_seat_that_two_budgets_pay_for(database: Database) -> None:
    budget = direct(database)
    sibling = budget.sibling(policy_type=PER_LEARNER_SPEND)
    first, second = paid(budget, ANA), paid_without_seat(sibling, BEN)
    rewrite(budget, second, learner_email=ANA, is_second_payment=True)

    assert lines(budget) == [
        f"subsidy_transactions: {second}: a second payment; transaction {first} pays for the seat;"
        f" {reversal(sibling, second)} and leaves the learner the seat"
    ]
    mend(sibling)
    assert lines(budget) == []
    assert live_seats(budget) == 1
    assert budget.transaction(first).state == "committed"
    assert [*budget.problems(), *sibling.problems()] == []


def test_a_seat_that_two_addresses_of_one_account_pay_for(database: Database) -> None:
    budget = direct(database)
    budget.know([(ANA, 5)])
    first, second = paid(budget, ANA), paid_without_seat(budget, BEN)
    rewrite(budget, second, lms_user_id=5, is_second_payment=True)
    (line,) = lines(budget)
    assert line.startswith(f"subsidy_transactions: {second}: a second payment; transaction {first}")


def test_seats_of_two_addresses_that_turned_out_to_be_one_account(database: Database) -> None:
    budget = direct(database)
    budget.know([(ANA, 5)])
    first, second = paid(budget, ANA), paid(budget, BEN)
    assert lines(budget) == []
    budget.know([(BEN, 5)])
    (line,) = lines(budget)
    assert line.endswith(
        f": a second payment under another address of the account; transaction {first} pays for "
        f"the seat; {reversal(budget, second)} and leaves the learner the seat"
    )
    with database.transaction() as session:
        # What ends in the LMS with the second payment: nothing.
        assert live_enrollments(session, ENTERPRISE, transaction_uuids=[second]) == []
    mend(budget)
    assert lines(budget) == []
    assert live_seats(budget) == 1
    assert budget.transaction(first).state == "committed"
    with database.transaction() as session:
        assert len(live_enrollments(session, ENTERPRISE, transaction_uuids=[first])) == 1


def test_of_a_license_and_a_budget_the_money_is_to_be_given_back(database: Database) -> None:
    budget = direct(database)
    licensed, second = paid(budget, ANA), paid(budget, BEN)
    license_uuid = by_license(budget, second)
    budget.know([(ANA, 5), (BEN, 5)])
    (line,) = lines(budget)[-1:]
    assert f"license {license_uuid} pays for the seat; {reversal(budget, licensed)}" in line
    other = by_license(budget, licensed)
    (line,) = lines(budget)[-1:]
    assert f"revoke either license {other} or license {license_uuid} (bulk-revoke)" in line


def test_a_seat_that_a_budget_and_a_license_pay_for(database: Database) -> None:
    budget = direct(database)
    uuid = paid(budget, ANA)
    license_uuid = by_license(budget, uuid)

    assert lines(budget) == [
        f"subsidy_transactions: {uuid}: a second payment; license {license_uuid} pays for the"
        f" seat; {reversal(budget, uuid)} and leaves the learner the seat"
    ]
    mend(budget)
    assert lines(budget) == []
    assert live_seats(budget) == 1
    assert budget.problems() == []


def test_a_seat_that_a_client_gave_and_a_budget_pays_for(database: Database) -> None:
    budget = direct(database)
    uuid = paid(budget, ANA)
    with database.transaction() as session:
        session.execute(update(Enrollment).values(payer="api", transaction_uuid=None))

    assert lines(budget) == [
        f"subsidy_transactions: {uuid}: a second payment; nobody, as a client of the API enrolled"
        f" the learner, pays for the seat; {reversal(budget, uuid)} and leaves the learner the seat"
    ]
    mend(budget)
    assert lines(budget) == []
    assert live_seats(budget) == 1


def test_a_payment_without_a_seat(database: Database) -> None:
    budget = direct(database)
    uuid = paid_without_seat(budget, ANA)

    assert lines(budget) == [
        f"subsidy_transactions: {uuid}: committed without a seat in {PRICED_RUN};"
        f" {reversal(budget, uuid)}, and then the learner can be enrolled again"
    ]
    mend(budget)
    assert lines(budget) == []
    paid(budget, ANA)
    assert lines(budget) == []
    assert budget.problems() == []


def test_a_payment_whose_seat_has_ended(database: Database) -> None:
    """Reversing one payer could end the seat of another."""
    budget = direct(database)
    uuid = paid(budget, ANA)
    budget.end_enrollment(uuid)
    (line,) = lines(budget)
    assert "committed without a seat" in line


def test_a_seat_that_is_only_reported_is_nobodys(database: Database) -> None:
    budget = direct(database)
    uuid = paid(budget, ANA)
    with database.transaction() as session:
        session.execute(update(Enrollment).values(payer="reported", transaction_uuid=None))
    (line,) = lines(budget)
    assert line.startswith(f"subsidy_transactions: {uuid}: committed without a seat")


def test_any_number_of_payments_takes_the_same_statements(database: Database) -> None:
    budget = direct(database)
    paid(budget, ANA)
    with statements_of(database) as for_one:
        lines(budget)
    for number in range(5):
        paid_without_seat(budget, f"learner{number}@example.com")
    with statements_of(database) as for_six:
        assert len(lines(budget)) == 5
    assert len(for_six) == len(for_one)


@pytest.mark.parametrize("learner", [{"learner_email": ANA}, {"lms_user_id": 5}])
def test_the_database_holds_that_a_seat_is_paid_for_once(
    database: Database, learner: dict[str, Any]
) -> None:
    budget = direct(database)
    budget.know([(ANA, 5)])
    paid(budget, ANA)
    second = paid_without_seat(budget, BEN)
    with pytest.raises(IntegrityError):
        rewrite(budget, second, **learner)
    # Neither of them pays any more once it is reversed.
    budget.reverse(second)
    rewrite(budget, second, **learner)


def test_nothing_but_an_upgrade_marks_a_payment(database: Database) -> None:
    budget = direct(database)
    paid(budget, ANA)
    with database.transaction() as session:
        (transaction,) = session.query(SubsidyTransaction).all()
        assert transaction.is_second_payment is False
        assert transaction.created_at == NOW
