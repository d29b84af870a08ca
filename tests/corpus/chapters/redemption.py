"""Redemptions: every reason against them, what comes of them, reversals and deadlines."""

from typing import Any

from tests.corpus import world
from tests.corpus.chapters.credit import MAIN, POLICIES, V1, allocate_path, wish
from tests.corpus.stage import JSON, XML, Stage
from tests.corpus.world import mail_of, policy_of


def path_of(budget: str) -> str:
    return f"{V1}/policy-redemption/{policy_of(budget)}"


def play(stage: Stage) -> None:
    stage.at("2026-03-09T09:00:00Z")
    _bodies(stage)
    _refusals(stage)
    assigned = _assigned(stage)
    direct = _direct(stage)
    stage.work()
    _settled(stage, assigned, direct[0])
    _reversals(stage, assigned)
    _callers(stage, assigned["ana"])
    _deadlines(stage)


def redeem(stage: Stage, budget: str, content: str, name: str = "ana", **options: Any) -> Any:
    body = {"learner_email": mail_of(name), "content_key": content}
    return stage.post(f"{path_of(budget)}/redeem", body, **options)


def _bodies(stage: Stage) -> None:
    for body in (
        "{",
        "[]",
        "{}",
        {"content_key": world.PRICED},
        {"learner_email": "bad", "content_key": ""},
        {"learner_email": mail_of("ana"), "lms_user_id": 500, "content_key": world.PRICED},
        {"lms_user_id": 0, "content_key": world.PRICED},
        {"lms_user_id": "x", "content_key": None},
        {"lms_user_id": 10**20, "content_key": world.PRICED},
        {"learner_email": None, "lms_user_id": None, "content_key": world.PRICED},
    ):
        stage.post(f"{path_of('main')}/redeem", body, content_type=JSON)
    stage.post(f"{path_of('main')}/redeem", {}, accept=XML)


def _refusals(stage: Stage) -> None:
    for budget in ("inactive", "retired", "too late", "too early"):
        redeem(stage, budget, world.PRICED)
    redeem(stage, "main", world.PRICED, accept=XML, name="nobody")
    redeem(stage, "main", world.OTHER)
    stage.post(f"{path_of('main')}/redeem", {"lms_user_id": 9, "content_key": world.PRICED})
    redeem(stage, "nothing", world.PRICED)
    redeem(stage, "by spend", "NoX+Such")
    redeem(stage, "by spend", world.NESTING_PROGRAM)
    redeem(stage, "by spend", world.FREE)
    redeem(stage, "poor", world.PRICED)
    stage.post(allocate_path("main"), wish("hal@acme.example", content=world.FREE, price=10))
    held = stage.get(f"{MAIN}?learner_email=hal@acme.example")["results"][0]["uuid"]
    stage.post(f"{MAIN}/cancel", {"assignment_uuids": [held]})
    redeem(stage, "main", world.FREE, name="hal")


def _assigned(stage: Stage) -> dict[str, str]:
    stage.post(allocate_path("main"), wish("ana", "ben", "fay", content=world.OTHER, price=700))
    stage.post(allocate_path("main"), wish("cal", content=world.CLOSED, price=800))
    stage.at("2026-03-09T10:00:00Z")
    made = {
        "ana": redeem(stage, "main", world.OTHER),
        "ben": redeem(stage, "main", world.run_of(world.OTHER), name="ben", accept=JSON),
        "cal": redeem(stage, "main", world.CLOSED, name="cal"),
    }
    redeem(stage, "main", world.OTHER)
    held = stage.get(f"{MAIN}?learner_email={mail_of('ana')}&content_key__in=DemoX%2BOther")
    stage.post(f"{MAIN}/cancel", {"assignment_uuids": [held["results"][0]["uuid"]]})
    body = {"lms_user_id": 505, "content_key": world.OTHER}
    for _ in range(2):
        stage.post(f"{path_of('main')}/redeem", body, idempotency_key="fay", accept=XML)
    return {name: answer["uuid"] for name, answer in made.items()}


