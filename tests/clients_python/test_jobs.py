import asyncio

import httpx
import pytest

from bursar_client import JobFailed, WaitedTooLong
from bursar_client.models.jobs import BulkChange, BulkEnrollment, Started
from tests.clients_python.scripted import Script, answer


def _enrollment(state: str, done: int) -> httpx.Response:
    return answer({"job_id": "j1", "state": state, "total": 4, "done": done, "succeeded": done})


def test_progress_is_told_when_there_is_some() -> None:
    states = [("queued", 0), ("queued", 0), ("running", 2), ("running", 2), ("done", 4)]
    script = Script([_enrollment(*state) for state in states])
    told: list[int] = []
    job = script.bursar().jobs.wait_for_enrollment(
        BulkEnrollment(job_id="j1"), progress=lambda job: told.append(job.done)
    )
    assert (job.state, job.succeeded) == ("done", 4)
    assert told == [0, 2, 4]
    assert len(script.clock.slept) == 4
    assert script.clock.slept == sorted(script.clock.slept)


def test_a_job_that_takes_too_long() -> None:
    script = Script([_enrollment("running", 1)])
    with pytest.raises(WaitedTooLong, match="job j1 is running"):
        script.bursar().jobs.wait_for_enrollment("j1", within=60.0)
    assert 30.0 < sum(script.clock.slept) <= 60.0


def test_a_change_that_fails() -> None:
    script = Script([answer({"job_id": "j1", "state": "failed", "error": "The plan ended."})])
    with pytest.raises(JobFailed, match="The plan ended"):
        script.bursar().jobs.wait_for_change("j1")


def test_a_small_change_is_done_at_once() -> None:
    script = Script([answer(None, 204)])
    bursar = script.bursar()
    started = bursar.licenses.revoke_all("p1", status="assigned")
    assert bursar.jobs.wait_for_change(started) is None
    assert str(script.requests[0].url).endswith("/p1/licenses/revoke-all?status=assigned")


def test_a_large_change_names_its_job() -> None:
    where = "https://api.edx.org/enterprise/v1/bulk-changes/j1"
    done = answer({"job_id": "j1", "state": "done", "kind": "licenses.revoke", "done": 4000})
    script = Script([answer(None, 204, {"location": where}), done])
    bursar = script.bursar()
    started = bursar.licenses.revoke_all("p1")
    assert started == Started("j1")
    job = bursar.jobs.wait_for_change(started)
    assert isinstance(job, BulkChange)
    assert job.done == 4000


def test_tasks_wait_too() -> None:
    script = Script([_enrollment("running", 1), _enrollment("done", 4)])

    async def wait() -> BulkEnrollment:
        async with script.async_bursar() as bursar:
            return await bursar.jobs.wait_for_enrollment("j1")

    assert asyncio.run(wait()).done == 4
