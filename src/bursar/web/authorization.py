"""The access token of a request."""

from collections.abc import Mapping
from typing import Final

from bursar.web.errors import Unauthorized

_SCHEMES: Final = frozenset({"jwt", "bearer"})


def token_of(headers: Mapping[str, str]) -> str:
    """What follows the scheme in `Authorization`, not verified yet. Raises Unauthorized."""
    scheme, _, token = headers.get("authorization", "").strip().partition(" ")
    if not scheme:
        raise Unauthorized
    if scheme.lower() not in _SCHEMES or not token.strip():
        raise Unauthorized("Invalid token header.")
    return token.strip()
