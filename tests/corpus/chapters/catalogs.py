"""Catalogs: every parameter, every document in both formats, and what changes in between."""

from tests.corpus import world
from tests.corpus.stage import JSON, XML, Stage

LIST = "/enterprise/v2/enterprise-catalogs"
EVERYTHING, EXAMPLES, SHELF = (
    f"{LIST}/{uuid}" for uuid in (world.EVERYTHING, world.EXAMPLES, world.SHELF)
)


def play(stage: Stage) -> None:
    _list(stage)
    _pages(stage)
    _documents(stage)
    _changes(stage)


def _list(stage: Stage) -> None:
    for query in (
        "page_size=2",
        "page_size=2&page=2",
        "page_size=2&page=last",
        "page_size=2&page=4",
        "page=0",
        "page=x",
        "page_size=0",
        "page_size=-1&page=1",
        "page_size=x",
        "page_size=1000",
        f"enterprise_customer={world.ACME}&page_size=1",
        f"enterprise_customer={world.GLOBEX}",
        f"enterprise_customer={world.UNKNOWN}",
        "enterprise_customer=x",
        "enterprise_customer=&unknown=1&page_size=1",
    ):
        for accept in (JSON, XML):
            stage.get(f"{LIST}?{query}", accept=accept)
    stage.get(f"{LIST}?page_size=5&page=2", by=world.BOTH)
    stage.get(f"{LIST}?enterprise_customer={world.GLOBEX}", by=world.BOTH)


def _pages(stage: Stage) -> None:
    for query in (
        "limit=5",
        "limit=5&page=2",
        "limit=5&page=last",
        "limit=5&page=4",
        "limit=5&page=0",
        "limit=5&page=x",
        "limit=0&page_size=1",
        "limit=x&page=last",
        "page_size=4&page=3",
        "limit=3&page_size=5",
        "content_keys=ShelfX%2BC1&content_keys=ShelfX+C2&content_keys=NoX%2BSuch",
        "content_keys=",
        "content_keys=ShelfX%2BC1&page=2",
        "&".join(f"content_keys=k{number}" for number in range(101)),
        "updated_since=2026-03-02T08:00:00Z&limit=1",
        "updated_since=2026-03-02T10:00:00%2B01:00&limit=1",
        "updated_since=2026-03-03",
        "updated_since=x&page=x&limit=y",
        "updated_since=0001-01-01T00:00:00%2B14:00",
        "search=unknown&limit=1",
    ):
        stage.get(f"{SHELF}?{query}")
    for accept in (JSON, XML):
        stage.get(f"{SHELF}?updated_since=x", accept=accept)
    for uuid in (world.NOTHING, world.UNFILTERED, world.HOSTILE):
        for accept in (JSON, XML):
            stage.get(f"{LIST}/{uuid}", accept=accept)
    stage.get(EXAMPLES)
    stage.get(EXAMPLES, accept=XML)
    stage.get(f"{EVERYTHING}?page=last&limit=7")


def _documents(stage: Stage) -> None:
    runs = world.COURSE["course_runs"][0]["key"]
    for path in (
        f"courses/{world.COURSE['key']}",
        f"courses/{world.COURSE['key'].replace('+', '%2B')}/",
        f"courses/{world.LEGACY_KEY}",
        f"courses/{world.LEGACY_KEY.replace('/', '%2F')}",
        "courses/NoX+Such",
        f"courses/{world.RUN['key']}",
        f"course-runs/{world.RUN['key']}",
        f"course-runs/{runs}",
        f"course-runs/{world.LEGACY_RUN_KEY}",
        "course-runs/course-v1:NoX+Such+1",
        f"course-runs/{world.COURSE['key']}",
        f"programs/{world.PROGRAM['uuid']}",
        f"programs/{world.NESTING_PROGRAM}",
        f"programs/{world.HIDDEN_PROGRAM}",
        f"programs/{world.UNKNOWN}",
        "courses/ShelfX+C1",
    ):
        for accept in (JSON, XML):
            stage.get(f"{EXAMPLES}/{path}", accept=accept)
    hostile = f"{LIST}/{world.HOSTILE}"
    stage.get(f"{hostile}/courses/{world.HOSTILE_KEY}", accept=XML)
    stage.get(f"{hostile}/course-runs/{world.run_of(world.HOSTILE_KEY)}")
    stage.get(f"{EVERYTHING}/courses/{world.CLOSED}")


