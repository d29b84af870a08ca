import csv
import io
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.reporting.export import csv_chunks, csv_header, csv_lines, ndjson_chunks
from bursar.reporting.fields import NAMES
from bursar.reporting.views import LearnerSummary
from tests.unit.reporting.test_redaction import complete

TEXTS = [
    field.name
    for field in msgspec.structs.fields(LearnerSummary)
    if str in getattr(field.type, "__args__", (field.type,))
]


def with_texts(text: str | None) -> LearnerSummary:
    return msgspec.structs.replace(complete(consented=True), **dict.fromkeys(TEXTS, text))


def read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "  =", "＝"])
def test_no_text_is_run_as_a_formula(begin: str) -> None:
    [line] = read(csv_lines([with_texts(begin + "1+1")]))
    assert [line[NAMES.index(name)] for name in TEXTS] == [f"'{begin}1+1"] * len(TEXTS)


def test_numbers_are_left_as_they_are() -> None:
    summary = complete(consented=True)
    summary.amount_learner_paid, summary.enterprise_user_id = -5.0, -7
    [line] = read(csv_lines([summary]))
    assert line[NAMES.index("amount_learner_paid")] == "-5.0"
    assert line[NAMES.index("enterprise_user_id")] == "-7"


def test_dates_instants_booleans_and_nothing_are_written_plainly() -> None:
    summary = complete(consented=True)
    summary.coupon_code = None
    line = dict(zip(NAMES, read(csv_lines([summary]))[0], strict=True))
    assert line["created"] == line["user_account_creation_date"] == "2026-03-01T00:00:00Z"
    assert line["course_start"] == "2026-03-01"
    assert line["has_passed"] == "True"
    assert line["coupon_code"] == ""


@given(st.text(st.characters(codec="utf-8")))
def test_any_other_text_is_read_as_it_was(text: str) -> None:
    [line] = read(csv_lines([with_texts(text)]))
    assert line[NAMES.index("course_title")] in {text, f"'{text}"}


@given(st.lists(st.lists(st.just(complete(consented=True)), min_size=1, max_size=3), max_size=4))
def test_a_file_has_one_header_and_every_row(batches: list[list[LearnerSummary]]) -> None:
    rows = [row for batch in batches for row in batch]
    assert b"".join(csv_chunks(batches)) == csv_header() + csv_lines(rows)
    lines = b"".join(ndjson_chunks(batches)).splitlines()
    assert [json.loads(line)["enrollment_id"] for line in lines] == [7] * len(rows)


def test_the_first_chunk_holds_the_first_rows() -> None:
    batches = [[complete(consented=True)], [complete(consented=True)]]
    assert [len(read(chunk)) for chunk in csv_chunks(batches)] == [2, 1]
