"""What the server does in the background, waited for."""

# Made from bursar_client._async by tools/make_sync.py; a test compares them.

from collections.abc import Callable, Iterator
from typing import TypeVar

from bursar_client._sync.files import Files
from bursar_client._sync.pages import Pages
from bursar_client.errors import JobFailed, WaitedTooLong
from bursar_client.models.jobs import BulkChange, BulkEnrollment, Job, Pair, Started
from bursar_client.wire import Identifier, Request, get, get_as, path

ENROLLMENT = "/enterprise/v1/bulk-license-enrollment/{}"
CHANGE = "/enterprise/v1/bulk-changes/{}"
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 10.0
JobT = TypeVar("JobT", bound=Job)


class Jobs(Files):
    def enrollment(self, job: Identifier) -> BulkEnrollment:
        return self._one(get(path(ENROLLMENT, job)), BulkEnrollment)

    def change(self, job: Identifier) -> BulkChange:
        return self._one(get(path(CHANGE, job)), BulkChange)

    def pairs(self, job: Identifier) -> Pages[Pair]:
        """What became of each learner in each run."""
        return self._pages(get(path(ENROLLMENT + "/rows", job)), Pair)

    def pairs_csv(self, job: Identifier) -> Iterator[dict[str, str]]:
        return self._csv(get_as("text/csv", path(ENROLLMENT + "/download", job)))

    def wait_for_enrollment(
        self,
        job: BulkEnrollment | Identifier,
        *,
        progress: Callable[[BulkEnrollment], None] | None = None,
        within: float | None = None,
    ) -> BulkEnrollment:
        """`progress` is called with each state that differs from the one before."""
        name = job.job_id if isinstance(job, BulkEnrollment) else job
        request = get(path(ENROLLMENT, name))
        return self._wait(request, BulkEnrollment, progress, within)

    def wait_for_change(
        self,
        job: Started | Identifier,
        *,
        progress: Callable[[BulkChange], None] | None = None,
        within: float | None = None,
    ) -> BulkChange | None:
        """None: the change was small, and was done before the answer."""
        name = job.job_id if isinstance(job, Started) else job
        if name is None:
            return None
        return self._wait(get(path(CHANGE, name)), BulkChange, progress, within)

    def _wait(
        self,
        request: Request,
        kind: type[JobT],
        progress: Callable[[JobT], None] | None,
        within: float | None,
    ) -> JobT:
        until = float("inf") if within is None else self._wire.pace.now() + within
        pause, told = FIRST_PAUSE, None
        while True:
            job = self._one(request, kind)
            if progress is not None and job != told:
                progress(job)
            if job.is_over:
                return _succeeded(job)
            if self._wire.pace.now() + pause > until:
                raise WaitedTooLong(f"After {within} s job {job.job_id} is {job.state}.")
            self._wire.pace.sleep(pause)
            pause, told = min(pause * 1.5, LONGEST_PAUSE), job


def _succeeded(job: JobT) -> JobT:
    if job.failure is not None:
        raise JobFailed(f"Job {job.job_id}: {job.failure}")
    return job
