"""What is shown of xAPI statements, over HTTP."""

from typing import Any
from uuid import uuid4

import pytest

from bursar.events.cursors import cursor_of
from testing.clients.api import JsonObject
from testing.shops.service import Service, Shop
from testing.worlds.contract import GLOBEX

STATEMENTS = "/enterprise/v1/xapi/statements"
ANA, BEN = "ana@example.org", "ben@example.org"
RUN = "course-v1:edX+DemoX+2026"


@pytest.fixture
def shop(service: Service) -> Shop:
    """Where Ana has consented, and Ben has not."""
    shop = service.open_shop()
    shop.declare(learners=[{"email": ANA, "consent": True}, {"email": BEN}])
    return shop


def report(shop: Shop, email: str, **fields: Any) -> None:
    row = {"learner_email": email, "courserun_key": RUN, **fields}
    path = f"/enterprise/v3/enterprise-customer/{shop.uuid}/learner-progress"
    answer = shop.api.request("PUT", path, json={"enrollments": [row]})
    assert answer.status_code == 200, answer.text


def asked(shop: Shop, **parameters: Any) -> JsonObject:
    named = {"enterprise_customer_uuid": str(shop.uuid), **parameters}
    return shop.api.json(STATEMENTS, params=named)


def everything(shop: Shop, **parameters: Any) -> tuple[list[JsonObject], str]:
    """Page after page, because a page may be empty while events of others lie between; and the
    cursor at the end."""
    found: list[JsonObject] = []
    page: JsonObject = {"has_more": True}
    while page["has_more"]:
        page = asked(shop, **parameters)
        assert list(page) == ["results", "next", "has_more"]
        found += page["results"]
        parameters["after"] = page["next"]
    return found, page["next"]


def verbs(statements: list[JsonObject]) -> list[str]:
    return [each["verb"]["display"]["en-US"] for each in statements]


def test_statements_are_shown_of_those_who_consent(shop: Shop) -> None:
    report(shop, BEN, current_grade=0.5)
    report(shop, ANA, current_grade=0.5)
    report(shop, ANA, current_grade=0.9, has_passed=True)
    statements, end = everything(shop)
    assert verbs(statements) == ["registered", "progressed", "passed", "completed"]
    assert {each["actor"]["mbox"] for each in statements} == {f"mailto:{ANA}"}
    assert statements[2]["result"]["score"]["scaled"] == 0.9
    assert everything(shop, after=end)[0] == []
    shop.declare(learners=[{"email": ANA, "consent": False}])
    assert everything(shop)[0] == [], "what was consented once is not what is consented now"


def test_pages_show_every_statement_once(shop: Shop) -> None:
    for number in range(3):
        report(shop, ANA, courserun_key=f"{RUN}{number}", has_passed=True)
    whole, _ = everything(shop)
    assert everything(shop, limit=1)[0] == whole
    assert len(whole) == 9


def test_both_roles_may_read_and_nobody_else(service: Service, shop: Shop) -> None:
    assert everything(shop)[0] == []
    answers = [
        shop.api.get(STATEMENTS, params={"enterprise_customer_uuid": str(enterprise)})
        for enterprise in (GLOBEX, uuid4())
    ]
    assert [each.status_code for each in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    assert service.anonymous.get(STATEMENTS).status_code == 401


@pytest.mark.parametrize("after", ["latest", "x", "AAAAAAAAAAAA", cursor_of(2**40)])
def test_a_cursor_of_another_log_is_refused(shop: Shop, after: str) -> None:
    named = {"enterprise_customer_uuid": str(shop.uuid), "after": after}
    answer = shop.api.get(STATEMENTS, params=named, headers={"Accept": "application/json"})
    assert answer.status_code == 400, answer.text
    assert list(answer.json()) == ["after"]
