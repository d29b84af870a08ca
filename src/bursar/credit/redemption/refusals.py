"""Why a redemption is not made, or not reversed."""

from uuid import UUID

from bursar.credit.refusals import BudgetRefused, CreditRefused


class LearnerUnknown(BudgetRefused):
    """The enterprise has no learner with this account."""

    reason = "learner_unknown"


class LearnerSpendLimitReached(BudgetRefused):
    """The learner would spend more than the policy allows one learner to spend."""

    reason = "learner_max_spend_reached"


class LearnerEnrollmentLimitReached(BudgetRefused):
    """The learner has as many enrollments as the policy allows one learner."""

    reason = "learner_max_enrollments_reached"


class AssignmentNotFound(BudgetRefused):
    """The content is not assigned to the learner."""

    reason = "assignment_not_found"


class AssignmentPastDeadline(BudgetRefused):
    """The assignment has expired, whether or not a task has noticed yet."""

    reason = "assignment_expired"


class AssignmentNotAllocated(BudgetRefused):
    """The assignment was cancelled, failed or was reversed."""

    reason = "assignment_not_allocated"


class RedemptionInProgress(BudgetRefused):
    """The content is being redeemed for the learner at this moment."""

    reason = "redemption_in_progress"


class AlreadyEnrolled(BudgetRefused):
    """The learner's seat in the run is paid for already."""

    reason = "already_enrolled"

    def __init__(self, policy_uuid: UUID, source: str, payer_uuid: UUID | None = None) -> None:
        super().__init__(policy_uuid)
        self.source = source
        """`license`, `credit` or `api`."""
        self.payer_uuid = payer_uuid
        """The transaction that pays or is about to. None when a license or a client pays, and while
        the enrollment of a reversed transaction is being ended."""


class TransactionNotCommitted(CreditRefused):
    """Only a committed transaction can be reversed."""

    def __init__(self, transaction_uuid: UUID, state: str) -> None:
        super().__init__(f"transaction {transaction_uuid} is {state}")
        self.transaction_uuid = transaction_uuid
        self.state = state
