"""Enrollments: many learners in many runs by their licenses, or one wish after another."""

# Made from bursar_client._async by tools/make_sync.py; a test compares them.

from collections.abc import Sequence

from bursar_client._sync.pages import Pages
from bursar_client._sync.part import Part
from bursar_client.models.jobs import BulkEnrollment
from bursar_client.models.learners import CourseEnrollment, EnrollmentOutcome, EnrollmentWish
from bursar_client.wire import Identifier, Parameter, get, path, post

BULK = "/enterprise/v1/bulk-license-enrollment"
WISHES = "/enterprise/v1/enterprise-customer/{}/course-enrollments"


class Enrollments(Part):
    def enroll_licensed(
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
        return self._one(request, BulkEnrollment)

    def enroll(
        self,
        wishes: Sequence[CourseEnrollment],
        *,
        enterprise: Identifier | None = None,
        idempotency_key: str | None = None,
    ) -> list[EnrollmentOutcome]:
        """An outcome for each, in the same order; one bad wish stops no other."""
        where = path(WISHES, self._enterprise(enterprise))
        return self._several(post(where, list(wishes), idempotency_key), EnrollmentOutcome)

    def wishes(
        self, *, enterprise: Identifier | None = None, **filters: Parameter
    ) -> Pages[EnrollmentWish]:
        """What was asked for, and what became of it: `state`, `user_email`, `course_run_id`."""
        where = path(WISHES, self._enterprise(enterprise))
        return self._pages(get(where, **filters), EnrollmentWish)
