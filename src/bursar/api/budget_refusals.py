"""What learner credit answers to what it refuses: 422, in the form of the API's own errors."""

from collections.abc import Mapping
from typing import Final

from bursar.credit.assignments.refusals import (
    AssignmentsInWrongState,
    LearnersDeactivated,
    LearnersNotInGroup,
    PriceOutOfBand,
)
from bursar.credit.redemption.refusals import AlreadyEnrolled, TransactionNotCommitted
from bursar.credit.refusals import BudgetRefused
from bursar.web.errors import ApiError, BusinessRule
from bursar.web.routes import Refusals

_MESSAGES: Final[Mapping[str, str]] = {
    "policy_not_assignable": "This budget cannot be used to assign courses.",
    "learner_not_in_enterprise_group": "This budget is for groups that this learner is not in.",
    "learner_deactivated": "This learner has left.",
    "policy_expired": "This budget is not active.",
    "subsidy_expired": "The learner credit behind this budget is not active now.",
    "content_not_in_catalog": "This course is not in the catalog of this budget.",
    "enrollment_deadline_passed": "The enrollment deadline of this course has passed.",
    "price_unknown": "The price of this course is not known.",
    "PriceValidationError": "The given price is too far from the price of this course.",
    "not_enough_value_in_subsidy": "Not enough learner credit is left for this.",
    "policy_spend_limit_reached": "This would exceed the spend limit of this budget.",
    "learner_unknown": "This learner is not known.",
    "learner_max_spend_reached": "This would exceed what one learner may spend.",
    "learner_max_enrollments_reached": "This learner has the allowed number of enrollments.",
    "assignment_not_found": "This course is not assigned to this learner.",
    "assignment_expired": "This assignment has expired.",
    "assignment_not_allocated": "This assignment cannot be redeemed any more.",
    "redemption_in_progress": "This course is being redeemed for this learner.",
    "already_enrolled": "This learner is enrolled in this course run already.",
}


def _of_budget(refused: BudgetRefused) -> ApiError:
    return ApiError(422, [refusal_entry(refused)])


def _of_price(refused: PriceOutOfBand) -> ApiError:
    metadata = {
        "expected_price_cents": refused.band.expected,
        "minimum_price_cents": refused.band.minimum,
        "maximum_price_cents": refused.band.maximum,
    }
    return ApiError(422, [refusal_entry(refused) | {"metadata": metadata}])


def _of_learners(refused: LearnersNotInGroup | LearnersDeactivated) -> ApiError:
    metadata = {"learner_emails": list(refused.emails)}
    return ApiError(422, [refusal_entry(refused) | {"metadata": metadata}])


def _of_seat(refused: AlreadyEnrolled) -> ApiError:
    metadata: dict[str, str] = {"source": refused.source}
    if refused.payer_uuid is not None:
        metadata["transaction_uuid"] = str(refused.payer_uuid)
    return ApiError(422, [refusal_entry(refused) | {"metadata": metadata}])


def user_message(refused: BudgetRefused) -> str:
    return _MESSAGES[refused.reason]


def refusal_entry(refused: BudgetRefused) -> dict[str, object]:
    """As a list of refusals names it."""
    return {
        "reason": refused.reason,
        "user_message": user_message(refused),
        "policy_uuids": [str(refused.policy_uuid)],
    }


def _of_assignments(refused: AssignmentsInWrongState) -> ApiError:
    body = {
        "detail": "Nothing was done: some assignments are not in a state that allows it.",
        "assignment_uuids": {str(uuid): state for uuid, state in refused.states.items()},
    }
    return ApiError(422, body)


def _of_transaction(refused: TransactionNotCommitted) -> ApiError:
    return BusinessRule(
        f"Only a committed transaction can be reversed; this one is {refused.state}."
    )


REFUSALS: Final[Refusals] = {
    BudgetRefused: _of_budget,
    PriceOutOfBand: _of_price,
    LearnersNotInGroup: _of_learners,
    LearnersDeactivated: _of_learners,
    AlreadyEnrolled: _of_seat,
    AssignmentsInWrongState: _of_assignments,
    TransactionNotCommitted: _of_transaction,
}
