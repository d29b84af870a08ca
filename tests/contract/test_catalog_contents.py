"""`contains_content_items`, of a catalog and of an enterprise, beyond the reference."""

from uuid import uuid4

import pytest

from testing.clients.api import CATALOGS, Api, JsonObject, visible
from testing.shops.service import Service, Shop
from testing.worlds.contract import (
    ACME,
    COURSE_KEY,
    EXAMPLES,
    NESTED_RUN_KEY,
    PROGRAM_UUID,
    RUN_KEY,
    catalog,
    course,
    run,
)

JSON = {"Accept": "application/json"}
YES: JsonObject = {"contains_content_items": True}
NO: JsonObject = {"contains_content_items": False}
CUSTOMER = "/enterprise/v1/enterprise-customer"
LISTED = {"get_catalogs_containing_specified_content_ids": "true"}


@pytest.fixture(scope="module")
def shop(service: Service) -> Shop:
    """Two courses, of which a second catalog holds only the first."""
    opened = service.open_shop()
    for name in ("One", "Two"):
        key = opened.key(name)
        opened.stock(course(key, run(f"course-v1:{key}+1", end="2021-01-01T00:00:00Z")))
    narrow = catalog(uuid4(), "Narrow", {"key": opened.key("One")})
    opened.declare(catalogs=[narrow])
    return opened


def customer(shop: Shop, key: str, **query: str) -> JsonObject:
    path = f"{CUSTOMER}/{shop.uuid}/contains_content_items/"
    return shop.api.json(path, params={"course_run_ids": key} | query)


class TestCatalog:
    @pytest.mark.parametrize(
        "query",
        [
            {"course_run_ids": COURSE_KEY},
            {"course_run_ids": RUN_KEY},
            {"course_run_ids": NESTED_RUN_KEY},
            {"course_run_ids": f"unknown, {RUN_KEY}"},
            {"course_run_ids": ["unknown", RUN_KEY]},
            {"course_run_ids": RUN_KEY.replace("+", " ")},
            {"program_uuids": str(PROGRAM_UUID).upper()},
            {"program_uuids": str(PROGRAM_UUID), "course_run_ids": "unknown"},
        ],
    )
    def test_any_of_what_is_asked_for_suffices(self, api: Api, query: JsonObject) -> None:
        path = f"{CATALOGS}/{EXAMPLES}/contains_content_items/"
        assert api.json(path, params=query) == YES

    @pytest.mark.parametrize(
        "query",
        [
            {"course_run_ids": "edX+Unknown"},
            {"course_run_ids": "a\x00b"},
            {"course_run_ids": "%"},
            {"program_uuids": str(uuid4())},
        ],
    )
    def test_nothing_of_it(self, api: Api, query: JsonObject) -> None:
        path = f"{CATALOGS}/{EXAMPLES}/contains_content_items"
        response = api.get(path, params=query, headers=JSON)
        assert response.json() == NO or response.status_code == 400

    def test_what_is_closed_belongs_to_it_all_the_same(self, shop: Shop) -> None:
        path = f"{shop.path}/contains_content_items"
        assert shop.api.json(path, params={"course_run_ids": shop.key("One")}) == YES

    def test_what_left_the_catalog_does_not(self, service: Service) -> None:
        opened = service.open_shop()
        opened.stock(course(opened.key("One")))
        path = f"{opened.path}/contains_content_items"
        query = {"course_run_ids": opened.key("One")}
        assert opened.api.json(path, params=query) == YES
        opened.change(content_filter={"key": "another"})
        assert opened.api.json(path, params=query) == NO

    def test_what_its_filter_selects_no_more_does_not(self, service: Service) -> None:
        opened = service.open_shop(content_filter={"title": "Right"})
        key = opened.key("One")
        path = f"{opened.path}/contains_content_items"
        for title, answer in (("Right", YES), ("Wrong", NO), ("Right", YES)):
            opened.stock(course(key, title=title))
            assert opened.api.json(path, params={"course_run_ids": key}) == answer

    def test_content_of_another_enterprise_does_not(self, shop: Shop, api: Api) -> None:
        path = f"{CATALOGS}/{EXAMPLES}/contains_content_items"
        assert api.json(path, params={"course_run_ids": shop.key("One")}) == NO

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ({}, {"non_field_errors"}),
            ({"course_run_ids": " ,"}, {"non_field_errors"}),
            ({"program_uuids": "x"}, {"program_uuids"}),
            ({"course_run_ids": ",".join(["x"] * 1_001)}, {"course_run_ids"}),
        ],
    )
    def test_bad_parameters(self, api: Api, query: dict[str, str], names: set[str]) -> None:
        for path in (f"{CATALOGS}/{EXAMPLES}", f"{CUSTOMER}/{ACME}"):
            response = api.get(f"{path}/contains_content_items", params=query, headers=JSON)
            assert response.status_code == 400
            assert set(response.json()) == names


class TestEnterprise:
    def test_in_any_of_its_catalogs(self, shop: Shop) -> None:
        assert customer(shop, shop.key("Two")) == YES
        assert customer(shop, "edX+Unknown") == NO
        assert customer(shop, COURSE_KEY) == NO

    def test_which_ones_when_asked(self, shop: Shop) -> None:
        both = customer(shop, f"course-v1:{shop.key('One')}+1", **LISTED)
        assert list(both) == ["contains_content_items", "catalog_list"]
        assert (len(both["catalog_list"]), both["catalog_list"][0]) == (2, str(shop.catalog_uuid))
        one = customer(shop, shop.key("Two"), **LISTED)
        assert one == YES | {"catalog_list": [str(shop.catalog_uuid)]}
        assert customer(shop, "edX+Unknown", **LISTED) == NO | {"catalog_list": []}

    def test_a_foreign_enterprise_is_as_an_unknown_one(self, shop: Shop, api: Api) -> None:
        foreign, unknown = (
            api.get(
                f"{CUSTOMER}/{uuid}/contains_content_items", params={"course_run_ids": COURSE_KEY}
            )
            for uuid in (shop.uuid, uuid4())
        )
        assert foreign.status_code == 404
        assert visible(foreign) == visible(unknown)
