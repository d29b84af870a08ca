"""What a process does with signing keys that it cannot open."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import update
from structlog.testing import capture_logs

from bursar import clock
from bursar.actors import Actor
from bursar.api.token_answers import readiness_of_tokens
from bursar.app import create_app
from bursar.database.engine import Database
from bursar.identity.keys import (
    LiveKeys,
    NoSigningKey,
    create_signing_key,
    load_keys,
    seal_again,
    seal_unsealed,
)
from bursar.identity.models import SigningKey
from bursar.identity.sealing import Seal, SealedKey
from bursar.identity.tokens import KeyRing
from bursar.settings import Settings
from bursar.tenancy import NotAuthenticated
from testing.clients.inside import Inside
from testing.databases.statements import statements_of

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
OLD, NEW = "old-secret-" * 4, "new-secret-" * 4
TEST = Actor("test")


@pytest.fixture(autouse=True)
def _standing_clock() -> Iterator[None]:
    with clock.frozen_at(NOW):
        yield


def holding(*secrets: str) -> Settings:
    return Settings(secret_key=SecretStr(",".join(secrets)))


def ring_of(database: Database, *secrets: str) -> KeyRing:
    """Of a process that reads its keys anew each time."""
    seconds = iter(range(0, 100_000, 60))
    return KeyRing(database, holding(*secrets), monotonic=lambda: float(next(seconds)))


def make_key(database: Database, *secrets: str, at: datetime = NOW) -> str:
    with database.transaction() as session:
        return create_signing_key(session, TEST, at=at, seal=Seal(secrets))


def live_keys(database: Database, *secrets: str) -> LiveKeys:
    with database.read() as connection:
        return load_keys(connection, Seal(secrets))


def forget_public_half(database: Database, kid: str) -> None:
    """As version 0.1 stored a sealed key."""
    with database.transaction() as session:
        stored = session.get_one(SigningKey, kid).private_jwk
        session.execute(
            update(SigningKey)
            .where(SigningKey.kid == kid)
            .values(private_jwk={"jwe": stored["jwe"]})
        )


def test_a_key_that_cannot_be_opened_verifies_but_does_not_sign(database: Database) -> None:
    opened = make_key(database, NEW)
    closed = make_key(database, OLD, at=NOW + timedelta(seconds=1))
    keys = live_keys(database, NEW)
    assert [(key.kid, key.can_sign) for key in keys.usable] == [(closed, False), (opened, True)]
    assert keys.closed == (closed,)
    assert keys.signing is not None
    assert keys.signing.kid == opened


def test_processes_with_different_secrets_accept_each_others_tokens(database: Database) -> None:
    first, second = ring_of(database, OLD), ring_of(database, NEW)
    tokens = [ring.issue("acme", {})[0] for ring in (first, second)]
    assert [ring.verify(token) for ring in (first, second) for token in tokens] == ["acme"] * 4
    assert {key["kid"] for key in first.jwks()["keys"]} == {
        key.kid for key in live_keys(database).usable
    }


def test_a_process_makes_one_key_of_its_own_and_no_more(database: Database) -> None:
    make_key(database, OLD)
    rings = [ring_of(database, NEW) for _ in range(2)]
    for ring in (*rings, *rings):
        ring.issue("acme", {})
    assert len(live_keys(database).usable) == 2


def test_a_key_of_version_0_1_that_cannot_be_opened_is_skipped(database: Database) -> None:
    old, new = ring_of(database, OLD), ring_of(database, NEW)
    token = old.issue("acme", {})[0]
    (kid,) = [key.kid for key in live_keys(database, OLD).usable]
    forget_public_half(database, kid)
    with pytest.raises(NotAuthenticated):
        new.verify(token)
    assert new.verify(new.issue("acme", {})[0]) == "acme"
    assert live_keys(database, NEW).closed == (kid,)
    assert old.verify(token) == "acme"


def test_it_is_an_error_in_the_log_once_and_in_ready_always(database: Database) -> None:
    kid = make_key(database, OLD)
    ring = ring_of(database, NEW)
    with capture_logs() as lines:
        for _ in range(3):
            readiness = readiness_of_tokens(ring)
            assert readiness.problem is None
            assert kid in readiness.errors[0]
    logged = [line for line in lines if line["event"] == "keys.closed"]
    assert [(line["log_level"], line["kids"]) for line in logged] == [("error", [kid])]


def test_ready_answers_what_is_wrong_with_the_keys(database: Database) -> None:
    kid = make_key(database, OLD)
    inside = Inside(create_app(holding(NEW), database))
    answer = inside.ask("GET", b"/ready")
    inside.close()
    assert answer.status == 200
    assert f'{{"status":"ready","errors":["Signing keys cannot be opened: {kid}.' in (
        answer.body.decode()
    )


def test_ready_says_no_when_a_token_that_is_issued_is_not_accepted(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = ring_of(database, NEW)
    ring.issue("acme", {})
    assert readiness_of_tokens(ring).problem is None
    monkeypatch.setattr("bursar.identity.tokens.check_claims", refuse)
    problem = readiness_of_tokens(ring).problem
    assert problem == "A token that was issued here is refused here: broken"


def refuse(*_: object) -> None:
    raise NotAuthenticated("broken")


def test_to_be_ready_writes_nothing(database: Database) -> None:
    ring = ring_of(database, NEW)
    with statements_of(database) as statements:
        assert readiness_of_tokens(ring).problem is None
        ring.issue("acme", {})
        made = len(statements)
        assert readiness_of_tokens(ring).problem is None
    assert [each.split()[0] for each in (*statements[:1], *statements[made:])] == ["SELECT"] * 2


def test_without_any_secret_no_key_is_made_beside_sealed_ones(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_key(database, OLD)
    ring = ring_of(database, NEW)
    monkeypatch.setattr(ring, "_seal", Seal())
    with pytest.raises(NoSigningKey, match="BURSAR_SECRET_KEY is not set"):
        ring.issue("acme", {})
    assert readiness_of_tokens(ring).problem == str(NoSigningKey())
    assert len(live_keys(database).usable) == 1


def test_unsealed_keys_are_sealed_and_others_stay_as_they_are(database: Database) -> None:
    make_key(database)
    make_key(database, OLD)
    with database.transaction() as session:
        seal_unsealed(session, Seal([NEW, OLD]))
    assert len(live_keys(database, OLD).closed) == len(live_keys(database, NEW).closed) == 1
    assert live_keys(database, NEW, OLD).closed == ()


def test_a_key_that_cannot_be_opened_is_not_sealed_again(database: Database) -> None:
    kid = make_key(database, OLD)
    with pytest.raises(SealedKey, match=kid), database.transaction() as session:
        seal_again(session, Seal([NEW]))
