import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import pytest
import yaml
from sqlalchemy import text

from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.content.models import ContentItem
from bursar.cli.support import looking_at
from bursar.credit.checks import check_credit
from bursar.events.models import EventRecord
from bursar.identity.models import Enterprise
from testing.servers.cli import (
    ACME,
    CATALOG,
    GLOBEX,
    SECRET,
    Cli,
    acme,
    catalog,
    client,
    course,
    declared,
    lines,
)

pytestmark = pytest.mark.slow

SUBSIDY = "1b6c28b4-2f17-4b18-bbde-b32930e2705c"
POLICY = "7f344aea-c28c-4ef0-95e6-fb6e58f98495"

FULL = declared(
    acme(country="US", contact_email="l@acme.example", clients=[client()], catalogs=[catalog()]),
    content=[{"course": course(1)}, {"course": course(2)}],
)


def export(cli: Cli) -> str:
    return "\n".join(cli.ok("export", "--enterprise", ACME)) + "\n"


def exported(cli: Cli) -> dict[str, Any]:
    enterprise: dict[str, Any] = yaml.safe_load(export(cli))["enterprises"][0]
    return enterprise


def test_the_second_run_changes_nothing_and_says_so(cli: Cli) -> None:
    assert cli.apply(FULL) == "5 created, 0 changed, 0 unchanged"
    entries = cli.count(EventRecord)
    assert cli.apply(FULL) == "0 created, 0 changed, 5 unchanged"
    assert cli.count(EventRecord) == entries


def test_a_change_is_counted_as_one(on_sqlite: Cli) -> None:
    on_sqlite.declare(FULL)
    changed = declared(acme(name="Acme Corporation"), content=[{"course": course(2, title="New")}])
    assert on_sqlite.apply(changed) == "0 created, 2 changed, 0 unchanged"
    assert exported(on_sqlite)["name"] == "Acme Corporation"


def test_a_dry_run_shows_the_plan_and_keeps_nothing(cli: Cli) -> None:
    *plan, last = cli.ok("apply", "--dry-run", "-f", cli.write("m.json", FULL))
    assert last == "5 created, 0 changed, 0 unchanged"
    assert "+ enterprise acme" in plan
    assert f"+ catalog {CATALOG} of acme" in plan
    assert all(line.startswith(("+ ", "~ ")) for line in plan)
    assert SECRET not in "\n".join(plan)
    assert [cli.count(kind) for kind in (Enterprise, Catalog, ContentItem, EventRecord)] == [0] * 4


def test_a_dry_run_tells_what_becomes_of_secrets(cli: Cli) -> None:
    def planned(secret: str) -> list[str]:
        manifest = declared(acme(clients=[client(client_secret=secret)]))
        return cli.ok("apply", "--dry-run", "-f", cli.write("m.json", manifest))

    cli.declare(declared(acme(clients=[client()])))
    assert planned(SECRET) == ["0 created, 0 changed, 2 unchanged"]
    assert planned("another-secret-of-acme") == [
        "~ client acme-integration of acme",
        "  secret of client acme-integration: that of the manifest is new; all others end at once",
        "0 created, 1 changed, 1 unchanged",
    ]
    for _ in range(2):
        cli.ok("clients", "rotate", "acme-integration")
    assert planned(SECRET) == [
        "  secret of client acme-integration: it was rotated since the manifest named it, and "
        "stays as it is; that of the manifest is no longer valid",
        "0 created, 0 changed, 2 unchanged",
    ]


def test_a_dry_run_after_the_run_has_nothing_to_plan(on_sqlite: Cli) -> None:
    on_sqlite.declare(FULL)
    dry = on_sqlite.ok("apply", "--dry-run", "-f", on_sqlite.write("m.json", FULL))
    assert dry == ["0 created, 0 changed, 5 unchanged"]


