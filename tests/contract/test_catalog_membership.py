import pytest

from testing.clients.api import CATALOGS, Api, keys_of
from testing.shops.service import Service, Shop
from testing.worlds.contract import (
    COURSE_KEY,
    EVERYTHING,
    EXAMPLES,
    HIDDEN_PROGRAM,
    LEGACY_KEY,
    NESTING_PROGRAM,
    NOTHING,
    PROGRAM_UUID,
    RUN_KEY,
    SHELF_KEYS,
    UNFILTERED,
    WINDOW_CASES,
    Document,
    course,
    identifier,
    open_course,
    run,
    window_key,
)


@pytest.fixture
def family(shop: Shop) -> Shop:
    """Two courses, two runs of each of which one is imported by itself, and a program."""
    for name in ("One", "Two"):
        runs = [run(f"course-v1:{shop.key(name)}+{n}") for n in (1, 2)]
        shop.stock(course(shop.key(name), *runs, level=f"{shop.org} {name}"))
        imported = {**runs[1], "pacing": f"{shop.org} {name}", "course": shop.key(name)}
        shop.service.declare({"content": [{"course_run": imported}]})
    shop.stock(
        {
            "uuid": str(identifier(shop.org)),
            "title": "Program",
            "courses": [open_course(shop.key("One"))],
        }
    )
    return shop


def members(shop: Shop, content_filter: Document | None) -> list[str]:
    shop.change(content_filter=content_filter)
    keys = keys_of(shop.api.json(shop.path, params={"limit": 1000}))
    return [key.replace(f"{shop.org}+", "").replace("course-v1:", "") for key in keys]


def test_a_run_belongs_when_its_course_does(family: Shop) -> None:
    first = family.key("One")
    assert members(family, {"org": family.org, "key": first}) == ["One", "One+2"]
    nested = f"{family.path}/course-runs/course-v1:{first}+1"
    assert family.api.get(nested).status_code == 200
    assert members(family, {"level": f"{family.org} Two"}) == ["Two", "Two+2"]
    assert family.api.get(nested).status_code == 404


def test_a_course_belongs_when_one_of_its_runs_does(family: Shop) -> None:
    assert members(family, {"pacing": f"{family.org} One"}) == ["One", "One+2"]
    assert members(family, {"content_type": "courserun", "course": family.key("Two")}) == [
        "Two",
        "Two+2",
    ]


def test_a_program_belongs_only_when_it_matches_itself(family: Shop) -> None:
    program = str(identifier(family.org))
    assert program not in members(family, {"org": family.org})
    assert members(family, {"uuid": program}) == [program]
    assert family.api.get(f"{family.path}/programs/{program}").status_code == 200
    assert family.api.get(f"{family.path}/courses/{family.key('One')}").status_code == 404


def test_a_run_without_its_course_stands_alone(shop: Shop) -> None:
    alone = run(f"course-v1:{shop.key('Alone')}+1", pacing="x")
    shop.service.declare({"content": [{"course_run": alone}]})
    assert members(shop, {"key": alone["key"]}) == ["Alone+1"]
    assert shop.api.get(f"{shop.path}/courses/{shop.key('Alone')}").status_code == 404
    shop.stock(open_course(shop.key("Alone")))
    assert members(shop, {"key": alone["key"]}) == ["Alone", "Alone+1"]


def test_content_that_changes_joins_and_leaves(shop: Shop) -> None:
    shop.change(content_filter={"org": shop.org, "level__in": ["easy", "hard"]})
    shop.stock(open_course(shop.key("A"), level="easy"), open_course(shop.key("B"), level="none"))
    assert keys_of(shop.api.json(shop.path)) == [shop.key("A")]
    shop.stock(open_course(shop.key("A"), level="none"), open_course(shop.key("B"), level="hard"))
    assert keys_of(shop.api.json(shop.path)) == [shop.key("B")]
    assert shop.api.get(f"{shop.path}/courses/{shop.key('A')}").status_code == 404


