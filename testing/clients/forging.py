"""Tokens that the server must not accept, made with its own private key where that helps."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from bursar import clock
from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.identity.keys import create_signing_key, load_keys
from bursar.identity.secret_file import seal_of
from bursar.settings import Settings
from testing.worlds.contract import ADMIN

JsonObject = dict[str, Any]
_LIFETIME = 600


def encoded(value: bytes | JsonObject) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def part_of(token: str, index: int) -> JsonObject:
    part = token.split(".")[index]
    decoded: JsonObject = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return decoded


def good_claims(**changes: Any) -> JsonObject:
    now = int(clock.now().timestamp())
    claims = {
        "iss": "bursar",
        "aud": "bursar",
        "sub": ADMIN,
        "client_id": ADMIN,
        "iat": now,
        "exp": now + _LIFETIME,
        "jti": "forged",
    }
    return {name: value for name, value in (claims | changes).items() if value is not None}


class Forge:
    """Holds two of the server's signing keys, so that one can be passed off as the other."""

    def __init__(self, database: Database) -> None:
        seal = seal_of(database, Settings())
        with database.transaction() as session:
            self.second_kid = create_signing_key(session, Actor("test"), at=clock.now(), seal=seal)
        with database.read() as connection:
            first = load_keys(connection, seal).usable[-1]
        assert first.can_sign
        assert first.kid != self.second_kid
        self.kid, self.key = first.kid, first.key
        self.others_key = ECKey.generate_key("P-256")

    def signed(self, *, kid: str | None = None, key: ECKey | None = None, **changes: Any) -> str:
        header = {"alg": "ES256", "kid": kid or self.kid, "typ": "JWT"}
        return jwt.encode(header, good_claims(**changes), key or self.key, algorithms=["ES256"])

    def unsigned(self, algorithm: str) -> str:
        header = {"alg": algorithm, "kid": self.kid, "typ": "JWT"}
        return f"{encoded(header)}.{encoded(good_claims())}."

    def signed_with_public_key(self, secret: bytes) -> str:
        header = {"alg": "HS256", "kid": self.kid, "typ": "JWT"}
        signed = f"{encoded(header)}.{encoded(good_claims())}"
        mark = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
        return f"{signed}.{encoded(mark)}"

    def public_jwk(self) -> bytes:
        return json.dumps(self.key.as_dict(private=False)).encode()

    def with_other_claims(self) -> str:
        header, _, mark = self.signed().split(".")
        return f"{header}.{encoded(good_claims(sub='both'))}.{mark}"


def _ago(seconds: int) -> int:
    return int(clock.now().timestamp()) - seconds


REFUSED: dict[str, Callable[[Forge], str | None]] = {
    "no token": lambda _: None,
    "an empty header": lambda _: "",
    "only the scheme": lambda _: "JWT",
    "another scheme": lambda forge: f"Token {forge.signed()}",
    "basic credentials": lambda _: "Basic YWNtZS1hZG1pbjp4",
    "no scheme": lambda forge: forge.signed(),
    "garbage": lambda _: "JWT garbage",
    "three parts of garbage": lambda _: "JWT a.b.c",
    "something long": lambda _: "JWT " + "a" * 9000,
    "a token and more": lambda forge: f"JWT {forge.signed()} more",
    "no algorithm": lambda forge: "JWT " + forge.unsigned("none"),
    "an empty algorithm": lambda forge: "JWT " + forge.unsigned(""),
    "no signature": lambda forge: "JWT " + forge.unsigned("ES256"),
    "a public key as a secret (PEM)": lambda forge: (
        "JWT " + forge.signed_with_public_key(forge.key.as_pem(private=False))
    ),
    "a public key as a secret (DER)": lambda forge: (
        "JWT " + forge.signed_with_public_key(forge.key.as_der(private=False))
    ),
    "a public key as a secret (JWK)": lambda forge: (
        "JWT " + forge.signed_with_public_key(forge.public_jwk())
    ),
    "the id of another key": lambda forge: "JWT " + forge.signed(kid=forge.second_kid),
    "the id of no key": lambda forge: "JWT " + forge.signed(kid="unknown"),
    "a key of somebody else": lambda forge: "JWT " + forge.signed(key=forge.others_key),
    "other claims below a good signature": lambda forge: "JWT " + forge.with_other_claims(),
    "expired": lambda forge: "JWT " + forge.signed(exp=_ago(1), iat=_ago(3600)),
    "no expiry": lambda forge: "JWT " + forge.signed(exp=None),
    "issued in the future": lambda forge: "JWT " + forge.signed(iat=_ago(-3600)),
    "another issuer": lambda forge: "JWT " + forge.signed(iss="somebody"),
    "no issuer": lambda forge: "JWT " + forge.signed(iss=None),
    "another audience": lambda forge: "JWT " + forge.signed(aud="somebody"),
    "no audience": lambda forge: "JWT " + forge.signed(aud=None),
    "no subject": lambda forge: "JWT " + forge.signed(sub=None),
    "an unknown client": lambda forge: "JWT " + forge.signed(sub="nobody", client_id="nobody"),
}
