"""What can be declared of learners."""

from dataclasses import dataclass
from datetime import datetime

from msgspec import UNSET, UnsetType


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredLearner:
    """A learner as it shall be. A field that is UNSET keeps its stored value, and null empties it.

    Where null cannot be, it stands for the default: no consent, and the `created` that is known.
    """

    email: str
    lms_user_id: int | UnsetType | None = UNSET
    username: str | UnsetType | None = UNSET
    sso_uid: str | UnsetType | None = UNSET
    country: str | UnsetType | None = UNSET
    created: datetime | UnsetType | None = UNSET
    consent: bool | UnsetType | None = UNSET
