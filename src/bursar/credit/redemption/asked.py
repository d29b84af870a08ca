"""The rules of a redemption, asked one after the other.

A redemption stops at the first that refuses. An explanation goes on as long as there is something
to ask. Both run the same generators, so that what is explained is what happens.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias, TypeVar, cast

from bursar.credit.refusals import BudgetRefused

Fact: TypeAlias = bool | int | str | datetime | None
"""Amounts are cents."""
Result = TypeVar("Result")


class Rule(StrEnum):
    """In the order in which they are asked."""

    LEARNER_KNOWN = "learner_known"
    BUDGET_IN_USE = "budget_in_use"
    SUBSIDY_ACTIVE = "subsidy_active"
    LEARNER_ACTIVE = "learner_active"
    IN_GROUP = "in_group"
    ASSIGNED = "assigned"
    ASSIGNMENT_WAITS = "assignment_waits"
    ASSIGNMENT_NOT_EXPIRED = "assignment_not_expired"
    CONTENT_IN_CATALOG = "content_in_catalog"
    ENROLLMENT_OPEN = "enrollment_open"
    SEAT_NOT_PAID = "seat_not_paid"
    PRICE_KNOWN = "price_known"
    LEARNER_SPEND_LIMIT = "learner_spend_limit"
    LEARNER_ENROLLMENT_LIMIT = "learner_enrollment_limit"
    SUBSIDY_BALANCE = "subsidy_balance"
    SPEND_LIMIT = "spend_limit"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a rule answered, and what it looked at."""

    rule: Rule
    refusal: BudgetRefused | None = None
    """None when the rule holds."""
    facts: Mapping[str, Fact] = field(default_factory=dict)


Rules: TypeAlias = Generator[Asked, None, Result]
"""Rules that yield what they answer, refusals too. Where nothing can be asked after a refusal, they
raise it when they are asked to go on. They return what holds when all hold."""


def obey(rules: Rules[Result]) -> Result:
    """What the rules return. Raises the first refusal, and asks nothing after it."""
    while True:
        try:
            asked = next(rules)
        except StopIteration as end:
            return cast("Result", end.value)
        if asked.refusal is not None:
            raise asked.refusal


def ask_all(rules: Rules[object]) -> list[Asked]:
    """What each of the rules answers, as far as they can be asked."""
    answers: list[Asked] = []
    try:
        answers.extend(rules)
    except BudgetRefused:
        # It is the last of the answers already.
        return answers
    return answers
