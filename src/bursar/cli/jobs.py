"""`bursar jobs`."""

import json
from typing import Annotated, Any

import typer

from bursar import clock
from bursar.audit.operations import cancel_job, retry_job
from bursar.cli.exits import EXIT_INVALID, fail
from bursar.cli.support import instant_or_fail, opened_database, operator, settings_or_fail
from bursar.cli.tables import print_table
from bursar.jobs.control import JobControl, JobRefused, JobState, JobStep, JobView

app = typer.Typer(help="Show, retry and cancel background jobs.", no_args_is_help=True)

JobId = Annotated[str, typer.Argument(help="The job's id.")]


@app.command("list")
def list_newest(
    state: Annotated[
        list[JobState] | None, typer.Option("--state", help="Only jobs in this state; repeatable.")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="Only jobs of this name.")] = "",
    since: Annotated[
        str, typer.Option("--since", help="Only jobs made at this ISO 8601 instant or later.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000_000)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="NDJSON, one job a line.")] = False,
) -> None:
    """List jobs, newest first."""
    after = instant_or_fail("--since", since)
    with opened_database(settings_or_fail()) as database:
        jobs = JobControl(database).newest(
            states=state or (), name=name or None, since=after, limit=limit
        )
    shown = [_shown(job) for job in jobs]
    if as_json:
        for job in shown:
            typer.echo(json.dumps(job, ensure_ascii=False))
    else:
        print_table(("id", "name", "state", "tries", "created", "updated", "error"), shown)


@app.command()
def show(job_id: JobId) -> None:
    """Print a job as JSON, with its finished steps."""
    with opened_database(settings_or_fail()) as database:
        control = JobControl(database)
        try:
            job = control.find(job_id)
        except JobRefused as error:
            fail(str(error), EXIT_INVALID)
        steps = [_shown_step(step) for step in control.steps_of(job_id)]
    typer.echo(json.dumps(_shown(job) | {"steps": steps}, ensure_ascii=False, indent=2))


@app.command()
def retry(job_id: JobId) -> None:
    """Do the work of a job that failed or was cancelled again; print the new id."""
    with opened_database(settings_or_fail()) as database:
        try:
            with database.transaction() as session:
                control = JobControl(database)
                retried = retry_job(session, operator(), control, job_id, clock.now())
        except JobRefused as error:
            fail(str(error), EXIT_INVALID)
    typer.echo(retried)


@app.command()
def cancel(job_id: JobId) -> None:
    """Cancel a job. One that is running ends before its next step."""
    with opened_database(settings_or_fail()) as database:
        try:
            cancel_job(database, operator(), job_id, clock.now())
        except JobRefused as error:
            fail(str(error), EXIT_INVALID)
    typer.echo(f"{job_id} is cancelled")


def _shown(job: JobView) -> dict[str, Any]:
    return {
        "id": job.id,
        "name": job.name,
        "state": job.state.value,
        "arguments": job.arguments,
        "tries": job.tries,
        "created": clock.format_instant(job.created_at),
        "updated": clock.format_instant(job.updated_at),
        "due": clock.format_instant(job.due_at) if job.due_at is not None else None,
        "worker": job.worker,
        "error": job.error,
    }


def _shown_step(step: JobStep) -> dict[str, Any]:
    started, finished = step.started_at, step.finished_at
    return {
        "name": step.name,
        "started": clock.format_instant(started) if started is not None else None,
        "finished": clock.format_instant(finished) if finished is not None else None,
        "error": step.error,
    }