def test_every_problem_of_an_invalid_manifest_has_a_line_and_nothing_is_changed(
    on_sqlite: Cli,
) -> None:
    broken = declared(
        acme(catalogs=[catalog(content_filter={"content_type": 5}), catalog(uuid="x")]),
        {"uuid": GLOBEX, "name": "Globex", "colour": "red"},
        content=[{"course": course(1)}],
    )
    problems = on_sqlite.refused("apply", "-f", on_sqlite.write("m.json", broken))
    assert [problem.partition(": ")[0] for problem in problems] == [
        "enterprises[0].catalogs[0].content_filter.content_type",
        "enterprises[0].catalogs[1].uuid",
        "enterprises[1].slug",
        "enterprises[1].colour",
    ]
    assert not (on_sqlite.folder / "data").exists()


def test_a_problem_of_a_late_part_undoes_the_early_ones(cli: Cli) -> None:
    cli.write("courses.ndjson", lines([course(1), {"no": "key"}]))
    manifest = declared(acme(), content=[{"course": course(7)}, {"files": ["courses.ndjson"]}])
    problems = cli.refused("apply", "-f", cli.write("m.json", manifest))
    assert len(problems) == 1
    assert problems[0].startswith("content[1].files[0]: line 2: ")
    assert cli.count(Enterprise) == cli.count(ContentItem) == cli.count(EventRecord) == 0


def test_several_files_are_one_run_and_name_themselves(on_sqlite: Cli) -> None:
    good = on_sqlite.write("good.json", declared(acme()))
    bad = on_sqlite.write("bad.json", declared({"uuid": GLOBEX, "name": "Globex"}))
    assert on_sqlite.refused("apply", "-f", good, "-f", bad) == [
        "bad.json: enterprises[0].slug: required"
    ]
    assert not (on_sqlite.folder / "data").exists()


@pytest.mark.parametrize("text", ["enterprises: [", "{", "- a", "enterprises: 5", "\x00"], ids=repr)
def test_what_is_no_manifest_is_refused_in_a_sentence(on_sqlite: Cli, text: str) -> None:
    assert len(on_sqlite.refused("apply", "-f", on_sqlite.write("m.yaml", text))) == 1


def test_a_missing_manifest_is_named(on_sqlite: Cli) -> None:
    assert on_sqlite.refused("apply", "-f", "none.yaml") == ["none.yaml: No such file or directory"]


def test_a_bad_row_of_enrollments_is_named_and_nothing_is_stored(on_sqlite: Cli) -> None:
    row = {"learner_email": "ana@acme.example", "courserun_key": "course-v1:edX+DemoX+1T2026"}
    other = {"learner_email": "ben@acme.example", "courserun_key": "r", "current_grade": "high"}
    bad = on_sqlite.write("bad.json", declared(acme(enrollments=[row, other])))
    assert on_sqlite.refused("apply", "-f", bad) == [
        "enterprises[0].enrollments[1].current_grade: A valid number is required."
    ]
    good = on_sqlite.write("good.json", declared(acme(enrollments=[row])))
    assert on_sqlite.ok("apply", "-f", good) == ["2 created, 0 changed, 0 unchanged"]


def credit(**limits: int) -> dict[str, Any]:
    subsidy = {
        "uuid": SUBSIDY,
        "starting_balance": 100,
        "active_datetime": "2026-01-01T00:00:00Z",
        "expiration_datetime": "2027-01-01T00:00:00Z",
    }
    policy = {
        "uuid": POLICY,
        "policy_type": "AssignedLearnerCreditAccessPolicy",
        "catalog_uuid": CATALOG,
        "subsidy_uuid": SUBSIDY,
    }
    learner = {"email": "ana@acme.example", "lms_user_id": 501, "username": "ana"}
    return acme(
        catalogs=[catalog()], subsidies=[subsidy], policies=[policy | limits], learners=[learner]
    )


