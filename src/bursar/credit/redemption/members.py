"""Whether a person is in the groups that a budget is for."""

from sqlalchemy.orm import Session

from bursar.credit.ledger.service import LockedBudget
from bursar.groups.service import lock_groups_of_policy, members_among
from bursar.learners.accounts import Person


def lock_members(session: Session, budget: LockedBudget) -> None:
    """Nobody joins or leaves the groups of the budget until the transaction ends. It comes after
    the budget and before learners."""
    if budget.is_for_groups:
        lock_groups_of_policy(session, budget.policy_uuid)


def is_member(session: Session, budget: LockedBudget, person: Person) -> bool:
    """A person is in a group with any address."""
    return bool(members_among(session, budget.policy_uuid, person.addresses))
