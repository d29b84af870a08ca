"""Tokens of claims: what a learner's link carries.

A token names one thing that one learner was given, and when that was told. It is signed with a key
of the installation's secret, and no table holds it or anything that it could be made from: a mail
that is written again carries the same one, and whoever reads the database can open no page.
"""

import hmac
from base64 import b32decode, b32encode
from binascii import Error as NotBase32
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Final
from uuid import UUID

from bursar.identity.sealing import Seal

_PURPOSE: Final = "claim tokens"
_EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC)
_TIME_BYTES: Final = 5
_SIGNATURE_BYTES: Final = 16
_SIZE: Final = 1 + 16 + _TIME_BYTES + _SIGNATURE_BYTES


class ClaimKind(StrEnum):
    ASSIGNMENT = "assignment"
    LICENSE = "license"
    ENROLLMENT = "enrollment"


_CODES: Final = {ClaimKind.ASSIGNMENT: 1, ClaimKind.LICENSE: 2, ClaimKind.ENROLLMENT: 3}
_KINDS: Final = {code: kind for kind, code in _CODES.items()}


@dataclass(frozen=True, slots=True)
class Claim:
    """What a token says."""

    kind: ClaimKind
    subject_uuid: UUID
    """The assignment, the license or the direct enrollment, which is one learner's."""
    issued_at: datetime
    """When the learner was told of it, to the second."""


@dataclass(frozen=True)
class ClaimTokens:
    seal: Callable[[], Seal]
    """Asked once, and not before a token is made or read, because on SQLite it can make a file."""

    @cached_property
    def _keys(self) -> Sequence[bytes]:
        return self.seal().keys_for(_PURPOSE)

    def make(self, claim: Claim) -> str | None:
        """The same for the same claim. None where there is no secret to sign with."""
        if not self._keys:
            return None
        said = _packed(claim)
        # Lower-case letters and digits only: no mail program ends a link early at one of these.
        return _written(said + _signature(self._keys[0], said))

    def read(self, token: str) -> Claim | None:
        """None for whatever this installation has not made, without saying why."""
        content = _content(token)
        if content is None:
            return None
        said, signature = content[:-_SIGNATURE_BYTES], content[-_SIGNATURE_BYTES:]
        # Every key is tried, so that the time it takes tells nothing.
        good = [hmac.compare_digest(_signature(key, said), signature) for key in self._keys]
        return _unpacked(said) if any(good) else None


def _packed(claim: Claim) -> bytes:
    seconds = (claim.issued_at - _EPOCH) // timedelta(seconds=1)
    return (
        bytes([_CODES[claim.kind]])
        + claim.subject_uuid.bytes
        + max(0, seconds).to_bytes(_TIME_BYTES, "big")
    )


def _unpacked(said: bytes) -> Claim | None:
    kind = _KINDS.get(said[0])
    if kind is None:  # of a later version
        return None
    seconds = int.from_bytes(said[17:], "big")
    return Claim(kind, UUID(bytes=said[1:17]), _EPOCH + timedelta(seconds=seconds))


def _signature(key: bytes, said: bytes) -> bytes:
    return hmac.digest(key, said, "sha256")[:_SIGNATURE_BYTES]


def _written(content: bytes) -> str:
    return b32encode(content).decode().rstrip("=").lower()


def _content(token: str) -> bytes | None:
    padding = "=" * (-len(token) % 8)
    try:
        content = b32decode(token.upper() + padding)
    except (NotBase32, ValueError):
        return None
    # Another spelling of the same bytes, as in capitals, is another token.
    return content if len(content) == _SIZE and _written(content) == token else None
