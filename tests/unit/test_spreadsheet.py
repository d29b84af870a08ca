"""Cells that are safe in a spreadsheet are read back as the texts that they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.spreadsheet import SUSPICIOUS, cell, text_of

TEXTS = st.text(st.sampled_from("'=+-@ \t\r\nab")) | st.text()


@given(TEXTS)
def test_every_text_is_read_back(text: str) -> None:
    assert text_of(cell(text)) == text


@given(TEXTS)
def test_what_is_changed_begins_with_a_suspicious_character(text: str) -> None:
    assert cell(text) == text or text[0] in SUSPICIOUS


@pytest.mark.parametrize("text", ["'tis", "'", "a=b", "' home"])
def test_an_apostrophe_of_the_text_itself_stays(text: str) -> None:
    assert cell(text) == text == text_of(text)
