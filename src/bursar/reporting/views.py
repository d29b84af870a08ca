"""A row of the report as the API shows it."""

from datetime import date, datetime

import msgspec


class LearnerSummary(msgspec.Struct, gc=False):
    """One enrollment: the fields of the reference in its order."""

    is_consent_granted: bool
    amount_learner_paid: float | None
    contract_id: str | None
    coupon_code: str | None
    coupon_name: str | None
    course_api_url: str | None
    course_duration: int | None
    course_end: date | None
    course_key: str | None
    course_list_price: float | None
    course_max_effort: int | None
    course_min_effort: int | None
    course_pacing_type: str | None
    course_primary_program: str | None
    course_primary_subject: str | None
    course_start: date | None
    course_title: str | None
    courserun_key: str
    created: datetime
    current_grade: float | None
    enrollment_date: date | None
    enrollment_id: int
    enterprise_customer_uuid: str
    enterprise_enrollment_id: int
    enterprise_name: str
    enterprise_sso_uid: str | None
    enterprise_user_id: int | None
    has_passed: bool | None
    is_refunded: bool
    last_activity_date: date | None
    letter_grade: str | None
    offer_name: str | None
    offer_type: str | None
    paid_by: str | None
    passed_date: date | None
    progress_status: str | None
    seat_delivery_method: str | None
    unenrollment_date: date | None
    unenrollment_end_within_date: date | None
    user_account_creation_date: datetime | None
    user_country: str | None
    user_current_enrollment_mode: str
    user_email: str | None
    user_username: str | None
