"""What can be asked of bulk enrollment."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class RequestBulkEnrollment:
    """Enrolls every learner in every course run. Both are without duplicates, and e-mails are
    normalised."""

    enterprise_uuid: UUID
    emails: Sequence[str]
    course_run_keys: Sequence[str]
    notify: bool
