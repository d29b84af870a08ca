from collections.abc import Iterator
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from testing.clients.api import CATALOGS, Api, detail_of, keys_of
from testing.shops.service import Service, Shop
from testing.worlds.contract import (
    ADMIN,
    NOTHING,
    SHELF,
    SHELF_KEYS,
    catalog,
    identifier,
    open_course,
)
from tests.contract.conftest import PUBLIC_URL

SHELF_PATH = f"{CATALOGS}/{SHELF}"
BAD_PAGES = ["0", "-1", "1.0", "x", "1e3", "LAST", "first", "999", "%C2%B2", "٣", "1 2", "9" * 40]
BAD_SIZES = ["0", "-5", "x", "1.5", "٣", "", " ", "9" * 5000, "null"]
SIZES = [("limit", "7", 7), ("page_size", "7", 7), ("limit", "1000", 45), ("limit", "5000", 45)]


@pytest.fixture(scope="module")
def many(service: Service) -> Shop:
    """An enterprise of 13 catalogs, of which one has 1001 courses."""
    shop = service.open_shop()
    rest = [catalog(identifier(f"many {n}"), f"Catalog {n}", None) for n in range(12)]
    shop.declare(catalogs=rest)
    return shop


def test_a_page_says_what_comes_before_and_after(service: Service, api: Api) -> None:
    first = api.json(SHELF_PATH)
    assert list(first)[:4] == ["count", "next", "previous", "results"]
    assert (first["count"], first["previous"]) == (len(SHELF_KEYS), None)
    assert first["next"] == f"{service.url}{SHELF_PATH}?page=2"
    assert keys_of(first) == SHELF_KEYS[:20]
    second = api.json(first["next"])
    assert second["previous"] == f"{service.url}{SHELF_PATH}?page=1"
    last = api.json(second["next"])
    assert (last["next"], keys_of(last)) == (None, SHELF_KEYS[40:])
    assert api.json(SHELF_PATH, params={"page": "last"}) == last


