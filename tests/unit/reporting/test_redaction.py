from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from bursar.reporting.redaction import redacted
from bursar.reporting.views import LearnerSummary

# The reference's fields in its order; True where consent is needed to see them.
FIELDS = {
    "is_consent_granted": False,
    "amount_learner_paid": False,
    "contract_id": False,
    "coupon_code": False,
    "coupon_name": False,
    "course_api_url": False,
    "course_duration": False,
    "course_end": False,
    "course_key": False,
    "course_list_price": False,
    "course_max_effort": False,
    "course_min_effort": False,
    "course_pacing_type": False,
    "course_primary_program": False,
    "course_primary_subject": False,
    "course_start": False,
    "course_title": False,
    "courserun_key": False,
    "created": False,
    "current_grade": True,
    "enrollment_date": False,
    "enrollment_id": False,
    "enterprise_customer_uuid": False,
    "enterprise_enrollment_id": False,
    "enterprise_name": False,
    "enterprise_sso_uid": True,
    "enterprise_user_id": True,
    "has_passed": True,
    "is_refunded": False,
    "last_activity_date": True,
    "letter_grade": True,
    "offer_name": False,
    "offer_type": False,
    "paid_by": False,
    "passed_date": True,
    "progress_status": True,
    "seat_delivery_method": False,
    "unenrollment_date": False,
    "unenrollment_end_within_date": False,
    "user_account_creation_date": True,
    "user_country": True,
    "user_current_enrollment_mode": False,
    "user_email": True,
    "user_username": True,
}
DAY = date(2026, 3, 1)


def complete(*, consented: bool) -> LearnerSummary:
    """Every field has a value."""
    values: dict[str, Any] = {"bool": True, "float": 1.5, "int": 7, "str": "x", "date": DAY}
    values["datetime"] = datetime(2026, 3, 1, tzinfo=UTC)
    kinds = {
        field.name: getattr(field.type, "__args__", (field.type,))[0].__name__
        for field in msgspec.structs.fields(LearnerSummary)
    }
    made = {name: values[kind] for name, kind in kinds.items()}
    return LearnerSummary(**(made | {"is_consent_granted": consented}))


def test_the_report_has_the_fields_of_the_reference_in_its_order() -> None:
    assert LearnerSummary.__struct_fields__ == tuple(FIELDS)


@pytest.mark.parametrize("name", FIELDS)
def test_without_consent_a_field_is_null_if_it_tells_of_the_person(name: str) -> None:
    before, after = complete(consented=False), redacted(complete(consented=False))
    assert getattr(after, name) == (None if FIELDS[name] else getattr(before, name))


def test_with_consent_nothing_is_blanked() -> None:
    assert redacted(complete(consented=True)) == complete(consented=True)


def test_what_was_read_is_left_as_it_was() -> None:
    summary = complete(consented=False)
    redacted(summary)
    assert summary == complete(consented=False)
