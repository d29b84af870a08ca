"""Files that come in pieces, cut anywhere."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar_client import UnexpectedAnswer
from bursar_client.rows import CsvRows, Lines

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=8)
ROWS = st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8)
SIZES = st.integers(min_value=1, max_value=20)


def _pieces(content: bytes, size: int) -> list[bytes]:
    return [content[at : at + size] for at in range(0, len(content), size)]


@given(rows=ROWS, size=SIZES)
def test_csv_has_the_rows_that_were_written(rows: list[tuple[str, str]], size: int) -> None:
    file = io.StringIO()
    csv.writer(file).writerows([("email", "note"), *rows])
    reader = CsvRows()
    found = [row for piece in _pieces(file.getvalue().encode(), size) for row in reader.take(piece)]
    found += reader.end()
    assert found == [{"email": one, "note": other} for one, other in rows]


def test_csv_without_a_line_end_at_its_end_and_with_a_mark_at_its_beginning() -> None:
    reader = CsvRows()
    content = "\ufeffemail,note\r\na@b.example,x".encode()
    assert list(reader.take(content)) == []
    assert list(reader.end()) == [{"email": "a@b.example", "note": "x"}]


def test_csv_with_a_row_of_another_length() -> None:
    reader = CsvRows()
    with pytest.raises(UnexpectedAnswer, match="3 cells"):
        list(reader.take(b"a,b\n1,2,3\n"))


@given(
    texts=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1)),
    size=SIZES,
)
def test_lines_end_at_line_feeds_only(texts: list[str], size: int) -> None:
    wanted = [text.encode() for text in texts if text.encode().strip()]
    reader = Lines()
    content = "\n".join(texts).encode()
    found = [line for piece in _pieces(content, size) for line in reader.take(piece)]
    found += reader.end()
    assert found == wanted
