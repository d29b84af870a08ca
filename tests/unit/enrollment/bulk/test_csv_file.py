import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.database.types import AnyRow
from bursar.enrollment.bulk.csv_file import HEADER, csv_chunks
from bursar.spreadsheet import cell

FORMULAS = ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "  =1", "＝1", "＋1", "－1", "＠x"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_becomes_a_text(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "ana@acme.example", "course-v1:edX+A+1", "a=b", "'1"])
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert cell(text) == text


def test_without_rows_there_is_the_header() -> None:
    assert b"".join(csv_chunks([])) == b"email address,course key,enrollment status,notes\r\n"


class Row:
    def __init__(self, email: str, key: str) -> None:
        self.email, self.course_run_key, self.status, self.notes = email, key, "success", ""


@given(st.lists(st.tuples(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"))
       , st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0")))))  # fmt: skip
def test_what_is_written_is_read_again(pairs: list[tuple[str, str]]) -> None:
    rows: list[AnyRow] = [Row(*pair) for pair in pairs]  # type: ignore[misc]
    text = b"".join(csv_chunks([rows[:1], rows[1:]])).decode()
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert read[0] == list(HEADER)
    assert [(row[0], row[1]) for row in read[1:]] == [(cell(a), cell(b)) for a, b in pairs]
