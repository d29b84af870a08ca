"""Documents as they are answered: unchanged, but for the parts that differ by catalog."""

import copy
import json
from typing import Any

import pytest
from lxml import etree

from bursar.app import create_app
from bursar.settings import Settings
from bursar.web.xml import to_xml
from testing.clients.api import CATALOGS, Api, JsonObject, keys_of, xml_of
from testing.clients.inside import Inside
from testing.shops.service import Service, Shop
from testing.worlds.contract import (
    ACME,
    ADMIN,
    COURSE,
    COURSE_KEY,
    EXAMPLES,
    GLOBEX,
    GLOBEX_ADMIN,
    GLOBEX_EXAMPLES,
    LEGACY_KEY,
    LEGACY_RUN_KEY,
    NESTED_RUN_KEY,
    NESTING_PROGRAM,
    PROGRAM,
    PROGRAM_UUID,
    RUN,
    RUN_KEY,
    SHELF,
    course,
    open_course,
    run,
)
from tests.contract.conftest import LMS_URL

DEFAULT_LMS = "http://localhost:18000"
PATH = f"{CATALOGS}/{EXAMPLES}"
REFERENCES: dict[str, tuple[str, JsonObject]] = {
    "course": (f"{PATH}/courses/{COURSE_KEY}", COURSE),
    "run": (f"{PATH}/course-runs/{RUN_KEY}", RUN),
    "nested run": (f"{PATH}/course-runs/{NESTED_RUN_KEY}", COURSE["course_runs"][0]),
    "program": (f"{PATH}/programs/{PROGRAM_UUID}", PROGRAM),
}
references = pytest.mark.parametrize(("path", "stored"), REFERENCES.values(), ids=list(REFERENCES))


def link(kind: str, key: str, lms: str = DEFAULT_LMS) -> str:
    tracking = f"catalog={EXAMPLES}&utm_medium=enterprise&utm_source=acme"
    return f"{lms}/enterprise/{ACME}/{kind}/{key}/enroll/?{tracking}"


def expected(stored: JsonObject) -> JsonObject:
    """The stored document with the links of Acme's examples, last among its keys."""
    document = copy.deepcopy(stored)
    document.pop("enrollment_url")
    kind, key = ("course", document["key"]) if "key" in document else ("program", document["uuid"])
    for index, nested in enumerate(document.get("course_runs", [])):
        document["course_runs"][index] = expected(nested)
    return document | {"enrollment_url": link(kind, key)}


def shape(element: etree._Element) -> list[Any]:
    return [element.tag, element.text or "", [shape(child) for child in element]]


def ordered(value: Any) -> Any:
    """Makes the order of keys count in a comparison."""
    if isinstance(value, dict):
        return [(key, ordered(item)) for key, item in value.items()]
    return [ordered(item) for item in value] if isinstance(value, list) else value


@references
def test_a_reference_document_keeps_its_keys_their_order_and_its_values(
    api: Api, path: str, stored: JsonObject
) -> None:
    document = api.json(path)
    assert document == expected(stored)
    assert ordered(document) == ordered(expected(stored))
    assert list(document) == list(stored)


@references
@pytest.mark.parametrize("accept", ["application/xml", "text/xml"])
def test_a_reference_document_has_the_same_elements_and_text_in_xml(
    api: Api, path: str, stored: JsonObject, accept: str
) -> None:
    root = xml_of(api.get(path, headers={"Accept": accept}))
    wanted = etree.fromstring(to_xml(expected(stored)))
    assert shape(root) == shape(wanted)


def test_the_links_of_a_document_are_those_of_the_catalog_it_is_read_in(service: Service) -> None:
    api = service.acting_as(GLOBEX_ADMIN)
    document = api.json(f"{CATALOGS}/{GLOBEX_EXAMPLES}/courses/{COURSE_KEY}")
    tracking = f"catalog={GLOBEX_EXAMPLES}&utm_medium=enterprise&utm_source=globex_2"
    base = f"{DEFAULT_LMS}/enterprise/{GLOBEX}/course"
    assert document["enrollment_url"] == f"{base}/{COURSE_KEY}/enroll/?{tracking}"
    nested = document["course_runs"][0]["enrollment_url"]
    assert nested == f"{base}/{NESTED_RUN_KEY}/enroll/?{tracking}"


