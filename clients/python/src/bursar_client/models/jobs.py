"""What a server does in the background."""

from datetime import datetime

import msgspec

from bursar_client.values import Record


class Job(Record):
    """Done means that nothing is left to do, not that all of it succeeded."""

    job_id: str
    state: str = "running"
    total: int | None = None
    done: int = 0
    created: datetime | None = None
    finished: datetime | None = None

    @property
    def is_over(self) -> bool:
        return self.state in {"done", "failed"}

    @property
    def failure(self) -> str | None:
        """Why the job could not do the rest."""
        return None


class BulkEnrollment(Job):
    succeeded: int = 0
    pending: int = 0
    failed: int = 0
    download_url: str | None = None


class BulkChange(Job):
    kind: str = ""
    error: str | None = None

    @property
    def failure(self) -> str | None:
        return (self.error or "It failed.") if self.state == "failed" else None


class Started(msgspec.Struct, frozen=True):
    """A change of all that filters select. `job_id` is None when it was small and is done."""

    job_id: str | None


class Pair(Record):
    """A learner and a course run of a bulk enrollment."""

    email: str
    course_run_key: str
    status: str
    notes: str = ""
