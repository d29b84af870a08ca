"""Why a plan cannot be used."""

from enum import StrEnum


class Unusable(StrEnum):
    """Why no learner can begin to use a license of a plan now."""

    INACTIVE = "inactive"
    NOT_STARTED = "not_started"
    EXPIRED = "expired"
    LOCKED_FOR_RENEWAL = "locked_for_renewal"
    """No license can be assigned. Licenses that were assigned before can still be activated."""
