import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.provisioning import content
from bursar.provisioning.apply import apply
from bursar.provisioning.manifest import Manifest, ManifestError, from_data
from bursar.provisioning.plan import Plan

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ACTOR = Actor("bursar apply")
ACME = "66b5922b-a22b-4a7b-b587-d4af0378bd6f"
GLOBEX = "00000000-0000-4000-8000-000000000001"
CATALOG = "101989c0-5dfa-4e0b-91dc-01f590148c6f"
PROGRAM = "00000000-0000-4000-8000-000000000002"
POLICY = "7f344aea-c28c-4ef0-95e6-fb6e58f98495"
PLAN = "904b1785-9d3a-1000-848d-6ae7a56e6355"

ALL_COURSES = {"uuid": CATALOG, "title": "All", "content_filter": {"content_type": "course"}}


def acme(**parts: Any) -> dict[str, Any]:
    return {"uuid": ACME, "name": "Acme", "slug": "acme"} | parts


def globex(**parts: Any) -> dict[str, Any]:
    return {"uuid": GLOBEX, "name": "Globex", "slug": "globex"} | parts


def declared(*enterprises: dict[str, Any], **rest: Any) -> Manifest:
    return from_data({"enterprises": list(enterprises)} | rest)


def applied(database: Database, *manifests: Manifest) -> Plan:
    with database.transaction() as session:
        return apply(session, ACTOR, list(manifests), now=NOW)


def problems_of(database: Database, *manifests: Manifest) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        applied(database, *manifests)
    return caught.value.problems


def course_lines(count: int) -> Iterator[str]:
    for number in range(count):
        yield json.dumps({"key": f"edX+C{number}", "title": f"Course {number}", "course_runs": []})


def test_a_second_run_changes_nothing_and_says_so(database: Database, tmp_path: Path) -> None:
    (tmp_path / "courses.ndjson").write_text("\ufeff" + "\n\n".join(course_lines(3)))
    manifest = from_data(
        {
            "content": [
                {"files": ["courses.ndjson"]},
                {"course": {"key": "edX+DemoX", "title": "Demo", "course_runs": []}},
                {"course_run": {"key": "course-v1:edX+DemoX+1T2026"}},
                {"program": {"uuid": PROGRAM, "title": "Programme"}},
            ],
            "enterprises": [
                acme(
                    clients=[{"client_id": "a", "client_secret": "secret", "role": "admin"}],
                    catalogs=[ALL_COURSES],
                )
            ],
        },
        folder=tmp_path,
    )

    assert applied(database, manifest).summary == "9 created, 0 changed, 0 unchanged"
    assert applied(database, manifest).summary == "0 created, 0 changed, 9 unchanged"


def test_an_absent_key_leaves_what_is_stored_alone(database: Database) -> None:
    client = {"client_id": "a", "client_secret": "secret", "role": "admin"}
    applied(database, declared(acme(country="US", clients=[client], catalogs=[ALL_COURSES])))

    parts = acme(clients=[{"client_id": "a"}], catalogs=[{"uuid": CATALOG}])
    again = applied(database, declared(parts))

    assert again.summary == "0 created, 0 changed, 3 unchanged"


def test_a_null_sets_null(database: Database) -> None:
    applied(database, declared(acme(country="US", catalogs=[ALL_COURSES])))
    nulls = declared(acme(country=None, catalogs=[{"uuid": CATALOG, "content_filter": None}]))

    assert applied(database, nulls).summary == "0 created, 2 changed, 0 unchanged"
    assert applied(database, nulls).summary == "0 created, 0 changed, 2 unchanged"


def test_the_plan_names_what_is_created_and_changed(database: Database) -> None:
    first = applied(database, declared(acme(clients=[{"client_id": "a"}])))
    second = applied(database, declared(acme(name="Acme Ltd", catalogs=[ALL_COURSES])))

    assert first.lines == ["+ enterprise acme", "+ client a of acme"]
    assert second.lines == ["~ enterprise acme", f"+ catalog {CATALOG} of acme"]


def test_every_problem_with_content_is_named_and_nothing_stays(
    database: Database, tmp_path: Path
) -> None:
    lines = [*course_lines(2), "{", "", '{"title": "no key", "course_runs": []}', "[]"]
    (tmp_path / "courses.ndjson").write_text("\n".join(lines))
    manifest = from_data(
        {
            "content": [
                {"course": {"key": "edX+Good", "title": "Good", "course_runs": []}},
                {"files": ["courses.ndjson", "missing.ndjson"]},
                {"program": {"title": "no uuid"}},
            ],
            "enterprises": [acme()],
        },
        folder=tmp_path,
    )

    places = [problem.rpartition(": ")[0] for problem in problems_of(database, manifest)]

    assert [place.partition(": not JSON")[0] for place in places] == [
        "content[1].files[0]: line 3",
        "content[1].files[0]: line 5",
        "content[1].files[0]: line 6",
        "content[1].files[1]: No such file or directory",
        "content[2].program",
    ]
    assert applied(database, declared(acme())).created == 1


