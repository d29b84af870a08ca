"""What operators do to jobs. The plumbing of jobs knows no events, so they are published here."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.events.event import Event
from bursar.events.service import publish
from bursar.jobs.control import JobControl


class JobRetried(Event):
    """The work of a job that failed or was cancelled begins again, as another job."""

    type: ClassVar[str] = "job.retried"
    object_type: ClassVar[str] = "job"


class JobCancelled(Event):
    type: ClassVar[str] = "job.cancelled"
    object_type: ClassVar[str] = "job"


def retry_job(
    session: Session, actor: Actor, control: JobControl, job_id: str, at: datetime
) -> str:
    """Returns the id of the new job. Raises what `JobControl.retry` raises."""
    retried = control.retry(session, job_id)
    event = JobRetried(
        object_id=job_id, enterprise_uuid=None, changes={"retried_as": (None, retried)}
    )
    publish(session, actor, [event], at=at)
    return retried


def cancel_job(database: Database, actor: Actor, job_id: str, at: datetime) -> None:
    """Opens transactions of its own, because DBOS cancels jobs in its own. Raises what
    `JobControl.cancel` raises."""
    state = JobControl(database).cancel(job_id)
    event = JobCancelled(
        object_id=job_id, enterprise_uuid=None, changes={"state": (state.value, "cancelled")}
    )
    with database.transaction() as session:
        publish(session, actor, [event], at=at)
