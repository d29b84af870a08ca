"""Secrets of endpoints: `whsec_` and a key in base64, as Standard Webhooks writes them."""

import base64
import binascii
import secrets
from collections.abc import Mapping
from typing import Any, Final

from bursar.identity.sealing import Seal

PREFIX: Final = "whsec_"
FEWEST_BYTES: Final = 24
MOST_BYTES: Final = 64
_NEW_BYTES: Final = 32
_SEALED: Final = "sealed"
_PLAIN: Final = "plain"
_WRONG: Final = (
    f"Give {PREFIX} followed by {FEWEST_BYTES} to {MOST_BYTES} random bytes in base64, or leave it "
    "out to get a new one."
)


def new_webhook_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(_NEW_BYTES)).decode()


def checked_secret(text: str) -> str:
    """Raises ValueError unless the text is a secret as the standard wants it."""
    encoded = text.removeprefix(PREFIX)
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(_WRONG) from None
    if encoded == text or not FEWEST_BYTES <= len(key) <= MOST_BYTES:
        raise ValueError(_WRONG)
    return text


def sealed(seal: Seal, secret: str) -> dict[str, Any]:
    """What to store; the secret itself where there is nothing to seal it with, as it is with the
    keys that sign tokens."""
    return {_SEALED: seal.close_text(secret)} if seal.secrets else {_PLAIN: secret}


def is_sealed(stored: Mapping[str, Any]) -> bool:
    return _SEALED in stored


def unsealed(seal: Seal, stored: Mapping[str, Any]) -> str:
    """Raises SealedText."""
    if _PLAIN in stored:
        return str(stored[_PLAIN])
    return seal.open_text(stored[_SEALED])
