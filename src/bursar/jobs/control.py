"""What operators see of jobs and do to them: list, show, retry, cancel. Imports DBOS when used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.orm import Session

from bursar.database.engine import Database
from bursar.jobs.client import client_of
from bursar.jobs.names import APPLICATION
from bursar.jobs.queue import Argument, JobQueue, next_id

if TYPE_CHECKING:
    from dbos import WorkflowStatus


class JobState(StrEnum):
    """A job's state in words, for what DBOS calls its status."""

    WAITING = "waiting"
    DELAYED = "delayed"
    """It waits until an instant, because its work was put off."""
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


_STATUSES: Final = {
    JobState.WAITING: ("ENQUEUED",),
    JobState.DELAYED: ("DELAYED",),
    JobState.RUNNING: ("PENDING",),
    JobState.DONE: ("SUCCESS",),
    JobState.FAILED: ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"),
    JobState.CANCELLED: ("CANCELLED",),
}
_STATES: Final = {status: state for state, many in _STATUSES.items() for status in many}
_ENDED: Final = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)
_RETRIED: Final = (JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True, slots=True)
class JobStep:
    name: str
    started_at: datetime | None
    finished_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class JobView:
    id: str
    name: str
    state: JobState
    arguments: tuple[Argument, ...]
    created_at: datetime
    updated_at: datetime
    due_at: datetime | None
    """Of a delayed job: when it begins at the earliest."""
    tries: int
    """How often a worker took it; more than one after the death of a worker."""
    worker: str | None
    error: str | None


class JobRefused(Exception):
    """A job cannot be shown or changed."""


class UnknownJob(JobRefused):
    def __init__(self, job_id: str) -> None:
        super().__init__(f"no such job: {job_id}")


class JobControl:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._client = client_of(database)

    def newest(
        self,
        *,
        states: Sequence[JobState] = (),
        name: str | None = None,
        since: datetime | None = None,
        limit: int,
    ) -> Sequence[JobView]:
        """The newest jobs first; without states, those in any state."""
        statuses = [status for state in states for status in _STATUSES[state]]
        found = self._client.list_workflows(
            status=statuses or None,
            name=name,
            start_time=since.isoformat() if since is not None else None,
            application_name=APPLICATION,
            limit=limit,
            sort_desc=True,
        )
        return [_view(job) for job in found]

    def find(self, job_id: str) -> JobView:
        """Raises UnknownJob."""
        found = self._client.list_workflows(workflow_ids=[job_id], application_name=APPLICATION)
        if not found:
            raise UnknownJob(job_id)
        return _view(found[0])

    def steps_of(self, job_id: str) -> Sequence[JobStep]:
        """The finished steps, in their order."""
        return [_step(step) for step in self._client.list_workflow_steps(job_id)]

    def retry(self, session: Session, job_id: str) -> str:
        """Enqueues a job that does the work of one that failed or was cancelled, from its
        beginning, and returns the new id. It exists if the caller's transaction commits.

        Raises UnknownJob, and JobRefused for a job in another state or that has a successor.
        """
        job = self.find(job_id)
        if job.state not in _RETRIED:
            raise JobRefused(
                f"{job_id} is {job.state.value}. Only a job that failed or was cancelled can be "
                "retried."
            )
        successor = next_id(job_id)
        if self._client.list_workflows(workflow_ids=[successor]):
            raise JobRefused(f"{job_id} was followed by {successor} already.")
        return JobQueue(self._database).enqueue_successor(
            session, job_id, job.name, *job.arguments, seconds=0
        )

    def cancel(self, job_id: str) -> JobState:
        """Cancels a job in a transaction of its own, and returns the state that it had. A running
        job ends before its next step.

        Raises UnknownJob, and JobRefused for a job that has ended.
        """
        job = self.find(job_id)
        if job.state not in _ENDED:
            self._client.cancel_workflow(job_id)
        # The job may have ended meanwhile, and DBOS changes no job that has ended.
        now = self.find(job_id).state
        if now is not JobState.CANCELLED or job.state in _ENDED:
            raise JobRefused(f"{job_id} is {now.value} already.")
        return job.state


def _view(job: "WorkflowStatus") -> JobView:
    arguments = job.input["args"] if job.input is not None else ()
    return JobView(
        id=job.workflow_id,
        name=job.name,
        state=_STATES[job.status],
        arguments=tuple(arguments),
        created_at=_instant(job.created_at or 0),
        updated_at=_instant(job.updated_at or 0),
        due_at=_instant(job.delay_until_epoch_ms) if job.status == "DELAYED" else None,
        tries=job.recovery_attempts or 0,
        worker=job.executor_id,
        error=str(job.error) if job.error is not None else None,
    )


def _step(step: Any) -> JobStep:
    started, finished = step["started_at_epoch_ms"], step["completed_at_epoch_ms"]
    return JobStep(
        name=step["function_name"],
        started_at=_instant(started) if started is not None else None,
        finished_at=_instant(finished) if finished is not None else None,
        error=str(step["error"]) if step["error"] is not None else None,
    )


def _instant(milliseconds: int | None) -> datetime:
    return datetime.fromtimestamp((milliseconds or 0) / 1000, UTC)
