"""`POST /oauth2/v1/access_token` and `/oauth2/jwks`."""

import base64
from typing import Any
from urllib.parse import quote_plus
from uuid import UUID, uuid4

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import select

from bursar import clock
from bursar.actors import Actor
from bursar.identity import service as identity
from bursar.identity.keys import create_signing_key
from bursar.identity.models import TokenFailure
from testing.clients.api import CATALOGS, Api, detail_of
from testing.clients.forging import part_of
from testing.shops.service import Service
from testing.worlds.contract import ACME, ADMIN, BOTH, GLOBEX, LEAVER, SECRET, client

TOKEN = "/oauth2/v1/access_token"
GOOD = {
    "grant_type": "client_credentials",
    "client_id": ADMIN,
    "client_secret": SECRET,
    "token_type": "jwt",
}


def basic(client_id: str, secret: str) -> dict[str, str]:
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def error_of(response: httpx.Response) -> str:
    body = response.json()
    assert set(body) <= {"error", "error_description"}
    assert response.headers["cache-control"] == "no-store"
    return str(body["error"])


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in GOOD.items() if key != name}


@pytest.mark.parametrize("path", [TOKEN, TOKEN + "/"])
def test_a_client_gets_a_token(anonymous: Api, path: str) -> None:
    response = anonymous.post(path, data=GOOD)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert list(body) == ["access_token", "token_type", "expires_in", "scope"]
    rest = {key: value for key, value in body.items() if key != "access_token"}
    assert rest == {"token_type": "JWT", "expires_in": 3600, "scope": "read write profile email"}
    authorized = anonymous.acting_as(f"JWT {body['access_token']}")
    assert authorized.get(CATALOGS).status_code == 200


def test_the_answer_is_json_whatever_is_accepted(anonymous: Api) -> None:
    for headers in ({"Accept": "application/xml"}, {"Accept": "text/html"}):
        response = anonymous.post(TOKEN, data=GOOD, headers=headers)
        assert (response.status_code, response.headers["content-type"]) == (200, "application/json")


def test_a_token_says_for_whom_it_is_and_until_when(anonymous: Api) -> None:
    token = anonymous.post(TOKEN, data=GOOD).json()["access_token"]
    header, claims = part_of(token, 0), part_of(token, 1)
    assert (header["alg"], header["typ"]) == ("ES256", "JWT")
    assert claims["iss"] == claims["aud"] == "bursar"
    assert claims["sub"] == claims["client_id"] == ADMIN
    assert claims["exp"] - claims["iat"] == 3600
    assert abs(claims["iat"] - clock.now().timestamp()) < 30
    assert claims["roles"] == {str(ACME): "admin"}
    again = anonymous.post(TOKEN, data=GOOD).json()["access_token"]
    assert part_of(again, 1)["jti"] != claims["jti"]


def test_the_published_keys_verify_a_token(anonymous: Api) -> None:
    token = anonymous.post(TOKEN, data=GOOD).json()["access_token"]
    keys = anonymous.get("/oauth2/jwks").json()
    claims = jwt.decode(token, KeySet.import_key_set(keys), algorithms=["ES256"]).claims
    assert claims["sub"] == ADMIN
    assert all("d" not in key for key in keys["keys"])


@pytest.mark.parametrize("form", [without("token_type"), GOOD | {"token_type": "JWT"}])
def test_the_token_type_may_be_left_out(anonymous: Api, form: dict[str, str]) -> None:
    assert anonymous.post(TOKEN, data=form).status_code == 200


def test_http_basic_authenticates_a_client(anonymous: Api) -> None:
    form = {"grant_type": "client_credentials", "token_type": "jwt"}
    good = anonymous.post(TOKEN, data=form, headers=basic(ADMIN, SECRET))
    assert good.status_code == 200
    assert part_of(good.json()["access_token"], 1)["sub"] == ADMIN
    bad = anonymous.post(TOKEN, data=form, headers=basic(ADMIN, "wrong"))
    assert (bad.status_code, error_of(bad)) == (401, "invalid_client")
    assert bad.headers["www-authenticate"].startswith("Basic ")


