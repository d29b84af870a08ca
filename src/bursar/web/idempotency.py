"""Idempotency-Key: the answer for a key is stored in the transaction that did the work."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bursar.database.engine import insert_for
from bursar.database.text import holds_bytes
from bursar.web.errors import BusinessRule
from bursar.web.models import IdempotencyRecord

MAX_KEY_LENGTH = 255


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    status: int
    headers: dict[str, str]
    body: bytes | None


def key_errors(key: str | None) -> dict[str, list[str]]:
    """What is wrong with a key that is too long or empty."""
    if key is None or 1 <= len(key) <= MAX_KEY_LENGTH:
        return {}
    message = f"Ensure this header has between 1 and {MAX_KEY_LENGTH} characters."
    return {"Idempotency-Key": [message]}


def scope_of(client_id: str, method: str, path: str, query: str, key: str) -> str:
    parts = "\x00".join((client_id, method, path.rstrip("/"), query, key))
    return sha256(parts.encode(errors="surrogatepass")).hexdigest()


def begin(
    session: Session, scope: str, body: bytes, now: datetime, keep: timedelta
) -> StoredAnswer | None:
    """The stored answer, or None when this call is the first and must do the work.

    The row is inserted before the work is done. On PostgreSQL, a second call therefore waits here
    until the first transaction ends; on SQLite it has already waited for the write lock. Raises
    BusinessRule when the key was used with another body.
    """
    fingerprint = sha256(body).hexdigest()
    session.execute(
        delete(IdempotencyRecord).where(
            IdempotencyRecord.scope == scope, IdempotencyRecord.expires_at <= now
        )
    )
    claim = (
        insert_for(session, IdempotencyRecord)
        .values(
            scope=scope,
            fingerprint=fingerprint,
            status=0,
            headers="{}",
            body=None,
            expires_at=now + keep,
        )
        .on_conflict_do_nothing()
        .returning(IdempotencyRecord.scope)
    )
    if session.execute(claim).first() is not None:
        return None
    record = session.scalars(
        select(IdempotencyRecord).where(IdempotencyRecord.scope == scope)
    ).one()
    if record.fingerprint != fingerprint:
        raise BusinessRule("This Idempotency-Key was used with another request body.")
    return StoredAnswer(record.status, msgspec.json.decode(record.headers), record.body)


def finish(session: Session, scope: str, answer: StoredAnswer) -> None:
    session.execute(
        update(IdempotencyRecord)
        .where(IdempotencyRecord.scope == scope)
        .values(
            status=answer.status,
            headers=msgspec.json.encode(answer.headers).decode(),
            body=answer.body,
        )
    )


def forget_expired(session: Session, now: datetime) -> None:
    session.execute(delete(IdempotencyRecord).where(IdempotencyRecord.expires_at <= now))


def rewrite_answers(session: Session, words: Sequence[str], rewrite: Callable[[Any], Any]) -> None:
    """Rewrites the stored answers, as JSON, that contain one of the words."""
    for word in words:
        found = select(IdempotencyRecord.scope, IdempotencyRecord.body).where(
            holds_bytes(IdempotencyRecord.body, word.encode())
        )
        for scope, body in session.execute(found).all():
            rewritten = msgspec.json.encode(rewrite(msgspec.json.decode(body or b"null")))
            session.execute(
                update(IdempotencyRecord)
                .where(IdempotencyRecord.scope == scope)
                .values(body=rewritten)
            )