def _changes(stage: Stage) -> None:
    stage.at("2026-03-03T09:00:00.250Z")
    changed = world.single("ShelfX+C1") | {"title": "Another title"}
    closed = world.single("ShelfX+C2", is_enrollable=False)
    stage.apply({"content": [{"course": changed}, {"course": closed}]}, "--dry-run")
    stage.apply({"content": [{"course": changed}, {"course": closed}]})
    since = "updated_since=2026-03-02T12:00:00Z"
    stage.get(f"{SHELF}?{since}")
    stage.get(f"{SHELF}?{since}", accept=XML)
    stage.get(f"{SHELF}?limit=2")
    stage.get(f"{SHELF}/courses/ShelfX+C2")
    stage.at("2026-03-03T10:00:00Z")
    narrower = {"org": "ShelfX", "key__not": ["ShelfX+C3", "ShelfX+C4"], "content_type": "course"}
    named = {"uuid": world.ACME, "name": "Acme Corporation", "slug": "acme"}
    catalog = world.catalog(world.SHELF, "Narrower shelf", narrower)
    stage.apply({"enterprises": [named | {"catalogs": [catalog]}]})
    stage.get(f"{SHELF}?{since}")
    stage.get(f"{SHELF}?{since}&page=last&limit=1", accept=XML)
    stage.get(f"{SHELF}/courses/ShelfX+C3")
    stage.get(f"{LIST}?page_size=3")
    tag = stage.header("etag", f"{SHELF}?limit=1", JSON)
    stage.get(f"{SHELF}?limit=1", if_none_match=tag)
    lines = ['{"key": "ShelfX+New", "title": "New", "course_runs": []}', "{", '{"title": "x"}']
    name = stage.write("content.ndjson", "\n".join(lines))
    stage.run("import", "content", name, "--strict")
    stage.run("import", "content", name)
    stage.get(f"{SHELF}/courses/ShelfX+New")
    # What closes by the clock alone.
    stage.get(f"{EVERYTHING}?content_keys={world.SHORT.replace('+', '%2B')}")
    stage.get(f"{EVERYTHING}?limit=1")
    _refused(stage)


def _refused(stage: Stage) -> None:
    named = {"uuid": world.ACME, "name": "Acme Corporation", "slug": "acme"}
    filters = {"content_type": "video", "price__gt": "x", "key__like": "y", "a__in": 1}
    plan = world.plan("bad", -1, start_date="2027-01-01", expiration_date="2026-01-01")
    wrong = {
        "catalogs": [world.catalog(world.UNKNOWN, "Wrong", filters)],
        "policies": [world.policy("bad", subsidy_uuid=world.UNKNOWN)],
        "subscription_plans": [plan],
        "learners": [{"email": "nobody"}],
        "enrollments": [{"learner_email": "a@b.example", "progress_status": "Passed"}],
        "unknown": 1,
    }
    stage.apply({"enterprises": [named | wrong]})
    dangling = {
        "policies": [world.policy("bad", subsidy_uuid=world.UNKNOWN, catalog_uuid=world.UNKNOWN)],
        "subsidies": [world.subsidy(world.MONEY, 1)],
        "subscription_plans": [world.plan("main", 8, enterprise_catalog_uuid=world.UNKNOWN)],
    }
    stage.apply({"enterprises": [named | dangling]})
    stage.apply({"enterprises": [named | {"subsidies": [world.subsidy(world.MONEY, 1)]}]})
    stage.apply({"enterprises": [named | {"policies": [world.policy("main", spend_limit=10**9)]}]})
    stage.apply([])
