"""Hides what an enterprise may not see of a learner who has not consented."""

from typing import Any, Final

import msgspec

from bursar.reporting.views import LearnerSummary

BLANKED: Final = frozenset(
    {
        "has_passed",
        "last_activity_date",
        "progress_status",
        "passed_date",
        "current_grade",
        "letter_grade",
        "enterprise_user_id",
        "user_email",
        "user_account_creation_date",
        "user_country",
        "user_username",
        "enterprise_sso_uid",
    }
)
"""Fields that are null without consent, in every format, in filters and in ordering (fields.py)."""

_NOTHING: Final[dict[str, Any]] = dict.fromkeys(BLANKED)


def redacted(summary: LearnerSummary) -> LearnerSummary:
    """The row as the caller may see it. Every row of every format passes through this function."""
    if summary.is_consent_granted:
        return summary
    return msgspec.structs.replace(summary, **_NOTHING)
