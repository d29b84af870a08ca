"""What is listed depends on the clock; what answers on its own URL does not."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest

from testing.clients.api import CATALOGS, Api, keys_of
from testing.shops.service import Service, Shop
from testing.waiting import wait_until
from testing.worlds.contract import (
    EXAMPLES,
    FUTURE,
    PAST,
    RUN_KEY,
    WINDOW_CASES,
    WINDOWS,
    course,
    open_course,
    run,
    window_key,
)

PATH = f"{CATALOGS}/{WINDOWS}"


@pytest.fixture(scope="module")
def listed(api: Api) -> set[str]:
    page = api.json(PATH, params={"limit": 1000})
    assert page["count"] == len(page["results"])
    return set(keys_of(page))


@pytest.mark.parametrize("case", WINDOW_CASES)
def test_whether_a_course_is_listed_when_its_run_is(api: Api, listed: set[str], case: str) -> None:
    key = window_key(case)
    assert (key in listed) is WINDOW_CASES[case][1]
    assert api.json(f"{PATH}/courses/{key}")["key"] == key
    assert api.get(f"{PATH}/course-runs/course-v1:{key}+1").status_code == 200


def test_one_open_run_of_several_is_enough(api: Api, listed: set[str]) -> None:
    assert "WindowX+Two" in listed
    runs = api.json(f"{PATH}/courses/WindowX+Two")["course_runs"]
    assert len(runs) == 2


def test_a_course_without_runs_is_not_listed(api: Api, listed: set[str]) -> None:
    assert "WindowX+Alone" not in listed
    assert api.get(f"{PATH}/courses/WindowX+Alone").status_code == 200


def test_a_run_of_its_own_is_listed_by_the_same_test(shop: Shop) -> None:
    runs = {
        "open": run(f"course-v1:{shop.key('Open')}+1", enrollment_end=FUTURE),
        "closed": run(f"course-v1:{shop.key('Closed')}+1", enrollment_end=PAST),
    }
    shop.change(content_filter={"key": [item["key"] for item in runs.values()]})
    shop.service.declare({"content": [{"course_run": item} for item in runs.values()]})
    assert keys_of(shop.api.json(shop.path)) == [runs["open"]["key"]]
    for item in runs.values():
        assert shop.api.get(f"{shop.path}/course-runs/{item['key']}").status_code == 200


def test_the_ended_reference_run_is_not_listed(api: Api) -> None:
    assert RUN_KEY not in keys_of(api.json(f"{CATALOGS}/{EXAMPLES}"))
    chosen = api.json(f"{CATALOGS}/{EXAMPLES}", params={"content_keys": RUN_KEY})
    assert keys_of(chosen) == [RUN_KEY]


def test_chosen_documents_are_listed_though_they_are_closed(api: Api) -> None:
    keys = sorted([window_key("ended"), window_key("open without dates"), "WindowX+Alone"])
    page = api.json(PATH, params={"content_keys": [*keys, "WindowX+Unknown"]})
    assert (page["count"], keys_of(page)) == (3, keys)
    assert "removed" not in page
    with_spaces = "&".join(f"content_keys={key}" for key in keys)
    assert keys_of(api.json(f"{PATH}?{with_spaces}")) == keys


def test_a_window_that_closes_changes_count_page_etag_and_date(service: Service) -> None:
    # The sooner it closes the better, but a busy machine may be too slow to look before that.
    assert any(
        has_seen_it_close(service.open_shop(), timedelta(seconds=seconds))
        for seconds in (1.6, 8, 40)
    )


def http_date_of(response: httpx.Response) -> datetime:
    return parsedate_to_datetime(response.headers["last-modified"])


def has_seen_it_close(shop: Shop, duration: timedelta) -> bool:
    """Whether there was time to look before. What was seen then is asserted."""
    closes = datetime.now(UTC) + duration
    instant = closes.isoformat().replace("+00:00", "Z")
    closing = run(f"course-v1:{shop.key('B')}+1", enrollment_end=instant)
    shop.stock(
        open_course(shop.key("A")), course(shop.key("B"), closing), open_course(shop.key("C"))
    )
    started = datetime.now(UTC)
    before = shop.api.get(shop.path, headers={"Accept": "application/json"})
    if datetime.now(UTC) >= closes:
        return False
    single = shop.api.get(f"{shop.path}/courses/{shop.key('B')}")
    assert keys_of(before.json()) == [shop.key("A"), shop.key("B"), shop.key("C")]
    known = {"If-None-Match": before.headers["etag"], "Accept": "application/json"}
    unchanged = shop.api.get(shop.path, headers=known).status_code
    if datetime.now(UTC) >= closes:
        return False
    assert unchanged == 304

    wait_until(lambda: datetime.now(UTC) > closes, "the window has closed")
    after = shop.api.get(shop.path, headers=known)
    assert after.status_code == 200
    assert keys_of(after.json()) == [shop.key("A"), shop.key("C")]
    assert after.json()["count"] == 2
    assert after.headers["etag"] != before.headers["etag"]
    assert http_date_of(after) == closes.replace(microsecond=0)
    since = {"If-Modified-Since": before.headers["last-modified"]}
    assert shop.api.get(shop.path, headers=since).status_code == 200
    again = shop.api.get(f"{shop.path}/courses/{shop.key('B')}")
    assert (again.status_code, again.content) == (200, single.content)

    asked = started.isoformat().replace("+00:00", "Z")
    changed = shop.api.json(shop.path, params={"updated_since": asked})
    assert changed["results"] == []
    (gone,) = changed["removed"]
    assert (gone["key"], gone["removed_at"], gone["reason"]) == (shop.key("B"), instant, "closed")
    (catalog,) = shop.api.json(CATALOGS)["results"]
    assert catalog["content_last_modified"] == instant
    assert http_date_of(shop.api.get(CATALOGS)) == closes.replace(microsecond=0)
    return True
