import csv
import io
import json
from datetime import UTC, datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from bursar.scheduled_reports import writers
from bursar.spreadsheet import text_of


class Inner(msgspec.Struct):
    at: datetime
    why: str | None


class Row(msgspec.Struct):
    name: str
    inner: Inner
    parts: list[Inner]
    count: int


AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ROW = Row("=1+1", Inner(AT, None), [Inner(AT, "x")], -5)


def test_nested_objects_have_columns_and_lists_are_json() -> None:
    names = writers.columns_of(Row)
    assert names == ("name", "inner.at", "inner.why", "parts", "count")
    text = writers.table(names, [writers.cells_of(ROW)], head=True).decode()
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row == {
        "name": "'=1+1",
        "inner.at": "2026-01-02T03:04:05Z",
        "inner.why": "",
        "parts": '[{"at":"2026-01-02T03:04:05Z","why":"x"}]',
        "count": "-5",
    }


@given(st.lists(st.lists(st.integers(), max_size=3), max_size=4))
def test_an_array_of_batches_is_one_array(batches: list[list[int]]) -> None:
    rows = [[Row("a", Inner(AT, None), [], number) for number in batch] for batch in batches]
    found = json.loads(b"".join(writers.json_array(map(writers.joined, rows))))
    assert [row["count"] for row in found] == [number for batch in batches for number in batch]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_comes_back(text: str) -> None:
    written = writers.table(["a", "b"], [[text, "end"]]).decode()
    ((first, last),) = csv.reader(io.StringIO(written, newline=""))
    assert (text_of(first), last) == (text, "end")