def test_learner_credit_is_applied_exported_and_checked(cli: Cli) -> None:
    assert cli.apply(declared(credit(spend_limit=100))) == "5 created, 0 changed, 0 unchanged"
    written = cli.write("out.yaml", export(cli))
    assert cli.ok("apply", "-f", written) == ["0 created, 0 changed, 5 unchanged"]
    assert cli.ok("check") == ["everything holds"]


def test_two_runs_at_once_enter_a_deposit_once(cli: Cli) -> None:
    cli.declare(declared(credit()))
    deposit = {
        "uuid": "00000000-0000-4000-8000-000000000009",
        "amount": 50,
        "date": "2026-02-01",
    }
    more = declared(acme(subsidies=[{"uuid": SUBSIDY, "deposits": [deposit]}]))
    cli.write("more.json", more)
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _: cli.ok("apply", "-f", "more.json"), range(2)))
    assert sorted(runs) == [
        ["0 created, 0 changed, 2 unchanged"],
        ["0 created, 1 changed, 1 unchanged"],
    ]
    assert cli.ok("check") == ["everything holds"]


def test_a_policy_that_promises_more_than_there_is_changes_nothing(on_sqlite: Cli) -> None:
    manifest = on_sqlite.write("m.json", declared(credit(spend_limit=101)))
    [line] = on_sqlite.refused("apply", "-f", manifest)
    assert line.startswith("enterprises[0].policies[0].spend_limit: ")
    assert on_sqlite.count(Enterprise) == 0


def test_the_check_names_books_that_do_not_add_up(cli: Cli) -> None:
    cli.declare(declared(credit()))
    assert cli.execute("UPDATE subsidies SET balance_cents = 101") == 1
    finished = cli.run("check")
    assert finished.returncode == 1
    assert finished.stdout == (
        f"subsidies: {SUBSIDY}: balance_cents is 101, but its ledger adds up to 100\n"
    )


def test_who_looks_at_the_books_stops_no_writer_and_sees_one_moment(cli: Cli) -> None:
    cli.declare(declared(credit()))
    with cli.database() as database:
        with looking_at(database) as looking:
            assert list(check_credit(looking)) == []
            with database.transaction() as session:
                session.execute(text("UPDATE subsidies SET balance_cents = 101"))
            assert list(check_credit(looking)) == []
        with looking_at(database) as looking:
            assert len(list(check_credit(looking))) == 1


def test_files_are_found_beside_their_manifest(on_sqlite: Cli) -> None:
    (on_sqlite.folder / "plans").mkdir()
    on_sqlite.write("plans/courses.ndjson", lines(map(course, range(3))))
    manifest = {"content": [{"files": ["courses.ndjson", "../more.ndjson"]}]}
    on_sqlite.write("more.ndjson", lines([course(9)]))
    on_sqlite.write("plans/m.json", manifest)
    assert on_sqlite.ok("apply", "-f", "plans/m.json") == ["4 created, 0 changed, 0 unchanged"]
    assert on_sqlite.ok("apply", "-f", str(on_sqlite.folder / "plans" / "m.json")) == [
        "0 created, 0 changed, 4 unchanged"
    ]


def test_an_absent_key_keeps_the_value_and_null_takes_it_away(cli: Cli) -> None:
    cli.declare(FULL)
    assert cli.apply(declared(acme())) == "0 created, 0 changed, 1 unchanged"
    assert cli.apply(declared(acme(country=None))) == "0 created, 1 changed, 0 unchanged"
    kept = exported(cli)
    assert (kept["country"], kept["contact_email"]) == (None, "l@acme.example")
    assert len(kept["catalogs"]) == 1


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_what_was_exported_is_applied_unchanged(cli: Cli, suffix: str) -> None:
    title = "Ünïcode: - #  'quoted'\u2028\ttab\n"
    content_filter = {"content_type": "course", "key__in": ["NO", "1e3", "2026-01-01", "~"]}
    catalogs = [catalog(title=title, content_filter=content_filter), catalog(uuid=GLOBEX)]
    cli.declare(declared(acme(name=title, country="NO", clients=[client()], catalogs=catalogs)))
    text = export(cli)
    assert SECRET not in text
    if suffix == "json":
        text = json.dumps(yaml.safe_load(text))
    assert cli.ok("apply", "-f", cli.write(f"out.{suffix}", text)) == [
        "0 created, 0 changed, 4 unchanged"
    ]


