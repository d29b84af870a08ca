import gzip

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from bursar.remembering import LONGEST_REMEMBERED
from bursar.web.compression import Coding, choose_coding, compress


def restored(body: bytes, coding: Coding) -> bytes:
    if coding == "gzip":
        return gzip.decompress(body)
    return zstandard.ZstdDecompressor().decompress(body)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("", None),
        ("gzip", "gzip"),
        ("GZip", "gzip"),
        ("zstd", "zstd"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "gzip"),
        ("gzip;q=1.0, zstd;q=0.5", "gzip"),
        ("zstd;q=0.5,gzip;q=0.5", "zstd"),
        ("gzip ; q=0.5 , zstd ; q=0.2", "gzip"),
        ("*", "zstd"),
        ("zstd;q=0, *", "gzip"),
        ("*;q=0.5, gzip", "gzip"),
        ("deflate, br", None),
        ("x-gzip", None),
        ("identity", None),
        ("gzip;q=0", None),
        ("gzip;q=0.0, zstd;q=0", None),
        ("*;q=0", None),
        ("identity, *;q=0", None),
        ("identity;q=1, gzip;q=0.5", None),
        ("identity;q=0.5, gzip;q=1", "gzip"),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("gzip;q=nan", None),
        ("gzip;q=-1", None),
        (",,,", None),
    ],
)
def test_the_client_decides_and_then_our_order(header: str | None, expected: str | None) -> None:
    assert choose_coding(header) == expected


@given(st.text())
def test_any_header_is_read_without_an_error(header: str) -> None:
    assert choose_coding(header) in {None, "zstd", "gzip"}


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_coding_that_is_refused_is_never_chosen(zstd: float, gzip_weight: float) -> None:
    chosen = choose_coding(f"zstd;q={zstd:.3f}, gzip;q={gzip_weight:.3f}")
    weights = {"zstd": round(zstd, 3), "gzip": round(gzip_weight, 3), None: 0.0}
    assert weights[chosen] == max(weights.values())


@pytest.mark.parametrize("coding", ["zstd", "gzip"])
@given(body=st.binary())
def test_what_was_compressed_can_be_restored(coding: Coding, body: bytes) -> None:
    assert restored(compress(body, coding), coding) == body


@pytest.mark.parametrize("coding", ["zstd", "gzip"])
def test_the_same_body_is_compressed_to_the_same_bytes(coding: Coding) -> None:
    body = b"the same entity tag stands for the same bytes" * 50
    assert compress(body, coding) == compress(body, coding)
    assert len(compress(body, coding)) < len(body) / 5


def test_what_stands_behind_more_characters_than_anybody_needs_is_not_read() -> None:
    fits = "a" * (LONGEST_REMEMBERED - len(",gzip"))
    assert choose_coding(f"{fits},gzip") == "gzip"
    assert choose_coding(f"aaaaa{fits},gzip") is None
