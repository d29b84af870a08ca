"""What nobody else may know, as it lies in the database: sealed with the installation's secret.

Private keys are sealed when there is a secret to seal them with. Other texts, such as the password
of a customer's server, are kept sealed or not at all.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

_HEADER: Final = {"alg": "dir", "enc": "A256GCM"}
_SEALED: Final = "jwe"
_PUBLIC: Final = "public"
_PRIVATE_MEMBER: Final = "d"
"""The member of an elliptic curve JWK that only its owner may know."""


class SealedKey(Exception):
    """A key is sealed, and no secret of BURSAR_SECRET_KEY opens it."""

    def __init__(self, kid: str = "") -> None:
        super().__init__(
            f"The key {kid} is sealed, and no secret of BURSAR_SECRET_KEY opens it. Put the secret "
            "that sealed it behind the others, separated by a comma, or give the key up with "
            f"`bursar keys revoke {kid}`."
        )


class NothingToSealWith(Exception):
    """There is no secret that could seal a text."""

    def __init__(self) -> None:
        super().__init__(
            "BURSAR_SECRET_KEY is not set, so that it cannot be kept sealed: "
            "set it on every machine, and start every process again"
        )


class SealedText(Exception):
    """A text is sealed, and no secret of BURSAR_SECRET_KEY opens it."""

    def __init__(self) -> None:
        super().__init__(
            "no secret of BURSAR_SECRET_KEY opens what is stored sealed: put the one that sealed "
            "it behind the others, separated by a comma, or declare it again"
        )


@dataclass(frozen=True, slots=True)
class Seal:
    """The first secret seals; each of them opens."""

    secrets: Sequence[str] = ()

    def close(self, jwk: Mapping[str, Any]) -> dict[str, Any]:
        """What to store; the key itself without a secret.

        The public half lies beside what is sealed, so that tokens can be verified in a process
        that has another secret, as while a secret is changed.
        """
        if not self.secrets:
            return dict(jwk)
        text = json.dumps(jwk, sort_keys=True)
        public = {name: value for name, value in jwk.items() if name != _PRIVATE_MEMBER}
        return {
            _SEALED: jwe.encrypt_compact(_HEADER, text, _key(self.secrets[0])),
            _PUBLIC: public,
        }

    def open(self, stored: Mapping[str, Any], kid: str = "") -> dict[str, Any]:
        """Also of what was stored without a secret. Raises SealedKey."""
        if not is_sealed(stored):
            return dict(stored)
        for secret in self.secrets:
            try:
                opened = jwe.decrypt_compact(stored[_SEALED], _key(secret))
            except (JoseError, ValueError):
                continue
            jwk: dict[str, Any] = json.loads(opened.plaintext or b"")
            return jwk
        raise SealedKey(kid)

    def close_text(self, text: str) -> str:
        """The sealed text, with the first secret. Raises NothingToSealWith."""
        if not self.secrets:
            raise NothingToSealWith
        return jwe.encrypt_compact(_HEADER, text, _text_key(self.secrets[0]))

    def open_text(self, sealed: str) -> str:
        """What `close_text` was given. Raises SealedText."""
        for secret in self.secrets:
            try:
                opened = jwe.decrypt_compact(sealed, _text_key(secret))
            except (JoseError, ValueError):
                continue
            return (opened.plaintext or b"").decode()
        raise SealedText

    def keys_for(self, purpose: str) -> list[bytes]:
        """A key of 256 bits for this purpose alone, of each secret: the first is for what is made
        now, and every one for what was made before."""
        return [
            hashlib.sha256(f"bursar {purpose}\0{secret}".encode()).digest()
            for secret in self.secrets
        ]

    @property
    def fingerprints(self) -> list[str]:
        """Tell secrets apart without telling them, for other processes to compare."""
        return [
            hashlib.sha256(f"bursar secret fingerprint\0{secret}".encode()).hexdigest()[:32]
            for secret in self.secrets
        ]


def is_sealed(stored: Mapping[str, Any]) -> bool:
    return _SEALED in stored


def public_half(stored: Mapping[str, Any]) -> dict[str, Any] | None:
    """Of a sealed key, without opening it. None if version 0.1 sealed it, which kept none."""
    public: dict[str, Any] | None = stored.get(_PUBLIC)
    return public


def _key(secret: str) -> OctKey:
    # The secret is long and random, so that one hash of it is a key.
    return OctKey.import_key(hashlib.sha256(f"bursar signing keys\0{secret}".encode()).digest())


def _text_key(secret: str) -> OctKey:
    # Another key than that of the signing keys, so that neither is ever taken for the other.
    return OctKey.import_key(hashlib.sha256(f"bursar sealed texts\0{secret}".encode()).digest())
