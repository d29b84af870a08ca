import codecs
import json
import re
import signal
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from bursar.catalog.content.models import ContentItem
from bursar.catalog.content.templates import decode_template
from bursar.catalog.imports.models import ContentImport
from bursar.database.engine import Database
from bursar.demo.content import courses
from bursar.importing.json_lines import read_lines
from testing.servers.cli import Cli, acme, catalog, course, declared, lines
from testing.waiting import wait_until

pytestmark = pytest.mark.slow

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MANY = 12_000
BROKEN = '{"key": "edX+Broken", "title": '


@pytest.fixture(scope="module")
def big_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("content") / "courses.ndjson"
    with file.open("w") as out:
        out.writelines(f"{json.dumps(document)}\n" for document in courses(MANY, NOW))
    return file


def keys(cli: Cli) -> list[str]:
    with cli.database() as database, database.read() as connection:
        return list(connection.scalars(select(ContentItem.key).order_by(ContentItem.key)))


def imported_lines(database: Database) -> int:
    """How far the import that runs has come."""
    with database.read() as connection:
        try:
            return connection.scalar(select(ContentImport.line)) or 0
        except DBAPIError:
            return 0


def counts(created: int, changed: int = 0, unchanged: int = 0, rejected: int = 0) -> str:
    return f"{created} created, {changed} changed, {unchanged} unchanged, {rejected} rejected"


def test_a_broken_line_is_told_with_its_number_and_the_others_are_kept(sqlite: Cli) -> None:
    text = lines([course(1), course(2)]) + f"\n{BROKEN}\n" + lines([course(3)])
    finished = sqlite.run("import", "content", sqlite.write("c.ndjson", text))
    assert (finished.returncode, finished.stdout) == (1, f"{counts(3, rejected=1)}\n")
    assert re.fullmatch(r"c\.ndjson:4: .+\n1 rejected .+\n", finished.stderr)
    assert keys(sqlite) == ["edX+C1", "edX+C2", "edX+C3"]


def test_rejected_lines_are_no_failure_for_who_keeps_going(sqlite: Cli) -> None:
    name = sqlite.write("c.ndjson", f"{BROKEN}\n" + lines([course(1)]))
    finished = sqlite.run("import", "content", "--keep-going", name)
    assert (finished.returncode, finished.stdout) == (0, f"{counts(1, rejected=1)}\n")
    assert re.fullmatch(r"c\.ndjson:1: .+\n", finished.stderr)


@pytest.mark.parametrize("options", [[], ["--keep-going"], ["--strict"]])
def test_an_import_of_nothing_but_bad_lines_is_refused(sqlite: Cli, options: list[str]) -> None:
    name = sqlite.write("c.ndjson", f"{BROKEN}\n{BROKEN}\n")
    problems = sqlite.refused("import", "content", *options, name)
    assert problems[0].startswith("c.ndjson:1: ")


def test_pages_give_their_items_and_people_are_refused(cli: Cli) -> None:
    page = {"count": 2, "next": None, "results": [course(1), course(2)], "uuid": str(NAMELESS)}
    whole = cli.write("page.json", json.dumps(page, indent=2))
    assert cli.ok("import", "content", whole) == [counts(2)]
    person = {"content_type": "person", "uuid": str(NAMELESS), "full_name": "Jo Doe"}
    mixed = cli.write("mixed.ndjson", lines([page | {"results": [course(3), page]}, person]))
    finished = cli.run("import", "content", mixed)
    assert (finished.returncode, finished.stdout) == (1, f"{counts(1, rejected=2)}\n")
    nested, other, _ = finished.stderr.splitlines()
    assert nested.startswith("mixed.ndjson:1: results[1]: looks like a page of results: ")
    assert other.startswith("mixed.ndjson:2: looks like a person: ")
    assert keys(cli) == ["edX+C1", "edX+C2", "edX+C3"]


