"""Course enrollments: a client enrolls learners without a license or credit."""

from typing import Any

from tests.corpus import world
from tests.corpus.stage import JSON, XML, Stage
from tests.corpus.world import mail_of, run_of

V1 = f"/enterprise/v1/enterprise-customer/{world.ACME}/course-enrollments"
V2 = V1.replace("/v1/", "/v2/")
SUMMARY = f"/enterprise/v3/enterprise-customer/{world.ACME}/learner-summary"


def item(name: str | None = None, **fields: Any) -> dict[str, Any]:
    who = {} if name is None else {"user_email": mail_of(name)}
    return {"course_run_id": run_of(world.OTHER), "course_mode": "audit"} | who | fields


def play(stage: Stage) -> None:
    stage.at("2026-06-02T09:00:00Z")
    _bodies(stage)
    good = [item("gus"), item("new3"), item("hal", cohort="blue", email_students=True)]
    stage.post(V1, good, idempotency_key="direct")
    stage.post(V1, good, idempotency_key="direct")
    stage.post(V2, good, accept=XML)
    stage.work()
    stage.get(f"{SUMMARY}?courserun_key={run_of(world.OTHER).replace('+', '%2B')}")
    stage.at("2026-06-02T10:00:00Z")
    stage.post(V1, [item("gus", is_active=False), item("ana", is_active=False)])
    stage.work()
    stage.get(f"{SUMMARY}?user_email={mail_of('gus')}")
    stage.run("run", "deliver-notifications")
    stage.run("run", "continue-direct-enrollments")
    stage.run("check")


def _bodies(stage: Stage) -> None:
    for body in ("{", "{}", "[]", "null", '"x"', [1, [], {}]):
        stage.post(V1, body, content_type=JSON)
    stage.post(V1, [], accept=XML)
    bad = [
        item(),
        item("gus", course_run_id="ShelfX+C5"),
        item("gus", course_mode="honor"),
        item("no address"),
        item("gus", cohort=1, is_active="x", email_students=None),
        item(lms_user_id=123456789),
        item(tpa_user_id="x"),
        item("gus", course_run_id="a\0"),
    ]
    stage.post(V1, bad)
    stage.post(V1, bad, accept=XML)
    for by in (None, world.REPORTING, world.GLOBEX_ADMIN):
        stage.post(V1, [item("gus")], by=by)
    stage.ask("GET", V1)
    stage.ask("OPTIONS", V2)
