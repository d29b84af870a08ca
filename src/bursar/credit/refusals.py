"""Why a budget does not pay, in the form of the reference's sibling errors: a list of reasons."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from bursar.web.errors import ApiError

_MESSAGES: Final[Mapping[str, str]] = {
    "policy_not_assignable": "This budget cannot be used to assign courses.",
    "policy_expired": "This budget is not active.",
    "subsidy_expired": "The learner credit behind this budget is not active now.",
    "content_not_in_catalog": "This course is not in the catalog of this budget.",
    "PriceValidationError": "The given price is too far from the price of this course.",
    "not_enough_value_in_subsidy": "Not enough learner credit is left for this.",
    "policy_spend_limit_reached": "This would exceed the spend limit of this budget.",
    "learner_unknown": "This learner is not known.",
    "learner_max_spend_reached": "This would exceed what one learner may spend.",
    "learner_max_enrollments_reached": "This learner has the allowed number of enrollments.",
    "price_unknown": "The price of this course is not known.",
    "assignment_not_found": "This course is not assigned to this learner.",
    "assignment_expired": "This assignment has expired.",
    "assignment_not_allocated": "This assignment cannot be redeemed any more.",
    "redemption_in_progress": "This course is being redeemed for this learner.",
    "already_redeemed": "This course has been redeemed for this learner.",
}


class BudgetRefuses(ApiError):
    """422; nothing was changed."""

    def __init__(
        self, reason: str, policy_uuid: UUID, metadata: Mapping[str, Any] | None = None
    ) -> None:
        entry: dict[str, Any] = {
            "reason": reason,
            "user_message": _MESSAGES[reason],
            "policy_uuids": [str(policy_uuid)],
        }
        if metadata:
            entry["metadata"] = dict(metadata)
        super().__init__(422, [entry])
        self.reason = reason


class WrongState(ApiError):
    """422, naming the assignments that are not here or not in a state for this."""

    def __init__(self, offending: Mapping[UUID, str]) -> None:
        body = {
            "detail": "Nothing was done: some assignments are not in a state that allows it.",
            "assignment_uuids": {str(uuid): state for uuid, state in offending.items()},
        }
        super().__init__(422, body)
