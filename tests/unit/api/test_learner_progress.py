"""The body of a report of progress: what cannot be tried with a small server."""

from bursar.api.learner_progress import ProgressBody
from bursar.web.validation import validate

ROW = {"user_email": "ana@example.org", "courserun_key": "course-v1:edX+DemoX+2026"}


def test_ten_thousand_rows_are_taken_and_one_more_is_not() -> None:
    body, errors = validate(ProgressBody, {"enrollments": [ROW] * 10_000})
    assert isinstance(body, ProgressBody)
    assert (len(body.enrollments), errors) == (10_000, {})
    assert validate(ProgressBody, {"enrollments": [ROW] * 10_001}) == (
        None,
        {"enrollments": ["Ensure this field has no more than 10000 elements."]},
    )


def test_a_null_character_is_told_at_its_field() -> None:
    body, errors = validate(ProgressBody, {"enrollments": [ROW, ROW | {"letter_grade": "A\0"}]})
    assert body is None
    assert errors == {
        "enrollments": {"1": {"letter_grade": ["Null characters are not allowed."] * 2}}
    }
