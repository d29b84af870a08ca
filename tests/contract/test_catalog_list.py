"""`GET /enterprise/v2/enterprise-catalogs`."""

from datetime import datetime
from uuid import uuid4

from bursar.catalog.filters.service import query_uuid
from testing.clients.api import CATALOGS, Api, JsonObject
from testing.shops.service import Service, Shop
from testing.worlds.contract import (
    BOTH,
    EVERYTHING,
    EXAMPLES,
    EXAMPLES_FILTER,
    GLOBEX_EXAMPLES,
    UNFILTERED,
    catalog,
    open_course,
)

KEYS = [
    "uuid", "title", "enterprise_customer", "catalog_query_uuid", "content_last_modified",
    "catalog_modified", "query_title", "include_exec_ed_2u_courses",
]  # fmt: skip


def listed(api: Api) -> dict[str, JsonObject]:
    page = api.json(CATALOGS, params={"page_size": 100})
    return {item["uuid"]: item for item in page["results"]}


def own(shop: Shop) -> JsonObject:
    return listed(shop.api)[str(shop.catalog_uuid)]


def test_every_item_has_the_documented_keys_in_their_order(api: Api) -> None:
    page = api.json(CATALOGS)
    assert list(page) == ["count", "next", "previous", "results"]
    assert all(list(item) == KEYS for item in page["results"])


def test_a_catalog_shows_what_was_declared(api: Api) -> None:
    catalogs = listed(api)
    examples, everything = catalogs[str(EXAMPLES)], catalogs[str(EVERYTHING)]
    assert (examples["title"], examples["query_title"]) == ("Examples & more", "The examples")
    assert examples["include_exec_ed_2u_courses"] is False
    assert (everything["title"], everything["query_title"]) == ("Everything", None)
    assert everything["include_exec_ed_2u_courses"] is True


def test_the_query_uuid_is_that_of_the_filter_and_null_without_one(service: Service) -> None:
    catalogs = listed(service.acting_as(BOTH))
    first, second = (
        catalogs[str(uuid)]["catalog_query_uuid"] for uuid in (EXAMPLES, GLOBEX_EXAMPLES)
    )
    assert first == second == str(query_uuid(EXAMPLES_FILTER))
    assert catalogs[str(EVERYTHING)]["catalog_query_uuid"] not in {first, None}
    assert catalogs[str(UNFILTERED)]["catalog_query_uuid"] is None


def test_the_query_uuid_changes_with_the_filter_and_comes_back_with_it(shop: Shop) -> None:
    before = own(shop)["catalog_query_uuid"]
    shop.change(content_filter={"org": shop.org, "content_type": "course"})
    assert own(shop)["catalog_query_uuid"] not in {before, None}
    shop.change(content_filter=None)
    assert own(shop)["catalog_query_uuid"] is None
    shop.change(content_filter={"org": shop.org})
    assert own(shop)["catalog_query_uuid"] == before


def instants(item: JsonObject) -> tuple[datetime, datetime]:
    modified, content = item["catalog_modified"], item["content_last_modified"]
    assert modified.endswith("Z")
    assert content.endswith("Z")
    return datetime.fromisoformat(modified), datetime.fromisoformat(content)


def test_changing_the_title_is_a_change_of_the_catalog_only(shop: Shop) -> None:
    modified, content = instants(own(shop))
    shop.change(title="Another title")
    after, content_after = instants(own(shop))
    assert after > modified
    assert content_after == content


def test_changing_content_is_no_change_of_the_catalog(shop: Shop) -> None:
    modified, content = instants(own(shop))
    shop.stock(open_course(shop.key("A")))
    after, joined = instants(own(shop))
    assert (after, joined > content) == (modified, True)
    shop.stock(open_course(shop.key("A"), title="Changed"))
    changed = instants(own(shop))[1]
    assert changed > joined
    shop.stock(open_course(shop.key("A"), title="Changed"))
    assert instants(own(shop))[1] == changed
    shop.stock(open_course(shop.key("A"), owners=[]))
    assert instants(own(shop))[1] > changed


def test_changing_the_filter_changes_both(shop: Shop) -> None:
    modified, content = instants(own(shop))
    shop.change(content_filter={"org": "somebody else"})
    after, content_after = instants(own(shop))
    assert after > modified
    assert content_after > content


def test_the_list_is_validated_by_etag_and_date(shop: Shop) -> None:
    first = shop.api.get(CATALOGS)
    for condition in (
        {"If-None-Match": first.headers["etag"]},
        {"If-Modified-Since": first.headers["last-modified"]},
    ):
        assert shop.api.get(CATALOGS, headers=condition).status_code == 304
    shop.stock(open_course(shop.key("A")))
    changed = shop.api.get(CATALOGS, headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200


def test_a_catalog_on_a_later_page_changes_the_date_of_the_first(shop: Shop) -> None:
    first = shop.api.get(CATALOGS, params={"page_size": 1})
    shop.service.wait_for_the_next_second()
    shop.declare(catalogs=[catalog(uuid4(), "Later", None)])
    condition = {"If-Modified-Since": first.headers["last-modified"], "Accept": "application/json"}
    again = shop.api.get(CATALOGS, params={"page_size": 1}, headers=condition)
    assert (again.status_code, again.json()["count"]) == (200, 2)
