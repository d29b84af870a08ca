import base64
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from bursar import clock
from bursar.actors import Actor
from bursar.api.token_answers import TokenAnswer, jwks_answer, token_response
from bursar.database.engine import Database
from bursar.identity import authentication, service
from bursar.identity.models import TokenFailure
from bursar.identity.tokens import KeyRing
from bursar.settings import Settings

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ACTOR = Actor("operator")
ACME = uuid4()
FORM = "application/x-www-form-urlencoded"
SETTINGS = Settings(
    token_ttl=1800,
    token_failures_per_minute=3,
    token_failures_per_address=6,
    token_failures_in_all=10,
)
ODD_ID, ODD_SECRET = "a:b c+d", "p%w:é +&="
GOOD = {
    "grant_type": "client_credentials",
    "client_id": "acme",
    "client_secret": "right",
    "token_type": "jwt",
}

Ask = Callable[..., TokenAnswer]


@pytest.fixture
def ring(database: Database) -> KeyRing:
    return KeyRing(database, SETTINGS)


@pytest.fixture
def ask(database: Database, ring: KeyRing) -> Ask:
    with database.transaction() as session:
        declared = service.DeclaredEnterprise(uuid=ACME, name="Acme", slug="acme")
        service.put_enterprise(session, ACTOR, declared, at=NOW)
        for client_id, secret in (("acme", "right"), (ODD_ID, ODD_SECRET), ("gone", "right")):
            service.put_client(
                session,
                ACTOR,
                service.DeclaredClient(
                    client_id=client_id, enterprise_uuid=ACME, role="admin", secret=secret
                ),
                at=NOW,
            )
        service.disable_client(session, ACTOR, "gone", at=NOW)

    def post(
        form: dict[str, str] | bytes,
        *,
        content_type: str | None = FORM,
        authorization: str | None = None,
        address: str = "192.0.2.1",
    ) -> TokenAnswer:
        return token_response(
            database,
            ring,
            SETTINGS,
            content_type=content_type,
            authorization=authorization,
            body=form if isinstance(form, bytes) else urlencode(form).encode(),
            address=address,
        )

    return post


def without(*names: str) -> dict[str, str]:
    return {name: value for name, value in GOOD.items() if name not in names}


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def refused_as(answer: TokenAnswer, status: int, error: str) -> bool:
    assert list(answer.body) == ["error", "error_description"]
    assert ("WWW-Authenticate" in answer.headers) == (answer.status == 401)
    assert answer.headers["Cache-Control"] == "no-store"
    return (answer.status, answer.body["error"]) == (status, error)


def test_good_credentials_get_the_documented_answer(ask: Ask, ring: KeyRing) -> None:
    answer = ask(GOOD)
    assert answer.status == 200
    assert list(answer.body) == ["access_token", "token_type", "expires_in", "scope"]
    assert ring.verify(answer.body["access_token"]) == "acme"
    assert answer.body["token_type"] == "JWT"
    assert answer.body["expires_in"] == 1800
    assert type(answer.body["expires_in"]) is int
    assert answer.body["scope"] == "read write profile email"
    assert answer.headers == {"Cache-Control": "no-store", "Pragma": "no-cache"}


@pytest.mark.parametrize(
    "changes", [{"token_type": "JWT"}, {"token_type": "Bearer"}, {"token_type": ""}, {"x": "y"}]
)
def test_these_forms_are_good_as_well(ask: Ask, changes: dict[str, str]) -> None:
    assert ask({**GOOD, **changes}).status == 200


@pytest.mark.parametrize("content_type", [FORM.upper(), f"{FORM}; charset=utf-8", f" {FORM} ;x"])
def test_the_content_type_may_have_parameters_and_any_case(ask: Ask, content_type: str) -> None:
    assert ask(GOOD, content_type=content_type).status == 200


def test_basic_authentication_is_accepted(ask: Ask) -> None:
    form = without("client_id", "client_secret")
    assert ask(form, authorization=basic("acme:right")).status == 200
    assert ask(form, authorization=basic("acme:right").replace("Basic", "bAsIc  ")).status == 200
    assert ask(without("client_secret"), authorization=basic("acme:right")).status == 200


def test_basic_credentials_are_form_encoded_in_both_parts(ask: Ask, ring: KeyRing) -> None:
    encoded = basic(f"{quote_plus(ODD_ID)}:{quote_plus(ODD_SECRET)}")
    answer = ask(without("client_id", "client_secret"), authorization=encoded)
    assert ring.verify(answer.body["access_token"]) == ODD_ID


