"""The order in which the console refuses, for every one of its screens."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest

from bursar import clock
from bursar.accounts.service import ConsoleRole, form_token
from bursar.actors import Actor
from bursar.console.handlers import all_screens
from bursar.console.screens import Reach, Screen
from bursar.database.engine import Database
from bursar.identity.service import Role, page_of_clients, set_suspended
from bursar.learners.service import find_learner
from bursar.pages import PageRequest
from bursar.scheduled_reports.service import find_reports
from testing.clients.browsing import Browsing, heading, invited, signed_in
from testing.shops.budget import BudgetShop, open_budget, redeemed
from testing.shops.plan import PlanShop
from testing.shops.reports import report
from testing.shops.service import Service
from testing.worlds.contract import client

SCREENS = all_screens()
READS = [each for each in SCREENS if each.method == "GET"]
WRITES = [each for each in SCREENS if each.method == "POST"]
OF_ENTERPRISE = [each for each in SCREENS if each.reach is Reach.ENTERPRISE]
KNOWN = [each for each in SCREENS if each.reach is not Reach.ANYBODY]
OPERATORS = [each for each in SCREENS if each.reach is Reach.OPERATOR]
NOT_THERE = "This page is not there"


def named(screen: Screen) -> str:
    return f"{screen.method} {screen.path}"


def each_of(screens: list[Screen]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("screen", screens, ids=map(named, screens))


@dataclass(frozen=True)
class World:
    service: Service
    budget: BudgetShop
    plan: PlanShop
    transaction: str
    learner: int
    group: str
    client: str
    endpoint: str
    report: str
    admin: Browsing
    viewer: Browsing
    stranger: Browsing
    """An administrator of another enterprise."""
    operator: Browsing

    def changer(self, screen: Screen) -> Browsing:
        """Somebody who may send the forms of a screen."""
        return self.operator if screen.reach is Reach.OPERATOR else self.admin

    def path(self, screen: Screen, **other: str) -> str:
        """With what it names being of the enterprise."""
        values = {
            "slug": self.budget.shop.org,
            "policy_uuid": str(self.budget.uuid),
            "subscription_plan_uuid": str(self.plan.uuid),
            "transaction_uuid": self.transaction,
            "learner_id": str(self.learner),
            "group_uuid": self.group,
            "catalog_id": str(self.budget.shop.catalog_uuid),
            "client_uuid": self.client,
            "endpoint_uuid": self.endpoint,
            "report_uuid": self.report,
            "secret": "unknown",
            "delivery_uuid": str(uuid4()),
            "enterprise_uuid": str(uuid4()),
            **other,
        }
        return re.sub(r"\{(\w+):\w+\}", lambda found: values[found[1]], screen.path)


@pytest.fixture(scope="module")
def world(service: Service) -> Iterator[World]:
    budget, other = open_budget(service), open_budget(service)
    plan = PlanShop(budget.shop)
    plan.declare()
    plan.assign("ada@example.org")
    budget.allocate("ada@example.org")
    budget.know(ada=501, eve=502)
    paid = redeemed(budget, lms_user_id=501)
    database, mine = service.database, budget.shop.uuid
    made = World(
        service,
        budget,
        plan,
        paid["uuid"],
        learner_of(budget, "eve@example.org", database),
        group_of(budget),
        *integrations_of(budget),
        signed_in(service.url, database, mine),
        signed_in(service.url, database, mine, ConsoleRole.VIEWER),
        signed_in(service.url, database, other.shop.uuid),
        signed_in(service.url, database),
    )
    yield made
    for each in (made.admin, made.viewer, made.stranger, made.operator):
        each.http.close()


def group_of(budget: BudgetShop) -> str:
    uuid = str(uuid4())
    budget.shop.declare(groups=[{"uuid": uuid, "name": "Team", "members": ["eve@example.org"]}])
    return uuid


def integrations_of(budget: BudgetShop) -> tuple[str, str, str]:
    """A client, an endpoint and a report, on which nothing else depends."""
    shop = budget.shop
    shop.declare(
        clients=[client(f"{shop.org}-client", "admin"), client(f"{shop.org}-other", "reporting")],
        reports=[report()],
    )
    path = f"/enterprise/v1/webhook-endpoints?enterprise_customer_uuid={shop.uuid}"
    endpoint = shop.api.post(path, json={"url": "https://hooks.example.org"}).json()["uuid"]
    with shop.service.database.read() as connection:
        _, clients = page_of_clients(connection, shop.uuid, PageRequest(9), [Role.REPORTING])
        (declared,) = find_reports(connection, enterprise_uuid=shop.uuid)
    return str(clients[0].uuid), str(endpoint), str(declared.uuid)


def learner_of(budget: BudgetShop, email: str, database: Database) -> int:
    with database.transaction() as session:
        found = find_learner(session, budget.shop.uuid, email=email)
    assert found is not None
    return found.id


def asked(browsing: Browsing, screen: Screen, path: str, **headers: str) -> httpx.Response:
    if screen.method == "GET":
        return browsing.get(path, **headers)
    return browsing.post(path, headers=headers)


@each_of(KNOWN)
def test_whoever_is_not_signed_in_is_sent_to_sign_in(world: World, screen: Screen) -> None:
    with Browsing.at(world.service.url).http as http:
        response = asked(Browsing(http), screen, world.path(screen))
    assert response.status_code == 303
    assert response.headers["location"].partition("?")[0] == "/console/sign-in"


@each_of(KNOWN)
def test_a_token_of_the_api_opens_no_screen(world: World, screen: Screen) -> None:
    token = world.service.token(f"{world.budget.shop.org}-client")
    with Browsing.at(world.service.url).http as http:
        response = asked(Browsing(http), screen, world.path(screen), Authorization=f"JWT {token}")
    assert response.headers["location"].startswith("/console/sign-in")


def test_a_session_of_the_console_is_no_token(world: World) -> None:
    cookie = world.admin.cookie()
    with httpx.Client(base_url=world.service.url) as http:
        http.cookies = world.admin.http.cookies
        path = world.budget.assignments_path
        assert http.get(path).status_code == 401
        for scheme in ("JWT", "Bearer"):
            answer = http.get(path, headers={"Authorization": f"{scheme} {cookie}"})
            assert answer.status_code == 401


@each_of(OF_ENTERPRISE)
def test_a_foreign_enterprise_is_answered_as_an_unknown_one(world: World, screen: Screen) -> None:
    foreign = asked(world.stranger, screen, world.path(screen))
    unknown = asked(world.stranger, screen, world.path(screen, slug="nobody"))
    assert foreign.status_code == unknown.status_code == 404
    assert heading(foreign.text) == heading(unknown.text) == NOT_THERE
    assert without_request(foreign.text) == without_request(unknown.text)
    assert world.budget.shop.org not in foreign.text


def without_request(page: str) -> str:
    page = re.sub(r"<code>\w+</code>", "", page)
    return re.sub(r'name="_key" value="[^"]*"', "", page)


@each_of([each for each in OF_ENTERPRISE if each.owned is not None])
def test_a_foreign_object_is_answered_as_an_unknown_one(
    world: World, screen: Screen, service: Service
) -> None:
    other = open_budget(service)
    plan = PlanShop(other.shop)
    plan.declare()
    other.know(ada=501)
    theirs = learner_of(other, "ada@example.org", service.database)
    strange = [
        str(other.uuid),
        str(plan.uuid),
        str(uuid4()),
        str(theirs),
        group_of(other),
        str(other.shop.catalog_uuid),
        *integrations_of(other),
        "no-uuid",
        "%00",
    ]
    for uuid in strange:
        path = world.path(
            screen,
            policy_uuid=uuid,
            subscription_plan_uuid=uuid,
            transaction_uuid=uuid,
            learner_id=uuid,
            group_uuid=uuid,
            catalog_id=uuid,
            client_uuid=uuid,
            endpoint_uuid=uuid,
            report_uuid=uuid,
        )
        answer = asked(world.admin, screen, path)
        assert (answer.status_code, heading(answer.text)) == (404, NOT_THERE), uuid


@each_of(OPERATORS)
def test_screens_of_the_installation_are_for_operators(world: World, screen: Screen) -> None:
    answer = asked(world.admin, screen, world.path(screen))
    assert (answer.status_code, heading(answer.text)) == (404, NOT_THERE)


@each_of(READS)
def test_an_operator_reads_every_screen(world: World, screen: Screen) -> None:
    answer = world.operator.get(world.path(screen))
    # A link that is used up, and a form of which nothing was chosen.
    assert answer.status_code in ({410} if "secret" in screen.path else {200, 404})


@each_of([each for each in WRITES if each.reach is Reach.ENTERPRISE])
def test_a_viewer_changes_nothing(world: World, screen: Screen) -> None:
    answer = world.viewer.post(world.path(screen))
    assert answer.status_code == 403
    assert heading(answer.text) == "You may look, but not change"


@each_of(WRITES)
def test_a_form_of_another_site_is_refused_before_anything_else(
    world: World, screen: Screen
) -> None:
    path = world.path(screen)
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "", "Sec-Fetch-Site": "same-site"},
        {"Origin": f"{world.admin.origin}.evil.example"},
    ):
        answer = world.admin.post(path, headers=headers)
        assert answer.status_code == 403, headers
        assert heading(answer.text) == "This form does not come from here"


@each_of(WRITES)
def test_a_form_without_its_token_is_refused(world: World, screen: Screen) -> None:
    for token in ("", "x", form_token("another"), "é"):
        answer = world.changer(screen).post(world.path(screen), {"_token": token})
        assert answer.status_code == 403, token
        assert heading(answer.text) == "This form is out of date"


@each_of([each for each in KNOWN if each.write is not None and not each.changes_nothing])
def test_a_form_needs_a_key_by_which_it_is_done_once(world: World, screen: Screen) -> None:
    for key in ("", "k" * 300):
        answer = world.changer(screen).post(world.path(screen), {"_key": key})
        assert answer.status_code == 400, screen


@each_of(SCREENS)
def test_every_answer_keeps_others_out(world: World, screen: Screen) -> None:
    answer = asked(world.operator, screen, world.path(screen))
    policy = answer.headers["content-security-policy"]
    assert policy == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-frame-options"] == "DENY"
    assert " style=" not in answer.text
    assert "<script" not in answer.text
    assert not re.search(r"\son\w+=", answer.text)
    if screen.path == "/console/sign-out":
        world.operator.use_link(invited(world.service.database, f"{uuid4()}@example.org"))


@each_of(SCREENS)
def test_other_methods_are_refused(world: World, screen: Screen) -> None:
    answer = world.admin.http.request("DELETE", world.path(screen))
    assert answer.status_code == 405
    assert screen.method in answer.headers["allow"]


@each_of(READS)
def test_head_has_the_headers_of_get(world: World, screen: Screen) -> None:
    path = world.path(screen)
    head, got = world.operator.http.head(path), world.operator.get(path)
    assert (head.status_code, head.content) == (got.status_code, b"")


def test_the_document_of_the_api_knows_no_screen(world: World) -> None:
    document = world.service.anonymous.checker.document
    assert not [path for path in document["paths"] if "console" in path]


def test_too_large_and_malformed_forms_are_refused(world: World) -> None:
    path = f"/console/e/{world.budget.shop.org}/assignments/review"
    admin = world.admin
    large = admin.post(path, {"query": "x" * 2_000_000})
    assert large.status_code == 413
    many = admin.post(path, {"uuid": ["1"] * 6_000})
    assert many.status_code == 400
    headers = {"Origin": admin.origin}
    as_json = admin.http.post(path, json={"number": 1}, headers=headers)
    assert as_json.status_code == 415


def test_titles_and_names_are_shown_as_text(service: Service, world: World) -> None:
    hostile = "<img src=x onerror=alert(1)>{{ 7*7 }}{% raw %}'\""
    budget = open_budget(service, display_name=hostile, description=hostile)
    budget.allocate("ada@example.org")
    base = f"/console/e/{budget.shop.org}"
    for path in (base, f"{base}/budgets", f"{base}/budgets/{budget.uuid}"):
        page = world.operator.page(path)
        assert "<img src=x" not in page
        assert "&lt;img src=x" in page
        assert "{{ 7*7 }}" in page


def test_a_suspended_enterprise_is_there_for_operators_only(service: Service, world: World) -> None:
    budget = open_budget(service)
    base = f"/console/e/{budget.shop.org}"
    admin = signed_in(service.url, service.database, budget.shop.uuid)
    assert admin.get(base).status_code == 200
    with service.database.transaction() as session:
        set_suspended(session, Actor("test"), budget.shop.uuid, at=clock.now(), suspended=True)
    assert admin.get(base).status_code == 404
    assert world.operator.get(base).status_code == 200
    answer = world.operator.post(f"{base}/budgets/{budget.uuid}/allocate")
    assert heading(answer.text) == "This enterprise is suspended"
