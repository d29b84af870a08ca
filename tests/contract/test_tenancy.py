import pytest

from testing.clients.api import CATALOGS, Api, detail_of, visible
from testing.clients.samples import OF_AN_OBJECT, UNKNOWN, WRITES, Sample
from testing.shops.service import Service
from testing.worlds.contract import (
    ACME,
    ADMIN,
    BOTH,
    EXAMPLES,
    GLOBEX,
    GLOBEX_ADMIN,
    GLOBEX_EXAMPLES,
    REPORTING,
)

of_an_object = pytest.mark.parametrize("sample", OF_AN_OBJECT.values(), ids=list(OF_AN_OBJECT))
writes = pytest.mark.parametrize("sample", WRITES.values(), ids=list(WRITES))
accepting = pytest.mark.parametrize("accept", ["application/json", "application/xml"])


@of_an_object
@accepting
@pytest.mark.parametrize("method", ["as it is", "HEAD"])
def test_the_object_of_another_enterprise_is_unknown(
    api: Api, sample: Sample, accept: str, method: str
) -> None:
    method = sample.method if method != "HEAD" or sample.method != "GET" else "HEAD"
    answers = [
        api.request(
            method,
            url,
            headers={"Accept": accept},
            json=sample.body,
        )
        for url in (sample.url_of(UNKNOWN), sample.foreign_url)
    ]
    assert answers[0].status_code == 404
    assert visible(answers[0]) == visible(answers[1])
    assert accept in answers[0].headers["content-type"]


@of_an_object
def test_what_a_catalog_of_ones_own_does_not_hold_is_unknown_too(api: Api, sample: Sample) -> None:
    foreign = api.request(sample.method, sample.foreign_url, json=sample.body)
    for path in sample.unknown:
        assert visible(api.get(f"{CATALOGS}/{EXAMPLES}/{path}")) == visible(foreign) or (
            sample.body is not None
        )


@pytest.mark.parametrize("client_id", [ADMIN, REPORTING])
def test_only_catalogs_of_the_callers_enterprises_are_listed(
    service: Service, client_id: str
) -> None:
    api = service.acting_as(client_id)
    listed = api.json(CATALOGS, params={"page_size": 100})
    assert {item["enterprise_customer"] for item in listed["results"]} == {str(ACME)}
    assert str(GLOBEX_EXAMPLES) not in {item["uuid"] for item in listed["results"]}


def test_a_client_of_two_enterprises_sees_both(service: Service) -> None:
    both = service.acting_as(BOTH)
    listed = both.json(CATALOGS, params={"page_size": 100})
    assert {item["enterprise_customer"] for item in listed["results"]} == {str(ACME), str(GLOBEX)}
    for enterprise in (ACME, GLOBEX):
        one = both.json(CATALOGS, params={"enterprise_customer": str(enterprise)})
        assert {item["enterprise_customer"] for item in one["results"]} == {str(enterprise)}
    for catalog in (EXAMPLES, GLOBEX_EXAMPLES):
        assert both.json(f"{CATALOGS}/{catalog}")["uuid"] == str(catalog)


def test_filtering_by_a_foreign_enterprise_is_like_filtering_by_an_unknown_one(api: Api) -> None:
    foreign, unknown = (
        api.json(CATALOGS, params={"enterprise_customer": str(uuid)}) for uuid in (GLOBEX, UNKNOWN)
    )
    assert foreign == unknown == {"count": 0, "next": None, "previous": None, "results": []}


@writes
@accepting
def test_a_reporting_client_may_not_write(reporting: Api, sample: Sample, accept: str) -> None:
    response = reporting.request(
        sample.method, sample.url, headers={"Accept": accept}, json=sample.body
    )
    assert response.status_code == 403
    assert detail_of(response) == "You do not have permission to perform this action."


@writes
def test_the_role_is_that_in_the_enterprise_of_the_object(service: Service, sample: Sample) -> None:
    both = service.acting_as(BOTH)
    own = both.request(sample.method, sample.url, json=sample.body)
    assert own.status_code == sample.status
    foreign = sample.foreign_url
    assert both.request(sample.method, foreign, json=sample.body).status_code == 403
    admin = service.acting_as(GLOBEX_ADMIN)
    assert admin.request(sample.method, foreign, json=sample.body).status_code != 403
