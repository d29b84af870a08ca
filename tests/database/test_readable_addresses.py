"""A part of an address is found whichever way its domain is written, on both databases alike."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import String, literal, select

from bursar.database.engine import Database
from bursar.database.rows import given_rows
from bursar.database.text import _Readable, address_contains
from bursar.emails import normalised, readable
from testing.examples import FUZZ_EXAMPLES

ADDRESSES = [
    "ana@exämple.org",
    "josé@sub.exämple.org",
    "ben@example.org",
    "cal@münchen.example",
    "dan@例え.テスト",
    "eve@xn--a.org",
]


def found(database: Database, part: str) -> list[str]:
    """The names of those whose addresses contain the part."""
    rows = [[normalised(address)] for address in ADDRESSES]
    with database.transaction() as session:
        stored = given_rows(session, {"email": String()}, rows)
        statement = select(stored.c.email).where(address_contains(stored.c.email, part))
        return sorted(email.partition("@")[0] for email in session.scalars(statement))


@pytest.mark.parametrize(
    ("part", "names"),
    [
        ("exämple", ["ana", "josé"]),
        ("exäm", ["ana", "josé"]),
        ("ÄMPLE.ORG", ["ana", "josé"]),
        ("exa\u0308m", ["ana", "josé"]),
        ("mple.org", ["ana", "ben", "josé"]),
        ("@exämple.org", ["ana"]),
        ("a@ex", ["ana"]),
        ("a@exäm", ["ana"]),
        ("ana@exämple.org", ["ana"]),
        ("xn--exmple", ["ana", "josé"]),
        ("xn--exmple-cua.org", ["ana", "josé"]),
        ("josé@", ["josé"]),
        ("b.exä", ["josé"]),
        ("münchen", ["cal"]),
        ("例", ["dan"]),
        ("テスト", ["dan"]),
        ("xn--a", ["eve"]),
        ("ex%mple.org", []),
        ("ä_ple.org", []),
    ],
)
def test_a_part_is_found_in_either_form(database: Database, part: str, names: list[str]) -> None:
    assert found(database, part) == names


def test_both_databases_read_domains_alike(database: Database) -> None:
    letters = st.characters(categories=["Ll", "Lo"], max_codepoint=0x3100)
    labels = st.text(letters, min_size=1, max_size=12)

    @settings(max_examples=FUZZ_EXAMPLES)
    @given(st.lists(labels, min_size=1, max_size=3))
    def check(drawn: list[str]) -> None:
        address = normalised(f"a@{'.'.join(drawn)}.org")
        with database.read() as connection:
            told = connection.scalar(select(_Readable(literal(address))))
        assert told == readable(address)

    check()
