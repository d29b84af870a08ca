import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from joserfc.jws import JWSRegistry
from sqlalchemy import select

from bursar import clock
from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.identity import tokens
from bursar.identity.keys import create_signing_key, load_keys, revoke_signing_key
from bursar.identity.models import SigningKey
from bursar.identity.sealing import Seal
from bursar.identity.secret_file import seal_of
from bursar.identity.tokens import CACHE_SIZE, MAX_TOKEN_LENGTH, KeyRing
from bursar.schema import metadata
from bursar.settings import Settings
from bursar.tenancy import NotAuthenticated
from testing.databases.composed import composed
from testing.waiting import wait_until

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ENTERPRISE = UUID("66b5922b-a22b-4a7b-b587-d4af0378bd6f")
OPERATOR = Actor("operator")
SETTINGS = Settings(token_ttl=3600, signing_key_days=90)


class Stopwatch:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def stopwatch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture(autouse=True)
def _standing_clock() -> Iterator[None]:
    with clock.frozen_at(NOW):
        yield


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = composed(f"sqlite:///{tmp_path / 'test.db'}")
    metadata.create_all(database.write_engine)
    yield database
    database.dispose()


@pytest.fixture
def ring(database: Database, stopwatch: Stopwatch) -> KeyRing:
    return KeyRing(database, SETTINGS, monotonic=stopwatch)


def issue(ring: KeyRing) -> str:
    return ring.issue("acme", {ENTERPRISE: "admin"})[0]


def part(token: str, index: int) -> dict[str, Any]:
    encoded = token.split(".")[index]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(encoded + "=="))
    return decoded


