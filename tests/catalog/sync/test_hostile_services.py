"""What a service may answer instead of its lists: each ends the run with a sentence."""

import json

import pytest

from bursar.catalog.sync.source import Listing
from bursar.catalog.sync.states import SyncState
from bursar.connectors.discovery import client
from bursar.database.engine import Database
from testing.fakes.discovery import Trouble
from testing.worlds.discovery import Syncing, a_course, as_page, stored, syncing

HTML = {"Content-Type": "text/html; charset=utf-8"}


def reason_of(world: Syncing, database: Database) -> str:
    report = world.sync(database)
    assert report.state is SyncState.OPEN
    assert stored(database) == {}
    assert report.reason
    return report.reason


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (
            Trouble("courses", status=200, body="<html>Sign in</html>", headers=HTML),
            "with a page for people, not with JSON",
        ),
        (Trouble("courses", status=200, body="[]"), "is no page of results"),
        (Trouble("courses", status=200, body='{"results": 3}'), "is no page of results"),
        (Trouble("courses", status=200, body='{"results": ['), "is no page of results"),
        (Trouble("courses", status=200, body="[" * 100_000), "is no page of results"),
        (Trouble("courses", status=200, body=""), "is no page of results"),
        (
            Trouble("courses", status=302, headers={"Location": "https://login.example/?next=x"}),
            "redirects /api/v1/courses/ to login.example",
        ),
        (Trouble("courses", status=404), "is BURSAR_DISCOVERY_URL right?"),
        (Trouble("courses", status=400, body='{"detail": "No."}'), "with status 400 (No.)"),
        (Trouble("courses", status=503, times=9), "answered /api/v1/courses/ with status 503"),
        (Trouble("courses", status=200, drops=True, times=9), "the connection to the discovery"),
    ],
)
def test_an_answer_that_is_no_page(database: Database, trouble: Trouble, reason: str) -> None:
    with syncing() as world:
        world.service.script(trouble)
        assert reason in reason_of(world, database)


@pytest.mark.parametrize(
    "link",
    [
        "http://evil.example/api/v1/courses/?page=2",
        "//evil.example/api/v1/courses/?page=2",
        "http://127.0.0.1/api/v1/people/?page=2",
        "http://127.0.0.1/?page=2",
        "file:///api/v1/courses/?page=2",
        "http://[::1/api/v1/courses/?page=2",
        "http://127.0.0.1/api/v1/courses/",
        "http://127.0.0.1/api/v1/courses/?page=2&x=%01\x01",
        f"http://127.0.0.1/api/v1/courses/?page={'2' * 5000}",
    ],
)
def test_a_link_that_leads_elsewhere_is_not_followed(database: Database, link: str) -> None:
    with syncing() as world:
        if link.startswith("file:"):
            world.service.next_links = lambda *_: link.replace("file://", "file://other")
        else:
            world.service.next_links = lambda *_: link
        assert "the link to the next page of /api/v1/courses/" in reason_of(world, database)
        assert len(world.service.asked) == 1


def test_a_service_behind_a_proxy_gets_its_own_scheme_and_port_wrong(database: Database) -> None:
    with syncing() as world:
        port = world.url.rpartition(":")[2]

        def wrong(_listing: str, link: str) -> str | None:
            last = {"courses": 3, "course_runs": 3, "programs": 1, "search": 4}[_listing]
            here = link.replace(f":{port}", "").replace("http:", "https:")
            return here if f"page={last + 1}&" not in link else None

        world.service.next_links = wrong
        assert world.sync(database).state is SyncState.DONE
    assert len(stored(database)) == 11


def test_the_same_page_for_ever(database: Database) -> None:
    with syncing(page_size=5) as world:
        page = as_page([a_course(1)], f"{world.url}/api/v1/courses/?page=2", count=1_000_000)
        world.service.script(Trouble("courses", status=200, body=page, times=50))
        assert "page 2 of courses is page 1 again" in reason_of(world, database)
        assert len(world.service.asked) == 2


def test_pages_that_lead_back(database: Database) -> None:
    with syncing() as world:
        world.service.next_links = lambda _, link: link.split("?")[0] + "?page=2&page_size=2"
        assert "page 2 of courses leads back to page 2" in reason_of(world, database)


def test_a_million_pages_of_new_things(database: Database) -> None:
    """More than the list says that it has."""
    with syncing() as world:
        for number in range(1, 60):
            following = f"{world.url}/api/v1/courses/?page={number + 1}"
            body = as_page([a_course(number)], following, count=3)
            world.service.script(Trouble("courses", page=number, status=200, body=body))
        assert "courses has more pages than things" in reason_of(world, database)
        assert len(world.service.asked) == 3 + 20 + 1


def test_an_answer_that_is_too_long(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "MOST_BYTES", 1024 * 1024)
    with syncing() as world:
        body = json.dumps({"results": ["x" * 2_000_000]})
        world.service.script(Trouble("courses", status=200, body=body))
        assert "lower BURSAR_DISCOVERY_PAGE_SIZE" in reason_of(world, database)


def test_a_wrong_secret(database: Database) -> None:
    with syncing(secret="wrong") as world:
        reason = reason_of(world, database)
    assert reason == "the LMS gives no access token for the discovery service: status 401"


def test_an_account_that_may_not_read(database: Database) -> None:
    with syncing() as world:
        world.service.may_read = False
        reason = reason_of(world, database)
    assert "does not let Bursar's account read" in reason


def test_a_token_that_was_taken_back_is_replaced_once(database: Database) -> None:
    with syncing() as world:
        source = world.source()
        source.sign_in()
        world.service.tokens.clear()
        listed = source.page(Listing.COURSES, "page=1&page_size=2", world.wait)
        assert len(listed.results) == 2
        source.close()
    assert world.service.calls["token"] == 2


def test_a_service_that_takes_no_token_says_so(database: Database) -> None:
    with syncing() as world:
        world.service.script(Trouble("courses", status=401, times=2))
        assert "does not accept the LMS's token" in reason_of(world, database)