def test_an_unknown_enterprise_cannot_be_exported(on_sqlite: Cli) -> None:
    assert on_sqlite.refused("export", "--enterprise", GLOBEX) == [f"No enterprise {GLOBEX}."]
    on_sqlite.refused("export", "--enterprise", "acme")


def test_two_runs_at_once_create_everything_once(cli: Cli) -> None:
    cli.write("m.json", FULL)
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _: cli.ok("apply", "-f", "m.json"), range(2)))
    assert sorted(runs) == [
        ["0 created, 0 changed, 5 unchanged"],
        ["5 created, 0 changed, 0 unchanged"],
    ]
    assert cli.ok("check") == ["everything holds"]


def test_two_first_runs_at_once_on_a_new_file_migrate_it_once(on_sqlite: Cli) -> None:
    on_sqlite.write("m.json", declared(acme()))
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: on_sqlite.ok("apply", "-f", "m.json"), range(4)))
    assert sum(run == ["1 created, 0 changed, 0 unchanged"] for run in runs) == 1


def test_an_enterprise_cannot_take_the_slug_of_another(on_sqlite: Cli) -> None:
    on_sqlite.declare(declared(acme()))
    thief = declared({"uuid": GLOBEX, "name": "Globex", "slug": "acme"})
    assert on_sqlite.refused("apply", "-f", on_sqlite.write("m.json", thief)) == [
        f"enterprises[0].slug: taken by enterprise {ACME}"
    ]


class TestWarnings:
    """A filter can be good and still not what was meant."""

    CONTENT: ClassVar = [{"course": course(1, subjects=["law"])}]
    ODD = acme(
        catalogs=[
            catalog(content_filter={"subject": "law", "ordering": "title"}),
            catalog(uuid=GLOBEX, content_filter={"subjects": "law"}),
        ]
    )
    FILTER = "enterprises[0].catalogs[0].content_filter"

    def test_they_are_told_by_a_dry_run_and_by_the_run(self, cli: Cli) -> None:
        name = cli.write("m.json", declared(self.ODD, content=self.CONTENT))
        expected = [
            f"warning: {self.FILTER}.ordering: has no effect: catalogs are ordered by key",
            f"warning: {self.FILTER}.subject: no stored document has the field subject; "
            "did you mean subjects?",
            f"warning: {self.FILTER}: selects nothing",
        ]
        for options in (["--dry-run"], [], []):
            finished = cli.run("apply", *options, "-f", name)
            assert finished.returncode == 0
            assert finished.stderr.splitlines() == expected
        assert finished.stdout == "0 created, 0 changed, 4 unchanged\n"

    def test_filters_over_much_content_are_told_too(self, on_sqlite: Cli) -> None:
        name = on_sqlite.write("m.json", declared(self.ODD, content=self.CONTENT))
        for options in (["--dry-run"], []):
            finished = on_sqlite.run("apply", *options, "-f", name, BURSAR_REFRESH_INLINE_LIMIT="0")
            assert finished.stderr.splitlines()[-1] == f"warning: {self.FILTER}: selects nothing"

    def test_a_check_tells_them_and_finds_nothing_wrong(self, cli: Cli) -> None:
        shared = acme(
            catalogs=[
                catalog(content_filter={"title": "none"}),
                catalog(uuid=GLOBEX, content_filter={"title": "none"}),
            ]
        )
        cli.declare(declared(shared, content=self.CONTENT))
        finished = cli.run("check")
        assert (finished.returncode, finished.stdout) == (0, "everything holds\n")
        assert finished.stderr == (
            f"warning: catalog {GLOBEX} and 1 more with this filter: content_filter: "
            "selects nothing\n"
        )
