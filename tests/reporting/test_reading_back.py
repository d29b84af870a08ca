"""The report as a file can be imported again, and so can files of the services before Bursar."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.enrollment.models import Enrollment
from bursar.enrollment.progress.files import import_file
from bursar.importing.records import FileReport, Listener, Tally
from bursar.learners.models import Learner
from testing.worlds.reporting import World
from tests.reporting.calling import Api

RUN = "course-v1:Z+Z+1"
REPORTED = f"""user_email,courserun_key,letter_grade,course_title,is_consent_granted
+sam@acme.example,{RUN},-,"'=1+1",true
ana@acme.example,{RUN},"'''tis",' @home,true
ben@acme.example,{RUN},A,"Über; allem",true
"""
OLD_SERVICE = f"""user_email,course_id,course_start_date,course_end_date,course_duration_weeks,\
user_country_code,passed_timestamp,consent_granted,user_first_name
ana@acme.example,{RUN},2026-01-01,2026-06-30,7,ES,2026-05-01T12:00:00Z,true,Ana
"""


class Importer:
    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.file = folder / "report.csv"
        self.problems: list[str] = []
        self.left_aside: list[str] = []

    def import_bytes(self, content: bytes) -> FileReport:
        self.file.write_bytes(content)
        return import_file(
            self.world.database,
            Actor("operator:test"),
            self.file,
            self.world.uuid,
            listener=Listener(
                rejected=lambda line, reason: self.problems.append(f"{line}: {reason}"),
                progress=lambda _offset: None,
            ),
            left_aside=self.left_aside.append,
        )

    def stored(self) -> list[dict[str, Any]]:
        statement = (
            select(Learner.email, Enrollment.__table__)
            .join_from(Enrollment, Learner)
            .order_by(Learner.email)
        )
        with self.world.database.read() as connection:
            return [dict(row._mapping) for row in connection.execute(statement)]


@pytest.fixture
def world(database: Database) -> World:
    return World(database).write([], [], [])


@pytest.fixture
def importer(world: World, tmp_path: Path) -> Importer:
    return Importer(world, tmp_path)


def exported(world: World) -> str:
    api = Api(world.database)
    api.admit(world.uuid)
    body: bytes = api.get(world.uuid, accept="text/csv", ordering="user_email").body
    return body.decode()


def test_the_exported_file_changes_nothing(world: World, importer: Importer) -> None:
    assert importer.import_bytes(REPORTED.encode()).stored == Tally(created=3)
    before = importer.stored()
    assert before[0]["letter_grade"] == "-"
    file = exported(world)
    assert "'+sam@acme.example" in file
    assert importer.import_bytes(file.encode()).stored == Tally(unchanged=3)
    assert importer.stored() == before


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_spreadsheet_may_have_saved_it(
    importer: Importer, world: World, delimiter: str, encoding: str
) -> None:
    importer.import_bytes(REPORTED.encode())
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(csv.reader(io.StringIO(exported(world))))
    saved = text.getvalue().encode(encoding)
    assert importer.import_bytes(saved).stored == Tally(unchanged=3)
    assert importer.problems == []


@pytest.mark.parametrize("is_json", [False, True])
def test_files_of_the_old_reporting_service_are_read(importer: Importer, is_json: bool) -> None:
    content = OLD_SERVICE
    if is_json:
        [row] = csv.DictReader(io.StringIO(OLD_SERVICE))
        content = json.dumps(row | {"course_duration_weeks": 7, "consent_granted": True})
    assert importer.import_bytes(content.encode()).stored == Tally(created=1)
    [row] = importer.stored()
    assert (row["email"], row["courserun_key"]) == ("ana@acme.example", RUN)
    dates = [str(row[name]) for name in ("course_start", "course_end", "passed_date")]
    assert dates == ["2026-01-01", "2026-06-30", "2026-05-01"]
    assert (row["course_duration"], row["is_consent_granted"]) == (7, True)
    assert sorted(importer.left_aside) == ["user_country", "user_first_name"]


def test_what_cannot_be_read_is_named(importer: Importer) -> None:
    content = f"user_email;courserun_key;current_grade\nana@acme.example;{RUN};0,5\n"
    report = importer.import_bytes(content.encode())
    assert (report.stored, report.rejected) == (Tally(), 1)
    assert importer.problems == ["2: current_grade: A valid number is required."]


def test_a_mark_of_utf_16_on_ndjson(importer: Importer) -> None:
    line = json.dumps({"user_email": "zoë@acme.example", "courserun_key": RUN}, ensure_ascii=False)
    assert importer.import_bytes(f"{line}\n".encode("utf-16")).stored == Tally(created=1)
    assert importer.stored()[0]["email"] == "zoë@acme.example"