def test_looking_for_problems_stops_at_a_hundred(database: Database, tmp_path: Path) -> None:
    (tmp_path / "broken.ndjson").write_text("{\n" * 500)
    manifest = from_data({"content": [{"files": ["broken.ndjson"]}]}, folder=tmp_path)

    assert len(problems_of(database, manifest)) == 100


def test_an_item_declared_in_two_ways_is_a_problem(database: Database) -> None:
    one = {"key": "edX+DemoX", "title": "One", "course_runs": []}
    same = from_data({"content": [{"course": one}, {"course": dict(one)}]})
    other = from_data({"content": [{"course": one}, {"course": one | {"title": "Two"}}]})

    assert applied(database, same).summary == "1 created, 0 changed, 1 unchanged"
    assert problems_of(database, other) == [
        "content[1].course: not the same edX+DemoX as at content[0].course"
    ]


def test_files_are_stored_in_batches_with_progress(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "BATCH", 2)
    (tmp_path / "courses.ndjson").write_text("\n".join(course_lines(5)))
    manifest = from_data({"content": [{"files": ["courses.ndjson"]}]}, folder=tmp_path)
    progress: list[int] = []

    with database.transaction() as session:
        plan = apply(session, ACTOR, [manifest], now=NOW, on_progress=progress.append)

    assert progress == [2, 2, 1]
    assert plan.lines == [
        "+ content[0].files[0] (courses.ndjson): 5 created, 0 changed, 0 unchanged"
    ]


def test_each_place_is_told_what_became_of_what_stands_there(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although documents of several places are stored at once, and one may stand at two of them."""
    monkeypatch.setattr(content, "BATCH", 3)
    courses = [{"key": f"edX+{name}", "title": name, "course_runs": []} for name in "ABCD"]
    applied(database, from_data({"content": [{"course": courses[1]}]}))
    changed = courses[1] | {"title": "Other"}
    inline = [{"course": each} for each in (courses[0], changed, courses[0])]
    (tmp_path / "rest.ndjson").write_text("\n".join(map(json.dumps, courses[2:])))
    manifest = from_data({"content": [*inline, {"files": ["rest.ndjson"]}]}, folder=tmp_path)

    assert applied(database, manifest).lines == [
        "+ content[0]: 1 created, 0 changed, 0 unchanged",
        "~ content[1]: 0 created, 1 changed, 0 unchanged",
        "+ content[3].files[0] (rest.ndjson): 2 created, 0 changed, 0 unchanged",
    ]


def test_what_belongs_to_others_is_named_all_at_once(database: Database) -> None:
    applied(database, declared(acme(catalogs=[ALL_COURSES])))
    plans = [{"uuid": PROGRAM, "enterprise_catalog_uuid": CATALOG}]
    intruder = declared(
        globex(
            slug="acme",
            catalogs=[ALL_COURSES],
            policies=[{"uuid": POLICY, "catalog_uuid": PROGRAM}],
            subscription_plans=plans,
        ),
        content=[{"course": {}}],
    )

    content_problem, *rest = problems_of(database, intruder)

    assert content_problem.startswith("content[0].course: ")
    assert rest == [
        f"enterprises[0].slug: taken by enterprise {ACME}",
        "enterprises[0].catalogs[0].uuid: belongs to another enterprise",
        "enterprises[0].policies[0].catalog_uuid: no such catalog",
    ]


def test_a_catalog_may_be_stored_or_declared_to_be_referred_to(database: Database) -> None:
    plan = {
        "uuid": PLAN,
        "start_date": "2026-01-01",
        "expiration_date": "2027-01-01",
        "enterprise_catalog_uuid": CATALOG,
    }

    applied(database, declared(acme(catalogs=[ALL_COURSES], subscription_plans=[plan])))

    assert applied(database, declared(acme(subscription_plans=[plan]))).unchanged == 2


def test_a_slug_passes_on_when_its_holder_gives_it_up(database: Database) -> None:
    applied(database, declared(acme()))

    plan = applied(database, declared(acme(slug="acme-old"), globex(slug="acme")))

    assert plan.summary == "1 created, 1 changed, 0 unchanged"