def test_of_a_search_answer_the_pathway_is_taken_and_the_person_is_refused(cli: Cli) -> None:
    uuid = "786bbe57-e06c-4eee-92f4-49087fccc200"
    pathway = {
        "content_type": "learnerpathway",
        "aggregation_key": f"learnerpathway:{uuid}",
        "uuid": uuid,
        "title": "Data Engineer",
        "status": "active",
        "steps": [],
    }
    person = {
        "content_type": "person",
        "aggregation_key": f"person:{NAMELESS}",
        "uuid": str(NAMELESS),
        "full_name": "Jo Doe",
    }
    finished = cli.run("import", "content", cli.write("c.ndjson", lines([pathway, person])))
    assert (finished.returncode, finished.stdout) == (1, f"{counts(1, rejected=1)}\n")
    assert finished.stderr.startswith("c.ndjson:2: looks like a person: ")
    with cli.database() as database, database.read() as connection:
        rows = connection.execute(select(ContentItem.content_type, ContentItem.key)).all()
    assert rows == [("learnerpathway", uuid)]


@pytest.mark.parametrize("strict", [[], ["--strict"]])
def test_what_is_nested_too_deeply_is_refused_with_a_sentence(
    sqlite: Cli, strict: list[str]
) -> None:
    def nested(levels: int) -> dict[str, Any]:
        return course(1, x=json.loads('{"a": [' * levels + "]}" * levels))

    pages: Any = {"results": [course(2)]}
    for _ in range(100):
        pages = {"results": [pages]}
    assert sqlite.ok("import", "content", sqlite.write("good.ndjson", nested(30)))
    for number, deep in enumerate([nested(100), nested(400), pages]):
        for name in (f"{number}.ndjson", f"{number}.json"):
            problems = sqlite.refused(
                "import", "content", *strict, sqlite.write(name, json.dumps(deep))
            )
            assert problems[0] == f"{name}:1: nested more than 64 levels deep"
    assert sqlite.ok("check") == ["everything holds"]


def test_a_fixture_of_the_old_catalog_service_gives_its_documents(sqlite: Cli) -> None:
    def record(document: dict[str, Any]) -> dict[str, Any]:
        fields = {"content_key": document["key"], "json_metadata": json.dumps(document)}
        return {"model": "catalog.contentmetadata", "pk": 1, "fields": fields}

    query = {"model": "catalog.catalogquery", "pk": 1, "fields": {"content_filter": {}}}
    records = [record(course(1)), query, record(course(2))]
    name = sqlite.write("fixture.json", json.dumps(records, indent=2))
    finished = sqlite.run("import", "content", "--keep-going", name)
    assert (finished.returncode, finished.stdout) == (0, f"{counts(2, rejected=1)}\n")
    assert finished.stderr.startswith("fixture.json:2: looks like a record of a fixture: ")
    assert keys(sqlite) == ["edX+C1", "edX+C2"]


def test_a_page_larger_than_a_batch_is_imported_whole(sqlite: Cli) -> None:
    page = {"count": 1100, "results": [course(number) for number in range(1100)]}
    name = sqlite.write("page.json", page)
    assert sqlite.ok("import", "content", name) == [counts(1100)]
    assert sqlite.ok("import", "content", name) == [counts(0, unchanged=1100)]


def test_a_strict_import_takes_pages_too(sqlite: Cli) -> None:
    good = sqlite.write("page.json", {"results": [course(1)]})
    assert sqlite.ok("import", "content", "--strict", good) == [counts(1)]
    bad = sqlite.write("bad.json", {"results": [course(2), {"results": []}]})
    problems = sqlite.refused("import", "content", "--strict", bad)
    assert problems == [
        "bad.json:1: results[1]: looks like a page of results: only courses, course runs, "
        "programs and learner pathways are taken"
    ]


@pytest.mark.parametrize("strict", [[], ["--strict"]])
def test_a_thinner_document_is_merged_unless_it_replaces(cli: Cli, strict: list[str]) -> None:
    def imported(*documents: dict[str, Any], options: Sequence[str] = ()) -> list[str]:
        name = cli.write("c.ndjson", lines(documents))
        return cli.ok("import", "content", *strict, *options, name)

    run = {"key": "course-v1:edX+C1+1", "status": "published", "seats": [{"price": "1.00"}]}
    whole, thin = course(1, course_runs=[run], owners=[]), course(1, title="New")
    assert imported(whole) == [counts(1)]
    assert imported(thin, thin) == [counts(0, changed=1, unchanged=1)]
    assert imported(thin) == [counts(0, unchanged=1)]
    assert stored(cli) == [whole | {"title": "New"}]
    # Several documents of one key are merged with each other too.
    assert imported(course(2, owners=[]), course(2)) == [counts(1, unchanged=1)]
    assert stored(cli)[1] == course(2, owners=[])
    assert imported(thin, options=["--replace"]) == [counts(0, changed=1)]
    assert stored(cli)[0] == thin


