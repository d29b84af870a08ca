import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.emails import checked, normalised, readable


@pytest.mark.parametrize(
    "address",
    [
        "o'brien+tag@example.org",
        "=1+1@example.org",
        "a.b-c_d@sub-domain.example.co",
        "ana@xn--exmple-cua.org",
        "root@localhost",
        "a@[192.0.2.1]",
    ],
)
def test_is_an_address(address: str) -> None:
    assert checked(f"\t {address}\n") == address


@pytest.mark.parametrize(
    "spelling",
    [
        "josé@exämple.org",
        "JOSÉ@EXÄMPLE.ORG",
        " jose\u0301@exa\u0308mple.org ",
        "josé@xn--exmple-cua.org",
        "josé@XN--Exmple-CUA.org",
        "josé@ｅｘämple。org",
    ],
)
def test_spellings_of_an_address_are_one(spelling: str) -> None:
    assert normalised(checked(spelling)) == normalised(spelling) == "josé@xn--exmple-cua.org"
    assert readable(normalised(spelling)) == "josé@exämple.org"


def test_a_sharp_s_is_a_letter_of_its_own() -> None:
    assert checked("a@straße.de") == "a@xn--strae-oqa.de"


def test_what_counts_is_the_length_as_stored() -> None:
    label, most = "e" * 60, f"@{'e' * 60}.{'e' * 60}.{'e' * 50}.org"
    assert checked("a" * (254 - len(most)) + most)
    with pytest.raises(ValueError, match="valid email"):
        checked("a" * (255 - len(most)) + most)
    # Two letters become longer in lower case, and a domain longer in ASCII.
    with pytest.raises(ValueError, match="valid email"):
        checked("İ" * (254 - len(most)) + most)
    short = f"@ä{label[:50]}.{label}.{label}.org"
    with pytest.raises(ValueError, match="valid email"):
        checked("a" * (254 - len(short)) + short)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ana@-ä.org",
        "ana@a_ä.org",
        f"ana@{'ä' * 64}.org",
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
