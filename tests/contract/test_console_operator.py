"""The screens of the installation: health, jobs, deliveries, and finding anything."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from uuid import UUID, uuid4

import pytest
import yaml
from sqlalchemy import func, select, update

from bursar import clock
from bursar.accounts.models import ConsoleSession
from bursar.delivery.models import Delivery
from bursar.events.models import EventRecord
from bursar.jobs.control import JobControl, JobState
from bursar.jobs.queue import JobQueue
from testing.clients.browsing import Browsing, heading, hidden_fields, signed_in
from testing.jobs import change_status, jobs
from testing.shops.budget import BudgetShop, open_budget
from testing.shops.service import Service

HOME = "/console/operator"
JOBS, DELIVERIES, FIND = f"{HOME}/jobs", f"{HOME}/deliveries", f"{HOME}/find"


@pytest.fixture(scope="module")
def operator(service: Service) -> Iterator[Browsing]:
    made = signed_in(service.url, service.database)
    yield made
    made.http.close()


@pytest.fixture
def budget(service: Service) -> BudgetShop:
    return open_budget(service)


@pytest.fixture
def job(service: Service) -> str:
    key = f"job:{uuid4()}"
    with service.database.transaction() as session:
        # Nothing takes it: the server of these tests has no worker, and no worker knows the name.
        return JobQueue(service.database).enqueue(session, f"work-{uuid4().hex}", "a", 1, key=key)


@pytest.fixture
def mail(service: Service, budget: BudgetShop) -> UUID:
    """To ada, not sent yet."""
    budget.allocate("ada@example.org")
    mine = select(Delivery.uuid).where(Delivery.enterprise_uuid == budget.shop.uuid)
    with service.database.read() as connection:
        return UUID(str(connection.execute(mine).scalar_one()))


def give_up(service: Service, mail: UUID) -> None:
    with service.database.transaction() as session:
        session.execute(
            update(Delivery)
            .where(Delivery.uuid == mail)
            .values(
                status="failed",
                finished_at=clock.now(),
                attempts=9,
                error="550 no such mailbox",
            )
        )


def main_of(page: str) -> str:
    text = page.partition('<main id="content">')[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def rows(page: str, caption: str) -> list[list[str]]:
    body = page.partition(f'aria-label="{caption}"')[2].partition("</table>")[0]
    body = body.partition("<tbody>")[2]
    return [
        [
            " ".join(re.sub(r"<[^>]+>", " ", cell).split())
            for cell in re.findall(r"<td.*?</td>", row)
        ]
        for row in body.split("</tr>")[:-1]
    ]


def number_at(service: Service, text: str) -> int:
    """As `/metrics` shows it."""
    found = re.search(
        rf"^{re.escape(text)} (\S+)$", service.anonymous.get("/metrics").text, re.MULTILINE
    )
    assert found, text
    return int(float(found[1]))


def actor_of(service: Service, kind: str, object_id: str) -> str:
    said = select(EventRecord.actor).where(
        EventRecord.type == kind, EventRecord.object_id == object_id
    )
    with service.database.read() as connection:
        return str(connection.execute(said).scalar_one())


def test_health_shows_what_the_metrics_show(
    service: Service, operator: Browsing, mail: UUID
) -> None:
    give_up(service, mail)
    page = operator.page(HOME)
    (of_mail,) = (row for row in rows(page, "Deliveries by channel") if row[0] == "Mail")
    with service.database.read() as connection:
        pending = connection.scalar(
            select(func.count()).where(Delivery.status == "pending", Delivery.channel == "mail")
        )
    assert int(of_mail[1].replace(",", "")) + int(of_mail[2].replace(",", "")) == pending
    failed = int(of_mail[4].replace(",", ""))
    assert failed == number_at(service, 'bursar_deliveries_failed_recently{channel="mail"}')
    assert failed >= 1
    assert f"Mail: {failed} given up in 24 hours" in main_of(page)
    assert "No worker runs" in main_of(page)
    known = re.findall(
        r'bursar_task_last_success_timestamp_seconds\{task="([^"]+)"',
        service.anonymous.get("/metrics").text,
    )
    assert [row[0] for row in rows(page, "Tasks on schedules")] == known


def test_a_stuck_job_comes_first_and_health_says_so(
    service: Service, operator: Browsing, job: str
) -> None:
    (only,) = rows(operator.page(f"{JOBS}?name={_name(service, job)}"), "Jobs")
    assert only[1] == "Waiting"
    _make_old(service, job)
    other = f"job:{uuid4()}"
    with service.database.transaction() as session:
        JobQueue(service.database).enqueue(session, "newer", key=other)
    page = operator.page(JOBS)
    first = rows(page, "Jobs")[0]
    assert first[1].startswith("Stuck")
    assert _name(service, job) in page
    assert re.search(r"\d+ jobs? stuck", main_of(operator.page(HOME)))


def _name(service: Service, job: str) -> str:
    return JobControl(service.database).find(job).name


def _make_old(service: Service, job: str) -> None:
    stored = f"{'' if service.database.is_sqlite else 'dbos.'}workflow_status"
    long_ago = int((clock.now() - timedelta(minutes=16)).timestamp() * 1000)
    with service.database.transaction() as session:
        session.connection().exec_driver_sql(
            f"UPDATE {stored} SET created_at = {long_ago} WHERE workflow_uuid = '{job}'"
        )


def test_a_failed_job_is_done_again_once(service: Service, operator: Browsing, job: str) -> None:
    change_status(service.database, job, "ERROR")
    listed = operator.page(f"{JOBS}?state=failed&name={_name(service, job)}")
    assert len(rows(listed, "Jobs")) == 1
    page = operator.page(f"{JOBS}/job?id={job}")
    assert "Failed" in main_of(page)
    fields = {"id": job, "_key": str(uuid4())}
    for _ in range(2):
        told = operator.follow(operator.post(f"{JOBS}/job/retry", fields))
        assert "done again" in told
    known = jobs(service.database)
    assert (known[job], known[f"{job}#2"], f"{job}#3" in known) == ("ERROR", "ENQUEUED", False)
    assert actor_of(service, "job.retried", job).startswith("user:")
    refused = operator.post(f"{JOBS}/job/retry", {"id": f"{job}#2"})
    assert refused.status_code == 409
    assert "Only a job that failed or was cancelled can be retried" in unescape(refused.text)


def test_a_waiting_job_is_cancelled(service: Service, operator: Browsing, job: str) -> None:
    done = operator.post(f"{JOBS}/job/cancel", {"id": job})
    assert "Cancelled" in main_of(operator.follow(done))
    assert JobControl(service.database).find(job).state is JobState.CANCELLED
    assert actor_of(service, "job.cancelled", job).startswith("user:")
    again = operator.post(f"{JOBS}/job/cancel", {"id": job})
    assert again.status_code == 409
    for unknown in ("", "none", "%00"):
        for path in ("job/cancel", "job/retry"):
            assert operator.post(f"{JOBS}/{path}", {"id": unknown}).status_code == 404
        assert operator.get(f"{JOBS}/job?id={unknown}").status_code == 404


def test_deliveries_are_found_by_filters_of_the_address(
    service: Service, operator: Browsing, budget: BudgetShop, mail: UUID
) -> None:
    mine = f"enterprise={budget.shop.uuid}"
    page = operator.page(f"{DELIVERIES}?{mine}&channel=mail&to=ADA@example.org&state=pending")
    assert [row[1] for row in rows(page, "Deliveries")] == ["ada@example.org"]
    for other in ("channel=webhook", "to=bob@example.org", "state=failed", "kind=none"):
        assert "No delivery matches" in operator.page(f"{DELIVERIES}?{mine}&{other}")
    assert operator.get(f"{DELIVERIES}?state=none&channel=%00&endpoint=x&to=%00").status_code == 200
    wrong = operator.get(f"{DELIVERIES}?before=x")
    assert (wrong.status_code, heading(wrong.text)) == (400, "This page cannot be read")


def test_deliveries_are_read_page_by_page(operator: Browsing, budget: BudgetShop) -> None:
    budget.allocate(*(f"learner{number}@example.org" for number in range(60)), price=1)
    seen: list[str] = []
    path = f"{DELIVERIES}?enterprise={budget.shop.uuid}"
    while path:
        page = operator.page(path)
        seen += [row[1] for row in rows(page, "Deliveries")]
        older = re.search(r'rel="next" href="([^"]+)"', page)
        path = unescape(older[1]) if older else ""
    assert len(seen) == len(set(seen)) == 60


def test_what_was_given_up_is_sent_again(service: Service, operator: Browsing, mail: UUID) -> None:
    give_up(service, mail)
    page = operator.page(f"{DELIVERIES}/{mail}")
    assert "550 no such mailbox" in page
    (known,) = hidden_fields(page, "uuid")
    assert known == str(mail)
    done = operator.post(f"{DELIVERIES}/retry", {"uuid": known})
    assert "1 delivery is due now." in operator.follow(done)
    with service.database.read() as connection:
        status = select(Delivery.status).where(Delivery.uuid == mail)
        assert connection.scalar(status) == "pending"
    assert actor_of(service, "mail.retried", str(mail)).startswith("user:")


def test_all_that_are_chosen_are_sent_again_or_none(
    service: Service, operator: Browsing, mail: UUID
) -> None:
    give_up(service, mail)
    unknown = operator.post(f"{DELIVERIES}/retry", {"uuid": [str(mail), str(uuid4())]})
    assert unknown.status_code == 404
    nothing = operator.post(f"{DELIVERIES}/retry")
    assert (nothing.status_code, heading(nothing.text)) == (400, "Nothing is chosen")
    with service.database.transaction() as session:
        done = {"status": "delivered", "error": None}
        session.execute(update(Delivery).where(Delivery.uuid == mail).values(done))
    refused = operator.post(f"{DELIVERIES}/retry", {"uuid": str(mail)})
    assert (refused.status_code, heading(refused.text)) == (409, "Nothing is sent again")
    assert "Send it now" not in operator.page(f"{DELIVERIES}/{mail}")
    for strange in (str(uuid4()), "x", "%00"):
        assert operator.get(f"{DELIVERIES}/{strange}").status_code == 404


def test_sending_again_asks_who_it_is_after_half_an_hour(
    service: Service, operator: Browsing, mail: UUID, job: str
) -> None:
    with service.database.transaction() as session:
        late = clock.now() - timedelta(minutes=31)
        session.execute(update(ConsoleSession).values(confirmed_at=late))
    try:
        for path, fields in (
            (f"{DELIVERIES}/retry", {"uuid": str(mail)}),
            (f"{JOBS}/job/retry", {"id": job}),
            (f"{JOBS}/job/cancel", {"id": job}),
        ):
            asked = operator.post(path, fields)
            assert heading(asked.text) == "Confirm that it is you"
    finally:
        with service.database.transaction() as session:
            session.execute(update(ConsoleSession).values(confirmed_at=clock.now()))


def test_anything_is_found_and_leads_to_where_it_is(
    service: Service, operator: Browsing, budget: BudgetShop, mail: UUID, job: str
) -> None:
    # Others who test here know learners of the usual addresses, and some more than are shown.
    name = f"only-{uuid4().hex}"
    budget.know(**{name: int(uuid4().int % 10**9)})
    org, uuid = budget.shop.org, budget.shop.uuid
    request = budget.shop.api.get(budget.assignments_path).headers["x-request-id"]
    assert "Nothing is known by this" in operator.page(f"{FIND}?q={request}")
    for wanted, path in (
        (str(uuid), f"/console/e/{org}"),
        (org.upper(), f"/console/e/{org}"),
        (str(budget.uuid), f"/console/e/{org}/budgets/{budget.uuid}"),
        (str(mail), f"{DELIVERIES}/{mail}"),
        (job, f"{JOBS}/job?id={job.replace(':', '%3A')}"),
        (f"{org}-client", f"{HOME}/audit?by={org}-client"),
        (_request_of(service, uuid), f"{HOME}/audit?request={_request_of(service, uuid)}"),
        ("ADA@example.org", f"{DELIVERIES}?to=ada%40example.org"),
    ):
        page = operator.page(f"{FIND}?q={wanted}")
        links = [unescape(each) for each in re.findall(r'<td[^>]*><a href="([^"]+)"', page)]
        assert path in links, (wanted, links)
        assert operator.get(path).status_code == 200, path
    learner = re.findall(
        rf'href="(/console/e/{org}/learners/\d+)"', operator.page(f"{FIND}?q={name}@example.org")
    )
    assert operator.get(learner[0]).status_code == 200
    for strange in ("%00", "%27", "x" * 500, "a@b", "%25"):
        assert operator.get(f"{FIND}?q={strange}").status_code == 200
    assert "Type what you have" in operator.page(FIND)


def _request_of(service: Service, enterprise: UUID) -> str:
    made = select(EventRecord.request_id).where(
        EventRecord.enterprise_uuid == enterprise, EventRecord.request_id.is_not(None)
    )
    with service.database.read() as connection:
        return str(connection.execute(made.limit(1)).scalar_one())


def test_the_trail_of_the_installation_has_what_no_enterprise_has(
    service: Service, operator: Browsing, budget: BudgetShop, job: str
) -> None:
    operator.post(f"{JOBS}/job/cancel", {"id": job})
    page = operator.page(f"{HOME}/audit?object={job}")
    assert "job.cancelled" in page
    budget.allocate("ada@example.org")
    assert "assignment.allocated" in operator.page(f"{HOME}/audit?by={budget.shop.org}-client")


def test_an_enterprise_is_suspended_and_resumed(
    service: Service, operator: Browsing, budget: BudgetShop
) -> None:
    own, shop = f"{HOME}/enterprises/{budget.shop.uuid}", budget.shop
    assert own in operator.page(f"{HOME}/enterprises?search={shop.org.upper()}")
    assert "No enterprise matches" in operator.page(f"{HOME}/enterprises?search=%00x")
    for told in ("is suspended.", "was suspended already."):
        done = operator.post(f"{own}/suspend")
        assert f"The enterprise {told}" in operator.follow(done)
    assert shop.api.get(budget.assignments_path).status_code == 401
    assert actor_of(service, "enterprise.suspended", str(shop.uuid)).startswith("user:")
    resumed = operator.post(f"{own}/resume")
    assert "The enterprise is in use." in operator.follow(resumed)
    assert shop.api.get(budget.assignments_path).status_code == 200
    for strange in (str(uuid4()), "x", "%00"):
        for what in ("suspend", "resume"):
            assert operator.post(f"{HOME}/enterprises/{strange}/{what}").status_code == 404
        for what in ("", "/manifest.yaml"):
            assert operator.get(f"{HOME}/enterprises/{strange}{what}").status_code == 404


def test_an_enterprise_is_written_out_as_a_manifest(
    service: Service, operator: Browsing, budget: BudgetShop
) -> None:
    answer = operator.get(f"{HOME}/enterprises/{budget.shop.uuid}/manifest.yaml")
    assert answer.headers["content-type"] == "application/yaml; charset=utf-8"
    name = f'attachment; filename="{budget.shop.org}.yaml"'
    assert answer.headers["content-disposition"] == name
    manifest = yaml.safe_load(answer.text)
    (enterprise,) = manifest["enterprises"]
    assert (enterprise["uuid"], enterprise["slug"]) == (str(budget.shop.uuid), budget.shop.org)
    assert [each["uuid"] for each in enterprise["policies"]] == [str(budget.uuid)]
    service.declare(manifest)