def test_a_wrong_secret_an_unknown_client_and_a_disabled_one_get_the_same_answer(
    anonymous: Api, service: Service
) -> None:
    with service.database.transaction() as session:
        identity.disable_client(session, Actor("test"), LEAVER, at=clock.now())
    forms = [
        GOOD | {"client_secret": "wrong"},
        GOOD | {"client_id": f"nobody-{uuid4()}"},
        GOOD | {"client_id": LEAVER},
        GOOD | {"client_id": "nul\x00"},
    ]
    answers = [anonymous.post(TOKEN, data=form) for form in forms]
    with service.database.transaction() as session:
        identity.enable_client(session, Actor("test"), LEAVER)
    assert {answer.status_code for answer in answers} == {401}
    assert {error_of(answer) for answer in answers} == {"invalid_client"}
    assert len({answer.content for answer in answers}) == 1
    assert all("www-authenticate" in answer.headers for answer in answers)


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "no grant type": ({"data": without("grant_type")}, 400, "invalid_request"),
    "an empty grant type": ({"data": GOOD | {"grant_type": ""}}, 400, "invalid_request"),
    "another grant type": (
        {"data": GOOD | {"grant_type": "password"}}, 400, "unsupported_grant_type"
    ),
    "another token type": ({"data": GOOD | {"token_type": "mac"}}, 400, "invalid_request"),
    "no client id": ({"data": without("client_id")}, 401, "invalid_client"),
    "no secret": ({"data": without("client_secret")}, 401, "invalid_client"),
    "an empty secret": ({"data": GOOD | {"client_secret": ""}}, 401, "invalid_client"),
    "json": ({"json": GOOD}, 400, "invalid_request"),
    "no body": ({}, 400, "invalid_request"),
    "no media type": ({"content": b"grant_type=client_credentials"}, 400, "invalid_request"),
    "a repeated parameter": (
        {"data": GOOD | {"client_id": [ADMIN, ADMIN]}}, 400, "invalid_request"
    ),
    "two ways to authenticate": (
        {"data": GOOD, "headers": basic(ADMIN, SECRET)}, 400, "invalid_request"
    ),
    "unreadable basic": (
        {"data": without("client_secret"), "headers": {"Authorization": "Basic %%%"}},
        401,
        "invalid_client",
    ),
    "invalid utf-8": (
        {
            "content": b"grant_type=client_credentials&client_id=%FF\xff",
            "headers": {"Content-Type": "application/x-www-form-urlencoded"},
        },
        400,
        "invalid_request",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_token_request_is_refused_with(anonymous: Api, case: str) -> None:
    options, status, error = REFUSED[case]
    response = anonymous.post(TOKEN, **options)
    assert (response.status_code, error_of(response)) == (status, error)
    assert ("www-authenticate" in response.headers) is (status == 401)


def test_a_huge_token_request_is_refused(anonymous: Api) -> None:
    response = anonymous.post(
        TOKEN, data=GOOD | {"x": "y" * 100_000}, headers={"Accept": "application/json"}
    )
    assert response.status_code == 413
    assert detail_of(response)


@pytest.mark.parametrize(("path", "allow"), [(TOKEN, "POST"), ("/oauth2/jwks", "GET, HEAD")])
def test_other_methods_are_refused(anonymous: Api, path: str, allow: str) -> None:
    for method in ("DELETE", "PUT", "PROPFIND"):
        response = anonymous.request(method, path)
        assert response.status_code == 405
        assert response.headers["allow"] == f"{allow}, OPTIONS"
    options = anonymous.request("OPTIONS", path)
    assert (options.status_code, options.headers["allow"]) == (204, f"{allow}, OPTIONS")


def test_keys_rotate_without_ending_live_tokens(anonymous: Api, service: Service) -> None:
    old = anonymous.post(TOKEN, data=GOOD).json()["access_token"]
    with service.database.transaction() as session:
        kid = create_signing_key(session, Actor("test"), at=clock.now())
    new = anonymous.post(TOKEN, data=GOOD).json()["access_token"]
    assert part_of(new, 0)["kid"] == kid != part_of(old, 0)["kid"]
    for token in (old, new):
        assert anonymous.acting_as(f"JWT {token}").get(CATALOGS).status_code == 200
    published = {key["kid"] for key in anonymous.get("/oauth2/jwks").json()["keys"]}
    assert {kid, part_of(old, 0)["kid"]} <= published


def test_a_rotated_secret_works_beside_the_one_before(anonymous: Api, service: Service) -> None:
    client_id = f"rotating-{uuid4()}"
    with service.database.transaction() as session:
        first = identity.create_client(
            session,
            Actor("test"),
            identity.CreateClient(client_id=client_id, enterprise_uuid=ACME, role="admin"),
            at=clock.now(),
        )
        second = identity.rotate_secret(session, Actor("test"), client_id, at=clock.now())
    for secret in (first, second):
        form = GOOD | {"client_id": client_id, "client_secret": secret}
        assert anonymous.post(TOKEN, data=form).status_code == 200


def test_a_token_of_two_enterprises_names_both_roles(service: Service) -> None:
    secret = "both's secret"
    with service.database.transaction() as session:
        identity.put_client(
            session,
            Actor("test"),
            identity.DeclaredClient(
                client_id=BOTH, enterprise_uuid=GLOBEX, role="reporting", secret=secret
            ),
            at=clock.now(),
        )
    form = GOOD | {"client_id": BOTH, "client_secret": secret}
    claims = part_of(service.anonymous.post(TOKEN, data=form).json()["access_token"], 1)
    assert {UUID(key): role for key, role in claims["roles"].items()} == {
        ACME: "admin",
        GLOBEX: "reporting",
    }


def test_failed_attempts_are_slowed_down_for_each_client_and_good_ones_are_not(
    tuned: Service,
) -> None:
    guessed = GOOD | {"client_id": f"guessed-{uuid4()}"}
    for _ in range(3):
        assert tuned.anonymous.post(TOKEN, data=guessed).status_code == 401
    throttled = tuned.anonymous.post(TOKEN, data=guessed)
    assert throttled.status_code == 429
    assert 1 <= int(throttled.headers["retry-after"]) <= 60
    assert detail_of(throttled)
    # Others may have guessed at the usual client a moment ago.
    shop, secret = tuned.open_shop(), "a good secret " * 3
    shop.declare(clients=[client(f"{shop.org}-patient", "admin", secret)])
    own = GOOD | {"client_id": f"{shop.org}-patient", "client_secret": secret}
    for _ in range(4):
        good = tuned.anonymous.post(TOKEN, data=own)
        assert good.status_code == 200
    assert good.json()["expires_in"] == 120


def test_callers_behind_a_trusted_proxy_are_slowed_down_one_by_one(tuned: Service) -> None:
    """Whatever they say themselves stands before what the proxy adds."""
    guessed = GOOD | {"client_id": f"guessed-{uuid4()}"}

    def statuses(forwarded: str) -> list[int]:
        headers = {"X-Forwarded-For": forwarded}
        answers = [tuned.anonymous.post(TOKEN, data=guessed, headers=headers) for _ in range(4)]
        return [answer.status_code for answer in answers]

    assert statuses("192.0.2.1") == [401, 401, 401, 429]
    assert statuses("192.0.2.9, 192.0.2.1, 10.0.0.5") == [429] * 4
    assert statuses("192.0.2.1, 192.0.2.2") == [401, 401, 401, 429]


def test_forwarded_addresses_are_not_believed_by_default(service: Service) -> None:
    guessed = GOOD | {"client_id": f"guessed-{uuid4()}"}
    service.anonymous.post(TOKEN, data=guessed, headers={"X-Forwarded-For": "192.0.2.1"})
    noted = select(TokenFailure.address).where(TokenFailure.client_id == guessed["client_id"])
    with service.database.read() as connection:
        assert connection.scalars(noted).all() == ["127.0.0.1"]
