"""Ten thousand e-mails cost as many statements as some; one never more than the most.

What goes by COPY is not seen, and few rows go another way.
"""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from bursar.database.bulk import FEW
from bursar.database.engine import Database
from testing.databases.statements import statements_of
from testing.worlds.subscriptions import (
    activate,
    assign,
    change,
    counts,
    emails,
    revoke,
)

MOST = 15
SOME = FEW + 1
Work = Callable[[Session, list[str]], object]


def assign_them(session: Session, addresses: list[str]) -> None:
    assign(session, addresses)


def activate_them(session: Session, addresses: list[str]) -> None:
    activate(session, addresses)


def revoke_them(session: Session, addresses: list[str]) -> None:
    revoke(session, addresses)


def cost(database: Database, work: Work, addresses: list[str]) -> int:
    with statements_of(database) as seen, database.transaction() as session:
        work(session, addresses)
    return len(seen)


@pytest.mark.slow
@pytest.mark.parametrize("number", [1000, 10_000])
def test_the_number_of_statements_does_not_depend_on_that_of_learners(
    acme: Database, number: int
) -> None:
    with acme.transaction() as session:
        # Twice as many as are assigned: that few are left is asked and told once.
        change(session, num_licenses=2 * (number + SOME + 2))
    one, some, many = emails(1, "one"), emails(SOME, "some"), emails(number, "many")
    for work in (assign_them, activate_them, revoke_them):
        cost(acme, work, emails(1, "first"))  # what the first job of a process imports and asks
        expected = cost(acme, work, some)
        # Events are stored five thousand at a time, on SQLite with a question before each time.
        further = number // 5_001
        assert expected <= cost(acme, work, many) <= expected + 2 * further
        assert max(expected, cost(acme, work, one)) <= MOST
    with acme.transaction() as session:
        assert counts(session) == (2 * (number + SOME + 2), 0, 0, number + SOME + 2)