def test_odd_credentials_work_in_the_body(ask: Ask) -> None:
    assert ask({**GOOD, "client_id": ODD_ID, "client_secret": ODD_SECRET}).status == 200


def test_another_scheme_in_the_header_does_not_matter(ask: Ask) -> None:
    assert ask(GOOD, authorization="JWT stale").status == 200


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic",
        "Basic !!!",
        "Basic YWNtZQ",
        basic("acme"),
        basic(":right"),
        basic("acme:"),
        basic("acme:%ff"),
        "Basic /w==",
        "Basic é",
    ],
)
def test_a_malformed_basic_header_is_an_invalid_client(ask: Ask, authorization: str) -> None:
    answer = ask(without("client_id", "client_secret"), authorization=authorization)
    assert refused_as(answer, 401, "invalid_client")
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="api"'


def test_a_client_authenticates_in_one_way_only(ask: Ask) -> None:
    assert refused_as(ask(GOOD, authorization=basic("acme:right")), 400, "invalid_request")
    other = {**without("client_secret"), "client_id": "other"}
    assert refused_as(ask(other, authorization=basic("acme:right")), 400, "invalid_request")


@pytest.mark.parametrize("missing", [["client_id"], ["client_secret"]])
def test_missing_credentials_are_an_invalid_client(ask: Ask, missing: list[str]) -> None:
    assert refused_as(ask(without(*missing)), 401, "invalid_client")
    empty = {**GOOD, **dict.fromkeys(missing, "")}
    assert refused_as(ask(empty), 401, "invalid_client")


@pytest.mark.parametrize("content_type", [None, "", "application/json", "multipart/form-data"])
def test_another_content_type_is_an_invalid_request(ask: Ask, content_type: str | None) -> None:
    assert refused_as(ask(GOOD, content_type=content_type), 400, "invalid_request")


@pytest.mark.parametrize("name", ["grant_type", "client_id", "client_secret", "token_type"])
def test_a_repeated_parameter_is_an_invalid_request(ask: Ask, name: str) -> None:
    body = urlencode([*GOOD.items(), (name, GOOD[name])]).encode()
    assert refused_as(ask(body), 400, "invalid_request")


@pytest.mark.parametrize("body", [b"\xff", b"grant_type=%ff", b"", b"&" * 5000, b"a" * 40_000])
def test_a_body_that_cannot_be_read_is_an_invalid_request(ask: Ask, body: bytes) -> None:
    assert refused_as(ask(body), 400, "invalid_request")


def test_the_grant_and_token_types_are_checked(ask: Ask) -> None:
    assert refused_as(ask(without("grant_type")), 400, "invalid_request")
    password = {**GOOD, "grant_type": "password"}
    assert refused_as(ask(password), 400, "unsupported_grant_type")
    assert refused_as(ask({**GOOD, "token_type": "mac"}), 400, "invalid_request")


def test_every_bad_credential_gets_the_same_answer(ask: Ask) -> None:
    answers = [
        ask({**GOOD, "client_secret": "wrong"}),
        ask({**GOOD, "client_id": "unknown"}),
        ask({**GOOD, "client_id": "gone"}),
        ask({**GOOD, "client_id": "nul\x00"}),
        ask({**GOOD, "client_id": "x" * 5000}),
    ]
    assert refused_as(answers[0], 401, "invalid_client")
    assert all(answer == answers[0] for answer in answers)


