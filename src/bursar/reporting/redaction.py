"""What an enterprise may not learn of a person who has not agreed to share it."""

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
"""Null without consent: in every format, in filters and in ordering (see fields.py)."""

_NOTHING: Final[dict[str, Any]] = dict.fromkeys(BLANKED)


def redacted(summary: LearnerSummary) -> LearnerSummary:
    """The row as it may be shown. Every row of every format passes here."""
    if summary.is_consent_granted:
        return summary
    return msgspec.structs.replace(summary, **_NOTHING)
