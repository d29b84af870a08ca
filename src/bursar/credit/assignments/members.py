"""Whether learners may be assigned courses: they are active, and in the groups of the budget."""

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from bursar.credit.assignments.refusals import LearnersDeactivated, LearnersNotInGroup
from bursar.credit.ledger.service import LockedBudget
from bursar.groups.service import lock_groups_of_policy, members_among
from bursar.learners.accounts import addresses_of_accounts
from bursar.learners.service import LearnerRecord


def check_active(budget: LockedBudget, learners: Mapping[str, LearnerRecord]) -> None:
    """Raises LearnersDeactivated."""
    gone = [email for email, learner in learners.items() if learner.deactivated_at is not None]
    if gone:
        raise LearnersDeactivated(budget.policy_uuid, sorted(gone))


def check_members(
    session: Session,
    budget: LockedBudget,
    emails: Sequence[str],
    learners: Mapping[str, LearnerRecord],
) -> None:
    """The caller has locked the budget, and no learners yet. Raises LearnersNotInGroup."""
    if not budget.is_for_groups:
        return
    lock_groups_of_policy(session, budget.policy_uuid)
    members = members_among(session, budget.policy_uuid, emails)
    others = [email for email in emails if email not in members]
    if others := _without_other_addresses(session, budget, others, learners):
        raise LearnersNotInGroup(budget.policy_uuid, others)


def _without_other_addresses(
    session: Session,
    budget: LockedBudget,
    emails: Sequence[str],
    learners: Mapping[str, LearnerRecord],
) -> list[str]:
    """Those of the addresses that have no account of which another address is a member."""
    known = ((email, learners[email].lms_user_id) for email in emails if email in learners)
    accounts = {email: account for email, account in known if account is not None}
    if not accounts:
        return list(emails)
    found = addresses_of_accounts(session, budget.enterprise_uuid, set(accounts.values()))
    members = members_among(session, budget.policy_uuid, list(found))
    theirs = {found[address] for address in members}
    return [email for email in emails if accounts.get(email) not in theirs]
