"""A learner as readers outside may see one."""

from datetime import datetime

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