def _direct(stage: Stage) -> list[str]:
    first = redeem(stage, "by spend", world.PRICED, name="dan")
    redeem(stage, "by spend", world.PRICED, name="dan")
    redeem(stage, "by spend", world.ENTITLED, name="dan")
    second = redeem(stage, "by spend", world.ENTITLED, name="eva")
    redeem(stage, "by number", world.ENTITLED, name="dan")
    redeem(stage, "by number", world.PRICED, name="dan")
    redeem(stage, "limited", world.PRICED, name="dan")
    redeem(stage, "limited", world.PRICED, name="eva")
    redeem(stage, "late", world.PRICED, name="gus")
    return [first["uuid"], second["uuid"]]


def _settled(stage: Stage, assigned: dict[str, str], direct: str) -> None:
    for uuid in assigned.values():
        stage.get(f"{path_of('main')}/transactions/{uuid}")
        stage.get(f"{path_of('main')}/transactions/{uuid}", accept=XML)
    stage.get(f"{path_of('by spend')}/transactions/{direct}")
    stage.get(f"{path_of('main')}/transactions/{direct}")
    redeem(stage, "main", world.OTHER)
    redeem(stage, "main", world.CLOSED, name="cal")
    stage.get(f"{MAIN}?state__in=accepted,errored")
    stage.get(f"{MAIN}?learner_state=failed")
    stage.get(f"{POLICIES}?enterprise_customer_uuid={world.ACME}&page_size=100&active=true")
    stage.run("check")


def _reversals(stage: Stage, assigned: dict[str, str]) -> None:
    stage.at("2026-03-10T09:00:00Z")
    ana, ben, cal = (
        f"{path_of('main')}/transactions/{assigned[name]}/reverse" for name in ("ana", "ben", "cal")
    )
    stage.post(ana)
    stage.post(ana)
    stage.post(ben, {}, accept=XML)
    stage.post(cal)
    stage.work()
    stage.post(f"{path_of('main')}/transactions/{world.UNKNOWN}/reverse")
    stage.post(f"{path_of('main')}/transactions/malformed/reverse")
    stage.get(f"{path_of('main')}/transactions/{assigned['ana']}")
    stage.get(f"{MAIN}?state=reversed")
    redeem(stage, "main", world.OTHER)
    stage.post(allocate_path("main"), wish("ana", "cal", content=world.OTHER, price=750))
    stage.get(f"{MAIN}?content_key={world.OTHER}")
    stage.get(f"{POLICIES}?enterprise_customer_uuid={world.ACME}&page_size=100&active=true")
    stage.run("check")


def _callers(stage: Stage, uuid: str) -> None:
    body = {"learner_email": mail_of("ana"), "content_key": world.PRICED}
    for budget in ("main", "globex", "unknown"):
        for by in (None, world.REPORTING, world.BOTH, world.GLOBEX_ADMIN):
            stage.post(f"{path_of(budget)}/redeem", body, by=by)
            stage.post(f"{path_of(budget)}/transactions/{uuid}/reverse", by=by)
            stage.get(f"{path_of(budget)}/transactions/{uuid}", by=by)
    for method in ("GET", "OPTIONS", "PUT"):
        stage.ask(method, f"{path_of('main')}/redeem")
        stage.ask(method, f"{path_of('main')}/transactions/{uuid}/reverse")
    stage.ask("HEAD", f"{path_of('main')}/transactions/{uuid}")
    stage.ask("DELETE", f"{path_of('main')}/transactions/{uuid}")


def _deadlines(stage: Stage) -> None:
    """The enrollment of one course ends; later everything is ninety days old."""
    stage.at("2026-04-02T09:00:00Z")
    redeem(stage, "main", world.SHORT)
    stage.run("run", "expire-assignments")
    stage.run("run", "deliver-notifications")
    stage.get(f"{MAIN}?state=expired")
    redeem(stage, "main", world.SHORT)
    stage.post(f"{MAIN}/remind-all?state=expired")
    stage.get(f"{world_catalog()}?content_keys={world.SHORT.replace('+', '%2B')}")
    stage.run("run", "no-such-task")
    stage.run("run", "scrub-pii", "--now", "yesterday")
    stage.run("check")


def world_catalog() -> str:
    return f"/enterprise/v2/enterprise-catalogs/{world.EVERYTHING}"
