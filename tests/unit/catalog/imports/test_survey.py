import os
from pathlib import Path

from bursar.catalog.content.content_types import ContentType
from bursar.catalog.imports.survey import survey
from testing.servers.cli import course, lines


def test_the_keys_of_all_files_are_known_by_type(tmp_path: Path) -> None:
    one, two = tmp_path / "one.ndjson", tmp_path / "two.ndjson"
    one.write_text(lines([course(1), course(2)]) + "\n{\n")
    two.write_text(lines([course(2), {"key": "course-v1:edX+C1+1"}, {"results": [{}]}]))
    found = survey([one, two])
    assert found.keys == {
        ContentType.COURSE: {"edX+C1", "edX+C2"},
        ContentType.COURSE_RUN: {"course-v1:edX+C1+1"},
    }
    assert found.rejected == 2


def test_a_file_that_is_written_meanwhile_is_found(tmp_path: Path) -> None:
    one, two = tmp_path / "one.ndjson", tmp_path / "two.ndjson"
    for file in (one, two):
        file.write_text(lines([course(1)]))
    found = survey([one, two])
    assert found.changed_file is None
    os.utime(two, ns=(1, 1))
    assert found.changed_file == two
