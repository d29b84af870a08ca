"""The client in `clients/python` against the running server: what it asks, and what it reads."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any
from uuid import UUID

import pytest

from bursar_client import (
    ApiError,
    AsyncBursar,
    BadRequest,
    Bursar,
    Changed,
    CourseEnrollment,
    Forbidden,
    MemoryCursors,
    NotFound,
    Refused,
    Retries,
)
from bursar_client.values import Record
from bursar_client.wire import get
from testing.clients.samples import DOCUMENTED, OWN
from testing.paths import REPOSITORY
from testing.shops.budget import COURSE, PRICE, open_budget
from testing.shops.service import Service
from testing.worlds.contract import (
    ACME,
    ADMIN,
    COURSE_KEY,
    NESTED_RUN_KEY,
    PROGRAM_UUID,
    REPORTING,
    RUN_KEY,
    SECRET,
)
from testing.worlds.contract_credit import named
from testing.worlds.contract_licenses import HOLDER, USER

README = REPOSITORY / "clients/python/README.md"
CATALOG, POLICY, CONFIGURATION = OWN["catalog"], OWN["policy"], OWN["configuration"]
PLAN, JOB, WEBHOOK = OWN["plan"], OWN["job"], OWN["webhook"]
NOBODY, UNHEARD = "nobody@example.org", "unheard-of@example.org"
Call = Callable[[Bursar], object]

CALLS: dict[str, Call] = {
    "the catalogs": lambda b: b.catalogs.find(enterprise=ACME).all(),
    "a catalog": lambda b: b.catalogs.documents(CATALOG).all(),
    "a course": lambda b: b.catalogs.course(CATALOG, COURSE_KEY),
    "a run": lambda b: b.catalogs.course_run(CATALOG, RUN_KEY),
    "a nested run": lambda b: b.catalogs.course_run(CATALOG, NESTED_RUN_KEY),
    "a program": lambda b: b.catalogs.program(CATALOG, PROGRAM_UUID),
    "content of a catalog": lambda b: b.catalogs.contains(CATALOG, course_run_ids=[COURSE_KEY]),
    "content of an enterprise": lambda b: b.catalogs.holding(course_run_ids=[COURSE_KEY]),
    "the policies": lambda b: b.policies.find().all(),
    "a policy": lambda b: b.policies.get(POLICY),
    "an allocation": lambda b: b.policies.allocate(
        POLICY, learner_emails=["ana@example.org"], content_key=COURSE_KEY, content_price_cents=1
    ),
    "the assignments": lambda b: b.assignments.find(CONFIGURATION).all(),
    "the assignments of a learner": lambda b: b.assignments.of_learner(learner_email=USER).all(),
    "a reminder": lambda b: b.assignments.remind(
        CONFIGURATION, [named(ACME, "allocated assignment")]
    ),
    "a cancellation": lambda b: b.assignments.cancel(
        CONFIGURATION, [named(ACME, "cancelled assignment")]
    ),
    "all reminders": lambda b: b.assignments.remind_all(CONFIGURATION),
    "all cancellations": lambda b: b.assignments.cancel_all(CONFIGURATION, state="accepted"),
    "a redemption": lambda b: b.policies.redeem(
        POLICY, content_key=COURSE_KEY, learner_email=NOBODY
    ),
    "whether a learner can redeem": lambda b: b.policies.can_redeem([COURSE_KEY], email=USER),
    "credits of a learner": lambda b: b.policies.credits_available(email=USER),
    "a transaction": lambda b: b.policies.transaction(POLICY, OWN["transaction"]),
    "a reversal": lambda b: b.policies.reverse(POLICY, OWN["transaction"]),
    "a report": lambda b: b.learner_summaries.find().all(),
    "a report of progress": lambda b: b.learner_summaries.report_progress(
        [{"learner_email": HOLDER, "courserun_key": RUN_KEY}]
    ),
    "a learner's data": lambda b: b.learner_data.export(USER),
    "a change of address": lambda b: b.learner_data.change_email(UNHEARD, "no@example.org"),
    "an erasure": lambda b: b.learner_data.erase(UNHEARD),
    "the plans": lambda b: b.subscriptions.find().all(),
    "a plan": lambda b: b.subscriptions.get(PLAN),
    "the licenses": lambda b: b.licenses.find(PLAN).all(),
    "counts of licenses": lambda b: b.licenses.overview(PLAN),
    "the licenses of a learner": lambda b: b.licenses.of_learner(user_email=USER).all(),
    "a file of licenses": lambda b: list(b.licenses.csv(PLAN)),
    "a license": lambda b: b.licenses.assign(PLAN, [HOLDER]),
    "a revocation": lambda b: b.licenses.revoke(PLAN, [NOBODY]),
    "all revocations": lambda b: b.licenses.revoke_all(PLAN, status="revoked"),
    "all reminders of licenses": lambda b: b.licenses.remind_all(PLAN, status="activated"),
    "a reminder of a license": lambda b: b.licenses.remind(PLAN, [USER]),
    "an activation": lambda b: b.licenses.activate(PLAN, OWN["license"]),
    "a bulk enrollment": lambda b: b.enrollments.enroll_licensed(["ana@example.org"], ["unknown"]),
    "a bulk enrollment by path": lambda b: b.jobs.enrollment(JOB),
    "pairs of a bulk enrollment": lambda b: b.jobs.pairs(JOB).all(),
    "a file of a bulk enrollment": lambda b: list(b.jobs.pairs_csv(JOB)),
    "a list of course enrollments": lambda b: b.enrollments.wishes().all(),
    "course enrollments": lambda b: b.enrollments.enroll(
        [CourseEnrollment(course_run_id=RUN_KEY, course_mode="audit", user_email=HOLDER)]
    ),
    "a bulk change": lambda b: b.jobs.change(OWN["change"]),
    "a new webhook endpoint": lambda b: b.webhook_endpoints.create(
        "https://hooks.example.org/new", event_types=["license.*"]
    ),
    "the webhook endpoints": lambda b: b.webhook_endpoints.find().all(),
    "a webhook endpoint": lambda b: b.webhook_endpoints.get(WEBHOOK),
    "a change of a webhook endpoint": lambda b: b.webhook_endpoints.change(
        WEBHOOK, description="HR", event_types=None
    ),
    "a deletion of a webhook endpoint": lambda b: b.webhook_endpoints.delete(
        OWN["deleted_webhook"]
    ),
    "a rotation of a webhook secret": lambda b: b.webhook_endpoints.rotate_secret(WEBHOOK),
    "deliveries to a webhook endpoint": lambda b: list(b.webhook_endpoints.deliveries(WEBHOOK)),
    "a retry of a delivery": lambda b: b.webhook_endpoints.retry(WEBHOOK, OWN["delivery"]),
    "a replay to a webhook endpoint": lambda b: b.webhook_endpoints.replay(WEBHOOK, after="x"),
    "a test of a webhook endpoint": lambda b: b.webhook_endpoints.ping(WEBHOOK),
    "the events": lambda b: list(islice(b.events.find(limit=2), 3)),
    "the mails of a sandbox": lambda b: list(b.sandbox.mail(to=NOBODY)),
    "the clock of a sandbox": lambda b: b.sandbox.clock(),
    "a later hour in a sandbox": lambda b: b.sandbox.advance("P9999D"),
    "the faults of a sandbox": lambda b: b.sandbox.faults(),
    "other faults of a sandbox": lambda b: b.sandbox.set_faults(lms_refuse_one_in=1000),
    "the caller": lambda b: b.me(),
}


@pytest.fixture(scope="module")
def bursar(service: Service) -> Iterator[Bursar]:
    with Bursar(service.url, client_id=ADMIN, client_secret=SECRET, enterprise=ACME) as connected:
        connected.me()  # so that the tests see no request for a token
        yield connected


def _asked(bursar: Bursar, do: Call) -> tuple[list[tuple[str, str]], int | None]:
    """The requests that a call made, and the status with which it was refused."""
    requests: list[tuple[str, str]] = []
    hooks = bursar._wire._http.event_hooks
    bursar._wire._http.event_hooks = {
        "request": [lambda request: requests.append((request.method, request.url.path))]
    }
    try:
        found = do(bursar)
    except ApiError as error:
        return requests, error.status
    finally:
        bursar._wire._http.event_hooks = hooks
    _nothing_is_unknown(found)
    return requests, None


def _nothing_is_unknown(found: object) -> None:
    """The client has a field for everything that the server tells, but for documents."""
    for record in found if isinstance(found, list) else [found]:
        if isinstance(record, Record) and type(record).__name__ not in OPEN:
            assert record.extra == {}, type(record)


OPEN = frozenset({"Document"})


@pytest.mark.parametrize("name", CALLS)
def test_each_method_asks_the_endpoint_that_it_is_for(bursar: Bursar, name: str) -> None:
    sample = DOCUMENTED[name]
    requests, refused = _asked(bursar, CALLS[name])
    wanted = sample.method, sample.url.partition("?")[0]
    assert {(method, path.rstrip("/")) for method, path in requests} == {wanted}
    assert refused is None or refused in {sample.status, 422, 400}


def test_a_reader_may_not_write(service: Service) -> None:
    with (
        Bursar(service.url, token=service.token(REPORTING), enterprise=ACME) as bursar,
        pytest.raises(Forbidden),
    ):
        bursar.licenses.assign(PLAN, [HOLDER])


def test_errors_are_in_the_words_of_the_server(bursar: Bursar) -> None:
    with pytest.raises(BadRequest) as bad:
        bursar.licenses.assign(PLAN, ["no address"])
    assert bad.value.fields.keys() == {"user_emails.0"}
    with pytest.raises(NotFound, match=r"No such|Not found|No "):
        bursar.subscriptions.get(UUID(int=0))
    with pytest.raises(Refused) as refused:
        bursar.policies.redeem(POLICY, content_key=COURSE_KEY, learner_email=NOBODY)
    (reason,) = refused.value.reasons
    assert refused.value.detail == reason["user_message"]
    assert refused.value.request_id


def test_a_repeated_change_is_made_once(service: Service) -> None:
    budget = open_budget(service)
    with Bursar(service.url, token=service.token(f"{budget.shop.org}-client")) as bursar:
        for _ in range(2):
            made = bursar.policies.allocate(
                budget.uuid,
                learner_emails=["ana@example.org"],
                content_key=budget.key(COURSE),
                content_price_cents=PRICE,
                idempotency_key="the same",
            )
            assert [assignment.learner_email for assignment in made.created] == ["ana@example.org"]


def test_a_copy_follows_its_catalog(service: Service) -> None:
    shop = service.open_shop()
    cursors, copy = MemoryCursors(), dict[str, str | None]()

    def follow(bursar: Bursar) -> list[str]:
        told = []
        for change in bursar.sync_catalog(shop.catalog_uuid, cursors):
            told.append(change.identifier)
            if isinstance(change, Changed):
                copy[change.identifier] = change.document.title
            else:
                del copy[change.identifier]
        return told

    with Bursar(service.url, token=service.token(f"{shop.org}-client")) as bursar:
        shop.stock(*(_course(shop.key(name)) for name in "abc"))
        assert follow(bursar) == [shop.key(name) for name in "abc"]
        assert follow(bursar) == []
        shop.stock(_course(shop.key("b")) | {"title": "Another"})
        shop.delete("c")
        assert sorted(follow(bursar)) == [shop.key("b"), shop.key("c")]
        listed = {one.identifier: one.title for one in bursar.catalogs.documents(shop.catalog_uuid)}
    assert copy == listed == {shop.key("a"): "Course", shop.key("b"): "Another"}


def _course(key: str) -> dict[str, Any]:
    run = {"key": f"course-v1:{key}+1T", "status": "published", "end": None, "is_enrollable": True}
    return {"key": key, "title": "Course", "org": key.partition("+")[0], "course_runs": [run]}


def test_files_have_the_rows_of_the_list(bursar: Bursar) -> None:
    listed = [row.enrollment_id for row in bursar.learner_summaries.find(page_size=2)]
    assert listed
    streamed = bursar.learner_summaries.stream(ordering="enrollment_id")
    assert [row.enrollment_id for row in streamed] == listed
    rows = bursar.learner_summaries.csv(ordering="enrollment_id")
    assert [int(row["enrollment_id"]) for row in rows] == listed
    file = b"".join(bursar.learner_summaries.csv_file())
    assert len(file.splitlines()) == len(listed) + 1


def test_only_new_progress_is_told(service: Service) -> None:
    shop, email = service.open_shop(), "ana@example.org"
    shop.declare(learners=[{"email": email, "consent": True}])
    progress = {"learner_email": email, "courserun_key": RUN_KEY}
    cursors = MemoryCursors()
    with Bursar(
        service.url, token=service.token(f"{shop.org}-client"), enterprise=shop.uuid
    ) as bursar:
        for grade in (0.25, 0.5):
            bursar.learner_summaries.report_progress([progress | {"current_grade": grade}])
            (changed,) = bursar.learner_summaries.sync(cursors)
            assert changed.current_grade == grade
            assert list(bursar.learner_summaries.sync(cursors)) == []


def test_events_are_followed_while_they_happen(bursar: Bursar) -> None:
    cursors = MemoryCursors()
    *_, last = bursar.events.find()
    follow = bursar.events.follow(cursors, after=last.cursor, types=["enrollment.*"], wait=5)
    for grade in (0.5, None):
        progress = {"learner_email": USER, "courserun_key": RUN_KEY, "current_grade": grade}
        bursar.learner_summaries.report_progress([progress])
    assert next(follow).type.startswith("enrollment.")


def test_any_list_and_any_request(bursar: Bursar) -> None:
    page = bursar.pages("/enterprise/v1/subscriptions", enterprise_customer_uuid=ACME)
    assert [plan.extra["uuid"] for plan in page] == [str(PLAN)]
    assert bursar.send(get("/health")).status == 200


def test_tasks_do_the_same(service: Service) -> None:
    async def use() -> tuple[list[str], int, list[str]]:
        async with AsyncBursar(
            service.url,
            client_id=ADMIN,
            client_secret=SECRET,
            enterprise=ACME,
            retries=Retries(attempts=2),
        ) as bursar:
            plans, _ = await asyncio.gather(bursar.subscriptions.find().all(), bursar.me())
            rows = [row async for row in bursar.learner_summaries.stream()]
            changes = bursar.sync_catalog(CATALOG, MemoryCursors())
            return (
                [plan.uuid for plan in plans],
                len(rows),
                [change.identifier async for change in changes],
            )

    plans, rows, changes = asyncio.run(use())
    assert plans == [str(PLAN)]
    assert rows > 0
    assert COURSE_KEY in changes


def test_the_lines_of_the_readme_work(service: Service) -> None:
    (lines,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert len(lines.splitlines()) <= 12
    given = f"url, client_id, client_secret = {service.url!r}, {ADMIN!r}, {SECRET!r}\n"
    done = subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", given + lines],
        env={"PYTHONPATH": str(REPOSITORY / "clients/python/src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"waits for {HOLDER}" in done.stdout
    assert "licenses are left" in done.stdout
