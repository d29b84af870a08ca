"""What statements can say that a person did, and of which events each is made."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Final

from bursar.enrollment import events


class Verb(StrEnum):
    """As manifests name it."""

    REGISTERED = "registered"
    PROGRESSED = "progressed"
    PASSED = "passed"
    FAILED = "failed"
    COMPLETED = "completed"
    UNREGISTERED = "unregistered"


IRIS: Final[Mapping[Verb, str]] = {
    Verb.REGISTERED: "http://adlnet.gov/expapi/verbs/registered",
    Verb.PROGRESSED: "http://adlnet.gov/expapi/verbs/progressed",
    Verb.PASSED: "http://adlnet.gov/expapi/verbs/passed",
    Verb.FAILED: "http://adlnet.gov/expapi/verbs/failed",
    Verb.COMPLETED: "http://adlnet.gov/expapi/verbs/completed",
    Verb.UNREGISTERED: "http://id.tincanapi.com/verb/unregistered",
}
VERBS_OF: Final[Mapping[str, tuple[Verb, ...]]] = {
    events.EnrollmentCreated.type: (Verb.REGISTERED,),
    events.EnrollmentProgressed.type: (Verb.PROGRESSED,),
    events.EnrollmentPassed.type: (Verb.PASSED, Verb.COMPLETED),
    events.EnrollmentFailed.type: (Verb.FAILED,),
    events.EnrollmentEnded.type: (Verb.UNREGISTERED,),
}
"""By the type of the event. Whoever has passed has completed the course run."""


def wanted_verbs(event_type: str, verbs: Collection[str] | None) -> list[Verb]:
    """Of an event, those that an enterprise wants; None: all."""
    return [each for each in VERBS_OF.get(event_type, ()) if verbs is None or each in verbs]