def test_forced_content_is_included_whatever_the_rest_says(api: Api) -> None:
    page = api.json(f"{CATALOGS}/{EXAMPLES}", params={"limit": 100})
    assert keys_of(page) == sorted([COURSE_KEY, LEGACY_KEY, PROGRAM_UUID, NESTING_PROGRAM])
    for part in (f"course-runs/{RUN_KEY}", f"programs/{HIDDEN_PROGRAM}"):
        assert api.get(f"{CATALOGS}/{EXAMPLES}/{part}").status_code == 200


def test_a_hidden_program_answers_on_its_own_url_only(api: Api) -> None:
    for catalog in (EXAMPLES, EVERYTHING):
        page = api.json(f"{CATALOGS}/{catalog}", params={"limit": 1000})
        assert HIDDEN_PROGRAM not in keys_of(page)
        assert PROGRAM_UUID in keys_of(page)
        document = api.json(f"{CATALOGS}/{catalog}/programs/{HIDDEN_PROGRAM}")
        assert document["title"] == "Hidden"


def test_an_empty_filter_selects_everything_and_no_filter_nothing(api: Api) -> None:
    everything = set(keys_of(api.json(f"{CATALOGS}/{EVERYTHING}", params={"limit": 1000})))
    assert {*SHELF_KEYS, COURSE_KEY, PROGRAM_UUID, LEGACY_KEY} <= everything
    for catalog in (UNFILTERED, NOTHING):
        assert api.json(f"{CATALOGS}/{catalog}")["count"] == 0
        assert api.get(f"{CATALOGS}/{catalog}/courses/{COURSE_KEY}").status_code == 404
        assert api.get(f"{CATALOGS}/{catalog}/course-runs/{RUN_KEY}").status_code == 404
        assert api.get(f"{CATALOGS}/{catalog}/programs/{PROGRAM_UUID}").status_code == 404


def test_a_filter_that_comes_back_selects_what_was_imported_meanwhile(shop: Shop) -> None:
    shop.stock(open_course(shop.key("A")))
    for title in ("second", "third", "fourth"):
        shop.stock(open_course(shop.key("A"), title=title))
    assert keys_of(shop.api.json(shop.path)) == [shop.key("A")]
    assert members(shop, {"org": "nobody"}) == []
    shop.stock(open_course(shop.key("B")))
    assert members(shop, {"org": shop.org}) == ["A", "B"]


@pytest.mark.parametrize(
    ("content_filter", "selected"),
    [
        ({"content_type": "course"}, {"course": True, "program": False}),
        ({"content_type": ["program"]}, {"course": False, "program": True}),
        ({"content_type": ["course", "program"]}, {"course": True, "program": True}),
        ({"key__in": [COURSE_KEY, "x"]}, {"course": True, "program": False}),
        ({"owners.key": "edx", "title__icontains": "TRENCH"}, {"course": True, "program": False}),
        ({"partner": "nobody"}, {"course": False, "program": False}),
        ({"aggregation_key": f"course:{COURSE_KEY}"}, {"course": True, "program": False}),
        ({"aggregation_key": [f"program:{PROGRAM_UUID}"]}, {"course": False, "program": True}),
        ({"degree__exists": True, "type": "Masters"}, {"course": False, "program": True}),
    ],
)
def test_filters_select_among_the_reference_documents(
    service: Service, content_filter: Document, selected: dict[str, bool]
) -> None:
    shop = service.open_shop(content_filter=content_filter)
    found = {
        "course": shop.api.get(f"{shop.path}/courses/{COURSE_KEY}").status_code == 200,
        "program": shop.api.get(f"{shop.path}/programs/{PROGRAM_UUID}").status_code == 200,
    }
    assert found == selected


def test_an_item_outside_the_catalog_is_not_found_in_it(api: Api) -> None:
    for key in (SHELF_KEYS[0], window_key(next(iter(WINDOW_CASES)))):
        assert api.get(f"{CATALOGS}/{EXAMPLES}/courses/{key}").status_code == 404
        assert api.get(f"{CATALOGS}/{EVERYTHING}/courses/{key}").status_code == 200
