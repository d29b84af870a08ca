"""Explanations as the API shows them."""

from enum import StrEnum
from uuid import UUID

import msgspec


class SubjectType(StrEnum):
    POLICY = "policy"
    SUBSCRIPTION_PLAN = "subscription_plan"


class Subject(msgspec.Struct, frozen=True):
    """What would pay."""

    type: SubjectType
    uuid: UUID
    name: str


class Explained(msgspec.Struct, frozen=True):
    """One rule of a budget or a plan."""

    subject: Subject
    rule: str
    holds: bool
    fact: str
    """A sentence that says what the rule has looked at."""
    cure: str | None
    """What somebody can do about it; None where the rule holds."""