def stored(cli: Cli) -> list[dict[str, Any]]:
    """Without the links that are ours."""
    with cli.database() as database, database.read() as connection:
        bodies = connection.scalars(select(ContentItem.body).order_by(ContentItem.key)).all()
    documents = [decode_template(body) for body in bodies]
    for part in [*documents, *(run for each in documents for run in each["course_runs"])]:
        del part["enrollment_url"]
    return documents


def test_strictly_a_broken_line_refuses_all_files(cli: Cli) -> None:
    good = cli.write("good.ndjson", lines([course(1)]))
    bad = cli.write("bad.ndjson", lines([course(2)]) + BROKEN)
    problems = cli.refused("import", "content", "--strict", good, bad)
    assert len(problems) == 1
    assert problems[0].startswith("bad.ndjson:2: ")
    assert keys(cli) == []


def test_strictly_good_files_are_imported(sqlite: Cli) -> None:
    good = sqlite.write("good.ndjson", lines([course(1)]))
    assert sqlite.ok("import", "content", "--strict", good) == [counts(1)]
    assert sqlite.ok("import", "content", "--strict", good) == [counts(0, unchanged=1)]


def test_a_second_import_finds_everything_unchanged(sqlite: Cli) -> None:
    name = sqlite.write("c.ndjson", lines(map(course, range(5))))
    assert sqlite.ok("import", "content", name) == [counts(5)]
    assert sqlite.ok("import", "content", name) == [counts(0, unchanged=5)]
    sqlite.write("c.ndjson", lines([course(0, title="New"), course(1), course(7)]))
    assert sqlite.ok("import", "content", name) == [counts(1, 1, 1)]


@pytest.mark.parametrize("name", ["c.json", "c.ndjson"])
def test_a_byte_order_mark_is_no_part_of_the_first_document(sqlite: Cli, name: str) -> None:
    text = lines([course(1), course(2)]).encode()
    (sqlite.folder / name).write_bytes(codecs.BOM_UTF8 + text)
    assert sqlite.ok("import", "content", name) == [counts(2)]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_json_file_is_a_list_of_documents_or_one(sqlite: Cli, indent: int | None) -> None:
    many = sqlite.write("many.json", json.dumps([course(1), course(2)], indent=indent))
    one = sqlite.write("one.json", json.dumps(course(3), indent=indent))
    assert sqlite.ok("import", "content", many, one) == [counts(3)]


def test_a_broken_element_of_a_json_list_is_told_by_its_place(sqlite: Cli) -> None:
    name = sqlite.write("c.json", [course(1), {"title": "No key"}, 5, course(2)])
    finished = sqlite.run("import", "content", name)
    assert (finished.returncode, finished.stdout) == (1, f"{counts(2, rejected=2)}\n")
    places = [line.split(":")[1] for line in finished.stderr.splitlines()[:-1]]
    assert places == ["2", "3"]


def test_other_line_ends_and_empty_lines_are_fine(sqlite: Cli) -> None:
    text = "\r\n" + lines([course(1), course(2)]).replace("\n", "\r\n\r\n  \r\n")
    (sqlite.folder / "c.ndjson").write_bytes(text.rstrip().encode())
    assert sqlite.ok("import", "content", "c.ndjson") == [counts(2)]


def test_a_json_list_goes_on_behind_the_documents_that_are_done(tmp_path: Path) -> None:
    file = tmp_path / "c.json"
    file.write_text(json.dumps([course(1), course(2), course(3)]))
    done = next(read_lines(file))
    assert [line.number for line in read_lines(file, done.end)] == [2, 3]


@pytest.mark.parametrize("name", ["empty.ndjson", "empty.json"])
def test_an_empty_file_is_nothing_to_do(sqlite: Cli, name: str) -> None:
    assert sqlite.ok("import", "content", sqlite.write(name, "")) == [counts(0)]


