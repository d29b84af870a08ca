"""Wire types."""

from typing import Annotated, Self
from uuid import UUID

import msgspec
from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from bursar.bulk_enrollment.rules import MOST_TOGETHER, JobState, PairStatus
from bursar.bulk_enrollment.service import Wish
from bursar.web.fields import MOST_ITEMS, EmailAddresses
from bursar.web.validation import Body

CourseKey = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000)]
"""Anything that is not blank: one that is no known run fails its pairs."""


class BulkEnrollmentBody(Body):
    emails: EmailAddresses
    course_run_keys: Annotated[list[CourseKey], Field(min_length=1, max_length=MOST_ITEMS)]
    notify: bool = False

    @property
    def wish(self) -> Wish:
        return Wish(
            list(dict.fromkeys(self.emails)),
            list(dict.fromkeys(self.course_run_keys)),
            self.notify,
        )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        together = len(self.wish.emails) + len(self.wish.course_run_keys)
        if together > MOST_TOGETHER:
            message = (
                f"At most {MOST_TOGETHER} learners and course keys together; these are {together}."
            )
            raise PydanticCustomError("value_error", "{error}", {"error": message})
        return self


class BulkEnrollmentAnswer(msgspec.Struct, frozen=True):
    job_id: UUID


class BulkEnrollmentStatus(msgspec.Struct, frozen=True):
    job_id: UUID
    state: JobState
    total: int
    done: int
    succeeded: int
    pending: int
    failed: int
    created: str
    finished: str | None
    download_url: str


class BulkEnrollmentPair(msgspec.Struct, frozen=True):
    email: str
    course_run_key: str
    status: PairStatus
    notes: str


class BulkEnrollmentPairs(msgspec.Struct, frozen=True):
    count: int
    next: str | None
    previous: str | None
    results: list[BulkEnrollmentPair]
