"""Learners: their progress, their enrollments, their data."""

from datetime import date, datetime

import msgspec

from bursar_client.values import Record


class LearnerSummary(Record):
    """An enrollment. What tells of the person is None where the learner gave no consent."""

    courserun_key: str | None = None
    enrollment_id: int | None = None
    enterprise_enrollment_id: int | None = None
    enterprise_customer_uuid: str | None = None
    enterprise_name: str | None = None
    is_consent_granted: bool = False
    amount_learner_paid: float | None = None
    contract_id: str | None = None
    coupon_code: str | None = None
    coupon_name: str | None = None
    course_api_url: str | None = None
    course_duration: int | None = None
    course_end: date | None = None
    course_key: str | None = None
    course_list_price: float | None = None
    course_max_effort: int | None = None
    course_min_effort: int | None = None
    course_pacing_type: str | None = None
    course_primary_program: str | None = None
    course_primary_subject: str | None = None
    course_start: date | None = None
    course_title: str | None = None
    created: datetime | None = None
    current_grade: float | None = None
    enrollment_date: date | None = None
    enterprise_sso_uid: str | None = None
    enterprise_user_id: int | None = None
    has_passed: bool | None = None
    is_refunded: bool | None = None
    last_activity_date: date | None = None
    letter_grade: str | None = None
    offer_name: str | None = None
    offer_type: str | None = None
    paid_by: str | None = None
    passed_date: date | None = None
    progress_status: str | None = None
    seat_delivery_method: str | None = None
    unenrollment_date: date | None = None
    unenrollment_end_within_date: date | None = None
    user_account_creation_date: datetime | None = None
    user_country: str | None = None
    user_current_enrollment_mode: str | None = None
    user_email: str | None = None
    user_username: str | None = None


class ProgressReported(Record):
    created: int = 0
    changed: int = 0
    unchanged: int = 0


class CourseEnrollment(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A wish: somebody, named by address or account, is to be in a course run, or not any more."""

    course_run_id: str
    course_mode: str
    user_email: str | None = None
    lms_user_id: int | None = None
    is_active: bool = True
    email_students: bool = False
    cohort: str | None = None


class EnrollmentOutcome(Record):
    """Of one wish, in the place of it."""

    detail: str | None = None

    @property
    def errors(self) -> dict[str, object]:
        """By field; empty when the wish was accepted."""
        return self.extra


class EnrollmentWish(Record):
    course_run_id: str
    course_mode: str
    state: str
    user_email: str | None = None
    lms_user_id: int | None = None
    is_active: bool = True
    cohort: str | None = None
    reason: str | None = None
    created: datetime | None = None
    modified: datetime | None = None


class PersonalData(Record):
    enterprise_customer_uuid: str
    email: str
    other_addresses: list[str] = []
    lms_user_ids: list[int] = []
    tables: dict[str, list[dict[str, object]]] = {}


class RenamedPerson(Record):
    rows: dict[str, int] = {}


class ErasedPerson(Record):
    tombstones: list[str] = []
    rows: dict[str, int] = {}
