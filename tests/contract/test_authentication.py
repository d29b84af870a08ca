import pytest

from bursar import clock
from bursar.actors import Actor
from bursar.identity import service as identity
from testing.clients.api import Api, detail_of
from testing.clients.forging import REFUSED, Forge
from testing.clients.samples import EVERYTHING, SAMPLES
from testing.shops.service import Service
from testing.worlds.contract import ADMIN, EXAMPLES, LEAVER

JSON = {"Accept": "application/json"}


@pytest.mark.parametrize("credential", REFUSED)
def test_every_endpoint_refuses(anonymous: Api, forge: Forge, credential: str) -> None:
    caller = anonymous.acting_as(REFUSED[credential](forge))
    for sample in EVERYTHING.values():
        response = caller.request(sample.method, sample.url, headers=JSON, json=sample.body)
        assert response.status_code == 401, sample
        assert response.headers["www-authenticate"] == 'JWT realm="api"'
        assert detail_of(response)


@pytest.mark.parametrize("scheme", ["JWT", "Bearer", "jwt", "bEARER", "JWT  "])
def test_every_endpoint_accepts_a_good_token_whatever_the_case_of_its_scheme(
    anonymous: Api, forge: Forge, scheme: str
) -> None:
    caller = anonymous.acting_as(f"{scheme} {forge.signed()}")
    for sample in EVERYTHING.values():
        response = caller.request(sample.method, sample.url, json=sample.body)
        assert response.status_code == sample.status, sample


def test_the_second_key_signs_good_tokens_too(anonymous: Api, service: Service) -> None:
    caller = anonymous.acting_as(f"JWT {service.token(ADMIN)}")
    assert caller.json(SAMPLES["the catalogs"].url)["count"] > 0


def test_the_tokens_of_a_disabled_client_stop_at_once(service: Service) -> None:
    leaver = service.acting_as(LEAVER)
    for sample in EVERYTHING.values():
        response = leaver.request(sample.method, sample.url, json=sample.body)
        assert response.status_code == sample.status
    with service.database.transaction() as session:
        identity.disable_client(session, Actor("test"), LEAVER, at=clock.now())
    for sample in EVERYTHING.values():
        response = leaver.request(sample.method, sample.url, json=sample.body)
        assert response.status_code == 401
    with service.database.transaction() as session:
        identity.enable_client(session, Actor("test"), LEAVER)
    assert leaver.get(SAMPLES["the catalogs"].url).status_code == 200


def test_a_missing_token_is_told_from_a_bad_one(anonymous: Api) -> None:
    url = SAMPLES["a catalog"].url
    missing = anonymous.get(url, headers=JSON)
    assert detail_of(missing) == "Authentication credentials were not provided."
    assert detail_of(anonymous.acting_as("JWT x.y.z").get(url, headers=JSON)) == "Invalid token."


def test_a_refusal_does_not_tell_what_there_is(anonymous: Api) -> None:
    known = anonymous.get(f"/enterprise/v2/enterprise-catalogs/{EXAMPLES}")
    unknown = anonymous.get("/enterprise/v2/enterprise-catalogs/nothing")
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