def test_no_connection_is_held_while_a_secret_is_verified(
    ask: Ask, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []

    def note(_hashed: str, _secret: str) -> bool:
        engines = (database.read_engine, database.write_engine)
        held.append(sum(engine.pool.checkedout() for engine in engines))  # type: ignore[attr-defined]
        return True

    monkeypatch.setattr(authentication, "verify_secret", note)
    assert ask(GOOD).status == 200
    assert held == [0]


def test_failures_are_limited_by_client_and_address_in_a_sliding_minute(ask: Ask) -> None:
    bad = {**GOOD, "client_secret": "wrong"}
    for seconds in (0, 10, 20):
        with clock.frozen_at(NOW + timedelta(seconds=seconds)):
            assert ask(bad).status == 401
    with clock.frozen_at(NOW + timedelta(seconds=25)):
        slowed = ask(GOOD)
        assert slowed.status == 429
        assert list(slowed.body) == ["detail"]
        assert slowed.headers["Retry-After"] == "35"
        assert ask(GOOD, address="192.0.2.2").status == 200
        assert ask({**GOOD, "client_id": ODD_ID, "client_secret": ODD_SECRET}).status == 200
    with clock.frozen_at(NOW + timedelta(seconds=60)):
        assert ask(bad).status == 401
        assert ask(GOOD).headers["Retry-After"] == "10"


def test_a_slowed_request_verifies_nothing(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    with clock.frozen_at(NOW):
        for _ in range(3):
            ask({**GOOD, "client_secret": "wrong"})
        monkeypatch.setattr(authentication, "authenticate", None)
        assert ask(GOOD).status == 429


def guess(client_id: str) -> dict[str, str]:
    return {**GOOD, "client_id": client_id, "client_secret": "wrong"}


def test_ever_new_client_ids_are_limited_by_address(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with clock.frozen_at(NOW):
        assert [ask(guess(f"new-{number}")).status for number in range(6)] == [401] * 6
        assert ask(GOOD, address="192.0.2.2").status == 200
        monkeypatch.setattr(authentication, "authenticate", None)
        slowed = [ask(form) for form in (guess("new"), guess("acme"), guess("gone"), GOOD)]
    assert slowed[0].status == 429
    assert slowed[0].headers["Retry-After"] == "60"
    assert all(answer == slowed[0] for answer in slowed)


def test_the_limit_by_address_is_that_of_a_sliding_minute(ask: Ask) -> None:
    for seconds in range(6):
        with clock.frozen_at(NOW + timedelta(seconds=seconds)):
            ask(guess(f"new-{seconds}"))
    with clock.frozen_at(NOW + timedelta(seconds=20)):
        assert ask(GOOD).headers["Retry-After"] == "40"
    with clock.frozen_at(NOW + timedelta(seconds=60)):
        assert ask(GOOD).status == 200


def test_a_flood_from_many_addresses_leaves_each_its_first_attempt(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with clock.frozen_at(NOW):
        for number in range(10):
            assert ask(guess(f"new-{number}"), address=f"192.0.2.{number}").status == 401
    with clock.frozen_at(NOW + timedelta(seconds=10)):
        assert ask(GOOD, address="198.51.100.1").status == 200
        assert ask(guess("mistaken"), address="198.51.100.1").status == 401
        monkeypatch.setattr(authentication, "authenticate", None)
        assert ask(GOOD, address="198.51.100.1").headers["Retry-After"] == "50"
        assert ask(guess("new"), address="192.0.2.0").headers["Retry-After"] == "50"


def test_good_requests_are_never_slowed(ask: Ask) -> None:
    with clock.frozen_at(NOW):
        assert {ask(GOOD).status for _ in range(10)} == {200}


def test_old_failures_are_forgotten(ask: Ask, database: Database) -> None:
    bad = {**GOOD, "client_secret": "wrong", "client_id": "x" * 5000}
    with clock.frozen_at(NOW):
        ask(bad)
        ask(bad)
    with clock.frozen_at(NOW + timedelta(minutes=10, seconds=1)):
        ask(bad)
    with database.read() as connection:
        kept = connection.execute(
            select(func.count(), func.max(func.length(TokenFailure.client_id)))
        ).one()
    assert tuple(kept) == (1, 255)


def test_the_key_set_may_be_cached_for_a_while(ring: KeyRing) -> None:
    answer = jwks_answer(ring)
    assert answer.status == 200
    assert len(answer.body["keys"]) == 1
    assert answer.headers["Cache-Control"] == "public, max-age=300"


@contextmanager
def cheap_hashes(patch: pytest.MonkeyPatch) -> Any:
    with patch.context() as patched:
        patched.setattr(authentication, "burn_time", lambda: None)
        patched.setattr(authentication, "verify_secret", lambda _hashed, _secret: False)
        yield


@hypothesis_settings(max_examples=150)
@given(
    body=st.binary(max_size=200)
    | st.dictionaries(st.sampled_from(sorted(GOOD)), st.text(st.characters(codec="utf-8"))).map(
        lambda changes: urlencode({**GOOD, **changes}).encode()
    ),
    authorization=st.none() | st.text() | st.text(st.characters(codec="utf-8")).map(basic),
    content_type=st.just(FORM) | st.text(),
)
def test_whatever_is_sent_gets_an_answer(
    ask: Ask,
    monkeypatch: pytest.MonkeyPatch,
    body: bytes,
    authorization: str | None,
    content_type: str,
) -> None:
    with cheap_hashes(monkeypatch):
        answer = ask(body, authorization=authorization, content_type=content_type)
    assert answer.status in {400, 401, 429}
