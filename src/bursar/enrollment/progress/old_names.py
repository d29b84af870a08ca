"""The names under which files of the reporting services before Bursar hold fields of the report."""

from collections.abc import Mapping
from typing import Any, Final

OLD_NAMES: Final[Mapping[str, str]] = {
    "consent_granted": "is_consent_granted",
    "course_duration_weeks": "course_duration",
    "course_end_date": "course_end",
    "course_id": "courserun_key",
    "course_start_date": "course_start",
    "enrollment_created_timestamp": "enrollment_date",
    "passed_timestamp": "passed_date",
    "unenrollment_timestamp": "unenrollment_date",
    "user_account_creation_timestamp": "user_account_creation_date",
    "user_country_code": "user_country",
}
"""The name of the learner summary by the old one."""


def own_name(name: str) -> str:
    """The name in the learner summary, whichever service wrote the file."""
    return OLD_NAMES.get(name, name)


def under_own_names(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Where an object has both the name and an old one, the name counts."""
    if item.keys().isdisjoint(OLD_NAMES):
        return item
    renamed = {own_name(name): value for name, value in item.items()}
    return renamed | {name: value for name, value in item.items() if name not in OLD_NAMES}