def encode(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def signing_key(database: Database) -> tuple[str, ECKey]:
    with database.read() as connection:
        key = load_keys(connection, seal_of(database, SETTINGS)).usable[0]
    return key.kid, key.key


def signed(database: Database, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A token signed with the real key, with claims and header of the test's choice."""
    kid, key = signing_key(database)
    issued = int(NOW.timestamp())
    usual = {"iss": "bursar", "aud": "bursar", "sub": "acme", "exp": issued + 60, "iat": issued}
    chosen = {name: value for name, value in {**usual, **claims}.items() if value is not ...}
    return jwt.encode({"alg": "ES256", "kid": kid, **(header or {})}, chosen, key)


def refusal_of(ring: KeyRing, token: str) -> str:
    with pytest.raises(NotAuthenticated) as refused:
        ring.verify(token)
    return refused.value.reason


def test_an_issued_token_verifies_and_carries_the_documented_claims(ring: KeyRing) -> None:
    token, lifetime = ring.issue("acme", {ENTERPRISE: "admin"})
    assert lifetime == 3600
    assert ring.verify(token) == "acme"
    claims = part(token, 1)
    assert UUID(claims.pop("jti")).version == 4
    assert claims == {
        "iss": "bursar",
        "aud": "bursar",
        "sub": "acme",
        "client_id": "acme",
        "exp": int(NOW.timestamp()) + 3600,
        "iat": int(NOW.timestamp()),
        "roles": {str(ENTERPRISE): "admin"},
    }
    kid = ring.jwks()["keys"][0]["kid"]
    assert part(token, 0) == {"alg": "ES256", "kid": kid, "typ": "JWT"}


def test_a_client_of_very_many_enterprises_gets_a_token_that_verifies(ring: KeyRing) -> None:
    token, _ = ring.issue("c" * 255, {uuid4(): "reporting" for _ in range(5000)})
    assert "roles" not in part(token, 1)
    assert ring.verify(token) == "c" * 255


def test_the_largest_token_with_roles_verifies(ring: KeyRing) -> None:
    roles = {uuid4(): "reporting" for _ in range(tokens.MAX_ROLES_IN_TOKEN)}
    token, _ = ring.issue("\U0001f600" * 255, roles)
    assert len(token) <= MAX_TOKEN_LENGTH
    assert ring.verify(token) == "\U0001f600" * 255


def test_the_key_set_shows_public_halves_only(ring: KeyRing) -> None:
    (key,) = ring.jwks()["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert (key["kty"], key["crv"], key["use"], key["alg"]) == ("EC", "P-256", "sig", "ES256")


def test_anyone_can_verify_a_token_with_the_published_key(ring: KeyRing) -> None:
    token = issue(ring)
    published = ECKey.import_key(ring.jwks()["keys"][0])
    assert jwt.decode(token, published, algorithms=["ES256"]).claims["sub"] == "acme"


def test_a_token_expires_at_its_instant(ring: KeyRing) -> None:
    token = issue(ring)
    with clock.frozen_at(NOW + timedelta(seconds=3599)):
        assert ring.verify(token) == "acme"
    with clock.frozen_at(NOW + timedelta(seconds=3600)):
        assert refusal_of(ring, token) == "Token has expired."


def test_a_token_seen_for_the_first_time_after_its_end_is_expired(ring: KeyRing) -> None:
    token = issue(ring)
    with clock.frozen_at(NOW + timedelta(days=1)):
        assert "expired" in refusal_of(ring, token)


def test_an_unsigned_token_is_refused(ring: KeyRing) -> None:
    _, payload, signature = issue(ring).split(".")
    kid = ring.jwks()["keys"][0]["kid"]
    for algorithm in ("none", "None", "NONE"):
        header = encode({"alg": algorithm, "kid": kid, "typ": "JWT"})
        for forged in (f"{header}.{payload}.", f"{header}.{payload}.{signature}"):
            assert refusal_of(ring, forged) == "Invalid token."


def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(ring: KeyRing) -> None:
    claims = part(issue(ring), 1)
    jwk = ring.jwks()["keys"][0]
    public = ECKey.import_key(jwk)
    for secret in (public.as_pem(), public.as_der(), json.dumps(jwk).encode(), jwk["x"].encode()):
        header = encode({"alg": "HS256", "kid": jwk["kid"], "typ": "JWT"})
        payload = encode(claims)
        algorithm = JWSRegistry.algorithms["HS256"]
        key = OctKey(secret, secret)
        mac = algorithm.sign(f"{header}.{payload}".encode(), key)
        signature = base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
        assert refusal_of(ring, f"{header}.{payload}.{signature}") == "Invalid token."


def test_a_token_of_one_key_under_another_keys_kid_is_refused(
    ring: KeyRing, database: Database
) -> None:
    issue(ring)
    _, first = signing_key(database)
    with database.transaction() as session:
        second = create_signing_key(session, OPERATOR, at=NOW + timedelta(seconds=1))
    claims = {"iss": "bursar", "aud": "bursar", "sub": "acme", "exp": 9_999_999_999, "iat": 0}
    swapped = jwt.encode({"alg": "ES256", "kid": second}, claims, first)
    assert refusal_of(ring, swapped) == "Invalid token."


def test_a_strangers_key_in_the_header_is_refused(ring: KeyRing, database: Database) -> None:
    issue(ring)
    stranger = ECKey.generate_key("P-256")
    kid, _ = signing_key(database)
    claims = part(issue(ring), 1)
    embedded = {"alg": "ES256", "kid": kid, "jwk": stranger.as_dict(private=False)}
    for header in (embedded, {"alg": "ES256", "kid": kid}, {"alg": "ES256"}):
        assert refusal_of(ring, jwt.encode(header, claims, stranger)) == "Invalid token."


def test_a_changed_claim_breaks_the_signature(ring: KeyRing) -> None:
    token = issue(ring)
    header, _, signature = token.split(".")
    claims = encode({**part(token, 1), "sub": "globex"})
    assert refusal_of(ring, f"{header}.{claims}.{signature}") == "Invalid token."


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "other"},
        {"iss": ...},
        {"iss": ["bursar"]},
        {"aud": "other"},
        {"aud": ...},
        {"aud": ["bursar", "other"]},
        {"exp": ...},
        {"exp": None},
        {"exp": True},
        {"exp": "9999999999"},
        {"iat": ...},
        {"iat": "0"},
        {"iat": int(NOW.timestamp()) + 61, "exp": 9_999_999_999},
        {"sub": ...},
        {"sub": ""},
        {"sub": 7},
    ],
)
def test_claims_of_another_kind_are_refused_although_well_signed(
    ring: KeyRing, database: Database, claims: dict[str, Any]
) -> None:
    issue(ring)
    assert refusal_of(ring, signed(database, **claims)) == "Invalid token."


def test_a_clock_that_is_a_minute_behind_is_forgiven(ring: KeyRing, database: Database) -> None:
    issue(ring)
    soon = int(NOW.timestamp()) + 60
    assert ring.verify(signed(database, iat=soon, exp=soon + 60)) == "acme"


def test_an_oversized_token_is_refused(ring: KeyRing, database: Database) -> None:
    issue(ring)
    assert refusal_of(ring, signed(database, filler="x" * MAX_TOKEN_LENGTH)) == "Invalid token."


def test_a_key_that_another_process_made_is_found_at_once(
    ring: KeyRing, database: Database, stopwatch: Stopwatch
) -> None:
    ring.verify(issue(ring))
    stopwatch.seconds += 2
    other = KeyRing(database, SETTINGS)
    with database.transaction() as session:
        create_signing_key(session, OPERATOR, at=NOW + timedelta(seconds=1))
    assert ring.verify(issue(other)) == "acme"


