import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.emails import checked, normalised


@pytest.mark.parametrize(
    "address",
    [
        "o'brien+tag@example.org",
        "=1+1@example.org",
        "josé@exämple.org",
        "a.b-c_d@sub-domain.example.co",
        "ana@xn--exmple-cua.org",
        "root@localhost",
        "a@[192.0.2.1]",
    ],
)
def test_is_an_address(address: str) -> None:
    assert checked(f"\t {address}\n") == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ana",
        "@example.org",
        "ana@",
        "ana@example",
        "ana@@example.org",
        "ana b@example.org",
        # Each of these names somebody else, or nobody, in the header of a mail.
        "ana,bob@example.org",
        "ana;bob@example.org",
        "<ana@example.org>",
        "(ana)bob@example.org",
        "group:bob@example.org",
        '"ana"@example.org',
        "ana\\@example.org",
        "ana..bob@example.org",
        ".ana@example.org",
        "ana.@example.org",
        "ana@example..org",
        "ana@-example.org",
        "ana@example-.org",
        "ana@example.org,",
        "ana@exam%70le.org",
        "ana\x00@example.org",
        f"ana@{'e' * 250}.org",
    ],
)
def test_is_no_address(address: str) -> None:
    with pytest.raises(ValueError, match="Enter a valid email address"):
        checked(address)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\u202aana@example.org", "U+202A at position 1"),
        ("ana\u200b@example.org", "U+200B at position 4"),
        ("ana@example.org\ufeff", "U+FEFF at position 16"),
        ("a\u00adna@example.org", "U+00AD at position 2"),
    ],
)
def test_an_invisible_character_is_named(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=f"invisible character {re.escape(told)}"):
        checked(text)


@given(st.text())
def test_normalising_again_changes_nothing(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


@given(st.text(st.characters(codec="utf-8")))
def test_composed_and_decomposed_are_one_address(text: str) -> None:
    decomposed = unicodedata.normalize("NFD", text)
    composed = unicodedata.normalize("NFC", text)
    assert normalised(decomposed) == normalised(composed)
