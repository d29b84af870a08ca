"""The clock of a sandbox, over HTTP: what is due is done, by no clock but its own."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from bursar.api.sandboxes import BACKWARDS, CENTURIES, NO_SPAN, NOTHING
from bursar.audit.service import Wanted, entries
from bursar.clock import parse_instant
from bursar.credit.assignments.expiry import expire_assignments
from bursar.delivery.models import Delivery
from bursar.subscriptions.endings.tasks import mark_expired
from bursar.subscriptions.renewals.tasks import process_renewals
from testing.clients.api import JsonObject
from testing.shops.budget import BudgetShop, furnished_budget
from testing.shops.plan import PlanShop
from testing.shops.service import Service, Shop

ANA = "ana@example.org"
CLOCK, RESET = "/enterprise/v1/sandbox/clock", "/enterprise/v1/sandbox/reset"
DAY = 86_400


@pytest.fixture
def plan(service: Service) -> PlanShop:
    plan = PlanShop(service.open_shop(sandbox=True))
    plan.declare(expiration_date=in_days(60))
    return plan


@pytest.fixture
def budget(service: Service) -> BudgetShop:
    return furnished_budget(service.open_shop(sandbox=True))


def in_days(days: float) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def ask(shop: Shop, span: Any, **headers: str) -> httpx.Response:
    named = {"enterprise_customer_uuid": str(shop.uuid)}
    headers = {"Accept": "application/json", **headers}
    return shop.api.request("POST", CLOCK, params=named, json={"advance": span}, headers=headers)


def advance(shop: Shop, span: str) -> JsonObject:
    response = ask(shop, span)
    assert response.status_code == 200, response.text
    answer: JsonObject = response.json()
    return answer


def types(answer: JsonObject) -> list[str]:
    return [event["type"] for event in answer["events"]]


def current(plan: PlanShop) -> list[str]:
    named = {"enterprise_customer_uuid": str(plan.shop.uuid)}
    return [each["uuid"] for each in plan.plans(current="true", **named)["results"]]


def clock_of(shop: Shop) -> JsonObject:
    return shop.api.json(CLOCK, params={"enterprise_customer_uuid": str(shop.uuid)})


def is_about(instant: str, days: float) -> bool:
    return abs(parse_instant(instant) - datetime.now(UTC) - timedelta(days=days)) < timedelta(
        minutes=5
    )


def test_a_clock_goes_forward_and_stays_ahead(plan: PlanShop) -> None:
    before = clock_of(plan.shop)
    assert before["ahead_seconds"] == 0
    assert is_about(before["now"], 0)
    first = advance(plan.shop, "P1DT2H")
    assert first["ahead_seconds"] == DAY + 7_200
    second = advance(plan.shop, "P1W")
    assert second["ahead_seconds"] == 8 * DAY + 7_200
    assert is_about(second["now"], 8 + 2 / 24)
    named = {"enterprise_customer_uuid": str(plan.shop.uuid)}
    assert plan.shop.api.request("POST", RESET, params=named).status_code == 204
    after = clock_of(plan.shop)
    assert after["ahead_seconds"] == 8 * DAY + 7_200, "a reset does not turn it back"


def test_assignments_expire(service: Service, budget: BudgetShop) -> None:
    other = furnished_budget(service.open_shop(sandbox=True))
    (mine,), (theirs,) = budget.assigned(ANA), other.assigned(ANA)
    soon = advance(budget.shop, "P80D")
    assert types(soon) == ["assignment.expiring"]
    done = advance(budget.shop, "P11D")
    assert types(done) == ["assignment.expired"]
    (event,) = done["events"]
    assert (event["object_id"], done["count"]) == (mine, 1)
    assert is_about(event["at"], 91)
    assert budget.assignment(mine)["state"] == "expired"
    assert budget.figures[1] == 0
    assert other.assignment(theirs)["state"] == "allocated", "another sandbox has another clock"
    with service.database.read() as connection:
        dues = select(Delivery.next_attempt_at).where(Delivery.enterprise_uuid == budget.shop.uuid)
        for due in connection.scalars(dues):
            assert due <= datetime.now(UTC), "workers go by the clock on the wall"


def test_what_follows_is_dated_by_the_clock(budget: BudgetShop) -> None:
    advance(budget.shop, "P30D")
    (uuid,) = budget.assigned(ANA)
    assert is_about(budget.assignment(uuid)["earliest_possible_expiration"]["date"], 120)
    (event,) = budget.shop.events("assignment.allocated")
    assert is_about(event["timestamp"], 30)
    assert types(advance(budget.shop, "P89D")) == ["assignment.expiring"]


def test_a_plan_ends(plan: PlanShop) -> None:
    days = plan.item["days_until_expiration"]
    assert types(advance(plan.shop, "P31D")) == ["plan.expiring"]
    assert plan.item["days_until_expiration"] == days - 31
    assert types(advance(plan.shop, "P30D")) == ["plan.expired"]
    assert current(plan) == []
    assert advance(plan.shop, "P1D")["events"] == [], "once"


def test_a_plan_is_renewed(plan: PlanShop) -> None:
    plan.assign(ANA)
    plan.activate(ANA)
    following = uuid4()
    plan.change(
        renewals=[
            {
                "uuid": str(following),
                "effective_date": in_days(60),
                "renewed_expiration_date": in_days(425),
                "number_of_licenses": 10,
            }
        ]
    )
    told = types(advance(plan.shop, "P61D"))
    assert {"plan.created", "license.renewed", "plan.renewed"} <= set(told)
    renewed = PlanShop(plan.shop, following)
    assert current(plan) == [str(following)]
    assert renewed.license_of(ANA)["status"] == "activated"


def test_a_renewal_that_is_refused_holds_nothing_up(plan: PlanShop) -> None:
    plan.assign(ANA, "ben@example.org")
    renewal = {
        "uuid": str(uuid4()),
        "effective_date": in_days(30),
        "renewed_expiration_date": in_days(425),
        "number_of_licenses": 1,
    }
    plan.change(renewals=[renewal])
    other = plan.sibling(expiration_date=in_days(60))
    done = advance(plan.shop, "P61D")
    ended = {event["object_id"] for event in done["events"] if event["type"] == "plan.expired"}
    assert "plan.renewed" not in types(done)
    assert ended == {str(other.uuid)}


def test_scheduled_work_leaves_it_alone(service: Service, plan: PlanShop) -> None:
    advance(plan.shop, "P1D")
    late = plan.sibling(expiration_date=in_days(-1))
    ordinary = PlanShop(service.open_shop())
    ordinary.declare(expiration_date=in_days(-1))
    mark_expired(service.database)
    process_renewals(service.database)
    expire_assignments(service.database)
    assert plan.shop.events("plan.expired") == []
    (told,) = ordinary.shop.events("plan.expired")
    assert told["object"]["uuid"] == str(ordinary.uuid)
    done = advance(plan.shop, "PT1S")
    assert [event["object_id"] for event in done["events"]] == [str(late.uuid)]


@pytest.mark.parametrize(
    ("span", "reason"),
    [
        ("-P1D", BACKWARDS),
        ("P0D", NOTHING),
        ("PT0S", NOTHING),
        ("P", NO_SPAN),
        ("P1DT", NO_SPAN),
        ("P1Y", NO_SPAN),
        ("P1M", NO_SPAN),
        ("P-1D", NO_SPAN),
        ("90", NO_SPAN),
        ("", NO_SPAN),
        ("P٣D", NO_SPAN),
        ("P999999999W", CENTURIES),
        (90, "Not a valid string."),
        (None, "This field may not be null."),
    ],
)
def test_no_other_span_is_taken(plan: PlanShop, span: object, reason: str) -> None:
    answer = ask(plan.shop, span)
    assert (answer.status_code, answer.json()) == (400, {"advance": [reason]})
    assert clock_of(plan.shop)["ahead_seconds"] == 0


def test_a_century_is_too_far(plan: PlanShop) -> None:
    detail = "The clock of a sandbox can be ahead by 3,650 days at most."
    huge = ("P3000000D", "P999999999D", "P142857142W", "PT999999999H", "PT999999999S")
    for span in ("P36500D", "P3650DT1S", *huge):
        answer = ask(plan.shop, span)
        assert (answer.status_code, answer.json()) == (422, {"detail": detail}), span
    assert advance(plan.shop, "P3650D")["ahead_seconds"] == 3650 * DAY
    assert ask(plan.shop, "PT1S").status_code == 422


def test_a_repeated_request_advances_once(plan: PlanShop) -> None:
    key = {"Idempotency-Key": "the same"}
    answers = [ask(plan.shop, "P1D", **key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    assert clock_of(plan.shop)["ahead_seconds"] == DAY


def test_it_is_in_the_audit_trail(service: Service, plan: PlanShop) -> None:
    advance(plan.shop, "P2D")
    wanted = Wanted(enterprise_uuid=plan.shop.uuid, action="sandbox.clock_advanced")
    with service.database.read() as connection:
        (entry,) = entries(connection, wanted)
    before, after = (parse_instant(str(each)) for each in entry.changes["now"])
    assert after - before == timedelta(days=2)
    assert entry.actor == f"{plan.shop.org}-client"


def test_secrets_of_webhooks_go_by_the_clock_on_the_wall(plan: PlanShop) -> None:
    advance(plan.shop, "P30D")
    named = {"enterprise_customer_uuid": str(plan.shop.uuid)}
    url = {"url": "https://hooks.example.org/bursar"}
    path = "/enterprise/v1/webhook-endpoints"
    made = plan.shop.api.request("POST", f"{path}/", params=named, json=url)
    assert made.status_code == 201, made.text
    rotated = plan.shop.api.post(f"{path}/{made.json()['uuid']}/rotate-secret", json={})
    assert is_about(rotated.json()["previous_secret_expires_at"], 1)


def test_an_enterprise_that_is_no_sandbox_has_no_clock(service: Service) -> None:
    plan = PlanShop(service.open_shop())
    plan.declare(expiration_date=in_days(60))
    assert ask(plan.shop, "P90D").status_code == 404
    assert plan.shop.events("plan.expiring", "plan.expired") == []
    assert current(plan) == [str(plan.uuid)]
