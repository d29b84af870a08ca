"""The budgets that a learner could spend from are those that a redemption would accept."""

from uuid import UUID

from bursar.credit.policy_types import PER_LEARNER_SPEND
from bursar.credit.redemption.available import AvailableCredit, credits_available
from bursar.credit.redemption.commands import AskingForCredit
from bursar.database.engine import Database
from testing.databases.statements import statements_of
from testing.worlds.budgets import COURSE, NOW, PRICE_CENTS, PRICED, open_budget
from testing.worlds.catalog import ENTERPRISE

ANA, BEN, ACCOUNT = "ana@example.com", "ben@example.com", 7


def available(
    database: Database, email: str | None = ANA, *, account: int | None = None
) -> list[AvailableCredit]:
    with database.read() as connection:
        return credits_available(connection, AskingForCredit(ENTERPRISE, email, account), at=NOW)


def assigned(
    database: Database, email: str | None = ANA, *, account: int | None = None
) -> list[UUID]:
    (credit,) = available(database, email, account=account)
    return [each.uuid for each in credit.assignments]


def test_both_limits_of_a_learner_count(database: Database) -> None:
    budget = open_budget(
        database,
        policy_type=PER_LEARNER_SPEND,
        per_learner_spend_limit=3 * PRICE_CENTS,
        per_learner_enrollment_limit=1,
    )
    (credit,) = available(database)
    assert credit.remaining_of_learner == 3 * PRICE_CENTS
    transaction = budget.redeem(ANA, key=PRICED)
    assert available(database) == []
    budget.fail(transaction)
    (credit,) = available(database)
    assert credit.remaining_of_learner == 3 * PRICE_CENTS


def test_what_is_assigned_to_another_address_of_the_account_is_shown(database: Database) -> None:
    budget = open_budget(database)
    budget.know([(ANA, ACCOUNT), (BEN, ACCOUNT)])
    to_ben = budget.assign(BEN, key=COURSE)
    to_ana = budget.assign(ANA, key=PRICED, price=PRICE_CENTS, now=NOW.replace(minute=1))
    for named in ({"email": ANA}, {"email": BEN}, {"email": None, "account": ACCOUNT}):
        assert assigned(database, **named) == [to_ana, to_ben]
    budget.redeem(ANA, key=COURSE)
    assert assigned(database) == [to_ana]


def test_an_account_takes_one_more_statement_for_its_addresses(database: Database) -> None:
    budget = open_budget(database)
    budget.assign(BEN)
    with statements_of(database) as of_address:
        assigned(database, BEN)
    budget.know([(ANA, ACCOUNT), (BEN, ACCOUNT)])
    budget.assign(ANA, key=PRICED, price=PRICE_CENTS)
    with statements_of(database) as of_account:
        assigned(database)
    assert len(of_account) == len(of_address) + 1