def test_bytes_that_are_no_text_are_a_broken_line(sqlite: Cli) -> None:
    text = b'\xff\xfe\x00{"key"\n' + lines([course(1)]).encode() + b"[" * 100_000 + b"\n"
    (sqlite.folder / "c.ndjson").write_bytes(text)
    finished = sqlite.run("import", "content", "c.ndjson")
    assert (finished.returncode, finished.stdout) == (1, f"{counts(1, rejected=2)}\n")


def test_a_missing_file_is_named_and_nothing_is_imported(sqlite: Cli) -> None:
    good = sqlite.write("good.ndjson", lines([course(1)]))
    problems = sqlite.refused("import", "content", good, "missing.ndjson")
    assert "missing.ndjson" in "\n".join(problems)
    assert sqlite.ok("import", "content", good) == [counts(1)]


def test_a_killed_import_goes_on_where_it_was(cli: Cli, big_file: Path) -> None:
    cli.declare(declared(acme(catalogs=[catalog()])))
    with cli.started("import", "content", str(big_file)) as process, cli.database() as database:
        wait_until(lambda: imported_lines(database) > 0 or process.poll() is not None)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        done = imported_lines(database)
    assert 0 < done < MANY
    assert len(keys(cli)) == done
    finished = cli.run("import", "content", str(big_file))
    assert finished.stderr == f"{big_file}: resumed at line {done + 1}\n"
    assert finished.stdout == f"{counts(MANY - done)}\n"
    assert len(keys(cli)) == MANY
    assert cli.ok("check") == ["everything holds"]
    assert cli.count(ContentImport) == 0


def test_a_file_that_changed_since_it_was_killed_is_read_from_the_start(
    sqlite: Cli, big_file: Path
) -> None:
    copy = sqlite.folder / "copy.ndjson"
    copy.write_bytes(big_file.read_bytes())
    sqlite.ok("check")
    with sqlite.started("import", "content", str(copy)) as process:
        with sqlite.database() as database:
            wait_until(lambda: imported_lines(database) > 0 or process.poll() is not None)
        process.kill()
    sqlite.write("copy.ndjson", lines([course(1)]))
    assert sqlite.ok("import", "content", str(copy)) == [counts(1)]


class TestCheck:
    @pytest.fixture
    def stocked(self, cli: Cli) -> Cli:
        content: list[Any] = [{"course": course(number)} for number in range(3)]
        cli.declare(declared(acme(catalogs=[catalog()]), content=content))
        # The first command evaluates what is stored by the rules of this version.
        assert cli.ok("check") == ["everything holds"]
        return cli

    def test_untouched_books_hold(self, stocked: Cli) -> None:
        assert stocked.ok("check") == ["everything holds"]

    @pytest.mark.parametrize(
        ("tampering", "rows"),
        [
            ("DELETE FROM query_members WHERE sort_key = 'edX+C1'", 1),
            ("UPDATE query_members SET active_until = changed_at WHERE sort_key = 'edX+C1'", 1),
            ("UPDATE query_members SET sort_key = 'x' WHERE sort_key = 'edX+C1'", 1),
            ("UPDATE query_members SET removed_at = changed_at WHERE sort_key = 'edX+C1'", 1),
            ("UPDATE content_items SET active_until = changed_at WHERE key = 'edX+C1'", 1),
        ],
    )
    def test_a_row_that_was_tampered_with_is_named(
        self, stocked: Cli, tampering: str, rows: int
    ) -> None:
        assert stocked.execute(tampering) == rows
        finished = stocked.run("check")
        assert finished.returncode == 1
        assert finished.stdout
        assert all("edX+C1" in line for line in finished.stdout.splitlines())
        assert "query_members" in finished.stdout
        assert re.fullmatch(r"\d+ problems? found\n", finished.stderr)

    def test_a_member_too_many_is_named(self, stocked: Cli) -> None:
        stocked.declare({"content": [{"program": {"uuid": str(NAMELESS), "title": "P"}}]})
        stocked.execute(
            "INSERT INTO query_members (query_uuid, content_id, sort_key, active_until, changed_at)"
            " SELECT q.uuid, i.id, i.key, i.active_until, i.changed_at"
            " FROM catalog_queries q, content_items i WHERE i.content_type = 'program'"
        )
        finished = stocked.run("check")
        assert finished.returncode == 1
        assert str(NAMELESS) in finished.stdout


NAMELESS = "00000000-0000-4000-8000-000000000002"
