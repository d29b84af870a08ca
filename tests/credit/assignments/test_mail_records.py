"""What the attempts of mails leave behind on assignments."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.credit.assignments.attempts import record_attempts
from bursar.credit.assignments.mail import MAIL_KINDS
from bursar.credit.assignments.rules import error_reason
from bursar.credit.models import AssignmentConfiguration
from bursar.credit.states import AssignmentState
from bursar.database.engine import Database
from bursar.delivery.channel import Attempt, AttemptOutcome, QueuedDelivery
from testing.worlds.budgets import DAY, NOW, Budget, open_budget

ANA, BEN = "ana@example.com", "ben@example.com"
RETRYING, FAILED, DELIVERED = (
    AttemptOutcome.RETRYING,
    AttemptOutcome.FAILED,
    AttemptOutcome.DELIVERED,
)
SOON = NOW + timedelta(minutes=1)
KINDS = {kind.name.removeprefix("assignment-"): kind for kind in MAIL_KINDS}


def queued(budget: Budget) -> list[QueuedDelivery]:
    """Every mail that was ever written, oldest first."""
    names = QueuedDelivery.__dataclass_fields__
    return [
        QueuedDelivery(**{name: getattr(row, name) for name in names}) for row in budget.mails()
    ]


def attempt(
    budget: Budget, *attempts: tuple[QueuedDelivery, AttemptOutcome], at: datetime = SOON
) -> None:
    with budget.database.transaction() as session:
        record_attempts(
            session, [Attempt(mail, outcome, at, None) for mail, outcome in attempts], at
        )
    assert budget.problems() == []


def shown(budget: Budget) -> tuple[str | None, str, datetime, str | None]:
    (row,) = budget.rows()
    actions: list[Any] = budget.actions(row.uuid)
    reason = error_reason(AssignmentState(row.state), row.allocated_at, actions)
    return row.learner_state, row.recent_action_type, row.recent_action_at, reason


def counts(budget: Budget) -> dict[str, int]:
    columns = AssignmentConfiguration.__table__.c
    with budget.database.read() as connection:
        statement = select(*columns).where(columns.uuid == budget.configuration_uuid)
        row = connection.execute(statement).one()._asdict()
    return {name.removesuffix("_count"): n for name, n in row.items() if n and "_count" in name}


def done(budget: Budget) -> list[tuple[str, datetime | None, str | None]]:
    (row,) = budget.rows()
    return [
        (action.action_type, action.completed_at, action.error_reason)
        for action in budget.actions(row.uuid)
    ]


@pytest.mark.parametrize(
    ("outcomes", "action", "learner_state"),
    [
        ([RETRYING], ("notified", None, None), "notifying"),
        ([DELIVERED], ("notified", SOON, None), "waiting"),
        ([FAILED], ("notified", None, "email_error"), "failed"),
        ([RETRYING, RETRYING], ("notified", None, None), "notifying"),
        ([RETRYING, DELIVERED], ("notified", SOON, None), "waiting"),
        ([RETRYING, FAILED], ("notified", None, "email_error"), "failed"),
    ],
)
def test_a_notification_is_one_action_whatever_its_attempts(
    database: Database,
    outcomes: list[AttemptOutcome],
    action: tuple[str, datetime | None, str | None],
    learner_state: str,
) -> None:
    budget = open_budget(database)
    budget.assign()
    (mail,) = queued(budget)
    for outcome in outcomes:
        attempt(budget, (mail, outcome))
    assert done(budget) == [action]
    assert shown(budget) == (learner_state, "assigned", NOW, action[2])
    assert counts(budget) == {learner_state: 1}


def test_a_delivered_reminder_is_the_most_recent_action(database: Database) -> None:
    budget = open_budget(database)
    budget.remind(budget.assign())
    notice, reminder = queued(budget)
    attempt(budget, (notice, FAILED))
    attempt(budget, (reminder, RETRYING))
    assert shown(budget) == ("failed", "assigned", NOW, "email_error")
    attempt(budget, (reminder, DELIVERED))
    assert shown(budget) == ("failed", "reminded", SOON, "email_error")
    assert [kind for kind, *_ in done(budget)] == ["notified", "reminded"]


def test_a_failed_reminder_is_an_error_until_one_succeeds(database: Database) -> None:
    budget = open_budget(database)
    uuid = budget.assign()
    budget.remind(uuid)
    budget.remind(uuid)
    notice, first, second = queued(budget)
    attempt(budget, (notice, DELIVERED))
    attempt(budget, (first, FAILED))
    assert shown(budget) == ("waiting", "assigned", NOW, "email_error")
    attempt(budget, (second, DELIVERED))
    assert shown(budget) == ("waiting", "reminded", SOON, None)


@pytest.mark.parametrize("how", ["cancelled", "expired"])
def test_an_end_is_complete_before_its_mail_leaves(database: Database, how: str) -> None:
    budget = open_budget(database)
    uuid = budget.assign()
    ended = NOW + 90 * DAY
    if how == "cancelled":
        budget.cancel(uuid, now=ended)
    else:
        budget.expire(ended)
    mail = queued(budget)[-1]
    assert done(budget) == [(how, ended, None)]
    later = ended + DAY
    attempt(budget, (mail, RETRYING), at=later)
    assert done(budget) == [(how, ended, None)]
    attempt(budget, (mail, FAILED), at=later)
    assert done(budget) == [(how, ended, "email_error")]
    attempt(budget, (mail, DELIVERED), at=later)
    assert done(budget) == [(how, ended, None)]
    assert shown(budget)[0] == ("expired" if how == "expired" else None)
    assert counts(budget) == {how: 1}


def test_a_mail_of_an_earlier_allocation_says_nothing_of_the_present_one(
    database: Database,
) -> None:
    budget = open_budget(database)
    uuid = budget.assign()
    budget.remind(uuid)
    budget.cancel(uuid)
    again = NOW + DAY
    budget.allocate(ANA, now=again)
    stale, stale_reminder, _, fresh = queued(budget)
    late = again + timedelta(minutes=1)
    attempt(budget, (fresh, FAILED), at=late)
    attempt(budget, (stale, DELIVERED), (stale_reminder, DELIVERED), at=late)
    assert shown(budget) == ("failed", "assigned", again, "email_error")


def test_a_mailer_whose_clock_is_behind_notifies_all_the_same(database: Database) -> None:
    budget = open_budget(database)
    budget.assign()
    (mail,) = queued(budget)
    attempt(budget, (mail, DELIVERED), at=NOW - timedelta(seconds=5))
    assert shown(budget)[0] == "waiting"


def test_a_mail_that_arrives_after_the_end_changes_no_state(database: Database) -> None:
    budget = open_budget(database)
    budget.cancel(budget.assign())
    attempt(budget, (queued(budget)[0], DELIVERED))
    assert shown(budget)[0] is None
    assert counts(budget) == {"cancelled": 1}


def test_mails_of_several_budgets_are_recorded_together(database: Database) -> None:
    budget = open_budget(database)
    sibling = budget.sibling()
    for each in (budget, sibling):
        each.allocate(ANA, BEN)
    outcomes = (DELIVERED, FAILED, RETRYING, DELIVERED)
    attempt(budget, *zip(queued(budget), outcomes, strict=True))
    assert counts(budget) == {"waiting": 1, "failed": 1}
    assert counts(sibling) == {"notifying": 1, "waiting": 1}


def reasons(budget: Budget, mails: list[QueuedDelivery]) -> list[str | None]:
    with budget.database.read() as connection, Session(connection) as session:
        answers = [
            KINDS[mail.kind.removeprefix("assignment-")].why_untrue(session, [mail])
            for mail in mails
        ]
    return [answer.get(mail.uuid) for answer, mail in zip(answers, mails, strict=True)]


def test_mails_are_wanted_while_they_are_true(database: Database) -> None:
    budget = open_budget(database)
    uuid = budget.assign()
    budget.remind(uuid)
    assert reasons(budget, queued(budget)) == [None, None]
    transaction = budget.redeem()
    assert reasons(budget, queued(budget)) == ["The assignment is being redeemed."] * 2
    budget.fail(transaction)
    budget.cancel(uuid)
    cancelled = "The assignment is cancelled meanwhile."
    assert reasons(budget, queued(budget)) == [cancelled, cancelled, None]
    budget.allocate(ANA, now=NOW + DAY)
    again = "The assignment was allocated again, and a newer mail says so."
    assert reasons(budget, queued(budget)) == [again, again, None, None]
    budget.expire(NOW + 100 * DAY)
    expired = "The assignment is expired meanwhile."
    assert reasons(budget, queued(budget)) == [expired, expired, None, expired, None]
