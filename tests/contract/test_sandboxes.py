"""What is there for sandboxes, over HTTP, and for nobody else."""

from uuid import UUID

import pytest

from bursar.api import sandboxes
from bursar.audit.service import Wanted, entries
from bursar.delivery.service import DeliverySearch, search_deliveries
from testing.clients.api import JsonObject, visible
from testing.clients.samples import UNKNOWN
from testing.shops.plan import PlanShop
from testing.shops.service import Service, Shop
from testing.worlds.contract import client

ANA, BEN = "ana@example.org", "ben@example.org"
MAIL, RESET = "/enterprise/v1/sandbox/mail", "/enterprise/v1/sandbox/reset"
every_route = pytest.mark.parametrize(
    ("method", "path"), [(route.method, route.path) for route in sandboxes.routes.endpoints]
)


@pytest.fixture
def plan(service: Service) -> PlanShop:
    """Of a sandbox."""
    plan = PlanShop(service.open_shop(sandbox=True))
    plan.declare()
    return plan


def named(shop: Shop) -> dict[str, str]:
    return {"enterprise_customer_uuid": str(shop.uuid)}


def mails(shop: Shop, **parameters: str) -> list[JsonObject]:
    page = shop.api.json(MAIL, params=named(shop) | parameters)
    results: list[JsonObject] = page["results"]
    return results


def test_what_is_mailed_can_be_read_at_once(plan: PlanShop) -> None:
    plan.assign(ANA)
    (mail,) = mails(plan.shop)
    assert list(mail) == [
        "uuid", "kind", "to", "subject", "text", "html", "at", "status", "reason", "number",
    ]  # fmt: skip
    assert (mail["kind"], mail["to"]) == ("license-assigned", ANA)
    assert plan.shop.org in mail["subject"]
    assert ANA not in mail["subject"]
    assert plan.shop.org in mail["text"]
    assert mail["html"].startswith("<!DOCTYPE html>")
    assert (mail["status"], mail["reason"]) == ("pending", None)


def test_the_newest_come_first_page_by_page(plan: PlanShop) -> None:
    for email in (ANA, BEN, "cid@example.org"):
        plan.assign(email)
    shop = plan.shop
    whole = [mail["to"] for mail in mails(shop)]
    assert whole == ["cid@example.org", BEN, ANA]
    first = shop.api.json(MAIL, params={**named(shop), "page_size": 2})
    assert [mail["to"] for mail in first["results"]] == whole[:2]
    second = shop.api.json(first["next"].removeprefix(shop.service.url))
    assert [mail["to"] for mail in second["results"]] == whole[2:]
    assert second["next"] is None
    assert [mail["to"] for mail in mails(shop, to=f" {BEN.upper()} ")] == [BEN]
    assert mails(shop, to="nobody@example.org") == []


def test_a_reset_forgets_mails_and_nothing_else(service: Service, plan: PlanShop) -> None:
    other = PlanShop(service.open_shop(sandbox=True))
    other.declare()
    for each in (plan, other):
        each.assign(ANA)
    shop = plan.shop
    answer = shop.api.request("POST", RESET, params=named(shop))
    assert (answer.status_code, answer.content) == (204, b"")
    assert mails(shop) == []
    assert plan.license_of(ANA)["status"] == "assigned"
    assert [mail["to"] for mail in mails(other.shop)] == [ANA]
    plan.assign(BEN)
    assert [mail["to"] for mail in mails(shop)] == [BEN]
    with service.database.read() as connection:
        (entry,) = entries(connection, Wanted(enterprise_uuid=shop.uuid, action="sandbox.reset"))
    assert entry.actor == f"{shop.org}-client"


def queued(service: Service, enterprise: UUID) -> int:
    """How many mails there are, whoever may read them."""
    with service.database.read() as connection:
        search = DeliverySearch(enterprise_uuid=enterprise)
        return len(search_deliveries(connection, search, limit=10))


@every_route
def test_to_an_enterprise_that_is_no_sandbox_nothing_of_it_exists(
    service: Service, method: str, path: str
) -> None:
    plan = PlanShop(service.open_shop())
    plan.declare()
    plan.assign(ANA)
    answers = [
        plan.shop.api.request(method, path, params={"enterprise_customer_uuid": str(uuid)})
        for uuid in (plan.shop.uuid, UNKNOWN)
    ]
    assert answers[0].status_code == 404
    assert visible(answers[0]) == visible(answers[1])
    assert queued(service, plan.shop.uuid) == 1


@every_route
def test_the_sandbox_of_somebody_else_is_unknown(
    service: Service, plan: PlanShop, method: str, path: str
) -> None:
    plan.assign(ANA)
    stranger = service.open_shop(sandbox=True)
    answer = stranger.api.request(method, path, params=named(plan.shop))
    assert answer.status_code == 404
    assert queued(service, plan.shop.uuid) == 1


@every_route
def test_who_may_only_read_reports_sees_no_mail(
    service: Service, plan: PlanShop, method: str, path: str
) -> None:
    reporting = f"{plan.shop.org}-reporting"
    plan.shop.declare(clients=[client(reporting, "reporting")])
    answer = service.acting_as(reporting).request(method, path, params=named(plan.shop))
    assert answer.status_code == 403


@pytest.mark.parametrize("before", ["x", "-1", "1" * 30])
def test_a_wrong_number_is_refused(plan: PlanShop, before: str) -> None:
    answer = plan.shop.api.get(
        MAIL, params={**named(plan.shop), "before": before}, headers={"Accept": "application/json"}
    )
    assert (answer.status_code, answer.json()) == (400, {"before": ["Enter a whole number."]})
