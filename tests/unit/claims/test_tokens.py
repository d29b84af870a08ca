from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.claims.links import ClaimLinks
from bursar.claims.tokens import Claim, ClaimKind, ClaimTokens
from bursar.identity.sealing import Seal

SECRET, OTHER = "a" * 32, "b" * 32
AT = datetime(2026, 11, 28, 8, 30, 15, 999_999, tzinfo=UTC)


def tokens(*secrets: str) -> ClaimTokens:
    return ClaimTokens(lambda: Seal(secrets))


def claim(kind: ClaimKind = ClaimKind.ASSIGNMENT, uuid: UUID | None = None) -> Claim:
    return Claim(kind, uuid or uuid4(), AT)


def made(of: Claim, *secrets: str) -> str:
    token = tokens(*secrets).make(of)
    assert token is not None
    return token


@pytest.mark.parametrize("kind", ClaimKind)
def test_a_token_says_what_it_was_made_of_to_the_second(kind: ClaimKind) -> None:
    given = claim(kind)
    read = tokens(SECRET).read(made(given, SECRET))
    assert read == Claim(kind, given.subject_uuid, AT.replace(microsecond=0))


def test_a_claim_has_one_token_and_another_claim_has_another() -> None:
    given = claim()
    assert made(given, SECRET) == made(given, SECRET)
    later = Claim(given.kind, given.subject_uuid, AT + timedelta(seconds=1))
    license_ = Claim(ClaimKind.LICENSE, given.subject_uuid, AT)
    assert len({made(each, SECRET) for each in (given, later, license_, claim())}) == 4


def test_a_link_has_nothing_at_which_a_mail_program_could_end_it() -> None:
    token = made(claim(), SECRET)
    assert token.isalnum()
    assert token == token.lower()
    assert len(token) < 70


def test_the_signature_has_128_bits() -> None:
    """What stands before it is not secret: the uuid is in the answers of the API."""
    given = claim()
    first, second = made(given, SECRET), made(given, OTHER)
    same = next(
        index for index, pair in enumerate(zip(first, second, strict=True)) if len({*pair}) > 1
    )
    assert (len(first) - same) * 5 >= 128


@given(position=st.integers(0, 59), letter=st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_a_token_that_was_tampered_with_is_none(position: int, letter: str) -> None:
    token = made(claim(uuid=UUID(int=7)), SECRET)
    changed = token[:position] + letter + token[position + 1 :]
    assert (tokens(SECRET).read(changed) is None) == (changed != token)


def test_the_last_letter_has_one_spelling() -> None:
    token = made(claim(), SECRET)
    others = [token[:-1] + letter for letter in "abcdefghijklmnopqrstuvwxyz234567"]
    assert [each for each in others if tokens(SECRET).read(each)] == [token]


@given(st.text(max_size=80))
def test_any_other_text_is_none(text: str) -> None:
    assert tokens(SECRET).read(text) is None


def test_cut_off_lengthened_or_in_capitals_it_is_none() -> None:
    token = made(claim(), SECRET)
    spoilt = [
        token[:-1],
        token[1:],
        token + "a",
        token + "=",
        token.upper(),
        token.title(),
        f" {token}",
    ]
    assert [tokens(SECRET).read(each) for each in spoilt] == [None] * len(spoilt)


def test_every_secret_that_is_kept_reads_and_the_first_one_writes() -> None:
    old = made(claim(), SECRET)
    assert tokens(OTHER, SECRET).read(old) is not None
    assert tokens(OTHER).read(old) is None
    given = claim()
    assert made(given, OTHER, SECRET) == made(given, OTHER)


def test_without_a_secret_there_is_no_token() -> None:
    assert tokens().make(claim()) is None
    assert tokens().read(made(claim(), SECRET)) is None


def test_the_seal_is_not_asked_for_before_it_is_needed() -> None:
    def fail() -> Seal:
        raise AssertionError

    ClaimLinks("https://learn.example.org", ClaimTokens(fail))


def test_a_link_leads_to_the_page_at_the_public_url() -> None:
    given = claim()
    links = ClaimLinks("https://learn.example.org/bursar", tokens(SECRET))
    assert links(given) == f"https://learn.example.org/bursar/claim/{made(given, SECRET)}"


@pytest.mark.parametrize(("url", "secrets"), [("", [SECRET]), ("https://learn.example.org", [])])
def test_there_is_no_link_where_nobody_could_follow_it(url: str, secrets: list[str]) -> None:
    assert ClaimLinks(url, tokens(*secrets))(claim()) is None
