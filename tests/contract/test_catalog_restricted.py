"""Restricted runs: only the catalogs whose filters allow them show them."""

from typing import Any

import pytest

from testing.clients.api import JsonObject, keys_of, xml_of
from testing.shops.service import Service, Shop
from testing.worlds.contract import PAST, course, run

NAMES = ("restricted", "open", "other")


def run_key(shop: Shop, name: str) -> str:
    return f"course-v1:{shop.key('A')}+{name}"


def the_course(shop: Shop, **of_open: Any) -> JsonObject:
    runs = [
        run(run_key(shop, "restricted"), restriction_type="custom-b2b-enterprise"),
        run(run_key(shop, "open"), **of_open),
        run(run_key(shop, "other"), restriction_type="custom-b2b-enterprise"),
    ]
    keys = [each["key"] for each in runs]
    advertised = runs[0]["uuid"]
    return course(shop.key("A"), *runs, course_run_keys=keys, advertised_course_run_uuid=advertised)


def allowing(shop: Shop, *names: str) -> JsonObject:
    keys = [run_key(shop, name) for name in names]
    return {"org": shop.org, "restricted_runs_allowed": {f"course:{shop.key('A')}": keys}}


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    shop.stock(the_course(shop))
    return shop


def shown(shop: Shop, document: JsonObject) -> list[str]:
    keys = [each["key"] for each in document["course_runs"]]
    assert document["course_run_keys"] == keys
    return [key.rpartition("+")[2] for key in keys]


def single(shop: Shop) -> JsonObject:
    return shop.api.json(f"{shop.path}/courses/{shop.key('A')}")


def listed(shop: Shop) -> JsonObject:
    (document,) = shop.api.json(shop.path)["results"]
    found: JsonObject = document
    return found


def statuses(shop: Shop) -> dict[str, int]:
    paths = {name: f"{shop.path}/course-runs/{run_key(shop, name)}" for name in NAMES}
    # What must not be known does not answer "unchanged" either.
    asked = {"If-Modified-Since": "Fri, 31 Dec 2100 23:59:59 GMT"}
    conditional = {name: shop.api.get(path, headers=asked) for name, path in paths.items()}
    plain = {name: shop.api.get(path).status_code for name, path in paths.items()}
    for name, answer in conditional.items():
        assert answer.status_code == (304 if plain[name] == 200 else 404)
    return plain


def contained(shop: Shop) -> dict[str, bool]:
    path = f"{shop.path}/contains_content_items"
    return {
        name: shop.api.json(path, params={"course_run_ids": run_key(shop, name)})[
            "contains_content_items"
        ]
        for name in NAMES
    }


def test_they_are_taken_out_of_their_course(stocked: Shop) -> None:
    for document in (single(stocked), listed(stocked)):
        assert shown(stocked, document) == ["open"]
        assert document["advertised_course_run_uuid"] is None
    in_xml = xml_of(stocked.api.get(stocked.path)).findtext("results/list-item/course_runs/*/key")
    assert in_xml == run_key(stocked, "open")
    assert statuses(stocked) == {"restricted": 404, "open": 200, "other": 404}
    assert contained(stocked) == {"restricted": False, "open": True, "other": False}


def test_a_filter_allows_some_of_them(stocked: Shop) -> None:
    stocked.change(content_filter=allowing(stocked, "restricted"))
    for document in (single(stocked), listed(stocked)):
        assert shown(stocked, document) == ["restricted", "open"]
        assert document["advertised_course_run_uuid"] is not None
    assert statuses(stocked) == {"restricted": 200, "open": 200, "other": 404}
    assert contained(stocked) == {"restricted": True, "open": True, "other": False}
    stocked.change(content_filter={"org": stocked.org})
    assert statuses(stocked) == {"restricted": 404, "open": 200, "other": 404}


def test_catalogs_of_one_course_show_different_runs(service: Service, stocked: Shop) -> None:
    other = service.open_shop(content_filter=allowing(stocked, "other"))
    path = f"{other.path}/courses/{stocked.key('A')}"
    assert shown(stocked, other.api.json(path)) == ["open", "other"]
    assert shown(stocked, single(stocked)) == ["open"]


def test_they_do_not_keep_a_course_open(shop: Shop) -> None:
    shop.stock(the_course(shop, end=PAST))
    assert shop.api.json(shop.path)["results"] == []
    shop.change(content_filter=allowing(shop, "restricted"))
    assert keys_of(shop.api.json(shop.path)) == [shop.key("A")]


def test_one_with_a_document_of_its_own_is_no_item(stocked: Shop) -> None:
    own = run(run_key(stocked, "restricted"), restriction_type="custom-b2b-enterprise")
    stocked.import_documents(own)
    page = stocked.api.json(stocked.path)
    assert (page["count"], keys_of(page)) == (1, [stocked.key("A")])
    assert statuses(stocked)["restricted"] == 404
    stocked.change(content_filter=allowing(stocked, "restricted"))
    assert keys_of(stocked.api.json(stocked.path)) == [stocked.key("A"), own["key"]]
    assert statuses(stocked)["restricted"] == 200


def test_the_own_document_of_a_run_restricts_it_in_its_course_too(shop: Shop) -> None:
    keys = [run_key(shop, name) for name in ("restricted", "open")]
    plain = [run(key) for key in keys]
    advertised = plain[0]["uuid"]
    the_plain = course(
        shop.key("A"), *plain, course_run_keys=keys, advertised_course_run_uuid=advertised
    )
    shop.stock(the_plain)
    before = single(shop)
    assert shown(shop, before) == ["restricted", "open"]
    shop.import_documents(plain[0] | {"restriction_type": "custom-b2b-enterprise"})
    assert [shown(shop, document) for document in (single(shop), listed(shop))] == [["open"]] * 2
    assert single(shop)["advertised_course_run_uuid"] is None
    assert statuses(shop) == {"restricted": 404, "open": 200, "other": 404}
    assert contained(shop) == {"restricted": False, "open": True, "other": False}
    shop.change(content_filter=allowing(shop, "restricted"))
    assert single(shop) == before
    shop.change(content_filter={"org": shop.org})
    shop.import_documents(plain[0])
    assert single(shop) == before


def test_the_key_of_a_run_selects_its_course_only_where_the_run_is_shown(stocked: Shop) -> None:
    def selected(name: str, **parameters: str) -> list[str]:
        asked = {"content_keys": run_key(stocked, name)} | parameters
        return keys_of(stocked.api.json(stocked.path, params=asked))

    course_key = [stocked.key("A")]
    assert [selected(name) for name in NAMES] == [[], course_key, []]
    stocked.change(content_filter=allowing(stocked, "restricted"))
    assert [selected(name) for name in NAMES] == [course_key, course_key, []]
    assert selected("open", updated_since="2020-01-01T00:00:00Z") == course_key
    own = run(run_key(stocked, "open"))
    stocked.import_documents(own)
    assert selected("open") == [own["key"]]


def test_a_run_that_becomes_restricted_leaves(stocked: Shop) -> None:
    document = the_course(stocked)
    document["course_runs"][1]["restriction_type"] = "custom-b2b-enterprise"
    stocked.stock(document)
    assert shown(stocked, single(stocked)) == []
    assert statuses(stocked)["open"] == 404
    document["course_runs"][1]["restriction_type"] = None
    stocked.stock(document)
    assert statuses(stocked)["open"] == 200