def test_links_begin_with_the_public_url_of_the_lms(tuned: Service) -> None:
    document = tuned.acting_as(ADMIN).json(f"{PATH}/courses/{COURSE_KEY}")
    assert document["enrollment_url"] == link("course", COURSE_KEY, LMS_URL)


def test_the_courses_and_runs_of_a_program_have_links_of_their_own(api: Api) -> None:
    document = api.json(f"{PATH}/programs/{NESTING_PROGRAM}")
    assert document["enrollment_url"] == link("program", NESTING_PROGRAM)
    for nested in document["courses"]:
        assert nested["enrollment_url"] == link("course", nested["key"])
        assert list(nested)[-1] == "enrollment_url"
        for nested_run in nested["course_runs"]:
            assert nested_run["enrollment_url"] == link("course", nested_run["key"])
            assert list(nested_run)[-1] == "enrollment_url"


@pytest.mark.parametrize("slash", ["/", "%2F"])
@pytest.mark.parametrize("end", ["", "/"])
def test_a_legacy_key_has_slashes(api: Api, slash: str, end: str) -> None:
    escaped = LEGACY_KEY.replace("/", slash)
    document = api.json(f"{PATH}/courses/{escaped}{end}")
    assert document["key"] == LEGACY_KEY
    assert document["enrollment_url"] == link("course", LEGACY_KEY)
    escaped = LEGACY_RUN_KEY.replace("/", slash)
    document = api.json(f"{PATH}/course-runs/{escaped}{end}")
    assert document["key"] == LEGACY_RUN_KEY
    assert document["enrollment_url"] == link("course", LEGACY_RUN_KEY)


def test_a_program_answers_to_its_uuid_in_any_case(api: Api) -> None:
    document = api.json(f"{PATH}/programs/{PROGRAM_UUID.upper()}")
    assert document["uuid"] == PROGRAM_UUID


def test_the_marketing_url_is_tracked_in_listings_only(api: Api) -> None:
    stored = PROGRAM["marketing_url"]
    listed = {item.get("uuid"): item for item in api.json(PATH)["results"]}
    assert listed[PROGRAM_UUID]["marketing_url"] == (
        f"{stored}?utm_medium=enterprise&utm_source=acme"
    )
    assert api.json(f"{PATH}/programs/{PROGRAM_UUID}")["marketing_url"] == stored
    nesting = "https://www.example.org/p?a=1&b=2&utm_medium=enterprise&utm_source=acme#top"
    assert listed[NESTING_PROGRAM]["marketing_url"] == nesting
    single = api.json(f"{PATH}/programs/{NESTING_PROGRAM}")["marketing_url"]
    assert single == "https://www.example.org/p?b=2&utm_source=theirs&a=1&utm_medium=x#top"
    course_url = listed[COURSE["uuid"]]["marketing_url"]
    bare = COURSE["marketing_url"].partition("?")[0]
    assert course_url == f"{bare}?utm_medium=enterprise&utm_source=acme"


@pytest.mark.parametrize("stored", [None, "", "not a url", "http://[", "/relative?a=1", 7])
def test_a_marketing_url_that_is_none_does_no_harm(shop: Shop, stored: object) -> None:
    shop.stock(open_course(shop.key("A"), marketing_url=stored))
    assert shop.api.json(f"{shop.path}/courses/{shop.key('A')}")["marketing_url"] == stored
    assert keys_of(shop.api.json(shop.path)) == [shop.key("A")]


def test_the_links_in_a_listing_are_those_of_the_single_document(api: Api) -> None:
    for item in api.json(PATH)["results"]:
        kind, key = ("courses", item["key"]) if "key" in item else ("programs", item["uuid"])
        single = api.json(f"{PATH}/{kind}/{key}")
        own = {name: value for name, value in item.items() if name in single}
        assert {**single, "marketing_url": None} == {**own, "marketing_url": None} or (
            "marketing_url" not in item
        )
        assert list(own) == list(single)


