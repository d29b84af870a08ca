"""Private keys as they lie in the database: sealed, when there is a secret to seal them with."""

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


class SealedKey(Exception):
    """A key is sealed, and no secret of BURSAR_SECRET_KEY opens it."""


@dataclass(frozen=True, slots=True)
class Seal:
    """The first secret seals; each of them opens."""

    secrets: Sequence[str] = ()

    def close(self, jwk: Mapping[str, Any]) -> dict[str, Any]:
        """What to store; the key itself without a secret."""
        if not self.secrets:
            return dict(jwk)
        text = json.dumps(jwk, sort_keys=True)
        return {_SEALED: jwe.encrypt_compact(_HEADER, text, _key(self.secrets[0]))}

    def open(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """Also of what was stored without a secret. Raises SealedKey."""
        if _SEALED not in stored:
            return dict(stored)
        for secret in self.secrets:
            try:
                opened = jwe.decrypt_compact(stored[_SEALED], _key(secret))
            except (JoseError, ValueError):
                continue
            jwk: dict[str, Any] = json.loads(opened.plaintext or b"")
            return jwk
        raise SealedKey(SealedKey.__doc__)


def _key(secret: str) -> OctKey:
    # The secret is long and random, so that one hash of it is a key.
    return OctKey.import_key(hashlib.sha256(f"bursar signing keys\0{secret}".encode()).digest())
