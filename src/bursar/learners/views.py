"""A learner as readers outside may see one."""

from datetime import datetime
from uuid import UUID

import msgspec


class LearnerView(msgspec.Struct, frozen=True):
    """Without consent everything that tells of the person is null, as in the learner summary."""

    id: int
    consent: bool
    email: str | None = None
    lms_user_id: int | None = None
    username: str | None = None
    sso_uid: str | None = None
    country: str | None = None
    created: datetime | None = None


class DeactivatedLearner(msgspec.Struct, frozen=True):
    """A learner who has left, and what became of what the learner had."""

    learner: LearnerView
    cancelled_assignments: int
    revoked_licenses: int
    kept_licenses: list[UUID]
    """Activated ones that the cap of their plan does not let anybody revoke."""
