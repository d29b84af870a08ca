"""Enrollments: many learners in many runs by their licenses, or one wish after another."""

from collections.abc import Sequence

from bursar_client._async.pages import AsyncPages
from bursar_client._async.part import AsyncPart
from bursar_client.models.jobs import BulkEnrollment
from bursar_client.models.learners import CourseEnrollment, EnrollmentOutcome, EnrollmentWish
from bursar_client.wire import Identifier, Parameter, get, path, post

BULK = "/enterprise/v1/bulk-license-enrollment"
WISHES = "/enterprise/v1/enterprise-customer/{}/course-enrollments"


class AsyncEnrollments(AsyncPart):
    async def enroll_licensed(
        self,
        emails: Sequence[str],
        course_run_keys: Sequence[str],
        *,
        notify: bool = False,
        enterprise: Identifier | None = None,
        idempotency_key: str | None = None,
    ) -> BulkEnrollment:
        """Every learner in every run. Give the answer to `jobs.wait_for_enrollment`."""
        body = {
            "emails": list(emails),
            "course_run_keys": list(course_run_keys),
            "notify": notify,
        }
        chosen = self._enterprise(enterprise)
        request = post(BULK, body, idempotency_key, enterprise_customer_uuid=chosen)
        return await self._one(request, BulkEnrollment)

    async def enroll(
        self,
        wishes: Sequence[CourseEnrollment],
        *,
        enterprise: Identifier | None = None,
        idempotency_key: str | None = None,
    ) -> list[EnrollmentOutcome]:
        """An outcome for each, in the same order; one bad wish stops no other."""
        where = path(WISHES, self._enterprise(enterprise))
        return await self._several(post(where, list(wishes), idempotency_key), EnrollmentOutcome)

    def wishes(
        self, *, enterprise: Identifier | None = None, **filters: Parameter
    ) -> AsyncPages[EnrollmentWish]:
        """What was asked for, and what became of it: `state`, `user_email`, `course_run_id`."""
        where = path(WISHES, self._enterprise(enterprise))
        return self._pages(get(where, **filters), EnrollmentWish)
