"""Learner credit: allocations and every reason against them, lists, reminders, cancellations."""

from typing import Any

from tests.corpus import world
from tests.corpus.stage import JSON, XML, Stage
from tests.corpus.world import mail_of

V1 = "/enterprise/v1"
POLICIES = f"{V1}/subsidy-access-policies"


def allocate_path(budget: str) -> str:
    return f"{V1}/policy-allocation/{world.policy_of(budget)}/allocate"


def assignments_path(budget: str) -> str:
    configuration = world.configuration_of(budget)
    return f"{V1}/assignment-configurations/{configuration}/admin/assignments"


MAIN = assignments_path("main")


def wish(*names: str, content: str = world.PRICED, price: Any = world.PRICE) -> dict[str, Any]:
    emails = [name if "@" in name else mail_of(name) for name in names]
    return {"learner_emails": emails, "content_key": content, "content_price_cents": price}


def play(stage: Stage) -> None:
    stage.at("2026-03-04T09:00:00Z")
    _policies(stage)
    _allocation_bodies(stage)
    _allocation_refusals(stage)
    made = _allocations(stage)
    _lists(stage)
    _reminders(stage, made)
    _cancellations(stage, made)
    _all_at_once(stage)
    _idempotency(stage)
    _callers(stage)


def _policies(stage: Stage) -> None:
    base = f"{POLICIES}?enterprise_customer_uuid={world.ACME}"
    for query in (
        "page_size=100",
        "page_size=4&page=2",
        "page_size=4&page=last",
        "page_size=4&page=9",
        "page_size=4&page=x",
        "page_size=0&page=2",
        "active=true&page_size=1",
        "active=false",
        "active=False&page_size=1",
        "active=maybe&policy_type=x",
        f"policy_type={world.PER_ENROLLMENT}",
        "policy_type=NoSuchPolicy",
    ):
        stage.get(f"{base}&{query}")
    stage.get(f"{base}&active=maybe", accept=XML)
    stage.get(f"{base}&page_size=3", accept=XML)
    stage.get(f"{POLICIES}?enterprise_customer_uuid={world.GLOBEX}", by=world.BOTH)


def _allocation_bodies(stage: Stage) -> None:
    path = allocate_path("main")
    good = wish("ana")
    for body in (
        "",
        "{",
        "[]",
        "null",
        '"text"',
        "{}",
        b"\xff",
        '{"a": 1, "a": 2}',
        good | {"learner_emails": []},
        good | {"learner_emails": "ana@acme.example"},
        good | {"learner_emails": ["no address", "", None, 1, "x" * 300 + "@acme.example"]},
        good | {"content_key": ""},
        good | {"content_key": None},
        good | {"content_key": 5},
        good | {"content_price_cents": -1},
        good | {"content_price_cents": "100"},
        good | {"content_price_cents": 1.5},
        good | {"content_price_cents": True},
        good | {"content_price_cents": 10**20},
        {"learner_emails": ["bad"], "content_price_cents": None},
        good | {"learner_emails": [f"l{number}@acme.example" for number in range(400)] * 2},
    ):
        stage.post(path, body, content_type=JSON)
    stage.post(path, good | {"learner_emails": ["bad"]}, accept=XML)
    stage.post(path, good, content_type="text/plain")
    stage.post(path, wish("bad@"), content_type="application/json; charset=latin-1")
    stage.post(path, "<root/>", content_type=XML)
    stage.post(path, {"padding": "x" * 20_001})
    stage.post(path, None)


def _allocation_refusals(stage: Stage) -> None:
    for budget in (
        "inactive", "retired", "unassignable", "too late", "too early", "nothing", "unfiltered",
        "penniless", "tight", "by spend",
    ):  # fmt: skip
        stage.post(allocate_path(budget), wish("ana", "ben"))
        stage.post(allocate_path(budget), wish("ana", "ben"), accept=XML)
    for body in (
        wish("ana", content="NoX+Such"),
        wish("ana", content=world.NESTING_PROGRAM),
        wish("ana", price=9_499),
        wish("ana", price=10_501),
        wish("ana", price=0),
        wish("ana", content=world.ENTITLED, price=10_000),
        wish("ana", content=world.FREE, price=200_001),
        wish("ana", content=world.FREE, price=600_000),
    ):
        stage.post(allocate_path("main"), body)


