"""Keys lie sealed in the database, and open only with the secret."""

import json

import pytest
from pydantic import SecretStr, ValidationError

from bursar.identity.sealing import (
    NothingToSealWith,
    Seal,
    SealedKey,
    SealedText,
    is_sealed,
    public_half,
)
from bursar.settings import Settings

JWK = {"kty": "EC", "crv": "P-256", "d": "not-to-be-seen"}
OLD, NEW = "old secret " * 4, "new secret " * 4


def test_what_is_sealed_opens_with_its_secret_and_shows_nothing() -> None:
    sealed = Seal([OLD]).close(JWK)
    assert "not-to-be-seen" not in json.dumps(sealed)
    assert Seal([OLD]).open(sealed) == JWK
    assert Seal([NEW, OLD]).open(sealed) == JWK


def test_the_public_half_can_be_read_without_the_secret() -> None:
    assert public_half(Seal([OLD]).close(JWK)) == {"kty": "EC", "crv": "P-256"}
    assert not is_sealed(JWK)


def test_a_fingerprint_tells_secrets_apart_and_does_not_show_them() -> None:
    first, second = Seal([NEW, OLD]).fingerprints
    assert [second] == Seal([OLD]).fingerprints
    assert first != second
    assert OLD not in second


def test_the_first_secret_seals() -> None:
    assert Seal([NEW]).open(Seal([NEW, OLD]).close(JWK)) == JWK


@pytest.mark.parametrize("secrets", [[], [NEW]])
def test_without_the_secret_it_stays_closed(secrets: list[str]) -> None:
    with pytest.raises(SealedKey):
        Seal(secrets).open(Seal([OLD]).close(JWK))


def test_a_changed_one_stays_closed() -> None:
    sealed = Seal([OLD]).close(JWK)
    sealed["jwe"] = sealed["jwe"][:-2] + ("AA" if not sealed["jwe"].endswith("AA") else "BB")
    with pytest.raises(SealedKey):
        Seal([OLD]).open(sealed)


def test_without_a_secret_a_key_lies_as_it_is_and_a_seal_still_reads_it() -> None:
    assert Seal().close(JWK) == JWK
    assert Seal([NEW]).open(JWK) == JWK


def test_secrets_are_split_at_commas_and_must_be_long() -> None:
    assert Settings(secret_key=SecretStr(f"{NEW}, {OLD}")).secrets == [NEW.strip(), OLD.strip()]
    with pytest.raises(ValidationError, match="at least 32 characters"):
        Settings(secret_key=SecretStr(f"{NEW},short"))


def test_a_text_opens_with_the_secret_that_sealed_it_and_with_no_other() -> None:
    sealed = Seal([OLD]).close_text("not-to-be-seen")
    assert "not-to-be-seen" not in sealed
    assert Seal([NEW, OLD]).open_text(sealed) == "not-to-be-seen"
    with pytest.raises(SealedText):
        Seal([NEW]).open_text(sealed)
    with pytest.raises(SealedText):
        Seal([OLD]).open_text("not sealed")


def test_a_text_is_never_kept_unsealed() -> None:
    with pytest.raises(NothingToSealWith):
        Seal().close_text("not-to-be-seen")


def test_a_sealed_key_and_a_sealed_text_are_not_taken_for_one_another() -> None:
    with pytest.raises(SealedText):
        Seal([OLD]).open_text(Seal([OLD]).close(JWK)["jwe"])
