"""Every route against every kind of caller. What is answered well is in endpoints.py."""

import re

import httpx
import pytest

from bursar import clock
from bursar.actors import Actor
from bursar.app import all_endpoints
from bursar.identity.service import DeclaredClient, disable_client, put_client
from testing.clients.api import Api, visible
from testing.clients.forging import REFUSED, Forge
from testing.clients.samples import EVERYTHING, OWN, UNKNOWN, Sample
from testing.servers.contract_endpoints import test_endpoints as endpoints_of_tests
from testing.shops.service import Service
from testing.worlds.contract import ACME, ADMIN, GLOBEX_ADMIN, GLOBEX_REPORTING, REPORTING

GONE = "acme-gone"
NARROWED = {
    "/enterprise/v1/assignments",
    "/enterprise/v1/licenses",
    "/enterprise/v1/policy-redemption/credits_available",
    "/enterprise/v1/subsidy-access-policies",
}
"""Lists of which the query names the enterprise: those of a foreign one are empty."""
every_route = pytest.mark.parametrize("sample", EVERYTHING.values(), ids=list(EVERYTHING))


@pytest.fixture(scope="session")
def gone(service: Service) -> Api:
    """As a client of Acme that was disabled while its token lives."""
    with service.database.transaction() as session:
        put_client(
            session,
            Actor("test"),
            DeclaredClient(client_id=GONE, enterprise_uuid=ACME, role="admin"),
            at=clock.now(),
        )
        disable_client(session, Actor("test"), GONE, at=clock.now())
    return service.acting_as(GONE)


def ask(caller: Api, sample: Sample, url: str | None = None) -> httpx.Response:
    return caller.request(sample.method, url or sample.url, json=sample.body)


def test_no_route_is_left_out() -> None:
    declared = {
        (endpoint.method, re.sub(r"\{(\w+):\w+\}", r"{\1}", endpoint.path))
        for endpoint in [*all_endpoints(), *endpoints_of_tests()]
    }
    assert {(sample.method, sample.template) for sample in EVERYTHING.values()} == declared


def test_every_object_of_a_template_is_one_that_can_be_foreign() -> None:
    for sample in EVERYTHING.values():
        assert sample.has_object == ("{" in sample.template), sample


@every_route
def test_no_token_an_expired_one_and_a_disabled_client_tell_nothing(
    anonymous: Api, forge: Forge, gone: Api, sample: Sample
) -> None:
    expired = anonymous.acting_as(REFUSED["expired"](forge))
    for caller in (anonymous, expired, gone):
        answers = [ask(caller, sample, url) for url in (sample.url, sample.url_of(UNKNOWN))]
        assert answers[0].status_code == 401
        assert visible(answers[0]) == visible(answers[1])


@every_route
@pytest.mark.parametrize("client_id", [GLOBEX_ADMIN, GLOBEX_REPORTING])
def test_to_another_tenant_a_foreign_object_is_an_unknown_one(
    service: Service, sample: Sample, client_id: str
) -> None:
    other = service.acting_as(client_id)
    foreign, unknown = (ask(other, sample, url) for url in (sample.url, sample.url_of(UNKNOWN)))
    assert visible(foreign) == visible(unknown)
    assert foreign.status_code == (404 if sample.has_object or not_listed(sample) else 200)
    assert not [name for name, uuid in OWN.items() if str(uuid).encode() in foreign.content]


def not_listed(sample: Sample) -> bool:
    """Whether its query names an object; a query of a list only narrows it."""
    return "{" in sample.path and sample.template not in NARROWED


@every_route
def test_a_reporting_client_reads_and_does_not_write(service: Service, sample: Sample) -> None:
    answer = ask(service.acting_as(REPORTING), sample)
    may_read = sample.method == "GET" and not sample.only_admin
    assert answer.status_code == (sample.status if may_read else 403)


@every_route
def test_an_administrator_may_do_all_of_it(service: Service, sample: Sample) -> None:
    assert ask(service.acting_as(ADMIN), sample).status_code == sample.status
