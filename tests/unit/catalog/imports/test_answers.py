"""Documents are taken out of pages and fixtures; what is around them is not content."""

import json
from pathlib import Path
from typing import Any

import pytest

from bursar.catalog.content.documents import Document
from bursar.catalog.imports.answers import documents_in
from bursar.catalog.imports.files import read_documents
from bursar.importing.records import START

UUID = "996bbe57-e06c-4eee-92f4-49087fccc200"
COURSE = {"key": "MITx+A1", "title": "A", "course_runs": []}
OTHER = {"key": "MITx+B1", "title": "B", "course_runs": []}
PERSON = {"content_type": "person", "uuid": UUID, "full_name": "Jo Doe"}
PAGE = {"count": 2, "next": None, "previous": None, "results": [COURSE, OTHER]}
OUR_PAGE = PAGE | {"uuid": UUID, "title": "All courses", "enterprise_customer": UUID}


def found(value: object) -> list[str]:
    """The keys of the documents, and the reasons of those that are none."""
    return [
        each.key if isinstance(each, Document) else each
        for each in documents_in(json.dumps(value).encode())
    ]


def fixture(metadata: object, **fields: Any) -> dict[str, Any]:
    fields = {"content_key": "MITx+A1", "catalog_queries": [1]} | fields
    return {
        "model": "catalog.contentmetadata",
        "pk": 1,
        "fields": fields | {"json_metadata": metadata},
    }


def test_a_document_is_itself() -> None:
    assert found(COURSE) == ["MITx+A1"]


@pytest.mark.parametrize("page", [PAGE, OUR_PAGE], ids=["discovery", "ours"])
def test_a_page_gives_its_items(page: dict[str, Any]) -> None:
    assert found(page) == ["MITx+A1", "MITx+B1"]
    assert found(page | {"results": []}) == []


def test_an_item_that_is_no_content_is_told_by_its_position() -> None:
    reasons = found({"results": [COURSE, PERSON, 5, OTHER]})
    assert reasons[0] == "MITx+A1"
    assert reasons[1].startswith("results[1]: looks like a person")
    assert reasons[2] == "results[2]: expected a JSON object, not int"
    assert reasons[3] == "MITx+B1"


def test_a_page_of_a_page_is_refused() -> None:
    (reason,) = found({"count": 1, "results": [OUR_PAGE]})
    assert reason.startswith("results[0]: looks like a page of results")


@pytest.mark.parametrize("metadata", [COURSE, json.dumps(COURSE)], ids=["object", "string"])
def test_a_fixture_gives_its_document(metadata: object) -> None:
    assert found(fixture(metadata)) == ["MITx+A1"]


def test_a_fixture_says_the_type_of_a_document_that_does_not() -> None:
    thin = {"uuid": UUID, "title": "P"}
    assert found(fixture(thin, content_type="program")) == [UUID]
    (reason,) = found(fixture(thin | {"content_type": "person"}, content_type="program"))
    assert "looks like a person" in reason


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        (None, "expected a JSON object"),
        ("", "not JSON"),
        ("[]", "expected a JSON object"),
        ("[" * 10_000, "nested more than 64 levels deep"),
        ("\ud800", "not JSON|surrogates"),
        (OUR_PAGE, "a page of results"),
        ([COURSE], "expected a JSON object"),
    ],
)
def test_a_broken_fixture_says_why(metadata: object, reason: str) -> None:
    (told,) = found(fixture(metadata, content_type="course"))
    assert told.startswith(("fields.json_metadata: ", "not JSON"))
    assert any(each in told for each in reason.split("|"))


def test_records_of_other_models_are_no_content() -> None:
    (reason,) = found({"model": "catalog.catalogquery", "pk": 1, "fields": {"title": "x"}})
    assert reason.startswith("looks like a record of a fixture")


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", ["page.json", "page.ndjson"])
def test_a_file_may_be_one_page(tmp_path: Path, name: str, indent: int | None) -> None:
    path = tmp_path / name
    path.write_text(json.dumps(PAGE, indent=indent if name.endswith(".json") else None))
    keys = [entry.item.key for entry in read_documents(path, START) if entry.item]
    assert keys == ["MITx+A1", "MITx+B1"]


def test_an_import_that_is_stopped_within_a_page_takes_all_of_it_again(tmp_path: Path) -> None:
    path = tmp_path / "pages.ndjson"
    path.write_text(f"{json.dumps(OTHER)}\n{json.dumps(PAGE)}\n{json.dumps(COURSE)}\n")
    entries = list(read_documents(path, START))
    assert [entry.line for entry in entries] == [1, 2, 2, 3]
    within = list(read_documents(path, entries[1].end))
    assert [entry.line for entry in within] == [2, 2, 3]
    behind = list(read_documents(path, entries[2].end))
    assert [entry.line for entry in behind] == [3]
