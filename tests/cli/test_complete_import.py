"""`bursar import content --complete`: what the files lack is deleted."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bursar.catalog.content.models import ContentItem
from bursar.catalog.imports.models import ContentImport
from testing.servers.cli import Cli, acme, catalog, course, declared, lines

pytestmark = pytest.mark.slow

PROGRAM = {"uuid": "00000000-0000-4000-8000-000000000002", "title": "P", "type": "X"}
NOW = datetime(2026, 3, 1, tzinfo=UTC)
BROKEN = '{"key": "edX+Broken", "title": '
FORCED = ("import", "content", "--complete", "--force")


def keys(cli: Cli) -> list[str]:
    stored = select(ContentItem.key).where(ContentItem.deleted_at.is_(None))
    with cli.database() as database, database.read() as connection:
        return sorted(connection.scalars(stored))


@pytest.fixture
def stocked(cli: Cli) -> Cli:
    content = [{"course": course(number)} for number in range(10)] + [{"program": PROGRAM}]
    cli.declare(declared(acme(catalogs=[catalog()]), content=content))
    return cli


def courses(*numbers: int) -> list[dict[str, Any]]:
    return [course(number) for number in numbers]


def test_several_files_are_one_world_and_other_types_stay(stocked: Cli) -> None:
    first = stocked.write("first.ndjson", lines(courses(0, 1, 2, 3)))
    second = stocked.write("second.json", {"results": courses(4, 5, 6, 7, 10)})
    told = stocked.ok("import", "content", "--complete", first, second)
    assert told == ["1 created, 0 changed, 8 unchanged, 0 rejected, 2 deleted"]
    assert keys(stocked) == [PROGRAM["uuid"], *(f"edX+C{n}" for n in (0, 1, 10, 2, 3, 4, 5, 6, 7))]
    again = stocked.ok("import", "content", "--complete", first, second)
    assert again == ["0 created, 0 changed, 9 unchanged, 0 rejected, 0 deleted"]
    assert stocked.ok("check") == ["everything holds"]


@pytest.mark.parametrize("strict", [[], ["--strict"]])
def test_too_much_is_refused_and_nothing_is_changed(stocked: Cli, strict: list[str]) -> None:
    before = keys(stocked)
    name = stocked.write("c.ndjson", lines(courses(0, 1, 2, 3, 4, 5, 6, 77)))
    assert stocked.refused("import", "content", "--complete", *strict, name) == [
        "3 of 10 stored documents are not in the input, more than 20 %: check the input, or "
        "delete them with --force"
    ]
    assert keys(stocked) == before
    told = stocked.ok(*FORCED, *strict, name)
    assert told == ["1 created, 0 changed, 7 unchanged, 0 rejected, 3 deleted"]
    assert len(keys(stocked)) == 9


def test_nothing_is_deleted_when_a_line_was_rejected(stocked: Cli) -> None:
    name = stocked.write("c.ndjson", lines(courses(1, 2, 77)) + f"\n{BROKEN}\n")
    finished = stocked.run(*FORCED, name)
    assert finished.returncode == 1
    assert finished.stdout == "1 created, 0 changed, 2 unchanged, 1 rejected, 0 deleted\n"
    assert finished.stderr.splitlines()[1].startswith("nothing was deleted: lines were rejected")
    assert len(keys(stocked)) == 12
    kept_going = stocked.run(*FORCED, "--keep-going", name)
    assert kept_going.returncode == 0
    assert kept_going.stdout == "0 created, 0 changed, 3 unchanged, 1 rejected, 8 deleted\n"


def test_a_line_that_was_rejected_before_a_stop_counts_too(stocked: Cli) -> None:
    file = stocked.folder / "c.ndjson"
    file.write_text(f"{BROKEN}\n" + lines(courses(1, 2)))
    stopped_behind(stocked, file, f"{BROKEN}\n")
    finished = stocked.run(*FORCED, file.name)
    assert finished.returncode == 1
    assert finished.stdout == "0 created, 0 changed, 2 unchanged, 0 rejected, 0 deleted\n"
    assert len(keys(stocked)) == 11


def test_what_was_imported_before_a_stop_is_not_missing(stocked: Cli) -> None:
    file = stocked.folder / "c.ndjson"
    file.write_text(lines(courses(*range(10))))
    stopped_behind(stocked, file, json.dumps(course(0)) + "\n")
    finished = stocked.run("import", "content", "--complete", file.name)
    assert finished.stdout == "0 created, 0 changed, 9 unchanged, 0 rejected, 0 deleted\n"
    assert len(keys(stocked)) == 11


def stopped_behind(cli: Cli, file: Path, text: str) -> None:
    """As if an import of the file had been killed behind its first line."""
    state = file.stat()
    with cli.database() as database, database.transaction() as session:
        session.add(
            ContentImport(
                source=str(file.resolve()),
                size=state.st_size,
                modified_ns=state.st_mtime_ns,
                byte_offset=len(text),
                line=1,
                started_at=NOW,
            )
        )


def test_an_empty_input_says_nothing_of_any_type(stocked: Cli) -> None:
    told = stocked.ok(*FORCED, stocked.write("c.ndjson", ""))
    assert told == ["0 created, 0 changed, 0 unchanged, 0 rejected, 0 deleted"]
    assert len(keys(stocked)) == 11


def test_force_without_complete_is_refused(on_sqlite: Cli) -> None:
    name = on_sqlite.write("c.ndjson", lines(courses(1)))
    assert on_sqlite.refused("import", "content", "--force", name) == [
        "--force is only for --complete: a plain import deletes nothing."
    ]
