"""Background jobs, the stuck ones first: shown, retried and cancelled as `bursar jobs` does."""

import json
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from sqlalchemy import Connection

from bursar.audit.operations import cancel_job, retry_job
from bursar.console.rendering import ROWS
from bursar.console.screens import OF_INSTALLATION, Screens
from bursar.console.visits import Goto, Html, NotThere, Visit
from bursar.jobs.control import JobControl, JobRefused, JobState, JobView, UnknownJob
from bursar.jobs.queue import next_id

screens: Final = Screens()
JOBS: Final = f"{OF_INSTALLATION}/jobs"
JOB: Final = f"{JOBS}/job"
WAITS_TOO_LONG: Final = timedelta(minutes=15)
RUNS_TOO_LONG: Final = timedelta(hours=1)
FAILED_LATELY: Final = timedelta(days=7)
_MOST: Final = 1_000
_LONGEST: Final = 200
STATES: Final = {
    JobState.WAITING: ("Waiting", "wait"),
    JobState.DELAYED: ("Put off", "off"),
    JobState.RUNNING: ("Running", "busy"),
    JobState.DONE: ("Done", "good"),
    JobState.FAILED: ("Failed", "bad"),
    JobState.CANCELLED: ("Cancelled", "off"),
}


def path_of(job_id: str) -> str:
    """Ids have signs that no path may have."""
    return f"{JOB}?{urlencode({'id': job_id})}"


def stuck_jobs(visit: Visit) -> list[JobView]:
    """Nobody has taken them for a while, or whoever took them does not end."""
    unfinished = (JobState.WAITING, JobState.RUNNING)
    found = JobControl(visit.database).newest(states=unfinished, limit=_MOST)
    return [job for job in found if is_stuck(visit, job)]


def is_stuck(visit: Visit, job: JobView) -> bool:
    if job.state is JobState.WAITING:
        return visit.now - job.created_at >= WAITS_TOO_LONG
    return job.state is JobState.RUNNING and visit.now - job.updated_at >= RUNS_TOO_LONG


def failed_lately(visit: Visit) -> list[JobView]:
    """Those that were made in the last days."""
    control, since = JobControl(visit.database), visit.now - FAILED_LATELY
    return list(control.newest(states=[JobState.FAILED], since=since, limit=_MOST))


@screens.get(JOBS)
def show_jobs(visit: Visit, _connection: Connection) -> Html:
    state, name = _state(visit), (visit.query.get("name") or "").strip()[:_LONGEST]
    found = JobControl(visit.database).newest(
        states=[state] if state else (), name=name.replace("\x00", "") or None, limit=ROWS
    )
    stuck = [] if state or name else stuck_jobs(visit)
    ids = {job.id for job in stuck}
    given = {
        "jobs": [*stuck, *(job for job in found if job.id not in ids)],
        "stuck": ids,
        "states": STATES,
        "state": state,
        "name": name,
        "path_of": path_of,
        "is_full": len(found) == ROWS,
    }
    return Html("operator-jobs.html", given)


def _state(visit: Visit) -> JobState | None:
    """None for no state, and for one that is not known."""
    try:
        return JobState(visit.query.get("state") or "")
    except ValueError:
        return None


@screens.get(JOB)
def show_job(visit: Visit, _connection: Connection) -> Html:
    return _job(visit, visit.query.get("id") or "")


def _job(visit: Visit, job_id: str, error: str = "", status: int = 200) -> Html:
    control = JobControl(visit.database)
    try:
        job = control.find(job_id.replace("\x00", ""))
    except UnknownJob:
        raise NotThere from None
    given = {
        "job": job,
        "steps": control.steps_of(job.id),
        "state": STATES[job.state],
        "is_stuck": is_stuck(visit, job),
        "arguments": [json.dumps(each, ensure_ascii=False) for each in job.arguments],
        "can_retry": job.state in {JobState.FAILED, JobState.CANCELLED},
        "can_cancel": job.state in {JobState.WAITING, JobState.DELAYED, JobState.RUNNING},
        "error": error,
    }
    return Html("operator-job.html", given, status)


@screens.post_alone(f"{JOB}/retry", is_grave=True)
def retry(visit: Visit) -> Html | Goto:
    """In a transaction of its own, whose connection DBOS needs first on SQLite. What was done again
    already leads to the job that does it, so that a double click does it once."""
    job_id, control = visit.form.get("id"), JobControl(visit.database)
    try:
        with visit.database.transaction() as session:
            retried = retry_job(session, visit.actor, control, job_id, visit.now)
    except UnknownJob:
        raise NotThere from None
    except JobRefused as refused:
        if _is_there(control, next_id(job_id)):
            return Goto(path_of(next_id(job_id)), "It was done again already, as this job.")
        return _job(visit, job_id, f"It is not done again: {refused}", 409)
    return Goto(path_of(retried), "It is done again, as this job.")


def _is_there(control: JobControl, job_id: str) -> bool:
    try:
        control.find(job_id)
    except UnknownJob:
        return False
    return True


@screens.post_alone(f"{JOB}/cancel", is_grave=True)
def cancel(visit: Visit) -> Html | Goto:
    """In transactions of its own, as DBOS cancels. Twice is refused, and changes nothing."""
    job_id = visit.form.get("id")
    try:
        cancel_job(visit.database, visit.actor, job_id, visit.now)
    except UnknownJob:
        raise NotThere from None
    except JobRefused as refused:
        return _job(visit, job_id, f"It is not cancelled: {refused}", 409)
    return Goto(path_of(job_id), "It is cancelled. If it ran, it ends before its next step.")
