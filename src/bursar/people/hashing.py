"""The keyed hashes of erased addresses."""

import hmac
import secrets
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Table, delete, insert, select
from sqlalchemy.orm import Session

from bursar.people.models import ErasedPerson, ErasureKey

KEY_BYTES: Final = 32
_REMEMBERED: Final = 100_000
_ERASED: Final = cast("Table", ErasedPerson.__table__)

Hasher = Callable[[str], str]


def hasher(session: Session) -> Hasher:
    """Hashes addresses with the installation's key, which the first call makes."""
    key = session.scalar(select(ErasureKey.key))
    if key is None:
        key = secrets.token_bytes(KEY_BYTES)
        session.execute(insert(ErasureKey).values(id=1, key=key))
    return _hasher(key)


def _hasher(key: bytes) -> Hasher:
    @lru_cache(maxsize=_REMEMBERED)
    def hashed(address: str) -> str:
        return hmac.new(key, address.encode(), "sha256").hexdigest()

    return hashed


def remember_erased(
    session: Session, enterprise_uuid: UUID, tombstones: dict[str, str], at: datetime
) -> None:
    """Of an address that came back and is erased again, the latest time counts."""
    hashed = hasher(session)
    hashes = {hashed(address): tombstone for address, tombstone in tombstones.items()}
    known = (_ERASED.c.enterprise_uuid == enterprise_uuid) & _ERASED.c.address_hash.in_(hashes)
    session.execute(delete(_ERASED).where(known))
    rows = [
        {
            "enterprise_uuid": enterprise_uuid,
            "address_hash": address_hash,
            "tombstone": tombstone,
            "erased_at": at,
        }
        for address_hash, tombstone in hashes.items()
    ]
    session.connection().execute(insert(_ERASED), rows)