def test_calls_with_unknown_kids_that_wait_for_one_another_share_a_read(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = KeyRing(database, SETTINGS)
    _, payload, signature = issue(ring).split(".")
    reads, begun = 0, list[int]()

    def slow_counting(connection: Any, seal: Seal) -> Any:
        nonlocal reads
        reads += 1
        wait_until(lambda: len(begun) == 8, "all have asked")
        return load_keys(connection, seal)

    monkeypatch.setattr(tokens, "load_keys", slow_counting)

    def forge(number: int) -> None:
        begun.append(number)
        header = encode({"alg": "ES256", "kid": f"k{number}", "typ": "JWT"})
        refusal_of(ring, f"{header}.{payload}.{signature}")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(forge, range(8)))
    assert reads < 8


def test_a_revoked_keys_tokens_stop_within_half_a_minute_even_when_time_stands_still(
    ring: KeyRing, database: Database, stopwatch: Stopwatch
) -> None:
    token = issue(ring)
    assert ring.verify(token) == "acme"
    kid, _ = signing_key(database)
    with database.transaction() as session:
        assert revoke_signing_key(session, OPERATOR, kid, at=NOW)
        assert not revoke_signing_key(session, OPERATOR, kid, at=NOW)
    stopwatch.seconds += 30
    assert refusal_of(ring, token) == "Invalid token."
    assert ring.jwks()["keys"][0]["kid"] != kid


def test_a_revoked_key_never_signs_again(ring: KeyRing, database: Database) -> None:
    first = part(issue(ring), 0)["kid"]
    with database.transaction() as session:
        revoke_signing_key(session, OPERATOR, first, at=NOW)
    assert part(issue(ring), 0)["kid"] != first


def test_keys_rotate_without_ending_live_tokens(database: Database, stopwatch: Stopwatch) -> None:
    long_lived = Settings(token_ttl=30 * 86400, signing_key_days=90)
    ring = KeyRing(database, long_lived, monotonic=stopwatch)
    first_kid = part(issue(ring), 0)["kid"]
    with clock.frozen_at(NOW + timedelta(days=89, hours=23)):
        old = issue(ring)
        assert part(old, 0)["kid"] == first_kid
    with clock.frozen_at(NOW + timedelta(days=90)):
        new = issue(ring)
        assert part(new, 0)["kid"] != first_kid
        assert ring.verify(old) == ring.verify(new) == "acme"
        assert len(ring.jwks()["keys"]) == 2


def test_processes_that_start_together_agree_on_one_key(database: Database) -> None:
    rings = [KeyRing(database, SETTINGS) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        issued = list(threads.map(issue, rings))
    with database.read() as connection:
        assert len(connection.execute(select(SigningKey.kid)).all()) == 1
    assert {ring.verify(token) for ring in rings for token in issued} == {"acme"}


def test_the_cache_of_verified_tokens_is_bounded(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CACHE_SIZE == 10_000
    monkeypatch.setattr(tokens, "CACHE_SIZE", 5)
    ring = KeyRing(database, SETTINGS)
    issued = [issue(ring) for _ in range(20)]
    assert {ring.verify(token) for token in issued} == {"acme"}
    assert len(ring._cache) == 5
    assert {ring.verify(token) for token in issued} == {"acme"}


def test_a_verified_token_is_not_verified_twice(
    ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = issue(ring)
    ring.verify(token)
    monkeypatch.setattr(jwt, "decode", None)
    assert ring.verify(token) == "acme"


HEADERS = st.dictionaries(
    st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "x5c", "zip"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["ES256", "KID"]),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=5,
    ),
)
JUNK = st.one_of(
    st.text(),
    st.from_regex(r"[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,90}"),
    st.builds(lambda size: "." * size, st.integers(0, 9000)),
    st.builds(lambda depth: encode_text("[" * depth) + ".e30.AA", st.integers(1, 380)),
)


def encode_text(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


@hypothesis_settings(max_examples=300)
@given(token=JUNK)
def test_junk_is_refused_and_never_an_error(ring: KeyRing, token: str) -> None:
    assert refusal_of(ring, token) == "Invalid token."


@hypothesis_settings(max_examples=300)
@given(header=HEADERS, payload=st.binary(max_size=60), signature=st.binary(max_size=80))
def test_any_header_over_any_bytes_is_refused(
    ring: KeyRing, header: dict[str, Any], payload: bytes, signature: bytes
) -> None:
    kid = ring.jwks()["keys"][0]["kid"]
    named = {name: kid if value == "KID" else value for name, value in header.items()}
    parts = (base64.urlsafe_b64encode(raw).rstrip(b"=").decode() for raw in (payload, signature))
    assert refusal_of(ring, ".".join([encode(named), *parts])) == "Invalid token."


@hypothesis_settings(max_examples=200)
@given(position=st.integers(0, 10_000), letter=st.sampled_from("Aa0_-.=\x00é"))
def test_no_changed_letter_makes_another_client(ring: KeyRing, position: int, letter: str) -> None:
    token = issue(ring)
    place = position % len(token)
    changed = token[:place] + letter + token[place + 1 :]
    try:
        assert ring.verify(changed) == "acme"
    except NotAuthenticated as refused:
        assert refused.reason == "Invalid token."  # noqa: PT017
