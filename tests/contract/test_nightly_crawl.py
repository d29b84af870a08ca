"""The nightly crawl of a company, night after night."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from testing.clients.api import connect
from testing.clients.nightly import NightlyCrawl
from testing.shops.service import Service, Shop
from testing.worlds.contract import PAST, client, course, open_course, run

SECRET = "a secret of the nightly crawl"
MANY = 23
"""Courses: more than fit on a page."""


@pytest.fixture
def crawl(service: Service, shop: Shop) -> Iterator[NightlyCrawl]:
    name = f"{shop.org}-nightly"
    shop.declare(clients=[client(name, "admin", SECRET) | {"default_format": "json"}])
    with connect(service.url) as http:
        yield NightlyCrawl(http, name, SECRET)


def test_it_follows_what_opens_and_closes(shop: Shop, crawl: NightlyCrawl) -> None:
    numbered = sorted(shop.key(f"N{number}") for number in range(MANY))
    program = {"uuid": str(uuid4()), "title": "P", "org": shop.org, "type": "X", "courses": []}
    own_run = run(f"course-v1:{shop.key('N0')}+own", course=shop.key("N0"))
    shop.stock(*(open_course(key) for key in numbered), program)
    shop.import_documents(own_run)
    crawl.tonight()
    assert crawl.active() == (numbered, [own_run["key"]], [program["uuid"]])
    assert {path.split("/")[2] for path in crawl.paths} == {"v1"}
    assert len(crawl.paths) == 3  # of the catalogs, and two of the catalog

    closed, deleted, unpublished, *others = numbered
    shop.stock(
        course(closed, run(f"course-v1:{closed}+1", end=PAST)),
        course(unpublished, run(f"course-v1:{unpublished}+1", status="unpublished")),
        open_course(others[0], title="New title"),
        program | {"hidden": True},
    )
    shop.delete(deleted.removeprefix(f"{shop.org}+"))
    crawl.tonight()
    assert crawl.active()[0] == others
    assert crawl.active()[2] == []
    assert crawl.courses[others[0]].title == "New title"
    assert not crawl.courses[closed].is_active
    link = f"/course/{others[0]}/enroll/?catalog={shop.catalog_uuid}"
    assert link in crawl.courses[others[0]].link

    shop.stock(open_course(closed), open_course(deleted), program)
    crawl.tonight()
    assert crawl.active()[0] == sorted([closed, deleted, *others])
    assert crawl.active()[2] == [program["uuid"]]


def test_a_restricted_run_is_not_seen(shop: Shop, crawl: NightlyCrawl) -> None:
    key = f"course-v1:{shop.key('A')}+restricted"
    restricted = run(key, course=shop.key("A"), restriction_type="custom-b2b-enterprise")
    shop.stock(course(shop.key("A"), restricted))
    shop.import_documents(restricted)
    crawl.tonight()
    assert crawl.active() == ([], [], [])
    allowed = {"restricted_runs_allowed": {f"course:{shop.key('A')}": [key]}}
    shop.change(content_filter={"org": shop.org} | allowed)
    crawl.tonight()
    assert crawl.active() == ([shop.key("A")], [key], [])
