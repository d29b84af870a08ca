"""`bursar import enrollments`: files of what an LMS knows."""

import pytest

from bursar.enrollment.models import Enrollment, EnrollmentImport
from testing.servers.cli import ACME, Cli, acme, declared

pytestmark = pytest.mark.slow

RUN = "course-v1:edX+C1+2026"
CSV = f"""user_email,courserun_key,current_grade,shoe_size
a@acme.example,{RUN},0.5,38
no address,{RUN},0.5,39
b@acme.example,{RUN},,40
"""


def test_a_bad_line_is_told_and_the_others_are_stored(cli: Cli) -> None:
    cli.declare(declared(acme()))
    name = cli.write("report.csv", CSV)
    finished = cli.run("import", "enrollments", "--enterprise", ACME, name)
    assert finished.stdout == "2 created, 0 changed, 0 unchanged, 1 rejected\n"
    assert finished.returncode == 1
    told = finished.stderr.splitlines()
    assert told[0] == "report.csv: 'shoe_size' is unknown and left aside"
    assert told[1].startswith("report.csv:3: ")
    assert told[2] == "1 rejected (--keep-going: end with 0 all the same)"
    assert len(told) == 3
    assert (cli.count(Enrollment), cli.count(EnrollmentImport)) == (2, 0)
    cli.write("report.csv", CSV.replace("0.5,38", "0.6,38").replace("no address", "c@acme.example"))
    finished = cli.run("import", "enrollments", "--enterprise", ACME, name)
    assert finished.stdout == "1 created, 1 changed, 1 unchanged, 0 rejected\n"
    assert finished.returncode == 0


def test_strictly_a_bad_line_refuses_the_file(on_sqlite: Cli) -> None:
    on_sqlite.declare(declared(acme()))
    name = on_sqlite.write("report.csv", CSV)
    problems = on_sqlite.refused("import", "enrollments", "--strict", "--enterprise", ACME, name)
    assert problems[-1].startswith("report.csv:3: ")
    assert on_sqlite.count(Enrollment) == 0


def test_a_file_without_a_good_line_is_refused(on_sqlite: Cli) -> None:
    on_sqlite.declare(declared(acme()))
    name = on_sqlite.write("report.csv", f"user_email,courserun_key\nno address,{RUN}\n")
    problems = on_sqlite.refused("import", "enrollments", "--enterprise", ACME, name)
    assert problems == [
        "report.csv:2: learner_email: Enter a valid email address.",
        "nothing was imported: all was rejected",
    ]


def test_a_file_that_cannot_be_read_is_refused(on_sqlite: Cli) -> None:
    on_sqlite.declare(declared(acme()))
    (on_sqlite.folder / "report.csv").write_bytes("user_email".encode("utf-32"))
    problems = on_sqlite.refused("import", "enrollments", "--enterprise", ACME, "report.csv")
    assert problems == ["report.csv: the file is UTF-32: save it as UTF-8"]
