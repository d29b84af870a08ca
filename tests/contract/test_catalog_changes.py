"""`updated_since`: what changed in a catalog, and what left it."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from testing.clients.api import CATALOGS, JsonObject, keys_of
from testing.shops.service import Service, Shop
from testing.worlds.contract import PAST, course, open_course, run

NEXT = "X-Next-Updated-Since"


def now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def changes(shop: Shop, since: str, **parameters: object) -> JsonObject:
    return shop.api.json(shop.path, params={"updated_since": since, **parameters})


def names(shop: Shop, page: JsonObject) -> list[str]:
    return [key.removeprefix(f"{shop.org}+") for key in keys_of(page)]


def removed(shop: Shop, page: JsonObject) -> list[str]:
    for item in page["removed"]:
        assert list(item)[1:] == ["content_type", "removed", "removed_at", "reason"]
        assert item["removed"] is True
    keys = (item.get("key") or item["uuid"] for item in page["removed"])
    return [key.removeprefix(f"{shop.org}+") for key in keys]


def reasons(shop: Shop, page: JsonObject) -> dict[str, str]:
    told = (item["reason"] for item in page["removed"])
    return dict(zip(removed(shop, page), told, strict=True))


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    shop.stock(*(open_course(shop.key(name)) for name in "ABC"))
    return shop


def test_nothing_changed_since_now(stocked: Shop) -> None:
    page = changes(stocked, now())
    assert (page["count"], page["results"], page["removed"]) == (0, [], [])
    assert list(page)[-1] == "removed"


def test_everything_changed_since_the_beginning(stocked: Shop) -> None:
    for beginning in ("2020-01-01", "0001-01-01T00:00:00Z", PAST):
        page = changes(stocked, beginning)
        assert (names(stocked, page), page["removed"]) == (["A", "B", "C"], [])


def test_a_listing_without_the_parameter_has_no_removed(stocked: Shop) -> None:
    page = stocked.api.json(stocked.path)
    assert "removed" not in page
    assert "removed" not in stocked.api.json(stocked.path, params={"updated_since": ""})


def test_new_and_changed_documents_are_reported(stocked: Shop) -> None:
    since = now()
    stocked.stock(
        open_course(stocked.key("A")),
        open_course(stocked.key("B"), title="New title"),
        open_course(stocked.key("D")),
    )
    page = changes(stocked, since)
    assert (names(stocked, page), page["removed"]) == (["B", "D"], [])
    assert page["results"][0]["title"] == "New title"


def test_a_document_that_closed_is_removed(stocked: Shop) -> None:
    since = now()
    stocked.stock(course(stocked.key("A"), run("course-v1:x+y+z", end=PAST)))
    page = changes(stocked, since)
    assert (page["results"], reasons(stocked, page)) == ([], {"A": "closed"})
    assert names(stocked, stocked.api.json(stocked.path)) == ["B", "C"]


def test_why_a_document_is_not_listed_any_more_is_told(stocked: Shop) -> None:
    since = now()
    for name in "DEF":
        stocked.stock(open_course(stocked.key(name)))
    closed = run("course-v1:x+y+z", is_enrollable=False, enrollment_start=None)
    stocked.stock(
        course(stocked.key("A"), run("course-v1:x+y+z", status="unpublished")),
        course(stocked.key("B"), closed),
        open_course(stocked.key("C"), owners=[]),
        course(stocked.key("N"), run("course-v1:x+y+never", status="unpublished")),
    )
    stocked.delete("D")
    page = changes(stocked, since)
    assert names(stocked, page) == ["E", "F"]
    # What was never listed is not told of.
    expected = {"A": "unpublished", "B": "closed", "C": "filtered", "D": "deleted"}
    assert reasons(stocked, page) == expected
    stocked.change(content_filter={"key": [stocked.key(name) for name in "ABE"]})
    page = changes(stocked, since)
    assert reasons(stocked, page) == expected | {"F": "filtered"}
    stocked.change(content_filter=None)
    everything = dict.fromkeys("ABCEF", "filtered") | {"D": "deleted"}
    assert reasons(stocked, changes(stocked, since)) == everything


def test_what_had_closed_before_is_not_told_again(stocked: Shop) -> None:
    stocked.stock(course(stocked.key("A"), run("course-v1:x+y+z", end=PAST)))
    since = now()
    stocked.stock(course(stocked.key("A"), run("course-v1:x+y+z", end=PAST), title="New"))
    page = changes(stocked, since)
    assert (page["results"], page["removed"]) == ([], [])


def test_a_hidden_program_is_unpublished(service: Service) -> None:
    uuid = str(uuid4())
    shop = service.open_shop(content_filter={"subtitle": uuid})
    program = {"uuid": uuid, "title": "P", "subtitle": uuid, "courses": []}
    shop.stock(program)
    since = now()
    shop.stock(program | {"hidden": True})
    (gone,) = changes(shop, since)["removed"]
    assert (gone["uuid"], gone["reason"]) == (uuid, "unpublished")


def test_every_page_tells_where_the_next_request_begins(stocked: Shop) -> None:
    asked = {"Accept": "application/json"}
    (listed,) = stocked.api.json(CATALOGS)["results"]
    first = stocked.api.get(stocked.path, headers=asked)
    since = first.headers["x-next-updated-since"]
    assert since == listed["content_last_modified"]
    known = asked | {"If-None-Match": first.headers["etag"]}
    unchanged = stocked.api.get(stocked.path, headers=known)
    assert (unchanged.status_code, unchanged.headers["x-next-updated-since"]) == (304, since)
    assert changes(stocked, since)["results"] == []
    stocked.stock(open_course(stocked.key("B"), title="New title"))
    assert names(stocked, changes(stocked, since)) == ["B"]


def test_a_document_that_no_longer_matches_is_removed(stocked: Shop) -> None:
    since = now()
    stocked.stock(open_course(stocked.key("B"), owners=[]))
    page = changes(stocked, since)
    assert (page["count"], removed(stocked, page)) == (0, ["B"])
    item = page["removed"][0]
    assert item["content_type"] == "course"
    assert since <= item["removed_at"] <= now()
    assert changes(stocked, now())["removed"] == []


def test_a_document_that_came_back_is_not_removed(stocked: Shop) -> None:
    since = now()
    stocked.stock(open_course(stocked.key("B"), owners=[]))
    stocked.stock(open_course(stocked.key("B")))
    page = changes(stocked, since)
    assert (names(stocked, page), page["removed"]) == (["B"], [])


def test_a_deleted_document_is_removed_from_every_view_of_the_catalog(stocked: Shop) -> None:
    since = now()
    before = stocked.api.get(stocked.path)
    stocked.delete("B")
    page = changes(stocked, since)
    assert (page["count"], removed(stocked, page)) == (0, ["B"])
    assert names(stocked, stocked.api.json(stocked.path)) == ["A", "C"]
    assert stocked.api.get(stocked.path).headers["etag"] != before.headers["etag"]
    assert stocked.api.get(f"{stocked.path}/courses/{stocked.key('B')}").status_code == 404
    stocked.stock(open_course(stocked.key("B")))
    back = changes(stocked, since)
    assert (names(stocked, back), back["removed"]) == (["B"], [])


def test_a_changed_filter_tells_what_it_lets_in_and_what_it_leaves_out(stocked: Shop) -> None:
    since = now()
    stocked.change(content_filter={"key": [stocked.key("B"), stocked.key("C")]})
    first = changes(stocked, since)
    assert (first["count"], removed(stocked, first)) == (0, ["A"])
    middle = now()
    stocked.change(content_filter={"key": [stocked.key("A"), stocked.key("B")]})
    page = changes(stocked, middle)
    assert (names(stocked, page), removed(stocked, page)) == (["A"], ["C"])
    whole = changes(stocked, since)
    assert removed(stocked, whole) == ["C"]
    assert names(stocked, whole) == ["A"]


def test_a_filter_that_goes_away_removes_everything(stocked: Shop) -> None:
    since = now()
    stocked.change(content_filter=None)
    page = changes(stocked, since)
    assert (page["count"], removed(stocked, page)) == (0, ["A", "B", "C"])
    stocked.change(content_filter={"org": stocked.org})
    back = changes(stocked, since)
    assert (names(stocked, back), back["removed"]) == (["A", "B", "C"], [])


def test_a_shared_filter_that_comes_back_brings_everything_back(
    service: Service, stocked: Shop
) -> None:
    service.open_shop(content_filter={"org": stocked.org})
    stocked.change(content_filter=None)
    since = now()
    assert changes(stocked, since)["count"] == 0
    stocked.change(content_filter={"org": stocked.org})
    assert names(stocked, changes(stocked, since)) == ["A", "B", "C"]


def test_a_changed_filter_does_not_hide_what_changed_or_joined_before(stocked: Shop) -> None:
    stocked.change(content_filter={"level": stocked.org})
    since = now()
    run_key = f"course-v1:{stocked.key('A')}+1"
    stocked.service.declare({"content": [{"course_run": run(run_key, level=stocked.org)}]})
    assert names(stocked, changes(stocked, since)) == ["A", run_key]
    stocked.change(content_filter={"level": [stocked.org, "x"]})
    assert names(stocked, changes(stocked, since)) == ["A", run_key]


def test_what_left_before_the_filter_changed_is_still_told(stocked: Shop) -> None:
    since = now()
    stocked.stock(open_course(stocked.key("A"), owners=[]))
    stocked.change(content_filter={"org": stocked.org, "title__icontains": "course"})
    page = changes(stocked, since)
    assert removed(stocked, page) == ["A"]


def test_two_catalogs_of_one_filter_each_have_a_history_of_their_own(
    service: Service, stocked: Shop
) -> None:
    since = now()
    joined = service.open_shop(content_filter={"org": stocked.org})
    assert changes(stocked, since)["count"] == 0
    assert names(stocked, changes(joined, since)) == ["A", "B", "C"]
    assert changes(joined, now())["count"] == 0
    stocked.change(content_filter={"key": stocked.key("A")})
    assert removed(stocked, changes(stocked, since)) == ["B", "C"]
    assert changes(joined, since)["removed"] == []


def test_a_catalog_that_took_over_an_old_filter_does_not_remove_what_it_never_had(
    service: Service, stocked: Shop
) -> None:
    since = now()
    stocked.stock(open_course(stocked.key("B"), owners=[]))
    joined = service.open_shop(content_filter={"org": stocked.org})
    assert changes(joined, since)["removed"] == []


def test_removed_programs_are_named_by_their_uuid(service: Service) -> None:
    uuid = str(uuid4())
    shop = service.open_shop(content_filter={"subtitle": uuid})
    program = {"uuid": uuid, "title": "P", "subtitle": uuid, "courses": []}
    shop.stock(program)
    since = now()
    shop.stock(program | {"subtitle": ""})
    page = changes(shop, since)
    assert [(item["uuid"], item["content_type"]) for item in page["removed"]] == [(uuid, "program")]


def test_learner_pathways_are_listed_as_what_they_are(service: Service) -> None:
    uuid = str(uuid4())
    shop = service.open_shop(
        content_filter={"content_type": "learnerpathway", "partner.name": uuid}
    )
    pathway = {
        "uuid": uuid,
        "title": "Data Engineer",
        "partner": {"name": uuid},
        "steps": [],
        "content_type": "learnerpathway",
        "enrollment_url": "https://theirs.example",
    }
    shop.import_documents(pathway, pathway | {"content_type": "program", "courses": []})
    del pathway["enrollment_url"]
    aggregation = {"aggregation_key": f"learnerpathway:{uuid}"}
    assert shop.api.json(shop.path)["results"] == [pathway | aggregation]
    since = now()
    shop.import_documents(pathway | {"partner": {}})
    page = changes(shop, since)
    assert shop.api.json(shop.path)["results"] == []
    (gone,) = page["removed"]
    assert (gone["uuid"], gone["content_type"]) == (uuid, "learnerpathway")


def test_every_page_has_all_that_was_removed(stocked: Shop) -> None:
    since = now()
    stocked.stock(
        *(open_course(stocked.key(f"N{n}")) for n in range(5)),
        *(open_course(stocked.key(name), owners=[]) for name in "AB"),
    )
    pages = list(stocked.api.pages(stocked.path, params={"updated_since": since, "limit": 2}))
    assert [len(page["results"]) for page in pages] == [2, 2, 1]
    assert [removed(stocked, page) for page in pages] == [["A", "B"]] * 3


def test_keys_narrow_down_both_parts(stocked: Shop) -> None:
    since = now()
    stocked.stock(
        open_course(stocked.key("A"), owners=[]),
        open_course(stocked.key("B"), owners=[]),
        open_course(stocked.key("C"), title="New"),
        open_course(stocked.key("D")),
    )
    keys = [stocked.key("A"), stocked.key("D")]
    page = changes(stocked, since, content_keys=keys)
    assert (names(stocked, page), removed(stocked, page)) == (["D"], ["A"])


@pytest.mark.parametrize("form", ["{}Z", "{}+00:00", "{}", "{}.000001Z"])
def test_an_instant_may_be_written_with_any_offset(stocked: Shop, form: str) -> None:
    since = form.format("2026-01-01T00:00:00")
    assert changes(stocked, since)["count"] == 3


def test_removed_runs_follow_their_course(shop: Shop) -> None:
    key, run_key = shop.key("A"), f"course-v1:{shop.key('A')}+1"
    shop.change(content_filter={"level": shop.org})
    shop.stock(course(key, run(run_key), level=shop.org))
    shop.service.declare({"content": [{"course_run": run(run_key)}]})
    since = now()
    shop.stock(course(key, run(run_key)))
    page = changes(shop, since)
    assert [(item["key"], item["content_type"]) for item in page["removed"]] == [
        (key, "course"),
        (run_key, "courserun"),
    ]


def test_the_value_to_use_next_is_documented(stocked: Shop) -> None:
    page = stocked.api.get(stocked.path)
    assert changes(stocked, page.headers[NEXT])["results"] == []
    document = stocked.api.get("/openapi.json").json()
    operation = document["paths"]["/enterprise/v2/enterprise-catalogs/{catalog_id}"]["get"]
    assert NEXT in operation["responses"]["200"]["headers"]