def _allocations(stage: Stage) -> dict[str, str]:
    """The UUIDs of assignments by their learners."""
    path = allocate_path("main")
    first = stage.post(path, wish("ana", "ben", "cal"))
    stage.at("2026-03-04T09:01:00Z")
    stage.post(path, wish("Ana", "DAN", " eva@acme.example ", "dan"))
    stage.at("2026-03-04T09:02:00Z")
    stage.post(path, wish("fay", content=world.run_of(world.PRICED), price=9_500), accept=XML)
    stage.at("2026-03-04T09:03:00Z")
    stage.post(path, wish("ana", "ben", "o'neil+x@acme.example", content=world.FREE, price=1))
    stage.at("2026-03-04T09:04:00Z")
    stage.post(path, wish("ana", content=world.SHORT, price=500))
    stage.post(path, wish("new@acme.example", content=world.ENTITLED, price=6_000))
    # Up to the limit exactly, and one cent more.
    stage.post(allocate_path("tight"), wish("ana", content=world.FREE, price=15_000))
    stage.post(allocate_path("tight"), wish("ben", content=world.FREE, price=1))
    stage.post(allocate_path("penniless"), wish("ana", content=world.FREE, price=5_000))
    stage.post(allocate_path("penniless"), wish("ben", content=world.FREE, price=1))
    stage.get(f"{POLICIES}?enterprise_customer_uuid={world.ACME}&page_size=100&active=true")
    stage.get(MAIN)
    stage.run("run", "deliver-notifications")
    stage.get(MAIN)
    stage.run("check")
    return {item["learner_email"].partition("@")[0]: item["uuid"] for item in first["created"]}


def _lists(stage: Stage) -> None:
    priced, free = (key.replace("+", "%2B") for key in (world.PRICED, world.FREE))
    ana, ben = mail_of("ana"), mail_of("ben")
    for query in (
        "page_size=3",
        "page_size=3&page=2",
        "page_size=3&page=last",
        "page_size=3&page=99",
        "page_size=x&page=0",
        "page_size=-3&page=x",
        f"content_key={priced}&page_size=1",
        f"content_key={world.FREE}&page_size=2",
        f"content_key__in={priced},{free}&page_size=1",
        f"learner_email={ana.upper()}",
        f"learner_email__in={ana},{ben}&page_size=1",
        f"learner_email__in={ana}&learner_email__in={ben}&page_size=1&page=last",
        f"learner_email={ana}&learner_email__in={ben}",
        "learner_email=o'neil%2Bx@acme.example",
        "learner_email=o'neil+x@acme.example",
        "learner_state=waiting&page_size=1",
        "learner_state__in=notifying,failed",
        "learner_state=sleeping",
        "learner_state__in=waiting,sleeping",
        "lms_user_id=500&page_size=1",
        "lms_user_id__in=501,502",
        "lms_user_id=x&lms_user_id__in=1,y",
        "lms_user_id=99999999999999999999",
        "state=allocated&page_size=1",
        "state__in=allocated,cancelled&page_size=1",
        "state=sold&state__in=allocated,sold&learner_state=x&ordering=y&lms_user_id=z",
        "search=PRICED&page_size=1",
        "search=ANA@&page_size=1",
        "search=%25",
        "search=_",
        "search=o'neil",
        "search=nobody",
        f"search={'x' * 1001}",
        "ordering=recent_action_time&page_size=2",
        "ordering=-recent_action_time&page_size=2",
        "ordering=learner_state_sort_order&page_size=2",
        "ordering=-learner_state_sort_order&page_size=2",
        "ordering=content_quantity",
        "ordering=-content_quantity",
        "ordering=content_quantity,recent_action_time&page_size=2",
        "ordering=uuid",
        f"content_key={priced}&state=allocated&search=a&ordering=-content_quantity&page_size=2",
    ):
        stage.get(f"{MAIN}?{query}")
    stage.get(f"{MAIN}?page_size=2", accept=XML)
    stage.get(f"{MAIN}?state=sold&ordering=y", accept=XML)
    stage.get(assignments_path("by spend"))


def _uuids(*uuids: Any) -> dict[str, Any]:
    return {"assignment_uuids": list(uuids)}


BAD_UUIDS: tuple[Any, ...] = (
    "{",
    "[]",
    "{}",
    {"assignment_uuids": None},
    {"assignment_uuids": "x"},
    {"assignment_uuids": []},
    {"assignment_uuids": ["x", None, 1]},
)