@pytest.mark.parametrize("size", [1, 7, 20, 44, 45, 46, 1000])
def test_walking_all_pages_yields_every_document_once(api: Api, size: int) -> None:
    pages = list(api.pages(SHELF_PATH, params={"limit": size}))
    assert [key for page in pages for key in keys_of(page)] == SHELF_KEYS
    assert len(pages) == -(-len(SHELF_KEYS) // size)
    assert {page["count"] for page in pages} == {len(SHELF_KEYS)}


def backwards(api: Api, path: str, size: int) -> Iterator[list[str]]:
    page = api.json(path, params={"limit": size, "page": "last"})
    yield keys_of(page)
    while page["previous"] is not None:
        page = api.json(page["previous"])
        yield keys_of(page)


def test_pages_can_be_walked_backwards(api: Api) -> None:
    pages = list(backwards(api, SHELF_PATH, 10))
    assert [key for page in reversed(pages) for key in page] == SHELF_KEYS


@pytest.mark.parametrize(("name", "text", "expected"), SIZES)
def test_the_page_size_of_a_catalog_can_be_named_in_two_ways(
    api: Api, name: str, text: str, expected: int
) -> None:
    assert len(api.json(SHELF_PATH, params={name: text})["results"]) == expected


@pytest.mark.parametrize("name", ["limit", "page_size"])
@pytest.mark.parametrize("text", BAD_SIZES)
def test_a_bad_page_size_is_the_default(api: Api, name: str, text: str) -> None:
    assert len(api.json(SHELF_PATH, params={name: text})["results"]) == 20


@pytest.mark.parametrize("text", [*BAD_SIZES, "10"])
def test_a_bad_page_size_of_the_list_of_catalogs_is_ten(many: Shop, text: str) -> None:
    page = many.api.json(CATALOGS, params={"page_size": text})
    assert (len(page["results"]), page["count"]) == (10, 13)


def test_the_page_size_of_the_list_of_catalogs_is_capped(service: Service) -> None:
    shop = service.open_shop()
    shop.declare(
        catalogs=[catalog(identifier(f"{shop.org} {n}"), str(n), None) for n in range(102)]
    )
    page = shop.api.json(CATALOGS, params={"page_size": "101"})
    assert (len(page["results"]), page["count"]) == (100, 103)


@pytest.mark.slow
def test_the_page_size_of_a_catalog_is_capped(shop: Shop) -> None:
    shop.stock(*(open_course(shop.key(f"{n:04}")) for n in range(1002)))
    page = shop.api.json(shop.path, params={"limit": "1001"})
    assert (len(page["results"]), page["count"]) == (1000, 1002)
    assert parse_qs(urlsplit(page["next"]).query) == {"limit": ["1001"], "page": ["2"]}


@pytest.mark.parametrize("text", BAD_PAGES)
def test_a_page_outside_the_list_is_not_found(api: Api, text: str) -> None:
    for path in (SHELF_PATH, CATALOGS, f"{CATALOGS}/{NOTHING}"):
        for accept in ("application/json", "application/xml"):
            response = api.get(f"{path}?page={text}", headers={"Accept": accept})
            assert (response.status_code, detail_of(response)) == (404, "Invalid page.")


@pytest.mark.parametrize("text", ["1", "last", "", "01"])
def test_an_empty_first_page_is_fine(api: Api, text: str) -> None:
    page = api.json(f"{CATALOGS}/{NOTHING}", params={"page": text})
    assert page["count"] == 0
    assert (page["next"], page["previous"], page["results"]) == (None, None, [])


def test_a_page_that_is_gone_is_not_found_even_with_the_etag_of_another(api: Api) -> None:
    etag = api.get(f"{SHELF_PATH}?page=2").headers["etag"]
    response = api.get(f"{SHELF_PATH}?page=99", headers={"If-None-Match": etag})
    assert response.status_code == 404


def test_links_keep_every_other_parameter(api: Api) -> None:
    query = [
        ("limit", "5"), ("content_keys", "ShelfX+C1"), ("unknown", "a b&c=d/é"),
        ("content_keys", "ShelfX+C2"), ("empty", ""), ("format", "json"), ("page", "2"),
    ]  # fmt: skip
    page = api.json(SHELF_PATH, params=[*query[:1], *query[2:3], *query[4:]])
    for link, number in ((page["next"], "3"), (page["previous"], "1")):
        kept = parse_qsl(urlsplit(link).query, keep_blank_values=True)
        assert kept == [query[0], query[2], query[4], query[5], ("page", number)]


def test_links_of_chosen_documents_keep_their_keys(api: Api) -> None:
    chosen = SHELF_KEYS[3:9]
    pages = list(api.pages(SHELF_PATH, params={"content_keys": chosen, "limit": 4}))
    assert [key for page in pages for key in keys_of(page)] == chosen
    assert len(pages) == 2


def test_the_last_of_several_page_numbers_counts(api: Api) -> None:
    page = api.json(f"{SHELF_PATH}?page=1&page=2&limit=10")
    assert keys_of(page) == SHELF_KEYS[10:20]
    assert parse_qs(urlsplit(page["next"]).query)["page"] == ["3"]


def test_a_link_has_no_slash_that_was_not_asked_for(service: Service, api: Api) -> None:
    page = api.json(f"{SHELF_PATH}/")
    assert page["next"] == f"{service.url}{SHELF_PATH}/?page=2"


def test_links_begin_with_the_public_url_where_one_is_set(tuned: Service) -> None:
    page = tuned.acting_as(ADMIN).json(SHELF_PATH)
    assert page["next"] == f"{PUBLIC_URL}{SHELF_PATH}?page=2"


def test_links_begin_with_the_requests_host_otherwise(api: Api) -> None:
    response = api.get(
        SHELF_PATH, headers={"Host": "bursar.example:8443", "Accept": "application/json"}
    )
    assert response.json()["next"] == f"http://bursar.example:8443{SHELF_PATH}?page=2"


def test_walking_the_list_of_catalogs_yields_each_once_oldest_first(many: Shop) -> None:
    whole = many.api.json(CATALOGS, params={"page_size": 100})["results"]
    assert len(whole) == 13
    for size in (1, 4, 13):
        pages = many.api.pages(CATALOGS, params={"page_size": size})
        assert [item for page in pages for item in page["results"]] == whole
