"""The types of policies, as the API names them."""

from typing import Final

ASSIGNED: Final = "AssignedLearnerCreditAccessPolicy"
PER_LEARNER_SPEND: Final = "PerLearnerSpendCreditAccessPolicy"
PER_LEARNER_ENROLLMENT: Final = "PerLearnerEnrollmentCreditAccessPolicy"
POLICY_TYPES: Final = (ASSIGNED, PER_LEARNER_SPEND, PER_LEARNER_ENROLLMENT)


def access_method(policy_type: str) -> str:
    return "assigned" if policy_type == ASSIGNED else "direct"