def _reminders(stage: Stage, made: dict[str, str]) -> None:
    stage.at("2026-03-05T09:00:00Z")
    path = f"{MAIN}/remind"
    for body in BAD_UUIDS:
        stage.post(path, body, content_type=JSON)
    stage.post(path, _uuids(world.UNKNOWN, made["ana"]))
    stage.post(path, _uuids(world.UNKNOWN), accept=XML)
    stage.post(f"{assignments_path('tight')}/remind", _uuids(made["ana"]))
    stage.post(path, _uuids(made["ana"], made["ana"].upper()))
    stage.post(path, _uuids(made["ben"]), accept=XML)
    stage.get(f"{MAIN}?page_size=3")
    stage.run("run", "deliver-notifications")
    stage.get(f"{MAIN}?page_size=3", accept=XML)


def _cancellations(stage: Stage, made: dict[str, str]) -> None:
    stage.at("2026-03-05T10:00:00Z")
    path = f"{MAIN}/cancel"
    for body in BAD_UUIDS:
        stage.post(path, body, content_type=JSON)
    stage.post(path, _uuids(world.UNKNOWN, made["ben"]))
    stage.post(path, _uuids(made["ben"]))
    stage.post(path, _uuids(made["ben"]))
    stage.post(path, _uuids(made["cal"]), accept=XML)
    stage.post(f"{MAIN}/remind", _uuids(made["ben"], made["ana"]))
    stage.get(f"{MAIN}?state=cancelled")
    stage.run("run", "deliver-notifications")
    stage.get(f"{MAIN}?state=cancelled")
    stage.at("2026-03-05T11:00:00Z")
    stage.post(allocate_path("main"), wish("ana", "ben"))
    stage.get(f"{MAIN}?learner_email={mail_of('ben')}")
    stage.get(f"{POLICIES}?enterprise_customer_uuid={world.ACME}&page_size=100&active=true")


def _all_at_once(stage: Stage) -> None:
    stage.at("2026-03-06T09:00:00Z")
    for action in ("remind-all", "cancel-all"):
        for query in (
            "?state=accepted",
            "?state=sold&lms_user_id=x",
            f"?learner_email={mail_of('nobody')}",
            f"?learner_email={mail_of('dan')}",
            "?search=o'neil&ordering=content_quantity&page=7",
        ):
            stage.post(f"{MAIN}/{action}{query}")
            stage.post(f"{MAIN}/{action}{query}", accept=XML)
    stage.post(f"{MAIN}/remind-all", {})
    stage.post(f"{MAIN}/remind-all", "x", content_type="text/plain")
    stage.post(f"{assignments_path('penniless')}/cancel-all")
    stage.get(MAIN)
    stage.run("run", "deliver-notifications")
    stage.get(f"{MAIN}?page_size=4")


def _idempotency(stage: Stage) -> None:
    stage.at("2026-03-06T10:00:00Z")
    path, body = allocate_path("main"), wish("gus@acme.example", content=world.FREE, price=100)
    for _ in range(2):
        stage.post(path, body, idempotency_key="one")
    stage.post(path, body, idempotency_key="one", accept=XML)
    stage.post(path, body | {"content_price_cents": 101}, idempotency_key="one")
    stage.post(path, body, idempotency_key="")
    stage.post(path, body, idempotency_key="x" * 256)
    stage.post(path, body, idempotency_key="one", by=world.BOTH)
    for _ in range(2):
        stage.post(path, wish("ana", price=1), idempotency_key="refused")
    stage.at("2026-03-08T10:00:00Z")
    stage.post(path, body, idempotency_key="one")


def _callers(stage: Stage) -> None:
    """Everybody who may not, and what does not exist."""
    some = _uuids(world.UNKNOWN)
    for budget in ("main", "globex", "unknown"):
        for path, body in (
            (allocate_path(budget), wish("ana")),
            (f"{assignments_path(budget)}/remind", some),
            (f"{assignments_path(budget)}/cancel", some),
            (f"{assignments_path(budget)}/remind-all?state=errored", None),
            (f"{assignments_path(budget)}/cancel-all?state=expired", None),
        ):
            for by in (None, world.REPORTING, world.BOTH, world.GLOBEX_ADMIN):
                stage.post(path, body, by=by)
    for path in (allocate_path("main"), f"{MAIN}/remind", f"{MAIN}/cancel-all"):
        for method in ("GET", "HEAD", "PUT", "OPTIONS"):
            stage.ask(method, path)
        stage.ask("POST", path.replace(world.policy_of("main"), "malformed"), {})
        stage.ask("POST", path.replace(world.configuration_of("main"), "malformed"), {})
