"""Records keep their places: reading can go on behind each of them."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.importing import raw_lines
from bursar.importing.csv_records import DELIMITERS, Record, read_records
from bursar.importing.encodings import readable_as_utf_8
from bursar.importing.json_lines import read_lines
from bursar.importing.records import START, Place, UnreadableFile

BROKEN = b'a,b\n1,"2"x\n3,4\n\n5,"6\n7"\n8,\xff\n'


def records(text: bytes, place: Place = START) -> list[Record]:
    return list(read_records(io.BytesIO(text), place))


def test_a_broken_record_costs_its_first_line_only() -> None:
    found = records(BROKEN)
    assert [record.number for record in found] == [1, 2, 3, 5, 7]
    assert [record.cells for record in found if record.problem is None] == [
        ["a", "b"],
        ["3", "4"],
        ["5", "6\n7"],
    ]
    assert [bool(record.problem) for record in found] == [False, True, False, False, True]
    assert found[-1].end == Place(len(BROKEN), 7)
    assert found[-1].problem == "is not UTF-8"


def test_a_quote_that_never_closes_costs_one_line() -> None:
    found = records(b'a\n"b\nc\nd\n')
    assert [(record.number, record.cells) for record in found] == [
        (1, ["a"]),
        (2, []),
        (3, ["c"]),
        (4, ["d"]),
    ]


@given(
    st.lists(
        st.sampled_from([b"1,2\n", b"\n", b'"a\nb",c\r\n', b'"x"y,z\n', b"\xff\n", b'"', b"end"])
    ).map(b"".join)
)
def test_reading_goes_on_behind_every_record(text: bytes) -> None:
    found = records(text)
    for index, record in enumerate(found):
        assert records(text, record.end) == found[index + 1 :]


def test_an_endless_line_is_read_past(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(raw_lines, "MAX_LINE_BYTES", 16)
    text = b"1,2\n" + b"x" * 100 + b"\n3,4\n"
    assert [(record.number, record.problem) for record in records(text)] == [
        (1, None),
        (2, "is longer than 16 MiB"),
        (3, None),
    ]
    file = tmp_path / "many.ndjson"
    file.write_bytes(text)
    lines = list(read_lines(file))
    assert [line.number for line in lines] == [1, 2, 3]
    assert lines[1].text == b"a line of more than 16 MiB"
    assert lines[2].end == Place(len(text), 3)
    assert list(read_lines(file, lines[1].end)) == lines[2:]


def test_a_byte_order_mark_belongs_to_no_cell() -> None:
    assert records(raw_lines.BYTE_ORDER_MARK + b"a,b\n")[0].cells == ["a", "b"]


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_a_cell_ends_at_the_delimiter(delimiter: str) -> None:
    text = delimiter.join(("a", '"b,;\tc"', "d")).encode()
    [record] = read_records(io.BytesIO(text), delimiter=delimiter)
    assert record.cells == ["a", "b,;\tc", "d"]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_read_as_if_it_were_utf_8(codec: str, tmp_path: Path) -> None:
    file = tmp_path / "report.csv"
    file.write_bytes("\ufeffé,😀\r\n1,2\r\n".encode(codec))
    with readable_as_utf_8(file) as (readable, encoding):
        assert (records(readable.read_bytes())[0].cells, encoding) == (["é", "😀"], "UTF-16")
    assert not readable.exists()


@pytest.mark.parametrize(
    "damaged",
    [
        "a,b\r\n1,\ud83d\r\n2,3\r\n".encode("utf-16", "surrogatepass"),
        "a,b\n1,2".encode("utf-16")[:-1],
    ],
)
def test_of_damaged_utf_16_only_the_line_is_lost(damaged: bytes, tmp_path: Path) -> None:
    file = tmp_path / "report.csv"
    file.write_bytes(damaged)
    with readable_as_utf_8(file) as (readable, encoding), readable.open("rb") as text:
        found = list(read_records(text, encoding=encoding))
    assert [record.number for record in found if record.problem] == [2]
    assert found[1].problem == "is not UTF-16"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b".encode("utf-32"), "the file is UTF-32"),
        ("a,b".encode("utf-16-le"), "in UTF-16 with a byte order mark"),
    ],
)
def test_a_file_in_another_encoding_is_refused(text: bytes, told: str, tmp_path: Path) -> None:
    file = tmp_path / "report.csv"
    file.write_bytes(text)
    with pytest.raises(UnreadableFile, match=told), readable_as_utf_8(file):
        pass
