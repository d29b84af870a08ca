"""Clients of a suspended enterprise are refused; those of several act for the others."""

import pytest

from testing.shops.service import Service, Shop
from testing.worlds.contract import client

CATALOGS = "/enterprise/v2/enterprise-catalogs/"


@pytest.fixture
def shop(service: Service) -> Shop:
    return service.open_shop()


def test_its_clients_are_refused_until_it_is_resumed(service: Service, shop: Shop) -> None:
    assert shop.api.get(CATALOGS).status_code == 200
    shop.declare(suspended=True)
    for path in (CATALOGS, shop.path):
        refused = shop.api.get(path, headers={"Accept": "application/json"})
        assert refused.status_code == 401
        assert refused.json() == {"detail": "The enterprise of this client is suspended."}
    shop.declare(suspended=False)
    assert shop.api.get(shop.path).status_code == 200


def test_a_client_of_several_acts_for_the_others(service: Service, shop: Shop) -> None:
    other = service.open_shop()
    shared = f"{shop.org}-client"
    other.declare(clients=[client(shared, "admin")])
    both = service.acting_as(shared)
    assert both.get(other.path).status_code == both.get(shop.path).status_code == 200
    shop.declare(suspended=True)
    assert both.get(other.path).status_code == 200
    assert both.get(shop.path).status_code == 404
    listed = both.json(CATALOGS)["results"]
    assert [catalog["uuid"] for catalog in listed] == [str(other.catalog_uuid)]