def test_documents_in_listings_say_what_they_are(api: Api) -> None:
    kinds = {}
    for item in api.json(PATH)["results"]:
        assert list(item)[-1] == "enrollment_url"
        kinds[item.get("key") or item["uuid"]] = (item["content_type"], item["aggregation_key"])
    assert kinds[COURSE_KEY] == ("course", f"course:{COURSE_KEY}")
    assert kinds[PROGRAM_UUID] == ("program", f"program:{PROGRAM_UUID}")
    root = xml_of(api.get(PATH))
    assert root.findtext(f"results/list-item[key='{COURSE_KEY}']/content_type") == "course"


def test_an_installation_can_leave_these_keys_out(service: Service) -> None:
    inside = Inside(create_app(Settings(listed_keys="reference"), service.database))
    token = f"JWT {service.token(ADMIN)}".encode()
    answer = inside.ask(
        "GET", PATH.encode(), [(b"authorization", token), (b"accept", b"application/json")]
    )
    inside.close()
    assert answer.status == 200
    for item in json.loads(answer.body)["results"]:
        assert "aggregation_key" not in item
        assert "content_type" not in item


def test_a_catalog_names_itself_after_its_content(api: Api) -> None:
    page = api.json(PATH)
    assert list(page) == [
        "count", "next", "previous", "results", "uuid", "title", "enterprise_customer",
    ]  # fmt: skip
    assert (page["uuid"], page["title"]) == (str(EXAMPLES), "Examples & more")
    assert page["enterprise_customer"] == str(ACME)


def test_unknown_keys_and_odd_values_are_sent_back(shop: Shop) -> None:
    odd = {
        "enrollment_url": "theirs",
        "price": "0.00",
        "when": "2026-02-30T99:00:00+99:00",
        "zz": {"b": [1, {"a": None}], "a": ""},
        "aa": 1.0,
        "marks": "\x01\x02\x03\x04\x05\x06",
    }
    stored = open_course(shop.key("Odd"), **odd)
    shop.stock(stored)
    document = shop.api.json(f"{shop.path}/courses/{shop.key('Odd')}")
    assert list(document)[-1] == "enrollment_url"
    assert document["enrollment_url"].startswith(DEFAULT_LMS)
    for name in set(odd) - {"enrollment_url"}:
        assert document[name] == odd[name]
    assert isinstance(document["aa"], float)
    assert list(document["zz"]) == ["b", "a"]


def test_a_run_of_its_own_answers_before_the_copy_in_its_course(shop: Shop) -> None:
    key, run_key = shop.key("A"), f"course-v1:{shop.key('A')}+1"
    shop.stock(course(key, run(run_key, title="In the course")))
    path = f"{shop.path}/course-runs/{run_key}"
    assert shop.api.json(path)["title"] == "In the course"
    shop.service.declare({"content": [{"course_run": run(run_key, title="Its own")}]})
    assert shop.api.json(path)["title"] == "Its own"
    assert keys_of(shop.api.json(shop.path)) == [key, run_key]


def test_a_run_that_left_its_course_is_unknown(shop: Shop) -> None:
    key, run_key = shop.key("A"), f"course-v1:{shop.key('A')}+1"
    shop.stock(course(key, run(run_key)))
    assert shop.api.get(f"{shop.path}/course-runs/{run_key}").status_code == 200
    shop.stock(course(key, run(run_key + "b")))
    assert shop.api.get(f"{shop.path}/course-runs/{run_key}").status_code == 404
    assert shop.api.get(f"{shop.path}/course-runs/{run_key}b").status_code == 200


def test_a_nested_run_is_no_item_of_its_own(api: Api) -> None:
    keys = keys_of(api.json(f"{CATALOGS}/{SHELF}", params={"limit": 1000}))
    assert not [key for key in keys if key.startswith("course-v1:")]
    assert api.get(f"{CATALOGS}/{SHELF}/course-runs/course-v1:ShelfX+C1+1T2026").status_code == 200
    assert api.get(f"{PATH}/course-runs/course-v1:ShelfX+C1+1T2026").status_code == 404
