"""Subscriptions: plans, licenses in every state, renewals; and enrolling in bulk on them."""

from typing import Any

from tests.corpus import world
from tests.corpus.chapters.credit import V1
from tests.corpus.stage import CSV, JSON, XML, Stage
from tests.corpus.world import mail_of, run_of

PLANS = f"{V1}/subscriptions"
BULK = f"{V1}/bulk-license-enrollment"
OF_ACME = f"{BULK}?enterprise_customer_uuid={world.ACME}"
SUMMARY = f"/enterprise/v3/enterprise-customer/{world.ACME}/learner-summary"


def path_of(plan: str) -> str:
    return f"{PLANS}/{world.plan_of(plan)}/licenses"


def emails(*names: str, **fields: Any) -> dict[str, Any]:
    return {"user_emails": [name if "@" in name else mail_of(name) for name in names]} | fields


def play(stage: Stage) -> None:
    stage.at("2026-04-06T09:00:00Z")
    _plans(stage)
    _bodies(stage)
    _assigning(stage)
    _lists(stage)
    _activating(stage)
    _revoking(stage)
    _callers(stage)
    _bulk_bodies(stage)
    _bulk(stage)
    _renewals(stage)


def _plans(stage: Stage) -> None:
    for query in (
        "",
        "?page=last",
        "?page=2",
        "?page=x",
        f"?enterprise_customer_uuid={world.ACME}&current=true",
        f"?enterprise_customer_uuid={world.ACME}&current=false",
        f"?enterprise_customer_uuid={world.ACME}&current=maybe",
        f"?enterprise_customer_uuid={world.GLOBEX}",
        f"?enterprise_customer_uuid={world.UNKNOWN}&current=true",
        "?current=true",
        "?current=maybe&enterprise_customer_uuid=x",
    ):
        stage.get(f"{PLANS}{query}")
    stage.get(f"{PLANS}?current=maybe&enterprise_customer_uuid=x", accept=XML)
    stage.get(f"{PLANS}?enterprise_customer_uuid={world.ACME}&current=true", accept=XML)
    stage.get(PLANS, by=world.BOTH)


BAD_FILTERS: tuple[Any, ...] = (
    [],
    "x",
    ["x", {}],
    [{"user_email": ""}, {"user_email": 1}, {"status_in": []}, {"status_in": "x"}],
    [{"status_in": ["sold"]}, {"name": "user_email"}, {"name": 1, "filter_value": 1}],
    [{"name": "other", "filter_value": "x"}, {"user_email": "a", "other": 1}],
)


def _bodies(stage: Stage) -> None:
    main = path_of("main")
    for action in ("assign", "remind", "bulk-revoke"):
        for body in ("{", "[]", "{}", emails(), emails("no address@", "", "x@y"), '{"filters": 1}'):
            stage.post(f"{main}/{action}", body, content_type=JSON)
        stage.post(f"{main}/{action}", {"user_emails": None}, accept=XML)
        stage.post(f"{main}/{action}", emails("ana"), content_type="text/plain")
    several: tuple[dict[str, Any], ...] = (
        {"user_sfids": []},
        {"user_sfids": ["short"]},
        {"user_sfids": ["x" * 18, None]},
        {"user_sfids": "x", "greeting": None, "closing": 1},
        {"greeting": "x" * 5001, "closing": "x" * 5001},
        {"notify_users": "perhaps"},
    )
    for fields in several:
        stage.post(f"{main}/assign", emails("ana", **fields))
    for filters in BAD_FILTERS:
        stage.post(f"{main}/bulk-revoke", {"filters": filters})
    stage.post(f"{main}/bulk-revoke", emails("ana", filters=[{"user_email": "a"}]))
    stage.post(f"{main}/{world.UNKNOWN}/activate")
    stage.post(f"{main}/malformed/activate")


def _assigning(stage: Stage) -> None:
    for plan in ("expired", "future", "inactive", "locked"):
        stage.post(f"{path_of(plan)}/assign", emails("ana"))
    stage.post(f"{path_of('locked')}/assign", emails("ana"), accept=XML)
    main = path_of("main")
    stage.post(f"{main}/assign", emails("ana", "ben", "ANA", "new@acme.example"))
    stage.at("2026-04-06T09:10:00Z")
    letter = {"greeting": "Dear <all>,", "closing": "Yours & theirs"}
    sfids = {"user_sfids": ["0" * 18, None]}
    stage.post(f"{main}/assign", emails("cal", "ben", **letter, **sfids), accept=XML)
    stage.post(f"{main}/assign", emails("dan", notify_users=False), idempotency_key="dan")
    stage.post(f"{main}/assign", emails("dan", notify_users=False), idempotency_key="dan")
    stage.post(f"{main}/assign", emails("dan"), idempotency_key="dan")
    stage.post(f"{main}/assign", emails("eva", "fay", "gus", "hal"))
    stage.post(f"{main}/assign", emails("eva", "fay", "gus", "hal"), accept=XML)
    stage.post(f"{path_of('shelf')}/assign", emails("ana", "eva"))
    stage.post(f"{path_of('capped')}/assign", emails("ana", "ben", "cal", "dan"))
    stage.post(f"{path_of('renewing')}/assign", emails("ana", "ben"))
    stage.post(f"{path_of('ending')}/assign", emails("ana"))
    stage.run("run", "deliver-notifications")


