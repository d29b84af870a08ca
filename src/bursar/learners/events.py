"""What happens to learners."""

from dataclasses import dataclass
from typing import ClassVar

from bursar.events.event import Event
from bursar.learners.views import DeactivatedLearner, LearnerView


@dataclass(frozen=True, slots=True, kw_only=True)
class _LearnerEvent(Event):
    object_type: ClassVar[str] = "learner"
    is_public: ClassVar[bool] = True

    data: LearnerView
    learner_id: int
    email: str
    """As stored. Readers outside see it only through `data`, which heeds the consent."""


class LearnerCreated(_LearnerEvent):
    type: ClassVar[str] = "learner.created"


class LearnerChanged(_LearnerEvent):
    type: ClassVar[str] = "learner.changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnerLinked(_LearnerEvent):
    """The account became known, or is another one than before."""

    type: ClassVar[str] = "learner.linked"

    lms_user_id: int


class LearnerConsentChanged(_LearnerEvent):
    """A learner who was known before has given or taken back the consent to share progress."""

    type: ClassVar[str] = "learner.consent_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnerDeactivated(Event):
    """The identity provider says that the person has left: nothing new is given to the person."""

    type: ClassVar[str] = "learner.deactivated"
    object_type: ClassVar[str] = "learner"
    is_public: ClassVar[bool] = True

    data: DeactivatedLearner


class LearnerReactivated(_LearnerEvent):
    """The person may be given something again. What was taken stays taken."""

    type: ClassVar[str] = "learner.reactivated"


class LearnerErased(_LearnerEvent):
    """The person was taken out of the enterprise's data. What is left is a tombstone."""

    type: ClassVar[str] = "learner.erased"
