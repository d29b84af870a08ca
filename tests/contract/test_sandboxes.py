"""What is there for sandboxes, over HTTP, and for nobody else."""

from uuid import UUID

import httpx
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
FAULTS = "/enterprise/v1/sandbox/faults"
NO_FAULTS = {
    "lms": {"slow_seconds": 0, "away": False, "refuse_one_in": None},
    "mail": {"bounce": False},
}
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


def put_faults(shop: Shop, body: object) -> httpx.Response:
    headers = {"Accept": "application/json"}
    return shop.api.request("PUT", FAULTS, params=named(shop), json=body, headers=headers)


def test_faults_are_set_as_a_whole(plan: PlanShop) -> None:
    shop = plan.shop
    assert shop.api.json(FAULTS, params=named(shop)) == NO_FAULTS
    first = put_faults(shop, {"lms": {"away": True, "slow_seconds": 30}})
    wanted = NO_FAULTS | {"lms": {"slow_seconds": 30, "away": True, "refuse_one_in": None}}
    assert (first.status_code, first.json()) == (200, wanted)
    second = put_faults(shop, {"lms": {"refuse_one_in": 3}, "mail": {"bounce": True}})
    wanted = {
        "lms": {"slow_seconds": 0, "away": False, "refuse_one_in": 3},
        "mail": {"bounce": True},
    }
    assert second.json() == shop.api.json(FAULTS, params=named(shop)) == wanted
    assert put_faults(shop, {}).json() == NO_FAULTS


def test_faults_are_in_the_audit_trail(service: Service, plan: PlanShop) -> None:
    shop = plan.shop
    for _ in range(2):
        put_faults(shop, {"lms": {"refuse_one_in": 3}, "mail": {"bounce": True}})
    shop.api.request("POST", RESET, params=named(shop))
    assert shop.api.json(FAULTS, params=named(shop)) == NO_FAULTS
    action = "sandbox.faults_changed"
    with service.database.read() as connection:
        found = list(entries(connection, Wanted(enterprise_uuid=shop.uuid, action=action)))
    wanted = {"lms.refuse_one_in": (None, 3), "mail.bounce": (False, True)}
    back = {name: (new, old) for name, (old, new) in wanted.items()}
    changes = [{name: tuple(each) for name, each in entry.changes.items()} for entry in found]
    assert changes == [wanted, back], "what changes nothing leaves nothing"
    assert {entry.actor for entry in found} == {f"{shop.org}-client"}


def test_an_empty_body_puts_nothing_back(plan: PlanShop) -> None:
    put_faults(plan.shop, {"mail": {"bounce": True}})
    headers = {"Accept": "application/json"}
    answer = plan.shop.api.request("PUT", FAULTS, params=named(plan.shop), headers=headers)
    sentence = {"non_field_errors": ["Send a JSON object, such as {}."]}
    assert (answer.status_code, answer.json()) == (400, sentence)
    assert plan.shop.api.json(FAULTS, params=named(plan.shop))["mail"] == {"bounce": True}


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"lms": {"slow_seconds": 31}},
         {"lms": {"slow_seconds": ["Ensure this value is less than or equal to 30."]}}),
        ({"lms": {"slow_seconds": -1}},
         {"lms": {"slow_seconds": ["Ensure this value is greater than or equal to 0."]}}),
        ({"lms": {"slow_seconds": "2"}},
         {"lms": {"slow_seconds": ["A valid integer is required."]}}),
        ({"lms": {"refuse_one_in": 0}},
         {"lms": {"refuse_one_in": ["Ensure this value is greater than or equal to 1."]}}),
        ({"lms": {"away": "no"}}, {"lms": {"away": ["Must be a valid boolean."]}}),
        ({"lms": {"gone": True}}, {"lms": {"gone": ["There is no such field."]}}),
        ({"mails": {}}, {"mails": ["There is no such field."]}),
        ({"mail": None}, {"mail": ["This field may not be null."]}),
    ],
)  # fmt: skip
def test_wrong_faults_are_refused(plan: PlanShop, body: object, refusal: object) -> None:
    answer = put_faults(plan.shop, body)
    assert (answer.status_code, answer.json()) == (400, refusal)
    assert plan.shop.api.json(FAULTS, params=named(plan.shop)) == NO_FAULTS