def _lists(stage: Stage) -> None:
    main = path_of("main")
    for query in (
        "",
        "?status=assigned",
        "?status=assigned,unassigned&status=revoked",
        "?status=sold",
        "?status=sold,assigned&page=x",
        "?search=AN",
        "?search=%25",
        "?search=&page=last",
        "?page=2",
        "?page=0",
        f"?search={'x' * 1001}",
    ):
        stage.get(f"{main}{query}")
    stage.get(main, accept=XML)
    stage.get(f"{main}?status=sold", accept=XML)


def _uuid_of(stage: Stage, plan: str, name: str) -> str:
    found = stage.get(f"{path_of(plan)}?search={mail_of(name)}&status=assigned,activated")
    return str(found["results"][0]["uuid"])


def _activating(stage: Stage) -> None:
    stage.at("2026-04-07T09:00:00Z")
    main = path_of("main")
    ana = _uuid_of(stage, "main", "ana")
    stage.post(f"{main}/{ana}/activate")
    stage.at("2026-04-07T10:00:00Z")
    stage.post(f"{main}/{ana}/activate")
    stage.post(f"{main}/{ana}/activate", {}, accept=XML)
    stage.post(f"{path_of('shelf')}/{ana}/activate")
    unassigned = stage.get(f"{main}?status=unassigned")["results"][0]["uuid"]
    stage.post(f"{main}/{unassigned}/activate")
    stage.post(f"{main}/{unassigned}/activate", accept=XML)
    for name in ("ana", "ben", "cal"):
        stage.post(f"{path_of('capped')}/{_uuid_of(stage, 'capped', name)}/activate")
    stage.post(f"{path_of('renewing')}/{_uuid_of(stage, 'renewing', 'ana')}/activate")
    stage.post(f"{path_of('ending')}/{_uuid_of(stage, 'ending', 'ana')}/activate")
    stage.post(f"{main}/remind", emails("ana"))
    stage.post(f"{main}/remind", emails("ben", "nobody"), accept=XML)
    stage.post(f"{main}/remind", emails("ben", "cal"))
    stage.run("run", "deliver-notifications")
    stage.get(f"{PLANS}?enterprise_customer_uuid={world.ACME}")


def _revoking(stage: Stage) -> None:
    stage.at("2026-04-08T09:00:00Z")
    main, capped = path_of("main"), path_of("capped")
    stage.post(f"{main}/bulk-revoke", emails("ben", "nobody"))
    stage.post(f"{main}/bulk-revoke", emails("nobody"), accept=XML)
    stage.post(f"{main}/bulk-revoke", emails("dan", "DAN"))
    stage.post(f"{main}/bulk-revoke", {"filters": [{"user_email": "zzz"}]})
    named = [{"name": "user_email", "filter_value": "NEW"}, {"status_in": ["assigned"]}]
    stage.post(f"{main}/bulk-revoke", {"filters": named})
    stage.post(f"{capped}/bulk-revoke", emails("ana", "ben"))
    stage.post(f"{capped}/bulk-revoke", emails("ana", "ben"), accept=XML)
    stage.post(f"{capped}/bulk-revoke", emails("ana", "dan"))
    stage.post(f"{capped}/bulk-revoke", emails("ben"))
    stage.post(f"{capped}/assign", emails("ana"))
    stage.get(main)
    stage.get(f"{main}?status=revoked", accept=XML)
    stage.get(f"{capped}?status=revoked,assigned,activated")
    stage.get(f"{PLANS}?enterprise_customer_uuid={world.ACME}")
    stage.run("check")


def _callers(stage: Stage) -> None:
    for plan in ("main", "globex", "unknown"):
        for action, body in (
            ("assign", emails("ana")),
            ("remind", emails("nobody")),
            ("bulk-revoke", emails("nobody")),
            (f"{world.UNKNOWN}/activate", None),
        ):
            for by in (None, world.REPORTING, world.BOTH):
                stage.post(f"{path_of(plan)}/{action}", body, by=by)
    for action in ("assign", "remind", "bulk-revoke", f"{world.UNKNOWN}/activate"):
        for method in ("GET", "OPTIONS"):
            stage.ask(method, f"{path_of('main')}/{action}")


def _wish(names: list[str], *courses: str, **fields: Any) -> dict[str, Any]:
    people = [name if "@" in name else mail_of(name) for name in names]
    keys = [course if ":" in course else run_of(course) for course in courses]
    return {"emails": people, "course_run_keys": keys} | fields


def _bulk_bodies(stage: Stage) -> None:
    good = _wish(["ana"], world.FREE)
    for body in (
        "{",
        "[]",
        "{}",
        good | {"emails": [], "course_run_keys": []},
        good | {"emails": ["bad"], "course_run_keys": ["", " ", 1, None], "notify": "x"},
        good | {"course_run_keys": [f"k{number}" for number in range(1_000)]},
        good | {"course_run_keys": ["x" * 1_001]},
    ):
        stage.post(OF_ACME, body, content_type=JSON)
    stage.post(OF_ACME, {}, accept=XML)
    for query in ("", "?enterprise_customer_uuid=x", f"?enterprise_customer_uuid={world.UNKNOWN}"):
        stage.post(f"{BULK}{query}", good)
        stage.post(f"{BULK}{query}", {}, accept=XML)
    for by in (None, world.REPORTING, world.GLOBEX_ADMIN):
        stage.post(OF_ACME, good, by=by)
    stage.ask("PUT", OF_ACME, good)
    stage.ask("OPTIONS", BULK)


def _bulk(stage: Stage) -> None:
    stage.at("2026-04-09T09:00:00Z")
    wish = _wish(
        ["ana", "ben", "new2@acme.example", "eva", "nobody"],
        world.ENTITLED,
        world.CLOSED,
        "course-v1:NoX+Such+1",
        "ShelfX+C5",
        notify=True,
    )
    job = stage.post(OF_ACME, wish, idempotency_key="bulk")["job_id"]
    stage.post(OF_ACME, wish, idempotency_key="bulk")
    stage.post(f"{path_of('main')}/assign", emails("new2@acme.example"))
    _look(stage, job)
    stage.at("2026-04-09T09:05:00Z")
    stage.work()
    _look(stage, job)
    stage.run("run", "deliver-notifications")
    pending = _uuid_of(stage, "main", "new2")
    stage.at("2026-04-09T10:00:00Z")
    stage.post(f"{path_of('main')}/{pending}/activate")
    stage.run("run", "continue-bulk-enrollments")
    stage.work()
    _look(stage, job)
    other = stage.post(OF_ACME, _wish(["ana", "cal"], world.OTHER, "=1+1:x"), accept=JSON)["job_id"]
    stage.work()
    _look(stage, other)
    stage.get(path_of("main"))
    stage.run("run", "deliver-notifications")
    stage.get(f"{SUMMARY}?user_email=new2@acme.example")
    # Whose license is revoked leaves the course.
    stage.post(f"{path_of('main')}/bulk-revoke", emails("new2"))
    stage.work()
    stage.get(f"{SUMMARY}?search_enrollment=unenrolled")
    stage.run("check")


def _look(stage: Stage, job: str) -> None:
    for path in (f"{BULK}/{job}", f"{OF_ACME}&bulk_enrollment_job_uuid={job}"):
        stage.get(path)
        stage.get(path, accept=XML)
    for query in ("", "?page=last", "?page=2", "?page=x", "?page_size=3"):
        stage.get(f"{BULK}/{job}/rows{query}")
    stage.get(f"{BULK}/{job}/rows", accept=XML)
    for accept in (None, CSV, XML, "image/png"):
        stage.get(f"{BULK}/{job}/download", accept=accept)
    stage.ask("HEAD", f"{BULK}/{job}/download")
    stage.get(f"{BULK}/{job}", by=world.GLOBEX_ADMIN)
    stage.get(f"{BULK}/{job}/rows", by=world.REPORTING)
    other = f"{BULK}?enterprise_customer_uuid={world.GLOBEX}&bulk_enrollment_job_uuid={job}"
    stage.get(other, by=world.BOTH)


def _renewals(stage: Stage) -> None:
    stage.at("2026-05-02T09:00:00Z")
    stage.run("run", "expire-plans")
    stage.work()
    stage.post(f"{path_of('ending')}/remind", emails("ana"))
    stage.at("2026-05-31T13:00:00Z")
    stage.get(f"{PLANS}?enterprise_customer_uuid={world.ACME}")
    stage.post(f"{path_of('renewing')}/assign", emails("cal"))
    stage.at("2026-06-01T00:30:00Z")
    stage.run("run", "process-renewals")
    stage.run("run", "process-renewals")
    stage.get(f"{PLANS}?enterprise_customer_uuid={world.ACME}")
    stage.get(path_of("renewed"))
    stage.run("run", "expire-plans")
    stage.get(PLANS, accept=XML)
    stage.run("check")
